/**
 * Sorting, in the ways of `kernels/sort.ts`. Numbers of 32 bits are moved as integers,
 * whatever they are; those of 64 bits as floats, and looked at as two integers, of which
 * the low half comes first on every machine that runs this.
 */
import type { For, Order } from "../kernels.js";
import { isBefore } from "./before.js";
import { BUCKETS, countDigits, DIGIT, isShared, placeBuckets, SHORT_LENGTH, SIGN } from "./digits.js";
import type { Views } from "./views.js";

type Sort = Pick<Order, "sort">;

const CANONICAL_NAN = 0x7fc0_0000;
/** Of the high half of a float64. */
const CANONICAL_NAN_HIGH = 0x7ff8_0000;

/** Bits of `number ^ (((number >> 31) & turned) | sign)` that make a number's key. */
interface Keys {
  /** All bits if the negative numbers are the other way round, as those of floats. */
  readonly turned: number;
  /** The sign's bit if there is one. */
  readonly sign: number;
}

const FLOAT32_KEYS: Keys = { turned: -1, sign: SIGN };
const INT32_KEYS: Keys = { turned: 0, sign: SIGN };
const UINT32_KEYS: Keys = { turned: 0, sign: 0 };

export function sortOfFloat64(views: Views): For<"Float64", Sort> {
  return {
    sortFloat64(at, length, scratch) {
      const numbers = views.float64(at, length);
      let [rising, falling] = [1, 1];
      while (rising < length && !isBefore(numbers[rising] as number, numbers[rising - 1] as number)) rising++;
      if (rising >= length) return;
      while (falling < length && !isBefore(numbers[falling - 1] as number, numbers[falling] as number)) falling++;
      if (falling === length) numbers.reverse();
      else if (length < SHORT_LENGTH) numbers.sort();
      else radixSort64(views, at, length, scratch);
    },
  };
}

export function sortOfFloat32(views: Views): For<"Float32", Sort> {
  return {
    sortFloat32(at, length, scratch) {
      const numbers = views.float32(at, length);
      let [rising, falling] = [1, 1];
      while (rising < length && !isBefore(numbers[rising] as number, numbers[rising - 1] as number)) rising++;
      if (rising >= length) return;
      while (falling < length && !isBefore(numbers[falling - 1] as number, numbers[falling] as number)) falling++;
      if (falling === length) numbers.reverse();
      else if (length < SHORT_LENGTH) numbers.sort();
      else radixSort32(views, at, length, scratch, FLOAT32_KEYS);
    },
  };
}

export function sortOfInt32(views: Views): For<"Int32", Sort> {
  return {
    sortInt32(at, length, scratch) {
      const numbers = views.int32(at, length);
      let [rising, falling] = [1, 1];
      while (rising < length && (numbers[rising] as number) >= (numbers[rising - 1] as number)) rising++;
      if (rising >= length) return;
      while (falling < length && (numbers[falling - 1] as number) >= (numbers[falling] as number)) falling++;
      if (falling === length) numbers.reverse();
      else if (length < SHORT_LENGTH) numbers.sort();
      else radixSort32(views, at, length, scratch, INT32_KEYS);
    },
  };
}

export function sortOfUint32(views: Views): For<"Uint32", Sort> {
  return {
    sortUint32(at, length, scratch) {
      const numbers = views.uint32(at, length);
      let [rising, falling] = [1, 1];
      while (rising < length && (numbers[rising] as number) >= (numbers[rising - 1] as number)) rising++;
      if (rising >= length) return;
      while (falling < length && (numbers[falling - 1] as number) >= (numbers[falling] as number)) falling++;
      if (falling === length) numbers.reverse();
      else if (length < SHORT_LENGTH) numbers.sort();
      else radixSort32(views, at, length, scratch, UINT32_KEYS);
    },
  };
}

function radixSort32(views: Views, at: number, length: number, scratch: number, { turned, sign }: Keys): void {
  const tables = views.uint32(scratch + length * 4, 3 * BUCKETS).fill(0);
  let from = views.int32(at, length);
  let to = views.int32(scratch, length);
  for (let i = 0; i < length; i++) {
    let bits = from[i] as number;
    if (turned !== 0 && (bits & ~SIGN) > 0x7f80_0000) from[i] = bits = CANONICAL_NAN;
    countDigits(tables, 0, bits ^ (((bits >> 31) & turned) | sign));
  }
  const first = from[0] as number;
  const firstKey = first ^ (((first >> 31) & turned) | sign);
  for (let digit = 0; digit < 3; digit++) {
    const table = tables.subarray(digit * BUCKETS, (digit + 1) * BUCKETS);
    const shift = digit * 11;
    if (isShared(table, firstKey, shift, length)) continue;
    placeBuckets(table);
    for (let i = 0; i < length; i++) {
      const bits = from[i] as number;
      const bucket = ((bits ^ (((bits >> 31) & turned) | sign)) >>> shift) & DIGIT;
      const place = table[bucket] as number;
      to[place] = bits;
      table[bucket] = place + 1;
    }
    [from, to] = [to, from];
  }
  if (from.byteOffset !== at) to.set(from);
}

function radixSort64(views: Views, at: number, length: number, scratch: number): void {
  const tables = views.uint32(scratch + length * 8, 6 * BUCKETS).fill(0);
  let from = views.float64(at, length);
  let to = views.float64(scratch, length);
  let [halves, otherHalves] = [views.int32(at, length * 2), views.int32(scratch, length * 2)];
  countHalves(halves, tables);
  const firstKeys = keysOf(halves);
  for (let digit = 0; digit < 6; digit++) {
    const table = tables.subarray(digit * BUCKETS, (digit + 1) * BUCKETS);
    const shift = (digit % 3) * 11;
    const half = digit < 3 ? 0 : 1;
    if (isShared(table, firstKeys[half] as number, shift, length)) continue;
    placeBuckets(table);
    moveByDigit(from, halves, half, shift, table, to);
    [from, to] = [to, from];
    [halves, otherHalves] = [otherHalves, halves];
  }
  if (from.byteOffset !== at) to.set(from);
}

/** The halves of the first number's key. */
function keysOf(halves: Int32Array): readonly [number, number] {
  const [low, high] = [halves[0] as number, halves[1] as number];
  return [low ^ (high >> 31), high ^ ((high >> 31) | SIGN)];
}

/** @param half - 0 if the digit is in the low half of the number, 1 if in the high */
function moveByDigit(
  from: Float64Array,
  halves: Int32Array,
  half: number,
  shift: number,
  table: Uint32Array,
  to: Float64Array,
): void {
  // What turns where the sign is not set: in the high half the sign itself.
  const sign = half === 0 ? 0 : SIGN;
  for (let i = 0; i < from.length; i++) {
    const key = (halves[i * 2 + half] as number) ^ (((halves[i * 2 + 1] as number) >> 31) | sign);
    const bucket = (key >>> shift) & DIGIT;
    const place = table[bucket] as number;
    to[place] = from[i] as number;
    table[bucket] = place + 1;
  }
}

/** Counts the digits of all numbers, each in its table, and gives every NaN the same bits. */
function countHalves(halves: Int32Array, tables: Uint32Array): void {
  for (let i = 0; i < halves.length; i += 2) {
    let low = halves[i] as number;
    let high = halves[i + 1] as number;
    const magnitude = high & ~SIGN;
    if (magnitude > 0x7ff0_0000 || (magnitude === 0x7ff0_0000 && low !== 0)) {
      halves[i] = low = 0;
      halves[i + 1] = high = CANONICAL_NAN_HIGH;
    }
    countDigits(tables, 0, low ^ (high >> 31));
    countDigits(tables, 3 * BUCKETS, high ^ ((high >> 31) | SIGN));
  }
}
