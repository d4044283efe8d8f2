/** Numbers that compare with a constant as wanted: how many, and which; and how many there are in each of equal bins. */
import { lanesOf, pairAt } from "./vectors";

// As in src/parallel/kernels/kernels.ts.
export const LESS: i32 = 0;
export const LESS_OR_EQUAL: i32 = 1;
export const GREATER: i32 = 2;
export const GREATER_OR_EQUAL: i32 = 3;
export const EQUAL: i32 = 4;
export const NOT_EQUAL: i32 = 5;

@inline
function compareVector<T>(comparison: i32, numbers: v128, constants: v128): v128 {
  if (comparison == LESS) return v128.lt<T>(numbers, constants);
  if (comparison == LESS_OR_EQUAL) return v128.le<T>(numbers, constants);
  if (comparison == GREATER) return v128.gt<T>(numbers, constants);
  if (comparison == GREATER_OR_EQUAL) return v128.ge<T>(numbers, constants);
  if (comparison == EQUAL) return v128.eq<T>(numbers, constants);
  return v128.ne<T>(numbers, constants);
}

@inline
function compareNumber<T>(comparison: i32, number: T, constant: T): bool {
  if (comparison == LESS) return number < constant;
  if (comparison == LESS_OR_EQUAL) return number <= constant;
  if (comparison == GREATER) return number > constant;
  if (comparison == GREATER_OR_EQUAL) return number >= constant;
  if (comparison == EQUAL) return number == constant;
  return number != constant;
}

/** A comparison that holds leaves −1 in its lane: the lanes are subtracted, each from its own count. */
@inline
function countBy<T>(comparison: i32, at: usize, length: u32, constant: T): i32 {
  const constants = v128.splat<T>(constant);
  let counts = i32x4.splat(0);
  let countsToo = i32x4.splat(0);
  for (let blocks = length / (2 * lanesOf<T>()); blocks != 0; --blocks) {
    const first = compareVector<T>(comparison, v128.load(at), constants);
    const second = compareVector<T>(comparison, v128.load(at, 16), constants);
    if (sizeof<T>() == 1) {
      // A count of 8 bits would overflow.
      counts = i32x4.add(counts, bytesThatHold(first));
      countsToo = i32x4.add(countsToo, bytesThatHold(second));
    } else {
      counts = i32x4.sub(counts, first);
      countsToo = i32x4.sub(countsToo, second);
    }
    at += 32;
  }
  let count = sumOfCounts(i32x4.add(counts, countsToo));
  // In 64 bits a −1 is one in either half.
  if (sizeof<T>() == 8) count = count / 2;
  for (let left = length % (2 * lanesOf<T>()); left != 0; --left) {
    count += <i32>compareNumber<T>(comparison, load<T>(at), constant);
    at += sizeof<T>();
  }
  return count;
}

/** Of sixteen bytes that are −1 or 0, how many are −1, in four parts. */
@inline
function bytesThatHold(bytes: v128): v128 {
  return i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(i8x16.neg(bytes)));
}

@inline
function sumOfCounts(counts: v128): i32 {
  const halves = i32x4.add(counts, i32x4.shuffle(counts, counts, 2, 3, 0, 1));
  return i32x4.extract_lane(halves, 0) + i32x4.extract_lane(halves, 1);
}

/** Numbers that are looked at in one step, of which any may be packed. */
const STEP: u32 = 4;

@inline
function packOne<T>(comparison: i32, number: T, constant: T, to: usize): usize {
  store<T>(to, number);
  return to + <usize>compareNumber<T>(comparison, number, constant) * sizeof<T>();
}

/**
 * A number is written before it is known whether it stays, at the place of the next that
 * does: no branch, so none to predict wrong. While there is room for a step that stays
 * within the output; then it ends one by one.
 */
@inline
function packBy<T>(comparison: i32, at: usize, length: u32, constant: T, out: usize, capacity: u32): i32 {
  const end = at + length * sizeof<T>();
  const full = out + capacity * sizeof<T>();
  let to = out;
  while (end - at >= STEP * sizeof<T>() && full - to >= STEP * sizeof<T>()) {
    to = packOne<T>(comparison, load<T>(at), constant, to);
    to = packOne<T>(comparison, load<T>(at, sizeof<T>()), constant, to);
    to = packOne<T>(comparison, load<T>(at, 2 * sizeof<T>()), constant, to);
    to = packOne<T>(comparison, load<T>(at, 3 * sizeof<T>()), constant, to);
    at += STEP * sizeof<T>();
  }
  while (at != end && to != full) {
    const number = load<T>(at);
    if (compareNumber<T>(comparison, number, constant)) {
      store<T>(to, number);
      to += sizeof<T>();
    }
    at += sizeof<T>();
  }
  return <i32>((to - out) / sizeof<T>());
}

export function count<T>(at: usize, length: u32, comparison: i32, constant: f64): i32 {
  fitConstant<T>(comparison, constant);
  const fitting = <T>fitted;
  switch (fittedComparison) {
    case LESS:
      return countBy<T>(LESS, at, length, fitting);
    case LESS_OR_EQUAL:
      return countBy<T>(LESS_OR_EQUAL, at, length, fitting);
    case GREATER:
      return countBy<T>(GREATER, at, length, fitting);
    case GREATER_OR_EQUAL:
      return countBy<T>(GREATER_OR_EQUAL, at, length, fitting);
    case EQUAL:
      return countBy<T>(EQUAL, at, length, fitting);
    default:
      return countBy<T>(NOT_EQUAL, at, length, fitting);
  }
}

export function pack<T>(at: usize, length: u32, comparison: i32, constant: f64, out: usize, capacity: u32): i32 {
  fitConstant<T>(comparison, constant);
  const fitting = <T>fitted;
  switch (fittedComparison) {
    case LESS:
      return packBy<T>(LESS, at, length, fitting, out, capacity);
    case LESS_OR_EQUAL:
      return packBy<T>(LESS_OR_EQUAL, at, length, fitting, out, capacity);
    case GREATER:
      return packBy<T>(GREATER, at, length, fitting, out, capacity);
    case GREATER_OR_EQUAL:
      return packBy<T>(GREATER_OR_EQUAL, at, length, fitting, out, capacity);
    case EQUAL:
      return packBy<T>(EQUAL, at, length, fitting, out, capacity);
    default:
      return packBy<T>(NOT_EQUAL, at, length, fitting, out, capacity);
  }
}

// The constant is a float64, as every number of the language, and numbers are compared
// with it as such: 2.5 is greater than the integer 2, and 0.1 is not a float32. So that
// they can be compared in their own type, the constant is moved to one of that type, and
// the comparison becomes the one that then says the same.

/** What `fitConstant` found; of this instance, and so of this thread. */
let fitted: f64 = 0;
let fittedComparison: i32 = 0;

function fitConstant<T>(comparison: i32, constant: f64): void {
  fitted = constant;
  fittedComparison = comparison;
  // A float32 compares with NaN as a float64 does; an integer never is one.
  if (sizeof<T>() == 8 || (isFloat<T>() && constant != constant)) return;
  const near = isFloat<T>() ? <f64>(<f32>constant) : clamped<T>(floor(constant));
  if (near == constant) return;
  fitted = near;
  // Now no number of the type equals the constant, nor lies between it and `near`.
  const isBelow = near < constant;
  if (comparison == NOT_EQUAL) {
    fitted = isFloat<T>() ? <f64>NaN : <f64>leastInt<T>();
    fittedComparison = isFloat<T>() ? NOT_EQUAL : GREATER_OR_EQUAL;
  } else if (comparison == EQUAL || constant != constant) {
    fitted = isFloat<T>() ? <f64>NaN : <f64>leastInt<T>();
    fittedComparison = LESS;
  } else if (comparison == LESS || comparison == LESS_OR_EQUAL) {
    fittedComparison = isBelow ? LESS_OR_EQUAL : LESS;
  } else {
    fittedComparison = isBelow ? GREATER : GREATER_OR_EQUAL;
  }
}

@inline
function clamped<T>(constant: f64): f64 {
  return max(<f64>leastInt<T>(), min(<f64>greatestInt<T>(), constant));
}

@inline
function leastInt<T>(): i32 {
  return isSigned<T>() ? i32.MIN_VALUE : 0;
}

@inline
function greatestInt<T>(): i32 {
  return isSigned<T>() ? i32.MAX_VALUE : 255;
}

/**
 * The bins of two numbers are found side by side.
 *
 * @returns how many were counted: those from `low` to `high`
 */
export function histogram<T>(at: usize, length: u32, low: f64, high: f64, bins: u32, counts: usize): i32 {
  const lows = f64x2.splat(low);
  const highs = f64x2.splat(high);
  const binsOfOne = f64x2.splat(<f64>bins / (high - low));
  // The greatest number belongs to the last bin, and rounding leads no further.
  const lasts = i32x4.splat(bins - 1);
  let counted = 0;
  for (let pairs = length / 2; pairs != 0; --pairs) {
    const numbers = sizeof<T>() == 1 ? pairOfBytes(at) : pairAt<T>(at);
    counted += countInBins(numbers, lows, highs, binsOfOne, lasts, counts, 3);
    at += 2 * sizeof<T>();
  }
  if (length % 2 != 0) {
    counted += countInBins(f64x2.splat(<f64>load<T>(at)), lows, highs, binsOfOne, lasts, counts, 1);
  }
  return counted;
}

@inline
function pairOfBytes(at: usize): v128 {
  return f64x2.replace_lane(f64x2.splat(<f64>load<u8>(at)), 1, <f64>load<u8>(at, 1));
}

/** @param wanted - which of the two: bit 0 for the first, bit 1 for the second */
@inline
function countInBins(
  numbers: v128,
  lows: v128,
  highs: v128,
  binsOfOne: v128,
  lasts: v128,
  counts: usize,
  wanted: i32,
): i32 {
  const isInside = v128.and(f64x2.ge(numbers, lows), f64x2.le(numbers, highs));
  const inside = i64x2.bitmask(isInside) & wanted;
  const places = i32x4.trunc_sat_f64x2_s_zero(f64x2.mul(f64x2.sub(numbers, lows), binsOfOne));
  const bins = i32x4.min_s(places, lasts);
  if (inside & 1) addOne(counts + (<usize>i32x4.extract_lane(bins, 0) << 2));
  if (inside & 2) addOne(counts + (<usize>i32x4.extract_lane(bins, 1) << 2));
  return (inside & 1) + (inside >> 1);
}

@inline
function addOne(place: usize): void {
  store<u32>(place, load<u32>(place) + 1);
}
