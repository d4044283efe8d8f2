/**
 * Sorting, in the ways of `kernels/sort.ts`. Numbers of 32 bits are moved as integers,
 * whatever they are; those of 64 bits as floats, and looked at as two integers, of which
 * the low half comes first on every machine that runs this.
 */
import type { For, Order } from "../kernels.js";
import { isBefore } from "./before.js";
import type { Views } from "./views.js";

type Sort = Pick<Order, "sort">;

/** Below this what the platform has is faster. */
const SHORT_LENGTH = 1024;

const BUCKETS = 2048;
const DIGIT = BUCKETS - 1;

const SIGN = 0x8000_0000 | 0;
const CANONICAL_NAN = 0x7fc0_0000;
/** Of the high half of a float64. */
const CANONICAL_NAN_HIGH = 0x7ff8_0000;

/** Bits of `number ^ ((number >> 31) & turned | sign)` that make a number's key. */
interface Keys {
  /** All bits if the negative numbers are the other way round, as those of floats. */
  readonly turned: number;
  /** The sign's bit if there is one. */
  readonly sign: number;
}

const FLOAT32_KEYS: Keys = { turned: -1, sign: SIGN };
const INT32_KEYS: Keys = { turned: 0, sign: SIGN };
const UINT32_KEYS: Keys = { turned: 0, sign: 0 };

export function sortOfFloat32(views: Views): For<"Float32", Sort> {
  return {
    sortFloat32(at, length, scratch) {
      const numbers = views.float32(at + length * 4);
      const begin = at / 4;
      const end = begin + length;
      let [rising, falling] = [begin + 1, begin + 1];
      while (rising < end && !isBefore(numbers[rising] as number, numbers[rising - 1] as number)) rising++;
      if (rising >= end) return;
      while (falling < end && !isBefore(numbers[falling - 1] as number, numbers[falling] as number)) falling++;
      if (falling >= end) numbers.subarray(begin, end).reverse();
      else if (length < SHORT_LENGTH) numbers.subarray(begin, end).sort();
      else radixSort32(views, at, length, scratch, FLOAT32_KEYS);
    },
  };
}

export function sortOfInt32(views: Views): For<"Int32", Sort> {
  return {
    sortInt32(at, length, scratch) {
      const numbers = views.int32(at + length * 4);
      const begin = at / 4;
      const end = begin + length;
      let [rising, falling] = [begin + 1, begin + 1];
      while (rising < end && (numbers[rising] as number) >= (numbers[rising - 1] as number)) rising++;
      if (rising >= end) return;
      while (falling < end && (numbers[falling] as number) <= (numbers[falling - 1] as number)) falling++;
      if (falling >= end) numbers.subarray(begin, end).reverse();
      else if (length < SHORT_LENGTH) numbers.subarray(begin, end).sort();
      else radixSort32(views, at, length, scratch, INT32_KEYS);
    },
  };
}

export function sortOfUint32(views: Views): For<"Uint32", Sort> {
  return {
    sortUint32(at, length, scratch) {
      const numbers = views.uint32(at + length * 4);
      const begin = at / 4;
      const end = begin + length;
      let [rising, falling] = [begin + 1, begin + 1];
      while (rising < end && (numbers[rising] as number) >= (numbers[rising - 1] as number)) rising++;
      if (rising >= end) return;
      while (falling < end && (numbers[falling] as number) <= (numbers[falling - 1] as number)) falling++;
      if (falling >= end) numbers.subarray(begin, end).reverse();
      else if (length < SHORT_LENGTH) numbers.subarray(begin, end).sort();
      else radixSort32(views, at, length, scratch, UINT32_KEYS);
    },
  };
}

function radixSort32(views: Views, at: number, length: number, scratch: number, { turned, sign }: Keys): void {
  const ints = views.int32(Math.max(at, scratch) + length * 4);
  const tables = scratch / 4 + length;
  const counts = views.uint32((tables + 3 * BUCKETS) * 4).fill(0, tables, tables + 3 * BUCKETS);
  const end = at / 4 + length;
  for (let i = at / 4; i < end; i++) {
    let bits = ints[i] as number;
    if (turned !== 0 && (bits & ~SIGN) > 0x7f80_0000) ints[i] = bits = CANONICAL_NAN;
    const key = bits ^ (((bits >> 31) & turned) | sign);
    const [low, middle, high] = [
      tables + (key & DIGIT),
      tables + BUCKETS + ((key >>> 11) & DIGIT),
      tables + 2 * BUCKETS + (key >>> 22),
    ];
    counts[low] = (counts[low] as number) + 1;
    counts[middle] = (counts[middle] as number) + 1;
    counts[high] = (counts[high] as number) + 1;
  }
  let [from, to] = [at / 4, scratch / 4];
  for (let digit = 0; digit < 3; digit++) {
    const table = tables + digit * BUCKETS;
    const shift = digit * 11;
    const first = ints[from] as number;
    const firstKey = first ^ (((first >> 31) & turned) | sign);
    if (counts[table + ((firstKey >>> shift) & DIGIT)] === length) continue;
    placeBuckets(counts, table, to);
    const stop = from + length;
    for (let i = from; i < stop; i++) {
      const bits = ints[i] as number;
      const bucket = table + (((bits ^ (((bits >> 31) & turned) | sign)) >>> shift) & DIGIT);
      const place = counts[bucket] as number;
      ints[place] = bits;
      counts[bucket] = place + 1;
    }
    [from, to] = [to, from];
  }
  if (from !== at / 4) ints.copyWithin(at / 4, from, from + length);
}

/** Turns counts into the places of each bucket's next number, at `to` and after. */
export function placeBuckets(counts: Uint32Array, table: number, to: number): void {
  let place = to;
  for (let i = table; i < table + BUCKETS; i++) {
    const count = counts[i] as number;
    counts[i] = place;
    place += count;
  }
}

export function sortOfFloat64(views: Views): For<"Float64", Sort> {
  return {
    sortFloat64(at, length, scratch) {
      const numbers = views.float64(at + length * 8);
      const begin = at / 8;
      const end = begin + length;
      let [rising, falling] = [begin + 1, begin + 1];
      while (rising < end && !isBefore(numbers[rising] as number, numbers[rising - 1] as number)) rising++;
      if (rising >= end) return;
      while (falling < end && !isBefore(numbers[falling - 1] as number, numbers[falling] as number)) falling++;
      if (falling >= end) numbers.subarray(begin, end).reverse();
      else if (length < SHORT_LENGTH) numbers.subarray(begin, end).sort();
      else radixSort64(views, at / 8, length, scratch / 8);
    },
  };
}

/** @param at - in numbers, as `scratch` */
function radixSort64(views: Views, at: number, length: number, scratch: number): void {
  const numbers = views.float64((Math.max(at, scratch) + length) * 8);
  const halves = views.int32((Math.max(at, scratch) + length) * 8);
  const tables = (scratch + length) * 2;
  const counts = views.uint32((tables + 6 * BUCKETS) * 4).fill(0, tables, tables + 6 * BUCKETS);
  countHalves(halves, at, length, counts, tables);
  let [from, to] = [at, scratch];
  for (let digit = 0; digit < 6; digit++) {
    const table = tables + digit * BUCKETS;
    const shift = (digit % 3) * 11;
    const half = digit < 3 ? 0 : 1;
    // The bits that turn where the sign is not set: in the high half the sign itself.
    const sign = half === 0 ? 0 : SIGN;
    const firstKey = (halves[from * 2 + half] as number) ^ (((halves[from * 2 + 1] as number) >> 31) | sign);
    if (counts[table + ((firstKey >>> shift) & DIGIT)] === length) continue;
    placeBuckets(counts, table, to);
    const stop = from + length;
    for (let i = from; i < stop; i++) {
      const key = (halves[i * 2 + half] as number) ^ (((halves[i * 2 + 1] as number) >> 31) | sign);
      const bucket = table + ((key >>> shift) & DIGIT);
      const place = counts[bucket] as number;
      numbers[place] = numbers[i] as number;
      counts[bucket] = place + 1;
    }
    [from, to] = [to, from];
  }
  if (from !== at) numbers.copyWithin(at, from, from + length);
}

/** Counts the digits of all numbers, each in its table, and gives every NaN the same bits. */
function countHalves(halves: Int32Array, at: number, length: number, counts: Uint32Array, tables: number): void {
  for (let i = at * 2; i < (at + length) * 2; i += 2) {
    let low = halves[i] as number;
    let high = halves[i + 1] as number;
    const magnitude = high & ~SIGN;
    if (magnitude > 0x7ff0_0000 || (magnitude === 0x7ff0_0000 && low !== 0)) {
      halves[i] = low = 0;
      halves[i + 1] = high = CANONICAL_NAN_HIGH;
    }
    countDigits(counts, tables, low ^ (high >> 31));
    countDigits(counts, tables + 3 * BUCKETS, high ^ ((high >> 31) | SIGN));
  }
}

/** Counts the three digits of half a key. */
export function countDigits(counts: Uint32Array, tables: number, key: number): void {
  const low = tables + (key & DIGIT);
  const middle = tables + BUCKETS + ((key >>> 11) & DIGIT);
  const high = tables + 2 * BUCKETS + (key >>> 22);
  counts[low] = (counts[low] as number) + 1;
  counts[middle] = (counts[middle] as number) + 1;
  counts[high] = (counts[high] as number) + 1;
}
