/**
 * Intervals: beats at equal distances.
 *
 * Beat number `n` is due `n` periods after the beginning, whatever happened to the
 * others, so nothing adds up: no drift. Only `"delay"` moves the beginning.
 *
 * Invariants of an iterator
 * - `#given` is the number of the last beat that was given, or left out.
 * - An alarm is set if, and only if, somebody waits.
 */
import { nowMs, setAlarm } from "#clock";

import { MisuseError } from "../core/errors.js";
import { type Cancel, cancelNodeOf, type CancelNode, describeKind } from "./cancel.js";
import { requireOptions } from "./guard.js";
import { pauseIfDue } from "./pause.js";
import { WaitQueue } from "./wait-queue.js";

/**
 * One beat of an interval.
 *
 * @since 0.1.0
 */
export interface Tick {
  /** The beat's number, from 1 on; beats that were left out are counted. */
  readonly beat: number;
  /** When it was due, on the clock of `performance.now()`. */
  readonly dueMs: number;
  /** How many beats were left out since the tick before. */
  readonly missed: number;
}

/**
 * What becomes of beats for which nobody was ready in time:
 * - `"skip"` the latest is given at once, those before it are left out; the next
 *   comes when it is due
 * - `"burst"` all are given, one right behind the other
 * - `"delay"` as `"skip"`, but the next comes a whole period after this tick
 */
export type MissedTicks = "skip" | "burst" | "delay";

/** How an interval is made, where a period alone does not say it. */
export interface IntervalOptions {
  /** Milliseconds between two beats: a number above 0. */
  readonly periodMs: number;
  /** `"skip"` by default. */
  readonly missed?: MissedTicks;
}

/**
 * Ticks at equal distances, for `for await`.
 *
 * Use it for what is done time after time: a loop with `sleep` drifts by the time
 * that its body takes. Each loop over it has beats of its own, which begin with the
 * loop; the first tick comes one period later. Leaving the loop ends them.
 *
 * **Waits** for the next beat. Between beats for which nobody was ready it lets
 * timers and I/O have a turn every 10 ms.
 *
 * **Cancels** The wait ends at once, and no beat was given: the next `next()`, if
 * any, has it.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`; the loop throws `SKEIN_CANCELLED`.
 *
 * @param options - the period in milliseconds, or that and what becomes of missed beats
 *
 * @example
 * ```ts
 * for await (const { beat, missed } of interval(2)) {
 *   console.log(beat, missed);
 *   if (beat >= 3) break;
 * }
 * ```
 *
 * @since 0.1.0
 */
export function interval(options: number | IntervalOptions, cancel?: Cancel): AsyncIterable<Tick> {
  const given = typeof options === "number" ? { periodMs: options } : options;
  requireOptions("interval", given);
  const { periodMs, missed = "skip" } = given;
  if (!(typeof periodMs === "number" && periodMs > 0 && periodMs < Infinity)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `an interval's period must be a finite number of milliseconds above 0, but ${describeKind(periodMs)} came`,
    );
  }
  if (missed !== "skip" && missed !== "burst" && missed !== "delay") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `an interval's "missed" must be "skip", "burst" or "delay", but ${describeKind(missed)} came`,
    );
  }
  const node = cancelNodeOf(cancel);
  return { [Symbol.asyncIterator]: () => new Beats(periodMs, missed, node) };
}

// Not an async generator: its `return` would queue behind a pending `next`, for up
// to a whole period (law 38).
class Beats implements AsyncIterableIterator<Tick, undefined> {
  readonly #periodMs: number;
  readonly #missed: MissedTicks;
  readonly #node: CancelNode | undefined;
  readonly #waiting: WaitQueue<IteratorResult<Tick, undefined>>;
  #beginMs = nowMs();
  #given = 0;
  #stopAlarm: (() => void) | undefined = undefined;
  #isOver = false;

  constructor(periodMs: number, missed: MissedTicks, node: CancelNode | undefined) {
    this.#periodMs = periodMs;
    this.#missed = missed;
    this.#node = node;
    this.#waiting = new WaitQueue("the next tick of an interval", () => this.#rest());
  }

  async next(): Promise<IteratorResult<Tick, undefined>> {
    if (this.#isOver) return { done: true, value: undefined };
    this.#node?.checkpoint();
    const pause = nowMs() >= this.#nextDueMs() ? pauseIfDue(this.#node) : undefined;
    if (pause !== undefined) {
      await pause;
      if (this.#isOver) return { done: true, value: undefined };
      this.#node?.checkpoint();
    }
    const now = nowMs();
    if (this.#waiting.size === 0 && now >= this.#nextDueMs()) return { done: false, value: this.#tick(now) };
    const waiting = this.#waiting.wait(this.#node, undefined);
    this.#setAlarm();
    return waiting;
  }

  async return(): Promise<IteratorResult<Tick, undefined>> {
    this.#isOver = true;
    for (let waiter = this.#waiting.claim(); waiter !== undefined; waiter = this.#waiting.claim()) {
      waiter.resolve({ done: true, value: undefined });
    }
    this.#rest();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #dueMs(beat: number): number {
    return this.#beginMs + beat * this.#periodMs;
  }

  #nextDueMs(): number {
    return this.#dueMs(this.#given + 1);
  }

  #lastBeatBy(now: number): number {
    // Rounded and then compared, because a quotient rounded down may be one too low.
    const nearest = Math.round((now - this.#beginMs) / this.#periodMs);
    return this.#dueMs(nearest) <= now ? nearest : nearest - 1;
  }

  /** Takes the tick that is due at `now`. */
  #tick(now: number): Tick {
    const next = this.#given + 1;
    const beat = this.#missed === "burst" ? next : Math.max(next, this.#lastBeatBy(now));
    const tick = { beat, dueMs: this.#dueMs(beat), missed: beat - next };
    this.#given = beat;
    if (this.#missed === "delay") this.#beginMs = now - beat * this.#periodMs;
    return tick;
  }

  #setAlarm(): void {
    if (this.#stopAlarm !== undefined) return;
    this.#stopAlarm = setAlarm(() => this.#ring(), Math.max(0, this.#nextDueMs() - nowMs()));
  }

  #ring(): void {
    this.#stopAlarm = undefined;
    // A virtual clock may ring a rounding error early.
    const now = Math.max(nowMs(), this.#nextDueMs());
    this.#waiting.claim()?.resolve({ done: false, value: this.#tick(now) });
    if (this.#waiting.size > 0) this.#setAlarm();
  }

  /** Sets no alarm for nobody. */
  #rest(): void {
    if (this.#waiting.size > 0) return;
    this.#stopAlarm?.();
    this.#stopAlarm = undefined;
  }
}
