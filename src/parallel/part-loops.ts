/**
 * The loops of algorithms, by name: made from functions and data, on each participant's
 * thread from those that the call's `Work` names, and by the caller for what it does alone,
 * on the arrays as they were given.
 */
import type { SharedArray } from "../shared/array.js";
import type { NumberType } from "../shared/record-schema.js";
import type { NumberArray } from "./values.js";
import { eachBlock } from "./blocks.js";
import { type ItemCallback, type Items, loopFor } from "./loops.js";
import { numericLoop, operationOf, type OperationWords } from "./numeric-loops.js";
import type { PartLoop } from "./part.js";
import { mergeLoop, sortLoop } from "./sort-loops.js";

type Shared = SharedArray<NumberType>;
/** An array where all threads see it, or one that its thread alone has. */
type Numbers = Shared | NumberArray | readonly number[];
type MakeLoop = (functions: readonly ItemCallback[], data: readonly never[]) => PartLoop;

/** Not by the class of shared arrays: a thread may have two copies of the library, and this one from the other. */
const itemsOf = (array: Numbers): Items =>
  Array.isArray(array) || ArrayBuffer.isView(array) ? (array as Items) : (array as Shared).values;

const MAKERS = {
  /** Of whole numbers from `first` on, which is item 0. */
  each([call]: readonly [ItemCallback], [more, first]: readonly [readonly unknown[], number]): PartLoop {
    const loop = loopFor("each", call, more.length);
    return (from, to) => loop(from + first, to + first, more);
  },

  map(
    [call]: readonly [ItemCallback],
    [input, output, more]: readonly [Numbers, Numbers, readonly unknown[]],
  ): PartLoop {
    const loop = loopFor("map", call, more.length);
    const [from0, to0] = [itemsOf(input), itemsOf(output)];
    return (from, to) => loop(from, to, from0, to0, more);
  },

  tabulate([call]: readonly [ItemCallback], [output, more]: readonly [Numbers, readonly unknown[]]): PartLoop {
    const loop = loopFor("tabulate", call, more.length);
    const to0 = itemsOf(output);
    return (from, to) => loop(from, to, to0, more);
  },

  /** The values of blocks. */
  fold(
    functions: readonly [combine: ItemCallback, map?: ItemCallback],
    [input, identity, blockItems, more = []]: readonly [Numbers, unknown, number, (readonly unknown[])?],
  ): PartLoop {
    const [combine, map] = functions;
    const items = itemsOf(input);
    if (map === undefined) {
      const fold = loopFor("fold", combine);
      return (from, to) => fold(from, to, items, identity, blockItems);
    }
    const fold = loopFor("foldMapped", combine, more.length, map);
    return (from, to) => fold(from, to, items, identity, blockItems, more);
  },

  /** Second half of a scan: `carries` has the value before each block, from block `firstBlock` on. */
  scan(
    [combine]: readonly [ItemCallback],
    [input, output, blockItems, carries, isInclusive]: readonly [Numbers, Numbers, number, readonly unknown[], boolean],
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
    [input, marks, blockItems, more]: readonly [Numbers, Numbers, number, readonly unknown[]],
  ): PartLoop {
    const loop = loopFor("mark", call, more.length);
    const [items, flags] = [itemsOf(input), itemsOf(marks)];
    return (from, to) => eachBlock(blockItems, from, to, (begin, end) => loop(begin, end, items, flags, more));
  },

  /**
   * Second half of a filter: `places` has where the results of each block go, and where they all end. Each
   * number is written where the next result goes, whether it is one or not: what is not is overwritten by the
   * next one. That takes a third of the time of a branch that nobody can foretell. It ends with the last
   * result, so nothing is written where those of the next block go.
   */
  pack(
    _: readonly [],
    [input, marks, output, blockItems, places]: readonly [Numbers, Numbers, Numbers, number, readonly number[]],
  ): PartLoop {
    const [items, flags, results] = [itemsOf(input), itemsOf(marks), itemsOf(output)];
    return (from, to) => {
      for (let begin = from; begin < to; begin += blockItems) {
        const end = places[begin / blockItems + 1] as number;
        let place = places[begin / blockItems] as number;
        for (let i = begin; place < end; i++) {
          results[place] = items[i];
          place += flags[i] as number;
        }
      }
      return undefined;
    };
  },

  /** Copies whole arrays. */
  flatten(
    _: readonly [],
    [inputs, offsets, output]: readonly [readonly Numbers[], readonly number[], Numbers],
  ): PartLoop {
    const target = itemsOf(output) as NumberArray | number[];
    const copy = (items: NumberArray, at: number): void => {
      if (!Array.isArray(target)) target.set(items, at);
      else for (let i = 0; i < items.length; i++) target[at + i] = items[i] as number;
    };
    return (from, to) => {
      for (let part = from; part < to; part++) {
        copy(itemsOf(inputs[part] as Numbers) as NumberArray, offsets[part] as number);
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

  numeric(
    _: readonly [],
    [operation, [first, second]]: readonly [OperationWords, readonly [Shared, Shared?]],
  ): PartLoop {
    return numericLoop(operationOf(operation), first, second);
  },

  /** Where the first one is that passes; −1 stands for none, and is not told. */
  find([call]: readonly [ItemCallback], [input, more]: readonly [Numbers, readonly unknown[]]): PartLoop {
    const loop = loopFor("find", call, more.length);
    const items = itemsOf(input);
    return (from, to) => {
      const found = loop(from, to, items, more) as number;
      return found === -1 ? undefined : found;
    };
  },
};

export type LoopKind = keyof typeof MAKERS;

/** The loop of a kind. What functions and data it takes is said where it is made, above. */
export function loopOf(kind: LoopKind, functions: readonly ItemCallback[], data: readonly unknown[]): PartLoop {
  return (MAKERS[kind] as unknown as MakeLoop)(functions, data as readonly never[]);
}
