/** The loops of sorting: over runs, and over pieces of merges. */
import type { SharedArray } from "../shared/array.js";
import type { NumberType } from "../shared/record-schema.js";
import { kernelsHere } from "./kernels-here.js";
import type { ItemCallback } from "./loops.js";
import type { PartLoop } from "./part.js";
import type { NumberArray } from "./values.js";

/** Whether the numbers themselves are moved, or the indexes of numbers that stay. */
export type SortForm = "numbers" | "indices";

type Shared = SharedArray<NumberType>;
type Kernel = (...values: number[]) => number;
type Kernels = Readonly<Record<string, Kernel>>;
type Compare = (a: number, b: number) => number;

const NAMES: Partial<Record<NumberType, string>> = {
  float64: "Float64",
  float32: "Float32",
  int32: "Int32",
  uint32: "Uint32",
};

const placeOf = (array: Shared): number => (array.values as NumberArray).byteOffset;
const bytesOf = (array: Shared): number => (array.values as NumberArray).BYTES_PER_ELEMENT;

/** Sorts runs. */
export function sortLoop(
  functions: readonly ItemCallback[],
  [form, keys, target, runItems, more, scratch, scratchItems]: readonly [
    SortForm,
    Shared,
    Shared,
    number,
    readonly unknown[],
    SharedArray<"float64"> | undefined,
    number,
  ],
): PartLoop {
  const { length } = target;
  const compare = compareOf(functions, more, form, keys);
  const numbers = target.values as NumberArray;
  const kernels = kernelsHere(length) as unknown as Kernels;
  const sortRun = (run: number): void => {
    const first = run * runItems;
    const items = Math.min(runItems, length - first);
    if (items <= 0) return;
    const inRun = numbers.subarray(first, first + items);
    if (compare !== undefined) {
      if (form === "indices") for (let i = 0; i < items; i++) inRun[i] = first + i;
      inRun.sort(compare);
      return;
    }
    const at = placeOf(target) + first * bytesOf(target);
    const room = (scratch as SharedArray<"float64">).values.byteOffset + run * scratchItems * 8;
    if (form === "numbers") kernels[`sort${NAMES[target.type]}`]?.(at, items, room);
    else kernels["argsortFloat64"]?.(placeOf(keys) + first * 8, items, first, at, room);
  };
  return (from, to) => {
    for (let run = from; run < to; run++) sortRun(run);
    return undefined;
  };
}

/** Merges pieces: each merge of two runs has so many. */
export function mergeLoop(
  functions: readonly ItemCallback[],
  [form, keys, source, target, runItems, more, pieces]: readonly [
    SortForm,
    Shared,
    Shared,
    Shared,
    number,
    readonly unknown[],
    number,
  ],
): PartLoop {
  const { length } = source;
  const merge = mergerOf(compareOf(functions, more, form, keys), form, keys, source, target);
  const mergePiece = (number: number): void => {
    const a = Math.floor(number / pieces) * 2 * runItems;
    const piece = number % pieces;
    const aItems = Math.min(runItems, length - a);
    const bItems = Math.max(0, Math.min(runItems, length - a - runItems));
    const all = aItems + bItems;
    const begin = Math.floor((all * piece) / pieces);
    const end = Math.floor((all * (piece + 1)) / pieces);
    if (begin < end) merge(a, aItems, a + aItems, bItems, begin, end);
  };
  return (from, to) => {
    for (let number = from; number < to; number++) mergePiece(number);
    return undefined;
  };
}

/** Writes the numbers of rank `begin` to `end` that the runs at `a` and `b` make together. */
type Merge = (a: number, aItems: number, b: number, bItems: number, begin: number, end: number) => void;

function mergerOf(compare: Compare | undefined, form: SortForm, keys: Shared, source: Shared, target: Shared): Merge {
  if (compare !== undefined) return comparingMerge(compare, source.values, target.values);
  const kernels = kernelsHere(source.length) as unknown as Kernels;
  const suffix = form === "indices" ? "Indices" : "";
  const type = form === "indices" ? "Float64" : NAMES[source.type];
  const coRank = kernels[`coRank${suffix}${type}`] as Kernel;
  const merge = kernels[`merge${suffix}${type}`] as Kernel;
  const before = form === "indices" ? [placeOf(keys)] : [];
  const bytes = bytesOf(source);
  const from = placeOf(source);
  const to = placeOf(target);
  return (a, aItems, b, bItems, begin, end) => {
    const [aAt, bAt] = [from + a * bytes, from + b * bytes];
    const aBegin = coRank(...before, aAt, aItems, bAt, bItems, begin);
    const aEnd = coRank(...before, aAt, aItems, bAt, bItems, end);
    const [bBegin, bEnd] = [begin - aBegin, end - aEnd];
    merge(
      ...before,
      aAt + aBegin * bytes,
      aEnd - aBegin,
      bAt + bBegin * bytes,
      bEnd - bBegin,
      to + (a + begin) * bytes,
    );
  };
}

/** How a function of the program compares what is moved; `undefined` if none was given. */
function compareOf(
  [given]: readonly ItemCallback[],
  more: readonly unknown[],
  form: SortForm,
  keys: Shared,
): Compare | undefined {
  if (given === undefined) return undefined;
  const compare = comparing(given, more);
  if (form === "numbers") return compare;
  const numbers = keys.values as NumberArray;
  return (a, b) => compare(numbers[a] as number, numbers[b] as number);
}

/** A function of the program, as it compares two numbers, with its further arguments. */
export function comparing(compare: ItemCallback, more: readonly unknown[]): Compare {
  if (more.length === 0) return compare as unknown as Compare;
  const [first, ...others] = more;
  // A call that spreads a list takes several times as long.
  if (others.length === 0) return (a, b) => compare(a, b, first) as number;
  return (a, b) => compare(a, b, first, ...others) as number;
}

function comparingMerge(compare: Compare, source: NumberArray, target: NumberArray): Merge {
  /** How many of the first `rank` are from the run at `a`; of equal ones those come first. */
  const coRank = (a: number, aItems: number, b: number, bItems: number, rank: number): number => {
    let low = Math.max(0, rank - bItems);
    let high = Math.min(aItems, rank);
    while (low < high) {
      const middle = (low + high) >>> 1;
      const isBefore = compare(source[a + middle] as number, source[b + rank - middle - 1] as number) <= 0;
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return (a, aItems, b, bItems, begin, end) => {
    let i = a + coRank(a, aItems, b, bItems, begin);
    let j = b + begin - (i - a);
    const [aEnd, bEnd] = [a + aItems, b + bItems];
    for (let place = a + begin; place < a + end; place++) {
      const takesA = j >= bEnd || (i < aEnd && compare(source[i] as number, source[j] as number) <= 0);
      target[place] = source[takesA ? i++ : j++] as number;
    }
  };
}
