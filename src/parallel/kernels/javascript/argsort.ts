/** The order of float64 numbers, as indices; see `kernels/argsort.ts`. */
import type { For, OrderOfIndices } from "../kernels.js";
import { isBefore } from "./before.js";
import { countDigits, placeBuckets } from "./sorts.js";
import type { Views } from "./views.js";

/** Below this what the platform has is faster. */
const SHORT_LENGTH = 1024;

const BUCKETS = 2048;
const DIGIT = BUCKETS - 1;
const SIGN = 0x8000_0000 | 0;

export function argsortOfFloat64(views: Views): For<"Float64", Pick<OrderOfIndices, "argsort">> {
  return {
    argsortFloat64(keys, length, first, indices, scratch) {
      const numbers = views.float64(keys + length * 8);
      const order = views.uint32(indices + length * 4);
      const begin = keys / 8;
      const out = indices / 4;
      const end = begin + length;
      let [rising, falling] = [begin + 1, begin + 1];
      while (rising < end && !isBefore(numbers[rising] as number, numbers[rising - 1] as number)) rising++;
      // Equal numbers must keep their order, so here there may be none.
      while (falling < end && isBefore(numbers[falling] as number, numbers[falling - 1] as number)) falling++;
      const isReverse = rising < end && falling >= end;
      for (let i = 0; i < length; i++) order[out + i] = first + (isReverse ? length - 1 - i : i);
      if (rising >= end || isReverse) return;
      if (length < SHORT_LENGTH) sortShort(numbers, begin - first, order.subarray(out, out + length));
      else radixSort(views, keys / 8, length, first, out, scratch / 8);
    },
  };
}

/** @param origin - where the number of index 0 is, or would be */
function sortShort(numbers: Float64Array, origin: number, order: Uint32Array): void {
  order.sort((one, other) => {
    const [a, b] = [numbers[origin + one] as number, numbers[origin + other] as number];
    return isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0;
  });
}

/** @param at - in numbers, as `scratch`; `out` in indices */
function radixSort(views: Views, at: number, length: number, first: number, out: number, scratch: number): void {
  const tables = (scratch + 2 * length) * 2 + length;
  const words = views.uint32((tables + 6 * BUCKETS) * 4).fill(0, tables, tables + 6 * BUCKETS);
  const other = tables - length;
  let [keysFrom, keysTo] = [scratch * 2, (scratch + length) * 2];
  writeKeys(words, at * 2, length, keysFrom, tables);

  // Digits that all numbers share need no pass.
  const passes = [0, 1, 2, 3, 4, 5].filter((digit) => {
    const half = words[keysFrom + (digit < 3 ? 0 : 1)] as number;
    return words[tables + digit * BUCKETS + ((half >>> ((digit % 3) * 11)) & DIGIT)] !== length;
  });
  // The last pass has to end in `out`, so how many there are says where they begin.
  let [from, to] = passes.length % 2 === 0 ? [out, other] : [other, out];
  for (let i = 0; i < length; i++) words[from + i] = first + i;
  for (const digit of passes) {
    const table = tables + digit * BUCKETS;
    placeBuckets(words, table, 0);
    moveByDigit(words, table, digit, length, keysFrom, from, keysTo, to);
    [keysFrom, keysTo] = [keysTo, keysFrom];
    [from, to] = [to, from];
  }
}

/** Writes the numbers' keys, of two halves each, and counts their digits. */
function writeKeys(words: Uint32Array, from: number, length: number, to: number, tables: number): void {
  for (let i = 0; i < length * 2; i += 2) {
    let low = words[from + i] as number;
    let high = (words[from + i + 1] as number) | 0;
    const magnitude = high & ~SIGN;
    const isNaN = magnitude > 0x7ff0_0000 || (magnitude === 0x7ff0_0000 && low !== 0);
    low = isNaN ? -1 : low ^ (high >> 31);
    high = isNaN ? -1 : high ^ ((high >> 31) | SIGN);
    words[to + i] = low;
    words[to + i + 1] = high;
    countDigits(words, tables, low);
    countDigits(words, tables + 3 * BUCKETS, high);
  }
}

function moveByDigit(
  words: Uint32Array,
  table: number,
  digit: number,
  length: number,
  keys: number,
  indices: number,
  keysTo: number,
  to: number,
): void {
  const half = digit < 3 ? 0 : 1;
  const shift = (digit % 3) * 11;
  for (let i = 0; i < length; i++) {
    const key = words[keys + i * 2 + half] as number;
    const bucket = table + ((key >>> shift) & DIGIT);
    const place = words[bucket] as number;
    words[bucket] = place + 1;
    words[keysTo + place * 2] = words[keys + i * 2] as number;
    words[keysTo + place * 2 + 1] = words[keys + i * 2 + 1] as number;
    words[to + place] = words[indices + i] as number;
  }
}
