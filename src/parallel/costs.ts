/** What items cost, as measured when they were worked on: what calls are placed by. */

const ofFunctions = new WeakMap<object, Map<string, Cost>>();
const ofKernels = new Map<string, Cost>();

/** So many times what is known is more than a loop gets slower by itself. */
const DOUBTFUL = 4;

/** Of one loop with one function. */
export class Cost {
  /** Microseconds an item; `undefined` before the first measurement. */
  itemUs: number | undefined = undefined;
  #calls = 0;
  #isDoubted = false;

  /** Whether the next call is to be measured: the first ones, then one of so many, as code gets faster and data other. */
  isDue(): boolean {
    this.#calls++;
    return this.itemUs === undefined || this.#calls < 8 || (this.#calls & 15) === 0;
  }

  /**
   * So many items took so long.
   *
   * @returns false if that is doubted, as it is far more than is known, for the first time:
   *   something else may have had this core meanwhile. The second time in a row it counts
   */
  took(items: number, us: number): boolean {
    const now = us / items;
    const isDoubted = this.itemUs !== undefined && now > DOUBTFUL * this.itemUs;
    if (isDoubted && !this.#isDoubted) {
      this.#isDoubted = true;
      return false;
    }
    this.#isDoubted = false;
    // The first calls are slow, so a lower one counts at once; and what was doubted in vain does too.
    const isNew = this.itemUs === undefined || now < this.itemUs || isDoubted;
    this.itemUs = isNew ? now : (this.itemUs as number) + (now - (this.itemUs as number)) / 4;
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
