/** The call shapes of `withTimeout` and `tryAcquire` of the package `async-mutex`. */
import { nowMs } from "#clock";

import { type Cancel, CancelNode, cancelNodeOf, describeKind } from "../async/cancel.js";
import { MisuseError, TimeoutError } from "../core/errors.js";
import { requireFunction, requireMs } from "./arguments.js";
import { Mutex, type MutexInterface, mutexOver, semaphoreOf } from "./mutex.js";
import { type Releaser, Semaphore, type SemaphoreInterface } from "./semaphore.js";

/**
 * Gives the same lock with a limit on how long its verbs wait; how long it is held
 * is not limited. Shares everything else with the lock it was made from.
 *
 * **Throws** `TimeoutError`, or `timeoutError` if given. The waiter has left the
 * queue by then (law 34). `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * import { Mutex, withTimeout } from "skein/compat";
 * const mutex = withTimeout(new Mutex(), 100);
 * await mutex.runExclusive(() => load("a"));
 * ```
 *
 * @since 0.1.0
 */
export function withTimeout(mutex: MutexInterface, timeout: number, timeoutError?: Error): MutexInterface;
export function withTimeout(semaphore: SemaphoreInterface, timeout: number, timeoutError?: Error): SemaphoreInterface;
export function withTimeout(
  lock: MutexInterface | SemaphoreInterface,
  timeout: number,
  timeoutError?: Error,
): MutexInterface | SemaphoreInterface {
  requireMs("a timeout", timeout);
  return bounded("withTimeout", lock, async (start, cancel) => {
    const node = new CancelNode("withTimeout", cancelNodeOf(cancel));
    node.setDeadline(nowMs() + timeout);
    try {
      return await start(node);
    } catch (error) {
      if (!(node.origin === node && node.isOwnCancellation(error))) throw error;
      throw timeoutError ?? new TimeoutError(`the lock was not free within ${timeout} ms`);
    } finally {
      node.detach();
    }
  });
}

/**
 * Gives the same lock with verbs that do not wait: what can't be had at once fails.
 *
 * **Throws** `TimeoutError`, or `alreadyAcquiredError` if given.
 * `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * import { Mutex, tryAcquire } from "skein/compat";
 * const mutex = new Mutex();
 * const release = await tryAcquire(mutex, new Error("somebody is at it")).acquire();
 * release();
 * ```
 *
 * @since 0.1.0
 */
export function tryAcquire(mutex: MutexInterface, alreadyAcquiredError?: Error): MutexInterface;
export function tryAcquire(semaphore: SemaphoreInterface, alreadyAcquiredError?: Error): SemaphoreInterface;
export function tryAcquire(
  lock: MutexInterface | SemaphoreInterface,
  alreadyAcquiredError?: Error,
): MutexInterface | SemaphoreInterface {
  return bounded("tryAcquire", lock, async (start, cancel) => {
    const node = new CancelNode("tryAcquire", cancelNodeOf(cancel));
    const started = start(node);
    // What could be had was taken before `start` returned; the rest waits, in vain.
    node.cancelTree(undefined);
    try {
      return await started;
    } catch (error) {
      if (!(node.origin === node && node.isOwnCancellation(error))) throw error;
      throw alreadyAcquiredError ?? new TimeoutError("the lock was not free");
    } finally {
      node.detach();
    }
  });
}

/** Starts a wait that ends with the node it is given. */
type Bound = <T>(start: (node: CancelNode) => Promise<T>, cancel: Cancel | undefined) => Promise<T>;

function bounded(who: string, lock: unknown, bound: Bound): MutexInterface | SemaphoreInterface {
  if (lock instanceof Mutex) return mutexOver(new BoundedSemaphore(semaphoreOf(lock), bound));
  if (lock instanceof Semaphore || lock instanceof BoundedSemaphore) return new BoundedSemaphore(lock, bound);
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${who} expected a Mutex or a Semaphore of skein/compat, but ${describeKind(lock)} came`,
  );
}

/** A semaphore whose waits are bounded, over another that has the state. */
class BoundedSemaphore implements SemaphoreInterface {
  readonly #inner: SemaphoreInterface;
  readonly #bound: Bound;

  constructor(inner: SemaphoreInterface, bound: Bound) {
    this.#inner = inner;
    this.#bound = bound;
  }

  async acquire(weight?: number, priority?: number, cancel?: Cancel): Promise<[value: number, release: Releaser]> {
    return this.#bound((node) => this.#inner.acquire(weight, priority, node), cancel);
  }

  async runExclusive<Result>(
    callback: (value: number) => PromiseLike<Result> | Result,
    weight?: number,
    priority?: number,
    cancel?: Cancel,
  ): Promise<Result> {
    requireFunction("what runs exclusively", callback);
    const [value, release] = await this.acquire(weight, priority, cancel);
    try {
      return await callback(value);
    } finally {
      release();
    }
  }

  async waitForUnlock(weight?: number, priority?: number, cancel?: Cancel): Promise<void> {
    return this.#bound((node) => this.#inner.waitForUnlock(weight, priority, node), cancel);
  }

  isLocked(): boolean {
    return this.#inner.isLocked();
  }

  getValue(): number {
    return this.#inner.getValue();
  }

  setValue(value: number): void {
    this.#inner.setValue(value);
  }

  release(): never {
    return this.#inner.release();
  }

  cancel(): void {
    this.#inner.cancel();
  }
}
