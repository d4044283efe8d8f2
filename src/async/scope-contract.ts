/** What a scope promises to its users; `scope.ts` keeps it. */
import type { CancelSource } from "./cancel.js";
import type { Affinity, Executor, ScopedTask } from "./executor.js";
import type { Job } from "./job.js";
import type { Ready } from "./start.js";
import type { JobResult } from "./steps.js";

/** Options of a scope. */
export interface ScopeOptions {
  /** How dumps, recordings and errors name the scope. */
  readonly name?: string;
  /** Time for everything in the scope, counted from its start. */
  readonly timeoutMs?: number;
  /** The moment by which it must have ended, on the clock of `performance.now()`. */
  readonly deadlineMs?: number;
  /**
   * A job's failure leaves the other jobs and the body running. `true`: failures
   * that nobody awaited are thrown when the scope ends. A function: called once
   * with each failure; what it throws fails the scope.
   */
  readonly supervise?: boolean | ((error: unknown, job: Job<unknown>) => void);
  /**
   * Time that jobs have to end after a cancellation; then they are abandoned and
   * the scope fails with a `StuckError` that names them. Inherited; 5000 by
   * default.
   */
  readonly graceMs?: number;
}

/** Options of one job. */
export interface SpawnOptions {
  /** Where it runs: this thread's event loop if omitted. */
  readonly on?: Executor;
  /** How dumps, recordings and errors name it; its function's name if omitted. */
  readonly name?: string;
  /** Higher goes first, where the executor knows priorities; 0 by default. */
  readonly priority?: number;
  /**
   * Objects to be moved to another thread instead of copied. Once a thread has moved a buffer away V8 checks
   * each access to typed arrays there: simple loops take twice as long (bench `moved-buffers`), over a
   * `SharedArray` in place of it they do not.
   */
  readonly transfer?: readonly object[];
  /** Time for the job, counted from when its code starts. */
  readonly timeoutMs?: number;
  /**
   * A key: jobs of a pool of threads that have the same one begin in order on one
   * thread, as long as that lives, so that what they keep there is found again. For
   * executors with one thread it means nothing.
   */
  readonly affinity?: Affinity;
}

/**
 * Owns jobs, and ends only when all of them have ended.
 *
 * **Threads** A scope is used on the thread that made it.
 *
 * @since 0.1.0
 */
export interface Scope extends CancelSource {
  readonly name: string;
  /** True once cancelled, by itself or from above; it stays so. */
  readonly isCancelled: boolean;
  /** Follows the scope's cancellation, for platform calls that take a signal. */
  readonly signal: AbortSignal;
  /**
   * The earliest deadline of this scope and those around it, on the clock of
   * `performance.now()`; Infinity if none. Setting it moves this scope's own.
   */
  deadlineMs: number;

  /**
   * Starts a job: at the next microtask, in order of spawning.
   *
   * A function without arguments that declares a parameter is given a scope of
   * its own, inside this one. A scoped task always is.
   *
   * **Throws** `SKEIN_SCOPE_CLOSED` if the scope has ended, and then nothing
   * starts. Into a cancelled scope that is still open a job can be spawned: it
   * ends cancelled without running.
   */
  spawn<Args extends readonly unknown[], Result>(
    task: ScopedTask<Args, Result>,
    args: NoInfer<Args>,
    options?: SpawnOptions,
  ): Job<JobResult<Result>>;
  spawn<Result>(task: ScopedTask<[], Result>, args?: readonly [], options?: SpawnOptions): Job<JobResult<Result>>;
  spawn<Result>(body: (scope: Scope) => Result, args?: readonly [], options?: SpawnOptions): Job<JobResult<Result>>;
  spawn<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
    args: NoInfer<Args>,
    options?: SpawnOptions,
  ): Job<JobResult<Result>>;

  /** Runs `body` in a scope inside this one; see the function `scope`. */
  scope<Result>(body: (scope: Scope) => Result, options?: ScopeOptions): Promise<Awaited<Result>>;

  /**
   * Spawns a job and waits until it calls `ready`, whose value is the result. For
   * jobs that others depend on: a server that listens, a connection that is open.
   *
   * Until then its failure is thrown here and leaves the scope alone; afterwards
   * it fails the scope, as any job's.
   */
  start<T>(body: (scope: Scope, ready: Ready<T>) => unknown, options?: { readonly name?: string }): Promise<T>;

  /** Cancels everything in the scope. @returns false if it was cancelled, or closed, before */
  cancel(reason?: unknown): boolean;

  /**
   * Throws `CancelledError` if the scope is cancelled or its deadline has passed.
   * For loops that compute: a call costs little more than a load.
   */
  checkpoint(): void;

  /**
   * Has `cleanup` run when the body and all jobs have ended, the last one given
   * first. Its scope is not cancelled with this one, but gets this one's grace
   * time as its deadline if this one is cancelled.
   */
  defer(cleanup: (scope: Scope) => unknown): void;

  /**
   * Runs `body` in a scope that cancellation from outside does not reach; it is
   * delivered when the body has ended.
   */
  shield<Result>(body: (scope: Scope) => Result): Promise<Awaited<Result>>;

  /** The live tree of scopes and jobs in words: states and what each waits for. */
  dump(): string;
}
