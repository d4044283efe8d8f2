/** An alarm of a virtual clock. */
export interface Alarm {
  readonly dueMs: number;
  readonly ring: () => void;
}

interface Entry extends Alarm {
  /** Alarms set before this one: of two due at once the earlier set rings first. */
  readonly order: number;
  /** Its index in the heap, -1 once it is out. */
  place: number;
}

/**
 * Alarms in order of the moment they are due, then of setting.
 *
 * A binary heap whose entries know their place, so that one which is called off
 * leaves at once and nothing of it stays. Adding and removing are O(log n).
 */
export class AlarmQueue {
  readonly #heap: Entry[] = [];
  #lastOrder = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** The alarm that is due first. */
  get first(): Alarm | undefined {
    return this.#heap[0];
  }

  /** @returns calls the alarm off; does nothing once it is out */
  add(dueMs: number, ring: () => void): () => void {
    const entry: Entry = { dueMs, ring, order: ++this.#lastOrder, place: this.#heap.length };
    this.#heap.push(entry);
    this.#up(entry);
    return () => this.#remove(entry);
  }

  /** Takes the alarm that is due first. */
  shift(): Alarm | undefined {
    const entry = this.#heap[0];
    if (entry !== undefined) this.#remove(entry);
    return entry;
  }

  #remove(entry: Entry): void {
    if (entry.place === -1) return;
    const last = this.#heap.pop() as Entry;
    if (last !== entry) {
      this.#put(last, entry.place);
      this.#up(last);
      this.#down(last);
    }
    entry.place = -1;
  }

  #up(entry: Entry): void {
    while (entry.place > 0) {
      const above = this.#heap[(entry.place - 1) >> 1] as Entry;
      if (isBefore(above, entry)) return;
      this.#swap(entry, above);
    }
  }

  #down(entry: Entry): void {
    for (;;) {
      const left = this.#heap[2 * entry.place + 1];
      const right = this.#heap[2 * entry.place + 2];
      const below = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (below === undefined || isBefore(entry, below)) return;
      this.#swap(entry, below);
    }
  }

  #swap(one: Entry, other: Entry): void {
    const place = one.place;
    this.#put(one, other.place);
    this.#put(other, place);
  }

  #put(entry: Entry, place: number): void {
    this.#heap[place] = entry;
    entry.place = place;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
