/** `sum`, `dot`, `minMax` and `histogram`: what kernels do with all numbers. */
import { type Cancel, describeKind } from "../async/cancel.js";
import { requireOptions, requireWhole } from "../async/guard.js";
import { MisuseError } from "../core/errors.js";
import type { SharedArray } from "../shared/array.js";
import type { NumberType } from "../shared/record-schema.js";
import { asked, type ParallelOptions, requireAsked } from "./asked.js";
import { isAtOnce } from "./at-once.js";
import { ofBlocks } from "./blocks.js";
import { type Cost, costOf } from "./costs.js";
import {
  dotOfFew,
  isKnown,
  NUMERIC_BLOCK,
  type NumericOperation,
  numericLoop,
  numericLoopHere,
  sumOfFew,
  wordsOf,
} from "./numeric-loops.js";
import { type Call, run, runSync, type Values } from "./run.js";
import {
  copiedBytesOf,
  doublesOf,
  type Input,
  inputOf,
  type NumberArray,
  type Numbers,
  sharedOf,
  TYPES,
} from "./values.js";

/** An input in a typed array, as kernels see no other. */
function kernelInputOf(whose: string, given: unknown): Input {
  const input = inputOf(whose, given);
  if (input.kind !== "array") return input;
  const numbers = doublesOf(input);
  return { kind: "typed", type: "float64", length: input.length, numbers, given: numbers };
}

/** What operations cost on each type of number. */
function costsOf(place: string): Readonly<Record<NumericOperation["name"], Readonly<Record<string, Cost>>>> {
  const ofTypes = (name: string): Readonly<Record<string, Cost>> =>
    Object.fromEntries(TYPES.map((type) => [type, costOf(`${name} of ${type} ${place}`, undefined)]));
  return { sum: ofTypes("sum"), dot: ofTypes("dot"), minMax: ofTypes("minMax"), histogram: ofTypes("histogram") };
}

const IN_PLACE = costsOf("in shared memory");
const SUM: NumericOperation = { name: "sum" };
const DOT: NumericOperation = { name: "dot" };
const MIN_MAX: NumericOperation = { name: "minMax" };
/** By other loops, see `numericLoopHere`. */
const GIVEN = costsOf("as they were given");

function prepare(
  name: string,
  operation: NumericOperation,
  options: ParallelOptions,
  first: Input,
  second?: Input,
): Call {
  const question = asked(name, options);
  // The twins see one buffer at a time, so two arrays are brought together first, but for float64.
  const isInPlace =
    second === undefined
      ? first.kind === "shared"
      : (first.kind === "shared" && second.kind === "shared") || first.type !== "float64";
  const inputs = second === undefined ? [first] : [first, second];
  let shared = isInPlace ? inputs.map(sharedOf) : NONE_SHARED;
  const dataOnShared = () => [wordsOf(operation), shared.map(({ array }) => array)];
  return {
    asked: question,
    kind: "numeric",
    functions: NO_FUNCTIONS,
    cost: (isInPlace ? IN_PLACE : GIVEN)[operation.name][first.type] as Cost,
    length: first.length,
    blockItems: blockItemsFor(operation),
    // What is in place now was copied, if at all, before anything is measured.
    copiedBytes: isInPlace ? 0 : inputs.reduce((bytes, input) => bytes + copiedBytesOf(input, input.length), 0),
    here: isInPlace
      ? numericLoop(operation, shared[0]?.array as SharedArray<NumberType>, shared[1]?.array)
      : numericLoopHere(operation, first.type, first.numbers as NumberArray, second?.numbers as NumberArray),
    share: () => {
      if (!isInPlace) shared = inputs.map(sharedOf);
      return { data: dataOnShared(), end: () => undefined };
    },
    end: () => {
      for (const { array, isCopy } of shared) if (isCopy) array.dispose();
    },
  };
}

/** Of a histogram each part has a table: parts are so large that all tables together have no more than a quarter of the items. */
function blockItemsFor(operation: NumericOperation): number {
  if (operation.name !== "histogram") return NUMERIC_BLOCK;
  return Math.max(1, Math.ceil((4 * operation.bins) / NUMERIC_BLOCK)) * NUMERIC_BLOCK;
}

const NONE_SHARED: { readonly array: SharedArray<NumberType>; readonly isCopy: boolean }[] = [];
const NO_FUNCTIONS: readonly never[] = [];

/** The sum, if all is done at once; else `undefined`. */
function sumAtOnce(input: Input, options: ParallelOptions): number | undefined {
  requireAsked("sum", options);
  const isInPlace = input.kind === "shared";
  const cost = (isInPlace ? IN_PLACE : GIVEN).sum[input.type] as Cost;
  return isAtOnce(cost, input.length, options.on, copiedBytesOf(input, input.length))
    ? sumOfFew(input, isInPlace)
    : undefined;
}

/** The same of `dot`, for shared arrays. */
function dotAtOnce([first, second]: Pair, options: ParallelOptions): number | undefined {
  requireAsked("dot", options);
  if (first.kind !== "shared" || second.kind !== "shared" || !isKnown(first.type)) return undefined;
  return isAtOnce(IN_PLACE.dot[first.type] as Cost, first.length, options.on, 0) ? dotOfFew(first, second) : undefined;
}

function total(values: Values): number {
  let all = 0;
  for (const value of ofBlocks(values) as readonly number[]) all += value;
  return all;
}

/**
 * The sum of all numbers; 0 of none. Of integers it is exact up to 2^53. Others are added
 * in a fixed order, in lanes and blocks: the result has the same bits on any number of
 * threads, and is nearer to the true sum than that of a loop that adds one after the other.
 *
 * **Cost** Where the numbers are more than the cache holds, what it takes to read them (bench `parallel-loops`).
 *
 * **Cancels**, **Throws** as `parallel.for`.
 *
 * @since 0.2.0
 */
export async function sum(numbers: Numbers, options: ParallelOptions = {}, cancel?: Cancel): Promise<number> {
  const input = kernelInputOf("parallel.sum", numbers);
  // A signal is looked at before anything is done.
  const atOnce = cancel === undefined ? sumAtOnce(input, options) : undefined;
  return atOnce ?? total(await run(prepare("sum", SUM, options, input), cancel));
}

/** As `parallel.sum`, and blocks this thread until all is done. */
export function sumSync(numbers: Numbers, options: ParallelOptions = {}): number {
  const input = kernelInputOf("parallel.sumSync", numbers);
  return sumAtOnce(input, options) ?? total(runSync(prepare("sum", SUM, options, input)));
}

type Pair = readonly [Input, Input];

function pairOf(a: unknown, b: unknown): Pair {
  const [one, other] = [kernelInputOf("parallel.dot", a), kernelInputOf("parallel.dot", b)];
  if (one.length !== other.length || one.type !== other.type) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `parallel.dot expected two arrays of one type and length, but ${one.length} of ${one.type} and ${other.length} of ${other.type} came`,
    );
  }
  return [one, other];
}

/**
 * The sum of the products of two arrays' numbers, of one type and length.
 *
 * **Cancels**, **Throws** as `parallel.for`.
 *
 * @since 0.2.0
 */
export async function dot(a: Numbers, b: Numbers, options: ParallelOptions = {}, cancel?: Cancel): Promise<number> {
  const pair = pairOf(a, b);
  const atOnce = cancel === undefined ? dotAtOnce(pair, options) : undefined;
  return atOnce ?? total(await run(prepare("dot", DOT, options, ...pair), cancel));
}

/** As `parallel.dot`, and blocks this thread until all is done. */
export function dotSync(a: Numbers, b: Numbers, options: ParallelOptions = {}): number {
  const pair = pairOf(a, b);
  return dotAtOnce(pair, options) ?? total(runSync(prepare("dot", DOT, options, ...pair)));
}

/** The least and the greatest of some numbers. */
export interface MinMax {
  readonly min: number;
  readonly max: number;
}

function extremesOf(values: Values): MinMax {
  let [min, max] = [Infinity, -Infinity];
  for (const [least, greatest] of ofBlocks(values) as readonly (readonly [number, number])[]) {
    min = Math.min(min, least);
    max = Math.max(max, greatest);
  }
  return { min, max };
}

/**
 * The least and the greatest number, as `Math.min` and `Math.max` have it: NaN if there is
 * one, −0 is less than 0, of none Infinity and −Infinity.
 *
 * **Cancels**, **Throws** as `parallel.for`.
 *
 * @since 0.2.0
 */
export async function minMax(numbers: Numbers, options: ParallelOptions = {}, cancel?: Cancel): Promise<MinMax> {
  const call = prepare("minMax", MIN_MAX, options, kernelInputOf("parallel.minMax", numbers));
  return extremesOf(await run(call, cancel));
}

/** As `parallel.minMax`, and blocks this thread until all is done. */
export function minMaxSync(numbers: Numbers, options: ParallelOptions = {}): MinMax {
  const call = prepare("minMax", MIN_MAX, options, kernelInputOf("parallel.minMax", numbers));
  return extremesOf(runSync(call));
}

/** Options of `histogram`. */
export interface HistogramOptions extends ParallelOptions {
  /** How many bins of equal width there are. */
  readonly bins: number;
  /** What the first bin begins with, and the last ends with, both included; numbers outside are not counted. */
  readonly low: number;
  readonly high: number;
}

const MOST_BINS = 1 << 20;

function prepareHistogram(numbers: unknown, options: HistogramOptions): Call {
  requireOptions("parallel.histogram", options);
  const { bins, low, high } = options as Partial<HistogramOptions>;
  requireWhole("parallel.histogram's bins", bins, 1, MOST_BINS);
  if (!(typeof low === "number" && typeof high === "number" && low < high && Number.isFinite(high - low))) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `parallel.histogram expected low and high, finite numbers of which the first is less, but ${describeKind(low)} and ${describeKind(high)} came`,
    );
  }
  const operation: NumericOperation = { name: "histogram", low, high, bins: bins as number };
  return prepare("histogram", operation, options, kernelInputOf("parallel.histogram", numbers));
}

function countsOf(bins: number, values: Values): Uint32Array {
  const counts = new Uint32Array(bins);
  for (const block of ofBlocks(values) as readonly Uint32Array[]) {
    for (let bin = 0; bin < bins; bin++) counts[bin] = (counts[bin] as number) + (block[bin] as number);
  }
  return counts;
}

/**
 * How many numbers are in each of some bins of equal width.
 *
 * **Cancels**, **Throws** as `parallel.for`.
 *
 * @example
 * ```ts
 * const counts = await parallel.histogram([1, 2, 2, 9], { bins: 3, low: 0, high: 9 });
 * console.log(counts); // Uint32Array(3) [ 3, 0, 1 ]
 * ```
 *
 * @since 0.2.0
 */
export async function histogram(numbers: Numbers, options: HistogramOptions, cancel?: Cancel): Promise<Uint32Array> {
  const call = prepareHistogram(numbers, options);
  return countsOf(options.bins, await run(call, cancel));
}

/** As `parallel.histogram`, and blocks this thread until all is done. */
export function histogramSync(numbers: Numbers, options: HistogramOptions): Uint32Array {
  const call = prepareHistogram(numbers, options);
  return countsOf(options.bins, runSync(call));
}
