/** The shared arrays of a calculation, and the blocks in which it goes through long ones. */
import { task } from "skein";
import { SharedArray, type NumberType } from "skein/shared";

/** Indexes, counts, places. */
export type Numbers = SharedArray<"uint32">;

/** What a scan adds up with. */
export const add = task(function add(a: number, b: number): number {
  return a + b;
});

export const larger = task(function larger(a: number, b: number): number {
  return a > b ? a : b;
});

/** What a list of all indexes has in each place. */
export const itself = task(function itself(index: number): number {
  return index;
});

/** Numbers in a line of the cache. */
const LINE = 16;

/**
 * How long a table of so many counts is, one for each block: whole lines, so that threads do not write by turns
 * to one of them, and an odd number, as tables a power of two apart would all be in the same few places of a cache.
 */
export function tableLength(kinds: number): number {
  return (Math.ceil(kinds / LINE) | 1) * LINE;
}

/** The table of one block. */
export function tableOf(block: number, kinds: number, tables: Numbers): Uint32Array {
  const from = block * tableLength(kinds);
  return tables.values.subarray(from, from + kinds);
}

/** Of one kind, each block's count becomes what the blocks before it have. Gives what all have. */
export const addUpBlocks = task(function addUpBlocks(kind: number, tableItems: number, tables: Numbers): number {
  const counts = tables.values;
  let sum = 0;
  for (let i = kind; i < counts.length; i += tableItems) {
    const count = counts[i] as number;
    counts[i] = sum;
    sum += count;
  }
  return sum;
});

/** More blocks than threads, so that who is done early can do more of them, but few enough for tables of all blocks. */
const MOST_BLOCKS = 64;
const LEAST_ITEMS = 1024;

/** How many items a block has: of the number of items alone, so that results do not depend on threads. */
function blockItemsOf(length: number, leastItems: number): number {
  return Math.max(leastItems, Math.ceil(length / MOST_BLOCKS));
}

/** In how many blocks so many items are gone through. */
export function blocksOf(length: number, leastItems: number = LEAST_ITEMS): number {
  return Math.ceil(length / blockItemsOf(length, leastItems));
}

/** The items of one of them: from the first to the one before the end. */
export function itemsOf(
  block: number,
  length: number,
  leastItems: number = LEAST_ITEMS,
): { from: number; end: number } {
  const items = blockItemsOf(length, leastItems);
  return { from: block * items, end: Math.min(length, (block + 1) * items) };
}

/**
 * Shared arrays live until somebody disposes of them. Those made here are disposed of when the
 * calculation ends, by a result, an error or a cancellation, but for those that it gives.
 */
export class Workspace implements Disposable {
  readonly #arrays = new Set<SharedArray>();

  make<Type extends NumberType>(type: Type, length: number): SharedArray<Type> {
    return this.keep(new SharedArray({ type, length }));
  }

  /** The same, not cleared: all of it is written before any is read. */
  makeToFill<Type extends NumberType>(type: Type, length: number): SharedArray<Type> {
    return this.keep(new SharedArray({ type, length, zeroed: false }));
  }

  /** Takes in what a primitive gave. */
  keep<Made extends SharedArray>(array: Made): Made {
    this.#arrays.add(array);
    return array;
  }

  /** Lets go of a result, which from now on is its caller's. */
  give<Made extends SharedArray>(array: Made): Made {
    this.#arrays.delete(array);
    return array;
  }

  /** Disposes of what is not needed any more. */
  drop(...arrays: readonly SharedArray[]): void {
    for (const array of arrays) if (this.#arrays.delete(array)) array.dispose();
  }

  [Symbol.dispose](): void {
    for (const array of this.#arrays) array.dispose();
  }
}
