/**
 * Doing something once, on whichever thread asks first.
 *
 * Layout of its own cells, behind the monitor's
 *   DONE    1 once a run has succeeded, for good
 *   RUNNER  slot of the thread whose run is on, or 0
 *
 * Invariant: of all threads one runs at a time, and none once DONE is 1. Each write
 * of the two is a change on its own, so a thread stopped anywhere leaves them whole.
 */
import { load, store } from "#atomics";

import { type Cancel, cancelNodeOf, type CancelNode } from "../async/cancel.js";
import { isWithin, requireFunction } from "../async/guard.js";
import { scope, type Scope } from "../async/scope.js";
import { deadlockError } from "../core/deadlock.js";
import { type DeadlockError, MisuseError } from "../core/errors.js";
import { ProbedResource, ProbeResource } from "../core/probe.js";
import { Monitor, MONITOR_CELLS } from "./monitor.js";
import { type Hold, Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { SharedWaits, type Waitable, waitBlocked } from "./waiting.js";

const DONE = MONITOR_CELLS;
const RUNNER = MONITOR_CELLS + 1;
const CELLS = MONITOR_CELLS + 2;

/** Counters of a shared once at one moment. */
export interface SharedOnceStatistics {
  readonly isDone: boolean;
  /** Index of the thread whose run is on. */
  readonly runner: number | undefined;
  /** Jobs of this thread that wait for it. */
  readonly waitingHere: number;
}

/** What a caller is granted: to know that it is done, or the turn to do it. */
type Turn = "done" | "run";

/**
 * Has something done once by all threads together: shared memory filled, a file
 * written. To keep a value on one thread, use `once()` of `skein/async`.
 *
 * Only success counts. A run that fails, or is cancelled, fails its own caller
 * alone; then one that waits runs its function. So write the function so that it
 * can begin anew.
 *
 * **A runner that dies** As if its run had failed: one that waits runs.
 *
 * **Threads** Any.
 *
 * @example
 * ```ts
 * const filled = new Once();
 * const isMine = await filled.run(() => console.log("fills the table"));
 * console.log(isMine, await filled.run(() => undefined)); // true false
 * ```
 *
 * @since 0.1.0
 */
export class Once extends SharedObject {
  readonly #monitor: Monitor;
  readonly #turn: Waitable<Turn, undefined>;
  readonly #waits: SharedWaits<Turn, undefined>;
  /** The scope of this thread's run, if it has one. */
  #runScope: CancelNode | undefined = undefined;

  constructor(options: SharedOptions | Place = {}) {
    super(Kind.once, CELLS, options);
    this.#monitor = new Monitor(this.heap, this.cells, this.offset, this.name);
    this.#turn = this.#monitor.waitable(`run of shared once "${this.name}"`, () => this.#take(), {
      competes: false,
      amountOf: () => 1,
      resource: new ProbedResource(ProbeResource.once, this.name, -this.offset),
    });
    this.#waits = new SharedWaits(this.#turn);
    if (!(options instanceof Place)) this.made();
  }

  /** True once a run has succeeded, on whichever thread. */
  get isDone(): boolean {
    return load(this.cells, DONE) === 1;
  }

  /**
   * Runs `fn` if nobody has done so with success, or waits for the run that is on.
   * A function that declares a parameter is given a scope of its own.
   *
   * **Cancels** While another runs: only the waiting ends. While `fn` runs: its
   * scope, and the run passes to another caller.
   *
   * **Throws** what `fn` throws; `SKEIN_CANCELLED`; `SKEIN_DEADLOCK` if called under
   * the scope of the very run that it would wait for.
   *
   * @returns true if it was `fn` that did it
   */
  async run(fn: (scope: Scope) => unknown, cancel?: Cancel): Promise<boolean> {
    requireFunction("run", fn);
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    if (this.isDone) return false;
    this.requireAlive();
    if (this.#runScope !== undefined && isWithin(node, this.#runScope)) throw this.#withinRunError();
    if ((await this.#waits.wait(undefined, node)) === "done") return false;
    let hasSucceeded = false;
    try {
      // Cancelled since the turn came: then it passes on, as after any failure.
      node?.checkpoint();
      if (fn.length === 0) await (fn as () => unknown)();
      else await scope(async (inner) => this.#runIn(inner, fn), { name: `run of ${this.name}` }, cancel);
      hasSucceeded = true;
    } finally {
      this.#runScope = undefined;
      this.#end(hasSucceeded);
    }
    return true;
  }

  /**
   * As `run`, blocking this thread; `fn` must not be async.
   *
   * **Throws** as `run`; `SKEIN_DEADLOCK` if this thread's own run is on;
   * `SKEIN_CANNOT_BLOCK` on the main thread of a page.
   */
  runSync(fn: () => unknown, cancel?: Cancel): boolean {
    requireFunction("runSync", fn);
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    if (this.isDone) return false;
    this.requireAlive();
    if (load(this.cells, RUNNER) === this.heap.slot) throw this.#withinRunError();
    if (waitBlocked(this.#turn, undefined, node) === "done") return false;
    let hasSucceeded = false;
    try {
      if (fn() instanceof Promise) {
        throw new MisuseError(
          "SKEIN_INVALID_ARGUMENT",
          "runSync expected a function that ends when it returns, but it returned a promise: use run",
        );
      }
      hasSucceeded = true;
    } finally {
      this.#end(hasSucceeded);
    }
    return true;
  }

  statistics(): SharedOnceStatistics {
    return this.#monitor.inside(() => {
      const runner = this.cells[RUNNER] as number;
      return {
        isDone: this.cells[DONE] === 1,
        runner: runner === 0 ? undefined : this.heap.threadIndexOf(runner),
        waitingHere: this.#waits.size,
      };
    });
  }

  async #runIn(inner: Scope, fn: (scope: Scope) => unknown): Promise<void> {
    this.#runScope = cancelNodeOf(inner);
    await fn(inner);
  }

  /** Inside. */
  #take(): Turn | undefined {
    const { cells } = this;
    if (cells[DONE] === 1) return "done";
    if (cells[RUNNER] !== 0) return undefined;
    cells[RUNNER] = this.heap.slot;
    return "run";
  }

  #end(hasSucceeded: boolean): void {
    this.#monitor.inside(() => {
      // First, so that no other run begins between the two. No plain write: `isDone`
      // reads it outside the monitor, and whom that tells is to see what was done.
      if (hasSucceeded) store(this.cells, DONE, 1);
      this.cells[RUNNER] = 0;
    });
    this.#monitor.changed();
  }

  /** @internal One run at a time. */
  override get room(): number {
    return 1;
  }

  /** @internal */
  override holds(): readonly Hold[] {
    const slot = load(this.cells, RUNNER);
    return slot === 0 ? [] : [{ slot, amount: 1 }];
  }

  /** @internal */
  override threadEnded(slot: number): boolean {
    return this.#monitor.threadEnded(slot, () => {
      if (this.cells[RUNNER] === slot) this.cells[RUNNER] = 0;
    });
  }

  #withinRunError(): DeadlockError {
    return deadlockError(
      `shared once "${this.name}" was asked to run inside its own run, which ends after it: that would wait for ever`,
    );
  }
}
