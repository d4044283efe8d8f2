/**
 * Latches: closed until something has happened so many times, then open for good.
 *
 * Invariant: somebody waits only while the count is above 0.
 */
import { ProbedResource, ProbeResource } from "../core/probe.js";
import { type Cancel, cancelNodeOf } from "./cancel.js";
import { requireOptions, requireWhole } from "./guard.js";
import { SELECTABLE, type Selectable } from "./select.js";
import { WaitQueue } from "./wait-queue.js";

/** Counters of a latch at one moment. */
export interface LatchStatistics {
  /** How often it must still be counted down. */
  readonly count: number;
  /** Callers that wait. */
  readonly waiting: number;
}

/** How a latch is made, where a count alone does not say it. */
export interface LatchOptions {
  /** How often it must be counted down: a whole number from 0 on; 0 is open at once. */
  readonly count: number;
  /** How dumps, recordings and errors name the latch. */
  readonly name?: string;
}

/**
 * Opens, once and for good, when it has been counted down.
 *
 * Use it to wait for a number of things that are not jobs of one scope; a scope
 * waits for its jobs by itself. For rounds use a barrier; for something that can
 * also become untrue, an event.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Latch {
  readonly name: string;
  /** How often it must still be counted down. */
  readonly count: number;
  readonly isOpen: boolean;

  /**
   * Counts down, and at 0 opens the latch for all that wait. An open latch stays
   * as it is: counting it down further does nothing.
   *
   * **Throws** `SKEIN_INVALID_ARGUMENT` for a step that is no whole number from 1 on.
   */
  countDown(step?: number): void;

  /**
   * Waits until the latch is open.
   *
   * **Cancels** Only the waiting ends; the count stays.
   *
   * **Throws** `SKEIN_CANCELLED`.
   */
  wait(cancel?: Cancel): Promise<void>;

  /** The opening as a case of `select`. */
  waiting(): Selectable<undefined>;

  statistics(): LatchStatistics;
}

/**
 * Makes a latch.
 *
 * @param options - the count, or that and a name
 *
 * @example
 * ```ts
 * const ready = latch(2);
 * await scope(async (s) => {
 *   for (const name of ["a", "b"]) {
 *     s.spawn(async () => {
 *       await load(name, s.signal);
 *       ready.countDown();
 *     });
 *   }
 *   await ready.wait(s);
 *   console.log("both are loaded");
 * });
 * ```
 *
 * @since 0.1.0
 */
export function latch(options: number | LatchOptions): Latch {
  const given = typeof options === "number" ? { count: options } : options;
  requireOptions("latch", given);
  requireWhole("a latch's count", given.count, 0);
  return new CountLatch(given.count, given.name ?? "latch");
}

class CountLatch implements Latch {
  readonly name: string;
  #count: number;
  readonly #waiting: WaitQueue<void>;

  constructor(count: number, name: string) {
    this.#count = count;
    this.name = name;
    this.#waiting = new WaitQueue(`latch "${name}"`, undefined, new ProbedResource(ProbeResource.latch, name));
  }

  get count(): number {
    return this.#count;
  }

  get isOpen(): boolean {
    return this.#count === 0;
  }

  countDown(step = 1): void {
    requireWhole("a latch's step", step, 1);
    if (this.isOpen) return;
    this.#count = Math.max(0, this.#count - step);
    if (!this.isOpen) return;
    for (let waiter = this.#waiting.claim(); waiter !== undefined; waiter = this.#waiting.claim()) waiter.resolve();
  }

  async wait(cancel?: Cancel): Promise<void> {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    if (!this.isOpen) await this.#waiting.wait(node, undefined);
  }

  waiting(): Selectable<undefined> {
    return {
      [SELECTABLE]: {
        attempt: () => (this.isOpen ? { value: undefined } : undefined),
        park: (won, failed) => this.#waiting.park(undefined, () => won(undefined), failed),
      },
    };
  }

  statistics(): LatchStatistics {
    return { count: this.#count, waiting: this.#waiting.size };
  }
}
