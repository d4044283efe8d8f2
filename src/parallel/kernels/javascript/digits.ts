/** Digits of keys, for sorting by them: three of 11 bits in 32, the highest one with 10. */

export const BUCKETS = 2048;
export const DIGIT: number = BUCKETS - 1;
export const SIGN: number = 0x8000_0000 | 0;

/** Numbers below which the platform's own sorting is faster. */
export const SHORT_LENGTH = 1024;

/** Counts the three digits of a key, or of half of one, in the tables from `first` on. */
export function countDigits(tables: Uint32Array, first: number, key: number): void {
  const low = first + (key & DIGIT);
  const middle = first + BUCKETS + ((key >>> 11) & DIGIT);
  const high = first + 2 * BUCKETS + (key >>> 22);
  tables[low] = (tables[low] as number) + 1;
  tables[middle] = (tables[middle] as number) + 1;
  tables[high] = (tables[high] as number) + 1;
}

/** Whether all numbers have the digit that this key has, so that it orders nothing. */
export function isShared(table: Uint32Array, key: number, shift: number, length: number): boolean {
  return table[(key >>> shift) & DIGIT] === length;
}

/** Turns counts into the place of each bucket's next number. */
export function placeBuckets(table: Uint32Array): void {
  let place = 0;
  for (let i = 0; i < BUCKETS; i++) {
    const count = table[i] as number;
    table[i] = place;
    place += count;
  }
}
