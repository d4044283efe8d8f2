/**
 * How the time of jobs and threads divides: running, ready, waiting for I/O and
 * timers, for locks, for channels, for other jobs.
 *
 * A job can do several of these at once, as inside it several waits may be under way.
 * Then the first of the list below counts.
 */
import { countsOf, type ThreadCounts } from "./core-use.js";
import type { Badge } from "./figures.js";
import type { JobSpan, Timeline } from "./spans.js";
import { intersection, lengthOf, timeWithin, type Stretch, totalOf, union } from "./stretches.js";
import { groupBy, indexOf, type TraceIndex } from "./trace-index.js";
import type { Trace } from "./trace.js";
import { isBlockingWait, type Way, WAYS, wayOfWait } from "./wait-ways.js";

/** What counts first where several ways are known of the same moment. */
const FIRST_OF: readonly Way[] = ["running", "lock", "channel", "io", "jobs", "ready"];

/**
 * A stretch of a job in which it did one thing.
 *
 * @since 0.1.0
 */
export interface Phase {
  readonly beginMs: number;
  readonly endMs: number;
  readonly way: Way;
  /** False if that is only what remains when everything known is taken away. */
  readonly isSeen: boolean;
}

/**
 * Milliseconds spent in each way; together the length of the time that was split.
 *
 * @since 0.1.0
 */
export interface TimeSplit {
  readonly runningMs: number;
  /** For its thread, or for a core. */
  readonly readyMs: number;
  /** Of a thread also: for work. */
  readonly ioMs: number;
  readonly lockMs: number;
  readonly channelMs: number;
  /** Of jobs: for other jobs to end. */
  readonly jobsMs: number;
  readonly totalMs: number;
  readonly badge: Badge;
}

/**
 * What a job did, from its spawning to its end, without a break.
 *
 * Bodies of scopes that it opened count as its own doing. Of a job on this thread its
 * first step is recorded, and later ones as far as it went on from a wait for
 * something of this library; the rest of its life shows as waiting for I/O that was
 * not seen.
 *
 * **Cost** Sorting what belongs to the job.
 *
 * @since 0.1.0
 */
export function phasesOf(trace: Trace, timeline: Timeline, job: JobSpan): readonly Phase[] {
  return phasesOfJob(indexOf(trace, timeline), job);
}

/** The actors whose doing counts as that of a job. */
function actorsOf(index: TraceIndex, job: number): readonly number[] {
  return membersOf(index).get(job) ?? [job];
}

const members = new WeakMap<TraceIndex, ReadonlyMap<number, readonly number[]>>();

function membersOf(index: TraceIndex): ReadonlyMap<number, readonly number[]> {
  let known = members.get(index);
  if (known === undefined) {
    const actors = new Set([...index.jobs.keys(), ...[...index.scopes.keys()].map((scope) => index.actorOf(scope))]);
    known = groupBy([...actors], (actor) => index.principalOf(actor));
    members.set(index, known);
  }
  return known;
}

function phasesOfJob(index: TraceIndex, job: JobSpan): readonly Phase[] {
  const actors = actorsOf(index, job.id);
  const steps = actors.flatMap((actor) => index.stepsOf(actor)).sort((a, b) => a.beginMs - b.beginMs);
  const waits = actors.flatMap((actor) => index.waitsOf(actor));
  const known: { readonly way: Way; readonly stretch: Stretch }[] = [];
  for (const step of steps) known.push({ way: "running", stretch: step });
  for (const { span, way } of waits) known.push({ way, stretch: span });
  // Until it starts it waits for its thread; so it does when a wait is over.
  const startMs = job.startedMs ?? (steps.length > 0 ? undefined : job.endMs);
  if (startMs !== undefined) known.push({ way: "ready", stretch: { beginMs: job.beginMs, endMs: startMs } });
  let next = 0;
  for (const { span } of [...waits].sort((a, b) => a.span.endMs - b.span.endMs)) {
    if (span.end !== "seen") continue;
    while ((steps[next]?.beginMs ?? Infinity) < span.endMs) next++;
    const step = steps[next];
    if (step !== undefined) known.push({ way: "ready", stretch: { beginMs: span.endMs, endMs: step.beginMs } });
  }
  return sweep(known, job);
}

/** Which of the known ways counts at each moment. */
function sweep(known: readonly { readonly way: Way; readonly stretch: Stretch }[], whole: Stretch): readonly Phase[] {
  const edges: { readonly atMs: number; readonly rank: number; readonly change: 1 | -1 }[] = [];
  for (const { way, stretch } of known) {
    const beginMs = Math.max(whole.beginMs, stretch.beginMs);
    const endMs = Math.min(whole.endMs, stretch.endMs);
    if (endMs <= beginMs) continue;
    const rank = FIRST_OF.indexOf(way);
    edges.push({ atMs: beginMs, rank, change: 1 }, { atMs: endMs, rank, change: -1 });
  }
  edges.sort((a, b) => a.atMs - b.atMs);
  const counts = FIRST_OF.map(() => 0);
  const phases: Phase[] = [];
  let fromMs = whole.beginMs;
  const add = (endMs: number): void => {
    if (endMs <= fromMs) return;
    const first = FIRST_OF[counts.findIndex((count) => count > 0)];
    const [way, isSeen]: [Way, boolean] = first === undefined ? ["io", false] : [first, true];
    const last = phases.at(-1);
    if (last?.way === way && last.isSeen === isSeen) phases[phases.length - 1] = { ...last, endMs };
    else phases.push({ beginMs: fromMs, endMs, way, isSeen });
    fromMs = endMs;
  };
  for (const { atMs, rank, change } of edges) {
    add(atMs);
    counts[rank] = (counts[rank] ?? 0) + change;
  }
  add(whole.endMs);
  return phases;
}

/** Sums by way. */
class Sums {
  readonly #ms: Record<Way, number> = { running: 0, ready: 0, io: 0, lock: 0, channel: 0, jobs: 0 };

  add(way: Way, ms: number): void {
    this.#ms[way] += ms;
  }

  /** Moves time from one way to another, as far as there is some. */
  move(from: Way, to: Way, ms: number): void {
    const moved = Math.min(Math.max(0, ms), this.#ms[from]);
    this.#ms[from] -= moved;
    this.#ms[to] += moved;
  }

  toSplit(badge: Badge): TimeSplit {
    const { running, ready, io, lock, channel, jobs } = this.#ms;
    return {
      runningMs: running,
      readyMs: ready,
      ioMs: io,
      lockMs: lock,
      channelMs: channel,
      jobsMs: jobs,
      totalMs: WAYS.reduce((sum, way) => sum + this.#ms[way], 0),
      badge,
    };
  }
}

/**
 * How a job's time divides, within a range or over the whole recording.
 *
 * Inside its steps, the time for which its thread had no core counts as ready: the
 * CPU time of a step is its length less that wait.
 *
 * @since 0.1.0
 */
export function splitOfJob(
  trace: Trace,
  timeline: Timeline,
  job: JobSpan,
  fromMs: number = 0,
  toMs: number = Infinity,
): TimeSplit {
  const index = indexOf(trace, timeline);
  const sums = new Sums();
  let isAllSeen = timeline.droppedRecords === 0;
  for (const { beginMs, endMs, way, isSeen } of phasesOfJob(index, job)) {
    const ms = Math.min(endMs, toMs) - Math.max(beginMs, fromMs);
    if (ms <= 0) continue;
    sums.add(way, ms);
    if (!isSeen) isAllSeen = false;
  }
  const steps = actorsOf(index, job.id).flatMap((actor) => index.stepsOf(actor));
  let wasSampled = false;
  for (const [thread, own] of groupBy(steps, (step) => step.thread)) {
    const counts = countsOfThread(index, thread);
    if (counts === undefined) continue;
    wasSampled = true;
    for (const { beginMs, endMs } of union(own)) {
      const [begin, end] = [Math.max(beginMs, fromMs), Math.min(endMs, toMs)];
      if (end > begin) sums.move("running", "ready", counts.used(begin, end).waitMs);
    }
  }
  return sums.toSplit(isAllSeen ? (wasSampled ? "sampled" : "measured") : "inferred");
}

function countsOfThread(index: TraceIndex, thread: number): ThreadCounts | undefined {
  const kernel = index.kernelOf(thread);
  const counts = kernel === undefined ? undefined : countsOf(index.trace).get(kernel.tid);
  return counts?.isKnown === true ? counts : undefined;
}

/**
 * CPU time of a stretch in which a thread did not give itself up, as a step: its
 * length less the time for which the thread had no core.
 *
 * @returns `undefined` where the kernel's counts of the thread are missing
 *
 * @since 0.1.0
 */
export function cpuOfStep(
  trace: Trace,
  timeline: Timeline,
  step: { readonly thread: number; readonly beginMs: number; readonly endMs: number },
): number | undefined {
  const index = indexOf(trace, timeline);
  const kernel = index.kernelOf(step.thread);
  if (kernel?.samples.some(({ coreWaitMs }) => coreWaitMs !== undefined) !== true) return undefined;
  const counts = countsOfThread(index, step.thread);
  if (counts === undefined || step.beginMs < counts.fromMs || step.endMs > counts.toMs) return undefined;
  return Math.max(0, lengthOf(step) - counts.used(step.beginMs, step.endMs).waitMs);
}

/**
 * How a thread's time divides, within a range or over the whole recording.
 *
 * From the kernel's counts where it was asked; what the thread slept for comes from
 * the records, and where they are silent from the state in which it was seen. Else
 * from the records alone: it runs inside steps.
 *
 * @since 0.1.0
 */
export function splitOfThread(
  trace: Trace,
  timeline: Timeline,
  thread: number,
  fromMs: number = 0,
  toMs: number = Infinity,
): TimeSplit {
  const index = indexOf(trace, timeline);
  const lane = timeline.threads.find((candidate) => candidate.index === thread);
  const counts = countsOfThread(index, thread);
  const begin = Math.max(fromMs, lane?.fromMs ?? counts?.fromMs ?? 0);
  const end = Math.min(toMs, lane?.toMs ?? counts?.toMs ?? 0);
  const sums = new Sums();
  if (end <= begin) return sums.toSplit("not available");
  const steps = union(index.stepsOn(thread).top);
  const blocked = blockedOn(index, thread);
  const running = timeWithin(steps, begin, end);
  if (counts === undefined) {
    sums.add("running", running);
    sums.add("io", end - begin - running);
    for (const { way, stretches } of blocked) {
      const insideMs = timeWithin(intersection(steps, stretches), begin, end);
      sums.move("running", way, insideMs);
      sums.move("io", way, timeWithin(stretches, begin, end) - insideMs);
    }
    const isComplete = timeline.droppedRecords === 0 && !timeline.steps.some(({ isSuspended }) => isSuspended);
    return sums.toSplit(isComplete ? "measured" : "inferred");
  }
  const used = counts.used(begin, end);
  const cpuMs = Math.min(used.cpuMs, end - begin);
  const waitMs = Math.min(used.waitMs, end - begin - cpuMs);
  sums.add("running", cpuMs);
  sums.add("ready", waitMs);
  sums.add("io", end - begin - cpuMs - waitMs);
  for (const { way, stretches } of blocked) sums.move("io", way, timeWithin(stretches, begin, end));
  sums.move("io", "lock", sleptOnLock(index, counts, begin, end, steps, blocked));
  return sums.toSplit("sampled");
}

interface Blocked {
  readonly way: Exclude<Way, "running" | "ready">;
  readonly stretches: readonly Stretch[];
}

/** The times in which a thread as a whole waited for something of ours. */
function blockedOn(index: TraceIndex, thread: number): readonly Blocked[] {
  const waits = index.timeline.waits.filter((wait) => wait.thread === thread && isBlockingWait(wait.name));
  return [...groupBy(waits, ({ name }) => wayOfWait(name))].map(([way, spans]) => ({ way, stretches: union(spans) }));
}

/**
 * How long it was seen asleep on a lock of which the records do not tell. A thread of
 * a pool that has nothing to do sleeps so too; it is in no step then.
 */
function sleptOnLock(
  { trace }: TraceIndex,
  counts: ThreadCounts,
  fromMs: number,
  toMs: number,
  steps: readonly Stretch[],
  blocked: readonly Blocked[],
): number {
  const known = union(blocked.flatMap(({ stretches }) => stretches));
  const asleep: Stretch[] = [];
  for (const { sample, beginMs, endMs } of counts.statesWithin(fromMs, toMs, trace.startedMs)) {
    if (sample.state === "lock") asleep.push({ beginMs, endMs });
  }
  const isOurs = counts.thread.index !== undefined;
  const inside = isOurs ? intersection(asleep, steps) : asleep;
  return totalOf(inside) - totalOf(intersection(inside, known));
}
