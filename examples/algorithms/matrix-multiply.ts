/**
 * The product of two matrices, tile by tile, so that what a tile reads stays in the cache.
 *
 * Work O(rows × inner × columns); span O(inner) tiles. Repeatable: each element is the sum of
 * the same products in the same order, whoever adds them.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";

import { type Matrix, multiplyTile, productOf } from "./in-turn/matrix-multiply.js";

/** One tile of the product: nobody else writes there. */
const multiplyOne = task(function multiplyOne(tile: number, a: Matrix, b: Matrix, product: Matrix): void {
  multiplyTile(tile, a, b, product);
});

/** The product `a × b`. **Throws** a `RangeError` if `a` has not as many columns as `b` has rows. */
export async function multiply(a: Matrix, b: Matrix, options: ParallelOptions = {}, cancel?: Cancel): Promise<Matrix> {
  const { product, tiles } = productOf(a, b);
  await parallel.for(0, tiles, multiplyOne, { ...options, args: [a, b, product] }, cancel);
  return product;
}
