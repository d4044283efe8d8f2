import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { COMPARISON } from "#skein/parallel/kernels/kernels";

import { both, listOf, type Numbers, numbersOf, randomNumbers } from "./memories.js";

type Type = "Float64" | "Float32" | "Int32" | "Uint8";
const NUMBER_TYPES: readonly Type[] = ["Float64", "Float32", "Int32", "Uint8"];

const OPERATORS = {
  "<": (number: number, constant: number) => number < constant,
  "<=": (number: number, constant: number) => number <= constant,
  ">": (number: number, constant: number) => number > constant,
  ">=": (number: number, constant: number) => number >= constant,
  "===": (number: number, constant: number) => number === constant,
  "!==": (number: number, constant: number) => number !== constant,
} as const;
type Operator = keyof typeof OPERATORS;
const operators = fc.constantFrom(...(Object.keys(OPERATORS) as Operator[]));

/** Constants that the type of the numbers may not have. */
const constants = fc.oneof(
  fc.double(),
  fc.integer({ min: -5, max: 260 }),
  fc.constantFrom(
    0.1,
    Math.fround(0.1),
    2.5,
    -2.5,
    1e10,
    -1e10,
    1e300,
    -1e300,
    1e-50,
    -1e-50,
    NaN,
    Infinity,
    -Infinity,
    -0,
  ),
);

function pack(
  type: Exclude<Type, "Uint8">,
  numbers: Numbers,
  operator: Operator,
  constant: number,
  capacity: number,
): Numbers {
  return both((memory) => {
    const [at, out] = [memory.put(type, numbers), memory.room(type, capacity, 3)];
    const comparison = COMPARISON[operator];
    const written = memory.kernels[`pack${type}`](at, numbers.length, comparison, constant, out, capacity);
    return memory.get(type, out, written);
  });
}

describe("numbers that compare as wanted", () => {
  for (const type of NUMBER_TYPES) {
    it(`count${type}: as the operator counts, with constants of any kind`, () => {
      fc.assert(
        fc.property(numbersOf(type), operators, constants, (numbers, operator, constant) => {
          const count = both((memory) =>
            memory.kernels[`count${type}`](memory.put(type, numbers), numbers.length, COMPARISON[operator], constant),
          );
          assert.equal(count, [...numbers].filter((number) => OPERATORS[operator](number, constant)).length);
        }),
        { numRuns: 500 },
      );
    });

    if (type === "Uint8") continue;
    it(`pack${type}: what filter leaves, and not a byte behind it`, () => {
      fc.assert(
        fc.property(numbersOf(type), operators, constants, (numbers, operator, constant) => {
          const wanted = [...numbers].filter((number) => OPERATORS[operator](number, constant));
          const packed = pack(type, numbers, operator, constant, wanted.length);
          assert.deepStrictEqual([...packed], wanted);
          assert.deepStrictEqual(pack(type, numbers, operator, constant, numbers.length), packed);
        }),
        { numRuns: 300 },
      );
    });

    it(`pack${type}: packs in place`, () => {
      fc.assert(
        fc.property(numbersOf(type), operators, constants, (numbers, operator, constant) => {
          const packed = both((memory) => {
            const at = memory.put(type, numbers);
            const comparison = COMPARISON[operator];
            const kept = memory.kernels[`pack${type}`](at, numbers.length, comparison, constant, at, numbers.length);
            return memory.get(type, at, kept);
          });
          assert.deepStrictEqual(packed, pack(type, numbers, operator, constant, numbers.length));
        }),
      );
    });

    it(`pack${type}: ends when its output is full`, () => {
      const numbers = listOf(type, 100, (i) => i);
      for (let capacity = 0; capacity < 20; capacity++) {
        const packed = pack(type, numbers, ">=", 7, capacity);
        assert.deepStrictEqual(
          [...packed],
          Array.from({ length: capacity }, (_, i) => i + 7),
        );
      }
    });
  }
});

describe("counts in bins", () => {
  function histogram(
    type: Type,
    numbers: Numbers,
    low: number,
    high: number,
    bins: number,
  ): readonly [number, number[]] {
    return both((memory) => {
      const [at, counts] = [memory.put(type, numbers), memory.put("Uint32", new Uint32Array(bins).fill(7))];
      const counted = memory.kernels[`histogram${type}`](at, numbers.length, low, high, bins, counts);
      return [counted, [...memory.get("Uint32", counts, bins)].map((count) => count - 7)];
    });
  }

  for (const type of NUMBER_TYPES) {
    it(`histogram${type}: each number from low to high is in its bin`, () => {
      fc.assert(
        fc.property(
          numbersOf(type),
          fc.integer({ min: -9, max: 9 }),
          fc.integer({ min: 1, max: 300 }),
          fc.integer({ min: 1, max: 40 }),
          (numbers, low, width, bins) => {
            const high = low + width;
            const wanted = Array.from({ length: bins }, () => 0);
            for (const number of numbers) {
              if (!(number >= low && number <= high)) continue;
              const bin = Math.min(bins - 1, Math.floor((number - low) * (bins / (high - low))));
              wanted[bin] = (wanted[bin] as number) + 1;
            }
            const [counted, counts] = histogram(type, numbers, low, high, bins);
            assert.deepStrictEqual(counts, wanted);
            assert.equal(
              counted,
              counts.reduce((sum, count) => sum + count, 0),
            );
          },
        ),
      );
    });
  }

  it("the least and the greatest belong to the first and the last bin; NaN to none", () => {
    const numbers = Float64Array.of(-0, 0, 1, 10, 10 + 2 ** -48, -5e-324, NaN, 9.999);
    assert.deepStrictEqual(histogram("Float64", numbers, 0, 10, 5), [5, [3, 0, 0, 0, 2]]);
  });

  it("several megabytes", () => {
    const random = randomNumbers(3);
    const numbers = Float64Array.from({ length: 500_001 }, random);
    const [counted, counts] = histogram("Float64", numbers, 0, 1, 1000);
    assert.equal(counted, numbers.length);
    assert.ok(counts.every((count) => count > 300 && count < 700));
  });
});
