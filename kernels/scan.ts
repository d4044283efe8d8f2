/**
 * Running sums. Four numbers are summed among themselves, (a, a + b, (a + b) + c,
 * (a + b) + (c + d)), and only then added to what was before: that way one addition
 * waits for the one before it in four numbers, not each. What is left at the end is added
 * one after the other.
 */
import { pairAt } from "./vectors";

@inline
function shiftedIn(before: v128, pair: v128): v128 {
  return i64x2.shuffle(before, pair, 1, 2);
}

@inline
function storePair<T>(at: usize, pair: v128): void {
  if (sizeof<T>() == 8) v128.store(at, pair);
  else v128.store64_lane(at, f32x4.demote_f64x2_zero(pair), 0);
}

/** @returns the sum of `carry` and all numbers, which the next range goes on with */
@inline
export function scanFloats<T>(isInclusive: bool, input: usize, length: u32, carry: f64, out: usize): f64 {
  const zero = f64x2.splat(0);
  let before = f64x2.splat(carry);
  for (let blocks = length / 4; blocks != 0; --blocks) {
    const low = pairAt<T>(input);
    const high = pairAt<T>(input, 1);
    const sumsLow = f64x2.add(low, shiftedIn(zero, low));
    const sumsHigh = f64x2.add(f64x2.add(high, shiftedIn(zero, high)), i64x2.shuffle(sumsLow, sumsLow, 1, 1));
    const first = f64x2.add(before, sumsLow);
    const second = f64x2.add(before, sumsHigh);
    storePair<T>(out, isInclusive ? first : shiftedIn(before, first));
    storePair<T>(out + 2 * sizeof<T>(), isInclusive ? second : shiftedIn(first, second));
    before = i64x2.shuffle(second, second, 1, 1);
    input += 4 * sizeof<T>();
    out += 4 * sizeof<T>();
  }
  let sum = f64x2.extract_lane(before, 1);
  for (let left = length % 4; left != 0; --left) {
    const next = sum + <f64>load<T>(input);
    store<T>(out, <T>(isInclusive ? next : sum));
    sum = next;
    input += sizeof<T>();
    out += sizeof<T>();
  }
  return sum;
}

/** As for floats; sums wrap around at 32 bits, so their order does not matter. */
@inline
export function scanInts(isInclusive: bool, input: usize, length: u32, carry: i32, out: usize): i32 {
  const zero = i32x4.splat(0);
  let before = i32x4.splat(carry);
  for (let blocks = length / 4; blocks != 0; --blocks) {
    let sums = v128.load(input);
    sums = i32x4.add(sums, i32x4.shuffle(zero, sums, 0, 4, 5, 6));
    sums = i32x4.add(sums, i32x4.shuffle(zero, sums, 0, 1, 4, 5));
    sums = i32x4.add(sums, before);
    v128.store(out, isInclusive ? sums : i32x4.shuffle(before, sums, 3, 4, 5, 6));
    before = i32x4.shuffle(sums, sums, 3, 3, 3, 3);
    input += 16;
    out += 16;
  }
  let sum = i32x4.extract_lane(before, 0);
  for (let left = length % 4; left != 0; --left) {
    const next = sum + load<i32>(input);
    store<i32>(out, isInclusive ? next : sum);
    sum = next;
    input += 4;
    out += 4;
  }
  return sum;
}
