/**
 * Sorts whole numbers, and a value with each, by their digits from the lowest on. A digit takes
 * three steps: count it in blocks, add the counts up to places, move to the places.
 *
 * Work O(n) a digit; span O(n / blocks + digits × blocks). Stable, and repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";

import { DIGIT_BITS, DIGITS, type KeyedValues, LAST_DIGIT } from "./in-turn/integer-sort.js";
import { add, blocksOf, itemsOf, type Numbers, Workspace } from "./support/workspace.js";

/** `counts[digit × blocks + block]`: in the order in which places are given, so that equal digits keep theirs. */
const countDigits = task(function countDigits(block: number, shift: number, from: KeyedValues, counts: Numbers): void {
  const inBlock = new Uint32Array(DIGITS);
  const keys = from.keys.values;
  const items = itemsOf(block, keys.length);
  for (let i = items.from; i < items.end; i++) (inBlock[((keys[i] as number) >>> shift) & LAST_DIGIT] as number)++;
  const blocks = counts.length / DIGITS;
  for (let digit = 0; digit < DIGITS; digit++) counts.values[digit * blocks + block] = inBlock[digit] as number;
});

const moveToPlaces = task(function moveToPlaces(
  block: number,
  shift: number,
  from: KeyedValues,
  to: KeyedValues,
  places: Numbers,
): void {
  const blocks = places.length / DIGITS;
  const next = new Uint32Array(DIGITS);
  for (let digit = 0; digit < DIGITS; digit++) next[digit] = places.values[digit * blocks + block] as number;
  const [keys, values] = [from.keys.values, from.values.values];
  const [movedKeys, movedValues] = [to.keys.values, to.values.values];
  const items = itemsOf(block, keys.length);
  for (let i = items.from; i < items.end; i++) {
    const key = keys[i] as number;
    const place = (next[(key >>> shift) & LAST_DIGIT] as number)++;
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
  const { max } = await parallel.minMax(unsorted.keys, options, cancel);
  const blocks = blocksOf(length);
  const counts = space.makeToFill("uint32", DIGITS * blocks);
  let [from, to, spare] = [unsorted, made(), made()];
  for (let shift = 0; shift === 0 || 2 ** shift <= max; shift += DIGIT_BITS) {
    await parallel.for(0, blocks, countDigits, { ...options, args: [shift, from, counts] }, cancel);
    const sums = { ...options, inclusive: false };
    using places = await parallel.scan(counts, { identity: 0, combine: add }, sums, cancel);
    await parallel.for(0, blocks, moveToPlaces, { ...options, args: [shift, from, to, places] }, cancel);
    [from, to, spare] = [to, spare, to];
  }
  return { keys: space.give(from.keys), values: space.give(from.values) };
}
