/**
 * Sorts whole numbers, and a value with each, by their digits from the lowest on. A digit takes
 * three steps: count it in blocks, add the counts up to places, move to the places.
 *
 * Work O(n) a digit; span O(n / blocks + digits × blocks). Stable, and repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { randomBelow } from "./random.js";
import { add, blockItemsOf, Workspace } from "./workspace.js";

/** Numbers, and what belongs to each. */
export interface KeyedValues {
  readonly keys: SharedArray<"uint32">;
  readonly values: SharedArray<"uint32">;
}

const DIGIT_BITS = 8;
const DIGITS = 1 << DIGIT_BITS;

/** `counts[digit × blocks + block]`: in the order in which places are given, so that equal digits keep theirs. */
const countDigits = task(function countDigits(
  block: number,
  blockItems: number,
  shift: number,
  from: KeyedValues,
  counts: SharedArray<"uint32">,
): void {
  const inBlock = new Uint32Array(DIGITS);
  const keys = from.keys.values;
  const end = Math.min(keys.length, (block + 1) * blockItems);
  for (let i = block * blockItems; i < end; i++) (inBlock[((keys[i] as number) >>> shift) % DIGITS] as number)++;
  const blocks = counts.length / DIGITS;
  for (let digit = 0; digit < DIGITS; digit++) counts.values[digit * blocks + block] = inBlock[digit] as number;
});

const moveToPlaces = task(function moveToPlaces(
  block: number,
  blockItems: number,
  shift: number,
  from: KeyedValues,
  to: KeyedValues,
  places: SharedArray<"uint32">,
): void {
  const blocks = places.length / DIGITS;
  const next = new Uint32Array(DIGITS);
  for (let digit = 0; digit < DIGITS; digit++) next[digit] = places.values[digit * blocks + block] as number;
  const [keys, values] = [from.keys.values, from.values.values];
  const [movedKeys, movedValues] = [to.keys.values, to.values.values];
  const end = Math.min(keys.length, (block + 1) * blockItems);
  for (let i = block * blockItems; i < end; i++) {
    const key = keys[i] as number;
    const place = (next[(key >>> shift) % DIGITS] as number)++;
    movedKeys[place] = key;
    movedValues[place] = values[i] as number;
  }
});

/** The keys in ascending order, each with its value, as new arrays. Equal keys keep their order. */
export async function integerSort(
  unsorted: KeyedValues,
  options: ParallelOptions = {},
  cancel?: Cancel,
): Promise<KeyedValues> {
  using space = new Workspace();
  const { length } = unsorted.keys;
  const made = (): KeyedValues => ({
    keys: space.makeToFill("uint32", length),
    values: space.makeToFill("uint32", length),
  });
  const blockItems = blockItemsOf(length);
  const blocks = Math.ceil(length / blockItems);
  const counts = space.makeToFill("uint32", DIGITS * blocks);
  const { max } = await parallel.minMax(unsorted.keys, options, cancel);
  let [from, to, spare] = [unsorted, made(), made()];
  for (let shift = 0; shift === 0 || 2 ** shift <= max; shift += DIGIT_BITS) {
    await parallel.for(0, blocks, countDigits, { ...options, args: [blockItems, shift, from, counts] }, cancel);
    const sums = { ...options, inclusive: false };
    using places = await parallel.scan(counts, { identity: 0, combine: add }, sums, cancel);
    await parallel.for(0, blocks, moveToPlaces, { ...options, args: [blockItems, shift, from, to, places] }, cancel);
    [from, to, spare] = [to, spare, to];
  }
  return { keys: space.give(from.keys), values: space.give(from.values) };
}

/** The same on one thread, which counts all digits in one go. */
export function sequentialIntegerSort(unsorted: KeyedValues): { keys: Uint32Array; values: Uint32Array } {
  const { length } = unsorted.keys;
  const places = [0, 1, 2, 3].map(() => new Uint32Array(DIGITS + 1));
  const [byFirst, bySecond, byThird, byFourth] = places as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  for (const key of unsorted.keys.values) {
    (byFirst[(key % DIGITS) + 1] as number)++;
    (bySecond[((key >>> 8) % DIGITS) + 1] as number)++;
    (byThird[((key >>> 16) % DIGITS) + 1] as number)++;
    (byFourth[(key >>> 24) + 1] as number)++;
  }
  let from = { keys: unsorted.keys.copy(), values: unsorted.values.copy() };
  let to = { keys: new Uint32Array(length), values: new Uint32Array(length) };
  for (const [digit, next] of places.entries()) {
    // If all have the same digit there is nothing to move.
    if (next.includes(length, 1)) continue;
    for (let i = 1; i < DIGITS; i++) (next[i] as number) += next[i - 1] as number;
    for (let i = 0; i < length; i++) {
      const key = from.keys[i] as number;
      const place = (next[(key >>> (DIGIT_BITS * digit)) % DIGITS] as number)++;
      to.keys[place] = key;
      to.values[place] = from.values[i] as number;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** Keys below a quarter of their number, each with its index. */
export function input(size: number, seed: number): KeyedValues {
  const below = randomBelow(seed);
  const keys = new SharedArray({ type: "uint32", length: size });
  const values = new SharedArray({ type: "uint32", length: size });
  for (let i = 0; i < size; i++) {
    keys.values[i] = below(Math.ceil(size / 4));
    values.values[i] = i;
  }
  return { keys, values };
}
