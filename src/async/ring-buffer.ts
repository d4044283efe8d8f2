/**
 * A growing ring buffer: O(1) at both ends, where an array's `shift` is O(n).
 *
 * Invariant: the values stand at the places from `#first` on, `length` of them,
 * going round; the number of places is 0 or a power of two. Places without a value
 * hold `undefined`, so that nothing is kept alive by mistake.
 */
export class RingBuffer<T> {
  length = 0;
  #places: (T | undefined)[] = [];
  #first = 0;

  /** Adds a value behind the others. */
  push(value: T): void {
    if (this.length === this.#places.length) this.#grow();
    this.#places[(this.#first + this.length) & (this.#places.length - 1)] = value;
    this.length++;
  }

  /** The value before which `index` others stand. The caller has checked that there is one. */
  at(index: number): T {
    return this.#places[(this.#first + index) & (this.#places.length - 1)] as T;
  }

  /** Takes the oldest value. The caller has checked that there is one. */
  shift(): T {
    const value = this.#places[this.#first] as T;
    this.#places[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#places.length - 1);
    this.length--;
    return value;
  }

  #grow(): void {
    const grown: (T | undefined)[] = Array.from({ length: Math.max(8, this.#places.length * 2) });
    for (let i = 0; i < this.length; i++) grown[i] = this.at(i);
    this.#places = grown;
    this.#first = 0;
  }
}
