/**
 * Sums of numbers and of products, in the order that `kernels/sum.ts` has: eight lanes,
 * then these in pairs, then what is left.
 *
 * The functions differ in little but what they read. They are written out all the same: a
 * loop that has seen several types of array looks at the type for every number.
 */
import type { For, Kernels, Sums } from "../kernels.js";
import type { Views } from "./views.js";

/** Of two arrays of one length, wherever they are. */
export function dotOfFloat64(first: Float64Array, second: Float64Array): number {
  const { length } = first;
  let [a, b, c, d] = [0, 0, 0, 0];
  let [e, f, g, h] = [0, 0, 0, 0];
  let i = 0;
  for (; i < length - 7; i += 8) {
    a += (first[i] as number) * (second[i] as number);
    b += (first[i + 1] as number) * (second[i + 1] as number);
    c += (first[i + 2] as number) * (second[i + 2] as number);
    d += (first[i + 3] as number) * (second[i + 3] as number);
    e += (first[i + 4] as number) * (second[i + 4] as number);
    f += (first[i + 5] as number) * (second[i + 5] as number);
    g += (first[i + 6] as number) * (second[i + 6] as number);
    h += (first[i + 7] as number) * (second[i + 7] as number);
  }
  let rest = 0;
  for (; i < length; i++) rest += (first[i] as number) * (second[i] as number);
  return a + c + (e + g) + (b + d + (f + h)) + rest;
}

export function sumsOfFloat64(views: Views): For<"Float64", Sums> {
  const dotFloat64: Kernels["dotFloat64"] = (one, other, length) =>
    dotOfFloat64(views.float64(one, length), views.float64(other, length));
  return {
    sumFloat64(at, length) {
      const numbers = views.float64(at, length);
      let [a, b, c, d] = [0, 0, 0, 0];
      let [e, f, g, h] = [0, 0, 0, 0];
      let i = 0;
      for (; i < length - 7; i += 8) {
        a += numbers[i] as number;
        b += numbers[i + 1] as number;
        c += numbers[i + 2] as number;
        d += numbers[i + 3] as number;
        e += numbers[i + 4] as number;
        f += numbers[i + 5] as number;
        g += numbers[i + 6] as number;
        h += numbers[i + 7] as number;
      }
      let rest = 0;
      for (; i < length; i++) rest += numbers[i] as number;
      return a + c + (e + g) + (b + d + (f + h)) + rest;
    },
    dotFloat64,
    sumOfSquaresFloat64: (at, length) => dotFloat64(at, at, length),
  };
}

export function sumsOfFloat32(views: Views): For<"Float32", Sums> {
  const dotFloat32: Kernels["dotFloat32"] = (one, other, length) => {
    const first = views.float32(one, length);
    const second = views.float32(other, length);
    let [a, b, c, d] = [0, 0, 0, 0];
    let [e, f, g, h] = [0, 0, 0, 0];
    let i = 0;
    for (; i < length - 7; i += 8) {
      a += (first[i] as number) * (second[i] as number);
      b += (first[i + 1] as number) * (second[i + 1] as number);
      c += (first[i + 2] as number) * (second[i + 2] as number);
      d += (first[i + 3] as number) * (second[i + 3] as number);
      e += (first[i + 4] as number) * (second[i + 4] as number);
      f += (first[i + 5] as number) * (second[i + 5] as number);
      g += (first[i + 6] as number) * (second[i + 6] as number);
      h += (first[i + 7] as number) * (second[i + 7] as number);
    }
    let rest = 0;
    for (; i < length; i++) rest += (first[i] as number) * (second[i] as number);
    return a + c + (e + g) + (b + d + (f + h)) + rest;
  };
  return {
    sumFloat32(at, length) {
      const numbers = views.float32(at, length);
      let [a, b, c, d] = [0, 0, 0, 0];
      let [e, f, g, h] = [0, 0, 0, 0];
      let i = 0;
      for (; i < length - 7; i += 8) {
        a += numbers[i] as number;
        b += numbers[i + 1] as number;
        c += numbers[i + 2] as number;
        d += numbers[i + 3] as number;
        e += numbers[i + 4] as number;
        f += numbers[i + 5] as number;
        g += numbers[i + 6] as number;
        h += numbers[i + 7] as number;
      }
      let rest = 0;
      for (; i < length; i++) rest += numbers[i] as number;
      return a + c + (e + g) + (b + d + (f + h)) + rest;
    },
    dotFloat32,
    sumOfSquaresFloat32: (at, length) => dotFloat32(at, at, length),
  };
}

/** So many numbers of 32 bits have a sum that a float64 holds exactly. */
const EXACT_INTS = 1 << 21;

/** Such a sum in two parts, either of which is exact over any length. */
const PART = 2 ** 26;

export function sumsOfInt32(views: Views): For<"Int32", Sums> {
  const dotInt32: Kernels["dotInt32"] = (one, other, length) => {
    const first = views.int32(one, length);
    const second = views.int32(other, length);
    let [a, b, c, d] = [0, 0, 0, 0];
    let [e, f, g, h] = [0, 0, 0, 0];
    let i = 0;
    for (; i < length - 7; i += 8) {
      a += (first[i] as number) * (second[i] as number);
      b += (first[i + 1] as number) * (second[i + 1] as number);
      c += (first[i + 2] as number) * (second[i + 2] as number);
      d += (first[i + 3] as number) * (second[i + 3] as number);
      e += (first[i + 4] as number) * (second[i + 4] as number);
      f += (first[i + 5] as number) * (second[i + 5] as number);
      g += (first[i + 6] as number) * (second[i + 6] as number);
      h += (first[i + 7] as number) * (second[i + 7] as number);
    }
    let rest = 0;
    for (; i < length; i++) rest += (first[i] as number) * (second[i] as number);
    return a + c + (e + g) + (b + d + (f + h)) + rest;
  };
  return {
    sumInt32(at, length) {
      const numbers = views.int32(at, length);
      let [low, high] = [0, 0];
      for (let begin = 0; begin < length; begin += EXACT_INTS) {
        const end = Math.min(begin + EXACT_INTS, length);
        let part = 0;
        for (let i = begin; i < end; i++) part += numbers[i] as number;
        const above = Math.floor(part / PART);
        high += above;
        low += part - above * PART;
      }
      // Both parts are exact, so this rounds once.
      return high * PART + low;
    },
    dotInt32,
    sumOfSquaresInt32: (at, length) => dotInt32(at, at, length),
  };
}

export function sumsOfUint8(views: Views): For<"Uint8", Sums> {
  const dotUint8: Kernels["dotUint8"] = (one, other, length) => {
    const first = views.uint8(one, length);
    const second = views.uint8(other, length);
    let sum = 0;
    for (let i = 0; i < length; i++) sum += (first[i] as number) * (second[i] as number);
    return sum;
  };
  return {
    sumUint8(at, length) {
      const numbers = views.uint8(at, length);
      let sum = 0;
      for (let i = 0; i < length; i++) sum += numbers[i] as number;
      return sum;
    },
    dotUint8,
    sumOfSquaresUint8: (at, length) => dotUint8(at, at, length),
  };
}
