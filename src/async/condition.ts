/**
 * Conditions: waiting, with a mutex released, until its holder says that
 * something has changed.
 *
 * Invariants
 * - The mutex is released in the turn in which the wait joins the queue, so a
 *   notification by whoever takes the mutex next finds it there: none is lost.
 * - A wait that was cancelled is out of the queue, so a notification goes to one
 *   that was not (law 35). A wait that was notified can't be cancelled any more.
 */
import { MisuseError } from "../core/errors.js";
import { ProbedResource, ProbeResource } from "../core/probe.js";
import { type Cancel, cancelNodeOf, describeKind } from "./cancel.js";
import { requireOptions } from "./guard.js";
import { FifoMutex, FifoMutexGuard, type Mutex, type MutexGuard } from "./mutex.js";
import { WaitQueue } from "./wait-queue.js";

/** Counters of a condition at one moment. */
export interface ConditionStatistics {
  /** Callers that wait for a notification. */
  readonly waiting: number;
}

/** How a condition is made. */
export interface ConditionOptions {
  /** How dumps, recordings and errors name the condition. */
  readonly name?: string;
}

/**
 * Lets the holder of a mutex wait until another holder has changed something.
 *
 * Use it where what is waited for is a question about state that the mutex
 * guards. For a plain yes or no use an event; to pass values, a channel.
 *
 * Wait in a loop that asks the question again: between the notification and the
 * moment the mutex is taken again another holder may have changed the answer.
 *
 * **Fairness** Notifications go to the callers that wait longest.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Condition {
  readonly name: string;
  readonly mutex: Mutex;

  /**
   * Releases the mutex, waits for a notification, and takes the mutex again. The
   * caller's guard then holds it as before.
   *
   * **Cancels** The waiting ends at once, but the call fails only after the mutex
   * was taken again. Taking it again can't be cancelled: a caller that was
   * notified returns, and notices at its next checkpoint.
   *
   * **Throws** `SKEIN_NOT_HELD` if `guard` does not hold the mutex;
   * `SKEIN_CANCELLED`.
   */
  wait(guard: MutexGuard, cancel?: Cancel): Promise<void>;

  /**
   * Wakes the caller that waits longest. False if none waits: then nobody is told.
   *
   * **Throws** `SKEIN_NOT_HELD` if `guard` does not hold the mutex.
   */
  notifyOne(guard: MutexGuard): boolean;

  /** Wakes all that wait now, and gives their number; otherwise as `notifyOne`. */
  notifyAll(guard: MutexGuard): number;

  statistics(): ConditionStatistics;
}

/**
 * Makes a condition of a mutex; one mutex may have several.
 *
 * @example
 * ```ts
 * const lock = mutex();
 * const arrived = condition(lock);
 * const letters: string[] = [];
 * await scope(async (s) => {
 *   s.spawn(async () => {
 *     using guard = await lock.lock(s);
 *     while (letters.length === 0) await arrived.wait(guard, s);
 *     console.log(letters.shift());
 *   });
 *   await sleep(1, s);
 *   using guard = await lock.lock(s);
 *   letters.push("hello");
 *   arrived.notifyOne(guard);
 * });
 * ```
 *
 * @since 0.1.0
 */
export function condition(of: Mutex, options: ConditionOptions = {}): Condition {
  if (!(of instanceof FifoMutex)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `condition expected a mutex that mutex() made, but ${describeKind(of)} came`,
    );
  }
  requireOptions("condition", options);
  return new MutexCondition(of, options.name ?? "condition");
}

class MutexCondition implements Condition {
  readonly name: string;
  readonly mutex: FifoMutex;
  readonly #waiting: WaitQueue<void>;

  constructor(of: FifoMutex, name: string) {
    this.mutex = of;
    this.name = name;
    this.#waiting = new WaitQueue(
      `notification of condition "${name}"`,
      undefined,
      new ProbedResource(ProbeResource.condition, name),
    );
  }

  async wait(guard: MutexGuard, cancel?: Cancel): Promise<void> {
    const held = this.#requireHeld("wait", guard);
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    const notified = this.#waiting.wait(node, undefined);
    held.release();
    try {
      await notified;
    } finally {
      await this.mutex.relock(held);
    }
  }

  notifyOne(guard: MutexGuard): boolean {
    this.#requireHeld("notifyOne", guard);
    return this.#notify();
  }

  notifyAll(guard: MutexGuard): number {
    this.#requireHeld("notifyAll", guard);
    let notified = 0;
    while (this.#notify()) notified++;
    return notified;
  }

  statistics(): ConditionStatistics {
    return { waiting: this.#waiting.size };
  }

  #notify(): boolean {
    const waiter = this.#waiting.claim();
    waiter?.resolve();
    return waiter !== undefined;
  }

  #requireHeld(verb: string, guard: unknown): FifoMutexGuard {
    if (!(guard instanceof FifoMutexGuard)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `${verb} of condition "${this.name}" expected the guard of its mutex, but ${describeKind(guard)} came`,
      );
    }
    if (guard.mutex !== this.mutex) {
      throw new MisuseError(
        "SKEIN_NOT_HELD",
        `${verb} of condition "${this.name}" expected a guard of mutex "${this.mutex.name}", but one of another mutex, "${guard.mutex.name}", came`,
      );
    }
    if (guard.isHeld) return guard;
    throw new MisuseError(
      "SKEIN_NOT_HELD",
      `${verb} of condition "${this.name}" needs mutex "${this.mutex.name}" to be held, but the guard was released or itself waits for a condition: ` +
        "call it between lock and release",
    );
  }
}
