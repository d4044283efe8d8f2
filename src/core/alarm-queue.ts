/**
 * Alarms in order of the moment they are due, and of two due at once, of setting.
 *
 * A heap with four branches. A wheel of slots would add in less, but holds no
 * exact order within a slot, and the order is a promise (law 20).
 *
 * **Layout** The alarm at `#alarms[i]` is due at `#keys[2 * i]` and was the
 * `#keys[2 * i + 1]`th to be set. The keys stand apart from the alarms so that
 * comparing four branches reads one line of memory, not four objects and their
 * boxed numbers.
 *
 * **Invariants**
 * - `#alarms[i].place === i`; an alarm in no queue has the place -1. So one that is
 *   called off leaves at once, and nothing of it stays (law 40).
 * - No alarm is due, or else was set, before the one at `(i - 1) >> 2`.
 */

/** Something that happens at a moment; subclasses say what. It is in one queue at most. */
export abstract class Alarm {
  /** Its place in the queue, -1 while it is in none. Written by the queue alone. */
  place = -1;
  /** Calls it off, while it is set on a clock that has no such queue. Written by `clock.ts` alone. */
  stop: (() => void) | undefined = undefined;

  /** It is due. Runs on the clock's stack: what it throws is reported as uncaught. */
  abstract ring(): void;
}

const SMALLEST_CAPACITY = 16;

/** Adding, and removing anywhere, are O(log n), and take nothing from the heap of the engine but room that doubles. */
export class AlarmQueue {
  readonly #alarms: Alarm[] = [];
  #keys = new Float64Array(2 * SMALLEST_CAPACITY);
  /** How many alarms were ever set: the number of the last. */
  lastOrder = 0;

  get size(): number {
    return this.#alarms.length;
  }

  /** When the first alarm is due; Infinity if there is none. */
  get firstDueMs(): number {
    return this.#alarms.length === 0 ? Infinity : (this.#keys[0] as number);
  }

  /** Adds an alarm that is in no queue. */
  add(alarm: Alarm, dueMs: number): void {
    const place = this.#alarms.length;
    if (2 * place === this.#keys.length) this.#resize(2 * this.#keys.length);
    this.#alarms.push(alarm);
    this.#moveUp(place, alarm, dueMs, ++this.lastOrder);
  }

  /** @returns false if it is not in the queue; then nothing changes */
  remove(alarm: Alarm): boolean {
    const { place } = alarm;
    if (place === -1) return false;
    alarm.place = -1;
    const last = this.#alarms.pop() as Alarm;
    if (last !== alarm) {
      const from = 2 * this.#alarms.length;
      const dueMs = this.#keys[from] as number;
      const order = this.#keys[from + 1] as number;
      if (place > 0 && this.#isBefore(dueMs, order, (place - 1) >> 2)) this.#moveUp(place, last, dueMs, order);
      else this.#moveDown(place, last, dueMs, order);
    }
    const capacity = this.#keys.length / 2;
    if (capacity > SMALLEST_CAPACITY && 4 * this.#alarms.length < capacity) this.#resize(this.#keys.length / 2);
    return true;
  }

  /** Takes the first alarm, if it is due at `nowMs` and was set as number `lastOrder` or before. */
  takeDue(nowMs: number, lastOrder: number = Infinity): Alarm | undefined {
    const first = this.#alarms[0];
    if (first === undefined || (this.#keys[0] as number) > nowMs || (this.#keys[1] as number) > lastOrder)
      return undefined;
    this.remove(first);
    return first;
  }

  #isBefore(dueMs: number, order: number, place: number): boolean {
    const otherMs = this.#keys[2 * place] as number;
    return dueMs < otherMs || (dueMs === otherMs && order < (this.#keys[2 * place + 1] as number));
  }

  #moveUp(from: number, alarm: Alarm, dueMs: number, order: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 2;
      if (!this.#isBefore(dueMs, order, above)) break;
      this.#put(
        place,
        this.#alarms[above] as Alarm,
        this.#keys[2 * above] as number,
        this.#keys[2 * above + 1] as number,
      );
      place = above;
    }
    this.#put(place, alarm, dueMs, order);
  }

  #moveDown(from: number, alarm: Alarm, dueMs: number, order: number): void {
    const keys = this.#keys;
    const { length } = this.#alarms;
    let place = from;
    for (let branch = 4 * place + 1; branch < length; branch = 4 * place + 1) {
      let least = branch;
      const end = Math.min(branch + 4, length);
      for (branch++; branch < end; branch++) {
        if (this.#isBefore(keys[2 * branch] as number, keys[2 * branch + 1] as number, least)) least = branch;
      }
      if (this.#isBefore(dueMs, order, least)) break;
      this.#put(place, this.#alarms[least] as Alarm, keys[2 * least] as number, keys[2 * least + 1] as number);
      place = least;
    }
    this.#put(place, alarm, dueMs, order);
  }

  #put(place: number, alarm: Alarm, dueMs: number, order: number): void {
    this.#alarms[place] = alarm;
    alarm.place = place;
    this.#keys[2 * place] = dueMs;
    this.#keys[2 * place + 1] = order;
  }

  #resize(length: number): void {
    const keys = new Float64Array(length);
    keys.set(this.#keys.subarray(0, Math.min(length, this.#keys.length)));
    this.#keys = keys;
  }
}
