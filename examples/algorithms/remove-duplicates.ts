/**
 * The different numbers among many: sort, then keep each that differs from the one before it.
 *
 * Work O(n), as the sort goes by digits; span O(n / threads + log n). Repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { mixed, randomBelow } from "./random.js";

const isFirst = task(function isFirst(item: number, index: number, sorted: SharedArray<"uint32">): boolean {
  return index === 0 || sorted.values[index - 1] !== item;
});

/** The numbers in ascending order, each once. */
export async function removeDuplicates(
  numbers: SharedArray<"uint32">,
  options: ParallelOptions = {},
  cancel?: Cancel,
): Promise<SharedArray<"uint32">> {
  using sorted = await parallel.sort(numbers, options, cancel);
  return await parallel.filter(sorted, isFirst, { ...options, args: [sorted] }, cancel);
}

/** The same on one thread: a table of those that have been seen, so that fewer have to be sorted. */
export function sequentialRemoveDuplicates(numbers: SharedArray<"uint32">): Uint32Array {
  const found = new Uint32Array(numbers.length);
  let count = 0;
  // Places in `found`, counted from 1; at most half of the table is in use.
  const table = new Uint32Array(2 ** Math.ceil(Math.log2(2 * numbers.length + 1)));
  for (const number of numbers.values) {
    let slot = mixed(number) % table.length;
    for (; table[slot] !== 0; slot = (slot + 1) % table.length)
      if (found[(table[slot] as number) - 1] === number) break;
    if (table[slot] !== 0) continue;
    found[count++] = number;
    table[slot] = count;
  }
  return found.slice(0, count).sort();
}

/** A quarter as many different numbers, of all 32 bits. */
export function input(size: number, seed: number): SharedArray<"uint32"> {
  const below = randomBelow(seed);
  const numbers = new SharedArray({ type: "uint32", length: size });
  for (let i = 0; i < size; i++) numbers.values[i] = mixed(below(Math.ceil(size / 4)));
  return numbers;
}
