/** Lays spans that overlap onto as few lanes as hold them without overlap. */

/**
 * Gives each span a lane, the lowest that is free when it begins.
 *
 * @param spans - in order of beginning
 * @returns the lanes, in the order of the spans; as many in all as there were spans at
 *   once at most
 */
export function packLanes(spans: readonly { readonly beginMs: number; readonly endMs: number }[]): readonly number[] {
  const free = new LowestFirst();
  const busy = new EarliestFirst();
  let lanes = 0;
  return spans.map(({ beginMs, endMs }) => {
    while (busy.size > 0 && busy.firstKey <= beginMs) free.add(busy.take());
    const lane = free.size > 0 ? free.take() : lanes++;
    busy.add(endMs, lane);
    return lane;
  });
}

/** Pairs of a key and a number; the one with the least key is taken first. A binary heap. */
class EarliestFirst {
  readonly #keys: number[] = [];
  readonly #values: number[] = [];

  get size(): number {
    return this.#keys.length;
  }

  get firstKey(): number {
    return this.#keys[0] ?? Infinity;
  }

  add(key: number, value: number): void {
    let at = this.#keys.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((this.#keys[parent] as number) <= key) break;
      this.#put(at, this.#keys[parent] as number, this.#values[parent] as number);
      at = parent;
    }
    this.#put(at, key, value);
  }

  take(): number {
    const taken = this.#values[0] as number;
    const key = this.#keys.pop() as number;
    const value = this.#values.pop() as number;
    const { length } = this.#keys;
    if (length === 0) return taken;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && (this.#keys[child + 1] as number) < (this.#keys[child] as number)) child++;
      if ((this.#keys[child] as number) >= key) break;
      this.#put(at, this.#keys[child] as number, this.#values[child] as number);
      at = child;
    }
    this.#put(at, key, value);
    return taken;
  }

  #put(at: number, key: number, value: number): void {
    this.#keys[at] = key;
    this.#values[at] = value;
  }
}

/** Numbers, of which the least is taken first. */
class LowestFirst {
  readonly #heap = new EarliestFirst();

  get size(): number {
    return this.#heap.size;
  }

  add(value: number): void {
    this.#heap.add(value, value);
  }

  take(): number {
    return this.#heap.take();
  }
}
