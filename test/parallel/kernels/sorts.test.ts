import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { argsortScratchBytes, sortScratchBytes } from "#skein/parallel/kernels/kernels";

import {
  both,
  listOf,
  type Numbers,
  numbersOf,
  randomNumbers,
  type TestMemory,
  TYPES,
  withOneNaN,
} from "./memories.js";

type Type = "Float64" | "Float32" | "Int32" | "Uint32";
const NUMBER_TYPES: readonly Type[] = ["Float64", "Float32", "Int32", "Uint32"];

/** Room for scratch, whose first bytes are as they may be. */
function scratchOf(memory: TestMemory, byteLength: number): number {
  return memory.room("Float64", Math.ceil(byteLength / 8));
}

function sort(type: Type, numbers: Numbers): Numbers {
  return both((memory) => {
    const at = memory.put(type, numbers);
    const scratch = scratchOf(memory, sortScratchBytes(numbers.length, TYPES[type].BYTES_PER_ELEMENT));
    memory.kernels[`sort${type}`](at, numbers.length, scratch);
    return memory.get(type, at, numbers.length);
  });
}

function argsort(numbers: Numbers, first: number): number[] {
  return both((memory) => {
    const keys = memory.put("Float64", numbers);
    const indices = memory.room("Uint32", numbers.length);
    const scratch = scratchOf(memory, argsortScratchBytes(numbers.length));
    memory.kernels.argsortFloat64(keys, numbers.length, first, indices, scratch);
    return [...memory.get("Uint32", indices, numbers.length)];
  });
}

/** Numbers in the orders that sorting meets, of lengths around where the way of sorting changes. */
const SHAPES: Readonly<Record<string, (i: number, length: number, random: () => number) => number>> = {
  random: (_i, _length, random) => Math.floor((random() - 0.5) * 2 ** 31),
  "random, of one sign": (_i, _length, random) => Math.floor(random() * 2 ** 31),
  "few unique": (_i, _length, random) => Math.floor(random() * 5),
  sorted: (i) => i,
  reversed: (i, length) => length - i,
  "reversed, with equal ones": (i, length) => Math.floor((length - i) / 3),
  "sorted but for the last": (i, length) => (i === length - 1 ? -1 : i),
  "two sorted runs": (i, length) => i % (length >> 1),
  equal: () => 42,
};
const LENGTHS = [2, 3, 11, 12, 13, 24, 25, 100, 1000, 1023, 1024, 1025, 4099];

describe("sorting", () => {
  for (const type of NUMBER_TYPES) {
    it(`sort${type}: as the platform sorts typed arrays`, () => {
      fc.assert(
        fc.property(numbersOf(type), (numbers) => {
          assert.deepStrictEqual(sort(type, numbers), numbers.slice().sort());
        }),
      );
    });

    for (const [shape, numberAt] of Object.entries(SHAPES)) {
      it(`sort${type}: ${shape}`, () => {
        for (const length of LENGTHS) {
          const random = randomNumbers(length);
          const numbers = listOf(type, length, (i) => numberAt(i, length, random));
          assert.deepStrictEqual(sort(type, numbers), numbers.slice().sort());
        }
      });
    }
  }

  for (const type of ["Float64", "Float32"] as const) {
    it(`sort${type}: fractions, special numbers, and NaN of either sign, in a long range`, () => {
      const random = randomNumbers(5);
      const special = [NaN, 0, -0, Infinity, -Infinity, 5e-324, -5e-324, 1e-310, 2 ** -149, -(2 ** -149)];
      const numbers = listOf(type, 3001, (i) =>
        i % 5 === 0
          ? (special[(i / 5) % special.length] as number)
          : (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20),
      );
      // A NaN as processors make it of 0 / 0: with a sign, so less than all if only bits counted.
      const bits = new Uint8Array(numbers.buffer as ArrayBuffer);
      for (const i of [3, 700, 3000]) bits[(i + 1) * numbers.BYTES_PER_ELEMENT - 1] = 0xff;
      for (const i of [3, 700, 3000]) bits[(i + 1) * numbers.BYTES_PER_ELEMENT - 2] = 0xf8;
      assert.ok(Number.isNaN(numbers[700]));
      assert.deepStrictEqual(sort(type, numbers), withOneNaN(numbers.slice().sort()));
      // As few as are merged.
      const few = numbers.slice(500, 1000);
      assert.deepStrictEqual(sort(type, few), withOneNaN(few.slice().sort()));
    });
  }

  it("several megabytes", () => {
    const random = randomNumbers(9);
    const numbers = Float64Array.from({ length: 600_001 }, () => (random() - 0.5) * 1e9);
    assert.deepStrictEqual(sort("Float64", numbers), numbers.slice().sort());
  });
});

describe("the order of numbers as indices", () => {
  function expected(numbers: Numbers, first: number): number[] {
    const rank = (number: number): number => (Number.isNaN(number) ? 1 : 0);
    const sign = (number: number): number => (Object.is(number, -0) ? -1 : 0);
    return Array.from(numbers, (_, i) => i)
      .sort((i, j) => {
        const [a, b] = [numbers[i] as number, numbers[j] as number];
        return a < b ? -1 : a > b ? 1 : rank(a) - rank(b) || (a === 0 && b === 0 ? sign(a) - sign(b) : 0) || i - j;
      })
      .map((i) => i + first);
  }

  it("argsortFloat64: that of sort, equal numbers in their own", () => {
    fc.assert(
      fc.property(numbersOf("Float64"), fc.nat(9), (numbers, first) => {
        assert.deepStrictEqual(argsort(numbers, first), expected(numbers, first));
      }),
    );
  });

  for (const [shape, numberAt] of Object.entries(SHAPES)) {
    it(`argsortFloat64: ${shape}`, () => {
      for (const length of LENGTHS) {
        const random = randomNumbers(length);
        const numbers = Float64Array.from({ length }, (_, i) => numberAt(i, length, random));
        assert.deepStrictEqual(argsort(numbers, 3), expected(numbers, 3));
      }
    });
  }
});
