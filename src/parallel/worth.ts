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
 * One that stays is tried in the end, as calls get faster: the first take two to four times what follows, until
 * their code has been compiled, here and on other threads. What it loses, if what was measured is true, may be
 * one of so many parts of what others took that stayed; twice as many each time it was in vain, half as many if not.
 */
const LEAST_PARTS = 4;
const MOST_PARTS = 32;

/** What sharing out costs, as measured call by call. */
export class Worth {
  readonly #lastUs: number[] = Array.from({ length: LAST }, () => FIRST_OVERHEAD_US);
  #calls = 0;
  #overheadUs = FIRST_OVERHEAD_US;
  /** What calls took that stayed since one was tried in vain. */
  #stayedUs = 0;
  #parts = LEAST_PARTS;

  /** What is left must take so long on this thread to be shared out. */
  get us(): number {
    // Of what is missing to what was measured one loses half, as the other half is done elsewhere.
    const triedUs = this.#measuredUs - (2 * this.#stayedUs) / this.#parts;
    return Math.max(LEAST_US, Math.min(MOST_US, triedUs));
  }

  get #measuredUs(): number {
    return TIMES_OVERHEAD * this.#overheadUs;
  }

  /** Whether what takes so long here is to be shared out. */
  has(us: number): boolean {
    return us >= this.us;
  }

  /** A call that took so long stayed here, to its end. */
  stayed(us: number): void {
    if (us >= LEAST_US) this.#stayedUs += us;
  }

  /** A call that was shared out took so long; one thread would have worked on it for so long. */
  took(tookUs: number, workUs: number, participants: number): void {
    const beyondUs = Math.max(0, tookUs - workUs / participants);
    if (workUs < this.#measuredUs) {
      const wasWorthIt = workUs >= TIMES_OVERHEAD * beyondUs;
      this.#parts = wasWorthIt ? Math.max(LEAST_PARTS, this.#parts / 2) : Math.min(MOST_PARTS, 2 * this.#parts);
      // Where it was, the next one is tried at once.
      if (!wasWorthIt) this.#stayedUs = 0;
    }
    this.#lastUs[this.#calls++ % LAST] = beyondUs;
    this.#overheadUs = this.#lastUs.toSorted((a, b) => a - b)[LAST >> 1] as number;
  }

  /** One was shared out of which nobody can tell whether it was worth it. */
  tookAnyTime(): void {
    this.#stayedUs = 0;
  }
}

/** What is known of the calls of this thread that a pool's threads help with. */
export class Sharing {
  /** What sharing out costs where helpers are there; and where they sleep, and have to be woken, or called. */
  readonly present: Worth = new Worth();
  readonly called: Worth = new Worth();
  /** Whether helpers may be there, from the last call that was shared out. */
  mayBeThere = false;
  /** So many calls in a row stayed, and helpers are woken for what follows so many: twice as many each time that it was in vain. */
  inARow = 0;
  wanted = 1;
  /** They were woken at the end of the last call that was looked at. */
  areWoken = false;
  /** So long it took to wake them for the call that is being prepared, which takes this when it begins: who wakes a core is held up by that. */
  wakingUs = 0;
}

const sharings = new WeakMap<object, Sharing>();

/** @param owner - the pool, or on its threads what asks it */
export function sharingOf(owner: object): Sharing {
  let sharing = sharings.get(owner);
  if (sharing === undefined) sharings.set(owner, (sharing = new Sharing()));
  return sharing;
}
