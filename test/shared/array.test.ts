/** Shared typed arrays, counters and texts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { heap } from "#skein/shared/heap";
import { scope, threads } from "skein";
import { type ArrayType, SharedArray, SharedCounter, SharedText, unshared } from "skein/shared";

import { codeOf } from "../support/failure.js";
import { hammer, hammerWithStops } from "../support/hammer.js";
import type { CollectHits } from "./fixtures/collect-hits.js";
import { doubled } from "./fixtures/array-tasks.js";

const hits = new URL("./fixtures/collect-hits.js", import.meta.url);

const TYPES = "int8 uint8 int16 uint16 int32 uint32 float32 float64 bigint64 biguint64".split(" ") as ArrayType[];

describe("a shared array", () => {
  for (const type of TYPES) {
    it(`of ${type} is a typed array in shared memory`, () => {
      const elements = type.startsWith("big") ? [0n, 1n, 100n] : [0, 1, 100];
      using made = SharedArray.from(type, elements as never, { name: "made" });
      assert.deepEqual([...made], elements);
      assert.deepEqual([made.type, made.length, made.name], [type, 3, "made"]);
      assert.ok(made.values.buffer instanceof SharedArrayBuffer);
      const copy = made.copy();
      assert.ok(copy.buffer instanceof ArrayBuffer);
      assert.deepEqual([...(copy as Iterable<unknown>)], elements);
      assert.equal(copy.constructor, made.values.constructor);
    });
  }

  it("has no elements, or as many as memory has room for", async () => {
    using none = new SharedArray({ type: "uint8", length: 0 });
    assert.deepEqual([...none], []);
    using many = new SharedArray({ type: "float64", length: 1_000_000 });
    many.values[999_999] = 1;
    assert.equal(
      many.values.reduce((sum, one) => sum + one),
      1,
    );
    assert.equal(
      await codeOf(() => new SharedArray({ type: "float64", length: 2 ** 40 })),
      "SKEIN_OUT_OF_SHARED_MEMORY",
    );
  });

  for (const length of [0, 1, 1000, 100_000]) {
    it(`of ${length} is 0 at first also where something else was, unless its maker writes all of it`, () => {
      const before = new Set<number>();
      for (const zeroed of [true, undefined, false, true]) {
        using made = new SharedArray({ type: "int32", length, ...(zeroed !== undefined && { zeroed }) });
        assert.equal(made.length, length);
        if (zeroed !== false) assert.ok(made.values.every((one) => one === 0));
        else if (length > 1 && before.has(made.values.byteOffset)) assert.ok(made.values.includes(7));
        made.values.fill(7);
        before.add(made.values.byteOffset);
      }
      // Memory was used again: else nothing was looked at.
      assert.ok(before.size < 4);
    });
  }

  it("of 4 KiB or more begins where a line of a cache does", () => {
    const BYTES = [0, 8, 4088, 4096, 4104, 8192, 32_000, 65_536, 1_000_000, 8_000_000];
    for (const bytes of BYTES) {
      // Side by side: blocks of one size, and runs of chunks.
      const some = Array.from({ length: 3 }, () => new SharedArray({ type: "float64", length: bytes / 8 }));
      for (const [i, one] of some.entries()) one.values.fill(i);
      for (const [i, one] of some.entries()) {
        assert.equal(one.values.byteOffset % (bytes < 4096 ? 8 : 64), 0, `${bytes} bytes`);
        assert.ok(
          one.values.every((value) => value === i),
          `${bytes} bytes`,
        );
        one.dispose();
      }
    }
  });

  it("refuses wrong use", async () => {
    for (const options of [
      undefined,
      {},
      { type: "text", length: 1 },
      { type: "int8", length: -1 },
      { type: "int8" },
      { type: "int8", length: 1, zeroed: 0 },
    ]) {
      assert.equal(await codeOf(() => new SharedArray(options as never)), "SKEIN_INVALID_ARGUMENT");
    }
    assert.equal(await codeOf(() => SharedArray.from("uint8", [1, 256])), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => SharedArray.from("bigint64", [1 as never])), "SKEIN_INVALID_ARGUMENT");
    const gone = new SharedArray({ type: "int8", length: 1 });
    gone.dispose();
    assert.equal(await codeOf(() => gone.copy()), "SKEIN_DISPOSED");
  });

  it("passes to a task, which writes in place, and comes back as itself", async () => {
    const pool = threads({ size: 1, name: "doubling" });
    using numbers = SharedArray.from("int32", [1, 2, 3]);
    using text = new SharedText("twice");
    using counter = new SharedCounter();
    const back = await scope(async (s) => s.spawn(doubled, [{ numbers, text, counter }], { on: pool }));
    assert.equal(back.numbers, numbers);
    assert.equal(back.text, text);
    assert.deepEqual([...numbers], [2, 4, 6]);
    assert.equal(counter.value, 3);
    await pool.close();
  });

  it("is copied by unshared only where it must be", () => {
    using bytes = SharedArray.from("uint8", [104, 105]);
    assert.equal(new TextDecoder().decode(unshared(bytes.values.subarray(1))), "i");
    const own = new Float32Array(2);
    assert.equal(unshared(own), own);
    const view = unshared(new DataView(bytes.values.buffer, bytes.values.byteOffset, 1));
    assert.equal(view.getUint8(0), 104);
  });
});

describe("a shared text", () => {
  it("is any string", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (value) => {
        using text = new SharedText(value);
        assert.equal(text.value, value);
        assert.equal(text.length, value.length);
      }),
    );
    using lone = new SharedText("\ud800x".repeat(5000), { name: "lone" });
    assert.equal(String(lone), "\ud800x".repeat(5000));
    assert.equal(lone.name, "lone");
  });

  it("is made of nothing else", async () => {
    for (const value of [1, undefined, null, {}]) {
      assert.equal(await codeOf(() => new SharedText(value as never)), "SKEIN_INVALID_ARGUMENT");
    }
  });
});

describe("a shared counter", () => {
  it("counts up and down, past 32 bits", async () => {
    using counter = new SharedCounter({ name: "counter" });
    counter.add();
    counter.add(2 ** 40);
    counter.add(-1);
    assert.equal(counter.value, 2 ** 40);
    for (const wrong of [0.5, NaN, "1", 2 ** 53]) {
      assert.equal(await codeOf(() => counter.add(wrong as never)), "SKEIN_INVALID_ARGUMENT");
    }
  });

  for (const threadCount of [2, 4, 8]) {
    it(`loses nothing of ${threadCount} threads`, async () => {
      using counter = new SharedCounter();
      const data: CollectHits = { what: "counter", counter, memory: new SharedArrayBuffer(4), rounds: 1_000_000 };
      const own = await hammer<number>(hits, threadCount, data);
      assert.equal(
        counter.value,
        own.reduce((sum, one) => sum + one),
      );
    });
  }

  it("keeps what threads have counted that were stopped", async () => {
    const before = heap().statistics().usedBytes;
    using counter = new SharedCounter();
    const memory = new SharedArrayBuffer(4);
    const rounds = 400_000;
    const data: CollectHits = { what: "counter", counter, memory, rounds };
    const progress = (): number => Atomics.load(new Int32Array(memory), 0);
    await hammerWithStops(hits, 4, data, { count: 16, progress, every: 5000, end: rounds });
    // It counts first, and says so then.
    assert.ok(counter.value >= progress() && counter.value <= progress() + 16, `${counter.value} of ${progress()}`);
    counter.dispose();
    assert.equal(heap().statistics().usedBytes, before);
  });
});
