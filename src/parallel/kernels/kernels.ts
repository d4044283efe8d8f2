/**
 * Loops over numbers in the heap's memory: what the primitives of this room do with a
 * range, on one thread. There are two implementations, which give the same results: one
 * in WebAssembly (`wasm-kernels.ts`), and its twin (`javascript-kernels.ts`) for where
 * that is refused.
 *
 * **Places** are bytes from the memory's begin, multiples of the number's size. Lengths
 * count numbers. Nothing is checked: called only by this room, which knows what its
 * arrays reach. Output may be the input itself, or must not overlap it; merges need room
 * apart from their runs.
 *
 * **Repeatable.** The same input gives the same bits, in both implementations, on every
 * machine; sums have a fixed order of their own for that. The one exception is a NaN,
 * which is one, with unspecified bits.
 *
 * **Cost.** Every operation takes linear time and keeps to the ranges it is given. A call
 * costs some ten nanoseconds in WebAssembly, of the twin some hundred. An engine replaces
 * the code that it makes at first by better only between calls: a loop over many millions
 * of numbers should be several calls. (Sorting sees to that itself.)
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

export interface ExtremePlaces {
  /** The index of the least number, in the order of `minMax`: of equal ones the first; −1 of no numbers. */
  argMin(at: number, length: number): number;

  /** The index of the greatest, likewise. */
  argMax(at: number, length: number): number;
}

export interface Fill {
  fill(at: number, length: number, value: number): void;
}

/**
 * Each number by itself, rounded as its type is after each operation. Those of Int32 wrap
 * around. Factors and addends are converted to the type first.
 */
export interface Elementwise extends Fill {
  /** `out = a + b` */
  add(a: number, b: number, length: number, out: number): void;

  /** `out = a · b` */
  multiply(a: number, b: number, length: number, out: number): void;

  /** `out = a + factor · b`, rounded after either. */
  addScaled(a: number, b: number, length: number, factor: number, out: number): void;

  /** `out = input · factor` */
  scale(input: number, length: number, factor: number, out: number): void;

  /** `out = input · factor + addend`, rounded after either. */
  scaleOffset(input: number, length: number, factor: number, addend: number, out: number): void;

  absolute(input: number, length: number, out: number): void;

  negate(input: number, length: number, out: number): void;
}

export interface SquareRoot {
  squareRoot(input: number, length: number, out: number): void;
}

/**
 * Running sums that begin with `carry`. Floats are added as float64, in a fixed order that
 * is not one after the other: at most `length` / 4 + 5 roundings lie before any of them.
 * Those of Int32 wrap around.
 */
export interface Scans {
  /**
   * `out[i] = carry + input[0] + … + input[i]`
   *
   * @returns what the range after this one has to go on with
   */
  inclusiveScan(input: number, length: number, carry: number, out: number): number;

  /** `out[i] = carry + input[0] + … + input[i - 1]`; the same is returned. */
  exclusiveScan(input: number, length: number, carry: number, out: number): number;
}

/** How a number compares with a constant, as the language's operators do: NaN is unequal to all, and nothing else. */
export const COMPARISON = { "<": 0, "<=": 1, ">": 2, ">=": 3, "===": 4, "!==": 5 } as const;

/** One of the values of `COMPARISON`. */
export type Comparison = (typeof COMPARISON)[keyof typeof COMPARISON];

export interface Counts {
  /** How many numbers compare so with the constant: `number < constant`. */
  count(at: number, length: number, comparison: Comparison, constant: number): number;

  /**
   * Counts numbers into bins of equal width from `low` to `high`, both included; a bin's
   * lower end belongs to it. Others, and NaN, are not counted. The bin of a number is
   * ⌊(number − low) · (bins / (high − low))⌋, each operation rounded, so a number may be
   * in the bin beside its own if it is within a rounding of the border.
   *
   * @param low - finite, less than `high`, and their difference finite too
   * @param bins - at least 1
   * @param counts - as many uint32, which the counts are added to
   * @returns how many were counted
   */
  histogram(at: number, length: number, low: number, high: number, bins: number, counts: number): number;
}

export interface Packs {
  /**
   * Writes the numbers that compare so with the constant to `out`, in their order, until
   * `capacity` of them are written; nothing is written after them. With the capacity that
   * `count` gave, ranges can be packed side by side by several threads.
   *
   * @returns how many were written
   */
  pack(at: number, length: number, comparison: Comparison, constant: number, out: number, capacity: number): number;
}

/**
 * Order, where numbers have that of `TypedArray.prototype.sort`: −0 comes before +0, and
 * NaN last.
 */
export interface Order {
  /**
   * Sorts in place. What is in order, or in the reverse order, costs one look.
   *
   * @param scratch - `sortScratchBytes` bytes, a multiple of 8; what is in there is lost
   */
  sort(at: number, length: number, scratch: number): void;

  /**
   * Where to divide a merge: how many of the first `rank` numbers that two sorted runs
   * make are from the first, `a`. Of equal numbers those of `a` come first. In the time of
   * a binary search.
   */
  coRank(a: number, aLength: number, b: number, bLength: number, rank: number): number;

  /** Merges two sorted runs. Of equal numbers those of `a` come first. */
  merge(a: number, aLength: number, b: number, bLength: number, out: number): void;
}

export interface OrderOfIndices {
  /**
   * Writes the order of numbers, which stay where they are, as uint32 indices. Equal
   * numbers keep their order; the order is that of `sort`.
   *
   * @param first - the index of the first number: those of a range of a larger array go on from there
   * @param scratch - `argsortScratchBytes` bytes, a multiple of 8; what is in there is lost
   */
  argsort(keys: number, length: number, first: number, indices: number, scratch: number): void;

  /**
   * As `coRank`, of two runs of indices, sorted by the numbers that they lead to.
   *
   * @param keys - the place of the number with index 0
   */
  coRankIndices(keys: number, a: number, aLength: number, b: number, bLength: number, rank: number): number;

  /** As `merge`, of two such runs. */
  mergeIndices(keys: number, a: number, aLength: number, b: number, bLength: number, out: number): void;
}

/** Six tables of 2048 counts, for digits of 11 bits; those of shorter digits take less. */
const TABLES_BYTES = 6 * 2048 * 4;

/** Bytes that `sort` needs besides, for numbers of `elementBytes` bytes. */
export function sortScratchBytes(length: number, elementBytes: number): number {
  return length * elementBytes + TABLES_BYTES;
}

/** Bytes that `argsort` needs besides. */
export function argsortScratchBytes(length: number): number {
  return length * 20 + TABLES_BYTES;
}

/** The operations of `Group` under the names that they have for one type of number. */
export type For<Type extends string, Group> = { [Name in keyof Group as `${Name & string}${Type}`]: Group[Name] };

type Ordered = Sums & Extremes & ExtremePlaces & Elementwise & Scans & Counts & Packs & Order;

/** All operations, each named with the type that the numbers have in memory: `sumFloat64`. */
export interface Kernels
  extends
    For<"Float64", Ordered & SquareRoot & OrderOfIndices>,
    For<"Float32", Ordered & SquareRoot>,
    For<"Int32", Ordered>,
    For<"Uint32", Order>,
    For<"Uint8", Sums & Extremes & Fill & Counts> {}
