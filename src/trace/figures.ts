/** The numbers of a timeline, each with what it rests on. */
import { ProbeKind } from "../core/probe.js";
import { type CoreUse, coreUse, hasCoreWaits } from "./core-use.js";
import { type Durations, spread } from "./durations.js";
import { type Level, levelsOf, outermost, timeAtLevels } from "./levels.js";
import type { Outcome, StepSpan, Timeline } from "./spans.js";
import { indexOf } from "./trace-index.js";
import type { Trace } from "./trace.js";
import { type Way, wayOfWait } from "./wait-ways.js";

/**
 * What a figure rests on: "exact" is the kernel's own count; "measured" our
 * records, all of them; "sampled" readings now and then; "inferred" records that
 * tell only a part, so the truth may be more.
 *
 * @since 0.1.0
 */
export type Badge = "exact" | "measured" | "sampled" | "inferred" | "not available";

/**
 * A number, or several that belong together, with what it rests on.
 *
 * @since 0.1.0
 */
export type Figure<Value = number> =
  | { readonly badge: Exclude<Badge, "not available">; readonly value: Value }
  | { readonly badge: "not available"; readonly value: undefined };

/**
 * How long a thread was inside synchronous steps.
 *
 * @since 0.1.0
 */
export interface ThreadBusy {
  readonly index: number;
  readonly name: string;
  readonly busyMs: number;
  /** Of the whole recording, from 0 to 1. */
  readonly share: number;
}

/**
 * The figures of a recording.
 *
 * A job is in flight from its spawning to its end; the bodies of scopes do not
 * count. A thread runs while it is inside a synchronous step. Of a job that goes
 * on after an `await` only the first step is recorded, so what rests on steps is
 * then "inferred"; what the kernel counts is complete.
 *
 * @since 0.1.0
 */
export interface Figures {
  readonly durationMs: Figure;
  readonly jobs: Figure;
  /** How many jobs ended in which way; `unfinished` are those not known to have ended. */
  readonly outcomes: Figure<Readonly<Record<Outcome | "unfinished", number>>>;
  /** Concurrency: jobs in flight, over time. */
  readonly inFlight: Figure<readonly Level[]>;
  readonly mostInFlight: Figure;
  /** Over the whole recording, each level weighted with its time. */
  readonly meanInFlight: Figure;
  /** Parallelism as the spans show it: threads that run, over time. */
  readonly running: Figure<readonly Level[]>;
  readonly mostRunning: Figure;
  readonly meanRunning: Figure;
  /** Milliseconds in which no thread ran, one did, two did, and so on. */
  readonly timeAtParallelism: Figure<readonly number[]>;
  readonly threads: Figure<readonly ThreadBusy[]>;
  readonly busiestThread: Figure<ThreadBusy>;
  /** Of each job that ran: the length of its steps. */
  readonly runTime: Figure<Durations>;
  /** Of each job that started: from its spawning to its start. */
  readonly waitTime: Figure<Durations>;
  readonly cpuMs: Figure;
  /** Parallelism as the kernel counts it: cores that the process kept busy on average, its engine's own threads too. */
  readonly coresBusy: Figure;
  readonly coreWaitMs: Figure;
  /** Cores that the process would have kept busy had it not had to wait for any. */
  readonly coresWanted: Figure;
  readonly coresAllowed: Figure;
  /** Cores that the process wanted, may use, and did not get, on average: others used them. */
  readonly coresTaken: Figure;
  /** Cores wanted, and cores that worked, over time; threads that record are left out. */
  readonly coreUse: Figure<readonly CoreUse[]>;
  /** Milliseconds in which none of the cores worked for the program, one did, two did, and so on. */
  readonly timeAtCores: Figure<readonly number[]>;
  /** Milliseconds of all waits together, by what they were for. */
  readonly waitedMs: Figure<Readonly<Record<Exclude<Way, "running" | "ready">, number>>>;
  /** From the end of a wait to the moment at which its job went on. */
  readonly wakeTime: Figure<Durations>;
  /** Jobs that a thread took from another's line. */
  readonly steals: Figure;
  /** How often threads went to sleep for want of work, and were woken. */
  readonly parks: Figure;
  readonly wakeUps: Figure;
  /** How long the garbage collector held threads up, each time. */
  readonly gcTime: Figure<Durations>;
  readonly droppedRecords: Figure;
}

/**
 * Computes the figures of a timeline.
 *
 * @param trace - what the timeline was made of; without it, what rests on readings of
 *   single threads is "not available"
 *
 * **Cost** Sorting the jobs and steps; with the trace, a pass over its records.
 *
 * @since 0.1.0
 */
export function computeFigures(timeline: Timeline, trace?: Trace): Figures {
  const { durationMs, jobs, steps } = timeline;
  const { cpuMs, coreWaitMs, cores } = timeline.usage;
  const ofRecords = timeline.droppedRecords > 0 ? "inferred" : "measured";
  const ofSteps = steps.some(({ isSuspended }) => isSuspended) ? "inferred" : ofRecords;
  const inFlight = levelsOf(jobs, durationMs);
  const topSteps = outermost(steps);
  const running = levelsOf(topSteps, durationMs);
  const threads = busyThreads(timeline, topSteps);
  const busiest = threads.reduce<ThreadBusy | undefined>(
    (most, thread) => (most !== undefined && most.busyMs >= thread.busyMs ? most : thread),
    undefined,
  );
  const jobsWithSteps = jobs.filter((job) => job.steps.length > 0);
  const hasDuration = durationMs > 0;
  return {
    durationMs: figure("measured", durationMs),
    jobs: figure(ofRecords, jobs.length),
    outcomes: figure(ofRecords, countOutcomes(timeline)),
    inFlight: figure(ofRecords, inFlight),
    mostInFlight: figure(ofRecords, highest(inFlight)),
    meanInFlight: figure(ofRecords, mean(inFlight, durationMs)),
    running: figure(ofSteps, running),
    mostRunning: figure(ofSteps, highest(running)),
    meanRunning: figure(ofSteps, mean(running, durationMs)),
    timeAtParallelism: figure(ofSteps, timeAtLevels(running, durationMs)),
    threads: figure(ofSteps, threads),
    busiestThread: figure(ofSteps, busiest),
    runTime: figure(
      ofSteps,
      spread(jobsWithSteps.map((job) => job.steps.reduce((sum, step) => sum + step.endMs - step.beginMs, 0))),
    ),
    waitTime: figure(ofRecords, spread(jobs.flatMap(({ waitMs }) => waitMs ?? []))),
    cpuMs: figure("exact", cpuMs),
    coresBusy: figure("exact", hasDuration && cpuMs !== undefined ? cpuMs / durationMs : undefined),
    // Of threads that end meanwhile the last bit is missing.
    coreWaitMs: figure("sampled", coreWaitMs),
    coresWanted: figure(
      "sampled",
      hasDuration && cpuMs !== undefined && coreWaitMs !== undefined ? (cpuMs + coreWaitMs) / durationMs : undefined,
    ),
    coresAllowed: figure("exact", cores),
    coresTaken: figure("sampled", coresTaken(timeline)),
    coreUse: figure("sampled", trace === undefined || !hasCoreWaits(trace) ? undefined : coreUse(trace, 0, durationMs)),
    timeAtCores: figure("exact", trace === undefined ? undefined : timeAtCores(trace)),
    waitedMs: figure(ofRecords, sumWaits(timeline)),
    wakeTime: figure(ofSteps, trace === undefined ? undefined : spread(wakeTimes(trace, timeline))),
    ...countedFigures(trace, ofRecords),
    droppedRecords: figure("measured", timeline.droppedRecords),
  };
}

function coresTaken({ durationMs, usage: { cpuMs, coreWaitMs, cores = Infinity } }: Timeline): number | undefined {
  if (durationMs <= 0 || cpuMs === undefined || coreWaitMs === undefined) return undefined;
  return Math.max(0, Math.min((cpuMs + coreWaitMs) / durationMs, cores) - cpuMs / durationMs);
}

/** Only the time between the first and the last switch was watched. */
function timeAtCores({ kernel }: Trace): readonly number[] | undefined {
  const runs = kernel?.coreRuns;
  const fromMs = runs?.[0]?.beginMs;
  if (runs === undefined || fromMs === undefined) return undefined;
  const spans = runs.map(({ beginMs, endMs }) => ({ beginMs: beginMs - fromMs, endMs: endMs - fromMs }));
  const lengthMs = spans.reduce((most, { endMs }) => Math.max(most, endMs), 0);
  return timeAtLevels(levelsOf(spans, lengthMs), lengthMs);
}

function sumWaits({ waits }: Timeline): Record<Exclude<Way, "running" | "ready">, number> {
  const sums = { io: 0, lock: 0, channel: 0, jobs: 0 };
  for (const { name, beginMs, endMs } of waits) sums[wayOfWait(name)] += endMs - beginMs;
  return sums;
}

/** Of waits whose job was seen to go on. */
function wakeTimes(trace: Trace, timeline: Timeline): readonly number[] {
  const index = indexOf(trace, timeline);
  const resumed = new Set<number>();
  for (const { records } of trace.threads) {
    for (const { kind, subject } of records) {
      if (kind === ProbeKind.jobResume) resumed.add(index.actorOf(subject));
    }
  }
  const times: number[] = [];
  for (const actor of resumed) {
    const steps = index.stepsOf(actor);
    const waits = index.waitsOf(actor).filter(({ span }) => span.end === "seen");
    let next = 0;
    for (const { span } of waits.toSorted((a, b) => a.span.endMs - b.span.endMs)) {
      while ((steps[next]?.beginMs ?? Infinity) < span.endMs) next++;
      const step = steps[next];
      if (step !== undefined) times.push(step.beginMs - span.endMs);
    }
  }
  return times;
}

function countedFigures(
  trace: Trace | undefined,
  badge: "inferred" | "measured",
): Pick<Figures, "steals" | "parks" | "wakeUps" | "gcTime"> {
  if (trace === undefined) {
    const none = figure<number>(badge, undefined);
    return { steals: none, parks: none, wakeUps: none, gcTime: figure<Durations>(badge, undefined) };
  }
  let [steals, parks, wakeUps] = [0, 0, 0];
  const pauses: number[] = [];
  for (const { records } of trace.threads) {
    for (const { kind, other } of records) {
      if (kind === ProbeKind.steal) steals++;
      else if (kind === ProbeKind.threadPark) parks++;
      else if (kind === ProbeKind.threadUnpark) wakeUps++;
      else if (kind === ProbeKind.gcPause) pauses.push(other);
    }
  }
  return {
    steals: figure(badge, steals),
    parks: figure(badge, parks),
    wakeUps: figure(badge, wakeUps),
    gcTime: figure(badge, spread(pauses)),
  };
}

function figure<Value>(badge: Exclude<Badge, "not available">, value: Value | undefined): Figure<Value> {
  return value === undefined ? { badge: "not available", value: undefined } : { badge, value };
}

function countOutcomes({ jobs }: Timeline): Record<Outcome | "unfinished", number> {
  const counts = { done: 0, failed: 0, cancelled: 0, abandoned: 0, unfinished: 0 };
  for (const { outcome } of jobs) counts[outcome ?? "unfinished"]++;
  return counts;
}

function highest(levels: readonly Level[]): number {
  return levels.reduce((most, { count }) => Math.max(most, count), 0);
}

function mean(levels: readonly Level[], durationMs: number): number | undefined {
  if (durationMs === 0) return undefined;
  return timeAtLevels(levels, durationMs).reduce((sum, timeMs, count) => sum + timeMs * count, 0) / durationMs;
}

function busyThreads({ threads, durationMs }: Timeline, topSteps: readonly StepSpan[]): readonly ThreadBusy[] {
  const busyMs = new Map<number, number>();
  for (const { thread, beginMs, endMs } of topSteps) busyMs.set(thread, (busyMs.get(thread) ?? 0) + endMs - beginMs);
  return threads.map(({ index, name }) => {
    const busy = busyMs.get(index) ?? 0;
    return { index, name, busyMs: busy, share: durationMs === 0 ? 0 : busy / durationMs };
  });
}
