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

/** The same on one thread: also by sorting, as a table of those that were seen takes longer. */
export function sequentialRemoveDuplicates(numbers: SharedArray<"uint32">): Uint32Array {
  const sorted = sortedByDigits(numbers.copy());
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i] as number;
  }
  return sorted.slice(0, count);
}

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

function sortedByDigits(numbers: Uint32Array<ArrayBuffer>): Uint32Array {
  let [from, to] = [numbers, new Uint32Array(numbers.length)];
  // Loops by index, as one by item makes an object of each number above 2 ** 31.
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    const next = new Uint32Array(DIGITS + 1);
    for (let i = 0; i < from.length; i++) (next[(((from[i] as number) >>> shift) % DIGITS) + 1] as number)++;
    for (let digit = 1; digit < DIGITS; digit++) (next[digit] as number) += next[digit - 1] as number;
    for (let i = 0; i < from.length; i++) {
      const number = from[i] as number;
      to[(next[(number >>> shift) % DIGITS] as number)++] = number;
    }
    [from, to] = [to, from];
  }
  return from;
}

/** A quarter as many different numbers, of all 32 bits. */
export function input(size: number, seed: number): SharedArray<"uint32"> {
  const below = randomBelow(seed);
  const numbers = new SharedArray({ type: "uint32", length: size });
  for (let i = 0; i < size; i++) numbers.values[i] = mixed(below(Math.ceil(size / 4)));
  return numbers;
}
