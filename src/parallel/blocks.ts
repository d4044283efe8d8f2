/**
 * Blocks: what folds and the like divide items into, by the number of items alone. So each
 * result is made by the same operations in the same order whoever works on them.
 */
import type { Values } from "./run.js";

/** Blocks, at most: enough for 64 threads to share out, and few to bring back and put together, which one thread does. */
const MOST_BLOCKS = 256;
/** A block of so many items costs 4 % more than a loop without blocks; one of 64 costs 22 % (November 2026). */
const GOOD_BLOCK_ITEMS = 256;
/** And so many blocks there are of fewer items, which may each take long: where something is made of each, and else. */
const LEAST_BLOCKS_MAPPED = 32;
const LEAST_BLOCKS = 8;

/** How many items a block has: of the number of items alone, and of whether a function makes something of each. */
export function blockItemsOf(length: number, isMapped = false): number {
  const few = Math.min(GOOD_BLOCK_ITEMS, Math.ceil(length / (isMapped ? LEAST_BLOCKS_MAPPED : LEAST_BLOCKS)));
  return Math.max(1, few, Math.ceil(length / MOST_BLOCKS));
}

/** Calls `block` with each block of a range. @returns what that gave, in order */
export function eachBlock<Value>(
  blockItems: number,
  from: number,
  to: number,
  block: (from: number, to: number) => Value,
): Value[] {
  const values: Value[] = [];
  for (let begin = from; begin < to; begin += blockItems) values.push(block(begin, Math.min(to, begin + blockItems)));
  return values;
}

/** What all blocks gave, in order: ranges of blocks have lists of them. */
export function ofBlocks(values: Values): readonly unknown[] {
  // Of a call that was not shared out there is one list. `flatMap` would take longer than a short call.
  if (values.length === 1) return (values[0] as Values[number])[1] as readonly unknown[];
  const all: unknown[] = [];
  for (const [, ofRange] of values) for (const value of ofRange as readonly unknown[]) all.push(value);
  return all;
}
