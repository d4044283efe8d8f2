/**
 * Merges of sorted runs, and where to divide them: `coRank` says how much of either run
 * is in the first part of what they make, so that threads can each merge a part. Of equal
 * numbers those of the first run come first.
 */
import { isNaNBits, keyAt, keyOfBits } from "./keys";

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

/** Numbers in the shorter run below which both ends are not worth the trouble. */
const FEW: u32 = 8;

/**
 * From both ends at once: a number can't be chosen before the one before it is, but the
 * two ends don't wait for each other. In as many steps as the shorter run has numbers
 * neither end can leave a run; and as they make the first and the last numbers of the
 * result, of which there are at least twice as many, they don't meet.
 */
export function merge<T, K>(a: usize, aLength: u32, b: usize, bLength: u32, out: usize): void {
  let aEnd = a + aLength * sizeof<T>();
  let bEnd = b + bLength * sizeof<T>();
  let end = out + (aLength + bLength) * sizeof<T>();
  if (isFloat<T>()) {
    // NaN is at the end of a run: what is put there first need not be told apart below.
    for (; bEnd != b && isNaNBits<K>(load<K>(bEnd - sizeof<T>())); end -= sizeof<T>()) {
      bEnd -= sizeof<T>();
      store<K>(end - sizeof<T>(), load<K>(bEnd));
    }
    for (; aEnd != a && isNaNBits<K>(load<K>(aEnd - sizeof<T>())); end -= sizeof<T>()) {
      aEnd -= sizeof<T>();
      store<K>(end - sizeof<T>(), load<K>(aEnd));
    }
  }
  for (;;) {
    const shorter = <u32>(min(aEnd - a, bEnd - b) / sizeof<T>());
    if (shorter < FEW) break;
    for (let left = shorter; left != 0; --left) {
      // Which one is chosen can't be predicted: so no branches.
      const firstOfA = load<K>(a);
      const firstOfB = load<K>(b);
      const isFirstFromB = keyOfBits<T, K>(firstOfB) < keyOfBits<T, K>(firstOfA);
      store<K>(out, select<K>(firstOfB, firstOfA, isFirstFromB));
      out += sizeof<T>();
      a += <usize>!isFirstFromB * sizeof<T>();
      b += <usize>isFirstFromB * sizeof<T>();

      const lastOfA = load<K>(aEnd - sizeof<T>());
      const lastOfB = load<K>(bEnd - sizeof<T>());
      const isLastFromA = keyOfBits<T, K>(lastOfB) < keyOfBits<T, K>(lastOfA);
      end -= sizeof<T>();
      store<K>(end, select<K>(lastOfA, lastOfB, isLastFromA));
      aEnd -= <usize>isLastFromA * sizeof<T>();
      bEnd -= <usize>!isLastFromA * sizeof<T>();
    }
  }
  while (a != aEnd && b != bEnd) {
    if (keyAt<T, K>(b) < keyAt<T, K>(a)) {
      store<K>(out, load<K>(b));
      b += sizeof<T>();
    } else {
      store<K>(out, load<K>(a));
      a += sizeof<T>();
    }
    out += sizeof<T>();
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
