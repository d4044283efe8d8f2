import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { type Numbers, parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { ARRAYS, KINDS, samples, type Sample, type TypeName, TYPES, type TypedArray, withInput } from "./inputs.js";
import { anySetting, EACH_SETTING, inSetting, poolOf, type Setting, withSeams } from "./settings.js";

const RUNS = { numRuns: 150 };
const BLOCK = 8192;

/** The order that is promised: eight lanes in each block, then the blocks. */
function inLanes(terms: ArrayLike<number>): number {
  let sum = 0;
  for (let from = 0; from < terms.length; from += BLOCK) {
    const block = Array.prototype.slice.call(terms, from, from + BLOCK) as number[];
    const whole = block.length - (block.length % 8);
    const [a, b, c, d, e, f, g, h] = Array.from({ length: 8 }, (_, lane) => {
      let total = 0;
      for (let i = lane; i < whole; i += 8) total += block[i] as number;
      return total;
    }) as [number, number, number, number, number, number, number, number];
    sum += a + c + (e + g) + (b + d + (f + h)) + block.slice(whole).reduce((all, one) => all + one, 0);
  }
  return sum;
}

function sumIn(setting: Setting, numbers: Numbers): Promise<number> {
  return inSetting(
    setting,
    async (on) => parallel.sum(numbers, { on }),
    (on) => parallel.sumSync(numbers, { on }),
  );
}

/** Numbers of a type that fill some blocks, with a rest. */
function many(type: TypeName, length = 5 * BLOCK + 13): TypedArray {
  const numbers = Float64Array.from({ length }, (_, i) => Math.sin(i) * 10 ** ((i * 7) % 9));
  return new ARRAYS[type](type.startsWith("float") ? numbers : numbers.map(Math.trunc));
}

/** All types and kinds of input, each in some of the settings in turn, with numbers enough for several blocks. */
async function eachLong(body: (sample: Sample, setting: Setting) => Promise<void>): Promise<void> {
  let turn = 0;
  for (const type of TYPES) {
    const numbers = many(type);
    for (const kind of KINDS) {
      if (kind === "array" && type !== "float64") continue;
      for (let i = 0; i < 5; i++)
        await body({ kind, type, numbers }, EACH_SETTING[turn++ % EACH_SETTING.length] as Setting);
    }
  }
}

describe("parallel.sum", () => {
  it("adds in lanes, bit by bit", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), anySetting, async (sample, setting) => {
        const result = await withInput(sample, async (numbers) => sumIn(setting, numbers));
        assert.deepStrictEqual(result, inLanes(sample.numbers));
      }),
      RUNS,
    );
  });

  it("has the same bits on any number of threads, of any kind of input", async () => {
    await eachLong(async (sample, setting) => {
      const result = await withInput(sample, async (numbers) => sumIn(setting, numbers));
      assert.equal(result, inLanes(sample.numbers), JSON.stringify({ ...sample, numbers: 0, setting }));
    });
  });

  it("takes typed arrays wherever they are in their buffers", async () => {
    for (const length of [1, 2, 3, 5, 7, 13]) {
      assert.equal(await parallel.sum(new Uint8Array(length).fill(1)), length);
      assert.equal(parallel.sumSync(new Uint8Array(length + 1).fill(1).subarray(1)), length);
      assert.equal(parallel.sumSync(new Float32Array(length).fill(1)), length);
      assert.equal(parallel.sumSync(new Float32Array(length + 1).fill(1).subarray(1)), length);
      assert.equal(parallel.sumSync(Buffer.alloc(length, 1)), length);
      assert.equal(parallel.sumSync(new Int32Array(new SharedArrayBuffer(4 * length)).fill(1)), length);
    }
  });

  it("sees what a buffer has when it is asked, also one that changed its size", async () => {
    const Resizable = ArrayBuffer as unknown as new (
      bytes: number,
      options: object,
    ) => ArrayBuffer & { resize(bytes: number): void };
    const buffer = new Resizable(64, { maxByteLength: 1 << 16 });
    assert.equal(parallel.sumSync(new Float64Array(buffer).fill(1)), 8);
    buffer.resize(1 << 16);
    assert.equal(parallel.sumSync(new Float64Array(buffer).fill(1)), 1 << 13);
    buffer.resize(16);
    assert.equal(parallel.sumSync(new Float64Array(buffer).fill(1)), 2);
  });

  it("of some megabytes", async () => {
    const numbers = many("float64", 1_000_003);
    const expected = inLanes(numbers);
    for (const setting of EACH_SETTING) assert.equal(await sumIn(setting, numbers), expected, JSON.stringify(setting));
  });
});

describe("parallel.dot", () => {
  it("adds products in lanes, bit by bit", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), fc.constantFrom(...KINDS), anySetting, async (sample, otherKind, setting) => {
        const kind = sample.kind === "array" || otherKind === "array" ? sample.kind : otherKind;
        const reversed = { ...sample, kind, numbers: sample.numbers.slice().reverse() };
        const result = await withInput(sample, async (a) =>
          withInput(reversed, async (b) =>
            inSetting(
              setting,
              async (on) => parallel.dot(a, b, { on }),
              (on) => parallel.dotSync(a, b, { on }),
            ),
          ),
        );
        const products = Array.from(sample.numbers, (x, i) => x * (reversed.numbers[i] as number));
        assert.deepStrictEqual(result, inLanes(products));
      }),
      RUNS,
    );
  });

  it("has the same bits on any number of threads, of any kind of input", async () => {
    await eachLong(async (sample, setting) => {
      const result = await withInput(sample, async (numbers) =>
        inSetting(
          setting,
          async (on) => parallel.dot(numbers, numbers, { on }),
          (on) => parallel.dotSync(numbers, numbers, { on }),
        ),
      );
      const products = Array.from(sample.numbers, (x) => x * x);
      assert.equal(result, inLanes(products), JSON.stringify({ ...sample, numbers: 0, setting }));
    });
  });
});

describe("parallel.minMax", () => {
  const extremes = (numbers: ArrayLike<number>): { min: number; max: number } => {
    let [min, max] = [Infinity, -Infinity];
    for (let i = 0; i < numbers.length; i++) {
      min = Math.min(min, numbers[i] as number);
      max = Math.max(max, numbers[i] as number);
    }
    return { min, max };
  };
  const inForms = async (setting: Setting, sample: Sample): Promise<unknown> =>
    withInput(sample, async (numbers) =>
      inSetting(
        setting,
        async (on) => parallel.minMax(numbers, { on }),
        (on) => parallel.minMaxSync(numbers, { on }),
      ),
    );

  it("gives what Math.min and Math.max do", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), anySetting, async (sample, setting) => {
        assert.deepStrictEqual(await inForms(setting, sample), extremes(sample.numbers));
      }),
      RUNS,
    );
  });

  it("of several blocks, on any number of threads, with −0 and NaN in other blocks", async () => {
    await eachLong(async (sample, setting) => {
      assert.deepStrictEqual(await inForms(setting, sample), extremes(sample.numbers));
    });
    const numbers = new Float64Array(3 * BLOCK);
    numbers[2 * BLOCK] = -0;
    for (const setting of EACH_SETTING) {
      const sample: Sample = { kind: "shared", type: "float64", numbers };
      assert.deepStrictEqual(await inForms(setting, sample), { min: -0, max: 0 });
      const odd = { ...sample, numbers: numbers.slice().fill(NaN, BLOCK + 1, BLOCK + 2) };
      assert.deepStrictEqual(await inForms(setting, odd), { min: NaN, max: NaN });
    }
  });
});

describe("parallel.histogram", () => {
  interface Bins {
    readonly bins: number;
    readonly low: number;
    readonly high: number;
  }
  const counted = (numbers: ArrayLike<number>, { bins, low, high }: Bins): Uint32Array => {
    const counts = new Uint32Array(bins);
    for (let i = 0; i < numbers.length; i++) {
      const x = numbers[i] as number;
      if (!(x >= low && x <= high)) continue;
      const bin = Math.min(bins - 1, Math.floor((x - low) * (bins / (high - low))));
      counts[bin] = (counts[bin] as number) + 1;
    }
    return counts;
  };
  const inForms = async (setting: Setting, sample: Sample, bins: Bins): Promise<Uint32Array> =>
    withInput(sample, async (numbers) =>
      inSetting(
        setting,
        async (on) => parallel.histogram(numbers, { on, ...bins }),
        (on) => parallel.histogramSync(numbers, { on, ...bins }),
      ),
    );
  const anyBins = fc
    .record({
      bins: fc.integer({ min: 1, max: 70 }),
      low: fc.integer({ min: -60, max: 60 }),
      width: fc.integer({ min: 1, max: 99 }),
    })
    .map(({ bins, low, width }): Bins => ({ bins, low: low / 2, high: low / 2 + width / 3 }));

  it("counts numbers in bins, both ends included", async () => {
    await fc.assert(
      fc.asyncProperty(samples(), anyBins, anySetting, async (sample, bins, setting) => {
        assert.deepStrictEqual(await inForms(setting, sample, bins), counted(sample.numbers, bins));
      }),
      RUNS,
    );
  });

  it("of several blocks, on any number of threads", async () => {
    const bins = { bins: 17, low: -1000, high: 1000 };
    await eachLong(async (sample, setting) => {
      assert.deepStrictEqual(await inForms(setting, sample, bins), counted(sample.numbers, bins));
    });
  });

  it("under way beside another that wants more bins", async () => {
    // More than any before, so that both make this thread take other memory to count in.
    const [some, more] = [100, 5000].map((bins) => ({ bins, low: -1e9, high: 1e9 })) as [Bins, Bins];
    const numbers = many("float64", 40 * BLOCK);
    const on = await poolOf(1);
    await withSeams({ itemsBefore: 0 }, async () => {
      await withInput({ kind: "shared", type: "float64", numbers }, async (shared) => {
        const both = [parallel.histogram(shared, { on, ...some }), parallel.histogram(shared, { on, ...more })];
        const others = Array.from({ length: 20 }, () => SharedArray.from("float64", new Float64Array(50).fill(0.5)));
        assert.deepStrictEqual(await Promise.all(both), [counted(numbers, some), counted(numbers, more)]);
        for (const other of others) assert.deepStrictEqual(other.copy(), new Float64Array(50).fill(0.5));
      });
    });
  });

  it("has tables of fewer numbers, all together, than there are items", async () => {
    const numbers = many("uint32", 100 * BLOCK);
    const bins = { bins: 1 << 16, low: 0, high: 2 ** 32 };
    const on = await poolOf(2);
    for (const kind of ["shared", "typed"] as const) {
      await withInput({ kind, type: "uint32", numbers }, async (given) => {
        const { result, calls } = await withSeams({ itemsBefore: 0 }, async () =>
          parallel.explain(async () => parallel.histogram(given, { on, ...bins })),
        );
        assert.deepStrictEqual(result, counted(numbers, bins));
        const parts = (calls[0]?.participants ?? []).reduce((sum, one) => sum + one.parts, 0);
        assert.equal(parts, Math.ceil((100 * BLOCK) / (4 * bins.bins)));
      });
    }
  });

  it("has as many bins as a thread has memory for, each time other ones", async () => {
    const numbers = many("float64", 2 * BLOCK);
    for (const bins of [1, 1 << 16, 3, 1 << 20]) {
      for (const isSync of [false, true]) {
        const setting = { size: 2, itemsBefore: 0, isHeldBack: false, isSync };
        const how = { bins, low: -1e9, high: 1e9 };
        assert.deepStrictEqual(
          await inForms(setting, { kind: "shared", type: "float64", numbers }, how),
          counted(numbers, how),
        );
      }
    }
  });
});
