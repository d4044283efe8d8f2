/**
 * The discrete Fourier transform, fast: numbers as a table of rows and columns, of which each
 * column is transformed, then each row, as either fits in a cache.
 *
 * Work O(n log n), span O(√n log n). Repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";

import { type Complex, reversedOf, rowsFor, transformEach, turn } from "./in-turn/fourier-transform.js";
import { Workspace } from "./support/workspace.js";

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
