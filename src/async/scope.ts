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
import { CancelledError, MisuseError, StuckError, TimeoutError, withoutStack } from "../core/errors.js";
import { List } from "../core/list.js";
import { probe, ProbeKind, ProbeOutcome } from "../core/probe.js";
import { reportToOwner } from "../core/report.js";
import { parkIfImporting } from "../core/thread.js";
import { type Cancel, cancelNodeOf, CancelNode, describeKind } from "./cancel.js";
import { type Failure, joinFailures } from "./failures.js";
import { dump } from "./dump.js";
import { watchExit } from "./exit-watch.js";
import { spawning, taskIdentity } from "./executor.js";
import { type Ready, startJob } from "./start.js";
import { type Job, type JobCode, type JobOwner, ScopeJob } from "./job.js";
import { CodeElsewhere, completed, PlainCode, SpawnSites } from "./job-code.js";
import type { Scope, ScopeOptions, SpawnOptions } from "./scope-contract.js";
import {
  requireAffinity,
  requireDeadline,
  requireDuration,
  requireExecutor,
  requireFunction,
  requireScopeOptions,
} from "./scope-arguments.js";

export type { Scope, ScopeOptions, SpawnOptions } from "./scope-contract.js";

/** Grace time of a scope that names none, nor any around it. */
const DEFAULT_GRACE_MS = 5000;

/** Time that an executor has to settle jobs it was told to stop by force; ending a thread takes a few. */
const FORCED_STOP_MS = 2000;

const NO_ARGUMENTS: readonly unknown[] = [];
const SETTLED = Promise.resolve();

const openRoots = new Set<TaskScope>();

/** Open scopes that stand in no other. */
export function rootScopes(): ReadonlySet<TaskScope> {
  return openRoots;
}

function dumpOpenRoots(): string {
  return openRoots.size === 0 ? "" : dump(openRoots);
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
  readonly #failures: Failure[] = [];
  readonly #cleanups: Cleanup[] = [];
  /** The scope of the cleanup that runs now. */
  runningCleanup: TaskScope | undefined = undefined;
  #sites: SpawnSites | undefined = undefined;
  #body: ScopeJob | undefined = undefined;
  /** Where the job with a timeout was spawned whose scope this is. */
  #site: Error | undefined = undefined;
  /** What this scope settled with, if it is an error that it made itself. */
  ownError: Error | undefined = undefined;
  /** True once this scope's cancellation kept a job from its end. */
  #wasCutShort = false;
  #stopGraceAlarm: (() => void) | undefined = undefined;

  constructor(parent: CancelNode | undefined, options: ScopeOptions, shielded = false, poll?: () => void) {
    requireScopeOptions(options);
    const { graceMs, timeoutMs, deadlineMs } = options;
    // Before `super`, which makes this node known to its parent: a refused scope
    // must not stay there.
    requireDuration("graceMs", graceMs);
    requireDuration("timeoutMs", timeoutMs);
    requireDeadline(deadlineMs);
    super(options.name ?? "scope", parent, shielded, poll ?? parent?.poll);
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
    if (!(this.parent instanceof TaskScope)) {
      openRoots.add(this);
      watchExit(dumpOpenRoots);
    }
    const ring = probe.ring;
    if (ring !== undefined) ring.write(ProbeKind.scopeOpen, this.id, this.parent?.id ?? 0, ring.text(this.name));
    const job = new ScopeJob(this, "body", { run: () => body(this), node: undefined }, true);
    this.#body = job;
    this.jobs.push(job);
    job.start();
    return this.#settling.promise as Promise<Awaited<Result>>;
  }

  spawn(fn: unknown, args?: readonly unknown[], options: SpawnOptions = {}): Job<never> {
    requireFunction("spawn expected a function or a task", fn);
    if (args !== undefined && !Array.isArray(args)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `spawn expected the arguments in an array, but ${describeKind(args)} came; options are the third argument: spawn(fn, [], { name })`,
      );
    }
    requireDuration("timeoutMs", options.timeoutMs);
    requireExecutor(options.on);
    requireAffinity(options.affinity);
    this.#requireOpen("spawn a job");
    const identity = taskIdentity(fn);
    const name = options.name ?? identity?.key ?? (fn.name === "" ? "job" : fn.name);
    const on = spawning.watch === undefined ? options.on : spawning.watch(fn, name, options.on);
    const runsHere = on === undefined || on.runsHere === true || (on.letsRunHere?.(fn, options.affinity) ?? false);
    const code =
      runsHere === false
        ? // The stack now: the job starts in a microtask, whose own no longer tells who spawned it.
          new CodeElsewhere(name, this, fn, args ?? [], on, options, (this.#sites ??= new SpawnSites()).of(fn))
        : this.#codeHere(
            (runsHere === true ? fn : runsHere) as (...args: unknown[]) => unknown,
            args ?? NO_ARGUMENTS,
            identity?.takesScope === true || ((args ?? NO_ARGUMENTS).length === 0 && fn.length > 0),
            name,
            options,
          );
    const job = new ScopeJob(this, name, code, false);
    if (probe.ring?.notesSpawning === true) {
      job.spawnSite = new Error("spawned here");
      probe.ring.spawnedAt(job.id, job.spawnSite);
    }
    this.jobs.push(job);
    // Not at once: what follows `spawn` in the caller runs before the job, and
    // the job can't fail inside the call. A promise reaction of its own, because
    // that carries the spawner's async context to the job (law 37); Node's
    // queueMicrotask does too, but makes a resource object for each.
    void SETTLED.then(() => job.start());
    return job as unknown as Job<never>;
  }

  #codeHere(
    fn: (...args: unknown[]) => unknown,
    args: readonly unknown[],
    takesScope: boolean,
    name: string,
    options: SpawnOptions,
  ): JobCode {
    if (!takesScope && options.timeoutMs === undefined) return new PlainCode(fn, args);
    const inner = new TaskScope(this, { name });
    if (options.timeoutMs !== undefined) {
      inner.#site = new Error("spawned here");
      Error.captureStackTrace(inner.#site, this.spawn);
    }
    return {
      node: inner,
      run: () => {
        // Set here, not above: a timeout counts from when the code starts.
        if (options.timeoutMs !== undefined) inner.setDeadline(nowMs() + options.timeoutMs);
        return inner.run((scope) => completed(takesScope ? fn(scope, ...args) : fn(...args), inner));
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

  async start<T>(body: (scope: Scope, ready: Ready<T>) => unknown, options?: { readonly name?: string }): Promise<T> {
    return startJob(this, body, options?.name);
  }

  cancel(reason?: unknown): boolean {
    return this.state !== "closed" && this.cancelTree(reason);
  }

  defer(cleanup: (scope: Scope) => unknown): void {
    requireFunction("defer expected a function", cleanup);
    this.#requireOpen("defer a cleanup");
    // A reaction made here carries the caller's async context to the cleanup (law 37).
    const turn = deferred<TaskScope>();
    const outcome = turn.promise.then((inner) => inner.run(cleanup));
    this.#cleanups.push({ begin: turn.resolve, outcome });
  }

  async shield<Result>(body: (scope: Scope) => Result): Promise<Awaited<Result>> {
    requireFunction("shield expected a function", body);
    const result = await this.open({ name: `shield in ${this.name}` }, true).run(body);
    this.checkpoint();
    return result;
  }

  dump(): string {
    return dump([this]);
  }

  #requireOpen(action: string): void {
    if (this.state === "open") return;
    throw new MisuseError(
      "SKEIN_SCOPE_CLOSED",
      `can't ${action}: scope "${this.name}" has ended. Use a scope that is still open, or await what needs this one inside its body`,
    );
  }

  jobEnded(job: ScopeJob): void {
    if (job.state === "cancelled" && this.isOwnCancellation(job.error)) this.#wasCutShort = true;
    if (job.state === "failed") this.#jobFailed(job, job.error);
    this.#endIfEmpty();
  }

  #jobFailed(job: ScopeJob, failure: unknown): void {
    if (job !== this.#body && this.#supervise !== undefined && this.#supervise !== false) {
      if (this.#supervise === true) {
        this.#failures.push({ order: job.id, error: failure, job });
        return;
      }
      try {
        this.#supervise(failure, job);
        return;
      } catch (error) {
        this.#failures.push({ order: job.id, error });
        this.cancelTree(error);
        return;
      }
    }
    this.#failures.push({ order: job.id, error: failure });
    this.cancelTree(failure);
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
      this.runningCleanup = inner;
      if (this.isCancelled) inner.setDeadline(nowMs() + this.#graceMs);
      cleanup.begin(inner);
      try {
        await cleanup.outcome;
      } catch (error) {
        errors.push(error);
      }
    }
    this.runningCleanup = undefined;
    return errors;
  }

  protected override whenCancelled(): void {
    this.runningCleanup?.setDeadline(nowMs() + this.#graceMs);
    // One alarm for the whole tree, at its origin, unless a scope asked for its
    // own grace: otherwise each level would report the same stuck job.
    if (this.jobs.size === 0 && this.innerScopes.size === 0) return; // nothing to wait for
    if (this.state !== "open" || (this.origin !== this && this.parent instanceof TaskScope && !this.#hasOwnGrace))
      return;
    if (this.#graceMs !== Infinity) this.#stopGraceAlarm = setAlarm(() => this.#graceOver(false), this.#graceMs);
  }

  #graceOver(isSecondTime: boolean): void {
    const overdue: Overdue = { stuck: [], elsewhere: [], cleanups: [] };
    this.#collectOverdue(this.name, overdue);
    const { stuck, elsewhere, cleanups } = overdue;
    if (!isSecondTime && elsewhere.length + cleanups.length > 0) {
      // Executors stop jobs by force and then settle them. A cleanup has not been
      // told to end so far; its own deadline would come too late for this scope.
      for (const { job } of elsewhere) job.code.stopByForce?.();
      for (const { scope: cleanup } of cleanups) cleanup.setDeadline(nowMs());
      this.#stopGraceAlarm = setAlarm(() => this.#graceOver(true), FORCED_STOP_MS);
      return;
    }
    for (const { path } of [...elsewhere, ...cleanups]) stuck.push(path);
    const error = this.#stuckError(this.kindName, stuck);
    this.#failures.push({ order: Infinity, error });
    for (const inner of this.innerScopes) inner.#orphan();
    this.innerScopes.clear();
    for (const job of this.jobs.toArray()) job.abandon(error);
    // With jobs the last of them did this; there may have been scopes alone.
    this.#endIfEmpty();
  }

  #collectOverdue(path: string, overdue: Overdue): void {
    if (this.state === "cleaning") {
      const cleanup = this.runningCleanup;
      if (cleanup === undefined || cleanup.isCancelled) overdue.stuck.push(`${path} > cleanup`);
      else overdue.cleanups.push({ path: `${path} > cleanup`, scope: cleanup });
      return;
    }
    for (const job of this.jobs.toArray()) {
      const inner = job.code.node;
      const jobPath = `${path} > ${job.name}`;
      if (job.code.stopByForce !== undefined) overdue.elsewhere.push({ path: jobPath, job });
      else if (inner instanceof TaskScope && inner.state !== "closed") inner.#collectOverdue(jobPath, overdue);
      // A body mostly waits for what else is named.
      else if (!job.isBody || (this.jobs.size === 1 && this.innerScopes.size === 0)) overdue.stuck.push(jobPath);
    }
    for (const inner of this.innerScopes) inner.#collectOverdue(`${path} > ${inner.name}`, overdue);
  }

  #stuckError(what: string, names: readonly string[]): StuckError {
    return new StuckError(
      `${what} was cancelled, but after ${this.#graceMs} ms these had not ended and were abandoned: ${names.join(", ")}. ` +
        "Pass the scope to what they wait for (sleep(ms, s), channel.receive(s), fetch(url, { signal: s.signal })), or call s.checkpoint() in their loops",
      names,
    );
  }

  /** Gives a job on an executor that was cancelled by itself its grace time. @returns calls it off */
  /** Begins the grace time of a job that is cancelled by itself. @returns what ends it */
  beginGraceOf(job: ScopeJob): () => void {
    if (this.#graceMs === Infinity) return () => undefined;
    let stop = setAlarm(() => {
      job.code.stopByForce?.();
      stop = setAlarm(() => {
        if (job.isOver) return; // this scope gave up on it before
        const error = this.#stuckError(`job "${job.name}"`, [`${this.name} > ${job.name}`]);
        this.#jobFailed(job, error);
        job.abandon(error);
      }, FORCED_STOP_MS);
    }, this.#graceMs);
    return () => stop();
  }

  /** The scope around this one gave up on it; nobody may be left to hear its failure. */
  #orphan(): void {
    this.#settling.promise.catch((error: unknown) => {
      if (error instanceof CancelledError) return;
      reportToOwner(`${this.kindName} failed after it had been abandoned as stuck`, error);
    });
  }

  #close(cleanupErrors: readonly unknown[]): void {
    this.state = "closed";
    this.detach();
    openRoots.delete(this);
    const failure = joinFailures(this.name, this.#failures, cleanupErrors);
    const body = this.#body as ScopeJob;
    if (failure !== undefined) {
      probe.ring?.write(ProbeKind.scopeEnd, this.id, 0, ProbeOutcome.failed);
      this.#settling.reject(failure.error);
    } else if (this.#wasCutShort && this.origin === this && this.reason instanceof TimeoutError) {
      probe.ring?.write(ProbeKind.scopeEnd, this.id, 0, ProbeOutcome.failed);
      this.#rejectWith(withoutStack(() => new TimeoutError(`scope "${this.name}" did not end before its deadline`)));
    } else if (body.state === "done" && !(this.#wasCutShort && this.origin !== this)) {
      // Cancelled from inside, the body chose to end its jobs and gives its result;
      // cut short from outside, the scope did not do what its result claims.
      probe.ring?.write(ProbeKind.scopeEnd, this.id, 0, ProbeOutcome.done);
      this.#settling.resolve(body.value);
    } else {
      probe.ring?.write(ProbeKind.scopeEnd, this.id, 0, ProbeOutcome.cancelled);
      this.#rejectWith(this.makeErrorForWait());
    }
    if (this.parent instanceof TaskScope) this.parent.innerScopeEnded(this);
  }

  #rejectWith(error: Error): void {
    this.ownError = error;
    const frames = this.#site?.stack;
    if (frames !== undefined) error.stack = `${String(error)}${frames.slice(frames.indexOf("\n"))}`;
    this.#settling.reject(error);
  }
}

/** What is overdue when the grace time is over, each by its path of names. */
interface Overdue {
  /** Jobs that nothing can stop. */
  readonly stuck: string[];
  readonly elsewhere: { readonly path: string; readonly job: ScopeJob }[];
  /** Scopes of cleanups that have not been told to end. */
  readonly cleanups: { readonly path: string; readonly scope: TaskScope }[];
}

/** A cleanup that waits for its turn. */
interface Cleanup {
  readonly begin: (inner: TaskScope) => void;
  readonly outcome: Promise<unknown>;
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
  requireFunction("scope expected a function as its body", body);
  if (cancel === undefined) {
    const parked = parkIfImporting("scope");
    if (parked !== undefined) return parked;
  }
  const parent = cancelNodeOf(cancel);
  parent?.checkpoint();
  const inner = parent instanceof TaskScope ? parent.open(options) : new TaskScope(parent, options);
  try {
    return await inner.run(body);
  } catch (error) {
    // Made where the last job ended, on nobody's stack. Here, after the `await`, the
    // engine knows who waits for this function.
    if (inner.ownError !== undefined && error === inner.ownError) Error.captureStackTrace(inner.ownError, scope);
    throw error;
  }
}
