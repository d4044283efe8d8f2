/**
 * From what on it is worth it to share out what is left of a call: so long it must take on
 * this thread that, shared out, it takes less, with all that goes with it: to wake helpers,
 * to wait for the last part, to bring together what they give.
 *
 * What goes with it depends on the machine, on what else runs there, and on the size of
 * the pool, so it is measured: it is the time that a call took beyond an even share of its work.
 * Most of all it depends on whether helpers are there already, from the call before, or have to
 * be called and woken. So these are measured each by itself.
 */

/** Before anything was measured. */
const FIRST_OVERHEAD_US = 40;
/** Two participants save half; less a tenth, to be on the safe side: so many times what goes with it must there be. */
const TIMES_OVERHEAD = 2.5;
/** What takes less here is not shared out, whatever that costs. */
export const LEAST_US = 100;
/** Of a byte: to take memory for it, to copy it there or back, to free it (November 2026). */
export const COPY_US = 0.000_25;
/** However bad it looked, calls of so long are shared out, and measured again. */
const MOST_US = 4000;
/** Of shorter ones, each that stays takes so much of what was measured: in the end one is shared out again. */
const FORGOTTEN = 1 / 64;

/** Two calls in a row took no less than they would have here: so much longer ones are shared out. */
const IN_VAIN = 1.5;
/** By so much of what is known one call makes it more. */
const MOST_CHANGE = 1 / 2;
/** So many times what is known. */
const DOUBTFUL = 4;
/** One of so many may be: where others have the cores half the time it shows in the mean. */
const CALLS_UNTIL_DOUBT = 8;

/** What sharing out costs, as measured call by call. */
export class Worth {
  #overheadUs = FIRST_OVERHEAD_US;
  /** So many calls must be as expected until one that is not is doubted. */
  #untilDoubt = 0;
  #wasInVain = false;
  readonly #minds: boolean;

  /** @param mindsTwo - that were in vain: with helpers who are there, two are held up by chance */
  constructor(mindsTwo: boolean = true) {
    this.#minds = mindsTwo;
  }

  /** What is left must take so long on this thread to be shared out. */
  get us(): number {
    return Math.max(LEAST_US, TIMES_OVERHEAD * this.#overheadUs);
  }

  /** Whether what takes so long here is to be shared out. */
  has(us: number): boolean {
    return us >= this.us;
  }

  /** A call that took so long stayed here, to its end. */
  stayed(us: number): void {
    if (us >= LEAST_US) this.#overheadUs *= 1 - FORGOTTEN;
  }

  /** A call that was shared out took so long; its participants worked for so long, all together. */
  took(tookUs: number, workUs: number, participants: number): void {
    // One that was held up for long says no more than that it was not worth it.
    const mostUs = MOST_US / TIMES_OVERHEAD;
    const beyondUs = Math.min(mostUs, Math.max(0, tookUs - workUs / participants));
    // Nobody need know by how much: the next ones stay here.
    const isInVain = this.#minds && tookUs >= workUs;
    if (isInVain && this.#wasInVain)
      this.#overheadUs = Math.min(mostUs, Math.max(this.#overheadUs, (IN_VAIN * workUs) / TIMES_OVERHEAD));
    this.#wasInVain = isInVain;
    // Far more than is known, for once: something else had one of the cores.
    if (beyondUs <= DOUBTFUL * this.#overheadUs) {
      if (this.#untilDoubt > 0) this.#untilDoubt--;
    } else {
      const isDoubted = this.#untilDoubt === 0;
      this.#untilDoubt = CALLS_UNTIL_DOUBT;
      if (isDoubted) return;
    }
    // What is far from the middle counts for no more than what is near: the times of calls have a long tail,
    // and their mean would say of most that they are not worth it.
    const most = this.#overheadUs * MOST_CHANGE;
    this.#overheadUs += Math.min(most, (beyondUs - this.#overheadUs) / 4);
  }
}

/** What sharing out costs this thread's calls, by what their helpers do when they begin. */
export const worth: {
  /** They are there. */
  readonly present: Worth;
  /** They sleep, and have to be woken, or called. */
  readonly called: Worth;
} = { present: new Worth(false), called: new Worth() };
