/**
 * Where jobs run. The structure of a program does not depend on it: `on:` takes
 * any executor, and a job without one runs on this thread.
 */
import type { Cancel } from "./cancel.js";
import type { Scope } from "./scope.js";

/** The key under which a task carries its identity; shared by all copies of the library. */
export const TASK: unique symbol = Symbol.for("skein.task") as never;

/** How any thread finds a task again. */
export interface TaskIdentity {
  /** URL of the module that declares it. */
  readonly module: string;
  /** Its name there, or `#` and its position among the module's unnamed tasks. */
  readonly key: string;
  /** True if its first parameter is the scope of its job. */
  readonly takesScope: boolean;
  /** What it declares of its arguments and its result, for executors that know of shapes. */
  readonly shapes: { readonly args?: unknown; readonly result?: unknown } | undefined;
  /** The function inside which it seems to have been declared, in words. */
  readonly declaredIn: string | undefined;
  /** True if its one argument is a list, with each item of which that function is called. */
  readonly isOfLists: boolean;
}

/**
 * A declared function that may run elsewhere. Called as a function, it is an
 * ordinary function and runs here.
 *
 * @since 0.1.0
 */
export interface Task<Args extends readonly unknown[], Result> {
  (...args: Args): Result;
  readonly [TASK]: TaskIdentity & { readonly takesScope: false };
}

/**
 * A task whose job's scope is its first parameter, on a thread too.
 *
 * @since 0.1.0
 */
export interface ScopedTask<Args extends readonly unknown[], Result> {
  (scope: Scope, ...args: Args): Result;
  readonly [TASK]: TaskIdentity & { readonly takesScope: true };
}

/** Any task, scoped or not. */
export type AnyTask = Task<never, unknown> | ScopedTask<never, unknown>;

/** The identity of a task, or `undefined` for any other value. */
export function taskIdentity(value: unknown): TaskIdentity | undefined {
  return typeof value === "function" && TASK in value ? (value as unknown as AnyTask)[TASK] : undefined;
}

/** What jobs have in common that are to run on one thread, in order: as two keys of a `Map`, `1` and `"1"` are two. */
export type Affinity = string | number;

/** What many calls in one job gave. */
export interface ListResult {
  /** Of the first items: of all, unless those took long, and then the others are left to be shared out anew. */
  readonly values: unknown[];
  /** For how long the job ran. */
  readonly ms: number;
}

/** A task that takes the list of the arguments of many calls of another. */
export type ListTask = Task<[items: readonly unknown[]], ListResult | Promise<ListResult>>;

/** What an executor is told of a job besides its task and arguments. */
export interface RunOptions {
  /** The job's number, unique in the process. */
  readonly jobId: number;
  readonly name: string;
  /** Asks the executor to stop the job. One not started yet must never start. */
  readonly cancel: Cancel;
  /**
   * Aborts when the job's time for cleanup is over too: whatever still runs must
   * now be stopped by force, and the promise settle soon.
   */
  readonly graceOver: AbortSignal;
  /** Higher goes first, where the executor knows priorities; 0 by default. */
  readonly priority: number;
  /** Jobs with the same one are to run on one thread, where the executor has several. */
  readonly affinity?: Affinity | undefined;
  /**
   * Made where the job was spawned, or where jobs of its task were before, which its message
   * says: its stack goes below that of an error of the job.
   */
  readonly spawnSite: Error;
  /** Objects to be moved to the job instead of copied. */
  readonly transfer: readonly object[];
  /** To be called when the job's code starts. */
  readonly onStart: () => void;
}

/**
 * Runs tasks somewhere.
 *
 * The promise settles exactly once for each call: with the task's result or
 * error, with a `CancelledError` for a job stopped because `cancel` asked for it,
 * or with a `WorkerLostError`.
 *
 * @since 0.1.0
 */
export interface Executor {
  readonly name: string;
  /** True if jobs run on the thread that spawns them: scopes then run them themselves. */
  readonly runsHere?: boolean;
  /**
   * Asked at each spawning, if it is there: true if this job is to run here, as if no
   * executor had been named, and at its cost; or the function that is to do so in place of
   * the task's, with the same arguments.
   */
  letsRunHere?(task: unknown, affinity: Affinity | undefined): boolean | ((...args: unknown[]) => unknown);
  /** How many jobs it runs at the same time, for executors that take lists. */
  readonly jobsAtOnce?: number;
  /**
   * If it is there: a task for this executor that does in one job what `task` does with one
   * argument in many. `undefined` for a task that can't be run so.
   */
  ofLists?(task: AnyTask): ListTask | undefined;
  run<Result>(task: AnyTask, args: readonly unknown[], options: RunOptions): Promise<Result>;
}

/**
 * What is told of each spawning, and may have a job run elsewhere than its program says:
 * for observing programs. `undefined` unless one is observed.
 */
export const spawning: {
  watch: ((fn: unknown, name: string, on: Executor | undefined) => Executor | undefined) | undefined;
} = { watch: undefined };
