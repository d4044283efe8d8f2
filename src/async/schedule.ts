/**
 * Schedules: how long to wait between the attempts of something that fails.
 *
 * A schedule is a value. What it describes is a sequence of delays, one for each
 * further attempt, and each operation on a schedule is an operation on that
 * sequence: the result is another schedule, and the first stays as it was.
 *
 * Whoever draws the delays may tell each failure to `next`; a schedule that judges
 * failures (`while`) can then end the sequence. Without a failure it judges none.
 */
import { randomFraction } from "#random";

import { MisuseError } from "../core/errors.js";
import { describeKind } from "./cancel.js";
import { requireFunction, requireWhole } from "./guard.js";

/**
 * When to try again: one delay in milliseconds for each further attempt. At its
 * end the last failure stands.
 *
 * @since 0.1.0
 */
export interface RetrySchedule {
  /** The delays of one operation, from the first on. */
  delays(): Iterable<number>;
}

/** The delays of one operation; `next` may be told the failure that the delay follows. */
export interface Delays extends IterableIterator<number, undefined, unknown> {
  next(...failure: [] | [unknown]): IteratorResult<number, undefined>;
  [Symbol.iterator](): Delays;
}

/** Draws one delay of a sequence; `undefined` at its end. Not called again then. */
type Draw = (...failure: [] | [unknown]) => number | undefined;

/**
 * How long to wait between attempts, and how often.
 *
 * Made by `exponential`, `fibonacci`, `linear` and `spaced`, and by the operations
 * below, which leave the schedule that they are called on as it is. They act in
 * the order in which they are written: `jittered().cappedAt(ms)` never exceeds
 * `ms`, `cappedAt(ms).jittered(0.5)` may.
 *
 * @since 0.1.0
 */
export class Schedule implements RetrySchedule {
  readonly #begin: () => Draw;

  /** @param begin - begins the sequence anew, with its own state */
  constructor(begin: () => Draw) {
    this.#begin = begin;
  }

  /**
   * The delays of one operation, in milliseconds.
   *
   * Nothing but `jittered` makes two calls differ, and that draws from `#random`:
   * the same seed gives the same delays.
   */
  delays(): Delays {
    return new DrawnDelays(this.#begin());
  }

  /**
   * Spreads each delay at random, so that many who failed together do not all come
   * back together.
   *
   * @param spread - a fraction from 0 to 1: 0.2 gives 80 to 120 per cent of the
   *   delay; `"full"`, the default, gives from nothing to all of it
   */
  jittered(spread: number | "full" = "full"): Schedule {
    if (spread !== "full" && !(typeof spread === "number" && spread >= 0 && spread <= 1)) {
      refuse(`jittered expected a fraction from 0 to 1 or "full"`, spread);
    }
    return this.#mapped((delayMs) =>
      spread === "full" ? delayMs * randomFraction() : finite(delayMs * (1 + spread * (2 * randomFraction() - 1))),
    );
  }

  /** Makes no delay longer than `capMs`. */
  cappedAt(capMs: number): Schedule {
    requireDelay("cappedAt", capMs);
    return this.#mapped((delayMs) => Math.min(delayMs, capMs));
  }

  /**
   * Allows that many attempts, the first one included: one delay fewer.
   *
   * @param attempts - a whole number from 1 on; 1 means that nothing is tried again
   */
  limitedTo(attempts: number): Schedule {
    requireWhole("a number of attempts", attempts, 1);
    return new Schedule(() => {
      const draw = this.#begin();
      let left = attempts - 1;
      return (...failure) => (left-- > 0 ? draw(...failure) : undefined);
    });
  }

  /**
   * Ends before the delay with which all delays together would exceed `totalMs`.
   *
   * The time of the attempts themselves is not counted: to bound that too, run the
   * whole in a scope with `timeoutMs`.
   */
  upTo(totalMs: number): Schedule {
    requireDelay("upTo", totalMs);
    return new Schedule(() => {
      const draw = this.#begin();
      let leftMs = totalMs;
      return (...failure) => {
        const delayMs = draw(...failure);
        if (delayMs === undefined || delayMs > leftMs) return undefined;
        leftMs -= delayMs;
        return delayMs;
      };
    });
  }

  /**
   * Ends at the first failure for which `mayRetry` is false.
   *
   * What `mayRetry` throws takes the place of the failure.
   */
  while(mayRetry: (error: unknown) => boolean): Schedule {
    requireFunction("while", mayRetry);
    return new Schedule(() => {
      const draw = this.#begin();
      return (...failure) => (failure.length > 0 && !mayRetry(failure[0]) ? undefined : draw(...failure));
    });
  }

  /**
   * Goes on with `other` where this one ends: with the same failure, if this one
   * ended because of a failure.
   */
  andThen(other: Schedule): Schedule {
    if (!(other instanceof Schedule)) refuse("andThen expected a schedule such as spaced(100)", other);
    return new Schedule(() => {
      let draw = this.#begin();
      let isFirst = true;
      return (...failure) => {
        const delayMs = draw(...failure);
        if (delayMs !== undefined || !isFirst) return delayMs;
        isFirst = false;
        draw = other.#begin();
        return draw(...failure);
      };
    });
  }

  #mapped(change: (delayMs: number) => number): Schedule {
    return new Schedule(() => {
      const draw = this.#begin();
      return (...failure) => {
        const delayMs = draw(...failure);
        return delayMs === undefined ? undefined : change(delayMs);
      };
    });
  }
}

class DrawnDelays implements Delays {
  #draw: Draw | undefined;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  next(...failure: [] | [unknown]): IteratorResult<number, undefined> {
    const value = this.#draw?.(...failure);
    if (value !== undefined) return { done: false, value };
    this.#draw = undefined;
    return { done: true, value: undefined };
  }

  return(): IteratorResult<number, undefined> {
    this.#draw = undefined;
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/**
 * The same delay each time, without end.
 *
 * @example
 * ```ts
 * console.log([...spaced(100).limitedTo(4).delays()]); // [ 100, 100, 100 ]
 * ```
 *
 * @since 0.1.0
 */
export function spaced(delayMs: number): Schedule {
  requireDelay("spaced", delayMs);
  return new Schedule(() => () => delayMs);
}

/**
 * Delays that grow by the same amount each time, without end.
 *
 * @param stepMs - how much each is longer than the one before; `baseMs` if omitted
 *
 * @example
 * ```ts
 * console.log([...linear(100).limitedTo(4).delays()]); // [ 100, 200, 300 ]
 * ```
 *
 * @since 0.1.0
 */
export function linear(baseMs: number, stepMs: number = baseMs): Schedule {
  requireDelay("linear", baseMs);
  requireDelay("linear", stepMs);
  return new Schedule(() => {
    let count = 0;
    return () => finite(baseMs + count++ * stepMs);
  });
}

/**
 * Delays of which each is `factor` times the one before, without end.
 *
 * For what may be overloaded: with each failure it is given more time. Add
 * `cappedAt`, because the delays soon grow beyond all use, and `jittered`, if many
 * may fail together.
 *
 * @param factor - from 1 on; 2 if omitted
 *
 * @example
 * ```ts
 * console.log([...exponential(100).cappedAt(500).limitedTo(5).delays()]); // [ 100, 200, 400, 500 ]
 * ```
 *
 * @since 0.1.0
 */
export function exponential(baseMs: number, factor: number = 2): Schedule {
  requireDelay("exponential", baseMs);
  if (!(typeof factor === "number" && factor >= 1 && factor < Infinity)) {
    refuse("exponential expected a factor from 1 on", factor);
  }
  return new Schedule(() => {
    let nextMs = baseMs;
    return () => {
      const delayMs = nextMs;
      nextMs = finite(nextMs * factor);
      return delayMs;
    };
  });
}

/**
 * Delays of which each is the sum of the two before, without end: growth that
 * begins more gently than `exponential`.
 *
 * @example
 * ```ts
 * console.log([...fibonacci(10).limitedTo(7).delays()]); // [ 10, 10, 20, 30, 50, 80 ]
 * ```
 *
 * @since 0.1.0
 */
export function fibonacci(baseMs: number): Schedule {
  requireDelay("fibonacci", baseMs);
  return new Schedule(() => {
    let nextMs = baseMs;
    let afterMs = baseMs;
    return () => {
      const delayMs = nextMs;
      nextMs = afterMs;
      afterMs = finite(delayMs + afterMs);
      return delayMs;
    };
  });
}

/** Refuses what has no delays. */
export function requireSchedule(verb: string, schedule: unknown): asserts schedule is RetrySchedule {
  if (typeof schedule === "object" && schedule !== null && typeof (schedule as RetrySchedule).delays === "function")
    return;
  refuse(`${verb} expected a schedule such as exponential(100).limitedTo(5)`, schedule);
}

// Growth ends there instead of at Infinity, which would mean to wait for ever.
function finite(delayMs: number): number {
  return Math.min(delayMs, Number.MAX_VALUE);
}

function requireDelay(what: string, value: unknown): void {
  if (typeof value === "number" && value >= 0 && value < Infinity) return;
  refuse(`${what} expected a finite number of milliseconds from 0 on`, value);
}

function refuse(expected: string, came: unknown): never {
  throw new MisuseError("SKEIN_INVALID_ARGUMENT", `${expected}, but ${describeKind(came)} came`);
}
