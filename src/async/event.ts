/**
 * Events: something is so, or is not, and one can wait until it is.
 *
 * Invariant: nobody waits while the event is set.
 */
import { MisuseError } from "../core/errors.js";
import { ProbedResource, ProbeResource } from "../core/probe.js";
import { type Cancel, cancelNodeOf, describeKind } from "./cancel.js";
import { requireOptions } from "./guard.js";
import { SELECTABLE, type Selectable } from "./select.js";
import { WaitQueue } from "./wait-queue.js";

/** Counters of an event at one moment. */
export interface EventStatistics {
  readonly isSet: boolean;
  /** Callers that wait. */
  readonly waiting: number;
}

/** How an event is made. */
export interface EventOptions {
  /** True if it is set from the start; false by default. */
  readonly isSet?: boolean;
  /** How dumps, recordings and errors name the event. */
  readonly name?: string;
}

/**
 * A flag of one thread that jobs can wait for; it stays set until it is cleared.
 *
 * Use it for a state that comes and goes: connected, paused, empty. For something
 * that happens once for good use a latch; to pass values, a channel.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Event {
  readonly name: string;
  readonly isSet: boolean;

  /** Sets it and lets all go that wait now, even if it is cleared before they run on. */
  set(): void;

  /** Clears it: who waits from now on, waits for the next `set`. */
  clear(): void;

  /**
   * Waits until it is set.
   *
   * **Cancels** Only the waiting ends.
   *
   * **Throws** `SKEIN_CANCELLED`.
   */
  wait(cancel?: Cancel): Promise<void>;

  /** Its being set as a case of `select`. */
  waiting(): Selectable<undefined>;

  statistics(): EventStatistics;
}

/**
 * Makes an event.
 *
 * @example
 * ```ts
 * const resumed = event({ isSet: true });
 * resumed.clear();
 * await scope(async (s) => {
 *   s.spawn(async () => {
 *     await resumed.wait(s);
 *     console.log("going on");
 *   });
 *   await sleep(1, s);
 *   resumed.set();
 * });
 * ```
 *
 * @since 0.1.0
 */
export function event(options: EventOptions = {}): Event {
  requireOptions("event", options);
  const { isSet = false, name = "event" } = options;
  if (typeof isSet !== "boolean") {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `isSet must be true or false, but ${describeKind(isSet)} came`);
  }
  return new FlagEvent(isSet, name);
}

class FlagEvent implements Event {
  readonly name: string;
  #isSet: boolean;
  readonly #waiting: WaitQueue<void>;

  constructor(isSet: boolean, name: string) {
    this.#isSet = isSet;
    this.name = name;
    this.#waiting = new WaitQueue(`event "${name}"`, undefined, new ProbedResource(ProbeResource.event, name));
  }

  get isSet(): boolean {
    return this.#isSet;
  }

  set(): void {
    this.#isSet = true;
    for (let waiter = this.#waiting.claim(); waiter !== undefined; waiter = this.#waiting.claim()) waiter.resolve();
  }

  clear(): void {
    this.#isSet = false;
  }

  async wait(cancel?: Cancel): Promise<void> {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    if (!this.#isSet) await this.#waiting.wait(node, undefined);
  }

  waiting(): Selectable<undefined> {
    return {
      [SELECTABLE]: {
        attempt: () => (this.#isSet ? { value: undefined } : undefined),
        park: (won, failed) => this.#waiting.park(undefined, () => won(undefined), failed),
      },
    };
  }

  statistics(): EventStatistics {
    return { isSet: this.#isSet, waiting: this.#waiting.size };
  }
}
