/** What a pool of threads is to its users: options, verbs, figures. */
import { host } from "#host";

import { describeKind } from "../async/cancel.js";
import type { AnyTask, Executor, RunOptions, Task } from "../async/executor.js";
import { MisuseError } from "../core/errors.js";

/** Options of a pool. */
export interface ThreadPoolOptions {
  /** Threads at most; the cores that this process may keep busy by default. */
  readonly size?: number;
  /** Its threads are called by this name and a number. */
  readonly name?: string;
}

/** Counters of a pool at one moment. */
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
  /** Threads that ended although the pool did not close. */
  readonly lost: number;
}

/**
 * Runs tasks on OS threads, as many as it has at the same time.
 *
 * Threads start when jobs need them and stay. An idle pool does not keep the
 * process alive.
 *
 * **Fairness** Jobs start in order of submission, unless they have priorities.
 *
 * @since 0.1.0
 */
export interface ThreadPool extends Executor {
  readonly size: number;
  /**
   * Runs a task on one of its threads, owned by no scope: the caller sees to it that
   * somebody awaits the promise. The fastest way to have one task after another run.
   */
  run<Args extends readonly unknown[], Result>(task: Task<Args, Result>, args: Args): Promise<Awaited<Result>>;
  run<Result>(task: AnyTask, args: readonly unknown[], options: RunOptions): Promise<Result>;
  statistics(): ThreadPoolStatistics;
  /**
   * Takes no more jobs, waits for those it has, and stops its threads.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Options with what was left out filled in. */
export interface PoolPlan {
  readonly size: number;
  readonly name: string;
}

/** Reads options. Throws `SKEIN_INVALID_ARGUMENT`. */
export function planOf(options: ThreadPoolOptions | undefined): PoolPlan {
  if (options !== undefined && (typeof options !== "object" || options === null)) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `threads expected options, but ${describeKind(options)} came`);
  }
  const size = options?.size ?? host.allowedCores();
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `the size of a pool must be a whole number from 1 on, but ${describeKind(size)} came`,
    );
  }
  return { size, name: options?.name ?? "threads" };
}
