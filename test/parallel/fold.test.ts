import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { add, joined, larger, latter, shown, weighed } from "./fixtures/tasks.js";
import { ARRAYS, assertNumbers, samples, TYPES, withInput } from "./inputs.js";
import { anySetting, EACH_SETTING, inSetting, poolOf, withSeams } from "./settings.js";

const RUNS = { numRuns: 150 };
const MONOIDS = {
  sum: { identity: 0, combine: add },
  largest: { identity: -Infinity, combine: larger },
  last: { identity: 0, combine: latter },
} as const;
const anyMonoid = fc.constantFrom(...Object.values(MONOIDS));

type Combine = (a: number, b: number) => number;

/** The order that is promised, written down plainly: blocks of the number of items alone, each of two halves. */
function inBlocks(
  numbers: ArrayLike<number>,
  identity: number,
  combine: Combine,
  few = 8,
): { blocks: number[]; items: number } {
  // At most 256 blocks; of few items up to 8 blocks, or 32 where each is mapped, then blocks of 256 items.
  const items = Math.max(1, Math.min(256, Math.ceil(numbers.length / few)), Math.ceil(numbers.length / 256));
  const blocks: number[] = [];
  for (let from = 0; from < numbers.length; from += items) {
    const block = Array.prototype.slice.call(numbers, from, from + items) as number[];
    const [one, two] = [block.slice(0, block.length >> 1), block.slice(block.length >> 1)].map((half) =>
      half.reduce(combine, identity),
    ) as [number, number];
    blocks.push(block.length === 1 ? two : combine(one, two));
  }
  return { blocks, items };
}

function reduced(numbers: ArrayLike<number>, identity: number, combine: Combine): number {
  return inBlocks(numbers, identity, combine).blocks.reduce(combine, identity);
}

function scanned(numbers: ArrayLike<number>, identity: number, combine: Combine, isInclusive: boolean): number[] {
  const { blocks, items } = inBlocks(numbers, identity, combine);
  const results: number[] = [];
  let carry = identity;
  for (const [block, value] of blocks.entries()) {
    let running = carry;
    for (let i = block * items; i < Math.min(numbers.length, (block + 1) * items); i++) {
      const after = combine(running, numbers[i] as number);
      results.push(isInclusive ? after : running);
      running = after;
    }
    carry = combine(carry, value);
  }
  return results;
}

/** Numbers of which floating-point sums depend on the order. */
function uneven(length: number): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length }, (_, i) => Math.sin(i) * 10 ** ((i * 7) % 19));
}

describe("parallel.reduce", () => {
  it("puts numbers together in blocks, in their order, bit by bit", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), anyMonoid, anySetting, async (sample, monoid, setting) => {
        const result = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.reduce(numbers, monoid, { on }),
            (on) => parallel.reduceSync(numbers, monoid, { on }),
          ),
        );
        assert.ok(Object.is(result, reduced(sample.numbers, monoid.identity, monoid.combine)));
      }),
      RUNS,
    );
  });

  it("puts together what map makes of them, of any kind of value", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), anySetting, async (sample, setting) => {
        const monoid = { identity: "", combine: joined };
        const result = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.reduce(numbers, monoid, { on, map: shown }),
            (on) => parallel.reduceSync(numbers, monoid, { on, map: shown }),
          ),
        );
        assert.equal(result, Array.from(sample.numbers, (x, i) => shown(x, i)).join(""));
      }),
      RUNS,
    );
  });

  it("has map get further arguments", async () => {
    using weights = SharedArray.from("float64", [0.5, -2, 1000]);
    await fc.assert(
      fc.asyncProperty(samples(), anyMonoid, anySetting, fc.nat(9), async (sample, monoid, setting, by) => {
        const options = { map: weighed, args: [by, weights] } as const;
        const result = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.reduce(numbers, monoid, { on, ...options }),
            (on) => parallel.reduceSync(numbers, monoid, { on, ...options }),
          ),
        );
        const mapped = Float64Array.from(sample.numbers, (x, i) => weighed(x, i, by, weights));
        const { blocks } = inBlocks(mapped, monoid.identity, monoid.combine, 32);
        assert.ok(Object.is(result, blocks.reduce(monoid.combine, monoid.identity)));
      }),
      RUNS,
    );
  });

  it("of none gives the identity", async () => {
    const identity = { of: "nothing" };
    const monoid = { identity, combine: joined as never };
    assert.equal(await parallel.reduce([], monoid as never), identity);
    assert.equal(parallel.reduceSync(new Int8Array(), monoid as never), identity);
  });

  it("has the same bits on any number of threads, of any kind of input", async () => {
    const typed = uneven(300_001);
    const inputs = [typed, [...typed], SharedArray.from("float64", typed)];
    const expected = reduced(typed, 0, add);
    for (const setting of EACH_SETTING) {
      for (const numbers of inputs) {
        const result = await inSetting(
          setting,
          async (on) => parallel.reduce(numbers, MONOIDS.sum, { on }),
          (on) => parallel.reduceSync(numbers, MONOIDS.sum, { on }),
        );
        assert.equal(result, expected, JSON.stringify(setting));
      }
    }
  });
});

describe("parallel.scan", () => {
  it("knows nothing of what reduce may be asked, wherever it runs", async () => {
    const options = { map: weighed, args: [1, 2] };
    const on = await poolOf(2);
    const numbers = Array.from({ length: 3000 }, (_, i) => i % 7);
    const expected = scanned(numbers, 0, add, true);
    assert.deepEqual(parallel.scanSync(numbers, MONOIDS.sum, options as never), expected);
    await withSeams({ itemsBefore: 0 }, async () => {
      assert.deepEqual(await parallel.scan(numbers, MONOIDS.sum, { on, ...options }), expected);
    });
  });

  it("gives running totals, with or without each item's own, bit by bit", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), anyMonoid, fc.boolean(), anySetting, async (sample, monoid, inclusive, setting) => {
        const result = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.scan(numbers, monoid, { on, inclusive }),
            (on) => parallel.scanSync(numbers, monoid, { on, inclusive }),
          ),
        );
        assertNumbers(result, sample, scanned(sample.numbers, monoid.identity, monoid.combine, inclusive));
        if (result instanceof SharedArray) result.dispose();
      }),
      RUNS,
    );
  });

  it("gives results of a type that was asked for, and rounds nothing between", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), fc.constantFrom(...TYPES), anySetting, async (sample, type, setting) => {
        const result = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.scan(numbers, MONOIDS.sum, { on, type }),
            (on) => parallel.scanSync(numbers, MONOIDS.sum, { on, type }),
          ),
        );
        const expected = scanned(sample.numbers, 0, add, true);
        assertNumbers(result, { ...sample, type: sample.kind === "array" ? "float64" : type }, expected);
        if (result instanceof SharedArray) result.dispose();
      }),
      RUNS,
    );
  });

  it("has the same bits on any number of threads, of any kind of input", async () => {
    const typed = uneven(300_001);
    const expected = scanned(typed, 0, add, true);
    for (const setting of EACH_SETTING) {
      for (const kind of ["typed", "array", "shared"] as const) {
        const result = await withInput({ kind, type: "float64", numbers: typed }, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.scan(numbers, MONOIDS.sum, { on }),
            (on) => parallel.scanSync(numbers, MONOIDS.sum, { on }),
          ),
        );
        assertNumbers(result, { kind, type: "float64" }, ARRAYS.float64.from(expected));
        if (result instanceof SharedArray) result.dispose();
      }
    }
  });
});
