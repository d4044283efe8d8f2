/**
 * The order of float64 numbers, as indices; the numbers stay where they are. Equal ones
 * keep their order. By the same ways as `sort.ts`; the passes move keys and indices side
 * by side.
 */
import { keyAt } from "./keys";
import { mergeIndices } from "./merge";
import { countDigits, placeBuckets, placeOfDigit, TABLE_BYTES } from "./sort";

const DIGITS: u32 = 6;
const SHORT_LENGTH: u32 = 512;
const INSERTED: u32 = 12;

/**
 * @param keys - the numbers
 * @param first - the index of the first of them
 * @param scratch - 20 bytes for each number, and those of the tables
 */
export function argsort(keys: usize, length: u32, first: u32, indices: usize, scratch: usize): void {
  if (isRising(keys, length)) {
    for (let i: u32 = 0; i < length; i++) store<u32>(indices + i * 4, first + i);
  } else if (isFalling(keys, length)) {
    for (let i: u32 = 0; i < length; i++) store<u32>(indices + i * 4, first + length - 1 - i);
  } else if (length < SHORT_LENGTH) {
    mergeSortIndices(keys - first * 8, length, first, indices, scratch);
  } else {
    radixSortIndices(keys, length, first, indices, scratch);
  }
}

function isRising(keys: usize, length: u32): bool {
  for (let i: u32 = 1; i < length; i++) {
    if (keyAt<f64, u64>(keys + i * 8) < keyAt<f64, u64>(keys + i * 8 - 8)) return false;
  }
  return true;
}

/** Without equal ones, which must keep their order. */
function isFalling(keys: usize, length: u32): bool {
  for (let i: u32 = 1; i < length; i++) {
    if (keyAt<f64, u64>(keys + i * 8) >= keyAt<f64, u64>(keys + i * 8 - 8)) return false;
  }
  return true;
}

/** @param keys - where the number of index 0 is, or would be */
function mergeSortIndices(keys: usize, length: u32, first: u32, indices: usize, scratch: usize): void {
  for (let begin: u32 = 0; begin < length; begin += INSERTED) {
    insertIndices(keys, min(INSERTED, length - begin), first + begin, indices + begin * 4);
  }
  let from = indices;
  let to = scratch;
  for (let width = INSERTED; width < length; width *= 2) {
    for (let begin: u32 = 0; begin < length; begin += 2 * width) {
      const one = min(width, length - begin);
      const other = min(width, length - begin - one);
      const run = from + begin * 4;
      mergeIndices(keys, run, one, run + one * 4, other, to + begin * 4);
    }
    const done = to;
    to = from;
    from = done;
  }
  if (from != indices) memory.copy(indices, from, length * 4);
}

function insertIndices(keys: usize, length: u32, first: u32, indices: usize): void {
  for (let i: u32 = 0; i < length; i++) {
    const index = first + i;
    const key = keyAt<f64, u64>(keys + index * 8);
    let place = indices + i * 4;
    while (place != indices && keyAt<f64, u64>(keys + load<u32>(place - 4) * 8) > key) {
      store<u32>(place, load<u32>(place - 4));
      place -= 4;
    }
    store<u32>(place, index);
  }
}

function radixSortIndices(keys: usize, length: u32, first: u32, indices: usize, scratch: usize): void {
  let keysFrom = scratch;
  let keysTo = keysFrom + length * 8;
  const otherIndices = keysTo + length * 8;
  const tables = otherIndices + length * 4;
  memory.fill(tables, 0, DIGITS * TABLE_BYTES);
  for (let i: u32 = 0; i < length; i++) {
    const key = keyAt<f64, u64>(keys + i * 8);
    store<u64>(keysFrom + i * 8, key);
    countDigits<u64>(tables, key);
  }
  // The last pass has to end in `indices`, so how many there are says where they begin.
  const anyKey = load<u64>(keysFrom);
  let passes = 0;
  for (let digit: u32 = 0; digit < DIGITS; digit++) {
    const count = load<u32>(placeOfDigit<u64>(tables + digit * TABLE_BYTES, anyKey, digit));
    if (count != length) ++passes;
  }
  let from = passes % 2 == 0 ? indices : otherIndices;
  let to = passes % 2 == 0 ? otherIndices : indices;
  for (let i: u32 = 0; i < length; i++) store<u32>(from + i * 4, first + i);
  for (let digit: u32 = 0; digit < DIGITS; digit++) {
    const table = tables + digit * TABLE_BYTES;
    if (load<u32>(placeOfDigit<u64>(table, anyKey, digit)) == length) continue;
    moveByDigit(table, digit, length, keysFrom, from, keysTo, to);
    const doneKeys = keysTo;
    keysTo = keysFrom;
    keysFrom = doneKeys;
    const done = to;
    to = from;
    from = done;
  }
}

function moveByDigit(table: usize, digit: u32, length: u32, keys: usize, indices: usize, keysTo: usize, to: usize): void {
  placeBuckets(table, 0, 1);
  for (let i: u32 = 0; i < length; i++) {
    const key = load<u64>(keys + i * 8);
    const bucket = placeOfDigit<u64>(table, key, digit);
    const place = load<u32>(bucket);
    store<u32>(bucket, place + 1);
    store<u64>(keysTo + place * 8, key);
    store<u32>(to + place * 4, load<u32>(indices + i * 4));
  }
}
