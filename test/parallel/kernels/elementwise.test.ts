import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { both, type Numbers, numbersOf, TWIN, TYPES, valueOf, WASM, withOneNaN } from "./memories.js";

type Type = "Float64" | "Float32" | "Int32";
const NUMBER_TYPES: readonly Type[] = ["Float64", "Float32", "Int32"];

/** Rounds or wraps a number as its type does. */
function inType(type: Type, number: number): number {
  return type === "Float32" ? Math.fround(number) : type === "Int32" ? number | 0 : number;
}

function product(type: Type, one: number, other: number): number {
  return type === "Int32" ? Math.imul(one, other) : inType(type, one * other);
}

const PAIRWISE = {
  add: (type, a, b) => inType(type, a + b),
  multiply: product,
  addScaled: (type, a, b, factor) => inType(type, a + product(type, factor, b)),
} as const satisfies Record<string, (type: Type, a: number, b: number, factor: number) => number>;

const SINGLE = {
  scale: (type, number, factor) => product(type, number, factor),
  scaleOffset: (type, number, factor, addend) => inType(type, product(type, number, factor) + addend),
  absolute: (type, number) => inType(type, Math.abs(number)),
  negate: (type, number) => inType(type, -number),
} as const satisfies Record<string, (type: Type, number: number, factor: number, addend: number) => number>;

function expected(type: Type, numbers: Numbers, each: (number: number, index: number) => number): Numbers {
  return withOneNaN(TYPES[type].from(Array.from(numbers, each)));
}

for (const type of NUMBER_TYPES) {
  describe(`each number by itself, ${type}`, () => {
    for (const [name, reference] of Object.entries(PAIRWISE)) {
      it(`${name}: rounded after each operation, to an output beside or in place`, () => {
        fc.assert(
          fc.property(numbersOf(type), numbersOf(type), valueOf(type), fc.nat(2), (first, second, factor, place) => {
            const length = Math.min(first.length, second.length);
            const [a, b] = [first.subarray(0, length), second.subarray(0, length)];
            const result = both((memory) => {
              const [atA, atB] = [memory.put(type, a, 0), memory.put(type, b, 1)];
              const out = [atA, atB, memory.room(type, length, 3)][place] as number;
              const verb = name as keyof typeof PAIRWISE;
              if (verb === "addScaled") memory.kernels[`addScaled${type}`](atA, atB, length, factor, out);
              else memory.kernels[`${verb}${type}`](atA, atB, length, out);
              return memory.get(type, out, length);
            });
            assert.deepStrictEqual(
              result,
              expected(type, a, (number, i) => reference(type, number, b[i] as number, factor)),
            );
          }),
        );
      });
    }

    for (const [name, reference] of Object.entries(SINGLE)) {
      it(`${name}: rounded after each operation, to an output beside or in place`, () => {
        fc.assert(
          fc.property(
            numbersOf(type),
            valueOf(type),
            valueOf(type),
            fc.boolean(),
            (numbers, factor, addend, isInPlace) => {
              const { length } = numbers;
              const result = both((memory) => {
                const at = memory.put(type, numbers);
                const out = isInPlace ? at : memory.room(type, length, 3);
                const verb = name as keyof typeof SINGLE;
                if (verb === "scale") memory.kernels[`scale${type}`](at, length, factor, out);
                else if (verb === "scaleOffset") memory.kernels[`scaleOffset${type}`](at, length, factor, addend, out);
                else memory.kernels[`${verb}${type}`](at, length, out);
                return memory.get(type, out, length);
              });
              assert.deepStrictEqual(
                result,
                expected(type, numbers, (number) => reference(type, number, factor, addend)),
              );
            },
          ),
        );
      });
    }

    it("fill: all of a range, and nothing else", () => {
      fc.assert(
        fc.property(fc.nat(70), valueOf(type), (length, value) => {
          const result = both((memory) => {
            const at = memory.room(type, length);
            memory.kernels[`fill${type}`](at, length, value);
            return memory.get(type, at, length);
          });
          assert.deepStrictEqual(result, new TYPES[type](length).fill(value));
        }),
      );
    });
  });
}

for (const type of ["Float64", "Float32"] as const) {
  it(`squareRoot${type}: as Math.sqrt`, () => {
    fc.assert(
      fc.property(numbersOf(type), (numbers) => {
        const result = both((memory) => {
          const [at, out] = [memory.put(type, numbers), memory.room(type, numbers.length, 3)];
          memory.kernels[`squareRoot${type}`](at, numbers.length, out);
          return memory.get(type, out, numbers.length);
        });
        assert.deepStrictEqual(
          result,
          expected(type, numbers, (number) => inType(type, Math.sqrt(number))),
        );
      }),
    );
  });
}

it("fillUint8: all of a range, and nothing else", () => {
  for (const memory of [WASM, TWIN]) {
    memory.reset();
    const at = memory.room("Uint8", 33, 5);
    memory.kernels.fillUint8(at, 33, 300);
    assert.deepStrictEqual(memory.get("Uint8", at, 33), new Uint8Array(33).fill(44));
    memory.clear();
  }
});
