/**
 * Numbers made of numbers, each by itself. Which operation it is, is known when the module
 * is compiled: each export is a loop of its own.
 */
import { lanesOf } from "./vectors";

export const ADD: i32 = 0;
export const MULTIPLY: i32 = 1;
/** `a + factor · b` */
export const ADD_SCALED: i32 = 2;

@inline
function combined<T>(operation: i32, a: v128, b: v128, factor: v128): v128 {
  if (operation == ADD) return v128.add<T>(a, b);
  if (operation == MULTIPLY) return v128.mul<T>(a, b);
  return v128.add<T>(a, v128.mul<T>(factor, b));
}

@inline
export function combine<T>(operation: i32, a: usize, b: usize, length: u32, factor: T, out: usize): void {
  const factors = v128.splat<T>(factor);
  for (let blocks = length / (2 * lanesOf<T>()); blocks != 0; --blocks) {
    const first = combined<T>(operation, v128.load(a), v128.load(b), factors);
    const second = combined<T>(operation, v128.load(a, 16), v128.load(b, 16), factors);
    v128.store(out, first);
    v128.store(out, second, 16);
    a += 32;
    b += 32;
    out += 32;
  }
  for (let left = length % (2 * lanesOf<T>()); left != 0; --left) {
    const one = combined<T>(operation, v128.splat<T>(load<T>(a)), v128.splat<T>(load<T>(b)), factors);
    store<T>(out, v128.extract_lane<T>(one, 0));
    a += sizeof<T>();
    b += sizeof<T>();
    out += sizeof<T>();
  }
}

export const SCALE: i32 = 0;
/** `number · factor + addend` */
export const SCALE_OFFSET: i32 = 1;
export const ABSOLUTE: i32 = 2;
export const NEGATE: i32 = 3;
export const SQUARE_ROOT: i32 = 4;

@inline
function mapped<T>(operation: i32, numbers: v128, factor: v128, addend: v128): v128 {
  if (operation == SCALE) return v128.mul<T>(numbers, factor);
  if (operation == SCALE_OFFSET) return v128.add<T>(v128.mul<T>(numbers, factor), addend);
  if (operation == ABSOLUTE) return v128.abs<T>(numbers);
  if (operation == NEGATE) return v128.neg<T>(numbers);
  return isFloat<T>() ? v128.sqrt<T>(numbers) : numbers;
}

@inline
export function map<T>(operation: i32, input: usize, length: u32, factor: T, addend: T, out: usize): void {
  const factors = v128.splat<T>(factor);
  const addends = v128.splat<T>(addend);
  for (let blocks = length / (2 * lanesOf<T>()); blocks != 0; --blocks) {
    const first = mapped<T>(operation, v128.load(input), factors, addends);
    const second = mapped<T>(operation, v128.load(input, 16), factors, addends);
    v128.store(out, first);
    v128.store(out, second, 16);
    input += 32;
    out += 32;
  }
  for (let left = length % (2 * lanesOf<T>()); left != 0; --left) {
    const one = mapped<T>(operation, v128.splat<T>(load<T>(input)), factors, addends);
    store<T>(out, v128.extract_lane<T>(one, 0));
    input += sizeof<T>();
    out += sizeof<T>();
  }
}

export function fill<T>(at: usize, length: u32, value: T): void {
  const values = v128.splat<T>(value);
  for (let blocks = length / (2 * lanesOf<T>()); blocks != 0; --blocks) {
    v128.store(at, values);
    v128.store(at, values, 16);
    at += 32;
  }
  for (let left = length % (2 * lanesOf<T>()); left != 0; --left) {
    store<T>(at, value);
    at += sizeof<T>();
  }
}
