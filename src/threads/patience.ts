/**
 * How long to look for something, on a core that is free, before going to sleep for it.
 *
 * Never longer than being woken takes: then at most twice is spent of what sleeping at
 * once would have cost. Not at all while what is waited for mostly takes longer; but a
 * try now and then, as what one sleeps for seems to take as long as waking does.
 *
 * How long waking takes differs by a factor of ten from machine to machine, and with what
 * else runs there. So each wake-up is a measurement: who wakes leaves the time, and who
 * was woken looks at the clock.
 */
const FIRST_WAKE_MS = 0.06;
// What is measured beyond these is no wake-up: clocks that differ, a thread without a core.
const LEAST_WAKE_MS = 0.005;
const MOST_WAKE_MS = 0.2;
const TRY_EVERY = 16;
/** Weight of the last gap in the mean. */
const WEIGHT = 1 / 8;
// Of the last wake-up. One that took longer may have found the sleeper's event loop busy,
// or no core free; one that took less did not.
const WEIGHT_OF_SHORTER = 1 / 4;
const WEIGHT_OF_LONGER = 1 / 32;

export class Patience {
  #meanGapMs = 0;
  #waits = 0;
  /** What waking takes, lately. */
  #wakeMs = FIRST_WAKE_MS;

  /** For a wait that begins now. */
  get budgetMs(): number {
    this.#waits++;
    const wakeMs = this.#wakeMs;
    if (this.#meanGapMs <= wakeMs) return Math.min(wakeMs, 4 * this.#meanGapMs + wakeMs / 8);
    return this.#waits % TRY_EVERY === 0 ? wakeMs : 0;
  }

  /** A wait ended after so long, asleep or not. */
  ended(gapMs: number): void {
    // A long pause says no more than one just above what waking takes.
    this.#meanGapMs += (Math.min(gapMs, 4 * this.#wakeMs) - this.#meanGapMs) * WEIGHT;
  }

  /** A wake-up took so long, from the waker's clock to the sleeper's. */
  woken(tookMs: number): void {
    const wakeMs = Math.min(Math.max(tookMs, LEAST_WAKE_MS), MOST_WAKE_MS);
    const weight = wakeMs < this.#wakeMs ? WEIGHT_OF_SHORTER : WEIGHT_OF_LONGER;
    this.#wakeMs += (wakeMs - this.#wakeMs) * weight;
  }
}
