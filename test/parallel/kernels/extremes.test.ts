import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { both, numbersOf } from "./memories.js";

type Type = "Float64" | "Float32" | "Int32" | "Uint8";
const TYPES: readonly Type[] = ["Float64", "Float32", "Int32", "Uint8"];

function minMaxOf(type: Type, numbers: ArrayLike<number>, shift?: number): readonly [number, number] {
  return both((memory) => {
    const at = memory.put(type, numbers, shift);
    const out = memory.room("Float64", 2);
    memory.kernels[`minMax${type}`](at, numbers.length, out);
    return [...memory.get("Float64", out, 2)] as [number, number];
  });
}

describe("the least and the greatest", () => {
  for (const type of TYPES) {
    it(`minMax${type}: as Math.min and Math.max`, () => {
      fc.assert(
        fc.property(numbersOf(type), fc.nat(3), (numbers, shift) => {
          assert.deepStrictEqual(minMaxOf(type, numbers, shift), [Math.min(...numbers), Math.max(...numbers)]);
        }),
      );
    });
  }

  for (const type of ["Float64", "Float32"] as const) {
    it(`minMax${type}: a zero has the sign that it must, wherever it stands`, () => {
      for (let length = 1; length < 20; length++) {
        for (let i = 0; i < length; i++) {
          const zeros = new Float64Array(length);
          assert.deepStrictEqual(minMaxOf(type, zeros), [0, 0]);
          zeros[i] = -0;
          assert.deepStrictEqual(minMaxOf(type, zeros), [-0, length === 1 ? -0 : 0]);
          const negative = zeros.map((zero) => -zero);
          assert.deepStrictEqual(minMaxOf(type, negative), [length === 1 ? 0 : -0, 0]);
        }
      }
    });

    it(`minMax${type}: one NaN is enough, wherever it stands`, () => {
      for (let length = 1; length < 20; length++) {
        for (let i = 0; i < length; i++) {
          const numbers = Float64Array.from({ length }, (_, index) => (index === i ? NaN : index - 4));
          assert.deepStrictEqual(minMaxOf(type, numbers), [NaN, NaN]);
        }
      }
    });
  }

  for (const type of ["Float64", "Float32", "Int32"] as const) {
    const placesOf = (numbers: ArrayLike<number>): readonly [number, number] =>
      both((memory) => {
        const at = memory.put(type, numbers);
        return [
          memory.kernels[`argMin${type}`](at, numbers.length),
          memory.kernels[`argMax${type}`](at, numbers.length),
        ];
      });

    it(`argMin${type}, argMax${type}: the first place of what Math.min and Math.max find`, () => {
      fc.assert(
        fc.property(numbersOf(type), (numbers) => {
          const places = [Math.min(...numbers), Math.max(...numbers)].map((wanted) =>
            [...numbers].findIndex((number) => Object.is(number, wanted)),
          );
          assert.deepStrictEqual([...placesOf(numbers)], places);
        }),
      );
    });

    if (type !== "Int32") {
      it(`argMin${type}, argMax${type}: a zero with a sign is less than one without, and the first NaN beats all`, () => {
        for (let length = 1; length < 20; length++) {
          for (let i = 0; i < length; i++) {
            const zeros = new Float64Array(length);
            zeros[i] = -0;
            assert.deepStrictEqual(placesOf(zeros), [i, length === 1 || i > 0 ? 0 : 1]);
            const negative = zeros.map((zero) => -zero);
            assert.deepStrictEqual(placesOf(negative), [length === 1 || i > 0 ? 0 : 1, i]);
            zeros[i] = zeros[length - 1] = NaN;
            assert.deepStrictEqual(placesOf(zeros), [i, i]);
          }
        }
      });
    }

    it(`argMin${type}, argMax${type}: far into a long range, beyond equal ones`, () => {
      const numbers = new Float64Array(100_003).fill(3);
      numbers[77_777] = numbers[77_778] = -5;
      numbers[50_000] = numbers[99_000] = 8;
      assert.deepStrictEqual(placesOf(numbers), [77_777, 50_000]);
    });
  }
});
