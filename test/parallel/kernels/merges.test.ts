import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { both, type Numbers, numbersOf, TYPES } from "./memories.js";

type Type = "Float64" | "Float32" | "Int32" | "Uint32";

/** Merges in parts, as threads would, each by itself. */
function mergeInParts(type: Type, a: Numbers, b: Numbers, cuts: readonly number[]): Numbers {
  const { BYTES_PER_ELEMENT: size } = TYPES[type];
  const length = a.length + b.length;
  return both((memory) => {
    const { [`coRank${type}`]: coRank, [`merge${type}`]: merge } = memory.kernels as unknown as Record<
      string,
      (...args: number[]) => number
    >;
    assert.ok(coRank !== undefined && merge !== undefined);
    const [atA, atB, out] = [memory.put(type, a), memory.put(type, b), memory.room(type, length)];
    const ranks = [0, ...cuts.map((cut) => cut % (length + 1)), length].sort((one, other) => one - other);
    for (const [i, rank] of ranks.entries()) {
      if (i === 0) continue;
      const before = ranks[i - 1] as number;
      const [fromA, toA] = [before, rank].map((at) => coRank(atA, a.length, atB, b.length, at)) as [number, number];
      const [fromB, toB] = [before - fromA, rank - toA];
      merge(atA + fromA * size, toA - fromA, atB + fromB * size, toB - fromB, out + before * size);
    }
    return memory.get(type, out, length);
  });
}

describe("merging sorted runs", () => {
  for (const type of ["Float64", "Float32", "Int32", "Uint32"] as const) {
    it(`coRank${type}, merge${type}: parts of a merge make the whole, however it is cut`, () => {
      fc.assert(
        fc.property(numbersOf(type), numbersOf(type), fc.array(fc.nat(), { maxLength: 4 }), (first, second, cuts) => {
          const [a, b] = [first.slice().sort(), second.slice().sort()];
          assert.deepStrictEqual(mergeInParts(type, a, b, cuts), TYPES[type].from([...a, ...b]).sort());
        }),
      );
    });
  }

  it("coRankFloat64: of equal numbers those of the first run come first", () => {
    const rankOf = (a: number[], b: number[], rank: number): number =>
      both((memory) =>
        memory.kernels.coRankFloat64(memory.put("Float64", a), a.length, memory.put("Float64", b), b.length, rank),
      );
    assert.deepStrictEqual(
      [0, 1, 2, 3, 4].map((rank) => rankOf([1, 1], [1, 1], rank)),
      [0, 1, 2, 2, 2],
    );
    assert.deepStrictEqual(
      [0, 1, 2, 3].map((rank) => rankOf([2, 3], [1], rank)),
      [0, 0, 1, 2],
    );
    assert.deepStrictEqual(
      [0, 1, 2].map((rank) => rankOf([0], [-0], rank)),
      [0, 0, 1],
    );
    assert.deepStrictEqual(
      [0, 1, 2].map((rank) => rankOf([NaN], [Infinity], rank)),
      [0, 0, 1],
    );
  });

  it("mergeIndicesFloat64: sorted parts of an array make its order, equal numbers in their own", () => {
    fc.assert(
      fc.property(numbersOf("Float64"), fc.nat(), fc.array(fc.nat(), { maxLength: 4 }), (numbers, at, cuts) => {
        const { length } = numbers;
        const middle = at % (length + 1);
        const merged = both((memory) => {
          const { argsortFloat64, coRankIndicesFloat64, mergeIndicesFloat64 } = memory.kernels;
          const keys = memory.put("Float64", numbers);
          const runs = memory.room("Uint32", length);
          const [out, whole] = [memory.room("Uint32", length), memory.room("Uint32", length)];
          const scratch = memory.room("Float64", length * 3 + 6 * 1024);
          argsortFloat64(keys, middle, 0, runs, scratch);
          const second = runs + middle * 4;
          argsortFloat64(keys + middle * 8, length - middle, middle, second, scratch);
          const ranks = [0, ...cuts.map((cut) => cut % (length + 1)), length].sort((one, other) => one - other);
          for (const [i, rank] of ranks.entries()) {
            const before = ranks[i - 1] ?? 0;
            const [from, to] = [before, rank].map((one) =>
              coRankIndicesFloat64(keys, runs, middle, second, length - middle, one),
            ) as [number, number];
            const [fromB, toB] = [before - from, rank - to];
            mergeIndicesFloat64(keys, runs + from * 4, to - from, second + fromB * 4, toB - fromB, out + before * 4);
          }
          argsortFloat64(keys, length, 0, whole, scratch);
          const [parts, order] = [memory.get("Uint32", out, length), memory.get("Uint32", whole, length)];
          assert.deepStrictEqual(parts, order);
          return parts;
        });
        assert.equal(new Set(merged).size, length);
      }),
    );
  });
});
