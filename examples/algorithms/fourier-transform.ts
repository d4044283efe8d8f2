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
import { Workspace } from "./workspace.js";

/** Complex numbers. */
export interface Complex {
  readonly real: SharedArray<"float64">;
  readonly imaginary: SharedArray<"float64">;
}

/** Columns, or rows, that are gathered at once: what a line of a cache holds, so that it is read once. */
const TOGETHER = 8;
const ROOTS = new Map<number, { readonly real: Float64Array; readonly imaginary: Float64Array }>();
const REVERSED = new Map<number, Uint32Array>();

/** The powers of the root of unity for a length, the first half of them; made once on each thread. */
function rootsOf(length: number): { readonly real: Float64Array; readonly imaginary: Float64Array } {
  let roots = ROOTS.get(length);
  if (roots === undefined) {
    const angles = Float64Array.from({ length: length / 2 }, (_, i) => (-2 * Math.PI * i) / length);
    ROOTS.set(length, (roots = { real: angles.map(Math.cos), imaginary: angles.map(Math.sin) }));
  }
  return roots;
}

/** Transforms in place what fits in a cache: each step puts neighbours together, from pairs on. */
function transform(real: Float64Array, imaginary: Float64Array): void {
  const { length } = real;
  const { real: cosines, imaginary: sines } = rootsOf(length);
  for (let half = 1; half < length; half *= 2) {
    const stride = length / (2 * half);
    for (let from = 0; from < length; from += 2 * half) {
      for (let i = from, root = 0; i < from + half; i++, root += stride) {
        const cosine = cosines[root] as number;
        const sine = sines[root] as number;
        const a = (real[i + half] as number) * cosine - (imaginary[i + half] as number) * sine;
        const b = (real[i + half] as number) * sine + (imaginary[i + half] as number) * cosine;
        real[i + half] = (real[i] as number) - a;
        imaginary[i + half] = (imaginary[i] as number) - b;
        (real[i] as number) += a;
        (imaginary[i] as number) += b;
      }
    }
  }
}

/** For each index that with its bits in reverse order, as `transform` wants its numbers. */
function reversedOf(length: number): Uint32Array {
  let reversed = REVERSED.get(length);
  if (reversed === undefined) {
    REVERSED.set(length, (reversed = new Uint32Array(length)));
    for (let i = 1; i < length; i++) reversed[i] = ((reversed[i >> 1] as number) >> 1) | (i % 2 === 1 ? length / 2 : 0);
  }
  return reversed;
}

/** Number `r × columns + c` is in row r, column c; each column is transformed, and turned by its place. */
const transformColumns = task(function transformColumns(block: number, rows: number, from: Complex, to: Complex): void {
  const { length } = from.real;
  const columns = length / rows;
  const reversed = reversedOf(rows);
  const [real, imaginary] = [new Float64Array(rows), new Float64Array(rows)];
  for (let column = block * TOGETHER; column < Math.min(columns, (block + 1) * TOGETHER); column++) {
    for (let row = 0; row < rows; row++) {
      real[reversed[row] as number] = from.real.values[row * columns + column] as number;
      imaginary[reversed[row] as number] = from.imaginary.values[row * columns + column] as number;
    }
    transform(real, imaginary);
    const cosine = Math.cos((2 * Math.PI * column) / length);
    const sine = -Math.sin((2 * Math.PI * column) / length);
    for (let row = 0, a = 1, b = 0; row < rows; row++) {
      const at = row * columns + column;
      to.real.values[at] = (real[row] as number) * a - (imaginary[row] as number) * b;
      to.imaginary.values[at] = (real[row] as number) * b + (imaginary[row] as number) * a;
      const next = a * cosine - b * sine;
      b = a * sine + b * cosine;
      a = next;
    }
  }
});

/** Each row is transformed, and becomes a column: number k of row r is number `k × rows + r` of the result. */
const transformRows = task(function transformRows(block: number, rows: number, from: Complex, to: Complex): void {
  const columns = from.real.length / rows;
  const reversed = reversedOf(columns);
  const [real, imaginary] = [new Float64Array(columns), new Float64Array(columns)];
  for (let row = block * TOGETHER; row < Math.min(rows, (block + 1) * TOGETHER); row++) {
    for (let column = 0; column < columns; column++) {
      real[reversed[column] as number] = from.real.values[row * columns + column] as number;
      imaginary[reversed[column] as number] = from.imaginary.values[row * columns + column] as number;
    }
    transform(real, imaginary);
    for (let k = 0; k < columns; k++) {
      to.real.values[k * rows + row] = real[k] as number;
      to.imaginary.values[k * rows + row] = imaginary[k] as number;
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
  const made = (): Complex => ({ real: space.make("float64", length), imaginary: space.make("float64", length) });
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
