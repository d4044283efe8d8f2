/** What items cost, as measured when they were worked on: what calls are placed by. */

import type { Call } from "./run.js";

const ofFunctions = new WeakMap<object, Map<string, Cost>>();
const ofKernels = new Map<string, Cost>();

/** So many times what is known is more than a loop gets slower by itself. */
const DOUBTFUL = 4;
/** What code takes that has never run is mostly what it takes to compile it, up to about so long. */
const COMPILED_US = 1000;

/** What takes so long says what an item costs: against it, what a call costs whatever its items is little. */
export const PROBE_US = 10;

/** So many calls are measured at first, and then one of so many: a power of two less one. */
const MEASURED_CALLS = 8;
const BETWEEN_MEASUREMENTS = 15;

/** What takes less, as far as is known, is not measured, but for one call of some. */
export const SHORT_US = 40;

/** Of one loop with one function. */
export class Cost {
  /** Microseconds an item; `undefined` before the first measurement. */
  itemUs: number | undefined = undefined;
  /** The same of calls that were done here from the first item to the last: those that come first may be cheaper than others. */
  #wholeItemUs: number | undefined = undefined;
  /** For so long that was measured, up to `PROBE_US`. */
  #overUs = 0;
  #calls = 0;
  #callsAsked = 0;
  #askedMs = -Infinity;
  #isDoubted = false;

  /** Whether that was measured for long enough to go by. Of few items it is mostly what the call costs. */
  get isSure(): boolean {
    return this.#overUs >= PROBE_US / 2;
  }

  /** Whether the next call is to be measured: the first ones, then one of so many, as code gets faster and data other. */
  isDue(): boolean {
    this.#calls++;
    return this.itemUs === undefined || this.#calls < MEASURED_CALLS || (this.#calls & BETWEEN_MEASUREMENTS) === 0;
  }

  /** How long so many items take, in microseconds; NaN if that is not known well, or is to be measured again. */
  expectedUs(items: number): number {
    // The next one is measured.
    const isDue = this.#calls < MEASURED_CALLS || ((this.#calls + 1) & BETWEEN_MEASUREMENTS) === 0;
    if (this.itemUs === undefined || isDue) return Number.NaN;
    const us = this.itemUs * items;
    return us >= SHORT_US && !this.isSure ? Number.NaN : us;
  }

  /** A call is done without being measured. */
  countUnmeasured(): void {
    this.#calls++;
  }

  /** Whether so many items take so long that two looks at the clock are nothing against it. */
  isWorthAClock(items: number): boolean {
    return (this.itemUs as number) * items >= SHORT_US;
  }

  /** So many items, of which nobody would measure what they take, took so long: that counts only if it is far more than was known. */
  tookAtOnce(items: number, us: number): void {
    if (us > DOUBTFUL * (this.itemUs as number) * items) this.took(items, us);
  }

  /** A call of so many items was done here, from first to last, and took so long. */
  tookAll(items: number, us: number): void {
    if (us < SHORT_US) return;
    const now = us / items;
    this.#wholeItemUs = this.#wholeItemUs === undefined ? now : (this.#wholeItemUs + now) / 2;
  }

  /** So long a call of so many items would take here, where that is known. */
  wholeUs(items: number): number | undefined {
    return this.#wholeItemUs === undefined ? undefined : this.#wholeItemUs * items;
  }

  /**
   * Of the time since this was asked last, what part such calls took, if each took so long. One that
   * ends now asks.
   */
  partOfTime(us: number, nowMs: number): number {
    const calls = this.#calls - this.#callsAsked;
    const sinceMs = nowMs - this.#askedMs;
    this.#callsAsked = this.#calls;
    this.#askedMs = nowMs;
    return sinceMs > 0 ? (calls * us) / 1000 / sinceMs : 0;
  }

  /** So many items took so long, and would have taken no longer on one thread. */
  isAtMost(items: number, us: number): void {
    if (this.itemUs !== undefined && us / items < this.itemUs) this.took(items, us);
  }

  /**
   * So many items took so long.
   *
   * @returns false if that is doubted: it is the first measurement of all; or far more than
   *   is known, for the first time, so that something else may have had this core meanwhile.
   *   The second time in a row it counts
   */
  took(items: number, us: number): boolean {
    const now = Math.max(0, us) / items;
    const overUs = Math.min(us, PROBE_US);
    if (this.itemUs === undefined) {
      this.itemUs = now;
      this.#overUs = overUs;
      return us >= COMPILED_US;
    }
    // Few items seem dear, as a call of none takes its time too; or a little cheaper, as they are in a cache.
    // They say little of many, unless they say that code is far better by now.
    if (now > this.itemUs / 2 && overUs < this.#overUs) return true;
    const isDoubted = now > DOUBTFUL * this.itemUs;
    if (isDoubted && !this.#isDoubted) {
      this.#isDoubted = true;
      return false;
    }
    this.#isDoubted = false;
    this.#overUs = overUs;
    // The first calls are slow, so a lower one counts at once; and what was doubted in vain does too.
    this.itemUs = now < this.itemUs || isDoubted ? now : this.itemUs + (now - this.itemUs) / 4;
    return true;
  }
}

/**
 * The cost of a loop, by its kind, or what tells it apart from others of that kind; with a
 * function if it has one. By text that is there already: a short call takes less time than
 * to put one together and look for it.
 */
export function costOf(loop: string, fn: object | undefined): Cost {
  let costs: Map<string, Cost> = ofKernels;
  if (fn !== undefined) {
    costs = ofFunctions.get(fn) ?? new Map<string, Cost>();
    ofFunctions.set(fn, costs);
  }
  let cost = costs.get(loop);
  if (cost === undefined) {
    cost = new Cost();
    costs.set(loop, cost);
  }
  return cost;
}

/** The cost that a call is placed by. */
export function costOfCall({ cost, kind, functions }: Pick<Call, "cost" | "kind" | "functions">): Cost {
  return cost ?? costOf(kind, functions[0]);
}
