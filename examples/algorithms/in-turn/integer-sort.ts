/** Sorts whole numbers, and a value with each, on one thread, by their digits from the lowest on. */
import type { Numbers } from "../support/workspace.js";

/** Numbers, and what belongs to each. */
export interface KeyedValues {
  readonly keys: Numbers;
  readonly values: Numbers;
}

/** Counts of so many different digits fit in the first cache. */
export const DIGIT_BITS = 11;
export const DIGITS = 1 << DIGIT_BITS;
/** Also what masks a digit: keys from 2 ** 31 on have a slow remainder where an engine does not know of what. */
export const LAST_DIGIT = DIGITS - 1;

/** The keys in ascending order, each with its value, as new arrays. Equal keys keep their order. */
export function sequentialIntegerSort(unsorted: KeyedValues): { keys: Uint32Array; values: Uint32Array } {
  const { length } = unsorted.keys;
  const made = () => ({ keys: new Uint32Array(length), values: new Uint32Array(length) });
  let max = 0;
  for (let i = 0; i < length; i++) max = Math.max(max, unsorted.keys.values[i] as number);
  let from: { keys: Uint32Array; values: Uint32Array } = { keys: unsorted.keys.values, values: unsorted.values.values };
  let [to, spare] = [made(), made()];
  for (let shift = 0; shift === 0 || 2 ** shift <= max; shift += DIGIT_BITS) {
    const next = new Uint32Array(DIGITS + 1);
    for (let i = 0; i < length; i++) (next[(((from.keys[i] as number) >>> shift) & LAST_DIGIT) + 1] as number)++;
    for (let digit = 1; digit < DIGITS; digit++) (next[digit] as number) += next[digit - 1] as number;
    for (let i = 0; i < length; i++) {
      const key = from.keys[i] as number;
      const place = (next[(key >>> shift) & LAST_DIGIT] as number)++;
      to.keys[place] = key;
      to.values[place] = from.values[i] as number;
    }
    [from, to, spare] = [to, spare, to];
  }
  return from;
}
