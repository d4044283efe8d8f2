/**
 * Traces as files, `.skein`.
 *
 * Layout: a magic number and the version; then segments, each with its kind, its length
 * and a checksum, of at most a mebibyte as they are written. Each segment can be read
 * alone, with all texts that it names: so a file can be written while the program runs,
 * sent in parts, cut anywhere between two segments, and the oldest can be left out.
 *
 * A file that ends in the middle, as when a program is killed, is read up to there. What
 * is damaged is said with its place. Nothing is made for a length that a file claims
 * before it is seen to be there, and segments of unknown kinds are passed over.
 */
import { TraceFileError } from "../core/errors.js";
import type { ProbeRecord, RecordBatch } from "../core/probe.js";
import type { ProfilePart } from "../core/host-thread-profile.js";
import { ByteReader, ByteWriter } from "./file/bytes.js";
import * as facts from "./file/fact-segments.js";
import { readProfilePart, writeProfilePart } from "./file/profile-segment.js";
import { readRecords, type RecordColumns, recordsOf, type SegmentThread, writeRecords } from "./file/record-segment.js";
import type { Capability, CoreRun, Gauge, KernelSample, KernelThread, Stall } from "./kernel-facts.js";
import type { ProcessUsage, RecordGap, ThreadTrace, Trace } from "./trace.js";

// "SKEIN", the end of a line as DOS has it, the end of a file as DOS has it: bytes that
// do not survive being taken for text.
const MAGIC = new Uint8Array([0x53, 0x4b, 0x45, 0x49, 0x4e, 0x0d, 0x0a, 0x1a]);
const VERSION = 1;
const HEADER_BYTES = 9;
/** Kind, length and checksum. */
const SEGMENT_HEADER_BYTES = 9;
/** A segment that says it is longer is damaged. */
const MOST_SEGMENT_BYTES = 16 * 2 ** 20;

// Kinds of segments.
const BEGIN = 1;
const RECORDS = 2;
const KERNEL_THREAD = 3;
const CORE_RUNS = 4;
const STALLS = 5;
const END = 6;
const PROFILE = 7;
const GAUGES = 8;

// So many of each make less than a mebibyte.
const RECORDS_A_SEGMENT = 32_768;
const SAMPLES_A_SEGMENT = 8192;
const RUNS_A_SEGMENT = 16_384;
const STALLS_A_SEGMENT = 64;
const GAUGES_A_SEGMENT = 16_384;

const DEFAULT_RECORD_LIMIT = 20_000_000;

/** What a file holds, with its records in columns. */
export interface TraceFile {
  readonly startedMs: number;
  /** The last moment known of, if the file has no end. */
  readonly stoppedMs: number;
  readonly usage: ProcessUsage;
  readonly capabilities: readonly Capability[];
  /** In the order of the file; of one thread in order of time. */
  readonly parts: readonly RecordColumns[];
  readonly kernelThreads: readonly KernelThread[];
  readonly sampleEveryMs: number;
  readonly coreRuns: readonly CoreRun[] | undefined;
  readonly stalls: readonly Stall[];
  readonly profiles: readonly ProfilePart[];
  readonly gauges: readonly Gauge[];
  /** Why the rest of the file could not be read; `undefined` if all was. */
  readonly problem: TraceFileError | undefined;
}

// Writing

/** The bytes with which a file begins; also the first of a stream of segments. */
export function fileHeader(): Uint8Array {
  const header = new Uint8Array(HEADER_BYTES);
  header.set(MAGIC);
  header[MAGIC.length] = VERSION;
  return header;
}

function segment(kind: number, write: (to: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  const payload = writer.take();
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, kind);
  view.setUint32(1, payload.length, true);
  view.setUint32(5, checksum(payload), true);
  bytes.set(payload, SEGMENT_HEADER_BYTES);
  return bytes;
}

export function beginSegment(
  startedMs: number,
  sampleEveryMs: number,
  capabilities: readonly Capability[],
): Uint8Array {
  return segment(BEGIN, (to) => {
    to.number(startedMs);
    to.number(sampleEveryMs);
    facts.writeCapabilities(to, capabilities);
  });
}

/** @param texts - of the thread; those that the records name become part of the segment */
export function recordSegment(
  thread: SegmentThread,
  dropped: number,
  records: RecordBatch | readonly ProbeRecord[],
  texts: readonly string[],
): Uint8Array {
  return segment(RECORDS, (to) => writeRecords(to, thread, dropped, records, texts));
}

export function kernelSegment(thread: KernelThread, samples: readonly KernelSample[]): Uint8Array {
  return segment(KERNEL_THREAD, (to) => facts.writeKernelThread(to, thread, samples));
}

export function coreRunsSegment(runs: readonly CoreRun[]): Uint8Array {
  return segment(CORE_RUNS, (to) => facts.writeCoreRuns(to, runs));
}

export function stallsSegment(stalls: readonly Stall[]): Uint8Array {
  return segment(STALLS, (to) => facts.writeStalls(to, stalls));
}

export function profileSegment(part: ProfilePart): Uint8Array {
  return segment(PROFILE, (to) => writeProfilePart(to, part));
}

export function gaugesSegment(gauges: readonly Gauge[]): Uint8Array {
  return segment(GAUGES, (to) => facts.writeGauges(to, gauges));
}

/** What the end of a recording says, or of what there was of it so far; the last one counts. */
export interface RecordingEnd {
  readonly stoppedMs: number;
  readonly usage: ProcessUsage;
}

/** @returns what a segment says if it is such an end */
export function endIn(bytes: Uint8Array): RecordingEnd | undefined {
  return bytes[0] === END ? readEnd(new ByteReader(bytes.subarray(SEGMENT_HEADER_BYTES))) : undefined;
}

function readEnd(from: ByteReader): RecordingEnd {
  return { stoppedMs: from.number(), usage: facts.readUsage(from) };
}

export function endSegment(stoppedMs: number, usage: ProcessUsage): Uint8Array {
  return segment(END, (to) => {
    to.number(stoppedMs);
    facts.writeUsage(to, usage);
  });
}

/**
 * Gives a trace in Skein's own format, in parts that make one file when they are put
 * together. Unlike the other formats it loses nothing but differences in time below a
 * quarter of a microsecond; `decodeTrace` gives the trace back.
 *
 * @since 0.1.0
 */
export function* traceFileChunks(trace: Trace): Generator<Uint8Array, void, undefined> {
  const { capabilities, gauges = [], kernel, profiles, stalls, startedMs, stoppedMs, threads, usage } = trace;
  yield fileHeader();
  yield beginSegment(startedMs, kernel?.sampleEveryMs ?? 0, capabilities);
  for (const thread of threads) yield* threadSegments(thread);
  for (const thread of kernel?.threads ?? []) {
    for (const samples of parts(thread.samples, SAMPLES_A_SEGMENT)) yield kernelSegment(thread, samples);
  }
  if (kernel?.coreRuns !== undefined) {
    for (const runs of parts(kernel.coreRuns, RUNS_A_SEGMENT)) yield coreRunsSegment(runs);
  }
  for (const some of parts(stalls, STALLS_A_SEGMENT)) if (some.length > 0) yield stallsSegment(some);
  for (const part of profiles) yield profileSegment(part);
  for (const some of parts(gauges, GAUGES_A_SEGMENT)) if (some.length > 0) yield gaugesSegment(some);
  yield endSegment(stoppedMs, usage);
}

function* threadSegments(thread: ThreadTrace): Generator<Uint8Array> {
  const { gaps, records, texts } = thread;
  const droppedAt = new Map<number, number>();
  for (const { at, dropped } of gaps) droppedAt.set(at, (droppedAt.get(at) ?? 0) + dropped);
  const edges = [...new Set([0, ...droppedAt.keys(), records.length])].toSorted((a, b) => a - b);
  for (const [i, from] of edges.entries()) {
    const to = edges[i + 1] ?? records.length;
    const dropped = droppedAt.get(from) ?? 0;
    // At the end only if there is something to be said, or nothing else was.
    if (from === to && dropped === 0 && edges.length > 1) continue;
    for (const [part, some] of parts(records.slice(from, to), RECORDS_A_SEGMENT).entries()) {
      yield recordSegment(thread, part === 0 ? dropped : 0, some, texts);
    }
  }
}

/** One part at least, be it empty. */
function parts<T>(items: readonly T[], most: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.max(1, Math.ceil(items.length / most)) }, (_, i) =>
    items.slice(i * most, (i + 1) * most),
  );
}

/** A trace as the bytes of a file; see `traceFileChunks`. */
export function encodeTrace(trace: Trace): Uint8Array {
  const chunks = [...traceFileChunks(trace)];
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

// Reading

/** True of the two parts that make sense of all others: what a file begins with, and its first segment. */
export function isHeadOfFile(part: Uint8Array): boolean {
  return part[0] === MAGIC[0] || part[0] === BEGIN;
}

/** Collects segments, from a file or as they come. */
class TraceFileReader {
  readonly #parts: RecordColumns[] = [];
  readonly #kernelThreads = new Map<number, KernelThread & { readonly samples: KernelSample[] }>();
  readonly #stalls: Stall[] = [];
  readonly #profiles: ProfilePart[] = [];
  readonly #gauges: Gauge[] = [];
  #coreRuns: CoreRun[] | undefined = undefined;
  #begin: { startedMs: number; sampleEveryMs: number; capabilities: readonly Capability[] } | undefined = undefined;
  #end: { stoppedMs: number; usage: ProcessUsage } | undefined = undefined;
  #lastMs = 0;

  /**
   * Reads the segment that begins at a place.
   *
   * @returns where the next one begins
   */
  readSegment(bytes: Uint8Array, at: number): number {
    const left = bytes.length - at - SEGMENT_HEADER_BYTES;
    const here = (what: string): TraceFileError =>
      new TraceFileError(`the trace file is damaged at byte ${at}: ${what}`);
    if (left < 0) throw here("it ends in the middle of a segment's header");
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, SEGMENT_HEADER_BYTES);
    const length = view.getUint32(1, true);
    if (length > MOST_SEGMENT_BYTES) throw here(`a segment of ${length} bytes is longer than any that is written`);
    if (length > left) throw here("it ends in the middle of a segment");
    const from = at + SEGMENT_HEADER_BYTES;
    const payload = bytes.subarray(from, from + length);
    if (checksum(payload) !== view.getUint32(5, true)) throw here("the checksum of a segment is wrong");
    this.#read(view.getUint8(0), new ByteReader(payload, from));
    return from + length;
  }

  #read(kind: number, from: ByteReader): void {
    if (kind === BEGIN) {
      const startedMs = from.number();
      this.#begin = { startedMs, sampleEveryMs: from.number(), capabilities: facts.readCapabilities(from) };
    } else if (kind === RECORDS) {
      const part = readRecords(from);
      this.#parts.push(part);
      this.#lastMs = Math.max(this.#lastMs, part.thread.toMs);
    } else if (kind === KERNEL_THREAD) {
      const thread = facts.readKernelThread(from);
      const samples = this.#kernelThreads.get(thread.tid)?.samples ?? [];
      // What a thread is for may be known only later. A sample on the edge is in both parts.
      const lastMs = samples.at(-1)?.atMs ?? -Infinity;
      for (const sample of thread.samples) if (sample.atMs > lastMs) samples.push(sample);
      this.#kernelThreads.set(thread.tid, { ...thread, samples });
    } else if (kind === CORE_RUNS) {
      this.#coreRuns ??= [];
      for (const run of facts.readCoreRuns(from)) this.#coreRuns.push(run);
    } else if (kind === STALLS) {
      for (const stall of facts.readStalls(from)) this.#stalls.push(stall);
    } else if (kind === PROFILE) {
      this.#profiles.push(readProfilePart(from));
    } else if (kind === GAUGES) {
      for (const gauge of facts.readGauges(from)) this.#gauges.push(gauge);
    } else if (kind === END) {
      this.#end = readEnd(from);
    }
  }

  /** What was read so far. */
  contents(problem: TraceFileError | undefined): TraceFile {
    const startedMs = this.#begin?.startedMs ?? Math.min(...this.#parts.map(({ thread }) => thread.fromMs));
    return {
      startedMs,
      stoppedMs: Math.max(startedMs, this.#end?.stoppedMs ?? 0, this.#lastMs),
      usage: this.#end?.usage ?? { cpuMs: undefined, coreWaitMs: undefined, cores: undefined },
      capabilities: this.#begin?.capabilities ?? [],
      parts: this.#parts,
      kernelThreads: [...this.#kernelThreads.values()],
      sampleEveryMs: this.#begin?.sampleEveryMs ?? 0,
      coreRuns: this.#coreRuns,
      stalls: this.#stalls,
      profiles: this.#profiles,
      gauges: this.#gauges,
      problem,
    };
  }
}

/**
 * Reads a trace file, up to its end or to where it is damaged.
 *
 * **Throws** `SKEIN_TRACE_FILE` if it is no trace file, of another version, or damaged
 * before the first thing that can be read.
 */
export function readTraceFile(bytes: Uint8Array): TraceFile {
  if (bytes.length === 0) throw new TraceFileError("the trace file is empty");
  if (MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new TraceFileError(
      "this is no trace file of Skein: it does not begin with its mark. `skein run --trace` writes one",
    );
  }
  const version = bytes[MAGIC.length];
  if (version !== VERSION) {
    throw new TraceFileError(
      `the trace file has version ${version ?? "none"}, but this copy of Skein reads version ${VERSION}: open it with the copy that wrote it`,
    );
  }
  const reader = new TraceFileReader();
  let read = 0;
  for (let at = HEADER_BYTES; at < bytes.length; read++) {
    try {
      at = reader.readSegment(bytes, at);
    } catch (error) {
      if (!(error instanceof TraceFileError) || read === 0) throw error;
      return reader.contents(error);
    }
  }
  if (read === 0) throw new TraceFileError("the trace file holds nothing but its mark");
  return reader.contents(undefined);
}

/** Options of reading a trace. */
export interface DecodeTraceOptions {
  /** Files of more records are refused, as each takes some 100 bytes; 20,000,000 by default. */
  readonly recordLimit?: number;
}

/**
 * Reads a trace from the bytes of a file.
 *
 * A file that ends in the middle gives what is before; `onProblem` then learns why.
 *
 * **Throws** `SKEIN_TRACE_FILE`, as `readTraceFile`, and if it has too many records.
 *
 * @since 0.1.0
 */
export function decodeTrace(
  bytes: Uint8Array,
  { recordLimit = DEFAULT_RECORD_LIMIT }: DecodeTraceOptions = {},
  onProblem: (problem: TraceFileError) => void = () => undefined,
): Trace {
  const file = readTraceFile(bytes);
  if (file.problem !== undefined) onProblem(file.problem);
  const count = file.parts.reduce((sum, part) => sum + part.count, 0);
  if (count > recordLimit) {
    throw new TraceFileError(
      `the trace file has ${count} records, more than the ${recordLimit} that are to be read: raise recordLimit`,
    );
  }
  return traceOf(file);
}

function traceOf(file: TraceFile): Trace {
  const threads = new Map<number, RecordColumns[]>();
  for (const part of file.parts) {
    const known = threads.get(part.thread.index);
    if (known === undefined) threads.set(part.thread.index, [part]);
    else known.push(part);
  }
  const {
    capabilities,
    coreRuns,
    gauges,
    kernelThreads,
    profiles,
    sampleEveryMs,
    stalls,
    startedMs,
    stoppedMs,
    usage,
  } = file;
  const hasKernel = kernelThreads.length > 0 || coreRuns !== undefined || sampleEveryMs > 0;
  return {
    startedMs,
    stoppedMs,
    usage,
    capabilities,
    stalls,
    profiles,
    ...(gauges.length === 0 ? {} : { gauges }),
    threads: [...threads.values()].map(threadTraceOf),
    kernel: hasKernel ? { sampleEveryMs, threads: kernelThreads, coreRuns } : undefined,
  };
}

function threadTraceOf(partsOfThread: readonly RecordColumns[]): ThreadTrace {
  const texts: string[] = [];
  const indexes = new Map<string, number>();
  const indexOf = (text: string): number => {
    let index = indexes.get(text);
    if (index === undefined) indexes.set(text, (index = texts.push(text) - 1));
    return index;
  };
  const records: ProbeRecord[] = [];
  const gaps: RecordGap[] = [];
  for (const part of partsOfThread) {
    if (part.dropped > 0) gaps.push({ at: records.length, dropped: part.dropped });
    for (const record of recordsOf(part, indexOf)) records.push(record);
  }
  const [first] = partsOfThread;
  // What the last part says holds, as it was written last.
  const last = partsOfThread.at(-1) as RecordColumns;
  return { ...last.thread, fromMs: first?.thread.fromMs ?? last.thread.fromMs, texts, records, gaps };
}

/** Adler-32, which finds what cut and mixed-up files have. It is no proof against forgers. */
function checksum(bytes: Uint8Array): number {
  let low = 1;
  let high = 0;
  for (let from = 0; from < bytes.length;) {
    // So many can be summed before a remainder must be taken.
    const to = Math.min(from + 3800, bytes.length);
    for (; from < to; from++) {
      low += bytes[from] as number;
      high += low;
    }
    low %= 65_521;
    high %= 65_521;
  }
  return (high * 65_536 + low) >>> 0;
}
