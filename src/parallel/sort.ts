/**
 * `sort` and `argsort`: runs that are sorted side by side, then merged two by two.
 *
 * Each merge is divided into pieces of equal length by where their ends are in the two
 * runs (co-ranks), so that all participants work on the last merge too. Runs that are in
 * order as they stand are not merged. Work O(n log p) beside the sorting of the runs, which for
 * numbers is linear; span O(n/p + log n).
 */
import { type Cancel, cancelNodeOf } from "../async/cancel.js";
import type { SharedArray } from "../shared/array.js";
import type { NumberType } from "../shared/record-schema.js";
import { type Asked, asked, type Callback, callbackOf, type CallbackOptions, requireNoMore } from "./asked.js";
import type { ItemCallback } from "./loops.js";
import { argsortScratchBytes, sortScratchBytes } from "./kernels/kernels.js";
import { loopOf } from "./part-loops.js";
import { comparing, type SortForm } from "./sort-loops.js";
import { type Call, run, runSync } from "./run.js";
import {
  arrayToFill,
  doublesOf,
  type Input,
  inputOf,
  type NumberArray,
  type Numbers,
  outputLike,
  type ResultLike,
  sharedOf,
} from "./values.js";

/** Options of `sort` and `argsort`. */
export interface SortOptions<More extends readonly unknown[] = readonly unknown[]> extends CallbackOptions<More> {
  /**
   * How two numbers compare, as for `Array.prototype.sort`; ascending if omitted, which
   * takes a fraction of the time. Equal ones keep their order. It has the `args`, too: so
   * indexes can be sorted by what is in other arrays.
   */
  readonly compare?: Callback<[a: number, b: number, ...more: More], number>;
}

/** Below this many numbers a sort is no work for threads. */
const FEW = 1 << 14;
/** Estimates, for how a call is shared out; they need only be of the right size. */
const SORT_ITEM_US = 0.02;
const COMPARED_ITEM_US = 0.4;
const MERGE_ITEM_US = 0.003;
/** Pieces of a merge for each participant. */
const PIECES_EACH = 4;

/** The types that kernels sort; numbers of others are sorted by the language's own. */
const SORTED_BY_KERNELS: ReadonlySet<NumberType> = new Set(["float64", "float32", "int32", "uint32"]);

/** One sort: what is sorted, where, and by what calls. */
interface Sorting {
  /** The calls one after another; each is made when the one before it is over, if it is needed. */
  readonly steps: readonly (() => Call | undefined)[];
  /** The array that has the result after all steps. */
  result(): SharedArray<NumberType>;
  end(): void;
}

/** How many runs are sorted side by side: a power of two, so that merges come out even. */
function runsFor(participants: number, length: number): number {
  let runs = 1;
  while (runs < participants && length / runs > FEW) runs *= 2;
  return runs;
}

function sorting(
  question: Asked,
  form: SortForm,
  keys: SharedArray<NumberType>,
  target: SharedArray<NumberType>,
  compare: { readonly task: unknown; readonly call: ItemCallback } | undefined,
  isSync: boolean,
): Sorting {
  const { length } = target;
  const { more } = question;
  const { helpers, alone } = question.team;
  // An awaited call has its long parts done by threads alone, if there are any.
  const participants = isSync || alone === 0 ? helpers + 1 : alone;
  const runs = runsFor(participants, length);
  const runItems = Math.ceil(length / runs);
  const other = arrayToFill(target.type, length);
  const bytes =
    form === "indices"
      ? argsortScratchBytes(runItems)
      : sortScratchBytes(runItems, (target.values as NumberArray).BYTES_PER_ELEMENT);
  const scratchItems = Math.ceil(bytes / 8);
  const scratch = compare === undefined ? arrayToFill("float64", scratchItems * runs) : undefined;
  const functions = compare === undefined ? [] : [compare.task as never];
  const itemUs = compare === undefined ? SORT_ITEM_US : COMPARED_ITEM_US;
  const callOf = (
    part: string,
    kind: "sortRuns" | "mergeRuns",
    items: number,
    us: number,
    data: readonly unknown[],
  ): Call => {
    return {
      asked: question,
      phase: part,
      kind,
      functions,
      length: items,
      blockItems: 1,
      expectedItemUs: us,
      isCoarse: true,
      here: loopOf(kind, compare === undefined ? [] : [compare.call], data),
      share: () => ({ data, end: () => undefined }),
    };
  };
  const steps: (() => Call | undefined)[] = [
    () =>
      callOf("runs", "sortRuns", runs, runItems * itemUs, [form, keys, target, runItems, more, scratch, scratchItems]),
  ];
  let [from, to] = [target, other];
  for (let items = runItems; items < length; items *= 2) {
    const merges = Math.ceil(length / (2 * items));
    const pieces = Math.max(1, Math.ceil((participants * PIECES_EACH) / merges));
    const pieceUs = (2 * items * (compare === undefined ? MERGE_ITEM_US : COMPARED_ITEM_US / 8)) / pieces;
    steps.push(() => {
      if (areInOrder(form, keys, from, items, compare && comparing(compare.call, more))) return undefined;
      const merge = callOf("merge", "mergeRuns", merges * pieces, pieceUs, [form, keys, from, to, items, more, pieces]);
      [from, to] = [to, from];
      return merge;
    });
  }
  return {
    steps,
    result: () => from,
    end() {
      scratch?.dispose();
      to.dispose();
    },
  };
}

/** Whether each run ends with what may come before the first of the next one, so that no two need be merged. */
function areInOrder(
  form: SortForm,
  keys: SharedArray<NumberType>,
  runs: SharedArray<NumberType>,
  items: number,
  compare: ((a: number, b: number) => number) | undefined,
): boolean {
  const moved = runs.values as NumberArray;
  const numbers = keys.values as NumberArray;
  const keyAt = (i: number): number => (form === "numbers" ? moved[i] : numbers[moved[i] as number]) as number;
  for (let next = items; next < moved.length; next += 2 * items) {
    const [last, first] = [keyAt(next - 1), keyAt(next)];
    const isAfter = compare === undefined ? isGreater(last, first) : compare(last, first) > 0;
    if (isAfter) return false;
  }
  return true;
}

/** In the order of `TypedArray.prototype.sort`. */
function isGreater(a: number, b: number): boolean {
  if (Number.isNaN(b)) return false;
  return Number.isNaN(a) || a > b || (a === 0 && b === 0 && Object.is(b, -0) && !Object.is(a, -0));
}

interface Prepared {
  readonly sorting: Sorting | undefined;
  result(): unknown;
}

/** Sorts here, as `sort` would: little, or of a type that kernels don't know. */
function sortedHere(input: Input, compare: ((a: number, b: number) => number) | undefined): unknown {
  const output = outputLike(input.kind, input.type, input.length);
  const numbers = input.kind === "array" ? doublesOf(input) : (input.numbers as NumberArray).slice();
  if (compare === undefined) numbers.sort();
  else numbers.sort(compare);
  fill(output.numbers, numbers);
  return output.result;
}

function fill(target: NumberArray | number[], numbers: NumberArray): void {
  if (Array.isArray(target)) for (let i = 0; i < numbers.length; i++) target[i] = numbers[i] as number;
  else target.set(numbers);
}

/** How numbers are compared, if not by themselves. */
function compareIn(
  whose: string,
  { more }: Asked,
  { compare }: SortOptions,
): ReturnType<typeof callbackOf> | undefined {
  if (compare !== undefined) return callbackOf(whose, "compare", compare);
  requireNoMore(whose, "compare", more);
  return undefined;
}

function prepareSort(given: unknown, options: SortOptions, isSync: boolean): Prepared {
  const input = inputOf("parallel.sort", given);
  const question = asked("sort", options);
  const compare = compareIn("parallel.sort", question, options);
  if (input.length < FEW || !SORTED_BY_KERNELS.has(input.type)) {
    return { sorting: undefined, result: () => sortedHere(input, compare && comparing(compare.call, question.more)) };
  }
  // Always a copy: the input stays as it is.
  const { array: target } = sharedOf({ ...input, kind: "typed" });
  const all = sorting(question, "numbers", target, target, compare, isSync);
  return {
    sorting: all,
    result() {
      const sorted = all.result();
      if (input.kind === "shared") return sorted;
      const output = outputLike(input.kind, input.type, input.length);
      fill(output.numbers, sorted.values);
      sorted.dispose();
      return output.result;
    },
  };
}

function prepareArgsort(given: unknown, options: SortOptions, isSync: boolean): Prepared {
  const input = inputOf("parallel.argsort", given);
  const question = asked("argsort", options);
  const compare = compareIn("parallel.argsort", question, options);
  const { length } = input;
  const shared = arrayToFill("float64", length);
  shared.values.set(input.numbers);
  const target = arrayToFill("uint32", length);
  const all = sorting(question, "indices", shared, target, compare, isSync);
  return {
    sorting: { ...all, end: () => (shared.dispose(), all.end()) },
    result: () => {
      const indices = all.result();
      if (input.kind === "shared") return indices;
      const copy = (indices as SharedArray<"uint32">).copy();
      indices.dispose();
      return input.kind === "array" ? [...copy] : copy;
    },
  };
}

async function finish(prepared: Prepared, cancel: Cancel | undefined): Promise<unknown> {
  const { sorting: all } = prepared;
  if (all === undefined) {
    cancelNodeOf(cancel)?.checkpoint();
    return prepared.result();
  }
  let isWhole = false;
  try {
    for (const step of all.steps) {
      const call = step();
      if (call !== undefined) await run(call, cancel);
    }
    isWhole = true;
  } finally {
    all.end();
    if (!isWhole) all.result().dispose();
  }
  return prepared.result();
}

function finishSync(prepared: Prepared): unknown {
  const { sorting: all } = prepared;
  if (all === undefined) return prepared.result();
  let isWhole = false;
  try {
    for (const step of all.steps) {
      const call = step();
      if (call !== undefined) runSync(call);
    }
    isWhole = true;
  } finally {
    all.end();
    if (!isWhole) all.result().dispose();
  }
  return prepared.result();
}

/**
 * The numbers in ascending order, or in that of `compare`: a new array, of the kind of the
 * input. Without `compare` the order is that of `TypedArray.prototype.sort`: −0 before 0,
 * NaN last. Equal numbers keep their order.
 *
 * **Cancels** Between runs and merges. **Throws** as `parallel.for`.
 *
 * **Cost** Linear without `compare`; memory for another array as long as the input.
 *
 * @example
 * ```ts
 * console.log(await parallel.sort([3, 1, 2])); // [ 1, 2, 3 ]
 * ```
 *
 * @since 0.2.0
 */
export async function sort<In extends Numbers, More extends readonly unknown[] = []>(
  numbers: In,
  options: SortOptions<More> = {},
  cancel?: Cancel,
): Promise<ResultLike<In>> {
  return finish(prepareSort(numbers, options as never, false), cancel) as Promise<ResultLike<In>>;
}

/** As `parallel.sort`, and blocks this thread until all is done. */
export function sortSync<In extends Numbers, More extends readonly unknown[] = []>(
  numbers: In,
  options: SortOptions<More> = {},
): ResultLike<In> {
  return finishSync(prepareSort(numbers, options as never, true)) as ResultLike<In>;
}

/** What `argsort` gives for a kind of input. */
export type IndicesLike<In> =
  In extends SharedArray<NumberType> ? SharedArray<"uint32"> : In extends readonly number[] ? number[] : Uint32Array;

/**
 * The order of numbers that stay where they are: the index of the least, of the next, and
 * so on. Equal numbers are in order of their indexes.
 *
 * **Cancels**, **Throws** as `parallel.sort`.
 *
 * @since 0.2.0
 */
export async function argsort<In extends Numbers, More extends readonly unknown[] = []>(
  numbers: In,
  options: SortOptions<More> = {},
  cancel?: Cancel,
): Promise<IndicesLike<In>> {
  return finish(prepareArgsort(numbers, options as never, false), cancel) as Promise<IndicesLike<In>>;
}

/** As `parallel.argsort`, and blocks this thread until all is done. */
export function argsortSync<In extends Numbers, More extends readonly unknown[] = []>(
  numbers: In,
  options: SortOptions<More> = {},
): IndicesLike<In> {
  return finishSync(prepareArgsort(numbers, options as never, true)) as IndicesLike<In>;
}
