/** The product of two matrices on one thread, tile by tile, so that what a tile reads stays in the cache. */
import { SharedArray } from "skein/shared";

/** Row after row. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly values: SharedArray<"float64">;
}

/** Three tiles of this side, 96 kB, fit in the second cache of any machine. */
const TILE = 64;

const across = (length: number): number => Math.ceil(length / TILE);

/** Adds one tile of the product. */
export function multiplyTile(tile: number, a: Matrix, b: Matrix, product: Matrix): void {
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
}

/** A product that is all 0 yet, and how many tiles it has. **Throws** a `RangeError` if the matrices do not fit. */
export function productOf(a: Matrix, b: Matrix): { readonly product: Matrix; readonly tiles: number } {
  if (a.columns !== b.rows) {
    throw new RangeError(
      `a matrix of ${a.columns} columns is to be multiplied by one of as many rows, but one of ${b.rows} came`,
    );
  }
  const values = new SharedArray({ type: "float64", length: a.rows * b.columns });
  return { product: { rows: a.rows, columns: b.columns, values }, tiles: across(a.rows) * across(b.columns) };
}

/** The product `a × b`. */
export function sequentialMultiply(a: Matrix, b: Matrix): Matrix {
  const { product, tiles } = productOf(a, b);
  for (let tile = 0; tile < tiles; tile++) multiplyTile(tile, a, b, product);
  return product;
}
