/** The call shape of the mutex of the package `async-mutex`: its semaphore with one permit. */
import type { Cancel } from "../async/cancel.js";
import { type Releaser, Semaphore, type SemaphoreInterface, unscopedRelease } from "./semaphore.js";

/** What a mutex, and one with a time limit, offers. */
export interface MutexInterface {
  /**
   * Waits for the lock, and gives the function that gives it back.
   *
   * **Cancels** The request leaves the queue at once; nothing is locked.
   */
  acquire(priority?: number, cancel?: Cancel): Promise<Releaser>;
  /** Runs `callback` with the lock held. */
  runExclusive<Result>(
    callback: () => PromiseLike<Result> | Result,
    priority?: number,
    cancel?: Cancel,
  ): Promise<Result>;
  /** Waits until the lock could be taken, and does not take it. */
  waitForUnlock(priority?: number, cancel?: Cancel): Promise<void>;
  isLocked(): boolean;
  /** Always throws: who calls can't be told. Call the releaser that `acquire` gave. */
  release(): never;
  /** Discards all that wait for the lock. */
  cancel(): void;
}

/** Wraps a semaphore that was limited in time; for `withTimeout`. */
export let mutexOver: (semaphore: SemaphoreInterface) => Mutex;
/** The semaphore that a mutex is made of; for `withTimeout`. */
export let semaphoreOf: (mutex: Mutex) => SemaphoreInterface;

/**
 * A lock between jobs of one thread, in the call shape of the package
 * `async-mutex`.
 *
 * For code that moves here as it is; `skein/async` has the lock for new code.
 *
 * **Fairness** By priority, then in order of arrival.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`; `SKEIN_CANCELLED` from what waits when
 * `cancel()` is called, unless the constructor was given another error for that.
 *
 * @example
 * ```ts
 * import { Mutex } from "skein/compat";
 * const mutex = new Mutex();
 * await mutex.runExclusive(async () => load("a"));
 * const release = await mutex.acquire();
 * release();
 * ```
 *
 * @since 0.1.0
 */
export class Mutex implements MutexInterface {
  #semaphore: SemaphoreInterface;

  static {
    mutexOver = (semaphore) => {
      const mutex = new Mutex();
      mutex.#semaphore = semaphore;
      return mutex;
    };
    semaphoreOf = (mutex) => mutex.#semaphore;
  }

  constructor(cancelError?: Error) {
    this.#semaphore = new Semaphore(1, cancelError);
  }

  async acquire(priority?: number, cancel?: Cancel): Promise<Releaser> {
    const [, release] = await this.#semaphore.acquire(1, priority, cancel);
    return release;
  }

  async runExclusive<Result>(
    callback: () => PromiseLike<Result> | Result,
    priority?: number,
    cancel?: Cancel,
  ): Promise<Result> {
    return this.#semaphore.runExclusive(callback, 1, priority, cancel);
  }

  async waitForUnlock(priority?: number, cancel?: Cancel): Promise<void> {
    return this.#semaphore.waitForUnlock(1, priority, cancel);
  }

  isLocked(): boolean {
    return this.#semaphore.isLocked();
  }

  release(): never {
    throw unscopedRelease("mutex", "`const release = await mutex.acquire()`, or use runExclusive()");
  }

  cancel(): void {
    this.#semaphore.cancel();
  }
}
