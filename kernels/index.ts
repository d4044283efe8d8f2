/**
 * What the module exports: each operation for each type of number. All of it reads and
 * writes memory that belongs to somebody else, at the places that it is given: no static
 * data, no stack, no allocation. What each one does is told in
 * src/parallel/kernels/kernels.ts, of which this is one implementation.
 */
import { argsort } from "./argsort";
import * as each from "./elementwise";
import { argMax, argMin, minMax } from "./extremes";
import { coRank, coRankIndices, merge, mergeIndices } from "./merge";
import { scanFloats, scanInts } from "./scan";
import { count, histogram, pack } from "./selection";
import { sort } from "./sort";
import { dot, dotOfBytes, sum, sumOfBytes, sumOfInts } from "./sum";

export { coRankIndices as coRankIndicesFloat64, mergeIndices as mergeIndicesFloat64 };

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

export function argMinFloat64(at: usize, length: u32): i32 {
  return argMin<f64, u64>(at, length);
}

export function argMaxFloat64(at: usize, length: u32): i32 {
  return argMax<f64, u64>(at, length);
}

export function argMinFloat32(at: usize, length: u32): i32 {
  return argMin<f32, u32>(at, length);
}

export function argMaxFloat32(at: usize, length: u32): i32 {
  return argMax<f32, u32>(at, length);
}

export function argMinInt32(at: usize, length: u32): i32 {
  return argMin<i32, u32>(at, length);
}

export function argMaxInt32(at: usize, length: u32): i32 {
  return argMax<i32, u32>(at, length);
}

export function addFloat64(a: usize, b: usize, length: u32, out: usize): void {
  each.combine<f64>(each.ADD, a, b, length, 0, out);
}

export function multiplyFloat64(a: usize, b: usize, length: u32, out: usize): void {
  each.combine<f64>(each.MULTIPLY, a, b, length, 0, out);
}

export function addScaledFloat64(a: usize, b: usize, length: u32, factor: f64, out: usize): void {
  each.combine<f64>(each.ADD_SCALED, a, b, length, factor, out);
}

export function scaleFloat64(input: usize, length: u32, factor: f64, out: usize): void {
  each.map<f64>(each.SCALE, input, length, factor, 0, out);
}

export function scaleOffsetFloat64(input: usize, length: u32, factor: f64, addend: f64, out: usize): void {
  each.map<f64>(each.SCALE_OFFSET, input, length, factor, addend, out);
}

export function absoluteFloat64(input: usize, length: u32, out: usize): void {
  each.map<f64>(each.ABSOLUTE, input, length, 0, 0, out);
}

export function negateFloat64(input: usize, length: u32, out: usize): void {
  each.map<f64>(each.NEGATE, input, length, 0, 0, out);
}

export function squareRootFloat64(input: usize, length: u32, out: usize): void {
  each.map<f64>(each.SQUARE_ROOT, input, length, 0, 0, out);
}

export function fillFloat64(at: usize, length: u32, value: f64): void {
  each.fill<f64>(at, length, value);
}

export function addFloat32(a: usize, b: usize, length: u32, out: usize): void {
  each.combine<f32>(each.ADD, a, b, length, 0, out);
}

export function multiplyFloat32(a: usize, b: usize, length: u32, out: usize): void {
  each.combine<f32>(each.MULTIPLY, a, b, length, 0, out);
}

export function addScaledFloat32(a: usize, b: usize, length: u32, factor: f32, out: usize): void {
  each.combine<f32>(each.ADD_SCALED, a, b, length, factor, out);
}

export function scaleFloat32(input: usize, length: u32, factor: f32, out: usize): void {
  each.map<f32>(each.SCALE, input, length, factor, 0, out);
}

export function scaleOffsetFloat32(input: usize, length: u32, factor: f32, addend: f32, out: usize): void {
  each.map<f32>(each.SCALE_OFFSET, input, length, factor, addend, out);
}

export function absoluteFloat32(input: usize, length: u32, out: usize): void {
  each.map<f32>(each.ABSOLUTE, input, length, 0, 0, out);
}

export function negateFloat32(input: usize, length: u32, out: usize): void {
  each.map<f32>(each.NEGATE, input, length, 0, 0, out);
}

export function squareRootFloat32(input: usize, length: u32, out: usize): void {
  each.map<f32>(each.SQUARE_ROOT, input, length, 0, 0, out);
}

export function fillFloat32(at: usize, length: u32, value: f32): void {
  each.fill<f32>(at, length, value);
}

export function addInt32(a: usize, b: usize, length: u32, out: usize): void {
  each.combine<i32>(each.ADD, a, b, length, 0, out);
}

export function multiplyInt32(a: usize, b: usize, length: u32, out: usize): void {
  each.combine<i32>(each.MULTIPLY, a, b, length, 0, out);
}

export function addScaledInt32(a: usize, b: usize, length: u32, factor: i32, out: usize): void {
  each.combine<i32>(each.ADD_SCALED, a, b, length, factor, out);
}

export function scaleInt32(input: usize, length: u32, factor: i32, out: usize): void {
  each.map<i32>(each.SCALE, input, length, factor, 0, out);
}

export function scaleOffsetInt32(input: usize, length: u32, factor: i32, addend: i32, out: usize): void {
  each.map<i32>(each.SCALE_OFFSET, input, length, factor, addend, out);
}

export function absoluteInt32(input: usize, length: u32, out: usize): void {
  each.map<i32>(each.ABSOLUTE, input, length, 0, 0, out);
}

export function negateInt32(input: usize, length: u32, out: usize): void {
  each.map<i32>(each.NEGATE, input, length, 0, 0, out);
}

export function fillInt32(at: usize, length: u32, value: i32): void {
  each.fill<i32>(at, length, value);
}

export function fillUint8(at: usize, length: u32, value: i32): void {
  memory.fill(at, <u8>value, length);
}

export function inclusiveScanFloat64(input: usize, length: u32, carry: f64, out: usize): f64 {
  return scanFloats<f64>(true, input, length, carry, out);
}

export function exclusiveScanFloat64(input: usize, length: u32, carry: f64, out: usize): f64 {
  return scanFloats<f64>(false, input, length, carry, out);
}

export function inclusiveScanFloat32(input: usize, length: u32, carry: f64, out: usize): f64 {
  return scanFloats<f32>(true, input, length, carry, out);
}

export function exclusiveScanFloat32(input: usize, length: u32, carry: f64, out: usize): f64 {
  return scanFloats<f32>(false, input, length, carry, out);
}

export function inclusiveScanInt32(input: usize, length: u32, carry: i32, out: usize): i32 {
  return scanInts(true, input, length, carry, out);
}

export function exclusiveScanInt32(input: usize, length: u32, carry: i32, out: usize): i32 {
  return scanInts(false, input, length, carry, out);
}

export function countFloat64(at: usize, length: u32, comparison: i32, constant: f64): i32 {
  return count<f64>(at, length, comparison, constant);
}

export function countFloat32(at: usize, length: u32, comparison: i32, constant: f64): i32 {
  return count<f32>(at, length, comparison, constant);
}

export function countInt32(at: usize, length: u32, comparison: i32, constant: f64): i32 {
  return count<i32>(at, length, comparison, constant);
}

export function countUint8(at: usize, length: u32, comparison: i32, constant: f64): i32 {
  return count<u8>(at, length, comparison, constant);
}

export function packFloat64(at: usize, length: u32, comparison: i32, constant: f64, out: usize, capacity: u32): i32 {
  return pack<f64>(at, length, comparison, constant, out, capacity);
}

export function packFloat32(at: usize, length: u32, comparison: i32, constant: f64, out: usize, capacity: u32): i32 {
  return pack<f32>(at, length, comparison, constant, out, capacity);
}

export function packInt32(at: usize, length: u32, comparison: i32, constant: f64, out: usize, capacity: u32): i32 {
  return pack<i32>(at, length, comparison, constant, out, capacity);
}

export function histogramFloat64(at: usize, length: u32, low: f64, high: f64, bins: u32, counts: usize): i32 {
  return histogram<f64>(at, length, low, high, bins, counts);
}

export function histogramFloat32(at: usize, length: u32, low: f64, high: f64, bins: u32, counts: usize): i32 {
  return histogram<f32>(at, length, low, high, bins, counts);
}

export function histogramInt32(at: usize, length: u32, low: f64, high: f64, bins: u32, counts: usize): i32 {
  return histogram<i32>(at, length, low, high, bins, counts);
}

export function histogramUint8(at: usize, length: u32, low: f64, high: f64, bins: u32, counts: usize): i32 {
  return histogram<u8>(at, length, low, high, bins, counts);
}

export function sortFloat64(at: usize, length: u32, scratch: usize): void {
  sort<f64, u64>(at, length, scratch);
}

export function coRankFloat64(a: usize, aLength: u32, b: usize, bLength: u32, rank: u32): i32 {
  return coRank<f64, u64>(a, aLength, b, bLength, rank);
}

export function mergeFloat64(a: usize, aLength: u32, b: usize, bLength: u32, out: usize): void {
  merge<f64, u64>(a, aLength, b, bLength, out);
}

export function sortFloat32(at: usize, length: u32, scratch: usize): void {
  sort<f32, u32>(at, length, scratch);
}

export function coRankFloat32(a: usize, aLength: u32, b: usize, bLength: u32, rank: u32): i32 {
  return coRank<f32, u32>(a, aLength, b, bLength, rank);
}

export function mergeFloat32(a: usize, aLength: u32, b: usize, bLength: u32, out: usize): void {
  merge<f32, u32>(a, aLength, b, bLength, out);
}

export function sortInt32(at: usize, length: u32, scratch: usize): void {
  sort<i32, u32>(at, length, scratch);
}

export function coRankInt32(a: usize, aLength: u32, b: usize, bLength: u32, rank: u32): i32 {
  return coRank<i32, u32>(a, aLength, b, bLength, rank);
}

export function mergeInt32(a: usize, aLength: u32, b: usize, bLength: u32, out: usize): void {
  merge<i32, u32>(a, aLength, b, bLength, out);
}

export function sortUint32(at: usize, length: u32, scratch: usize): void {
  sort<u32, u32>(at, length, scratch);
}

export function coRankUint32(a: usize, aLength: u32, b: usize, bLength: u32, rank: u32): i32 {
  return coRank<u32, u32>(a, aLength, b, bLength, rank);
}

export function mergeUint32(a: usize, aLength: u32, b: usize, bLength: u32, out: usize): void {
  merge<u32, u32>(a, aLength, b, bLength, out);
}

export function argsortFloat64(keys: usize, length: u32, first: u32, indices: usize, scratch: usize): void {
  argsort(keys, length, first, indices, scratch);
}
