/**
 * What loops over numbers have in common. A vector is 16 bytes; `T` is the type of the
 * numbers in memory. Conditions on `T` are decided when the module is compiled.
 */

/** Numbers in a vector. */
@inline
export function lanesOf<T>(): u32 {
  return 16 / sizeof<T>();
}

/** Two numbers, as float64: the first two from `at` on, or the second, third or fourth two. */
@inline
export function pairAt<T>(at: usize, pair: i32 = 0): v128 {
  if (sizeof<T>() == 8) return vectorAt(at, pair);
  if (isFloat<T>()) return f64x2.promote_low_f32x4(halfVectorAt(at, pair));
  return f64x2.convert_low_i32x4_s(halfVectorAt(at, pair));
}

// A distance that is written down belongs to the instruction, and costs nothing.

@inline
function vectorAt(at: usize, vector: i32): v128 {
  if (vector == 0) return v128.load(at);
  if (vector == 1) return v128.load(at, 16);
  return vector == 2 ? v128.load(at, 32) : v128.load(at, 48);
}

@inline
function halfVectorAt(at: usize, half: i32): v128 {
  if (half == 0) return v128.load64_zero(at);
  if (half == 1) return v128.load64_zero(at, 8);
  return half == 2 ? v128.load64_zero(at, 16) : v128.load64_zero(at, 24);
}

/** Both numbers of a pair in one. */
@inline
export function sumOfPair(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/** Both integers of a pair in one. */
@inline
export function sumOfLongs(pair: v128): i64 {
  return i64x2.extract_lane(pair, 0) + i64x2.extract_lane(pair, 1);
}
