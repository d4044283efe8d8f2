/** Stealing deques: against an array, misuse, and on real threads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { heap } from "#skein/shared/heap";
import { adopt, SharedDeque } from "skein/shared";

import { codeOf } from "../support/failure.js";
import { hammer, hammerWithStops, startOne } from "../support/hammer.js";
import { type DequeHits, IS_OVER, TAKEN } from "./fixtures/deque-hits.js";

const hits = new URL("./fixtures/deque-hits.js", import.meta.url);
const ownerHits = new URL("./fixtures/deque-owner.js", import.meta.url);

/** Counts of numbers pushed and stolen, in cells of the deque's block, behind its header. */
const TOP = 40;
const BOTTOM = 56;

describe("a shared deque", () => {
  for (const begin of [0, 2 ** 31 - 20, -20]) {
    it(`does what an array does, counting from ${begin}`, () => {
      const steps = fc.array(
        fc.oneof(
          { weight: 3, arbitrary: fc.record({ push: fc.double() }) },
          fc.record({ pushMany: fc.array(fc.double(), { maxLength: 90 }) }),
          fc.record({ pop: fc.constant(true) }),
          fc.record({ steal: fc.constant(true) }),
          fc.record({ stealMany: fc.integer({ min: 1, max: 60 }) }),
        ),
        { maxLength: 40 },
      );
      fc.assert(
        fc.property(steps, (all) => {
          const before = heap().statistics().usedBytes;
          const deque = new SharedDeque();
          const cells = new Int32Array(heap().buffer, deque.offset + 32, 72);
          cells[TOP] = begin;
          cells[BOTTOM] = begin;
          const model: number[] = [];
          for (const step of all) {
            if ("push" in step) {
              deque.push(step.push);
              model.push(step.push);
            } else if ("pushMany" in step) {
              for (const number of step.pushMany) deque.push(number);
              model.push(...step.pushMany);
            } else if ("pop" in step) assert.equal(deque.pop(), model.pop());
            else if ("steal" in step) assert.equal(deque.steal(), model.shift());
            else {
              const count = Math.min(step.stealMany, Math.ceil(model.length / 2));
              assert.deepEqual(deque.stealMany(step.stealMany), model.splice(0, count));
            }
            assert.equal(deque.length, model.length);
            assert.equal(deque.isEmpty, model.length === 0);
          }
          deque.dispose();
          assert.equal(heap().statistics().usedBytes, before);
        }),
        { numRuns: 80 },
      );
    });
  }

  it("refuses wrong use", async () => {
    using deque = new SharedDeque({ type: "int32" });
    for (const value of [0.5, "1", undefined, 2 ** 31]) {
      assert.equal(await codeOf(() => deque.push(value as never)), "SKEIN_INVALID_ARGUMENT");
    }
    assert.equal(await codeOf(() => deque.stealMany(0)), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => new SharedDeque({ type: "text" as never })), "SKEIN_INVALID_ARGUMENT");
    deque.takeOver(); // it is its own
    const gone = new SharedDeque();
    gone.dispose();
    assert.equal(await codeOf(() => gone.push(1)), "SKEIN_DISPOSED");
  });

  it("is its owner's until that ends, and another's then", async () => {
    using heapMate = new SharedDeque(); // brings the heap to the thread
    const thread = startOne(ownerHits, heapMate);
    using deque = adopt((await thread.result) as SharedDeque);
    assert.equal(await codeOf(() => deque.push(1)), "SKEIN_WRONG_THREAD");
    assert.equal(await codeOf(() => deque.pop()), "SKEIN_WRONG_THREAD");
    assert.equal(await codeOf(() => deque.takeOver()), "SKEIN_WRONG_THREAD");
    assert.equal(deque.steal(), 0);
    await thread.stop();
    assert.equal(await codeOf(() => deque.push(1)), "SKEIN_WRONG_THREAD");
    deque.takeOver();
    for (let number = 100; number < 1000; number++) deque.push(number);
    for (let number = 999; number > 0; number--) assert.equal(deque.pop(), number);
    assert.equal(deque.pop(), undefined);
  });

  /** Puts in a million numbers, and takes some out again. */
  function own(deque: SharedDeque, data: DequeHits, from: number, end: number): void {
    const counts = new Int32Array(data.taken);
    const cells = new Int32Array(data.memory);
    for (let number = from; number < end; number++) {
      deque.push(number);
      if (number % 3 !== 0) continue;
      const popped = deque.pop();
      if (popped === undefined) continue;
      Atomics.add(counts, popped, 1);
      Atomics.add(cells, TAKEN, 1);
    }
  }

  const NUMBERS = 1_000_000;
  const dataFor = (deque: SharedDeque): DequeHits => ({
    deque,
    taken: new SharedArrayBuffer(NUMBERS * 4),
    memory: new SharedArrayBuffer(8),
  });

  for (const threads of [2, 4, 8]) {
    it(`gives each number to one of ${threads} threads`, async () => {
      using deque = new SharedDeque({ type: "int32" });
      const data = dataFor(deque);
      const all = hammer<number>(hits, threads - 1, data);
      for (let from = 0; from < NUMBERS; from += 10_000) {
        own(deque, data, from, from + 10_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      Atomics.store(new Int32Array(data.memory), IS_OVER, 1);
      await all;
      assert.ok(new Int32Array(data.taken).every((count) => count === 1));
    });
  }

  it("gives none twice, and loses none but what a stopped thief had taken", async () => {
    using deque = new SharedDeque({ type: "int32" });
    const data = dataFor(deque);
    const cells = new Int32Array(data.memory);
    let from = 0;
    const progress = (): number => {
      // Called in every turn: the owner's work is done between the stops.
      if (from < NUMBERS) own(deque, data, from, (from += 5000));
      else Atomics.store(cells, IS_OVER, 1);
      return from === NUMBERS && deque.isEmpty ? NUMBERS + 1 : from;
    };
    await hammerWithStops(hits, 3, data, { count: 12, progress, every: 20_000, end: NUMBERS + 1 });
    const counts = new Int32Array(data.taken);
    assert.ok(counts.every((count) => count <= 1));
    const lost = counts.filter((count) => count === 0).length;
    // `stealMany` may have had some in hand.
    assert.ok(lost <= 12 * 8, `${lost} lost`);
  });
});
