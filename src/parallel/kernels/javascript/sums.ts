/**
 * Sums of numbers and of products, in the order that `kernels/sum.ts` has: eight lanes,
 * then these in pairs, then what is left.
 *
 * The functions differ in little but what they read. They are written out all the same: a
 * loop that has seen several types of array looks at the type for every number.
 */
import type { For, Kernels, Sums } from "../kernels.js";
import type { Views } from "./views.js";

export function sumsOfFloat64(views: Views): For<"Float64", Sums> {
  const dotFloat64: Kernels["dotFloat64"] = (first, second, length) => {
    const numbers = views.float64(Math.max(first, second) + length * 8);
    const end = first / 8 + length;
    let [a, b, c, d] = [0, 0, 0, 0];
    let [e, f, g, h] = [0, 0, 0, 0];
    let i = first / 8;
    let j = second / 8;
    for (; i + 8 <= end; i += 8, j += 8) {
      a += (numbers[i] as number) * (numbers[j] as number);
      b += (numbers[i + 1] as number) * (numbers[j + 1] as number);
      c += (numbers[i + 2] as number) * (numbers[j + 2] as number);
      d += (numbers[i + 3] as number) * (numbers[j + 3] as number);
      e += (numbers[i + 4] as number) * (numbers[j + 4] as number);
      f += (numbers[i + 5] as number) * (numbers[j + 5] as number);
      g += (numbers[i + 6] as number) * (numbers[j + 6] as number);
      h += (numbers[i + 7] as number) * (numbers[j + 7] as number);
    }
    let rest = 0;
    for (; i < end; i++, j++) rest += (numbers[i] as number) * (numbers[j] as number);
    return a + c + (e + g) + (b + d + (f + h)) + rest;
  };
  return {
    sumFloat64(at, length) {
      const numbers = views.float64(at + length * 8);
      const begin = at / 8;
      const end = begin + length;
      let [a, b, c, d] = [0, 0, 0, 0];
      let [e, f, g, h] = [0, 0, 0, 0];
      let i = begin;
      for (; i + 8 <= end; i += 8) {
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
      for (; i < end; i++) rest += numbers[i] as number;
      return a + c + (e + g) + (b + d + (f + h)) + rest;
    },
    dotFloat64,
    sumOfSquaresFloat64: (at, length) => dotFloat64(at, at, length),
  };
}

export function sumsOfFloat32(views: Views): For<"Float32", Sums> {
  const dotFloat32: Kernels["dotFloat32"] = (first, second, length) => {
    const numbers = views.float32(Math.max(first, second) + length * 4);
    const end = first / 4 + length;
    let [a, b, c, d] = [0, 0, 0, 0];
    let [e, f, g, h] = [0, 0, 0, 0];
    let i = first / 4;
    let j = second / 4;
    for (; i + 8 <= end; i += 8, j += 8) {
      a += (numbers[i] as number) * (numbers[j] as number);
      b += (numbers[i + 1] as number) * (numbers[j + 1] as number);
      c += (numbers[i + 2] as number) * (numbers[j + 2] as number);
      d += (numbers[i + 3] as number) * (numbers[j + 3] as number);
      e += (numbers[i + 4] as number) * (numbers[j + 4] as number);
      f += (numbers[i + 5] as number) * (numbers[j + 5] as number);
      g += (numbers[i + 6] as number) * (numbers[j + 6] as number);
      h += (numbers[i + 7] as number) * (numbers[j + 7] as number);
    }
    let rest = 0;
    for (; i < end; i++, j++) rest += (numbers[i] as number) * (numbers[j] as number);
    return a + c + (e + g) + (b + d + (f + h)) + rest;
  };
  return {
    sumFloat32(at, length) {
      const numbers = views.float32(at + length * 4);
      const begin = at / 4;
      const end = begin + length;
      let [a, b, c, d] = [0, 0, 0, 0];
      let [e, f, g, h] = [0, 0, 0, 0];
      let i = begin;
      for (; i + 8 <= end; i += 8) {
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
      for (; i < end; i++) rest += numbers[i] as number;
      return a + c + (e + g) + (b + d + (f + h)) + rest;
    },
    dotFloat32,
    sumOfSquaresFloat32: (at, length) => dotFloat32(at, at, length),
  };
}

/** Numbers of 32 bits whose sum a float64 holds exactly, and of their sum's parts as many again. */
const EXACT_INTS = 1 << 21;

/** Whole numbers below 2^53 in two parts, each of which is exact over any length. */
const PART = 2 ** 26;

export function sumsOfInt32(views: Views): For<"Int32", Sums> {
  const dotInt32: Kernels["dotInt32"] = (first, second, length) => {
    const numbers = views.int32(Math.max(first, second) + length * 4);
    const end = first / 4 + length;
    let [a, b, c, d] = [0, 0, 0, 0];
    let [e, f, g, h] = [0, 0, 0, 0];
    let i = first / 4;
    let j = second / 4;
    for (; i + 8 <= end; i += 8, j += 8) {
      a += (numbers[i] as number) * (numbers[j] as number);
      b += (numbers[i + 1] as number) * (numbers[j + 1] as number);
      c += (numbers[i + 2] as number) * (numbers[j + 2] as number);
      d += (numbers[i + 3] as number) * (numbers[j + 3] as number);
      e += (numbers[i + 4] as number) * (numbers[j + 4] as number);
      f += (numbers[i + 5] as number) * (numbers[j + 5] as number);
      g += (numbers[i + 6] as number) * (numbers[j + 6] as number);
      h += (numbers[i + 7] as number) * (numbers[j + 7] as number);
    }
    let rest = 0;
    for (; i < end; i++, j++) rest += (numbers[i] as number) * (numbers[j] as number);
    return a + c + (e + g) + (b + d + (f + h)) + rest;
  };
  return {
    sumInt32(at, length) {
      const numbers = views.int32(at + length * 4);
      const end = at / 4 + length;
      let [low, high] = [0, 0];
      for (let begin = at / 4; begin < end; begin += EXACT_INTS) {
        const stop = Math.min(begin + EXACT_INTS, end);
        let part = 0;
        for (let i = begin; i < stop; i++) part += numbers[i] as number;
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
  const dotUint8: Kernels["dotUint8"] = (first, second, length) => {
    const numbers = views.uint8(Math.max(first, second) + length);
    let sum = 0;
    for (let i = 0; i < length; i++) sum += (numbers[first + i] as number) * (numbers[second + i] as number);
    return sum;
  };
  return {
    sumUint8(at, length) {
      const numbers = views.uint8(at + length);
      let sum = 0;
      for (let i = at; i < at + length; i++) sum += numbers[i] as number;
      return sum;
    },
    dotUint8,
    sumOfSquaresUint8: (at, length) => dotUint8(at, at, length),
  };
}
