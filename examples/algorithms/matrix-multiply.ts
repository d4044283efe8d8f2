/**
 * The product of two matrices, tile by tile, so that what a tile reads stays in the cache.
 *
 * Work O(rows × inner × columns); span O(inner) tiles. Repeatable: each element is the sum of
 * the same products in the same order, whoever adds them.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { randomBelow } from "./random.js";

/** Row after row. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: SharedArray<"float64">;
}

/** Three tiles of this side, 96 kB, fit in the second cache of any machine. */
const TILE = 64;

const across = (length: number): number => Math.ceil(length / TILE);

/** One tile of the product. */
const multiplyTile = task(function multiplyTile(tile: number, a: Matrix, b: Matrix, product: Matrix): void {
  const { columns } = product;
  const [firstRow, firstColumn] = [Math.floor(tile / across(columns)) * TILE, (tile % across(columns)) * TILE];
  const [endRow, endColumn] = [Math.min(firstRow + TILE, product.rows), Math.min(firstColumn + TILE, columns)];
  const [left, right, sums] = [a.values.values, b.values.values, product.values.values];
  for (let first = 0; first < a.columns; first += TILE) {
    const end = Math.min(first + TILE, a.columns);
    for (let row = firstRow; row < endRow; row++) {
      for (let k = first; k < end; k++) {
        const factor = left[row * a.columns + k] as number;
        const ofB = k * columns;
        const ofSums = row * columns;
        for (let j = firstColumn; j < endColumn; j++)
          (sums[ofSums + j] as number) += factor * (right[ofB + j] as number);
      }
    }
  }
});

function productOf(a: Matrix, b: Matrix): { readonly product: Matrix; readonly tiles: number } {
  if (a.columns !== b.rows) {
    throw new RangeError(
      `a matrix of ${a.columns} columns is to be multiplied by one of as many rows, but one of ${b.rows} came`,
    );
  }
  const values = new SharedArray({ type: "float64", length: a.rows * b.columns });
  return { product: { rows: a.rows, columns: b.columns, values }, tiles: across(a.rows) * across(b.columns) };
}

/** The product `a × b`. **Throws** a `RangeError` if `a` has not as many columns as `b` has rows. */
export async function multiply(a: Matrix, b: Matrix, options: ParallelOptions = {}, cancel?: Cancel): Promise<Matrix> {
  const { product, tiles } = productOf(a, b);
  await parallel.for(0, tiles, multiplyTile, { ...options, args: [a, b, product] }, cancel);
  return product;
}

/** The same on one thread, in the same tiles. */
export function sequentialMultiply(a: Matrix, b: Matrix): Matrix {
  const { product, tiles } = productOf(a, b);
  for (let tile = 0; tile < tiles; tile++) multiplyTile(tile, a, b, product);
  return product;
}

/** Two square matrices of whole numbers. */
export function input(size: number, seed: number): { readonly a: Matrix; readonly b: Matrix } {
  const below = randomBelow(seed);
  const matrix = (): Matrix => {
    const values = new SharedArray({ type: "float64", length: size * size });
    for (let i = 0; i < values.length; i++) values.values[i] = below(1000) - 500;
    return { rows: size, columns: size, values };
  };
  return { a: matrix(), b: matrix() };
}
