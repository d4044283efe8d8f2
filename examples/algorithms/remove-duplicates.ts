/**
 * The different numbers among many: sort, then keep each that differs from the one before it.
 *
 * Work O(n), as the sort goes by digits; span O(n / threads + log n). Repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import type { SharedArray } from "skein/shared";

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
