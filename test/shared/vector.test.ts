/** Shared vectors: against an array, misuse, and on real threads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { heap } from "#skein/shared/heap";
import { SharedVector } from "skein/shared";

import { codeOf } from "../support/failure.js";
import { hammer, hammerWithStops } from "../support/hammer.js";
import { type CollectHits, MOST_OF_ONE } from "./fixtures/collect-hits.js";

const hits = new URL("./fixtures/collect-hits.js", import.meta.url);

describe("a shared vector", () => {
  it("does what an array does", () => {
    const number = fc.integer({ min: -1000, max: 1000 });
    const steps = fc.array(
      fc.oneof(
        fc.record({ push: number }),
        fc.record({ pushMany: fc.array(number, { maxLength: 100 }) }),
        fc.record({ set: fc.nat(300), value: number }),
        fc.record({ at: fc.integer({ min: -200, max: 200 }) }),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const before = heap().statistics().usedBytes;
        const vector = new SharedVector({ type: "int32" });
        const model: number[] = [];
        for (const step of all) {
          if ("push" in step) assert.equal(vector.push(step.push), model.push(step.push) - 1);
          else if ("pushMany" in step) {
            assert.equal(vector.pushMany(step.pushMany), model.length);
            model.push(...step.pushMany);
          } else if ("at" in step) assert.equal(vector.at(step.at), model.at(step.at));
          else if (step.set < model.length) {
            vector.set(step.set, step.value);
            model[step.set] = step.value;
          }
          assert.equal(vector.length, model.length);
        }
        assert.deepEqual([...vector], model);
        assert.deepEqual(vector.copy(), Int32Array.from(model));
        assert.deepEqual(
          vector.segments().flatMap((segment) => [...segment]),
          model,
        );
        vector.dispose();
        assert.equal(heap().statistics().usedBytes, before);
      }),
      { numRuns: 100 },
    );
  });

  it("refuses wrong use", async () => {
    for (const options of [undefined, {}, { type: "text" }, { type: "bigint64" }, { type: "int8", capacity: 0 }]) {
      assert.equal(await codeOf(() => new SharedVector(options as never)), "SKEIN_INVALID_ARGUMENT");
    }
    using vector = new SharedVector({ type: "uint8", capacity: 3 });
    for (const value of [256, -1, 0.5, "1", undefined]) {
      assert.equal(await codeOf(() => vector.push(value as never)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => vector.pushMany([1, value as never])), "SKEIN_INVALID_ARGUMENT");
    }
    assert.equal(vector.length, 0);
    vector.pushMany([1, 2]);
    assert.equal(await codeOf(() => vector.pushMany([3, 4])), "SKEIN_OVERFLOW");
    assert.equal(vector.push(3), 2);
    assert.equal(await codeOf(() => vector.push(4)), "SKEIN_OVERFLOW");
    for (const index of [3, -1, 0.5]) {
      assert.equal(await codeOf(() => vector.set(index, 1)), "SKEIN_INVALID_ARGUMENT");
    }
    assert.equal(vector.at(0.5), undefined);
    const gone = new SharedVector({ type: "int8" });
    gone.dispose();
    assert.equal(await codeOf(() => gone.push(1)), "SKEIN_DISPOSED");
  });

  /** Each number once, and those of one thread in its order, without a gap but at the end. */
  function requireWhole(vector: SharedVector<"float64">): void {
    const next = new Map<number, number>();
    for (const number of vector) {
      const thread = Math.floor(number / MOST_OF_ONE);
      assert.equal(number % MOST_OF_ONE, next.get(thread) ?? 0);
      next.set(thread, (number % MOST_OF_ONE) + 1);
    }
  }

  for (const threads of [2, 4, 8]) {
    it(`keeps what ${threads} threads append, in the order of each`, async () => {
      using vector = new SharedVector({ type: "float64" });
      const data: CollectHits = { what: "vector", vector, memory: new SharedArrayBuffer(4), rounds: 1_000_000 };
      const own = await hammer<number>(hits, threads, data);
      assert.equal(
        vector.length,
        own.reduce((sum, one) => sum + one),
      );
      requireWhole(vector);
    });
  }

  it("stays whole, and leaks nothing, while threads are stopped anywhere", async () => {
    const before = heap().statistics().usedBytes;
    const vector = new SharedVector({ type: "float64" });
    const memory = new SharedArrayBuffer(4);
    const rounds = 400_000;
    const data: CollectHits = { what: "vector", vector, memory, rounds };
    const progress = (): number => Atomics.load(new Int32Array(memory), 0);
    await hammerWithStops(hits, 4, data, { count: 16, progress, every: 5000, end: rounds });
    assert.ok(vector.length >= progress() && vector.length <= progress() + 16 * 3, `${vector.length} of ${progress()}`);
    requireWhole(vector);
    vector.dispose();
    assert.equal(heap().statistics().usedBytes, before);
  });
});
