/**
 * Traces in Perfetto's own format: a sequence of protocol buffer packets.
 *
 * Where things go:
 * - A thread has a track, on which its synchronous steps nest.
 * - Jobs, scopes and waits overlap freely, and slices of one track must not. So each of
 *   them is laid onto lanes, and each lane is a track of its own; the viewer shows tracks
 *   of one name as one group.
 * - A job that started on another thread has a flow from the step that spawned it.
 * - Dropped records and stalls of event loops have tracks under their thread's; each task that
 *   `auto()` placed has one that shows where.
 * - What the kernel told makes a track for each core, and counters.
 *
 * Times are nanoseconds since the recording began. Numbers of fields are those of the
 * format's public schema (trace_packet.proto and track_event/*.proto).
 */
import type { KernelFacts } from "../kernel-facts.js";
import { type Level, levelsOf, outermost } from "../levels.js";
import { type JobSpan, placedSpans, type Span, type Timeline } from "../spans.js";
import { buildTimeline } from "../timeline.js";
import type { Trace } from "../trace.js";
import { packLanes } from "./lanes.js";
import { ProtobufWriter } from "./protobuf.js";

// Trace
const PACKET = 1;
// TracePacket
const TIMESTAMP = 8;
const SEQUENCE_ID = 10;
const TRACK_EVENT = 11;
const SEQUENCE_FLAGS = 13;
const TRACK_DESCRIPTOR = 60;
const STATE_CLEARED = 1;
// TrackDescriptor
const UUID = 1;
const TRACK_NAME = 2;
const PROCESS = 3;
const THREAD = 4;
const PARENT = 5;
const COUNTER = 8;
// ProcessDescriptor, ThreadDescriptor
const PID = 1;
const PROCESS_NAME = 6;
const TID = 2;
const THREAD_NAME = 5;
// CounterDescriptor
const UNIT_NAME = 6;
// TrackEvent
const ANNOTATION = 4;
const TYPE = 9;
const TRACK_UUID = 11;
const CATEGORY = 22;
const EVENT_NAME = 23;
const DOUBLE_VALUE = 44;
const FLOW = 47;
const LAST_OF_FLOW = 48;
const SLICE_BEGIN = 1;
const SLICE_END = 2;
const INSTANT = 3;
const COUNT = 4;
// DebugAnnotation
const ANNOTATION_DOUBLE = 5;
const ANNOTATION_TEXT = 6;
const ANNOTATION_NAME = 10;

/** The one process, and the one who writes packets. */
const ONE = 1;
/** Threads have their index and this as number: a thread of the process's own number would be its main one. */
const FIRST_THREAD = 1;

/** Bytes, about, of a chunk. */
const CHUNK_BYTES = 262_144;

type Values = Readonly<Record<string, string | number | undefined>>;

interface Slice extends Pick<Span, "beginMs" | "endMs"> {
  readonly name: string;
  readonly values?: Values;
  /** A flow that ends in it. */
  readonly lastOfFlow?: number | undefined;
}

/**
 * Gives a trace in Perfetto's protocol buffer format, in parts that make one file when
 * they are put together. Open it at https://ui.perfetto.dev.
 *
 * **Cost** Memory for the timeline; parts of some 256 KiB are made one by one.
 *
 * @example
 * ```ts
 * const { trace } = await record(() => program());
 * response.end(new Blob([...perfettoChunks(trace)]));
 * ```
 *
 * @since 0.1.0
 */
export function* perfettoChunks(trace: Trace): Generator<Uint8Array, void, undefined> {
  const packets = new Packets();
  for (const write of partsOf(buildTimeline(trace), trace, packets)) {
    write();
    if (packets.byteLength >= CHUNK_BYTES) yield packets.take();
  }
  yield packets.take();
}

/** What is to be written, in pieces small enough to stop between any two. */
function* partsOf(timeline: Timeline, trace: Trace, packets: Packets): Generator<() => void> {
  yield () => packets.process("skein");
  const tracks = new Map<number, number>();
  for (const { index, name } of timeline.threads) {
    tracks.set(index, packets.thread(FIRST_THREAD + index, name));
    yield () => undefined;
  }
  const names = new Map([...timeline.jobs, ...timeline.scopes].map(({ id, name }) => [id, name ?? ""]));
  const nameOf = (id: number, kind: string): string => names.get(id) || `${kind} ${id}`;
  const started = jobsElsewhere(timeline);
  for (const [index, track] of tracks) {
    const steps = timeline.steps
      .filter(({ thread }) => thread === index)
      .map(({ beginMs, endMs, subject }) => {
        const job = started.get(subject);
        const isFirst = job !== undefined && job.ranOn === index && job.startedMs === beginMs;
        return { beginMs, endMs, name: nameOf(subject, "step of"), lastOfFlow: isFirst ? subject : undefined };
      });
    yield* slices(packets, track, "step", steps);
    for (const job of started.values()) {
      if (job.thread === index) yield () => packets.instant(track, job.beginMs, "spawn", nameOf(job.id, "job"), job.id);
    }
    for (const { atMs, subject, thread } of timeline.cancels) {
      if (thread === index) yield () => packets.instant(track, atMs, "cancel", `cancel ${nameOf(subject, "scope")}`);
    }
  }
  yield* lanes(packets, "jobs", timeline.jobs, (job) => ({
    name: nameOf(job.id, "job"),
    values: { outcome: job.outcome, waitMs: job.waitMs, thread: job.ranOn, scope: names.get(job.scope) },
  }));
  yield* lanes(packets, "scopes", timeline.scopes, (scope) => ({
    name: nameOf(scope.id, "scope"),
    values: { outcome: scope.outcome },
  }));
  yield* lanes(packets, "waits", timeline.waits, (wait) => ({
    name: wait.name ?? "wait",
    values: { outcome: wait.outcome, of: names.get(wait.scope) },
  }));
  for (const { index, gaps, name } of timeline.threads) {
    if (gaps.length === 0) continue;
    const track = packets.track(`${name}: records dropped`, tracks.get(index));
    yield* slices(
      packets,
      track,
      "dropped",
      gaps.map(({ beginMs, endMs, dropped }) => ({ beginMs, endMs, name: `${dropped} records dropped` })),
    );
  }
  yield* stallSlices(trace, tracks, packets);
  yield* placedSlices(timeline, packets);
  if (trace.kernel !== undefined) yield* coreSlices(trace, trace.kernel, packets);
  yield* counter(packets, "jobs in flight", "jobs", levelsOf(timeline.jobs, timeline.durationMs));
  yield* counter(packets, "threads running", "threads", levelsOf(outermost(timeline.steps), timeline.durationMs));
}

/** Jobs that were seen to be spawned on one thread and to start on another. */
function jobsElsewhere({ jobs }: Timeline): ReadonlyMap<number, JobSpan> {
  return new Map(
    jobs
      .filter(({ begin, ranOn, startedMs, thread }) => begin === "seen" && startedMs !== undefined && ranOn !== thread)
      .map((job) => [job.id, job]),
  );
}

function* lanes<S extends Span>(
  packets: Packets,
  name: string,
  spans: readonly S[],
  describe: (span: S) => { readonly name: string; readonly values: Values },
): Generator<() => void> {
  const group = packets.track(name, undefined);
  const tracks: number[] = [];
  const onLane = packLanes(spans);
  for (const [i, span] of spans.entries()) {
    const lane = onLane[i] as number;
    const track = (tracks[lane] ??= packets.track(name, group));
    yield () => {
      const { beginMs, endMs } = span;
      const described = describe(span);
      packets.begin(track, name, { beginMs, endMs, ...described });
      packets.end(track, span.endMs);
    };
  }
}

/** Slices that nest, in order of beginning, the longer of two first. */
function* slices(packets: Packets, track: number, category: string, nested: readonly Slice[]): Generator<() => void> {
  const open: number[] = [];
  const endUntil = (atMs: number): void => {
    for (let last = open.at(-1); last !== undefined && last <= atMs; last = open.at(-1)) {
      packets.end(track, last);
      open.pop();
    }
  };
  for (const slice of nested) {
    yield () => {
      endUntil(slice.beginMs);
      packets.begin(track, category, slice);
      open.push(slice.endMs);
    };
  }
  yield () => endUntil(Infinity);
}

function* stallSlices(
  { stalls, startedMs }: Trace,
  tracks: ReadonlyMap<number, number>,
  packets: Packets,
): Generator<() => void> {
  for (const [thread, ofThread] of groupByThread(stalls)) {
    const track = packets.track("event loop stalls", tracks.get(thread));
    yield* slices(
      packets,
      track,
      "stall",
      ofThread.map(({ beginMs, endMs, cpuMs, stack }) => ({
        beginMs: beginMs - startedMs,
        endMs: endMs - startedMs,
        name: stack?.[0]?.name === undefined || stack[0].name === "" ? "stall" : `stall in ${stack[0].name}`,
        values: {
          cpuMs,
          stack: stack
            ?.map(({ name, url, line, column }) => `${name || "(anonymous)"} ${url}:${line}:${column}`)
            .join("\n"),
        },
      })),
    );
  }
}

/** Of each task that `auto()` placed, where it did, and from when on. */
function* placedSlices(timeline: Timeline, packets: Packets): Generator<() => void> {
  for (const [task, spans] of placedSpans(timeline)) {
    const placed = spans.map(({ atMs, endMs, place, text }) => ({
      beginMs: atMs,
      endMs,
      name: place,
      values: { why: text },
    }));
    yield* slices(packets, packets.track(`placed by auto(): ${task}`, undefined), "placement", placed);
  }
}

function groupByThread<T extends { readonly thread: number }>(items: readonly T[]): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of items) {
    const group = groups.get(item.thread);
    if (group === undefined) groups.set(item.thread, [item]);
    else group.push(item);
  }
  return groups;
}

function* coreSlices({ startedMs }: Trace, kernel: KernelFacts, packets: Packets): Generator<() => void> {
  const names = new Map(kernel.threads.map(({ tid, name }) => [tid, name]));
  const cores = new Map<number, number>();
  for (const { core, tid, beginMs, endMs, wasPreempted } of kernel.coreRuns ?? []) {
    let track = cores.get(core);
    if (track === undefined) cores.set(core, (track = packets.track(`core ${core}`, undefined)));
    const onCore = track;
    yield () => {
      const slice = { beginMs: beginMs - startedMs, endMs: endMs - startedMs, name: names.get(tid) ?? `thread ${tid}` };
      packets.begin(onCore, "core", { ...slice, values: { tid, left: wasPreempted ? "preempted" : "by itself" } });
      packets.end(onCore, endMs - startedMs);
    };
  }
  for (const { name, tid, samples } of kernel.threads) {
    const known = samples.filter(({ cpuMs }) => cpuMs !== undefined);
    if (known.length < 2) continue;
    const track = packets.counter(`${name} (${tid}): share of a core`, "%");
    for (const [i, sample] of known.entries()) {
      const before = known[i - 1];
      if (before === undefined || sample.atMs <= before.atMs) continue;
      const share = (100 * ((sample.cpuMs ?? 0) - (before.cpuMs ?? 0))) / (sample.atMs - before.atMs);
      yield () => packets.count(track, before.atMs - startedMs, share);
    }
  }
}

function* counter(packets: Packets, name: string, unit: string, levels: readonly Level[]): Generator<() => void> {
  const track = packets.counter(name, unit);
  for (const { atMs, count } of levels) yield () => packets.count(track, atMs, count);
}

/** Writes packets. */
class Packets {
  readonly #writer = new ProtobufWriter();
  #lastTrack = ONE;
  #isFirst = true;

  get byteLength(): number {
    return this.#writer.byteLength;
  }

  take(): Uint8Array {
    return this.#writer.take();
  }

  process(name: string): void {
    this.#descriptor(ONE, () => {
      this.#writer.message(PROCESS, () => {
        this.#writer.uint(PID, ONE);
        this.#writer.text(PROCESS_NAME, name);
      });
    });
  }

  thread(tid: number, name: string): number {
    const uuid = ++this.#lastTrack;
    this.#descriptor(uuid, () => {
      this.#writer.uint(PARENT, ONE);
      this.#writer.message(THREAD, () => {
        this.#writer.uint(PID, ONE);
        this.#writer.uint(TID, tid);
        this.#writer.text(THREAD_NAME, name);
      });
    });
    return uuid;
  }

  /** @param parent - the process, if omitted */
  track(name: string, parent: number | undefined): number {
    const uuid = ++this.#lastTrack;
    this.#descriptor(uuid, () => {
      this.#writer.text(TRACK_NAME, name);
      this.#writer.uint(PARENT, parent ?? ONE);
    });
    return uuid;
  }

  counter(name: string, unit: string): number {
    const uuid = ++this.#lastTrack;
    this.#descriptor(uuid, () => {
      this.#writer.text(TRACK_NAME, name);
      this.#writer.uint(PARENT, ONE);
      this.#writer.message(COUNTER, () => this.#writer.text(UNIT_NAME, unit));
    });
    return uuid;
  }

  begin(track: number, category: string, { beginMs, name, values, lastOfFlow }: Slice): void {
    this.#event(track, beginMs, SLICE_BEGIN, () => {
      this.#writer.text(CATEGORY, category);
      this.#writer.text(EVENT_NAME, name);
      if (lastOfFlow !== undefined) this.#writer.fixed64(LAST_OF_FLOW, lastOfFlow);
      for (const [key, value] of Object.entries(values ?? {})) this.#annotate(key, value);
    });
  }

  end(track: number, atMs: number): void {
    this.#event(track, atMs, SLICE_END, () => undefined);
  }

  instant(track: number, atMs: number, category: string, name: string, flow?: number): void {
    this.#event(track, atMs, INSTANT, () => {
      this.#writer.text(CATEGORY, category);
      this.#writer.text(EVENT_NAME, name);
      if (flow !== undefined) this.#writer.fixed64(FLOW, flow);
    });
  }

  count(track: number, atMs: number, value: number): void {
    this.#event(track, atMs, COUNT, () => this.#writer.double(DOUBLE_VALUE, value));
  }

  #annotate(name: string, value: string | number | undefined): void {
    if (value === undefined) return;
    this.#writer.message(ANNOTATION, () => {
      if (typeof value === "number") this.#writer.double(ANNOTATION_DOUBLE, value);
      else this.#writer.text(ANNOTATION_TEXT, value);
      this.#writer.text(ANNOTATION_NAME, name);
    });
  }

  #event(track: number, atMs: number, type: number, more: () => void): void {
    this.#packet(() => {
      this.#writer.uint(TIMESTAMP, Math.max(0, Math.round(atMs * 1e6)));
      this.#writer.message(TRACK_EVENT, () => {
        this.#writer.uint(TYPE, type);
        this.#writer.uint(TRACK_UUID, track);
        more();
      });
    });
  }

  #descriptor(uuid: number, more: () => void): void {
    this.#packet(() => {
      this.#writer.message(TRACK_DESCRIPTOR, () => {
        this.#writer.uint(UUID, uuid);
        more();
      });
    });
  }

  #packet(write: () => void): void {
    this.#writer.message(PACKET, () => {
      this.#writer.uint(SEQUENCE_ID, ONE);
      if (this.#isFirst) this.#writer.uint(SEQUENCE_FLAGS, STATE_CLEARED);
      this.#isFirst = false;
      write();
    });
  }
}
