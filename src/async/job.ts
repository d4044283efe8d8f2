/**
 * A job: one run of a function or task inside a scope.
 *
 * States, and who moves a job between them:
 *   created   -> running    its start microtask, if it runs on this thread
 *   created   -> queued     its start microtask, if it runs on an executor
 *   queued    -> running    the executor, when the job's code starts
 *   any above -> done | failed | cancelled   the end of its code; the executor;
 *                           a cancellation that comes before the start
 *   any above -> abandoned  its scope, when the grace time is over
 * The last four are final and entered once.
 */
import { deferred, type Deferred } from "../core/deferred.js";
import { CancelledError } from "../core/errors.js";
import type { Linked, List } from "../core/list.js";
import { probe, ProbeKind, ProbeOutcome } from "../core/probe.js";
import { reportToOwner } from "../core/report.js";
import { nextIdentity } from "../core/thread.js";
import { type Cancel, cancelNodeOf, type CancelNode } from "./cancel.js";
import type { Affinity } from "./executor.js";
import { type Waiter, WaitQueue } from "./wait-queue.js";

/** Where a job stands; the last four are final. */
export type JobState = "created" | "queued" | "running" | "done" | "failed" | "cancelled" | "abandoned";

/**
 * One run of a function or task inside a scope. Awaiting it gives its result or
 * throws its error.
 *
 * Not awaiting it loses nothing: its failure fails its scope, and the scope ends
 * only after it.
 *
 * @since 0.1.0
 */
export interface Job<Result> extends PromiseLike<Result> {
  /** Unique in the process. */
  readonly id: number;
  readonly name: string;
  readonly state: JobState;
  /**
   * Asks this job alone to end. One that has not started never will; one that has
   * a scope of its own, or runs on a thread, is told; any other runs on.
   *
   * @returns false if it had ended, or been asked, before
   */
  cancel(reason?: unknown): boolean;
  /**
   * Waits for the job's result, as `await job` does, but cancellably.
   *
   * **Cancels** Only the waiting ends; the job runs on.
   */
  join(cancel?: Cancel): Promise<Result>;
}

/** What a job needs of the scope that owns it. */
export interface JobOwner extends CancelNode {
  jobEnded(job: ScopeJob): void;
}

/** How the code of a job is run: `node` is what can cancel it alone, if anything can. */
export interface JobCode {
  run(job: ScopeJob): unknown;
  readonly node: CancelNode | undefined;
  /** Set if the code runs on an executor: stops it by force. */
  readonly stopByForce?: (() => void) | undefined;
  /** The key of the job, if it has one and its executor may heed it. */
  readonly affinity?: Affinity | undefined;
}

export class ScopeJob implements Linked, Job<unknown> {
  next: Linked | undefined = undefined;
  previous: Linked | undefined = undefined;
  list: List<Linked> | undefined = undefined;
  readonly id: number;
  readonly name: string;
  readonly owner: JobOwner;
  readonly code: JobCode;
  /** True for a scope's body, which is a job in all but name. */
  readonly isBody: boolean;
  state: JobState = "created";
  /** The result, once done. */
  value: unknown = undefined;
  /** The error, once failed or cancelled. */
  error: unknown = undefined;
  /** True once somebody awaits the outcome, or was given it: then a failure is that caller's too. */
  isObserved = false;
  /** Where it was spawned, by its stack; only if a recording ran then. */
  spawnSite: Error | undefined = undefined;
  #settling: Deferred<unknown> | undefined = undefined;
  /** Callers of `join`, and cases of `select`, that wait for the end. */
  #joining: WaitQueue<unknown> | undefined = undefined;

  constructor(owner: JobOwner, name: string, code: JobCode, isBody: boolean) {
    this.owner = owner;
    this.name = name;
    this.code = code;
    this.isBody = isBody;
    this.id = isBody ? owner.id : nextIdentity();
    const ring = probe.ring;
    if (ring !== undefined && !isBody) ring.write(ProbeKind.jobSpawn, this.id, owner.id, ring.text(name));
  }

  get isOver(): boolean {
    return this.state !== "created" && this.state !== "queued" && this.state !== "running";
  }

  /** Runs the code, unless the job ended before it could. */
  start(): void {
    if (this.isOver) return;
    if (this.owner.isCancelled && !this.isBody) {
      this.#end("cancelled", this.owner.makeErrorForWait());
      return;
    }
    if (this.code.stopByForce === undefined) {
      this.running();
    } else {
      this.state = "queued";
      probe.ring?.write(ProbeKind.jobQueue, this.id);
    }
    let result: unknown;
    try {
      result = this.code.run(this);
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (!isThenable(result)) {
      this.#succeed(result);
      return;
    }
    if (this.state === "running" && isTraced(this)) probe.ring?.suspended(this.id);
    // A foreign thenable may misbehave (settle twice, throw); a promise can't.
    const settled = result instanceof Promise ? result : Promise.resolve(result);
    void settled.then(
      (value) => this.#succeed(value),
      (error: unknown) => this.#fail(error),
    );
  }

  /** The code starts to run now. */
  running(): void {
    if (this.isOver) return;
    this.state = "running";
    if (isTraced(this)) probe.ring?.started(this.id, this.isBody);
  }

  #succeed(value: unknown): void {
    if (this.isOver) return; // abandoned: nobody waits for the result
    this.value = value;
    this.#end("done", undefined);
  }

  #fail(error: unknown): void {
    if (this.state === "abandoned") {
      if (!(error instanceof CancelledError)) {
        reportToOwner(`job "${this.name}" failed after it had been abandoned as stuck`, error);
      }
      return;
    }
    if (this.isOver) return;
    const isCancellation = this.owner.isOwnCancellation(error) || (this.code.node?.isOwnCancellation(error) ?? false);
    this.#end(isCancellation ? "cancelled" : "failed", error);
  }

  /** The scope gives up waiting for this job. */
  abandon(error: unknown): void {
    if (!this.isOver) this.#end("abandoned", error);
  }

  #end(state: "done" | "failed" | "cancelled" | "abandoned", error: unknown): void {
    const ranHere = this.state === "running" && isTraced(this);
    probe.ring?.ended(this.id, ranHere, this.isBody ? undefined : ProbeOutcome[state]);
    this.state = state;
    this.error = error;
    this.list?.remove(this);
    this.code.node?.detach();
    if (this.#settling !== undefined) this.#settle(this.#settling);
    this.#settleJoins();
    this.owner.jobEnded(this);
  }

  cancel(reason?: unknown): boolean {
    if (this.isOver) return false;
    if (this.state === "created") {
      this.#end("cancelled", new CancelledError(`job "${this.name}" was cancelled before it started`, { reason }));
      return true;
    }
    return this.code.node?.cancelTree(reason) ?? false;
  }

  // The promise is made when first asked for: a job nobody awaits costs none, and one that
  // is done by then no more than a settled one.
  #promise(): Promise<unknown> {
    this.isObserved = true;
    if (this.#settling === undefined) {
      if (this.state === "done") return Promise.resolve(this.value);
      this.#settling = deferred();
      // The failure has reached the scope in any case, so the promise itself must
      // not count as unhandled; those derived from it still do.
      this.#settling.promise.catch(ignore);
      if (this.isOver) this.#settle(this.#settling);
    }
    return this.#settling.promise;
  }

  #settle(settling: Deferred<unknown>): void {
    if (this.state === "done") settling.resolve(this.value);
    else settling.reject(this.error);
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a job is meant to be awaited
  then<Then1 = unknown, Then2 = never>(
    onFulfilled?: ((value: unknown) => Then1 | PromiseLike<Then1>) | null,
    onRejected?: ((reason: unknown) => Then2 | PromiseLike<Then2>) | null,
  ): Promise<Then1 | Then2> {
    return this.#promise().then(onFulfilled, onRejected);
  }

  async join(cancel?: Cancel): Promise<unknown> {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    const ended = this.tryJoin();
    return ended === undefined ? this.#joinQueue().wait(node, undefined) : ended.value;
  }

  /** The result, if the job has ended; throws its error. */
  tryJoin(): { readonly value: unknown } | undefined {
    if (!this.isOver) return undefined;
    if (this.state === "done") return { value: this.value };
    this.isObserved = true;
    throw this.error;
  }

  /** Queues the join of a job that has not ended as a case of `select`. */
  parkJoin(won: (value: unknown) => void, failed: (error: unknown) => void): Waiter<unknown> {
    return this.#joinQueue().park(undefined, won, failed);
  }

  // A queue, not reactions to the promise: those could not be taken back by a
  // caller that stops waiting (law 40), who has not got the outcome either.
  #joinQueue(): WaitQueue<unknown> {
    this.#joining ??= new WaitQueue(`join job "${this.name}"`, undefined, this.id);
    return this.#joining;
  }

  #settleJoins(): void {
    for (let waiter = this.#joining?.claim(); waiter !== undefined; waiter = this.#joining?.claim()) {
      if (this.state === "done") {
        waiter.resolve(this.value);
      } else {
        this.isObserved = true;
        waiter.reject(this.error);
      }
    }
  }
}

/** The run of a job on a thread is recorded by that thread. */
function isTraced({ code }: ScopeJob): boolean {
  return code.stopByForce === undefined;
}

function ignore(): void {}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}
