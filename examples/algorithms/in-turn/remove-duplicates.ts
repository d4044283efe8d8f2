/** The different numbers among many, on one thread: also by sorting, as a table of those that were seen takes longer. */
import type { SharedArray } from "skein/shared";

import { DIGIT_BITS, DIGITS, LAST_DIGIT } from "./integer-sort.js";

/** The numbers in ascending order, each once. */
export function sequentialRemoveDuplicates(numbers: SharedArray<"uint32">): Uint32Array {
  const sorted = sortedByDigits(numbers.copy());
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (i === 0 || sorted[i] !== sorted[i - 1]) sorted[count++] = sorted[i] as number;
  }
  return sorted.slice(0, count);
}

function sortedByDigits(numbers: Uint32Array<ArrayBuffer>): Uint32Array {
  let [from, to] = [numbers, new Uint32Array(numbers.length)];
  // Loops by index, as one by item makes an object of each number above 2 ** 31.
  for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
    const next = new Uint32Array(DIGITS + 1);
    for (let i = 0; i < from.length; i++) (next[(((from[i] as number) >>> shift) & LAST_DIGIT) + 1] as number)++;
    for (let digit = 1; digit < DIGITS; digit++) (next[digit] as number) += next[digit - 1] as number;
    for (let i = 0; i < from.length; i++) {
      const number = from[i] as number;
      to[(next[(number >>> shift) & LAST_DIGIT] as number)++] = number;
    }
    [from, to] = [to, from];
  }
  return from;
}
