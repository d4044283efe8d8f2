/**
 * The least and the greatest of numbers, and where they are.
 *
 * As in `Math.min`, NaN beats every number, and −0 is less than +0. Instructions that do
 * so take several times as long as those that just compare; so the loops just compare,
 * and beside that gather what tells the rest: whether there was a NaN, and all signs.
 */
import { isNaNBits, keyOfBits, reversal } from "./keys";
import { lanesOf } from "./vectors";

/** Numbers in whose block the least is looked for; a block stays in the nearest cache. */
const BLOCK: u32 = 1024;

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
    const second = v128.load(at, 16);
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

/** Of several equal ones the first, and the first NaN if there is one; −1 of no numbers. */
export function argMin<T, K>(at: usize, length: u32): i32 {
  return argLeast<T, K>(at, length, <K>0);
}

export function argMax<T, K>(at: usize, length: u32): i32 {
  return argLeast<T, K>(at, length, reversal<T, K>());
}

/**
 * Finds the block with the least number, then the place in there.
 *
 * @param turned - the bits to turn in each number before it is compared
 */
function argLeast<T, K>(at: usize, length: u32, turned: K): i32 {
  if (length == 0) return -1;
  let bestBlock: u32 = 0;
  let bestKey = leastKey<T, K>(at, min(length, BLOCK), turned);
  for (let begin = BLOCK; begin < length; begin += BLOCK) {
    const key = leastKey<T, K>(at + begin * sizeof<T>(), min(length - begin, BLOCK), turned);
    if (key < bestKey) {
      bestKey = key;
      bestBlock = begin;
    }
  }
  let place = at + bestBlock * sizeof<T>();
  while (extremeKey<T, K>(load<K>(place), turned) != bestKey) place += sizeof<T>();
  return <i32>((place - at) / sizeof<T>());
}

/** As a sort key, but that NaN comes first: no other number has the key 0. */
@inline
function extremeKey<T, K>(bits: K, turned: K): K {
  if (isFloat<T>() && isNaNBits<K>(bits)) return 0;
  return keyOfBits<T, K>(bits ^ turned);
}

/** The least `extremeKey` of a block. */
function leastKey<T, K>(at: usize, length: u32, turned: K): K {
  const turning = v128.splat<K>(turned);
  let least = v128.splat<T>(greatestOf<T>());
  let leastToo = least;
  let isNaN = i32x4.splat(0);
  let anySign = isNaN;
  for (let blocks = length / (2 * lanesOf<T>()); blocks != 0; --blocks) {
    const first = v128.xor(v128.load(at), turning);
    const second = v128.xor(v128.load(at, 16), turning);
    least = lesser<T>(least, first);
    leastToo = lesser<T>(leastToo, second);
    if (isFloat<T>()) {
      isNaN = v128.or(isNaN, v128.or(v128.ne<T>(first, first), v128.ne<T>(second, second)));
      anySign = v128.or(anySign, v128.or(first, second));
    }
    at += 32;
  }
  for (let left = length % (2 * lanesOf<T>()); left != 0; --left) {
    const one = v128.xor(v128.splat<T>(load<T>(at)), turning);
    least = lesser<T>(least, one);
    if (isFloat<T>()) {
      isNaN = v128.or(isNaN, v128.ne<T>(one, one));
      anySign = v128.or(anySign, one);
    }
    at += sizeof<T>();
  }
  if (isFloat<T>() && v128.any_true(isNaN)) return 0;
  let low = v128.extract_lane<T>(leastOfLanes<T>(lesser<T>(least, leastToo)), 0);
  if (isFloat<T>() && low == 0) low = signsOf<T>(anySign) == 0 ? <T>0.0 : <T>-0.0;
  return keyOfBits<T, K>(isFloat<T>() ? reinterpret<K>(low) : <K>low);
}
