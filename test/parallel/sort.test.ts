import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { type Numbers, parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { byTens, byWeight, byWeights, descending } from "./fixtures/tasks.js";
import {
  ARRAYS,
  assertNumbers,
  KINDS,
  samples,
  type Sample,
  type TypeName,
  TYPES,
  type TypedArray,
  withInput,
} from "./inputs.js";
import { anySetting, EACH_SETTING, inSetting, poolOf, type Setting } from "./settings.js";

const RUNS = { numRuns: 150 };
const COMPARES = { "as numbers": undefined, descending, "by tens": byTens } as const;
type CompareName = keyof typeof COMPARES;
const anyCompare = fc.constantFrom(...(Object.keys(COMPARES) as CompareName[]));

/** `compare` is none for numbers that have no place in its order. */
function compareFor(name: CompareName, numbers: ArrayLike<number>): (typeof COMPARES)[CompareName] {
  const hasNone = name === "by tens" && Array.from(numbers).some((x) => !Number.isSafeInteger(x));
  return hasNone ? undefined : COMPARES[name];
}

async function sorted(setting: Setting, sample: Sample, name: CompareName): Promise<void> {
  const compare = compareFor(name, sample.numbers);
  const options = compare === undefined ? {} : { compare };
  const result = await withInput(sample, async (numbers) =>
    inSetting(
      setting,
      async (on) => parallel.sort(numbers, { on, ...options }),
      (on) => parallel.sortSync(numbers, { on, ...options }),
    ),
  );
  assertNumbers(result, sample, sample.numbers.slice().sort(compare));
  if (result instanceof SharedArray) result.dispose();
}

async function argsorted(setting: Setting, sample: Sample, name: CompareName): Promise<void> {
  const compare = compareFor(name, sample.numbers);
  const options = compare === undefined ? {} : { compare };
  const result: Numbers = await withInput(sample, async (numbers) =>
    inSetting<Numbers>(
      setting,
      async (on) => parallel.argsort(numbers, { on, ...options }),
      (on) => parallel.argsortSync(numbers, { on, ...options }),
    ),
  );
  // Of several equal ones the order of indexes: so each index is compared after its number.
  const numbers = Float64Array.from(sample.numbers);
  const inOrder = compare ?? ((a: number, b: number) => orderOf(a, b));
  const expected = Array.from(numbers.keys()).sort(
    (i, j) => inOrder(numbers[i] as number, numbers[j] as number) || i - j,
  );
  assertNumbers(result, { kind: sample.kind, type: "uint32" }, expected);
  if (result instanceof SharedArray) result.dispose();
}

/** The order of `TypedArray.prototype.sort`, as a function. */
function orderOf(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  if (a === 0 && b === 0) return Number(Object.is(b, -0)) - Number(Object.is(a, -0));
  return a < b ? -1 : Number(a > b);
}

const LENGTHS = [(1 << 14) - 1, 1 << 14, (1 << 14) + 1, 70_001, 140_003];
const ORDERS = {
  scattered: (i: number) => ((i * 7919) % 65_537) - 30_000,
  ascending: (i: number) => i,
  descending: (i: number) => -i,
  "few values": (i: number) => (i * 31) % 7,
  awkward: (i: number) => [NaN, -0, 0, Infinity, -Infinity, 5e-324, -5e-324, i][i % 8] as number,
} as const;

function typedOf(type: TypeName, length: number, numberAt: (i: number) => number): TypedArray {
  return new ARRAYS[type](Array.from({ length }, (_, i) => numberAt(i)));
}

describe("parallel.sort", () => {
  it("sorts as TypedArray.prototype.sort does, into an array of the input's kind", async () => {
    await fc.assert(
      fc.asyncProperty(anySetting, samples(), anyCompare, async (setting, sample, name) =>
        sorted(setting, sample, name),
      ),
      RUNS,
    );
  });

  it("sorts in runs that are merged: of all types, lengths, orders", async () => {
    let turn = 0;
    for (const length of LENGTHS) {
      for (const [order, numberAt] of Object.entries(ORDERS)) {
        const type = TYPES[turn % TYPES.length] as TypeName;
        const kind = type === "float64" ? KINDS[turn % 3] : KINDS[turn % 2];
        const numbers = typedOf(type, length, numberAt);
        for (let i = 0; i < 3; i++) {
          const setting = EACH_SETTING[turn++ % EACH_SETTING.length] as Setting;
          const name = i === 0 && order !== "awkward" ? "by tens" : "as numbers";
          await sorted(setting, { kind: kind ?? "typed", type, numbers }, name);
        }
      }
    }
  });

  it("gives the same on any number of threads", async () => {
    const numbers = Float64Array.from({ length: 200_001 }, (_, i) => ORDERS.awkward(i) + (i % 3) * ORDERS.scattered(i));
    for (const setting of EACH_SETTING)
      await sorted(setting, { kind: "shared", type: "float64", numbers }, "as numbers");
  });
});

describe("sorting by what is elsewhere", () => {
  it("has compare get further arguments, one or more, in all forms", async () => {
    using weights = SharedArray.from(
      "float64",
      Array.from({ length: 977 }, (_, i) => (i * 7919) % 500),
    );
    for (const length of [0, 1, 50, (1 << 14) + 1, 70_001]) {
      using indexes = SharedArray.from(
        "uint32",
        Uint32Array.from({ length }, (_, i) => i),
      );
      const unit = 10;
      const weightOf = (i: number): number => Math.floor((weights.values[i % 977] as number) / unit);
      const expected = Array.from(indexes).sort((a, b) => weightOf(a) - weightOf(b) || a - b);
      for (const setting of EACH_SETTING) {
        using sortedIndexes = await inSetting(
          setting,
          async (on) => parallel.sort(indexes, { on, compare: byWeights, args: [weights, unit] }),
          (on) => parallel.sortSync(indexes, { on, compare: byWeights, args: [weights, unit] }),
        );
        assert.deepEqual(Array.from(sortedIndexes), expected, JSON.stringify({ length, setting }));
      }
    }
    // An awaited call has a list of its own.
    const args: [SharedArray<"float64">] = [weights];
    using indexes = SharedArray.from(
      "uint32",
      Uint32Array.from({ length: 70_001 }, (_, i) => i),
    );
    using others = SharedArray.from("float64", [0]);
    const sorting = parallel.sort(indexes, { on: await poolOf(2), compare: byWeight, args });
    args[0] = others;
    using inOrder = await sorting;
    assert.ok(inOrder.values.every((one, i, all) => i === 0 || byWeight(all[i - 1] as number, one, weights) <= 0));
    const few = { compare: byWeight, args: [weights] } as const;
    const byOne = [3, 2, 1, 0].sort((a, b) => byWeight(a, b, weights));
    assert.deepEqual(await parallel.sort([3, 2, 1, 0], few), byOne);
    assert.deepEqual(
      parallel.argsortSync([3, 2, 1, 0], few),
      byOne.map((one) => 3 - one),
    );
  });
});

describe("parallel.argsort", () => {
  it("gives indexes in order of their numbers, and among equal ones in their own", async () => {
    await fc.assert(
      fc.asyncProperty(anySetting, samples(), anyCompare, async (setting, sample, name) =>
        argsorted(setting, sample, name),
      ),
      RUNS,
    );
  });

  it("of runs that are merged: of all types, lengths, orders", async () => {
    let turn = 0;
    for (const length of LENGTHS) {
      for (const [order, numberAt] of Object.entries(ORDERS)) {
        const type = TYPES[turn % TYPES.length] as TypeName;
        const kind = type === "float64" ? KINDS[turn % 3] : KINDS[turn % 2];
        const numbers = typedOf(type, length, numberAt);
        for (let i = 0; i < 2; i++) {
          const setting = EACH_SETTING[turn++ % EACH_SETTING.length] as Setting;
          const name = i === 0 && order !== "awkward" ? "by tens" : "as numbers";
          await argsorted(setting, { kind: kind ?? "typed", type, numbers }, name);
        }
      }
    }
  });
});
