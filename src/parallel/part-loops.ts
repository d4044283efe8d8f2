/**
 * The loops of algorithms, by name: made on each participant's thread from the functions
 * and data that the call's `Work` names.
 */
import type { SharedArray } from "../shared/array.js";
import type { NumberType } from "../shared/record-schema.js";
import type { NumberArray } from "./values.js";
import { eachBlock } from "./blocks.js";
import { type ItemCallback, type Items, loopFor, type Loops } from "./loops.js";
import { type NumericOperation, numericLoop } from "./numeric-loops.js";
import type { PartLoop } from "./part.js";
import { mergeLoop, sortLoop } from "./sort-loops.js";

type Shared = SharedArray<NumberType>;
type MakeLoop = (functions: readonly ItemCallback[], data: readonly never[]) => PartLoop;

const itemsOf = (array: Shared): Items => array.values;

const MAKERS = {
  /** Of whole numbers from `first` on, which is item 0. */
  each([call]: readonly [ItemCallback], [more, first]: readonly [readonly unknown[], number]): PartLoop {
    const loop = loopFor("each", call, more.length);
    return (from, to) => loop(from + first, to + first, more);
  },

  map([call]: readonly [ItemCallback], [input, output, more]: readonly [Shared, Shared, readonly unknown[]]): PartLoop {
    const loop = loopFor("map", call, more.length);
    const [from0, to0] = [itemsOf(input), itemsOf(output)];
    return (from, to) => loop(from, to, from0, to0, 0, more);
  },

  tabulate([call]: readonly [ItemCallback], [output, more]: readonly [Shared, readonly unknown[]]): PartLoop {
    const loop = loopFor("tabulate", call, more.length);
    const to0 = itemsOf(output);
    return (from, to) => loop(from, to, to0, 0, more);
  },

  /** The values of blocks. */
  fold(
    functions: readonly [combine: ItemCallback, map?: ItemCallback],
    [input, identity, blockItems]: readonly [Shared, unknown, number],
  ): PartLoop {
    const fold = foldOf(functions);
    const items = itemsOf(input);
    return (from, to) => fold(from, to, items, identity, blockItems);
  },

  /** Second half of a scan: `carries` has the value before each block, from block `firstBlock` on. */
  scan(
    [combine]: readonly [ItemCallback],
    [input, output, blockItems, carries, isInclusive]: readonly [Shared, Shared, number, readonly unknown[], boolean],
  ): PartLoop {
    const loop = loopFor(isInclusive ? "foldAfter" : "foldBefore", combine);
    const [items, results] = [itemsOf(input), itemsOf(output)];
    return (from, to) => {
      for (let begin = from; begin < to; begin += blockItems) {
        loop(begin, Math.min(to, begin + blockItems), items, results, carries[begin / blockItems]);
      }
      return undefined;
    };
  },

  /** Marks those that pass; how many do, by block. */
  mark(
    [call]: readonly [ItemCallback],
    [input, marks, blockItems, more]: readonly [Shared, Shared, number, readonly unknown[]],
  ): PartLoop {
    const loop = loopFor("mark", call, more.length);
    const [items, flags] = [itemsOf(input), itemsOf(marks)];
    return (from, to) => eachBlock(blockItems, from, to, (begin, end) => loop(begin, end, items, flags, 0, more));
  },

  /** Second half of a filter: `places` has where the results of each block go. */
  pack(
    _: readonly [],
    [input, marks, output, blockItems, places]: readonly [Shared, Shared, Shared, number, readonly number[]],
  ): PartLoop {
    const [items, flags, results] = [itemsOf(input), itemsOf(marks), itemsOf(output)];
    return (from, to) => {
      for (let begin = from; begin < to; begin += blockItems) {
        let place = places[begin / blockItems] as number;
        const end = Math.min(to, begin + blockItems);
        for (let i = begin; i < end; i++) if (flags[i] === 1) results[place++] = items[i];
      }
      return undefined;
    };
  },

  /** Copies whole arrays. */
  flatten(
    _: readonly [],
    [inputs, offsets, output]: readonly [readonly Shared[], readonly number[], Shared],
  ): PartLoop {
    const target = output.values as NumberArray;
    return (from, to) => {
      for (let part = from; part < to; part++) {
        target.set((inputs[part] as Shared).values, offsets[part]);
      }
      return undefined;
    };
  },

  sortRuns(functions: readonly ItemCallback[], data: Parameters<typeof sortLoop>[1]): PartLoop {
    return sortLoop(functions, data);
  },

  mergeRuns(functions: readonly ItemCallback[], data: Parameters<typeof mergeLoop>[1]): PartLoop {
    return mergeLoop(functions, data);
  },

  numeric(_: readonly [], [operation, arrays]: readonly [NumericOperation, readonly Shared[]]): PartLoop {
    return numericLoop(operation, arrays);
  },

  /** Where the first one is that passes; −1 stands for none, and is not told. */
  find([call]: readonly [ItemCallback], [input, more]: readonly [Shared, readonly unknown[]]): PartLoop {
    const loop = loopFor("find", call, more.length);
    const items = itemsOf(input);
    return (from, to) => {
      const found = loop(from, to, items, more) as number;
      return found === -1 ? undefined : found;
    };
  },
};

/** How items are folded: by `combine` alone, or what `map` makes of them. */
export function foldOf([combine, map]: readonly [ItemCallback, ItemCallback?]): Loops["fold"] {
  return map === undefined ? loopFor("fold", combine) : loopFor("foldMapped", combine, 0, map);
}

export type LoopKind = keyof typeof MAKERS;
export const LOOPS = MAKERS as unknown as Readonly<Record<LoopKind, MakeLoop>>;
