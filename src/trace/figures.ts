/** The numbers of a timeline, each with what it rests on. */
import { type Level, levelsOf, outermost, timeAtLevels } from "./levels.js";
import type { Outcome, StepSpan, Timeline } from "./spans.js";

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
 * How durations are spread; percentiles are the nearest one that occurred.
 *
 * @since 0.1.0
 */
export interface Durations {
  readonly count: number;
  readonly totalMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

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
  readonly droppedRecords: Figure;
}

/**
 * Computes the figures of a timeline.
 *
 * **Cost** Sorting the jobs and steps.
 *
 * @since 0.1.0
 */
export function computeFigures(timeline: Timeline): Figures {
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
    droppedRecords: figure("measured", timeline.droppedRecords),
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

function spread(durations: readonly number[]): Durations | undefined {
  if (durations.length === 0) return undefined;
  const sorted = durations.toSorted((a, b) => a - b);
  const nearest = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
  return {
    count: sorted.length,
    totalMs: sorted.reduce((sum, duration) => sum + duration, 0),
    p50Ms: nearest(0.5),
    p99Ms: nearest(0.99),
    mostMs: nearest(1),
  };
}
