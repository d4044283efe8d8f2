/**
 * Sorting. What is in order already, or in the reverse order, costs one look; short runs
 * are merged; all else is sorted by digits of 11 bits, the lowest first (LSD radix sort):
 * a pass for each digit moves every number to where its digit belongs, between the numbers
 * and the scratch space. Passes in which all numbers have the same digit are left out.
 */
import { canonicalNaN, isNaNBits, keyAt, keyOfBits } from "./keys";
import { merge } from "./merge";

const DIGIT_BITS: u32 = 11;
const BUCKETS: u32 = 1 << DIGIT_BITS;
export const TABLE_BYTES: u32 = BUCKETS * 4;

/** Below this the tables of counts cost more than merging does; measured in 2026-11. */
@inline
function shortLength<K>(): u32 {
  return sizeof<K>() == 8 ? 512 : 256;
}

/** Numbers that are put in order by inserting one after the other. */
const INSERTED: u32 = 12;

@inline
function digitsOf<K>(): u32 {
  return (8 * sizeof<K>() + DIGIT_BITS - 1) / DIGIT_BITS;
}

@inline
export function placeOfDigit<K>(table: usize, key: K, digit: u32): usize {
  return table + ((<usize>(key >> <K>(digit * DIGIT_BITS)) & (BUCKETS - 1)) << 2);
}

@inline
function countDigit<K>(tables: usize, key: K, digit: u32): void {
  const place = placeOfDigit<K>(tables + digit * TABLE_BYTES, key, digit);
  store<u32>(place, load<u32>(place) + 1);
}

@inline
export function countDigits<K>(tables: usize, key: K): void {
  countDigit<K>(tables, key, 0);
  countDigit<K>(tables, key, 1);
  countDigit<K>(tables, key, 2);
  if (sizeof<K>() == 8) {
    countDigit<K>(tables, key, 3);
    countDigit<K>(tables, key, 4);
    countDigit<K>(tables, key, 5);
  }
}

/** Turns counts into the places of each bucket's next number, at `to` and after. */
export function placeBuckets(table: usize, to: usize, elementBytes: u32): void {
  for (let i: u32 = 0; i < BUCKETS; i++) {
    const count = load<u32>(table);
    store<u32>(table, to);
    to += count * elementBytes;
    table += 4;
  }
}

/** @param scratch - as many bytes as the numbers have, and those of the tables */
export function sort<T, K>(at: usize, length: u32, scratch: usize): void {
  if (isInOrder<T, K>(at, length)) return;
  if (isInReverse<T, K>(at, length)) reverse<K>(at, length);
  else if (length < shortLength<K>()) mergeSort<T, K>(at, length, scratch);
  else radixSort<T, K>(at, length, scratch);
}

function isInOrder<T, K>(at: usize, length: u32): bool {
  if (length < 2) return true;
  let key = keyAt<T, K>(at);
  for (let left = length - 1; left != 0; --left) {
    at += sizeof<T>();
    const next = keyAt<T, K>(at);
    if (next < key) return false;
    key = next;
  }
  return true;
}

function isInReverse<T, K>(at: usize, length: u32): bool {
  let key = keyAt<T, K>(at);
  for (let left = length - 1; left != 0; --left) {
    at += sizeof<T>();
    const next = keyAt<T, K>(at);
    if (next > key) return false;
    key = next;
  }
  return true;
}

function reverse<K>(at: usize, length: u32): void {
  let end = at + length * sizeof<K>();
  for (let pairs = length / 2; pairs != 0; --pairs) {
    end -= sizeof<K>();
    const first = load<K>(at);
    store<K>(at, load<K>(end));
    store<K>(end, first);
    at += sizeof<K>();
  }
}

function insertionSort<T, K>(at: usize, length: u32): void {
  for (let i: u32 = 1; i < length; i++) {
    let place = at + i * sizeof<T>();
    const bits = load<K>(place);
    const key = keyAt<T, K>(place);
    while (place != at && keyAt<T, K>(place - sizeof<T>()) > key) {
      store<K>(place, load<K>(place - sizeof<T>()));
      place -= sizeof<T>();
    }
    store<K>(place, bits);
  }
}

function mergeSort<T, K>(at: usize, length: u32, scratch: usize): void {
  for (let begin: u32 = 0; begin < length; begin += INSERTED) {
    insertionSort<T, K>(at + begin * sizeof<T>(), min(INSERTED, length - begin));
  }
  let from = at;
  let to = scratch;
  for (let width = INSERTED; width < length; width *= 2) {
    for (let begin: u32 = 0; begin < length; begin += 2 * width) {
      const first = min(width, length - begin);
      const second = min(width, length - begin - first);
      const run = from + begin * sizeof<T>();
      merge<T, K>(run, first, run + first * sizeof<T>(), second, to + begin * sizeof<T>());
    }
    const done = to;
    to = from;
    from = done;
  }
  if (from != at) memory.copy(at, from, length * sizeof<T>());
}

function radixSort<T, K>(at: usize, length: u32, scratch: usize): void {
  const tables = scratch + length * sizeof<T>();
  memory.fill(tables, 0, digitsOf<K>() * TABLE_BYTES);
  for (let i: u32 = 0; i < length; i++) {
    const place = at + i * sizeof<T>();
    let bits = load<K>(place);
    // After this every NaN is one that `keyOfBits` knows.
    if (isFloat<T>() && isNaNBits<K>(bits)) store<K>(place, (bits = canonicalNaN<K>()));
    countDigits<K>(tables, keyOfBits<T, K>(bits));
  }
  let from = at;
  let to = scratch;
  for (let digit: u32 = 0; digit < digitsOf<K>(); digit++) {
    const table = tables + digit * TABLE_BYTES;
    if (load<u32>(placeOfDigit<K>(table, keyOfBits<T, K>(load<K>(from)), digit)) == length) continue;
    placeBuckets(table, to, sizeof<T>());
    for (let i: u32 = 0; i < length; i++) {
      const bits = load<K>(from + i * sizeof<T>());
      const bucket = placeOfDigit<K>(table, keyOfBits<T, K>(bits), digit);
      const place = load<u32>(bucket);
      store<K>(place, bits);
      store<u32>(bucket, place + sizeof<T>());
    }
    const done = to;
    to = from;
    from = done;
  }
  if (from != at) memory.copy(at, from, length * sizeof<T>());
}
