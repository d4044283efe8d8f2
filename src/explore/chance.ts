/** Chance that can be repeated: one 32-bit word of state, period 2^32 - 1 (Marsaglia's xorshift). */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = mix(seed);
  }

  /** All that the next numbers depend on. */
  get state(): number {
    return this.#state;
  }

  set state(state: number) {
    this.#state = state;
  }

  /** Starts anew, as `new Chance(seed)` would. */
  reseed(seed: number): void {
    this.#state = mix(seed);
  }

  /** 32 bits, unsigned; never 0. */
  next(): number {
    let word = this.#state;
    word ^= word << 13;
    word ^= word >>> 17;
    word ^= word << 5;
    this.#state = word;
    return word >>> 0;
  }

  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number {
    return Math.floor((this.next() / 2 ** 32) * bound);
  }
}

// Seeds that lie side by side must not begin alike.
function mix(seed: number): number {
  let word = Math.imul(seed ^ (seed >>> 16) ^ 0x9e3779b9, 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  word ^= word >>> 16;
  return word === 0 ? 0x2545f491 : word;
}
