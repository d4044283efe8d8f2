/**
 * Doing something once, however many ask for it.
 *
 * Invariants
 * - At most one run at a time, and none after one has succeeded.
 * - Somebody waits only while a run is on. When it fails, the turn to run passes,
 *   in the same turn of the thread, to the caller that waits longest: there is no
 *   moment in which a newcomer could take it.
 */
import { deadlockError } from "../core/deadlock.js";
import { ProbedResource, ProbeResource } from "../core/probe.js";
import { type Cancel, cancelNodeOf, type CancelNode } from "./cancel.js";
import { isWithin, requireFunction, requireOptions } from "./guard.js";
import { scope, type Scope } from "./scope.js";
import { WaitQueue } from "./wait-queue.js";

/** Counters of a once at one moment. */
export interface OnceStatistics {
  readonly isDone: boolean;
  readonly isRunning: boolean;
  /** Callers that wait for the run. */
  readonly waiting: number;
}

/** How a once is made. */
export interface OnceOptions {
  /** How dumps, recordings and errors name it. */
  readonly name?: string;
}

/**
 * Does something once and keeps the result for all that ask.
 *
 * Use it to set something up when it is first needed. To share runs that go on at
 * the same time, but not their results for good, use `singleFlight`.
 *
 * Only success is kept. A run that fails, or is cancelled, fails its own caller
 * alone; then the caller that waits longest runs its function, and so on.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Once<T> {
  readonly name: string;
  /** True once a run has succeeded. */
  readonly isDone: boolean;

  /** The result, in an object, if there is one yet. Never waits and never throws. */
  tryGet(): { readonly value: T } | undefined;

  /**
   * Gives the result; runs `fn` for it if none is there and no other run is on. A
   * function that declares a parameter is given a scope of its own.
   *
   * **Cancels** While another runs: only the waiting ends. While `fn` runs: its
   * scope, and the run passes to the next caller.
   *
   * **Throws** what `fn` throws; `SKEIN_CANCELLED`; `SKEIN_DEADLOCK` if called
   * under the scope of the very run that it would wait for.
   */
  run(fn: (scope: Scope) => T | PromiseLike<T>, cancel?: Cancel): Promise<T>;

  statistics(): OnceStatistics;
}

/**
 * Makes a once.
 *
 * @example
 * ```ts
 * const settings = once<string>();
 * const read = () => settings.run(() => load("settings"));
 * const [first, second] = await Promise.all([read(), read()]);
 * console.log(first === second, settings.isDone);
 * ```
 *
 * @since 0.1.0
 */
export function once<T>(options: OnceOptions = {}): Once<T> {
  requireOptions("once", options);
  return new KeptOnce<T>(options.name ?? "once");
}

class KeptOnce<T> implements Once<T> {
  readonly name: string;
  #kept: { readonly value: T } | undefined = undefined;
  #isRunning = false;
  /** The scope of the run, if it has one. */
  #runScope: CancelNode | undefined = undefined;
  /** Each is given the result, or `undefined` for the turn to run. */
  readonly #waiting: WaitQueue<{ readonly value: T } | undefined>;

  constructor(name: string) {
    this.name = name;
    this.#waiting = new WaitQueue(`run of once "${name}"`, undefined, new ProbedResource(ProbeResource.once, name));
  }

  get isDone(): boolean {
    return this.#kept !== undefined;
  }

  tryGet(): { readonly value: T } | undefined {
    return this.#kept;
  }

  async run(fn: (scope: Scope) => T | PromiseLike<T>, cancel?: Cancel): Promise<T> {
    requireFunction("run", fn);
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    if (this.#kept !== undefined) return this.#kept.value;
    if (this.#isRunning) {
      this.#requireOutsideRun(node);
      const kept = await this.#waiting.wait(node, undefined);
      if (kept !== undefined) return kept.value;
    }
    this.#isRunning = true;
    try {
      // Cancelled since the turn came: then it passes on, as after any failure.
      node?.checkpoint();
      const value = await this.#call(fn, cancel);
      this.#succeeded({ value });
      return value;
    } catch (error) {
      this.#failed();
      throw error;
    }
  }

  statistics(): OnceStatistics {
    return { isDone: this.isDone, isRunning: this.#isRunning, waiting: this.#waiting.size };
  }

  async #call(fn: (scope: Scope) => T | PromiseLike<T>, cancel: Cancel | undefined): Promise<T> {
    if (fn.length === 0) return (fn as () => T | PromiseLike<T>)();
    const body = (inner: Scope): T | PromiseLike<T> => {
      this.#runScope = cancelNodeOf(inner);
      return fn(inner);
    };
    return scope(body, { name: `run of ${this.name}` }, cancel);
  }

  #succeeded(kept: { readonly value: T }): void {
    this.#kept = kept;
    this.#isRunning = false;
    this.#runScope = undefined;
    for (let waiter = this.#waiting.claim(); waiter !== undefined; waiter = this.#waiting.claim()) waiter.resolve(kept);
  }

  #failed(): void {
    this.#runScope = undefined;
    const next = this.#waiting.claim();
    this.#isRunning = next !== undefined;
    next?.resolve(undefined);
  }

  #requireOutsideRun(node: CancelNode | undefined): void {
    if (this.#runScope === undefined || !isWithin(node, this.#runScope)) return;
    throw deadlockError(
      `${(node as CancelNode).kindName} waits for the run of once "${this.name}" inside that run, which ends after it: that would wait for ever. Pass the value on inside the run instead`,
    );
  }
}
