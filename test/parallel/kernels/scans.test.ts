import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { both, type Numbers, numbersOf, randomNumbers, TYPES, valueOf } from "./memories.js";

type Type = "Float64" | "Float32" | "Int32";

interface Scanned {
  readonly out: Numbers;
  readonly carry: number;
}

function scan(
  kind: "inclusive" | "exclusive",
  type: Type,
  numbers: Numbers,
  carry: number,
  isInPlace = false,
): Scanned {
  const { length } = numbers;
  return both((memory) => {
    const at = memory.put(type, numbers);
    const out = isInPlace ? at : memory.room(type, length, 3);
    const next = memory.kernels[`${kind}Scan${type}`](at, length, carry, out);
    return { out: memory.get(type, out, length), carry: next };
  });
}

/** One after the other. */
function plainly(
  type: Type,
  numbers: Numbers,
  carry: number,
): { readonly inclusive: number[]; readonly exclusive: number[] } {
  let sum = carry;
  const [inclusive, exclusive]: [number[], number[]] = [[], []];
  for (const number of numbers) {
    exclusive.push(sum);
    sum = type === "Int32" ? (sum + number) | 0 : sum + number;
    inclusive.push(sum);
  }
  return { inclusive, exclusive };
}

/** Numbers whose sums are exact in any order. */
const WHOLE = fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 70 });

describe("running sums", () => {
  for (const type of ["Float64", "Float32", "Int32"] as const) {
    it(`${type}: of whole numbers what one addition after the other gives`, () => {
      fc.assert(
        fc.property(WHOLE, fc.integer({ min: -9, max: 9 }), fc.boolean(), (list, carry, isInPlace) => {
          const numbers = TYPES[type].from(list);
          const { inclusive, exclusive } = plainly(type, numbers, carry);
          const last = inclusive.at(-1) ?? carry;
          assert.deepStrictEqual(scan("inclusive", type, numbers, carry, isInPlace), {
            out: TYPES[type].from(inclusive),
            carry: last,
          });
          assert.deepStrictEqual(scan("exclusive", type, numbers, carry, isInPlace), {
            out: TYPES[type].from(exclusive),
            carry: last,
          });
        }),
      );
    });

    it(`${type}: of any numbers both give the same sums, and a range goes on where another ends`, () => {
      fc.assert(
        fc.property(numbersOf(type), valueOf(type), (numbers, carry) => {
          const whole = scan("inclusive", type, numbers, carry);
          const before = scan("exclusive", type, numbers, carry);
          assert.deepStrictEqual(before.carry, whole.carry);
          const shifted = [carry, ...whole.out].slice(0, numbers.length);
          assert.deepStrictEqual(before.out, TYPES[type].from(shifted));
          // In fours, so as not to change what is summed with what.
          const cut = Math.floor(numbers.length / 8) * 4;
          const first = scan("inclusive", type, numbers.slice(0, cut), carry);
          const second = scan("inclusive", type, numbers.slice(cut), first.carry);
          assert.deepStrictEqual([...first.out, ...second.out], [...whole.out]);
          assert.deepStrictEqual(second.carry, whole.carry);
        }),
      );
    });
  }

  it("Int32 wraps around", () => {
    const numbers = new Int32Array(9).fill(2 ** 31 - 1);
    assert.deepStrictEqual([...scan("inclusive", "Int32", numbers, 1).out].slice(0, 3), [-(2 ** 31), -1, 2 ** 31 - 2]);
  });

  it("the error keeps to its bound", () => {
    const random = randomNumbers(11);
    const numbers = Float64Array.from({ length: 200_001 }, () => random() - 0.5);
    const { out } = scan("inclusive", "Float64", numbers, 0);
    let [exact, absolute] = [0n, 0];
    for (const [i, number] of numbers.entries()) {
      exact += BigInt(number * 2 ** 60);
      absolute += Math.abs(number);
      assert.ok(Math.abs((out[i] as number) - Number(exact) / 2 ** 60) <= (i / 4 + 5) * 2 ** -53 * absolute, `at ${i}`);
    }
  });
});
