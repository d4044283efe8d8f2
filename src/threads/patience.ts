/**
 * How long to look for something, on a core that is free, before going to sleep for it.
 *
 * Never longer than some wake-ups take: then at most so many times is spent of what sleeping
 * at once would have cost, and one more. Not at all while what is waited for mostly takes
 * longer; but some tries now and then.
 *
 * How many is another number for a thread than for its pool, as they wait for each other. If
 * both sleep, each waits as long as the other takes to wake up: who looks just as long mostly
 * gives up just before, and so both would go on sleeping for good, though neither has anything
 * to do. If one looks for longer it sees the other's call, and answers at once; then the other
 * waits for less than a wake-up, looks too, and from then on neither sleeps. The one is the
 * thread: the pool takes longer to wake up, and a pool that looked on for some wake-ups after it
 * had woken a thread was measured to hold that up, perhaps as systems like to begin it on the
 * core of who has woken it. It takes
 * the pool several waits to learn, so tries come several in a row. For the same reason a wait
 * is counted up to the moment when there was something, not to when the sleeper had woken up.
 *
 * How long waking takes differs by a factor of ten from machine to machine, and with what
 * else runs there. So each wake-up is a measurement: who wakes leaves the time, and who
 * was woken looks at the clock.
 */
const FIRST_WAKE_MS = 0.06;
// What is measured beyond these is no wake-up: clocks that differ, a thread without a core.
const LEAST_WAKE_MS = 0.005;
const MOST_WAKE_MS = 0.1;
/** A thread looks for what mostly comes within so many of its wake-ups. */
export const WAKES_OF_A_THREAD = 3;
/** A pool. */
export const WAKES_OF_A_POOL = 1;
/** Tries: so many in a row, of so many waits. */
const TRIES = 8;
const TRIES_AMONG = 128;
/** Weight of the last gap in the mean. */
const WEIGHT = 1 / 8;
/** Of the last wake-up. */
const WAKE_WEIGHT = 1 / 8;

export class Patience {
  readonly #mostWakes: number;
  #meanGapMs = 0;
  #waits = 0;
  /** What waking takes, lately. */
  #wakeMs = FIRST_WAKE_MS;

  /** @param mostWakes - for so many wake-ups it is looked, at most */
  constructor(mostWakes: number) {
    this.#mostWakes = mostWakes;
  }

  /** For a wait that begins now. */
  get budgetMs(): number {
    this.#waits++;
    const mostMs = this.#mostWakes * this.#wakeMs;
    if (this.#meanGapMs <= mostMs) return mostMs;
    return this.#waits % TRIES_AMONG < TRIES ? mostMs : 0;
  }

  /** What was waited for was there after so long, whether or not the one who waited slept. */
  ended(gapMs: number): void {
    // A long pause says no more than one just above what is waited for.
    const mostMs = Math.max(4, this.#mostWakes + 1) * this.#wakeMs;
    this.#meanGapMs += (Math.min(gapMs, mostMs) - this.#meanGapMs) * WEIGHT;
  }

  /** A wake-up took so long, from the waker's clock to the sleeper's. */
  woken(tookMs: number): void {
    const wakeMs = Math.min(Math.max(tookMs, LEAST_WAKE_MS), MOST_WAKE_MS);
    this.#wakeMs += (wakeMs - this.#wakeMs) * WAKE_WEIGHT;
  }
}
