/** What a pool of threads is to its users: options, verbs, figures. */
import { host } from "#host";

import { describeKind } from "../async/cancel.js";
import {
  type Affinity,
  type AnyTask,
  type Executor,
  type RunOptions,
  type Task,
  type TaskIdentity,
  taskIdentity,
} from "../async/executor.js";
import { requireAffinity } from "../async/scope-arguments.js";
import { MisuseError } from "../core/errors.js";
import type { DurationStatistics } from "./histogram.js";
import type { ResourceLimits } from "./host/host.js";
import { MOST_RUNNING } from "./line.js";
import type { StreamOptions } from "./stream.js";

/** Options of a pool. */
export interface ThreadPoolOptions {
  /** Threads at most; the cores that this process may keep busy by default. */
  readonly size?: number;
  /** Threads that stay although there is nothing to do; 1 by default. They start when first needed, or by `ready`. */
  readonly minSize?: number;
  /** Its threads are called by this name and a number. */
  readonly name?: string;
  /** A thread beyond `minSize` that ran nothing for so long ends; 30 s by default, `Infinity` for never. */
  readonly idleMs?: number;
  /**
   * Jobs that a thread runs at once, all but one of them waiting for something; 1 by
   * default, 64 at most. More is for jobs that mostly wait.
   */
  readonly jobsPerThread?: number;
  /**
   * Jobs that may wait for a thread; `Infinity` by default. Beyond that `run` and
   * `spawn` fail with `SKEIN_QUEUE_FULL`, and `submit` waits.
   */
  readonly maxQueue?: number;
  /** What a thread may take of memory, as for `node:worker_threads`. A thread that takes more is lost, with its jobs. */
  readonly resourceLimits?: ResourceLimits;
  /** Run on each thread before its first job, to open what its jobs need. If it fails, so do the jobs that wait for the thread. */
  readonly onThreadStart?: Task<[], unknown>;
  /** A module whose import takes longer on a thread has hung: the jobs that wait for it fail, and the thread is stopped; 30 s by default. */
  readonly importMs?: number;
  /** A thread that has run so many jobs is replaced by a new one; `Infinity` by default. */
  readonly recycleAfterJobs?: number;
  /** A thread with a heap of so many megabytes is replaced between jobs; `Infinity` by default. */
  readonly recycleAboveMb?: number;
  /** Cores on which its threads may run, by their numbers; all by default. Only on Linux, with `taskset` installed. */
  readonly cores?: readonly number[];
}

/** One thread of a pool at one moment. */
export interface PoolThreadStatistics {
  readonly name: string;
  /** Its `threadIndex`. */
  readonly index: number;
  /** The operating system's number of it, where that is known. */
  readonly kernelThreadId: number | undefined;
  /** Calls that it began to run. */
  readonly runs: number;
  /** Of those, calls that had been given to another thread. */
  readonly steals: number;
  /** How often it went to sleep, and how often of those it blocked. */
  readonly parks: number;
  readonly blocks: number;
  /** Messages by which it had the pool look for outcomes. */
  readonly signals: number;
  /** Share of its life for which it ran calls, those that ran at once each by itself, or helped with parallel calls. */
  readonly utilisation: number;
  /** Megabytes on its heap when it looked last. */
  readonly heapMb: number;
  /** Keys whose jobs it runs, of those that the pool remembers. */
  readonly keys: number;
}

/** Figures of a pool at one moment. */
export interface ThreadPoolStatistics {
  readonly name: string;
  /** Threads at most. */
  readonly size: number;
  /** Threads alive. */
  readonly alive: number;
  /** Jobs on threads. */
  readonly running: number;
  /** Jobs that wait for a thread. */
  readonly queued: number;
  /** Jobs settled since the pool was made, however they ended. */
  readonly settled: number;
  /** Threads that ended although the pool did not end them. */
  readonly lost: number;
  /** Threads that it ended: idle, or replaced. */
  readonly retired: number;
  /** Keys that it remembers: those of the jobs it has, and those used last. */
  readonly keys: number;
  /** For how long jobs ran, with what they waited for while running. */
  readonly run: DurationStatistics;
  /** What jobs took beyond that, from submission to outcome: in queues and on the way. */
  readonly wait: DurationStatistics;
  /** Run times by task. */
  readonly tasks: Readonly<Record<string, DurationStatistics>>;
  readonly threads: readonly PoolThreadStatistics[];
}

/** What gives values one by one, at once or later. */
export type Streamed<Value> =
  | Iterable<Value>
  | AsyncIterable<Value>
  | PromiseLike<Iterable<Value> | AsyncIterable<Value>>;

/** Options of one job that no scope owns. */
export interface JobOptions {
  /**
   * A key: jobs with the same one begin in order of submission on one thread, as long
   * as that lives, and no other takes them over. So what they keep there, a cache or a
   * connection for each key, is found again, and needs no lock.
   *
   * Keys are spread over all threads that the pool may have, few of them evenly; a thread
   * starts when jobs come for it. A job waits for its key's thread though others are idle.
   * If that ends, idle or replaced or lost, the next one in its place runs what had not
   * begun, in order. The pool remembers the keys of the jobs it has and those used last
   * (16384 of them); another comes to the same thread again mostly, not always.
   */
  readonly affinity?: Affinity;
}

/** A job that a pool has taken. */
export interface Submitted<Result> {
  readonly result: Promise<Result>;
}

/** A job that its caller can do without. */
export interface Helping {
  readonly ended: Promise<void>;
  /** @returns false if a thread has taken it */
  takeBack(): boolean;
}

/**
 * Runs tasks on OS threads, as many as it has at the same time.
 *
 * Threads start when jobs need them: the first at once, others when jobs have waited
 * for some milliseconds. An idle pool does not keep the process alive.
 *
 * **Fairness** Jobs start in order of submission. A job of a scope with a `priority`
 * starts as if it had been submitted a second earlier for each step, so that none waits
 * for ever. Idle threads take over jobs that wait behind others, except those with keys
 * (see `affinity`), of which each thread begins its own in that order.
 *
 * @since 0.1.0
 */
export interface ThreadPool extends Executor, AsyncDisposable {
  readonly size: number;
  /**
   * Runs a task on one of its threads, owned by no scope: the caller sees to it that
   * somebody awaits the promise. The fastest way to have one task after another run.
   *
   * The array of arguments is taken as it is now. Objects in it are copied when the job is put on
   * a thread's line: at once while there is room, else later. So don't change them before
   * it has settled.
   *
   * **Throws** what the task throws; `SKEIN_QUEUE_FULL`; `SKEIN_CLOSED`;
   * `SKEIN_WORKER_LOST`; `SKEIN_NOT_TRANSFERABLE`.
   */
  run<Args extends readonly unknown[], Result>(
    task: Task<Args, Result>,
    args: Args,
    options?: JobOptions,
  ): Promise<Awaited<Result>>;
  run<Result>(task: AnyTask, args: readonly unknown[], options: RunOptions): Promise<Result>;
  /**
   * As `run`, but waits for room in the queue first: what it gives settles when the
   * pool has taken the job, its `result` when that has ended. In order of the calls.
   */
  submit<Args extends readonly unknown[], Result>(
    task: Task<Args, Result>,
    args: Args,
    options?: JobOptions,
  ): Promise<Submitted<Awaited<Result>>>;
  /**
   * The values that a task gives one by one, as a generator or an async one does: the
   * job runs ahead by `capacity` values, then waits until some are taken. Leaving the
   * loop ends the job, and its generator's `finally` runs.
   *
   * The job starts when the first value is asked for. A failure of it is thrown where
   * the next value would be.
   *
   * @example
   * ```ts
   * export const squares = task(function* squares(end: number) {
   *   for (let i = 0; i < end; i++) yield i * i;
   * });
   * main(async () => {
   *   for await (const square of threads().stream(squares, [3])) console.log(square); // 0
   * });
   * ```
   */
  stream<Args extends readonly unknown[], Value>(
    task: Task<Args, Streamed<Value>>,
    args: Args,
    options?: StreamOptions & JobOptions,
  ): AsyncGenerator<Value, void, undefined>;
  /** Starts all its threads and has them import the modules of these tasks; settles when they have. */
  ready(...tasks: readonly AnyTask[]): Promise<void>;
  statistics(): ThreadPoolStatistics;
  /**
   * Shows the threads now what was submitted, instead of at the end of the microtask, and takes
   * what outcomes there are: for who blocks this thread then.
   */
  publish?(): void;
  /**
   * Has a thread run a task that helps its caller, who can do without: beside the limit of the
   * queue, and until a thread takes it it can be taken back. **Throws** as `run` rejects.
   */
  help?(task: AnyTask, args: readonly unknown[]): Helping;
  /** Wakes its thread with that index if it sleeps: it looks whether it is wanted, for a parallel call. @returns whether it slept */
  wakeThread?(index: number): boolean;
  /** Stops its thread with that index by force, in whatever it does: the job that it runs fails, and another thread starts in its place. */
  stopThread?(index: number): void;
  /** Settles when it has no jobs any more; it goes on taking some. */
  drain(): Promise<void>;
  /** Takes no more jobs, waits for those it has, and stops its threads. */
  close(): Promise<void>;
  /** Takes no more jobs and stops its threads at once: the jobs it has fail with `SKEIN_CLOSED`. */
  destroy(): Promise<void>;
  /** As `close`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options with what was left out filled in. */
export interface PoolPlan {
  readonly size: number;
  readonly minSize: number;
  readonly name: string;
  readonly idleMs: number;
  readonly jobsPerThread: number;
  readonly maxQueue: number;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly onThreadStart: TaskIdentity | undefined;
  readonly importMs: number;
  readonly recycleAfterJobs: number;
  readonly recycleAboveMb: number;
  readonly cores: readonly number[] | undefined;
}

const IDLE_MS = 30_000;
const IMPORT_MS = 30_000;

/** Reads options. Throws `SKEIN_INVALID_ARGUMENT`, `SKEIN_NOT_A_TASK`. */
export function planOf(options: ThreadPoolOptions = {}): PoolPlan {
  if (typeof options !== "object" || options === null) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `threads expected options, but ${describeKind(options)} came`);
  }
  const size = options.size ?? host.allowedCores();
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `the size of a pool must be a whole number from 1 on, but ${describeKind(size)} came`,
    );
  }
  const { cores } = options;
  if (cores !== undefined && !(Array.isArray(cores) && cores.length > 0 && cores.every(isCount))) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      "cores must be an array of numbers of cores, as [0, 2]: whole numbers from 0 on",
    );
  }
  return {
    size,
    minSize: Math.min(size, numberOf("minSize", options.minSize, 1, 0)),
    name: options.name ?? "threads",
    idleMs: numberOf("idleMs", options.idleMs, IDLE_MS, 0, Infinity, isDuration),
    jobsPerThread: numberOf("jobsPerThread", options.jobsPerThread, 1, 1, MOST_RUNNING),
    maxQueue: numberOf("maxQueue", options.maxQueue, Infinity, 0),
    resourceLimits: options.resourceLimits,
    onThreadStart: identityOf(options.onThreadStart),
    importMs: numberOf("importMs", options.importMs, IMPORT_MS, 1, Infinity, isDuration),
    recycleAfterJobs: numberOf("recycleAfterJobs", options.recycleAfterJobs, Infinity, 1),
    recycleAboveMb: numberOf("recycleAboveMb", options.recycleAboveMb, Infinity, 1, Infinity, isDuration),
    cores,
  };
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isDuration = (value: unknown): boolean => typeof value === "number" && !Number.isNaN(value);
const isCountOrInfinity = (value: unknown): boolean => value === Infinity || Number.isSafeInteger(value);

function numberOf(
  name: string,
  value: number | undefined,
  otherwise: number,
  least: number,
  most = Infinity,
  isKind = isCountOrInfinity,
): number {
  if (value === undefined) return otherwise;
  if (isKind(value) && value >= least && value <= most) return value;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${name} must be a ${isKind === isDuration ? "" : "whole "}number from ${least} ${most === Infinity ? "on" : `to ${most}`}, but ${describeKind(value)} came`,
  );
}

function identityOf(task: unknown): TaskIdentity | undefined {
  if (task === undefined) return undefined;
  const identity = taskIdentity(task);
  if (identity !== undefined && !identity.takesScope) return identity;
  throw new MisuseError(
    "SKEIN_NOT_A_TASK",
    `onThreadStart expected a task, which threads can import, but ${describeKind(task)} came: const open = task(function open() { … })`,
  );
}

/** Refuses what are no options of a job. Throws `SKEIN_INVALID_ARGUMENT`. */
export function requireJobOptions(options: unknown): asserts options is JobOptions | undefined {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `a job of a pool expected options, such as { affinity: "a" }, after its arguments, but ${describeKind(options)} came`,
    );
  }
  requireAffinity((options as JobOptions).affinity);
}

/** Whether they are those of a job of a scope. */
export function isOfScope(options: JobOptions | RunOptions | undefined): options is RunOptions {
  return options !== undefined && "jobId" in options;
}
