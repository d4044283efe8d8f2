/** Rings: against an array, misuse, and on real threads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { heap } from "#skein/shared/heap";
import { HEADER_BYTES, Place } from "#skein/shared/object";
import { SharedRing } from "skein/shared";

import { codeOf } from "../support/failure.js";
import { hammer, hammerWithStops, startOne } from "../support/hammer.js";
import { COUNT, DISORDER, LAST, type RingHits } from "./fixtures/ring-hits.js";

const hits = new URL("./fixtures/ring-hits.js", import.meta.url);

/** Counts of numbers put in and taken out, in cells of the ring's block, behind its header. */
const TAIL = 24;
const HEAD = 40;

describe("a shared ring", () => {
  it("goes on where it was when its thread has forgotten it and gets it again, wherever its counts are", () => {
    for (const begin of [0, 2 ** 31 - 20, -20, -(2 ** 31)]) {
      const ring = new SharedRing({ type: "int32", capacity: 8 });
      const cells = new Int32Array(heap().buffer, ring.offset + HEADER_BYTES, HEAD + 1);
      cells[TAIL] = begin;
      cells[HEAD] = begin;
      assert.equal(ring.write([1, 2, 3, 4, 5]), 5);
      assert.equal(ring.pop(), 1);
      // As when it comes from another thread after the object here was collected.
      using again = new SharedRing<"int32">(new Place(heap(), ring.handle));
      assert.equal(again.write([6, 7, 8, 9, 10, 11]), 4);
      const third = new SharedRing<"int32">(new Place(heap(), ring.handle));
      const into = new Int32Array(12);
      assert.equal(third.read(into), 8);
      assert.deepEqual([...into.subarray(0, 8)], [2, 3, 4, 5, 6, 7, 8, 9]);
    }
  });

  for (const begin of [0, 2 ** 31 - 20, -20]) {
    it(`does what an array does, counting from ${begin}`, () => {
      const number = fc.integer({ min: -128, max: 127 });
      const steps = fc.array(
        fc.oneof(
          fc.record({ push: number }),
          fc.record({ pop: fc.constant(true) }),
          fc.record({ write: fc.array(number, { maxLength: 12 }), typed: fc.boolean() }),
          fc.record({ read: fc.nat(12) }),
        ),
        { maxLength: 60 },
      );
      fc.assert(
        fc.property(fc.constantFrom("int8", "int32", "float32", "float64"), fc.integer({ min: 1, max: 9 }), steps, run),
        { numRuns: 100 },
      );

      type Step = { push: number } | { pop: true } | { write: number[]; typed: boolean } | { read: number };
      function run(type: "int8" | "int32" | "float32" | "float64", least: number, all: readonly unknown[]): void {
        const before = heap().statistics().usedBytes;
        const ring = new SharedRing({ type, capacity: least });
        const { capacity } = ring;
        assert.ok(capacity >= least && capacity < 2 * least + 1 && Number.isInteger(Math.log2(capacity)));
        const cells = new Int32Array(heap().buffer, ring.offset + 32, 56);
        cells[TAIL] = begin;
        cells[HEAD] = begin;
        const Values = { int8: Int8Array, int32: Int32Array, float32: Float32Array, float64: Float64Array }[type];
        const model: number[] = [];
        for (const step of all as readonly Step[]) {
          if ("push" in step) {
            const hasRoom = model.length < capacity;
            assert.equal(ring.push(step.push), hasRoom);
            if (hasRoom) model.push(step.push);
          } else if ("write" in step) {
            const fit = step.write.slice(0, capacity - model.length);
            assert.equal(ring.write(step.typed ? Values.from(step.write) : step.write), fit.length);
            model.push(...fit);
          } else if ("read" in step) {
            const into = new Float64Array(step.read);
            const taken = model.splice(0, step.read);
            assert.equal(ring.read(into), taken.length);
            assert.deepEqual([...into.subarray(0, taken.length)], taken);
          } else assert.equal(ring.pop(), model.shift());
          assert.equal(ring.length, model.length);
        }
        ring.dispose();
        assert.equal(heap().statistics().usedBytes, before);
      }
    });
  }

  it("refuses wrong use", async () => {
    for (const options of [
      undefined,
      { type: "int8" },
      { type: "text", capacity: 1 },
      { type: "bigint64", capacity: 1 },
      { type: "int8", capacity: 0 },
      { type: "int8", capacity: 2 ** 28 + 1 },
    ]) {
      assert.equal(await codeOf(() => new SharedRing(options as never)), "SKEIN_INVALID_ARGUMENT");
    }
    using ring = new SharedRing({ type: "uint8", capacity: 4 });
    for (const value of [256, -1, 0.5, "1", undefined]) {
      assert.equal(await codeOf(() => ring.push(value as never)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => ring.write([1, value as never])), "SKEIN_INVALID_ARGUMENT");
    }
    for (const into of [undefined, [0, 0], new DataView(new ArrayBuffer(4))]) {
      assert.equal(await codeOf(() => ring.read(into as never)), "SKEIN_INVALID_ARGUMENT");
    }
    assert.equal(ring.length, 0);
    const gone = new SharedRing({ type: "int8", capacity: 1 });
    gone.dispose();
    assert.equal(await codeOf(() => gone.push(1)), "SKEIN_DISPOSED");
    assert.equal(await codeOf(() => gone.pop()), "SKEIN_DISPOSED");
  });

  it("is filled by one thread until that ends", async () => {
    using ring = new SharedRing({ type: "int32", capacity: 64 });
    const data: RingHits = { ring, memory: new SharedArrayBuffer(16), end: 10 };
    const thread = startOne(hits, data);
    await thread.result;
    assert.equal(await codeOf(() => ring.push(11)), "SKEIN_WRONG_THREAD");
    assert.equal(await codeOf(() => ring.write([11])), "SKEIN_WRONG_THREAD");
    assert.equal(ring.pop(), 1);
    await thread.stop();
    assert.equal(ring.push(11), true);
    const into = new Int32Array(20);
    assert.equal(ring.read(into), 10);
    assert.deepEqual([...into.subarray(0, 10)], [2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  const MILLION = 1_000_000;

  for (const capacity of [1, 8, 1024]) {
    it(`conserves a million numbers and their order, with room for ${capacity}`, async () => {
      using ring = new SharedRing({ type: "int32", capacity });
      const data: RingHits = { ring, memory: new SharedArrayBuffer(16), end: capacity === 1 ? MILLION / 10 : MILLION };
      await hammer(hits, 2, data);
      const cells = new Int32Array(data.memory);
      assert.deepEqual([cells[COUNT], cells[LAST], cells[DISORDER]], [data.end, data.end, 0]);
      assert.equal(ring.length, 0);
    });
  }

  it("loses nothing but what a stopped thread had in hand", async () => {
    using ring = new SharedRing({ type: "int32", capacity: 64 });
    const data: RingHits = { ring, memory: new SharedArrayBuffer(16), end: 2 * MILLION };
    const cells = new Int32Array(data.memory);
    let isEnding = false;
    const progress = (): number => {
      // The last numbers may be among the lost: then one more tells the end.
      if (!isEnding && Atomics.load(cells, 0) === data.end && ring.length === 0) isEnding = true;
      if (isEnding) Atomics.store(cells, LAST, data.end);
      return Atomics.load(cells, LAST);
    };
    const stops = 16;
    await hammerWithStops(hits, 2, data, { count: stops, progress, every: 50_000, end: data.end });
    assert.equal(cells[DISORDER], 0);
    const lost = data.end - (cells[COUNT] as number);
    assert.ok(lost >= 0 && lost <= stops * 40, `${lost} lost`);
  });
});
