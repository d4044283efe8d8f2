/**
 * Sorts whole numbers, and a value with each, by their digits from the lowest on. A digit takes
 * three steps: count it in blocks, add the counts up to places, move to the places.
 *
 * Work O(n + blocks × digits) a digit; span O(n / blocks + blocks + digits). Stable, and repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";

import { DIGIT_BITS, DIGITS, type KeyedValues, LAST_DIGIT } from "./in-turn/integer-sort.js";
import {
  add,
  addUpBlocks,
  blocksOf,
  itemsOf,
  type Numbers,
  tableLength,
  tableOf,
  Workspace,
} from "./support/workspace.js";

const countDigits = task(function countDigits(block: number, shift: number, from: KeyedValues, tables: Numbers): void {
  const counts = tableOf(block, DIGITS, tables).fill(0);
  const keys = from.keys.values;
  const items = itemsOf(block, keys.length);
  for (let i = items.from; i < items.end; i++) (counts[((keys[i] as number) >>> shift) & LAST_DIGIT] as number)++;
});

/** In its table a block has how many of each digit come before its own. */
const moveToPlaces = task(function moveToPlaces(
  block: number,
  shift: number,
  from: KeyedValues,
  to: KeyedValues,
  tables: Numbers,
  begins: Numbers,
): void {
  const next = tableOf(block, DIGITS, tables);
  for (let digit = 0; digit < DIGITS; digit++) (next[digit] as number) += begins.values[digit] as number;
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
  const tables = space.makeToFill("uint32", tableLength(DIGITS) * blocks);
  const adding = { ...options, type: "uint32", args: [tableLength(DIGITS), tables] } as const;
  const sums = { ...options, inclusive: false };
  let [from, to, spare] = [unsorted, made(), made()];
  for (let shift = 0; shift === 0 || 2 ** shift <= max; shift += DIGIT_BITS) {
    await parallel.for(0, blocks, countDigits, { ...options, args: [shift, from, tables] }, cancel);
    using totals = await parallel.tabulate(DIGITS, addUpBlocks, adding, cancel);
    using begins = await parallel.scan(totals, { identity: 0, combine: add }, sums, cancel);
    await parallel.for(0, blocks, moveToPlaces, { ...options, args: [shift, from, to, tables, begins] }, cancel);
    [from, to, spare] = [to, spare, to];
  }
  return { keys: space.give(from.keys), values: space.give(from.values) };
}
