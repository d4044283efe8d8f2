/**
 * Sorting. What is in order already, or in the reverse order, costs one look; short runs
 * are merged; all else is sorted by its digits, the lowest first (LSD radix sort): a pass
 * for each digit moves every number to where its digit belongs, between the numbers and
 * the scratch space. Passes in which all numbers have the same digit are left out.
 */
import { canonicalNaN, isNaNBits, keyAt, keyOfBits } from "./keys";
import { merge } from "./merge";

// Long digits make few passes. But a pass writes to as many places as there are digits,
// and where these are spread over more memory than the processor has addresses of at hand,
// each write waits. Measured in 2026-11: up to some MB passes of 11 bits are faster by a
// third, from 10 MB on those of 8 bits are.
const LARGE_BYTES: u32 = 4 << 20;

// How long digits are is a type, so that what follows from it is known when the module is
// compiled: u8 for digits of 8 bits, u16 for those of 11.

@inline
function bitsOf<D>(): u32 {
  return sizeof<D>() == 1 ? 8 : 11;
}

@inline
export function isLarge(bytes: u32): bool {
  return bytes > LARGE_BYTES;
}

/** Below this the tables of counts cost more than merging does; measured likewise. */
@inline
function shortLength<K>(): u32 {
  return sizeof<K>() == 8 ? 512 : 256;
}

/** Numbers that are put in order by inserting one after the other. */
const INSERTED: u32 = 12;

/** How many digits a key has. */
@inline
export function digitsOf<K, D>(): u32 {
  return (8 * sizeof<K>() + bitsOf<D>() - 1) / bitsOf<D>();
}

/** The bytes of a table: a count for each digit there may be. */
@inline
export function tableBytes<D>(): u32 {
  return 4 << bitsOf<D>();
}

@inline
export function placeOfDigit<K, D>(table: usize, key: K, digit: u32): usize {
  return table + ((<usize>(key >> <K>(digit * bitsOf<D>())) & ((1 << bitsOf<D>()) - 1)) << 2);
}

@inline
function countDigit<K, D>(tables: usize, key: K, digit: u32): void {
  const place = placeOfDigit<K, D>(tables + digit * tableBytes<D>(), key, digit);
  store<u32>(place, load<u32>(place) + 1);
}

@inline
export function countDigits<K, D>(tables: usize, key: K): void {
  countDigit<K, D>(tables, key, 0);
  countDigit<K, D>(tables, key, 1);
  countDigit<K, D>(tables, key, 2);
  if (digitsOf<K, D>() > 3) countDigit<K, D>(tables, key, 3);
  if (digitsOf<K, D>() > 4) {
    countDigit<K, D>(tables, key, 4);
    countDigit<K, D>(tables, key, 5);
  }
  if (digitsOf<K, D>() > 6) {
    countDigit<K, D>(tables, key, 6);
    countDigit<K, D>(tables, key, 7);
  }
}

/** Turns counts into the places of each bucket's next number, at `to` and after. */
export function placeBuckets<D>(table: usize, to: usize, elementBytes: u32): void {
  for (let left = 1 << bitsOf<D>(); left != 0; --left) {
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
  else if (isLarge(length * sizeof<T>())) radixSort<T, K, u8>(at, length, scratch);
  else radixSort<T, K, u16>(at, length, scratch);
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

// A function that is called for the first time runs slow code until an optimising
// compiler is through with it, and a call that has begun stays with what it began with.
// So the passes, which are long, are made in blocks: each one is another call.

/** Numbers in a block: its call costs nothing beside, and 40 of them are a sort of a million. */
export const BLOCK: u32 = 1 << 15;

function radixSort<T, K, D>(at: usize, length: u32, scratch: usize): void {
  const tables = scratch + length * sizeof<T>();
  memory.fill(tables, 0, digitsOf<K, D>() * tableBytes<D>());
  let done: u32 = 0;
  for (; length - done > BLOCK; done += BLOCK) countBlock<T, K, D>(at + done * sizeof<T>(), BLOCK, tables);
  countBlock<T, K, D>(at + done * sizeof<T>(), length - done, tables);
  let from = at;
  let to = scratch;
  for (let digit: u32 = 0; digit < digitsOf<K, D>(); digit++) {
    const table = tables + digit * tableBytes<D>();
    if (load<u32>(placeOfDigit<K, D>(table, keyOfBits<T, K>(load<K>(from)), digit)) == length) continue;
    placeBuckets<D>(table, to, sizeof<T>());
    for (done = 0; length - done > BLOCK; done += BLOCK) {
      moveBlock<T, K, D>(from + done * sizeof<T>(), BLOCK, table, digit);
    }
    moveBlock<T, K, D>(from + done * sizeof<T>(), length - done, table, digit);
    const other = to;
    to = from;
    from = other;
  }
  if (from != at) memory.copy(at, from, length * sizeof<T>());
}

/** Counts each digit of each number in its table. */
function countBlock<T, K, D>(at: usize, length: u32, tables: usize): void {
  for (let left = length; left != 0; --left) {
    let bits = load<K>(at);
    // After this every NaN is one that `keyOfBits` knows.
    if (isFloat<T>() && isNaNBits<K>(bits)) store<K>(at, (bits = canonicalNaN<K>()));
    countDigits<K, D>(tables, keyOfBits<T, K>(bits));
    at += sizeof<T>();
  }
}

/** Moves each number to the next place of its bucket. */
function moveBlock<T, K, D>(at: usize, length: u32, table: usize, digit: u32): void {
  for (let left = length; left != 0; --left) {
    const bits = load<K>(at);
    const bucket = placeOfDigit<K, D>(table, keyOfBits<T, K>(bits), digit);
    const place = load<u32>(bucket);
    store<K>(place, bits);
    store<u32>(bucket, place + sizeof<T>());
    at += sizeof<T>();
  }
}
