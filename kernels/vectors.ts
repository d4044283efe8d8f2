/**
 * What loops over numbers have in common. A vector is 16 bytes; `T` is the type of the
 * numbers in memory. Conditions on `T` are decided when the module is compiled.
 */

/** Numbers in a vector. */
@inline
export function lanesOf<T>(): u32 {
  return 16 / sizeof<T>();
}

/** Two numbers, as float64. */
@inline
export function pairAt<T>(at: usize): v128 {
  if (sizeof<T>() == 8) return v128.load(at);
  if (isFloat<T>()) return f64x2.promote_low_f32x4(v128.load64_zero(at));
  return f64x2.convert_low_i32x4_s(v128.load64_zero(at));
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
