import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { nth, tens } from "./fixtures/tasks.js";
import { assertNumbers, inputFor, samples, withInput } from "./inputs.js";
import { anySetting, inSetting } from "./settings.js";

const RUNS = { numRuns: 150 };

/** Groups as a Map has them, keys ascending, NaN last. */
function grouped(keys: readonly number[]): (readonly [number, number[]])[] {
  const groups = new Map<number, number[]>();
  for (const [index, key] of keys.entries()) groups.set(key, [...(groups.get(key) ?? []), index]);
  const order = [...Float64Array.from(groups.keys()).sort()];
  return order.map((key) => [key, groups.get(key) ?? []] as const);
}

describe("parallel.groupBy", () => {
  it("has key get further arguments", async () => {
    using base = SharedArray.from("float64", [100]);
    await fc.assert(
      fc.asyncProperty(samples(), fc.integer({ min: 1, max: 5 }), anySetting, async (sample, of, setting) => {
        const groups = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.groupBy(numbers, { on, key: nth, args: [of, base] }),
            (on) => parallel.groupBySync(numbers, { on, key: nth, args: [of, base] }),
          ),
        );
        const keys = Array.from(sample.numbers, (x, i) => nth(x, i, of, base));
        assert.deepStrictEqual(
          [...groups].map(([key, indices]) => [key, [...indices]]),
          grouped(keys),
        );
      }),
      RUNS,
    );
  });

  it("gives the indexes of numbers with one key, as a Map would", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), fc.boolean(), anySetting, async (sample, hasKey, setting) => {
        const options = hasKey ? { key: tens } : {};
        const groups = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.groupBy(numbers, { on, ...options }),
            (on) => parallel.groupBySync(numbers, { on, ...options }),
          ),
        );
        // Of −0 the key is 0, as in a Map.
        const keys = Array.from(sample.numbers, (x) => (hasKey ? tens(x) : x) + 0);
        const expected = grouped(keys);
        assert.deepStrictEqual(
          [...groups].map(([key, indices]) => [key, [...indices]]),
          expected,
        );
        assert.deepStrictEqual(
          [...groups.keys],
          expected.map(([key]) => key),
        );
        assert.equal(groups.offsets.length, groups.keys.length + 1);
        assert.equal(groups.offsets.at(-1), groups.indices.length);
      }),
      RUNS,
    );
  });
});

describe("parallel.flatten", () => {
  it("puts arrays of one kind one after another", async () => {
    await fc.assert(
      fc.asyncProperty(
        samples(),
        fc.array(fc.nat(400), { maxLength: 30 }),
        anySetting,
        async (sample, ends, setting) => {
          const { kind, type } = ends.length === 0 ? ({ kind: "array", type: "float64" } as const) : sample;
          const parts = ends.map((end) => ({ ...sample, numbers: sample.numbers.slice(0, end) }));
          const inputs = parts.map(inputFor);
          const result = await inSetting(
            setting,
            async (on) => parallel.flatten(inputs, { on }),
            (on) => parallel.flattenSync(inputs, { on }),
          );
          assertNumbers(
            result,
            { kind, type },
            parts.flatMap(({ numbers }) => [...numbers]),
          );
          for (const one of [result, ...inputs]) if (one instanceof SharedArray) one.dispose();
        },
      ),
      RUNS,
    );
  });
});
