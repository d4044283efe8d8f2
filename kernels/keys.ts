/**
 * The order that numbers are sorted in, as an unsigned integer of the same width: that of
 * `TypedArray.prototype.sort`, where −0 comes before +0, and NaN last. `T` is the type of
 * the numbers, `K` that of the keys: u64 or u32.
 */

@inline
function signBit<K>(): K {
  return <K>1 << <K>(8 * sizeof<K>() - 1);
}

/** Of Infinity; what is greater, less its sign, is NaN. */
@inline
function infinityBits<K>(): K {
  return sizeof<K>() == 8 ? <K>0x7ff0_0000_0000_0000 : <K>0x7f80_0000;
}

@inline
export function canonicalNaN<K>(): K {
  return sizeof<K>() == 8 ? <K>0x7ff8_0000_0000_0000 : <K>0x7fc0_0000;
}

@inline
export function isNaNBits<K>(bits: K): bool {
  return (bits & ~signBit<K>()) > infinityBits<K>();
}

/** The key of a number that is not a NaN with a sign. */
@inline
export function keyOfBits<T, K>(bits: K): K {
  if (!isFloat<T>()) return isSigned<T>() ? bits ^ signBit<K>() : bits;
  // Negative numbers are the other way round: all of their bits turn, else the sign alone.
  const sign = sizeof<K>() == 8 ? <K>(<i64>bits >> 63) : <K>(<i32>bits >> 31);
  return bits ^ (sign | signBit<K>());
}

/** The key of any number. */
@inline
export function sortKey<T, K>(bits: K): K {
  if (!isFloat<T>()) return keyOfBits<T, K>(bits);
  return select<K>(~(<K>0), keyOfBits<T, K>(bits), isNaNBits<K>(bits));
}

@inline
export function keyAt<T, K>(at: usize): K {
  return sortKey<T, K>(load<K>(at));
}

/** What has to be turned in a number's bits so that the greatest is the least. */
@inline
export function reversal<T, K>(): K {
  return isFloat<T>() ? signBit<K>() : ~(<K>0);
}
