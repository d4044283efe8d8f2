import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { both, numbersOf, randomNumbers } from "./memories.js";

type Type = "Float64" | "Float32" | "Int32" | "Uint8";
const TYPES: readonly Type[] = ["Float64", "Float32", "Int32", "Uint8"];

function sumOf(type: Type, numbers: ArrayLike<number>, shift?: number): number {
  return both((memory) => memory.kernels[`sum${type}`](memory.put(type, numbers, shift), numbers.length));
}

function dotOf(type: Type, first: ArrayLike<number>, second: ArrayLike<number>): number {
  return both((memory) => {
    const [a, b] = [memory.put(type, first, 0), memory.put(type, second, 1)];
    return memory.kernels[`dot${type}`](a, b, first.length);
  });
}

/** The order that is promised, written down plainly. */
function inLanes(terms: ArrayLike<number>): number {
  const lanes = [0, 0, 0, 0, 0, 0, 0, 0];
  const whole = terms.length - (terms.length % 8);
  for (let i = 0; i < whole; i++) lanes[i % 8] = (lanes[i % 8] as number) + (terms[i] as number);
  let rest = 0;
  for (let i = whole; i < terms.length; i++) rest += terms[i] as number;
  const [a, b, c, d, e, f, g, h] = lanes as [number, number, number, number, number, number, number, number];
  return a + c + (e + g) + (b + d + (f + h)) + rest;
}

function isWhole(type: Type): boolean {
  return type === "Int32" || type === "Uint8";
}

function exactSum(numbers: Iterable<number>): number {
  let sum = 0n;
  for (const number of numbers) sum += BigInt(number);
  return Number(sum);
}

describe("sums of numbers", () => {
  for (const type of TYPES) {
    it(`sum${type}: what the lanes make of it, and of integers the exact sum`, () => {
      fc.assert(
        fc.property(numbersOf(type), fc.nat(3), (numbers, shift) => {
          assert.deepStrictEqual(sumOf(type, numbers, shift), isWhole(type) ? exactSum(numbers) : inLanes(numbers));
        }),
      );
    });

    it(`dot${type}: the sum of the products`, () => {
      fc.assert(
        fc.property(numbersOf(type), numbersOf(type), (first, second) => {
          const length = Math.min(first.length, second.length);
          const [a, b] = [first.subarray(0, length), second.subarray(0, length)];
          assert.deepStrictEqual(dotOf(type, a, b), inLanes(Array.from(a, (one, i) => one * (b[i] as number))));
        }),
      );
    });

    it(`sumOfSquares${type}: the dot product with itself`, () => {
      fc.assert(
        fc.property(numbersOf(type), (numbers) => {
          const squares = both((memory) =>
            memory.kernels[`sumOfSquares${type}`](memory.put(type, numbers), numbers.length),
          );
          assert.deepStrictEqual(squares, dotOf(type, numbers, numbers));
        }),
      );
    });
  }

  it("of no numbers it is 0, of negative zeros too", () => {
    assert.deepStrictEqual(sumOf("Float64", []), 0);
    assert.deepStrictEqual(sumOf("Float64", [-0, -0]), 0);
  });

  it("integers are summed exactly where float64 would have rounded on the way", () => {
    const length = 5_000_001;
    const numbers = new Int32Array(length).fill(2 ** 31 - 1);
    numbers[length - 1] = -1;
    assert.equal(sumOf("Int32", numbers), Number(BigInt(2 ** 31 - 1) * 5_000_000n - 1n));
  });

  it("sums and products of bytes do not overflow the lanes that they are made in", () => {
    const numbers = new Uint8Array(2 ** 20 + 33).fill(255);
    assert.equal(sumOf("Uint8", numbers), 255 * numbers.length);
    const fewer = numbers.subarray(0, 2 ** 19 + 5);
    assert.equal(dotOf("Uint8", fewer, fewer), 255 * 255 * fewer.length);
  });

  it("several megabytes: the error keeps to its bound", () => {
    const random = randomNumbers(7);
    const numbers = Float64Array.from({ length: 1_000_003 }, () => random() - 0.5);
    const sum = sumOf("Float64", numbers);
    assert.deepStrictEqual(sum, inLanes(numbers));
    // In units of 2^-60, of which these are whole multiples.
    const scaled = numbers.map((number) => number * 2 ** 60);
    const exact = exactSum(scaled) / 2 ** 60;
    const absolute = numbers.reduce((total, number) => total + Math.abs(number), 0);
    assert.ok(Math.abs(sum - exact) <= (numbers.length / 8 + 8) * 2 ** -53 * absolute);
  });
});
