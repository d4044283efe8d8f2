/**
 * The least and the greatest of numbers, and where they are.
 *
 * As in `Math.min`, NaN beats every number, and −0 is less than +0. Instructions that do
 * so take several times as long as those that just compare; so the loops just compare,
 * and beside that gather what tells the rest: whether there was a NaN, and all signs.
 */
import { lanesOf } from "./vectors";

/** The least number of a type, to begin a maximum with. */
@inline
function leastOf<T>(): T {
  if (isFloat<T>()) return <T>-Infinity;
  return isSigned<T>() ? <T>i32.MIN_VALUE : <T>0;
}

@inline
function greatestOf<T>(): T {
  if (isFloat<T>()) return <T>Infinity;
  return isSigned<T>() ? <T>i32.MAX_VALUE : <T>255;
}

// A NaN that comes second is not taken: the comparison is false.

@inline
function lesser<T>(seen: v128, next: v128): v128 {
  return isFloat<T>() ? v128.pmin<T>(seen, next) : v128.min<T>(seen, next);
}

@inline
function greater<T>(seen: v128, next: v128): v128 {
  return isFloat<T>() ? v128.pmax<T>(seen, next) : v128.max<T>(seen, next);
}

/** Writes both, as float64; of no numbers Infinity and −Infinity. */
export function minMax<T>(at: usize, length: u32, out: usize): void {
  if (length == 0) {
    store<f64>(out, Infinity);
    store<f64>(out + 8, -Infinity);
    return;
  }
  let least = v128.splat<T>(greatestOf<T>());
  let leastToo = least;
  let greatest = v128.splat<T>(leastOf<T>());
  let greatestToo = greatest;
  let isNaN = i32x4.splat(0);
  let anySign = i32x4.splat(0);
  let allSigns = i32x4.splat(-1);
  for (let blocks = length / (2 * lanesOf<T>()); blocks != 0; --blocks) {
    const first = v128.load(at);
    const second = v128.load(at + 16);
    least = lesser<T>(least, first);
    leastToo = lesser<T>(leastToo, second);
    greatest = greater<T>(greatest, first);
    greatestToo = greater<T>(greatestToo, second);
    if (isFloat<T>()) {
      isNaN = v128.or(isNaN, v128.or(v128.ne<T>(first, first), v128.ne<T>(second, second)));
      anySign = v128.or(anySign, v128.or(first, second));
      allSigns = v128.and(allSigns, v128.and(first, second));
    }
    at += 32;
  }
  for (let left = length % (2 * lanesOf<T>()); left != 0; --left) {
    const one = v128.splat<T>(load<T>(at));
    least = lesser<T>(least, one);
    greatest = greater<T>(greatest, one);
    if (isFloat<T>()) {
      isNaN = v128.or(isNaN, v128.ne<T>(one, one));
      anySign = v128.or(anySign, one);
      allSigns = v128.and(allSigns, one);
    }
    at += sizeof<T>();
  }
  let low = <f64>v128.extract_lane<T>(leastOfLanes<T>(lesser<T>(least, leastToo)), 0);
  let high = <f64>v128.extract_lane<T>(greatestOfLanes<T>(greater<T>(greatest, greatestToo)), 0);
  if (isFloat<T>()) {
    // Where the least is a zero there are no other signs than those of zeros, and where
    // the greatest is one, none are missing but those of zeros.
    const isEverySign = signsOf<T>(allSigns) == (1 << lanesOf<T>()) - 1;
    if (low == 0) low = signsOf<T>(anySign) == 0 ? 0.0 : -0.0;
    if (high == 0) high = isEverySign ? -0.0 : 0.0;
    if (v128.any_true(isNaN)) low = high = NaN;
  }
  store<f64>(out, low);
  store<f64>(out + 8, high);
}

/** The least of a vector's lanes, in all lanes. */
@inline
function leastOfLanes<T>(lanes: v128): v128 {
  lanes = lesser<T>(lanes, i8x16.shuffle(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  if (sizeof<T>() == 8) return lanes;
  lanes = lesser<T>(lanes, i8x16.shuffle(lanes, lanes, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  if (sizeof<T>() == 4) return lanes;
  lanes = lesser<T>(lanes, i8x16.shuffle(lanes, lanes, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return lesser<T>(lanes, i8x16.shuffle(lanes, lanes, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
}

@inline
function greatestOfLanes<T>(lanes: v128): v128 {
  lanes = greater<T>(lanes, i8x16.shuffle(lanes, lanes, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  if (sizeof<T>() == 8) return lanes;
  lanes = greater<T>(lanes, i8x16.shuffle(lanes, lanes, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
  if (sizeof<T>() == 4) return lanes;
  lanes = greater<T>(lanes, i8x16.shuffle(lanes, lanes, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13));
  return greater<T>(lanes, i8x16.shuffle(lanes, lanes, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14));
}

@inline
function signsOf<T>(lanes: v128): i32 {
  return sizeof<T>() == 8 ? i64x2.bitmask(lanes) : i32x4.bitmask(lanes);
}
