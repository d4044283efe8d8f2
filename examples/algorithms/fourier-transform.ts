/**
 * The discrete Fourier transform, fast: numbers as a table of rows and columns, of which each
 * column is transformed, then each row, as either fits in a cache.
 *
 * Work O(n log n), span O(√n log n). Repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { randomBelow } from "./random.js";
import { reversedOf, transform, transformEach, turn } from "./small-transform.js";
import { Workspace } from "./workspace.js";

/** Complex numbers. */
export interface Complex {
  readonly real: SharedArray<"float64">;
  readonly imaginary: SharedArray<"float64">;
}

/** Columns, or rows, that are gathered at once: what a line of a cache holds, so that it is read once. */
const TOGETHER = 8;
/** Number `r × columns + c` is in row r, column c; each column is transformed, and turned by its place. */
const transformColumns = task(function transformColumns(block: number, rows: number, from: Complex, to: Complex): void {
  const { length } = from.real;
  const columns = length / rows;
  const first = block * TOGETHER;
  const width = Math.min(TOGETHER, columns - first);
  const reversed = reversedOf(rows);
  const [real, imaginary] = [new Float64Array(rows * width), new Float64Array(rows * width)];
  const [reals, imaginaries] = [from.real.values, from.imaginary.values];
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) {
      real[j * rows + (reversed[row] as number)] = reals[row * columns + first + j] as number;
      imaginary[j * rows + (reversed[row] as number)] = imaginaries[row * columns + first + j] as number;
    }
  }
  transformEach(real, imaginary, rows);
  for (let j = 0; j < width; j++) {
    const [begin, end] = [j * rows, (j + 1) * rows];
    turn(real.subarray(begin, end), imaginary.subarray(begin, end), (-2 * Math.PI * (first + j)) / length);
  }
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) {
      to.real.values[row * columns + first + j] = real[j * rows + row] as number;
      to.imaginary.values[row * columns + first + j] = imaginary[j * rows + row] as number;
    }
  }
});

/** Each row is transformed, and becomes a column: number k of row r is number `k × rows + r` of the result. */
const transformRows = task(function transformRows(block: number, rows: number, from: Complex, to: Complex): void {
  const columns = from.real.length / rows;
  const first = block * TOGETHER;
  const width = Math.min(TOGETHER, rows - first);
  const reversed = reversedOf(columns);
  const [real, imaginary] = [new Float64Array(columns * width), new Float64Array(columns * width)];
  const [reals, imaginaries] = [from.real.values, from.imaginary.values];
  for (let j = 0; j < width; j++) {
    for (let column = 0; column < columns; column++) {
      real[j * columns + (reversed[column] as number)] = reals[(first + j) * columns + column] as number;
      imaginary[j * columns + (reversed[column] as number)] = imaginaries[(first + j) * columns + column] as number;
    }
  }
  transformEach(real, imaginary, columns);
  for (let k = 0; k < columns; k++) {
    for (let j = 0; j < width; j++) {
      to.real.values[k * rows + first + j] = real[j * columns + k] as number;
      to.imaginary.values[k * rows + first + j] = imaginary[j * columns + k] as number;
    }
  }
});

function rowsFor({ real, imaginary }: Complex): number {
  const bits = Math.log2(real.length);
  if (Number.isInteger(bits) && imaginary.length === real.length) return 2 ** Math.floor(bits / 2);
  throw new RangeError(
    `as many real as imaginary parts, a power of two, are to be transformed, but ${real.length} and ${imaginary.length} came`,
  );
}

/** The transform, as new arrays. **Throws** a `RangeError` if the length is no power of two. */
export async function fourierTransform(
  numbers: Complex,
  options: ParallelOptions = {},
  cancel?: Cancel,
): Promise<Complex> {
  const rows = rowsFor(numbers);
  const { length } = numbers.real;
  using space = new Workspace();
  const made = (): Complex => ({
    real: space.makeToFill("float64", length),
    imaginary: space.makeToFill("float64", length),
  });
  const [turned, result] = [made(), made()];
  const [ofColumns, ofRows] = [Math.ceil(length / rows / TOGETHER), Math.ceil(rows / TOGETHER)];
  await parallel.for(0, ofColumns, transformColumns, { ...options, args: [rows, numbers, turned] }, cancel);
  await parallel.for(0, ofRows, transformRows, { ...options, args: [rows, turned, result] }, cancel);
  return { real: space.give(result.real), imaginary: space.give(result.imaginary) };
}

/** The same on one thread: all at once, as a table would only be copied. */
export function sequentialFourierTransform(numbers: Complex): { real: Float64Array; imaginary: Float64Array } {
  rowsFor(numbers);
  const { length } = numbers.real;
  const reversed = reversedOf(length);
  const [real, imaginary] = [new Float64Array(length), new Float64Array(length)];
  for (let i = 0; i < length; i++) {
    real[reversed[i] as number] = numbers.real.values[i] as number;
    imaginary[reversed[i] as number] = numbers.imaginary.values[i] as number;
  }
  transform(real, imaginary);
  return { real, imaginary };
}

/** As many numbers as the greatest power of two that is not more than `size`. */
export function input(size: number, seed: number): Complex {
  const below = randomBelow(seed);
  const length = 2 ** Math.floor(Math.log2(Math.max(1, size)));
  const part = (): SharedArray<"float64"> => {
    const numbers = new SharedArray({ type: "float64", length });
    for (let i = 0; i < length; i++) numbers.values[i] = below(2001) / 1000 - 1;
    return numbers;
  };
  return { real: part(), imaginary: part() };
}
