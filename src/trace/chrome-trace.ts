/**
 * Traces as the Chrome JSON trace event format, which ui.perfetto.dev and
 * chrome://tracing open.
 *
 * Where things go:
 * - Synchronous steps are complete events ("X") on the lane of their thread,
 *   where they nest as the calls did.
 * - Jobs, scopes and waits overlap freely, so they are async events ("b", "e"). A
 *   viewer nests those that share an id and cuts off those that share one and
 *   overlap only in part; see `AsyncTracks`.
 * - A job that started on another thread has an arrow ("s", "f") from there to
 *   here. Arrows hang on steps, so a spawn outside of all recorded steps gets a
 *   step of its own, a quarter of a microsecond long.
 * - Dropped records are steps on a lane of their own, one a thread.
 *
 * Times are whole quarters of a microsecond: a binary fraction, so that viewers
 * which compute with fractions find that what should touch or nest does. The
 * records' own clock is as fine.
 */
import { AsyncTracks } from "./async-tracks.js";
import { type Level, levelsOf, outermost } from "./levels.js";
import type { JobSpan, ScopeSpan, Span, StepSpan, Timeline } from "./spans.js";
import { buildTimeline } from "./timeline.js";
import type { Trace } from "./trace.js";

/** One process, whose main thread viewers know by the same number. */
const PROCESS = 1;
/** Lanes for lost records stand below all threads. */
const LOSSES_FROM = 1_000_000;
/** Characters, about; large enough that writing a part costs more than making it. */
const CHUNK_LENGTH = 65_536;

const ARROW = "spawn";

/** An event to be written. */
interface TraceEvent {
  /** In quarters of a microsecond. */
  readonly at: number;
  readonly phase: "X" | "b" | "e" | "s" | "f" | "i" | "C";
  readonly name: string;
  readonly thread: number;
  readonly category: string;
  /** Of events that belong together. */
  readonly id?: number;
  readonly length?: number;
  readonly args?: () => Readonly<Record<string, unknown>>;
}

/**
 * Gives a trace in the Chrome JSON trace event format, in parts that make one
 * file when they are put together.
 *
 * To write a file use `writeChromeTrace`.
 *
 * **Cost** Memory for each event, but not for their text.
 *
 * @example
 * ```ts
 * const { trace } = await record(() => program());
 * response.end([...chromeTraceChunks(trace)].join(""));
 * ```
 *
 * @since 0.1.0
 */
export function* chromeTraceChunks(trace: Trace): Generator<string, void, undefined> {
  const timeline = buildTimeline(trace);
  const quote = quoter();
  let chunk = '{"traceEvents":[\n';
  let separator = "";
  for (const line of metadataLines(timeline, quote)) {
    chunk += separator + line;
    separator = ",\n";
  }
  for (const event of sortedEvents(timeline)) {
    chunk += separator + eventLine(event, quote);
    separator = ",\n";
    if (chunk.length >= CHUNK_LENGTH) {
      yield chunk;
      chunk = "";
    }
  }
  const facts = { recorder: "skein", startedMs: timeline.startedMs, durationMs: timeline.durationMs };
  // Last, as some viewers stop at a key that they do not know.
  yield `${chunk}\n],"otherData":${toJson({ ...facts, droppedRecords: timeline.droppedRecords })}}\n`;
}

function quarters(ms: number): number {
  return Math.round(ms * 4000);
}

function laneOf(thread: number): number {
  return thread + PROCESS; // 0 would be the idle task of a core
}

function lossLaneOf(thread: number): number {
  return LOSSES_FROM + laneOf(thread);
}

// Events

function sortedEvents(timeline: Timeline): readonly TraceEvent[] {
  const names = new Names(timeline);
  // The order counts at equal times, as sorting keeps it: a step before what
  // hangs on it, an outer step before an inner one.
  const events = [
    ...stepEvents(timeline, names),
    ...arrowEvents(timeline),
    ...lossEvents(timeline),
    ...asyncEvents(timeline, names),
    ...timeline.cancels.map(({ atMs, subject, thread }): TraceEvent => {
      const name = `cancel ${names.scopes.get(subject) ?? "a job elsewhere"}`;
      return { at: quarters(atMs), phase: "i", name, thread, category: "cancel" };
    }),
    ...counterEvents("jobs in flight", "jobs", levelsOf(timeline.jobs, timeline.durationMs)),
    ...counterEvents("threads running", "threads", levelsOf(outermost(timeline.steps), timeline.durationMs)),
  ];
  return events.sort((a, b) => a.at - b.at);
}

/** How jobs and scopes are called. */
class Names {
  readonly jobs: ReadonlyMap<number, string>;
  readonly scopes: ReadonlyMap<number, string>;

  constructor({ jobs, scopes }: Timeline) {
    this.jobs = new Map(jobs.map((job) => [job.id, nameOf(job, "job")]));
    this.scopes = new Map(scopes.map((scope) => [scope.id, nameOf(scope, "scope")]));
  }

  ofStep({ subject }: StepSpan): string {
    const scope = this.scopes.get(subject);
    return scope === undefined ? (this.jobs.get(subject) ?? `step of ${subject}`) : `${scope} (body)`;
  }
}

function nameOf({ id, name }: { readonly id: number; readonly name: string | undefined }, kind: string): string {
  return name === undefined || name === "" ? `${kind} ${id}` : name;
}

function stepEvents(timeline: Timeline, names: Names): readonly TraceEvent[] {
  const events: TraceEvent[] = timeline.steps.map((step) => ({
    at: quarters(step.beginMs),
    phase: "X",
    name: names.ofStep(step),
    thread: step.thread,
    category: "step",
    length: quarters(step.endMs) - quarters(step.beginMs),
    args: () => ({ id: step.subject, ...edgesOf(step), ...(step.isSuspended ? { suspended: true } : {}) }),
  }));
  for (const job of jobsWithArrow(timeline)) {
    const at = quarters(job.beginMs);
    events.push({
      at,
      phase: "X",
      name: `spawn ${nameOf(job, "job")}`,
      thread: job.thread,
      category: ARROW,
      length: 1,
    });
  }
  // The longer one is around the other.
  return events.sort((a, b) => a.at - b.at || (b.length ?? 0) - (a.length ?? 0));
}

/** Jobs that were seen to be spawned on one thread and to start on another. */
function jobsWithArrow({
  jobs,
}: Timeline): readonly (JobSpan & { readonly startedMs: number; readonly ranOn: number })[] {
  return jobs.filter(
    (job): job is JobSpan & { readonly startedMs: number; readonly ranOn: number } =>
      job.begin === "seen" && job.startedMs !== undefined && job.ranOn !== undefined && job.ranOn !== job.thread,
  );
}

function arrowEvents(timeline: Timeline): readonly TraceEvent[] {
  return jobsWithArrow(timeline).flatMap((job): TraceEvent[] => {
    // Both ends of an arrow are known by category, name and id together.
    const arrow = { name: ARROW, category: ARROW, id: job.id };
    return [
      {
        ...arrow,
        at: quarters(job.beginMs),
        phase: "s",
        thread: job.thread,
        args: () => ({ job: nameOf(job, "job") }),
      },
      { ...arrow, at: quarters(job.startedMs), phase: "f", thread: job.ranOn },
    ];
  });
}

function lossEvents({ threads }: Timeline): readonly TraceEvent[] {
  return threads.flatMap(({ index, gaps }) =>
    gaps.map((gap): TraceEvent => ({
      at: quarters(gap.beginMs),
      phase: "X",
      name: `${gap.dropped} records dropped`,
      thread: lossLaneOf(index) - PROCESS,
      category: "dropped",
      length: quarters(gap.endMs) - quarters(gap.beginMs),
      args: () => ({ dropped: gap.dropped }),
    })),
  );
}

function asyncEvents(timeline: Timeline, names: Names): readonly TraceEvent[] {
  const tracks = new AsyncTracks<TraceEvent>();
  const spans = [
    ...timeline.jobs.map((job) => ({ ...asyncSpan(job, "job", jobFacts(job, names)), inside: undefined, rank: 0 })),
    ...timeline.scopes.map((scope) => ({
      ...asyncSpan(scope, "scope", scopeFacts(scope, names)),
      inside: scope.job ?? scope.parent,
      rank: 1,
    })),
    ...timeline.waits.map((wait) => ({
      ...asyncSpan(wait, "wait", () => ({ outcome: wait.outcome })),
      inside: wait.scope,
      rank: 2,
    })),
  ].sort((a, b) => a.at - b.at || b.until - a.until || a.rank - b.rank || a.id - b.id);
  for (const span of spans) {
    tracks.add(span, (track) => {
      const common = { name: span.name, thread: span.thread, category: "skein", id: track };
      return {
        begin: { ...common, at: span.at, phase: "b", args: span.args },
        end: { ...common, at: span.until, phase: "e" },
      };
    });
  }
  return tracks.finish();
}

interface AsyncSpan {
  readonly id: number;
  readonly thread: number;
  readonly name: string;
  readonly at: number;
  readonly until: number;
  readonly args: () => Readonly<Record<string, unknown>>;
}

function asyncSpan(
  span: Span & { readonly id: number; readonly thread: number; readonly name: string | undefined },
  kind: string,
  facts: () => Readonly<Record<string, unknown>>,
): AsyncSpan {
  return {
    id: span.id,
    thread: span.thread,
    name: nameOf(span, kind),
    at: quarters(span.beginMs),
    until: quarters(span.endMs),
    args: () => ({ kind, ...facts(), ...edgesOf(span) }),
  };
}

function jobFacts(job: JobSpan, names: Names): () => Readonly<Record<string, unknown>> {
  return () => ({
    id: job.id,
    scope: names.scopes.get(job.scope),
    outcome: job.outcome,
    ranOnThread: job.ranOn,
    waitMs: job.waitMs,
  });
}

function scopeFacts(scope: ScopeSpan, names: Names): () => Readonly<Record<string, unknown>> {
  return () => ({ id: scope.id, inside: names.scopes.get(scope.parent), outcome: scope.outcome });
}

/** What is to be said of edges that were not seen. */
function edgesOf({ begin, end }: Span): Readonly<Record<string, string>> {
  return {
    ...(begin === "seen" ? {} : { begin: describeEdge(begin, "before the recording") }),
    ...(end === "seen" ? {} : { end: describeEdge(end, "after the recording") }),
  };
}

function describeEdge(edge: "outside" | "dropped", outside: string): string {
  return edge === "outside" ? outside : "cut: its record was dropped";
}

function counterEvents(name: string, unit: string, levels: readonly Level[]): readonly TraceEvent[] {
  const events: TraceEvent[] = [];
  levels.forEach(({ atMs, count }, index) => {
    const at = quarters(atMs);
    const next = levels[index + 1];
    // At the same quarter of a microsecond only the last one counts.
    if (next !== undefined && quarters(next.atMs) === at) return;
    events.push({ at, phase: "C", name, thread: 0, category: "counter", args: () => ({ [unit]: count }) });
  });
  return events;
}

// Text

type Quote = (text: string) => string;

/** Lines that name the process and its lanes. */
function* metadataLines({ threads }: Timeline, quote: Quote): Generator<string> {
  const line = (kind: string, lane: number, key: string, value: string): string =>
    `{"ph":"M","name":"${kind}","pid":${PROCESS},"tid":${lane},"args":{"${key}":${value}}}`;
  yield line("process_name", laneOf(0), "name", '"skein"');
  for (const { index, name, gaps } of threads) {
    yield line("thread_name", laneOf(index), "name", quote(name));
    yield line("thread_sort_index", laneOf(index), "sort_index", String(index));
    if (gaps.length === 0) continue;
    yield line("thread_name", lossLaneOf(index), "name", quote(`${name}: records dropped`));
    yield line("thread_sort_index", lossLaneOf(index), "sort_index", String(LOSSES_FROM + index));
  }
}

function eventLine({ at, phase, name, thread, category, id, length, args }: TraceEvent, quote: Quote): string {
  let line = `{"ph":"${phase}","name":${quote(name)},"cat":"${category}","pid":${PROCESS},"tid":${laneOf(thread)},"ts":${at / 4}`;
  if (length !== undefined) line += `,"dur":${length / 4}`;
  // As text: a number that large is rounded by viewers that read it as a float.
  if (id !== undefined) line += `,"id":"0x${id.toString(16)}"`;
  if (phase === "f") line += ',"bp":"e"'; // the arrow ends at the step around it, not at the next one
  if (phase === "i") line += ',"s":"t"';
  if (args !== undefined) line += `,"args":${toJson(args())}`;
  return `${line}}`;
}

/** Names repeat, so each is made into text once. */
function quoter(): Quote {
  const known = new Map<string, string>();
  return (text) => {
    let quoted = known.get(text);
    if (quoted === undefined) {
      quoted = toJson(text);
      known.set(text, quoted);
    }
    return quoted;
  };
}

/**
 * JSON that every viewer takes, and that can stand inside a page's script.
 *
 * Perfetto refuses a whole file for one escaped surrogate, and older ones for a
 * string that ends with a backslash written as two.
 */
function toJson(value: unknown): string {
  const text = JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "string" ? inner.replaceAll(/\p{Surrogate}/gu, "\uFFFD") : inner,
  );
  return text.replaceAll(/\\\\|</g, (found) => (found === "<" ? "\\u003c" : "\\u005c"));
}
