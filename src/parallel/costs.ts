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

/** Of one loop with one function. */
export class Cost {
  /** Microseconds an item; `undefined` before the first measurement. */
  itemUs: number | undefined = undefined;
  /** For so long that was measured, up to `PROBE_US`. */
  #overUs = 0;
  #calls = 0;
  #isDoubted = false;

  /** Whether that was measured for long enough to go by. Of few items it is mostly what the call costs. */
  get isSure(): boolean {
    return this.#overUs >= PROBE_US / 2;
  }

  /** Whether the next call is to be measured: the first ones, then one of so many, as code gets faster and data other. */
  isDue(): boolean {
    this.#calls++;
    return this.itemUs === undefined || this.#calls < 8 || (this.#calls & 15) === 0;
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
    // Few items seem dear, as a call of none takes its time too.
    if (now > this.itemUs && overUs < this.#overUs) return true;
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
function costOf(loop: string, fn: object | undefined): Cost {
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
export function costOfCall({ costKey, kind, functions }: Pick<Call, "costKey" | "kind" | "functions">): Cost {
  return costOf(costKey ?? kind, functions[0]);
}
