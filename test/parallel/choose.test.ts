import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { isAtLeast, isEven, isNever } from "./fixtures/tasks.js";
import { assertNumbers, samples, withInput } from "./inputs.js";
import { anySetting, EACH_SETTING, inSetting } from "./settings.js";

const RUNS = { numRuns: 150 };
const anyLeast = fc.oneof(fc.nat(60), fc.double(), fc.constant(-Infinity));

describe("parallel.filter", () => {
  it("gives what Array.prototype.filter does, as an array of the input's kind", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), anySetting, async (sample, setting) => {
        const result = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.filter(numbers, isEven, { on }),
            (on) => parallel.filterSync(numbers, isEven, { on }),
          ),
        );
        const expected = Array.from(sample.numbers).filter((x) => isEven(x));
        assertNumbers(result, sample, expected);
        if (result instanceof SharedArray) result.dispose();
      }),
      RUNS,
    );
  });

  it("gives its test the index and further arguments", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), anyLeast, anySetting, async (sample, least, setting) => {
        const args: [number] = [least];
        const result = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.filter(numbers, isAtLeast, { on, args }),
            (on) => parallel.filterSync(numbers, isAtLeast, { on, args }),
          ),
        );
        const expected = Array.from(sample.numbers).filter((x, i) => isAtLeast(x, i, least));
        assertNumbers(result, sample, expected);
        if (result instanceof SharedArray) result.dispose();
      }),
      RUNS,
    );
  });

  it("of a million numbers, on any number of threads", async () => {
    const numbers = Float32Array.from({ length: 1_000_003 }, (_, i) => (i * 7919) % 1009);
    const expected = numbers.filter((x) => isEven(x));
    for (const setting of EACH_SETTING) {
      const result = await inSetting(
        setting,
        async (on) => parallel.filter(numbers, isEven, { on }),
        (on) => parallel.filterSync(numbers, isEven, { on }),
      );
      assert.deepEqual(result, expected, JSON.stringify(setting));
    }
  });
});

describe("parallel.find", () => {
  it("gives the index that Array.prototype.findIndex does", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), anyLeast, anySetting, async (sample, least, setting) => {
        const args: [number] = [least];
        const result = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.find(numbers, isAtLeast, { on, args }),
            (on) => parallel.findSync(numbers, isAtLeast, { on, args }),
          ),
        );
        assert.equal(
          result,
          Array.from(sample.numbers).findIndex((x, i) => isAtLeast(x, i, least)),
        );
      }),
      RUNS,
    );
  });

  it("finds nothing where nothing is", async () => {
    for (const setting of EACH_SETTING) {
      const numbers = new Uint8Array(100_000);
      const result = await inSetting(
        setting,
        async (on) => parallel.find(numbers, isNever, { on }),
        (on) => parallel.findSync(numbers, isNever, { on }),
      );
      assert.equal(result, -1);
    }
  });

  it("finds the first of many in a million numbers, on any number of threads", async () => {
    const numbers = Float64Array.from({ length: 1_000_000 }, (_, i) => i - 1);
    for (const setting of EACH_SETTING) {
      for (const least of [0.5, 654_321.5]) {
        const args: [number] = [least];
        const result = await inSetting(
          setting,
          async (on) => parallel.find(numbers, isAtLeast, { on, args }),
          (on) => parallel.findSync(numbers, isAtLeast, { on, args }),
        );
        assert.equal(result, Math.ceil(least) + 1, JSON.stringify(setting));
      }
    }
  });
});
