/**
 * Rate limits: permits that come back with time.
 *
 * Invariants
 * - The oldest waiting request can't be granted yet. Each change that could make
 *   it grantable (time, and the oldest leaving unclaimed) restores this in the same
 *   turn, so nobody passes those who wait.
 * - An alarm is set, for the moment when the oldest can be granted, if and only if
 *   somebody waits.
 * - A permit is taken when it is granted: a request that leaves before takes none
 *   (law 10).
 */
import { nowMs, setAlarm } from "#clock";

import { MisuseError } from "../core/errors.js";
import { type Cancel, cancelNodeOf, describeKind } from "./cancel.js";
import { requireFunction, requireOptions, requireWhole } from "./guard.js";
import { type Pace, SlidingWindow, TokenBucket } from "./pace.js";
import { SELECTABLE, type Selectable } from "./select.js";
import { WaitQueue } from "./wait-queue.js";

/** How a rate limit is made. */
export interface RateLimitOptions {
  /** Permits for each `perMs`: a whole number from 1 on. */
  readonly permits: number;
  /** The length of time that they are for, in milliseconds: above 0. */
  readonly perMs: number;
  /**
   * - `"sliding-window"`, the default: no stretch of `perMs`, wherever it begins,
   *   has more than `permits`
   * - `"token-bucket"`: permits come one by one at equal distances and are kept, up
   *   to `burst`, while nobody takes them; a stretch of `perMs` has at most
   *   `permits + burst`
   */
  readonly algorithm?: "sliding-window" | "token-bucket";
  /** Permits that a token bucket holds: a whole number from 1 on, `permits` by default. */
  readonly burst?: number;
  /** How dumps, recordings and errors name the rate limit. */
  readonly name?: string;
}

/** Counters of a rate limit at one moment. */
export interface RateLimitStatistics {
  /** Permits that could be taken now, if nobody waited. */
  readonly free: number;
  /** Requests that wait. */
  readonly waiting: number;
  /** Permits taken since it was made. */
  readonly taken: number;
}

/**
 * Lets only so much begin in a stretch of time.
 *
 * Use it for what counts by time: calls to a server that refuses more than so many
 * a second. To bound how much runs at once use a semaphore; often both are needed.
 *
 * **Fairness** First come, first served, whatever the counts: nobody, `tryTake`
 * included, passes a request that waits.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface RateLimit {
  readonly name: string;

  /**
   * Takes permits if they are free and nobody waits. Never waits.
   *
   * **Throws** `SKEIN_INVALID_ARGUMENT` for a count that is no whole number from 1
   * on; nothing else.
   */
  tryTake(count?: number): boolean;

  /**
   * Takes permits, waiting for them.
   *
   * **Cancels** A cancelled request has taken nothing, and lets those behind it go
   * on.
   *
   * **Throws** `SKEIN_CANCELLED`; `SKEIN_INVALID_ARGUMENT` for a count that is no
   * whole number, or that could never be granted.
   */
  take(count?: number, cancel?: Cancel): Promise<void>;

  /** The taking of `count` permits as a case of `select`. */
  taking(count?: number): Selectable<undefined>;

  /**
   * Gives a function that does what `fn` does, each call after it has taken one
   * permit.
   *
   * **Cancels** A call that waits: `fn` is not called.
   */
  wrap<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
    cancel?: Cancel,
  ): (...args: Args) => Promise<Awaited<Result>>;

  statistics(): RateLimitStatistics;
}

/**
 * Makes a rate limit.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * **Cost** O(1) a request for one permit. A sliding window remembers up to `permits`
 * moments, and a request that waits looks at no more of them than it asks permits.
 *
 * @example
 * ```ts
 * const limit = rateLimit({ permits: 2, perMs: 10 });
 * await scope(async (s) => {
 *   for (const name of ["a", "b", "c"]) {
 *     await limit.take(1, s);
 *     s.spawn(() => load(name, s.signal));
 *   }
 * });
 * console.log(limit.statistics().taken); // 3
 * ```
 *
 * @since 0.1.0
 */
export function rateLimit(options: RateLimitOptions): RateLimit {
  requireOptions("rateLimit", options);
  const { permits, perMs, algorithm = "sliding-window", burst, name = "rateLimit" } = options;
  requireWhole("a rate limit's permits", permits, 1);
  if (!(typeof perMs === "number" && perMs > 0 && perMs < Infinity)) {
    refuse(`a rate limit's perMs must be a finite number of milliseconds above 0`, perMs);
  }
  if (algorithm !== "sliding-window" && algorithm !== "token-bucket") {
    refuse(`a rate limit's algorithm must be "sliding-window" or "token-bucket"`, algorithm);
  }
  if (algorithm === "token-bucket") {
    requireWhole("a token bucket's burst", burst ?? permits, 1);
    return new PacedLimit(new TokenBucket(permits, perMs, burst ?? permits), name);
  }
  if (burst !== undefined) refuse(`a sliding window has no burst: that is an option of "token-bucket"`, burst);
  return new PacedLimit(new SlidingWindow(permits, perMs), name);
}

class PacedLimit implements RateLimit {
  readonly name: string;
  readonly #pace: Pace;
  /** Each with the count that it asks for. */
  readonly #waiting: WaitQueue<undefined, number>;
  #taken = 0;
  #stopAlarm: (() => void) | undefined = undefined;

  constructor(pace: Pace, name: string) {
    this.#pace = pace;
    this.name = name;
    this.#waiting = new WaitQueue(`take of rate limit "${name}"`, () => this.#grant());
  }

  tryTake(count = 1): boolean {
    requireWhole("a count of permits", count, 1);
    return this.#waiting.size === 0 && this.#takeAt(nowMs(), count);
  }

  async take(count = 1, cancel?: Cancel): Promise<void> {
    if (typeof count === "object") {
      refuse("take expected a count of permits first; for one permit write take(1, s)", count);
    }
    this.#requireObtainable(count);
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    if (this.tryTake(count)) return;
    const waiting = this.#waiting.wait(node, count);
    if (this.#waiting.size === 1) this.#setAlarm(nowMs(), count);
    await waiting;
  }

  taking(count = 1): Selectable<undefined> {
    this.#requireObtainable(count);
    return {
      [SELECTABLE]: {
        attempt: () => (this.tryTake(count) ? { value: undefined } : undefined),
        park: (won, failed) => {
          const parked = this.#waiting.park(count, won, failed);
          if (this.#waiting.size === 1) this.#setAlarm(nowMs(), count);
          return parked;
        },
      },
    };
  }

  wrap<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
    cancel?: Cancel,
  ): (...args: Args) => Promise<Awaited<Result>> {
    requireFunction("wrap", fn);
    return async (...args): Promise<Awaited<Result>> => {
      await this.take(1, cancel);
      return await fn(...args);
    };
  }

  statistics(): RateLimitStatistics {
    return { free: this.#pace.freeAt(nowMs()), waiting: this.#waiting.size, taken: this.#taken };
  }

  #takeAt(now: number, count: number): boolean {
    if (!this.#pace.tryTakeAt(now, count)) return false;
    this.#taken += count;
    return true;
  }

  /** Grants, in order of arrival, all that can be granted, and sets the alarm for the next. */
  #grant(): void {
    this.#stopAlarm?.();
    this.#stopAlarm = undefined;
    const now = nowMs();
    for (let oldest = this.#waiting.oldest; oldest !== undefined; oldest = this.#waiting.oldest) {
      if (!this.#takeAt(now, oldest.payload)) {
        // To settle a case of `select`, below, makes others leave, and that comes
        // back to here: the alarm may be set.
        this.#setAlarm(now, oldest.payload);
        return;
      }
      this.#waiting.claim()?.resolve(undefined);
    }
  }

  #setAlarm(now: number, count: number): void {
    this.#stopAlarm ??= setAlarm(() => this.#grant(), this.#pace.dueMs(now, count) - now);
  }

  #requireObtainable(count: number): void {
    requireWhole("a count of permits", count, 1);
    if (count <= this.#pace.most) return;
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${count} permits were asked of rate limit "${this.name}", which never has more than ${this.#pace.most} at a time: that could never be granted`,
    );
  }
}

function refuse(expected: string, came: unknown): never {
  throw new MisuseError("SKEIN_INVALID_ARGUMENT", `${expected}; ${describeKind(came)} came`);
}
