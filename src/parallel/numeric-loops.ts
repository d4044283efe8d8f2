/**
 * Loops of kernels, over blocks of a fixed length: what a block gives depends on its
 * numbers alone, so results have the same bits wherever the blocks were worked on.
 *
 * Numbers of a type that the kernels do not know are made float64 block by block, where they
 * stay in the nearest cache until the kernel has read them.
 */
import { SharedArray } from "../shared/array.js";
import { keep } from "../shared/object.js";
import type { NumberType } from "../shared/record-schema.js";
import { kernelsHere, kernelsOn } from "./kernels-here.js";
import { dotOfFloat64 } from "./kernels/javascript/sums.js";
import type { PartLoop } from "./part.js";
import { type Input, type NumberArray, TYPES } from "./values.js";

/** What a block is asked for. */
export type NumericOperation =
  | { readonly name: "sum" | "dot" | "minMax" }
  | { readonly name: "histogram"; readonly low: number; readonly high: number; readonly bins: number };

/** An operation as a list of what has no identity: such can be told again by its number, see `told.ts`. */
export type OperationWords = readonly [name: NumericOperation["name"], low?: number, high?: number, bins?: number];

export function wordsOf(operation: NumericOperation): OperationWords {
  if (operation.name !== "histogram") return [operation.name];
  const { name, low, high, bins } = operation;
  return [name, low, high, bins];
}

export function operationOf([name, low, high, bins]: OperationWords): NumericOperation {
  return name === "histogram" ? { name, low: low as number, high: high as number, bins: bins as number } : { name };
}

type Histogram = Extract<NumericOperation, { readonly name: "histogram" }>;
/** Operations whose results depend on what is put together first: by blocks of the number of items alone. */
type InBlocks = Exclude<NumericOperation, Histogram>;

/** Numbers of a block. */
export const NUMERIC_BLOCK = 8192;

type Kernel = (...values: number[]) => number;
type Block = (from: number, length: number) => unknown;
/** Of a float64. */
const BYTES = Float64Array.BYTES_PER_ELEMENT;

/** The types of numbers that kernels know, as they stand in the kernels' names. */
const NAMES: Partial<Record<NumberType, string>> = {
  float64: "Float64",
  float32: "Float32",
  int32: "Int32",
  uint8: "Uint8",
};

/** Names of kernels, put together once: of each type's own, or of those for float64. */
const KERNELS = Object.fromEntries(
  (["sum", "dot", "minMax", "histogram"] as const).map((operation) => [
    operation,
    Object.fromEntries(TYPES.map((type) => [type, `${operation}${NAMES[type] ?? NAMES.float64}`])),
  ]),
) as Readonly<Record<NumericOperation["name"], Readonly<Record<NumberType, string>>>>;

/** True if there are kernels for this type. */
export const isKnown = (type: NumberType): boolean => type in NAMES;

/** Memory in the heap, this thread's own, for kernels. */
class Scratch {
  #array: SharedArray<"float64"> | undefined;

  /**
   * So many numbers at least. To be asked for at each block: another call that begins between two
   * parts may need more, and then this is another array, and the one before is given back.
   */
  of(length: number): Float64Array {
    if (this.#array === undefined || this.#array.length < length) {
      const before = this.#array;
      // Should there be no memory for it, the one before is as good as it was.
      this.#array = new SharedArray({ type: "float64", length, name: "kernels" });
      keep(this.#array);
      before?.dispose();
    }
    return this.#array.values;
  }
}

/** What kernels write. */
const results = new Scratch();
/** What is made float64 for them to read. */
const widened = new Scratch();
/** The same for numbers that are not shared. */
const doublesHere = new Float64Array(NUMERIC_BLOCK);

/** The loop of an operation on shared arrays of one type. */
export function numericLoop(
  operation: NumericOperation,
  first: SharedArray<NumberType>,
  second?: SharedArray<NumberType>,
): PartLoop {
  const numbers = first.values as NumberArray;
  const others = second?.values as NumberArray | undefined;
  const kernel = kernelHere(operation.name, first.type, first.length);
  if (operation.name === "histogram") {
    if (!isKnown(first.type)) return inTables(operation, kernel, () => widened.of(NUMERIC_BLOCK), numbers);
    return inTables(operation, kernel, undefined, numbers);
  }
  if (!isKnown(first.type)) return inBlocks(widening(operation, kernel, numbers, others));
  return inBlocks(blockOf(operation, kernel, numbers.byteOffset, others?.byteOffset ?? 0, numbers.BYTES_PER_ELEMENT));
}

function kernelHere(operation: NumericOperation["name"], type: NumberType, length: number): Kernel {
  return (kernelsHere(length) as unknown as Readonly<Record<string, Kernel>>)[KERNELS[operation][type]] as Kernel;
}

/** A block of numbers wherever they are, made float64, in the heap. */
function widening(operation: InBlocks, kernel: Kernel, numbers: NumberArray, others?: NumberArray): Block {
  return (from, length) => {
    const doubles = widened.of(2 * NUMERIC_BLOCK);
    doubles.set(numbers.subarray(from, from + length));
    if (others !== undefined) doubles.set(others.subarray(from, from + length), NUMERIC_BLOCK);
    const at = doubles.byteOffset;
    return blockOf(operation, kernel, at, at + NUMERIC_BLOCK * BYTES, BYTES)(0, length);
  };
}

/** The same of a sum, where no shared memory is needed. */
function wideningSum(numbers: NumberArray): (from: number, length: number) => number {
  const kernel = kernelsOn(doublesHere.buffer).sumFloat64;
  return (from, length) => {
    doublesHere.set(numbers.subarray(from, from + length));
    return kernel(doublesHere.byteOffset, length);
  };
}

/** The same on typed arrays that are not shared; of `dot` for float64 alone. */
export function numericLoopHere(
  operation: NumericOperation,
  type: NumberType,
  numbers: NumberArray,
  others?: NumberArray,
): PartLoop {
  switch (operation.name) {
    case "dot":
      return inBlocks((from, length) =>
        dotOfFloat64(
          (numbers as Float64Array).subarray(from, from + length),
          (others as Float64Array).subarray(from, from + length),
        ),
      );
    case "sum": {
      // By the twin of the kernel, for the bits' sake.
      if (!isKnown(type)) return inBlocks(wideningSum(numbers));
      const kernels = kernelsOn(numbers.buffer) as unknown as Readonly<Record<string, Kernel>>;
      return inBlocks(
        blockOf(operation, kernels[KERNELS.sum[type]] as Kernel, numbers.byteOffset, 0, numbers.BYTES_PER_ELEMENT),
      );
    }
    case "minMax":
      return inBlocks((from, length) => minMaxOf(numbers, from, from + length));
    default:
      return (from, to) => [histogramOf(operation, numbers, from, to)];
  }
}

/** The sum of numbers at once, by the kernel or its twin, as the loops above would have it. */
export function sumOfFew(
  { type, length, numbers }: Pick<Input, "type" | "length" | "numbers">,
  isShared: boolean,
): number {
  const { buffer, byteOffset: at, BYTES_PER_ELEMENT: bytes } = numbers as NumberArray;
  let total = 0;
  if (!isKnown(type)) {
    const sum = wideningSum(numbers as NumberArray);
    for (let begin = 0; begin < length; begin += NUMERIC_BLOCK) {
      total += sum(begin, Math.min(NUMERIC_BLOCK, length - begin));
    }
    return total;
  }
  const kernels = (isShared ? kernelsHere(length) : kernelsOn(buffer)) as unknown as Readonly<Record<string, Kernel>>;
  const kernel = kernels[KERNELS.sum[type]] as Kernel;
  for (let begin = 0; begin < length; begin += NUMERIC_BLOCK) {
    total += kernel(at + begin * bytes, Math.min(NUMERIC_BLOCK, length - begin));
  }
  return total;
}

/** The sum of products, of shared arrays. */
export function dotOfFew(first: Pick<Input, "type" | "length" | "numbers">, second: Pick<Input, "numbers">): number {
  const { type, length } = first;
  const { byteOffset: at, BYTES_PER_ELEMENT: bytes } = first.numbers as NumberArray;
  const { byteOffset: other } = second.numbers as NumberArray;
  const kernel = kernelHere("dot", type, length);
  let total = 0;
  for (let begin = 0; begin < length; begin += NUMERIC_BLOCK) {
    total += kernel(at + begin * bytes, other + begin * bytes, Math.min(NUMERIC_BLOCK, length - begin));
  }
  return total;
}

function inBlocks(block: Block): PartLoop {
  return (from, to) => {
    if (to - from <= NUMERIC_BLOCK) return [block(from, to - from)];
    const values: unknown[] = [];
    for (let begin = from; begin < to; begin += NUMERIC_BLOCK) {
      values.push(block(begin, Math.min(NUMERIC_BLOCK, to - begin)));
    }
    return values;
  };
}

function blockOf(operation: InBlocks, kernel: Kernel, at: number, other: number, bytes: number): Block {
  switch (operation.name) {
    case "sum":
      return (from, length) => kernel(at + from * bytes, length);
    case "dot":
      return (from, length) => kernel(at + from * bytes, other + from * bytes, length);
    case "minMax": {
      return (from, length) => {
        const values = results.of(2);
        kernel(at + from * bytes, length, values.byteOffset);
        return [values[0] as number, values[1] as number];
      };
    }
  }
}

/**
 * Of each range one table, however many blocks it has: counts are whole numbers, the same in any order.
 *
 * @param doubles - where numbers are made float64 first, if kernels do not know their type
 */
function inTables(
  { low, high, bins }: Histogram,
  kernel: Kernel,
  doubles: (() => Float64Array) | undefined,
  numbers: NumberArray,
): PartLoop {
  return (from, to) => {
    const values = results.of(Math.ceil(bins / 2));
    const counts = new Uint32Array(values.buffer, values.byteOffset, bins);
    counts.fill(0);
    if (doubles === undefined) {
      kernel(numbers.byteOffset + from * numbers.BYTES_PER_ELEMENT, to - from, low, high, bins, values.byteOffset);
    } else {
      const block = doubles();
      for (let begin = from; begin < to; begin += NUMERIC_BLOCK) {
        const length = Math.min(NUMERIC_BLOCK, to - begin);
        block.set(numbers.subarray(begin, begin + length));
        kernel(block.byteOffset, length, low, high, bins, values.byteOffset);
      }
    }
    return [counts.slice()];
  };
}

function minMaxOf(numbers: NumberArray, from: number, to: number): readonly [number, number] {
  let [least, greatest] = [Infinity, -Infinity];
  for (let i = from; i < to; i++) {
    const number = numbers[i] as number;
    // The functions of the language know of NaN and −0.
    least = Math.min(least, number);
    greatest = Math.max(greatest, number);
  }
  return [least, greatest];
}

/** As the kernel has it, operation by operation. */
function histogramOf({ low, high, bins }: Histogram, numbers: NumberArray, from: number, to: number): Uint32Array {
  const counts = new Uint32Array(bins);
  const scale = bins / (high - low);
  for (let i = from; i < to; i++) {
    const number = numbers[i] as number;
    if (!(number >= low && number <= high)) continue;
    const bin = Math.min(bins - 1, Math.floor((number - low) * scale));
    (counts[bin] as number)++;
  }
  return counts;
}
