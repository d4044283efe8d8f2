/**
 * How long to look for something, on a core that is free, before going to sleep for it.
 *
 * Never longer than being woken takes: then at most twice is spent of what sleeping at
 * once would have cost. Not at all while what is waited for mostly takes longer; but a
 * try now and then, as what one sleeps for seems to take as long as waking does.
 */
const WAKE_MS = 0.06;
const TRY_EVERY = 16;
/** Weight of the last gap in the mean. */
const WEIGHT = 1 / 8;

export class Patience {
  #meanGapMs = 0;
  #waits = 0;

  /** For a wait that begins now. */
  get budgetMs(): number {
    this.#waits++;
    if (this.#meanGapMs <= WAKE_MS) return Math.min(WAKE_MS, 4 * this.#meanGapMs + WAKE_MS / 8);
    return this.#waits % TRY_EVERY === 0 ? WAKE_MS : 0;
  }

  /** A wait ended after so long, asleep or not. */
  ended(gapMs: number): void {
    // A long pause says no more than one just above what waking takes.
    this.#meanGapMs += (Math.min(gapMs, 4 * WAKE_MS) - this.#meanGapMs) * WEIGHT;
  }
}
