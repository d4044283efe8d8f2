/**
 * How long to look for something, on a core that is free, before going to sleep for it.
 *
 * Never longer than twice what being woken takes: then at most three times is spent of what
 * sleeping at once would have cost. Not at all while what is waited for mostly takes longer;
 * but some tries now and then.
 *
 * Why twice. A thread and its pool wait for each other. If both sleep, each waits as long as
 * the other takes to wake up: who looks just as long mostly gives up just before, and so both
 * would go on sleeping for good, though neither has anything to do. If one looks for longer it
 * sees the other's call, and answers at once; then the other waits for less than a wake-up,
 * looks too, and from then on neither sleeps. That takes the other several waits to learn, so
 * tries come several in a row. For the same reason a wait is counted up to the moment when
 * there was something, not to when the sleeper had woken up.
 *
 * How long waking takes differs by a factor of ten from machine to machine, and with what
 * else runs there. So each wake-up is a measurement: who wakes leaves the time, and who
 * was woken looks at the clock.
 */
const FIRST_WAKE_MS = 0.06;
// What is measured beyond these is no wake-up: clocks that differ, a thread without a core.
const LEAST_WAKE_MS = 0.005;
const MOST_WAKE_MS = 0.2;
/** Waits that mostly take so many wake-ups are worth looking for. */
const MOST_GAP = 1.5;
/** For so many wake-ups it is looked. */
const MOST_LOOK = 2;
/** Tries: so many in a row, of so many waits. */
const TRIES = 8;
const TRIES_AMONG = 128;
/** Weight of the last gap in the mean. */
const WEIGHT = 1 / 8;
/** Of the last wake-up. */
const WAKE_WEIGHT = 1 / 8;

export class Patience {
  #meanGapMs = 0;
  #waits = 0;
  /** What waking takes, lately. */
  #wakeMs = FIRST_WAKE_MS;

  /** For a wait that begins now. */
  get budgetMs(): number {
    this.#waits++;
    const mostMs = MOST_LOOK * this.#wakeMs;
    if (this.#meanGapMs <= MOST_GAP * this.#wakeMs) return mostMs;
    return this.#waits % TRIES_AMONG < TRIES ? mostMs : 0;
  }

  /** What was waited for was there after so long, whether or not the one who waited slept. */
  ended(gapMs: number): void {
    // A long pause says no more than one just above what waking takes.
    this.#meanGapMs += (Math.min(gapMs, 4 * this.#wakeMs) - this.#meanGapMs) * WEIGHT;
  }

  /** A wake-up took so long, from the waker's clock to the sleeper's. */
  woken(tookMs: number): void {
    const wakeMs = Math.min(Math.max(tookMs, LEAST_WAKE_MS), MOST_WAKE_MS);
    this.#wakeMs += (wakeMs - this.#wakeMs) * WAKE_WEIGHT;
  }
}
