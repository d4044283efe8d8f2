/**
 * Merges of sorted runs, and where to divide them: `coRank` says how much of either run
 * is in the first part of what they make, so that threads can each merge a part. Of equal
 * numbers those of the first run come first.
 */
import { keyAt, sortKey } from "./keys";

/** How many of the first `rank` numbers are from `a`. */
export function coRank<T, K>(a: usize, aLength: u32, b: usize, bLength: u32, rank: u32): u32 {
  let low = rank > bLength ? rank - bLength : 0;
  let high = min(rank, aLength);
  while (low < high) {
    // `fromB` is at least 1, as `fromA` is less than `rank`, and at most `bLength`, as
    // `fromA` is at least `low`.
    const fromA = low + (high - low) / 2;
    const fromB = rank - fromA;
    const isBeforeB = keyAt<T, K>(a + fromA * sizeof<T>()) <= keyAt<T, K>(b + (fromB - 1) * sizeof<T>());
    if (isBeforeB) low = fromA + 1;
    else high = fromA;
  }
  return low;
}

export function merge<T, K>(a: usize, aLength: u32, b: usize, bLength: u32, out: usize): void {
  const aEnd = a + aLength * sizeof<T>();
  const bEnd = b + bLength * sizeof<T>();
  if (a != aEnd && b != bEnd) {
    let bitsOfA = load<K>(a);
    let bitsOfB = load<K>(b);
    for (;;) {
      // Which one comes first can't be predicted: so no branch, but at the end of a run.
      const isFromB = sortKey<T, K>(bitsOfB) < sortKey<T, K>(bitsOfA);
      store<K>(out, select<K>(bitsOfB, bitsOfA, isFromB));
      out += sizeof<T>();
      a += <usize>!isFromB * sizeof<T>();
      b += <usize>isFromB * sizeof<T>();
      if (a == aEnd || b == bEnd) break;
      bitsOfA = load<K>(a);
      bitsOfB = load<K>(b);
    }
  }
  memory.copy(out, a, aEnd - a);
  memory.copy(out + (aEnd - a), b, bEnd - b);
}

// The same for runs of indices, by the float64 numbers that they lead to. `keys` is where
// number 0 is.

@inline
function keyOf(keys: usize, index: usize): u64 {
  return keyAt<f64, u64>(keys + <usize>load<u32>(index) * 8);
}

export function coRankIndices(keys: usize, a: usize, aLength: u32, b: usize, bLength: u32, rank: u32): u32 {
  let low = rank > bLength ? rank - bLength : 0;
  let high = min(rank, aLength);
  while (low < high) {
    const fromA = low + (high - low) / 2;
    const fromB = rank - fromA;
    if (keyOf(keys, a + fromA * 4) <= keyOf(keys, b + (fromB - 1) * 4)) low = fromA + 1;
    else high = fromA;
  }
  return low;
}

export function mergeIndices(keys: usize, a: usize, aLength: u32, b: usize, bLength: u32, out: usize): void {
  const aEnd = a + aLength * 4;
  const bEnd = b + bLength * 4;
  if (a != aEnd && b != bEnd) {
    let keyOfA = keyOf(keys, a);
    let keyOfB = keyOf(keys, b);
    for (;;) {
      if (keyOfB < keyOfA) {
        store<u32>(out, load<u32>(b));
        out += 4;
        b += 4;
        if (b == bEnd) break;
        keyOfB = keyOf(keys, b);
      } else {
        store<u32>(out, load<u32>(a));
        out += 4;
        a += 4;
        if (a == aEnd) break;
        keyOfA = keyOf(keys, a);
      }
    }
  }
  memory.copy(out, a, aEnd - a);
  memory.copy(out + (aEnd - a), b, bEnd - b);
}
