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
/** What counts is the middle of so many calls: their times have a long tail, and the mean would say of most that they are not worth it. */
const LAST = 5;
/**
 * Each call that stays takes so much of what was measured, so that in the end one is shared out again, to
 * try. A program's first calls are slow, as their code has yet to be compiled, and say nothing of those that
 * follow: so there are many tries at first, and fewer and fewer where they were in vain.
 */
const MOST_FORGOTTEN = 1 / 4;
const LEAST_FORGOTTEN = 1 / 64;

/** What sharing out costs, as measured call by call. */
export class Worth {
  readonly #lastUs: number[] = Array.from({ length: LAST }, () => FIRST_OVERHEAD_US);
  #calls = 0;
  #overheadUs = FIRST_OVERHEAD_US;
  /** What the calls that stayed have left of it. */
  #left = 1;
  /** What the next one takes of that. */
  #forgotten = MOST_FORGOTTEN;

  /** What is left must take so long on this thread to be shared out. */
  get us(): number {
    return Math.max(LEAST_US, this.#measuredUs * this.#left);
  }

  get #measuredUs(): number {
    return Math.min(MOST_US, TIMES_OVERHEAD * this.#overheadUs);
  }

  /** Whether what takes so long here is to be shared out. */
  has(us: number): boolean {
    return us >= this.us;
  }

  /** A call that took so long stayed here, to its end. */
  stayed(us: number): void {
    if (us >= LEAST_US) this.#left *= 1 - this.#forgotten;
  }

  /** A call that was shared out took so long; its participants worked for so long, all together. */
  took(tookUs: number, workUs: number, participants: number): void {
    const beyondUs = Math.max(0, tookUs - workUs / participants);
    const wasWorthIt = workUs >= TIMES_OVERHEAD * beyondUs;
    const wasTried = workUs < this.#measuredUs;
    // The next one is tried at once, if this was worth it; else they are tried less and less often.
    if (wasTried && wasWorthIt) this.#forgotten = Math.min(MOST_FORGOTTEN, 2 * this.#forgotten);
    else this.#left = 1;
    if (wasTried && !wasWorthIt) this.#forgotten = Math.max(LEAST_FORGOTTEN, this.#forgotten / 2);
    this.#lastUs[this.#calls++ % LAST] = beyondUs;
    this.#overheadUs = this.#lastUs.toSorted((a, b) => a - b)[LAST >> 1] as number;
  }
}

/** What sharing out costs this thread's calls, by what their helpers do when they begin. */
export const worth: {
  /** They are there. */
  readonly present: Worth;
  /** They sleep, and have to be woken, or called. */
  readonly called: Worth;
} = { present: new Worth(), called: new Worth() };
