/**
 * Scopes: the owners of jobs.
 *
 * States of a scope, and what moves it:
 *   open     -> cleaning  its body, its jobs and the scopes inside it have all ended
 *   cleaning -> closed    its cleanups have run
 *
 * Invariants
 * - A scope settles once, in `closed`, when nothing that it owns is left (law 1).
 * - Every error that is not this scope's own cancellation stands in `#failures`
 *   until it settles with them (laws 3 and 4).
 * - Only an open scope takes jobs (law 2).
 */
import { nowMs, setAlarm } from "#clock";

import { deferred } from "../core/deferred.js";
import { MisuseError, StuckError, suppressed, TimeoutError } from "../core/errors.js";
import { List } from "../core/list.js";
import { probe, ProbeKind, ProbeOutcome } from "../core/probe.js";
import { parkIfImporting } from "../core/thread.js";
import { type Cancel, cancelNodeOf, CancelNode, type CancelSource, describeKind } from "./cancel.js";
import { dumpScope } from "./dump.js";
import { type AnyTask, type Executor, type ScopedTask, taskIdentity } from "./executor.js";
import { type Job, type JobCode, type JobOwner, ScopeJob } from "./job.js";

/** Grace time of a scope that names none, nor any around it. */
const DEFAULT_GRACE_MS = 5000;

/** Time that an executor has to settle jobs it was told to stop by force; ending a thread takes a few. */
const FORCED_STOP_MS = 2000;

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
  /** Objects to be moved to another thread instead of copied. */
  readonly transfer?: readonly object[];
  /** Time for the job, counted from when its code starts. */
  readonly timeoutMs?: number;
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
  ): Job<Awaited<Result>>;
  spawn<Result>(task: ScopedTask<[], Result>, args?: readonly [], options?: SpawnOptions): Job<Awaited<Result>>;
  spawn<Result>(body: (scope: Scope) => Result, args?: readonly [], options?: SpawnOptions): Job<Awaited<Result>>;
  spawn<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
    args: NoInfer<Args>,
    options?: SpawnOptions,
  ): Job<Awaited<Result>>;

  /** Runs `body` in a scope inside this one; see the function `scope`. */
  scope<Result>(body: (scope: Scope) => Result, options?: ScopeOptions): Promise<Awaited<Result>>;

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

const openRoots = new Set<TaskScope>();

/** Open scopes that stand in no other. */
export function rootScopes(): ReadonlySet<TaskScope> {
  return openRoots;
}

export class TaskScope extends CancelNode implements Scope, JobOwner {
  /** Jobs, the body included, that have not ended. */
  readonly jobs: List<ScopeJob> = new List();
  /** Scopes opened inside this one by `scope`, not by a job of their own. */
  readonly innerScopes: Set<TaskScope> = new Set();
  readonly openedMs: number = nowMs();
  state: "open" | "cleaning" | "closed" = "open";
  readonly #graceMs: number;
  readonly #hasOwnGrace: boolean;
  readonly #supervise: ScopeOptions["supervise"];
  readonly #settling = deferred<unknown>();
  readonly #failures: { readonly order: number; readonly error: unknown; readonly job?: ScopeJob }[] = [];
  readonly #cleanups: ((scope: Scope) => unknown)[] = [];
  #runningCleanup: TaskScope | undefined = undefined;
  #body: ScopeJob | undefined = undefined;
  #someJobWasCancelled = false;
  #stopGraceAlarm: (() => void) | undefined = undefined;

  constructor(parent: CancelNode | undefined, options: ScopeOptions, shielded = false, poll?: () => void) {
    super(options.name ?? "scope", parent, shielded, poll ?? parent?.poll);
    const { graceMs, timeoutMs, deadlineMs } = options;
    requireDuration("graceMs", graceMs);
    requireDuration("timeoutMs", timeoutMs);
    this.#hasOwnGrace = graceMs !== undefined;
    this.#graceMs = graceMs ?? (parent instanceof TaskScope ? parent.#graceMs : DEFAULT_GRACE_MS);
    this.#supervise = options.supervise;
    const due = Math.min(deadlineMs ?? Infinity, timeoutMs === undefined ? Infinity : nowMs() + timeoutMs);
    if (due !== Infinity) this.setDeadline(due);
  }

  override get deadlineMs(): number {
    return super.deadlineMs;
  }

  override set deadlineMs(deadlineMs: number) {
    this.setDeadline(deadlineMs);
  }

  /** Runs `body` as this scope's body; called once. */
  run<Result>(body: (scope: Scope) => Result): Promise<Awaited<Result>> {
    if (!(this.parent instanceof TaskScope)) openRoots.add(this);
    const ring = probe.ring;
    if (ring !== undefined) ring.write(ProbeKind.scopeOpen, this.id, this.parent?.id ?? 0, ring.text(this.name));
    const job = new ScopeJob(this, "body", { run: () => body(this), node: undefined }, true);
    this.#body = job;
    this.jobs.push(job);
    job.start();
    return this.#settling.promise as Promise<Awaited<Result>>;
  }

  spawn(fn: unknown, args?: readonly unknown[], options: SpawnOptions = {}): Job<never> {
    if (typeof fn !== "function") {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", `spawn expected a function or a task, but ${describeKind(fn)} came`);
    }
    if (args !== undefined && !Array.isArray(args)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `spawn expected the arguments in an array, but ${describeKind(args)} came; options are the third argument: spawn(fn, [], { name })`,
      );
    }
    requireDuration("timeoutMs", options.timeoutMs);
    this.#requireOpen("spawn a job");
    const identity = taskIdentity(fn);
    const name = options.name ?? identity?.key ?? (fn.name === "" ? "job" : fn.name);
    const code =
      options.on === undefined || options.on.runsHere === true
        ? this.#codeHere(fn as (...args: unknown[]) => unknown, args ?? [], identity?.takesScope === true, name, options)
        : this.#codeElsewhere(fn, args ?? [], name, options, options.on);
    const job = new ScopeJob(this, name, code, false);
    this.jobs.push(job);
    // Not at once: what follows `spawn` in the caller runs before the job, and
    // the job can't fail inside the call. A microtask of its own, because that
    // carries the spawner's async context to the job (law 37).
    queueMicrotask(() => job.start());
    return job as unknown as Job<never>;
  }

  #codeHere(
    fn: (...args: unknown[]) => unknown,
    args: readonly unknown[],
    isScopedTask: boolean,
    name: string,
    options: SpawnOptions,
  ): JobCode {
    const takesScope = isScopedTask || (args.length === 0 && fn.length > 0);
    if (!takesScope && options.timeoutMs === undefined) return { run: () => fn(...args), node: undefined };
    const inner = new TaskScope(this, { name });
    return {
      node: inner,
      run: () => {
        // Set here, not above: a timeout counts from when the code starts.
        if (options.timeoutMs !== undefined) inner.setDeadline(nowMs() + options.timeoutMs);
        return inner.run((scope) => (takesScope ? fn(scope, ...args) : fn(...args)));
      },
    };
  }

  #codeElsewhere(fn: unknown, args: readonly unknown[], name: string, options: SpawnOptions, on: Executor): JobCode {
    const node = new CancelNode(name, this);
    const graceOver = new AbortController();
    // The job starts in a microtask, whose stack no longer tells who spawned it.
    const spawnSite = new Error("spawned here");
    return {
      node,
      stopByForce: () => graceOver.abort(),
      run: async (job) => {
        try {
          return await on.run(fn as AnyTask, args, {
            jobId: job.id,
            name,
            cancel: node,
            graceOver: graceOver.signal,
            transfer: options.transfer ?? [],
            spawnSite,
            onStart: () => {
              job.running();
              if (options.timeoutMs !== undefined) node.setDeadline(nowMs() + options.timeoutMs);
            },
          });
        } catch (error) {
          // Its own timeout ended it: that is a failure, not a cancellation.
          if (node.origin === node && node.reason instanceof TimeoutError && node.isOwnCancellation(error)) {
            throw new TimeoutError(`job "${name}" did not end within ${options.timeoutMs} ms`);
          }
          throw error;
        }
      },
    };
  }

  async scope<Result>(body: (scope: Scope) => Result, options?: ScopeOptions): Promise<Awaited<Result>> {
    return scope(body, options, this);
  }

  /** Makes a scope inside this one that is not a job's; this one ends after it. */
  open(options: ScopeOptions, shielded = false): TaskScope {
    this.#requireOpen("open a scope inside it");
    const inner = new TaskScope(this, options, shielded);
    this.innerScopes.add(inner);
    return inner;
  }

  cancel(reason?: unknown): boolean {
    return this.state !== "closed" && this.cancelTree(reason);
  }

  defer(cleanup: (scope: Scope) => unknown): void {
    if (typeof cleanup !== "function") {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", `defer expected a function, but ${describeKind(cleanup)} came`);
    }
    this.#requireOpen("defer a cleanup");
    this.#cleanups.push(cleanup);
  }

  async shield<Result>(body: (scope: Scope) => Result): Promise<Awaited<Result>> {
    const result = await this.open({ name: `shield in ${this.name}` }, true).run(body);
    this.checkpoint();
    return result;
  }

  dump(): string {
    return dumpScope(this);
  }

  #requireOpen(action: string): void {
    if (this.state === "open") return;
    throw new MisuseError(
      "SKEIN_SCOPE_CLOSED",
      `can't ${action}: scope "${this.name}" has ended. Use a scope that is still open, or await what needs this one inside its body`,
    );
  }

  jobEnded(job: ScopeJob): void {
    if (job.state === "cancelled") this.#someJobWasCancelled = true;
    if (job.state === "failed") this.#jobFailed(job);
    this.#endIfEmpty();
  }

  #jobFailed(job: ScopeJob): void {
    if (job !== this.#body && this.#supervise !== undefined && this.#supervise !== false) {
      if (this.#supervise === true) {
        this.#failures.push({ order: job.id, error: job.error, job });
        return;
      }
      try {
        this.#supervise(job.error, job);
        return;
      } catch (error) {
        this.#failures.push({ order: job.id, error });
        this.cancelTree(error);
        return;
      }
    }
    this.#failures.push({ order: job.id, error: job.error });
    this.cancelTree(job.error);
  }

  innerScopeEnded(inner: TaskScope): void {
    if (this.innerScopes.delete(inner)) this.#endIfEmpty();
  }

  #endIfEmpty(): void {
    if (this.state !== "open" || this.jobs.size > 0 || this.innerScopes.size > 0) return;
    this.state = "cleaning";
    this.#stopGraceAlarm?.();
    if (this.#cleanups.length === 0) this.#close([]);
    else void this.#clean().then((errors) => this.#close(errors));
  }

  /** Runs the cleanups, last one first. @returns what they threw */
  async #clean(): Promise<unknown[]> {
    const errors: unknown[] = [];
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop()) {
      const inner = new TaskScope(this, { name: `cleanup of ${this.name}`, graceMs: this.#graceMs }, true);
      this.#runningCleanup = inner;
      if (this.isCancelled) inner.setDeadline(nowMs() + this.#graceMs);
      try {
        await inner.run(cleanup);
      } catch (error) {
        errors.push(error);
      }
    }
    this.#runningCleanup = undefined;
    return errors;
  }

  protected override whenCancelled(): void {
    this.#runningCleanup?.setDeadline(nowMs() + this.#graceMs);
    // One alarm for the whole tree, at its origin, unless a scope asked for its
    // own grace: otherwise each level would report the same stuck job.
    if (this.state !== "open" || (this.origin !== this && this.parent instanceof TaskScope && !this.#hasOwnGrace)) return;
    if (this.#graceMs !== Infinity) this.#stopGraceAlarm = setAlarm(() => this.#graceOver(false), this.#graceMs);
  }

  #graceOver(isSecondTime: boolean): void {
    const stuck: string[] = [];
    const elsewhere: ScopeJob[] = [];
    this.#collectOverdue(this.name, stuck, elsewhere);
    if (elsewhere.length > 0 && !isSecondTime) {
      // Executors stop jobs by force and then settle them.
      for (const job of elsewhere) job.code.stopByForce?.();
      this.#stopGraceAlarm = setAlarm(() => this.#graceOver(true), FORCED_STOP_MS);
      return;
    }
    stuck.push(...elsewhere.map((job) => job.name));
    const error = new StuckError(
      `scope "${this.name}" was cancelled, but after ${this.#graceMs} ms these had not ended and were abandoned: ${stuck.join(", ")}. ` +
        "Pass the scope to what they wait for (sleep(ms, s), channel.receive(s), fetch(url, { signal: s.signal })), or call s.checkpoint() in their loops",
      stuck,
    );
    this.#failures.push({ order: Infinity, error });
    for (const inner of this.innerScopes) inner.#orphan();
    this.innerScopes.clear();
    for (const job of this.jobs.toArray()) job.abandon(error);
  }

  #collectOverdue(path: string, stuck: string[], elsewhere: ScopeJob[]): void {
    const before = stuck.length + elsewhere.length;
    for (const job of this.jobs.toArray()) {
      const inner = job.code.node;
      if (job.code.stopByForce !== undefined) elsewhere.push(job);
      else if (inner instanceof TaskScope && inner.state !== "closed") inner.#collectOverdue(`${path} > ${job.name}`, stuck, elsewhere);
      else if (!job.isBody || (this.jobs.size === 1 && this.innerScopes.size === 0)) stuck.push(`${path} > ${job.name}`);
    }
    for (const inner of this.innerScopes) inner.#collectOverdue(`${path} > ${inner.name}`, stuck, elsewhere);
    if (stuck.length + elsewhere.length === before) stuck.push(`${path} > cleanup`);
  }

  /** The scope around this one gave up on it; nobody may be left to hear its failure. */
  #orphan(): void {
    this.#settling.promise.catch(() => undefined);
  }

  #close(cleanupErrors: readonly unknown[]): void {
    this.state = "closed";
    this.detach();
    openRoots.delete(this);
    const failure = this.#failure(cleanupErrors);
    const body = this.#body as ScopeJob;
    if (failure !== undefined) {
      probe.ring?.write(ProbeKind.scopeEnd, this.id, 0, ProbeOutcome.failed);
      this.#settling.reject(failure.error);
    } else if (this.#someJobWasCancelled && this.origin === this && this.reason instanceof TimeoutError) {
      probe.ring?.write(ProbeKind.scopeEnd, this.id, 0, ProbeOutcome.failed);
      this.#settling.reject(new TimeoutError(`scope "${this.name}" did not end before its deadline`));
    } else if (body.state === "done") {
      probe.ring?.write(ProbeKind.scopeEnd, this.id, 0, ProbeOutcome.done);
      this.#settling.resolve(body.value);
    } else {
      probe.ring?.write(ProbeKind.scopeEnd, this.id, 0, ProbeOutcome.cancelled);
      this.#settling.reject(this.makeError());
    }
    if (this.parent instanceof TaskScope) this.parent.innerScopeEnded(this);
  }

  /** All that went wrong, as one error; `undefined` if nothing did. */
  #failure(cleanupErrors: readonly unknown[]): { readonly error: unknown } | undefined {
    const errors: unknown[] = [];
    for (const { error, job } of this.#failures.toSorted((first, second) => first.order - second.order)) {
      // Supervised and awaited: whoever awaited it has it.
      if (job?.isObserved === true) continue;
      // The body that awaited a failed job fails with the very same error.
      if (!errors.includes(error)) errors.push(error);
    }
    let failure: { readonly error: unknown } | undefined;
    if (errors.length === 1) failure = { error: errors[0] };
    else if (errors.length > 1) failure = { error: new AggregateError(errors, `${errors.length} jobs of scope "${this.name}" failed`) };
    for (const error of cleanupErrors) {
      failure = {
        error: failure === undefined ? error : suppressed(error, failure.error, `a cleanup of scope "${this.name}" failed too`),
      };
    }
    return failure;
  }
}

function requireDuration(name: string, value: number | undefined): void {
  if (value === undefined || (typeof value === "number" && value >= 0)) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${name} must be a number of milliseconds from 0 on, but ${describeKind(value)} came`,
  );
}

/**
 * Runs `body` with a scope of its own and settles after everything in the scope
 * has ended.
 *
 * The first failure, of the body or a job, cancels the rest; all failures reach
 * the caller: one as it is, several in an `AggregateError` in order of spawning.
 *
 * **Cancels** With `cancel`: body and jobs are cancelled and waited for.
 *
 * **Throws** what body, jobs and cleanups threw; `SKEIN_TIMEOUT` if the deadline
 * cut something short; `SKEIN_CANCELLED` if the scope was cancelled and its body
 * gave no result; `SKEIN_STUCK` if something did not end in its grace time.
 *
 * @param cancel - the scope around it, or a signal, that cancels this one
 *
 * @example
 * ```ts
 * const [a, b] = await scope(async (s) => {
 *   const first = s.spawn(() => load("a", s.signal));
 *   const second = s.spawn(() => load("b", s.signal));
 *   return Promise.all([first, second]);
 * }, { timeoutMs: 1000 });
 * ```
 *
 * @since 0.1.0
 */
export async function scope<Result>(
  body: (scope: Scope) => Result,
  options: ScopeOptions = {},
  cancel?: Cancel,
): Promise<Awaited<Result>> {
  if (typeof body !== "function") {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `scope expected a function as its body, but ${describeKind(body)} came`);
  }
  if (cancel === undefined) {
    const parked = parkIfImporting("scope");
    if (parked !== undefined) return parked;
  }
  const parent = cancelNodeOf(cancel);
  parent?.checkpoint();
  return (parent instanceof TaskScope ? parent.open(options) : new TaskScope(parent, options)).run(body);
}
