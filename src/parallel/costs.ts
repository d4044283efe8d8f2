/** What items cost, as measured when they were worked on: what calls are placed by. */

const ofFunctions = new WeakMap<object, Map<string, Cost>>();
const ofKernels = new Map<string, Cost>();

/** Of one loop with one function. */
export class Cost {
  /** Microseconds an item; `undefined` before the first measurement. */
  itemUs: number | undefined = undefined;
  #calls = 0;

  /** Whether the next call is to be measured: the first ones, then one of so many, as code gets faster and data other. */
  get isDue(): boolean {
    this.#calls++;
    return this.itemUs === undefined || this.#calls < 8 || (this.#calls & 15) === 0;
  }

  /** So many items took so long. */
  took(items: number, us: number): void {
    const now = us / items;
    // The first calls are slow, so a lower one counts at once.
    this.itemUs = this.itemUs === undefined || now < this.itemUs ? now : this.itemUs + (now - this.itemUs) / 4;
  }
}

/** The cost of a loop: of a kind, with a function if it has one. */
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
