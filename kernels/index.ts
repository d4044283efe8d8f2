/**
 * What the module exports: each operation for each type of number. All of it reads and
 * writes memory that belongs to somebody else, at the places that it is given: no static
 * data, no stack, no allocation. What each one does is told in
 * src/parallel/kernels/kernels.ts, of which this is one implementation.
 */
import { minMax } from "./extremes";
import { dot, dotOfBytes, sum, sumOfBytes, sumOfInts } from "./sum";

export function sumFloat64(at: usize, length: u32): f64 {
  return sum<f64>(at, length);
}

export function sumFloat32(at: usize, length: u32): f64 {
  return sum<f32>(at, length);
}

export function sumInt32(at: usize, length: u32): f64 {
  return sumOfInts(at, length);
}

export function sumUint8(at: usize, length: u32): f64 {
  return sumOfBytes(at, length);
}

export function dotFloat64(a: usize, b: usize, length: u32): f64 {
  return dot<f64>(a, b, length);
}

export function dotFloat32(a: usize, b: usize, length: u32): f64 {
  return dot<f32>(a, b, length);
}

export function dotInt32(a: usize, b: usize, length: u32): f64 {
  return dot<i32>(a, b, length);
}

export function dotUint8(a: usize, b: usize, length: u32): f64 {
  return dotOfBytes(a, b, length);
}

export function sumOfSquaresFloat64(at: usize, length: u32): f64 {
  return dot<f64>(at, at, length);
}

export function sumOfSquaresFloat32(at: usize, length: u32): f64 {
  return dot<f32>(at, at, length);
}

export function sumOfSquaresInt32(at: usize, length: u32): f64 {
  return dot<i32>(at, at, length);
}

export function sumOfSquaresUint8(at: usize, length: u32): f64 {
  return dotOfBytes(at, at, length);
}

export function minMaxFloat64(at: usize, length: u32, out: usize): void {
  minMax<f64>(at, length, out);
}

export function minMaxFloat32(at: usize, length: u32, out: usize): void {
  minMax<f32>(at, length, out);
}

export function minMaxInt32(at: usize, length: u32, out: usize): void {
  minMax<i32>(at, length, out);
}

export function minMaxUint8(at: usize, length: u32, out: usize): void {
  minMax<u8>(at, length, out);
}
