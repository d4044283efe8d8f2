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

/** Lines that are gathered at once: what a line of a cache holds, so that it is read once. */
const TOGETHER = 8;

/**
 * Transforms some columns of a table, or then rows; columns are turned by their place besides. Number k of line l
 * becomes number `k × lines + l`: so columns stay what they are, and rows become columns.
 */
const transformLines = task(function transformLines(
  block: number,
  lines: number,
  areColumns: boolean,
  from: Complex,
  to: Complex,
): void {
  const { length } = from.real;
  const size = length / lines;
  const first = block * TOGETHER;
  const width = Math.min(TOGETHER, lines - first);
  const [step, lineStep] = areColumns ? [lines, 1] : [1, size];
  const reversed = reversedOf(size);
  const [real, imaginary] = [new Float64Array(size * width), new Float64Array(size * width)];
  const [reals, imaginaries] = [from.real.values, from.imaginary.values];
  for (let k = 0; k < size; k++) {
    for (let j = 0; j < width; j++) {
      real[j * size + (reversed[k] as number)] = reals[k * step + (first + j) * lineStep] as number;
      imaginary[j * size + (reversed[k] as number)] = imaginaries[k * step + (first + j) * lineStep] as number;
    }
  }
  transformEach(real, imaginary, size);
  const turned = areColumns ? width : 0;
  for (let j = 0; j < turned; j++) {
    const [begin, end] = [j * size, (j + 1) * size];
    turn(real.subarray(begin, end), imaginary.subarray(begin, end), (-2 * Math.PI * (first + j)) / length);
  }
  for (let k = 0; k < size; k++) {
    for (let j = 0; j < width; j++) {
      to.real.values[k * lines + first + j] = real[j * size + k] as number;
      to.imaginary.values[k * lines + first + j] = imaginary[j * size + k] as number;
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
  const columns = length / rows;
  const first = { ...options, args: [columns, true, numbers, turned] } as const;
  await parallel.for(0, Math.ceil(columns / TOGETHER), transformLines, first, cancel);
  const second = { ...options, args: [rows, false, turned, result] } as const;
  await parallel.for(0, Math.ceil(rows / TOGETHER), transformLines, second, cancel);
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
