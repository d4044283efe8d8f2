/**
 * Sums of numbers and of products.
 *
 * Floating-point sums depend on their order, so the order is fixed: number `i` is added to
 * lane `i mod 8`, as long as there are eight more; then come the lanes, in pairs; then what
 * is left, one after the other. The twin in JavaScript does the same.
 */
import { pairAt, sumOfLongs, sumOfPair } from "./vectors";

/** Four additions a number wait for each other's results: so many pairs are summed side by side. */
const LANES: u32 = 8;

export function sum<T>(at: usize, length: u32): f64 {
  let first = f64x2.splat(0);
  let second = f64x2.splat(0);
  let third = f64x2.splat(0);
  let fourth = f64x2.splat(0);
  for (let blocks = length / LANES; blocks != 0; --blocks) {
    first = f64x2.add(first, pairAt<T>(at));
    second = f64x2.add(second, pairAt<T>(at, 1));
    third = f64x2.add(third, pairAt<T>(at, 2));
    fourth = f64x2.add(fourth, pairAt<T>(at, 3));
    at += LANES * sizeof<T>();
  }
  let rest: f64 = 0;
  for (let left = length % LANES; left != 0; --left) {
    rest += <f64>load<T>(at);
    at += sizeof<T>();
  }
  return sumOfPair(f64x2.add(f64x2.add(first, second), f64x2.add(third, fourth))) + rest;
}

export function dot<T>(a: usize, b: usize, length: u32): f64 {
  let first = f64x2.splat(0);
  let second = f64x2.splat(0);
  let third = f64x2.splat(0);
  let fourth = f64x2.splat(0);
  for (let blocks = length / LANES; blocks != 0; --blocks) {
    first = f64x2.add(first, f64x2.mul(pairAt<T>(a), pairAt<T>(b)));
    second = f64x2.add(second, f64x2.mul(pairAt<T>(a, 1), pairAt<T>(b, 1)));
    third = f64x2.add(third, f64x2.mul(pairAt<T>(a, 2), pairAt<T>(b, 2)));
    fourth = f64x2.add(fourth, f64x2.mul(pairAt<T>(a, 3), pairAt<T>(b, 3)));
    a += LANES * sizeof<T>();
    b += LANES * sizeof<T>();
  }
  let rest: f64 = 0;
  for (let left = length % LANES; left != 0; --left) {
    rest += <f64>load<T>(a) * <f64>load<T>(b);
    a += sizeof<T>();
    b += sizeof<T>();
  }
  return sumOfPair(f64x2.add(f64x2.add(first, second), f64x2.add(third, fourth))) + rest;
}

/** Exact: 64 bits hold any sum of as many numbers as a memory has room for. Rounded once, at the end. */
export function sumOfInts(at: usize, length: u32): f64 {
  let low = i64x2.splat(0);
  let high = i64x2.splat(0);
  for (let blocks = length / 4; blocks != 0; --blocks) {
    const four = v128.load(at);
    low = i64x2.add(low, i64x2.extend_low_i32x4_s(four));
    high = i64x2.add(high, i64x2.extend_high_i32x4_s(four));
    at += 16;
  }
  let total = sumOfLongs(i64x2.add(low, high));
  for (let left = length % 4; left != 0; --left) {
    total += <i64>load<i32>(at);
    at += 4;
  }
  return <f64>total;
}

/** Vectors whose sums fit into 32 bits: each adds at most 4 · 255 to a lane, or of products 4 · 255². */
const VECTORS: u32 = 1 << 13;

export function sumOfBytes(at: usize, length: u32): f64 {
  let total: i64 = 0;
  let vectors = length / 16;
  while (vectors != 0) {
    const some = min(vectors, VECTORS);
    let lanes = i32x4.splat(0);
    for (let left = some; left != 0; --left) {
      const pairs = i16x8.extadd_pairwise_i8x16_u(v128.load(at));
      lanes = i32x4.add(lanes, i32x4.extadd_pairwise_i16x8_u(pairs));
      at += 16;
    }
    total += sumOfLanes(lanes);
    vectors -= some;
  }
  for (let left = length % 16; left != 0; --left) total += <i64>load<u8>(at++);
  return <f64>total;
}

export function dotOfBytes(a: usize, b: usize, length: u32): f64 {
  let total: i64 = 0;
  let vectors = length / 16;
  while (vectors != 0) {
    const some = min(vectors, VECTORS);
    let lanes = i32x4.splat(0);
    for (let left = some; left != 0; --left) {
      const first = v128.load(a);
      const second = v128.load(b);
      const low = i32x4.extadd_pairwise_i16x8_u(i16x8.extmul_low_i8x16_u(first, second));
      const high = i32x4.extadd_pairwise_i16x8_u(i16x8.extmul_high_i8x16_u(first, second));
      lanes = i32x4.add(lanes, i32x4.add(low, high));
      a += 16;
      b += 16;
    }
    total += sumOfLanes(lanes);
    vectors -= some;
  }
  for (let left = length % 16; left != 0; --left) total += <i64>load<u8>(a++) * <i64>load<u8>(b++);
  return <f64>total;
}

function sumOfLanes(lanes: v128): i64 {
  return sumOfLongs(i64x2.add(i64x2.extend_low_i32x4_u(lanes), i64x2.extend_high_i32x4_u(lanes)));
}
