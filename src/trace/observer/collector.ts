/**
 * Collects what a program's threads report and what the kernel tells of them, into
 * segments of a trace file.
 *
 * Ownership: a ring is written by its thread alone and read here alone. Nobody waits for
 * the collector: a thread that writes faster than it reads overwrites its oldest records,
 * which are counted.
 */
import { ProbeKind, ProbeRingReader, RecordBatch } from "../../core/probe.js";
import type { ProfilePart } from "../../core/host-thread-profile.js";
import { PulseReader } from "../../core/pulse.js";
import type { SegmentThread } from "../file/record-segment.js";
import { UsageMeter } from "../host-node.js";
import { KernelSampler, LoopWatch, type OurThread } from "../kernel/index.js";
import type { Capability, CoreRun, Gauge, Stall } from "../kernel-facts.js";
import {
  beginSegment,
  coreRunsSegment,
  endSegment,
  fileHeader,
  gaugesSegment,
  kernelSegment,
  profileSegment,
  recordSegment,
  stallsSegment,
} from "../trace-file.js";
import { NO_NAMES, type OpenNames, openNamesIn } from "./open-names.js";
import { type ForeignPlaces, ForeignThreads } from "./foreign-threads.js";
import { SegmentStore } from "./segment-store.js";

/** So often threads are sampled and watched. */
export const SAMPLE_EVERY_MS = 20;
/** So often samples become a segment. */
const KERNEL_SEGMENT_EVERY_MS = 500;
/** Records of a segment: less than a mebibyte. */
const RECORDS_A_SEGMENT = 32_768;

/** Threads that are none of ours are numbered from here on: a process has fewer of ours. */
const FIRST_FOREIGN = 100_000;

const NOTHING = { records: RecordBatch.of([]), dropped: 0 };

/** A thread to be observed. */
export interface ObservedThread {
  readonly index: number;
  readonly name: string;
  readonly kind: OurThread["kind"];
}

export interface CollectorOptions {
  readonly startedMs: number;
  /** What is kept at most: of the last so many milliseconds, and so many bytes. */
  readonly keptMs: number;
  readonly keptBytes: number;
  /** Given each segment when it is made, the first ones included. */
  readonly onSegment?: (bytes: Uint8Array) => void;
  /** Told of stalls while they last. */
  readonly onStall?: (stall: Stall) => void;
  /** Told of what a program marked: a deadlock that was found. */
  readonly onMark?: (what: string) => void;
}

class Source {
  readonly thread: ObservedThread;
  readonly fromMs: number;
  reader: ProbeRingReader | undefined = undefined;
  /** Whether the thread has written anything, or had time enough to take up its ring. */
  hasSegments = false;

  constructor(thread: ObservedThread, fromMs: number) {
    this.thread = thread;
    this.fromMs = fromMs;
  }
}

export class Collector {
  readonly #options: CollectorOptions;
  readonly #store: SegmentStore;
  readonly #sources = new Map<number, Source>();
  readonly #meter = new UsageMeter();
  readonly #sampler = new KernelSampler({ everyMs: SAMPLE_EVERY_MS });
  readonly #watch: LoopWatch;
  readonly #own: { readonly tid: number; readonly thread: OurThread } | undefined;
  #foreign: ForeignThreads | undefined = undefined;
  /** By the places of threads that are none of ours: their indexes, and their pulses. */
  readonly #foreignAt = new Map<number, { readonly index: number; readonly pulse: PulseReader; wasRead: boolean }>();
  #nextForeign = FIRST_FOREIGN;
  #capabilities: readonly Capability[] = [];
  #kernelMs = 0;
  #isSampling = false;

  /** @param own - the thread that this runs on, if it is there for this alone */
  constructor(options: CollectorOptions, own?: { readonly tid: number; readonly thread: OurThread }) {
    this.#options = options;
    this.#own = own;
    this.#store = new SegmentStore(options.keptBytes, options.keptMs);
    this.#watch = new LoopWatch({
      checkEveryMs: SAMPLE_EVERY_MS,
      usageOf: (tid) => this.#sampler.usageOf(tid),
      ...(options.onStall === undefined ? {} : { onStall: options.onStall }),
    });
    options.onSegment?.(fileHeader());
    options.onSegment?.(this.#begin());
  }

  #begin(): Uint8Array {
    return beginSegment(this.#options.startedMs, SAMPLE_EVERY_MS, this.#capabilities);
  }

  setCapabilities(capabilities: readonly Capability[]): void {
    this.#capabilities = capabilities;
    // Who has been given the first one gets another, which replaces it.
    this.#options.onSegment?.(this.#begin());
  }

  addThread(thread: ObservedThread, nowMs: number): void {
    this.#sources.set(thread.index, new Source(thread, nowMs));
  }

  /** The thread writes into this ring from now on, or into none. */
  setRing(index: number, ring: SharedArrayBuffer | undefined, nowMs: number): void {
    const source = this.#sources.get(index);
    if (source === undefined) return;
    this.#collectFrom(source, nowMs, false);
    source.reader = ring === undefined ? undefined : new ProbeRingReader(ring);
  }

  setPulse(index: number, pulse: SharedArrayBuffer | undefined, nowMs: number): void {
    this.#watch.remove(index, nowMs);
    if (pulse !== undefined) this.#watch.add(index, new PulseReader(pulse), true);
    this.#isSampling = true;
  }

  /** Follows threads that are none of ours from now on. */
  adopt(places: ForeignPlaces): void {
    this.#foreign = new ForeignThreads(places);
  }

  #lookForForeign(foreign: ForeignThreads, nowMs: number): void {
    const { come, gone } = foreign.look((place) => this.#isGone(place));
    for (const place of gone) {
      const known = this.#foreignAt.get(place);
      this.#foreignAt.delete(place);
      if (known !== undefined) this.endThread(known.index, nowMs);
    }
    for (const { place, name, pulse } of come) {
      const index = this.#nextForeign++;
      this.addThread({ index, name, kind: "worker" }, nowMs);
      this.setPulse(index, pulse, nowMs);
      this.#foreignAt.set(place, { index, pulse: new PulseReader(pulse), wasRead: false });
    }
  }

  /** Of a thread that was stopped only the kernel tells that it is not there any more. */
  #isGone(place: number): boolean {
    const known = this.#foreignAt.get(place);
    const tid = known?.pulse.read()?.kernelThread;
    if (known === undefined || tid === undefined) return false;
    const isThere = this.#sampler.usageOf(tid) !== undefined;
    // The sampler finds one a moment after it has come.
    if (isThere) known.wasRead = true;
    return known.wasRead && !isThere;
  }

  /** The thread has ended: what stands in its ring is the last of it. */
  endThread(index: number, nowMs: number): void {
    const source = this.#sources.get(index);
    if (source === undefined) return;
    this.#collectFrom(source, nowMs, true);
    this.#sources.delete(index);
    this.#watch.remove(index, nowMs);
  }

  /** Takes samples, and looks after event loops; to be called every `SAMPLE_EVERY_MS`. */
  sample(nowMs: number): void {
    if (!this.#isSampling) return;
    if (this.#foreign !== undefined) this.#lookForForeign(this.#foreign, nowMs);
    const ours = new Map<number, OurThread>();
    for (const [tid, index] of this.#watch.kernelThreads()) {
      const thread = this.#sources.get(index)?.thread;
      if (thread !== undefined) ours.set(tid, thread);
    }
    if (this.#own !== undefined) ours.set(this.#own.tid, this.#own.thread);
    this.#sampler.sample(nowMs, ours);
    this.#watch.check(nowMs);
    this.#meter.sample();
  }

  /** Empties rings; to be called often enough for none to overflow. */
  collect(nowMs: number): void {
    for (const source of this.#sources.values()) this.#collectFrom(source, nowMs, false);
    this.#keepStalls(this.#watch.drain(), nowMs);
    if (nowMs - this.#kernelMs < KERNEL_SEGMENT_EVERY_MS) return;
    this.#collectKernel(nowMs);
    // Of no use in what is kept, where the next takes its place.
    this.#options.onSegment?.(this.#end(nowMs));
  }

  #keepStalls(stalls: readonly Stall[], nowMs: number): void {
    if (stalls.length > 0) this.#keep(stallsSegment(stalls), nowMs, undefined, 0);
  }

  #collectKernel(nowMs: number): void {
    this.#kernelMs = nowMs;
    for (const thread of this.#sampler.drain().threads) {
      if (thread.samples.length > 0) this.#keep(kernelSegment(thread, thread.samples), nowMs, undefined, 0);
    }
    this.addGauges(
      this.#watch.drainDelays().map(([thread, value]) => ({ thread, name: "loop-delay", atMs: nowMs, value })),
      nowMs,
    );
  }

  addGauges(gauges: readonly Gauge[], nowMs: number): void {
    if (gauges.length > 0) this.#keep(gaugesSegment(gauges), nowMs, undefined, 0);
  }

  addProfile(part: ProfilePart): void {
    this.#keep(profileSegment(part), part.endMs, undefined, 0);
  }

  addCoreRuns(runs: readonly CoreRun[], nowMs: number): void {
    for (let from = 0; from < runs.length; from += RECORDS_A_SEGMENT / 2) {
      this.#keep(coreRunsSegment(runs.slice(from, from + RECORDS_A_SEGMENT / 2)), nowMs, undefined, 0);
    }
  }

  #collectFrom(source: Source, nowMs: number, hasEnded: boolean): void {
    const { reader, thread, fromMs } = source;
    const { records, dropped } = reader?.take() ?? NOTHING;
    // Each thread is told of once, be it that it writes nothing.
    if (records.length === 0 && dropped === 0 && source.hasSegments && !hasEnded) return;
    source.hasSegments = true;
    const texts = reader?.texts ?? [];
    const about: SegmentThread = { index: thread.index, name: thread.name, fromMs, toMs: nowMs, hasEnded };
    for (let from = 0; from === 0 || from < records.length; from += RECORDS_A_SEGMENT) {
      const some = records.part(from, Math.min(RECORDS_A_SEGMENT, records.length - from));
      const lost = from === 0 ? dropped : 0;
      const names = openNamesIn(some, texts);
      this.#keep(recordSegment(about, lost, some, texts), nowMs, about, some.length + lost, names);
    }
    const { onMark } = this.#options;
    if (onMark === undefined) return;
    for (let i = 0; i < records.length; i++) {
      if (records.kind(i) === ProbeKind.mark) onMark(texts[records.value(i)] ?? "");
    }
  }

  #keep(
    bytes: Uint8Array,
    toMs: number,
    thread: SegmentThread | undefined,
    count: number,
    names: OpenNames = NO_NAMES,
  ): void {
    this.#store.push({ bytes, toMs, thread, count, names });
    this.#options.onSegment?.(bytes);
  }

  /** Everything that is kept, as a file. The recording goes on. */
  file(nowMs: number): Uint8Array[] {
    this.collect(nowMs);
    this.#collectKernel(nowMs);
    return [fileHeader(), this.#begin(), ...this.#store, ...this.#presentThreads(nowMs), this.#end(nowMs)];
  }

  /** Says of each thread that is there that it still is. */
  #presentThreads(nowMs: number): Uint8Array[] {
    return [...this.#sources.values()].map(({ thread: { index, name }, fromMs }) =>
      recordSegment({ index, name, fromMs, toMs: nowMs, hasEnded: false }, 0, [], []),
    );
  }

  #end(nowMs: number): Uint8Array {
    return endSegment(nowMs, this.#meter.read());
  }

  /** Ends the recording. @returns all that is kept, as a file */
  stop(nowMs: number): Uint8Array[] {
    // Once more, as a short program may have had no reading at all.
    this.#watch.check(nowMs);
    this.sample(nowMs);
    this.#keepStalls(this.#watch.finish(nowMs), nowMs);
    const file = this.file(nowMs);
    this.#sampler.close();
    this.#options.onSegment?.(file.at(-1) as Uint8Array);
    return file;
  }
}
