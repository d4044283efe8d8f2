/**
 * Circuit breakers: calls that would fail anyway are not made.
 *
 * States, and what moves a breaker between them:
 *   closed    -> open       the end of the failed call with which the failures are too many
 *   open      -> half-open  the clock, `openMs` after it opened
 *   half-open -> closed     the end of its one call, the probe, if that succeeds
 *   half-open -> open       the same, if that fails
 * A probe that says nothing, because it was cancelled, leaves it half-open.
 *
 * Invariants
 * - No alarm is set: open turns half-open by comparing the clock, when somebody asks.
 * - Only calls that began in the present state move it. What a call reports that
 *   began before, when it ends, is news from the past: each change of state starts
 *   a new era, and a call counts in its own.
 * - At most one call is the probe of an era.
 */
import { nowMs } from "#clock";

import { CancelledError, CircuitOpenError, MisuseError } from "../core/errors.js";
import { type Cancel, cancelNodeOf, describeKind } from "./cancel.js";
import { requireFunction, requireOptions, requireWhole } from "./guard.js";
import { RingBuffer } from "./ring-buffer.js";
import { type Scope, scope } from "./scope.js";

/**
 * Where a circuit breaker stands:
 * - `"closed"` calls pass
 * - `"open"` calls are refused
 * - `"half-open"` one call passes, the probe; until it has ended the others are refused
 */
export type CircuitState = "closed" | "open" | "half-open";

/** How a circuit breaker is made. */
export interface CircuitBreakerOptions {
  /** Failures that open it: a whole number from 1 on, 5 by default. */
  readonly failures?: number;
  /** Of how many calls, the latest: a whole number from `failures` on; `failures` by default, which means in a row. */
  readonly outOf?: number;
  /** Instead of `outOf`: within how many milliseconds, the latest. */
  readonly withinMs?: number;
  /** How long it stays open, in milliseconds; 30,000 by default. */
  readonly openMs?: number;
  /**
   * Tells failures from errors that show that the other side is well, such as "not
   * found"; all errors are failures by default. Cancellations and misuse say
   * nothing either way, and are not asked about.
   */
  readonly isFailure?: (error: unknown) => boolean;
  /** How dumps, recordings and errors name the circuit breaker. */
  readonly name?: string;
}

/** Counters of a circuit breaker at one moment. */
export interface CircuitBreakerStatistics {
  readonly state: CircuitState;
  /** Failures that count now. */
  readonly failures: number;
  /** Calls that run. */
  readonly running: number;
  /** Calls refused since it was made. */
  readonly refused: number;
  /** How often it opened. */
  readonly opened: number;
}

/**
 * Stops calling what keeps failing, and tries it again after a pause.
 *
 * Use it around calls to another service: while that is down its callers fail at
 * once instead of waiting for it, and it is not burdened when it comes back. To
 * try one call again use `retry`, outside of it.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface CircuitBreaker {
  readonly name: string;
  readonly state: CircuitState;

  /**
   * Runs `fn`, if the state allows. A function that declares a parameter is given a
   * scope of its own.
   *
   * A call that never ends says nothing, and as the probe keeps all others out:
   * bound it by a scope with `timeoutMs`, whose `SKEIN_TIMEOUT` is a failure.
   *
   * **Cancels** `fn`'s scope, if it has one.
   *
   * **Throws** what `fn` throws; `SKEIN_CIRCUIT_OPEN` if the state does not allow
   * it; `SKEIN_CANCELLED`. In the last two cases `fn` was not called.
   */
  run<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>>;

  /** Gives a function that does what `fn` does, each call as `run` does it. */
  wrap<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
    cancel?: Cancel,
  ): (...args: Args) => Promise<Awaited<Result>>;

  statistics(): CircuitBreakerStatistics;
}

/**
 * Makes a circuit breaker.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * **Cost** O(1) a call; it remembers `outOf` outcomes, or `failures` moments.
 *
 * @example
 * ```ts
 * const breaker = circuitBreaker({ failures: 2, openMs: 1000 });
 * const ask = breaker.wrap(async () => {
 *   throw new Error("down");
 * });
 * for (let call = 0; call < 3; call++) await ask().catch((error) => console.log(error.message));
 * console.log(breaker.state); // open
 * ```
 *
 * @since 0.1.0
 */
export function circuitBreaker(options: CircuitBreakerOptions = {}): CircuitBreaker {
  requireOptions("circuitBreaker", options);
  const { failures = 5, outOf, withinMs, openMs = 30_000, isFailure = () => true, name = "circuitBreaker" } = options;
  requireWhole("a circuit breaker's failures", failures, 1);
  if (outOf !== undefined) requireWhole("a circuit breaker's outOf", outOf, failures);
  if (withinMs !== undefined) requireMs("withinMs", withinMs);
  requireMs("openMs", openMs);
  requireFunction("a circuit breaker's isFailure", isFailure);
  if (outOf !== undefined && withinMs !== undefined) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `a circuit breaker expected "outOf" or "withinMs", but both came; which failures count is said by one of them`,
    );
  }
  const makeTally = (): Tally =>
    withinMs === undefined ? new CountTally(failures, outOf ?? failures) : new WindowTally(failures, withinMs);
  return new Breaker(makeTally, openMs, isFailure, name);
}

/** Which failures count. */
interface Tally {
  /** Counts an outcome. @returns true if the failures are too many now */
  add(failed: boolean): boolean;
  readonly failures: number;
}

/** Failures among the latest calls. */
class CountTally implements Tally {
  failures = 0;
  readonly #most: number;
  readonly #outOf: number;
  readonly #outcomes = new RingBuffer<boolean>();

  constructor(most: number, outOf: number) {
    this.#most = most;
    this.#outOf = outOf;
  }

  add(failed: boolean): boolean {
    if (this.#outcomes.length === this.#outOf && this.#outcomes.shift()) this.failures--;
    this.#outcomes.push(failed);
    if (failed) this.failures++;
    return this.failures >= this.#most;
  }
}

/** Failures within the latest stretch of time. */
class WindowTally implements Tally {
  readonly #most: number;
  readonly #withinMs: number;
  /** When the failures were; never more than `#most`. */
  readonly #moments = new RingBuffer<number>();

  constructor(most: number, withinMs: number) {
    this.#most = most;
    this.#withinMs = withinMs;
  }

  add(failed: boolean): boolean {
    if (failed) this.#moments.push(nowMs());
    return this.failures >= this.#most;
  }

  get failures(): number {
    const sinceMs = nowMs() - this.#withinMs;
    while (this.#moments.length > 0 && this.#moments.at(0) <= sinceMs) this.#moments.shift();
    return this.#moments.length;
  }
}

/** From one change of state to the next. */
interface Era {
  /** When it turns half-open; `undefined` if calls pass. */
  readonly halfOpenMs: number | undefined;
  readonly tally: Tally;
  hasProbe: boolean;
}

class Breaker implements CircuitBreaker {
  readonly name: string;
  readonly #makeTally: () => Tally;
  readonly #openMs: number;
  readonly #isFailure: (error: unknown) => boolean;
  #era: Era;
  #running = 0;
  #refused = 0;
  #opened = 0;

  constructor(makeTally: () => Tally, openMs: number, isFailure: (error: unknown) => boolean, name: string) {
    this.#makeTally = makeTally;
    this.#openMs = openMs;
    this.#isFailure = isFailure;
    this.name = name;
    this.#era = this.#newEra(undefined);
  }

  get state(): CircuitState {
    const { halfOpenMs } = this.#era;
    if (halfOpenMs === undefined) return "closed";
    return nowMs() < halfOpenMs ? "open" : "half-open";
  }

  async run<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>> {
    requireFunction("run", fn);
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    const era = this.#admit();
    this.#running++;
    try {
      const result = await (fn.length === 0
        ? (fn as () => Result)()
        : scope(fn, { name: `run of ${this.name}` }, node));
      this.#ended(era, false);
      return result;
    } catch (error) {
      if (saysNothing(error)) era.hasProbe = false;
      else this.#failed(era, error);
      throw error;
    } finally {
      this.#running--;
    }
  }

  wrap<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
    cancel?: Cancel,
  ): (...args: Args) => Promise<Awaited<Result>> {
    requireFunction("wrap", fn);
    return (...args) => this.run(() => fn(...args), cancel);
  }

  statistics(): CircuitBreakerStatistics {
    return {
      state: this.state,
      failures: this.#era.tally.failures,
      running: this.#running,
      refused: this.#refused,
      opened: this.#opened,
    };
  }

  /** Lets a call through. @returns the era that it counts in */
  #admit(): Era {
    const era = this.#era;
    if (era.halfOpenMs === undefined) return era;
    const leftMs = Math.max(0, era.halfOpenMs - nowMs());
    if (leftMs > 0 || era.hasProbe) {
      this.#refused++;
      throw new CircuitOpenError(
        leftMs > 0
          ? `circuit breaker "${this.name}" is open for another ${Math.ceil(leftMs)} ms, because too many calls have failed`
          : `circuit breaker "${this.name}" is half-open: one call is out to see whether the others can be let through`,
        leftMs,
      );
    }
    era.hasProbe = true;
    return era;
  }

  #failed(era: Era, error: unknown): void {
    let failed = true;
    try {
      failed = this.#isFailure(error);
    } finally {
      // What `isFailure` throws is thrown to the caller, and the call still counts.
      this.#ended(era, failed);
    }
  }

  #ended(era: Era, failed: boolean): void {
    if (era !== this.#era) return;
    if (era.halfOpenMs !== undefined) this.#era = this.#newEra(failed ? nowMs() + this.#openMs : undefined);
    else if (era.tally.add(failed)) this.#era = this.#newEra(nowMs() + this.#openMs);
  }

  #newEra(halfOpenMs: number | undefined): Era {
    if (halfOpenMs !== undefined) this.#opened++;
    return { halfOpenMs, tally: this.#makeTally(), hasProbe: false };
  }
}

/** True for errors that are the caller's doing. */
function saysNothing(error: unknown): boolean {
  if (error instanceof CancelledError || error instanceof MisuseError) return true;
  // How the platform says that somebody called `abort()`.
  return error instanceof Error && error.name === "AbortError";
}

function requireMs(name: string, value: unknown): void {
  if (typeof value === "number" && value > 0 && value < Infinity) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `a circuit breaker's ${name} must be a finite number of milliseconds above 0, but ${describeKind(value)} came`,
  );
}
