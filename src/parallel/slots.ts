/**
 * What differs from one call to the next of the same: shared arrays, as most make one for their
 * results, and numbers. In what is told slots stand in their place, and what is in them is told beside it, as
 * numbers. So calls that are alike but for these are told the same, and nothing is encoded or decoded anew
 * (November 2026: to make a call ready took 30 µs with that, now 5; in a program's first hundreds of
 * calls, whose code is yet to be compiled, 100, now 30).
 */
import { SharedArray } from "../shared/array.js";
import { Kind } from "../shared/kinds.js";
import { arrival, SharedObject } from "../shared/object.js";
import { MOST_SLOTS } from "./shares.js";

/** In place of a value. No data of calls that are told again has other objects in it. */
interface Slot {
  readonly slot: "array" | "number";
}

const ARRAY: Slot = { slot: "array" };
const NUMBER: Slot = { slot: "number" };

/** Lists that are longer are told as they are. */
const MOST_IN_LIST = 4;

/** The same with slots in it; lists are copied, as who calls may change them between two calls. */
export function withSlots(data: readonly unknown[]): readonly unknown[] {
  let count = 0;
  const slotFor = (value: unknown): unknown => {
    const slot = typeof value === "number" ? NUMBER : value instanceof SharedArray ? ARRAY : undefined;
    if (slot === undefined || count === MOST_SLOTS) return value;
    count++;
    return slot;
  };
  return data.map((value) => {
    if (!Array.isArray(value)) return slotFor(value);
    const list = value as unknown[];
    return list.length > MOST_IN_LIST ? [...list] : list.map(slotFor);
  });
}

/**
 * Whether data is the same but for what is in slots, each of which has a value of its kind in it.
 *
 * @param numbers - where what is in slots is put, as numbers
 */
export function isSameButSlots(slotted: readonly unknown[], data: readonly unknown[], numbers: number[]): boolean {
  if (slotted.length !== data.length) return false;
  for (let i = 0; i < slotted.length; i++) {
    const [one, other] = [slotted[i], data[i]];
    if (one === NUMBER) {
      if (typeof other !== "number") return false;
      numbers.push(other);
    } else if (one === ARRAY) {
      if (!(other instanceof SharedArray)) return false;
      numbers.push(other.handle);
    } else if (Array.isArray(one)) {
      if (!Array.isArray(other) || !isSameButSlots(one, other, numbers)) return false;
    } else if (!Object.is(one, other)) return false;
  }
  return true;
}

/**
 * On another thread: the data, of that with slots and what is in them. **Throws** if an array is no
 * longer there.
 */
export function fillSlots(slotted: readonly unknown[], numbers: Float64Array): unknown[] {
  let next = 0;
  const filled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(filled);
    // All objects in it are slots but for shared ones, which may have a field of any name.
    if (typeof value !== "object" || value === null || value instanceof SharedObject) return value;
    const { slot } = value as Slot;
    const number = numbers[next++] as number;
    return slot === "number" ? asGiven(number) : arrival({ kind: Kind.array, handle: number });
  };
  return slotted.map(filled);
}

/** Small whole numbers are what they were before they came through an array of doubles, see `callLoop`. */
function asGiven(number: number): number {
  const small = number | 0;
  return Object.is(small, number) ? small : number;
}
