/**
 * Loops over numbers in the heap's memory: what the primitives of this room do with a
 * range, on one thread. There are two implementations, which give the same results: one
 * in WebAssembly (`wasm-kernels.ts`), and its twin (`javascript-kernels.ts`) for where
 * that is refused.
 *
 * **Places** are bytes from the memory's begin, multiples of the number's size. Lengths
 * count numbers. Nothing is checked: called only by this room, which knows what its
 * arrays reach. Output may be the input itself, or must not overlap it.
 *
 * **Repeatable.** The same input gives the same bits, in both implementations, on every
 * machine; sums have a fixed order of their own for that. The one exception is a NaN,
 * which is one, with unspecified bits.
 *
 * Every operation works in linear time and keeps to the ranges it is given.
 */

/** Reductions of `length` numbers at `at`. */
export interface Sums {
  /**
   * The sum; 0 of no numbers. Of integers it is exact, and rounded to float64 at the end.
   * Others are added as float64 in eight lanes: the error is at most length / 8 + 8
   * roundings of the sum of the absolute values, where one after the other has `length`.
   */
  sum(at: number, length: number): number;

  /** The sum of products; each is rounded to float64, and those of Uint8 are exact. */
  dot(a: number, b: number, length: number): number;

  /** The dot product with itself. */
  sumOfSquares(at: number, length: number): number;
}

export interface Extremes {
  /**
   * Writes the least and the greatest as two float64 to `out`, as `Math.min` and
   * `Math.max` have it: a NaN beats all, −0 is less than +0, and of no numbers they are
   * Infinity and −Infinity.
   */
  minMax(at: number, length: number, out: number): void;
}

/** The operations of `Group` under the names that they have for one type of number. */
export type For<Type extends string, Group> = { [Name in keyof Group as `${Name & string}${Type}`]: Group[Name] };

/** All operations, each named with the type that the numbers have in memory: `sumFloat64`. */
export interface Kernels
  extends
    For<"Float64", Sums & Extremes>,
    For<"Float32", Sums & Extremes>,
    For<"Int32", Sums & Extremes>,
    For<"Uint8", Sums & Extremes> {}
