import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { add, affine, count, countFrom, identical, square, weighed } from "./fixtures/tasks.js";
import { assertNumbers, samples, TYPES, withInput } from "./inputs.js";
import { anySetting, EACH_SETTING, inSetting } from "./settings.js";

const RUNS = { numRuns: 150 };

describe("parallel.map", () => {
  it("is typed by the option type, or as the input", async () => {
    using numbers = SharedArray.from("float64", [1, 2]);
    using asked: SharedArray<"uint32"> = await parallel.map(numbers, square, { type: "uint32" });
    using own: SharedArray<"float64"> = parallel.mapSync(numbers, square);
    const typed: Int8Array = parallel.mapSync(new Float64Array(2), square, { type: "int8" });
    using totals: SharedArray<"int32"> = await parallel.scan(own, { identity: 0, combine: add }, { type: "int32" });
    assert.deepEqual([asked.type, own.type, typed.constructor, totals.type], ["uint32", "float64", Int8Array, "int32"]);
  });

  it("gives what Array.prototype.map does, as an array of the input's kind", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), anySetting, async (sample, setting) => {
        const result = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.map(numbers, affine, { on }),
            (on) => parallel.mapSync(numbers, affine, { on }),
          ),
        );
        assertNumbers(
          result,
          sample,
          Array.from(sample.numbers, (x, i) => x * 3 - i),
        );
        if (result instanceof SharedArray) result.dispose();
      }),
      RUNS,
    );
  });

  it("gives results of a type that was asked for; numbers in an array are as they are", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), fc.constantFrom(...TYPES), anySetting, async (sample, type, setting) => {
        const result = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.map(numbers, identical, { on, type }),
            (on) => parallel.mapSync(numbers, identical, { on, type }),
          ),
        );
        assertNumbers(result, { ...sample, type: sample.kind === "array" ? "float64" : type }, sample.numbers);
        if (result instanceof SharedArray) result.dispose();
      }),
      RUNS,
    );
  });

  it("gives the function its further arguments, numbers and what is shared", async () => {
    const weights = SharedArray.from("float64", [0.5, -1, 2]);
    await fc.assert(
      fc.asyncProperty(samples(["float64", "int32"]), fc.double(), anySetting, async (sample, by, setting) => {
        const args: [number, typeof weights] = [by, weights];
        const result = await withInput(sample, async (numbers) =>
          inSetting(
            setting,
            async (on) => parallel.map(numbers, weighed, { on, args }),
            (on) => parallel.mapSync(numbers, weighed, { on, args }),
          ),
        );
        const expected = Array.from(sample.numbers, (x, i) => x * by + (weights.values[i % 3] as number));
        assertNumbers(result, sample, expected);
        if (result instanceof SharedArray) result.dispose();
      }),
      {
        ...RUNS,
        // Its NaN has a sign, or none: as the processor makes it, or the compiler.
        examples: [
          [
            { kind: "shared", type: "float64", numbers: Float64Array.of(-Infinity, 0) },
            0,
            { size: 0, itemsBefore: 0, isHeldBack: false, isSync: false },
          ],
        ],
      },
    );
  });

  it("of a million numbers", async () => {
    const numbers = Float64Array.from({ length: 1_000_001 }, (_, i) => (i * 7919) % 10_007);
    const expected = numbers.map((x, i) => x * 3 - i);
    for (const setting of EACH_SETTING) {
      const result = await inSetting(
        setting,
        async (on) => parallel.map(numbers, affine, { on }),
        (on) => parallel.mapSync(numbers, affine, { on }),
      );
      assert.deepEqual(result, expected, JSON.stringify(setting));
    }
  });
});

describe("parallel.tabulate", () => {
  it("gives what the function makes of each index, in an array of the type that was asked for", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(2000), fc.constantFrom(...TYPES), anySetting, async (length, type, setting) => {
        const result = await inSetting(
          setting,
          async (on) => parallel.tabulate(length, square, { on, type }),
          (on) => parallel.tabulateSync(length, square, { on, type }),
        );
        assertNumbers(
          result,
          { kind: "shared", type },
          Array.from({ length }, (_, i) => i * i - 7),
        );
        result.dispose();
      }),
      RUNS,
    );
  });

  it("gives float64 by default", async () => {
    const result = await parallel.tabulate(3, square);
    assertNumbers(result, { kind: "shared", type: "float64" }, [-7, -6, -3]);
  });
});

describe("parallel.for", () => {
  it("calls its body once with each index, and with no other", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(500), fc.nat(2000), anySetting, async (from, length, setting) => {
        const counts = new SharedArray({ type: "int32", length: 2600 });
        const [to, args]: [number, [typeof counts]] = [from + length, [counts]];
        await inSetting<unknown>(
          setting,
          async (on) => parallel.for(from, to, count, { on, args }),
          (on) => parallel.forSync(from, to, count, { on, args }),
        );
        const expected = Int32Array.from({ length: 2600 }, (_, i) => Number(i >= from && i < to));
        assert.deepStrictEqual(counts.copy(), expected);
        counts.dispose();
      }),
      RUNS,
    );
  });

  it("counts far behind the numbers of 32 bits", async () => {
    const base = Number.MAX_SAFE_INTEGER - 3000;
    for (const setting of EACH_SETTING) {
      const counts = new SharedArray({ type: "int32", length: 2999 });
      const args = [counts, base] as const;
      await inSetting<unknown>(
        setting,
        async (on) => parallel.for(base, base + 2999, countFrom, { on, args }),
        (on) => parallel.forSync(base, base + 2999, countFrom, { on, args }),
      );
      assert.deepStrictEqual(counts.copy(), new Int32Array(2999).fill(1));
    }
  });
});
