/** The order of float64 numbers, as indices; see `kernels/argsort.ts`. */
import type { For, OrderOfIndices } from "../kernels.js";
import { isBefore } from "./before.js";
import { BUCKETS, countDigits, DIGIT, isShared, placeBuckets, SHORT_LENGTH, SIGN } from "./digits.js";
import type { Views } from "./views.js";

export function argsortOfFloat64(views: Views): For<"Float64", Pick<OrderOfIndices, "argsort">> {
  return {
    argsortFloat64(keys, length, first, indices, scratch) {
      const numbers = views.float64(keys, length);
      const order = views.uint32(indices, length);
      let [rising, falling] = [1, 1];
      while (rising < length && !isBefore(numbers[rising] as number, numbers[rising - 1] as number)) rising++;
      // Equal numbers must keep their order, so here there may be none.
      while (falling < length && isBefore(numbers[falling] as number, numbers[falling - 1] as number)) falling++;
      const isReverse = rising < length && falling === length;
      for (let i = 0; i < length; i++) order[i] = first + (isReverse ? length - 1 - i : i);
      if (rising >= length || isReverse) return;
      if (length < SHORT_LENGTH) sortShort(numbers, first, order);
      else radixSort(views, numbers, first, order, scratch);
    },
  };
}

function sortShort(numbers: Float64Array, first: number, order: Uint32Array): void {
  order.sort((one, other) => {
    const [a, b] = [numbers[one - first] as number, numbers[other - first] as number];
    return isBefore(a, b) ? -1 : isBefore(b, a) ? 1 : 0;
  });
}

/** Scratch: the keys twice, then the indices, then the tables. */
function radixSort(views: Views, numbers: Float64Array, first: number, order: Uint32Array, scratch: number): void {
  const { length } = numbers;
  let keys = views.uint32(scratch, length * 2);
  let otherKeys = views.uint32(scratch + length * 8, length * 2);
  const otherOrder = views.uint32(scratch + length * 16, length);
  const tables = views.uint32(scratch + length * 20, 6 * BUCKETS).fill(0);
  writeKeys(views.uint32(numbers.byteOffset, length * 2), keys, tables);
  const [low, high] = [keys[0] as number, keys[1] as number];
  const passes = [0, 1, 2, 3, 4, 5].filter(
    (digit) => !isShared(tables.subarray(digit * BUCKETS), digit < 3 ? low : high, (digit % 3) * 11, length),
  );
  // The last pass has to end in `order`, so how many there are says where they begin.
  let [from, to] = passes.length % 2 === 0 ? [order, otherOrder] : [otherOrder, order];
  for (let i = 0; i < length; i++) from[i] = first + i;
  for (const digit of passes) {
    const table = tables.subarray(digit * BUCKETS, (digit + 1) * BUCKETS);
    placeBuckets(table);
    moveByDigit(keys, from, digit, table, otherKeys, to);
    [keys, otherKeys] = [otherKeys, keys];
    [from, to] = [to, from];
  }
}

/** Writes the numbers' keys, of two halves each, and counts their digits. */
function writeKeys(halves: Uint32Array, keys: Uint32Array, tables: Uint32Array): void {
  for (let i = 0; i < halves.length; i += 2) {
    let low = halves[i] as number;
    let high = (halves[i + 1] as number) | 0;
    const magnitude = high & ~SIGN;
    const isNaN = magnitude > 0x7ff0_0000 || (magnitude === 0x7ff0_0000 && low !== 0);
    low = isNaN ? -1 : low ^ (high >> 31);
    high = isNaN ? -1 : high ^ ((high >> 31) | SIGN);
    keys[i] = low;
    keys[i + 1] = high;
    countDigits(tables, 0, low);
    countDigits(tables, 3 * BUCKETS, high);
  }
}

function moveByDigit(
  keys: Uint32Array,
  indices: Uint32Array,
  digit: number,
  table: Uint32Array,
  keysTo: Uint32Array,
  to: Uint32Array,
): void {
  const half = digit < 3 ? 0 : 1;
  const shift = (digit % 3) * 11;
  for (let i = 0; i < indices.length; i++) {
    const bucket = ((keys[i * 2 + half] as number) >>> shift) & DIGIT;
    const place = table[bucket] as number;
    table[bucket] = place + 1;
    keysTo[place * 2] = keys[i * 2] as number;
    keysTo[place * 2 + 1] = keys[i * 2 + 1] as number;
    to[place] = indices[i] as number;
  }
}
