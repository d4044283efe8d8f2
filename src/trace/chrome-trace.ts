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
import { type AsyncSpan, AsyncTracks } from "./async-tracks.js";
import { type Level, levelsOf, outermost } from "./levels.js";
import type { JobSpan, ScopeSpan, Span, StepSpan, Timeline, WaitSpan } from "./spans.js";
import { buildTimeline } from "./timeline.js";
import type { Trace } from "./trace.js";

/** One process, whose main thread viewers know by the same number. */
const PROCESS = 1;
/** Lanes for lost records stand below all threads. */
const LOSSES_FROM = 1_000_000;
/** Characters, about; large enough that writing a part costs more than making it. */
const CHUNK_LENGTH = 65_536;

const ARROW = "spawn";

type Args = () => Readonly<Record<string, unknown>>;

/** An event to be written. */
class TraceEvent {
  /** In quarters of a microsecond. */
  readonly at: number;
  readonly phase: "X" | "b" | "e" | "s" | "f" | "i" | "C";
  readonly category: string;
  readonly name: string;
  readonly thread: number;
  /** Made into text when the event is. */
  readonly args: Args | undefined;
  /** Of events that belong together. */
  readonly id: number | undefined;
  readonly length: number | undefined;

  constructor(
    at: number,
    phase: TraceEvent["phase"],
    category: string,
    name: string,
    thread: number,
    args: Args | undefined,
    id: number | undefined,
    length?: number,
  ) {
    this.at = at;
    this.phase = phase;
    this.category = category;
    this.name = name;
    this.thread = thread;
    this.args = args;
    this.id = id;
    this.length = length;
  }
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
  // The order counts at equal times, as sorting keeps it: an outer step before an
  // inner one, and both before what hangs on them.
  const events = [
    ...stepEvents(timeline, names),
    ...arrowEvents(timeline),
    ...lossEvents(timeline),
    ...asyncEvents(timeline, names),
    ...timeline.cancels.map(({ atMs, subject, thread }) => {
      const name = `cancel ${names.scopes.get(subject) ?? "a job elsewhere"}`;
      return new TraceEvent(quarters(atMs), "i", "cancel", name, thread, undefined, undefined);
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
  const events = timeline.steps.map((step) => {
    const at = quarters(step.beginMs);
    const args = (): Readonly<Record<string, unknown>> => ({
      id: step.subject,
      suspended: step.isSuspended ? true : undefined,
      ...edgesOf(step),
    });
    return new TraceEvent(at, "X", "step", names.ofStep(step), step.thread, args, undefined, quarters(step.endMs) - at);
  });
  for (const job of jobsWithArrow(timeline)) {
    const name = `spawn ${nameOf(job, "job")}`;
    events.push(new TraceEvent(quarters(job.beginMs), "X", ARROW, name, job.thread, undefined, undefined, 1));
  }
  return events;
}

type StartedElsewhere = JobSpan & { readonly startedMs: number; readonly ranOn: number };

/** Jobs that were seen to be spawned on one thread and to start on another. */
function jobsWithArrow({ jobs }: Timeline): readonly StartedElsewhere[] {
  return jobs.filter(
    (job): job is StartedElsewhere =>
      job.begin === "seen" && job.startedMs !== undefined && job.ranOn !== undefined && job.ranOn !== job.thread,
  );
}

function arrowEvents(timeline: Timeline): readonly TraceEvent[] {
  // Both ends of an arrow are known by category, name and id together.
  return jobsWithArrow(timeline).flatMap((job) => [
    new TraceEvent(quarters(job.beginMs), "s", ARROW, ARROW, job.thread, undefined, job.id),
    new TraceEvent(quarters(job.startedMs), "f", ARROW, ARROW, job.ranOn, undefined, job.id),
  ]);
}

function lossEvents({ threads }: Timeline): readonly TraceEvent[] {
  return threads.flatMap(({ index, gaps }) =>
    gaps.map(({ beginMs, endMs, dropped }) => {
      const at = quarters(beginMs);
      const name = `${dropped} records dropped`;
      const lane = lossLaneOf(index) - PROCESS;
      return new TraceEvent(at, "X", "dropped", name, lane, () => ({ dropped }), undefined, quarters(endMs) - at);
    }),
  );
}

interface NamedSpan extends AsyncSpan {
  readonly thread: number;
  readonly name: string;
  readonly args: Args;
  /** Of several that cover the same time, what can be around the others comes first. */
  readonly rank: number;
}

function asyncEvents(timeline: Timeline, names: Names): readonly TraceEvent[] {
  const spans: NamedSpan[] = [];
  for (const job of timeline.jobs) {
    const args: Args = () => ({
      kind: "job",
      id: job.id,
      scope: names.scopes.get(job.scope),
      outcome: job.outcome,
      ranOnThread: job.ranOn,
      waitMs: job.waitMs,
      ...edgesOf(job),
    });
    spans.push(namedSpan(job, "job", undefined, 0, args));
  }
  for (const scope of timeline.scopes) {
    const inside = names.scopes.get(scope.parent);
    const args: Args = () => ({ kind: "scope", id: scope.id, inside, outcome: scope.outcome, ...edgesOf(scope) });
    spans.push(namedSpan(scope, "scope", scope.job ?? scope.parent, 1, args));
  }
  for (const wait of timeline.waits) {
    const args: Args = () => ({ kind: "wait", outcome: wait.outcome, ...edgesOf(wait) });
    spans.push(namedSpan(wait, "wait", wait.scope, 2, args));
  }
  spans.sort((a, b) => a.at - b.at || b.until - a.until || a.rank - b.rank || a.id - b.id);
  const tracks = new AsyncTracks<NamedSpan, TraceEvent>(
    ({ at, name, thread, args }, track) => new TraceEvent(at, "b", "skein", name, thread, args, track),
    ({ until, name, thread }, track) => new TraceEvent(until, "e", "skein", name, thread, undefined, track),
  );
  for (const span of spans) tracks.add(span);
  return tracks.finish();
}

function namedSpan(
  span: JobSpan | ScopeSpan | WaitSpan,
  kind: string,
  inside: number | undefined,
  rank: number,
  args: Args,
): NamedSpan {
  const { id, thread } = span;
  return {
    id,
    thread,
    name: nameOf(span, kind),
    at: quarters(span.beginMs),
    until: quarters(span.endMs),
    inside,
    rank,
    args,
  };
}

/** What is to be said of edges that were not seen. */
function edgesOf({ begin, end }: Span): Readonly<Record<string, string>> | undefined {
  if (begin === "seen" && end === "seen") return undefined;
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
    events.push(new TraceEvent(at, "C", "counter", name, 0, () => ({ [unit]: count }), undefined));
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
 * Perfetto refuses a whole file for one escaped surrogate; older ones also for a
 * string that ends with a backslash, written as two.
 */
function toJson(value: unknown): string {
  // Two backslashes first: what follows them is no escape.
  return JSON.stringify(value).replaceAll(/\\\\|\\ud[89a-f][0-9a-f]{2}|</g, (found) => {
    if (found === "<") return "\\u003c";
    return found === "\\\\" ? "\\u005c" : "\uFFFD";
  });
}
