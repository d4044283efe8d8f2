/** Stealing deques: against an array, misuse, and on real threads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { heap } from "#skein/shared/heap";
import { Place } from "#skein/shared/object";
import { adopt, SharedDeque } from "skein/shared";

import { codeOf } from "../support/failure.js";
import { hammer, hammerWithStops, startOne } from "../support/hammer.js";
import { everyInterleaving, type Program, type Thread } from "../support/interleavings.js";
import { type DequeHits, IS_OVER, TAKEN } from "./fixtures/deque-hits.js";

const hits = new URL("./fixtures/deque-hits.js", import.meta.url);
const ownerHits = new URL("./fixtures/deque-owner.js", import.meta.url);

interface Variant {
  /** The owner writes BOTTOM before it reads TOP. */
  readonly writesFirst: boolean;
  /** The last number is the one's who moves TOP on. */
  readonly disputesLast: boolean;
  /** A thief reads TOP before BOTTOM. */
  readonly readsTopFirst: boolean;
}

const RIGHT: Variant = { writesFirst: true, disputesLast: true, readsTopFirst: true };

/** The steps of deque.ts: an owner that pops twice, pushes and pops again, and a thief that steals twice. */
function steps({ writesFirst, disputesLast, readsTopFirst }: Variant): Program {
  const now = { top: 0, bottom: 2, places: [1, 2, 0], taken: [] as number[] };
  const moveTop = (from: number): boolean => {
    if (now.top !== from) return false;
    now.top++;
    return true;
  };
  function* pop(): Thread {
    const bottom = now.bottom - 1;
    let { top } = now;
    if (!writesFirst) yield;
    now.bottom = bottom;
    yield;
    if (writesFirst) ({ top } = now);
    yield;
    const value = now.places[bottom] as number;
    if (top < bottom) return void now.taken.push(value);
    if (top === bottom && (!disputesLast || moveTop(top))) {
      now.taken.push(value);
      now.top = Math.max(now.top, top + 1);
    }
    yield;
    now.bottom = bottom + 1;
  }
  function* owner(): Thread {
    yield* pop();
    yield* pop();
    now.places[now.bottom] = 3; // before BOTTOM counts it, so nobody's concern
    now.bottom++;
    yield;
    yield* pop();
  }
  function* thief(): Thread {
    let { bottom } = now;
    if (!readsTopFirst) yield;
    const { top } = now;
    yield;
    if (readsTopFirst) ({ bottom } = now);
    if (bottom <= top) return;
    yield;
    const value = now.places[top] as number;
    yield;
    if (moveTop(top)) now.taken.push(value);
  }
  const check = (): void => {
    const left = now.places.slice(now.top, now.bottom);
    assert.deepEqual(
      [...now.taken, ...left].sort((a, b) => a - b),
      [1, 2, 3],
    );
  };
  function* thieves(): Thread {
    yield* thief();
    yield;
    yield* thief();
  }
  return { threads: [owner(), thieves()], check };
}

describe("the steps of a deque", () => {
  it("give each number once, in every interleaving", () => {
    const { runs } = everyInterleaving(() => steps(RIGHT));
    assert.ok(runs > 10_000, `${runs} runs`);
  });

  for (const [what, variant] of [
    ["an owner that reads TOP before it writes BOTTOM", { ...RIGHT, writesFirst: false }],
    ["an owner that does not dispute the last", { ...RIGHT, disputesLast: false }],
    ["a thief that reads BOTTOM first", { ...RIGHT, readsTopFirst: false }],
  ] as const) {
    it(`don't, with ${what}`, () => {
      assert.throws(() => everyInterleaving(() => steps(variant)), assert.AssertionError);
    });
  }
});

/** Counts of numbers pushed and stolen, in cells of the deque's block, behind its header. */
const TOP = 40;
const BOTTOM = 56;

describe("a shared deque", () => {
  it("goes on where it was when its owner has forgotten it and gets it again", () => {
    for (const count of [3, 64, 200]) {
      const numbers = Array.from({ length: count }, (_, i) => i + 1);
      const deque = new SharedDeque({ type: "int32" });
      for (const number of numbers) deque.push(number);
      assert.equal(deque.steal(), numbers.shift());
      // As when it comes from another thread after the object here was collected.
      using again = new SharedDeque(new Place(heap(), deque.handle));
      again.push(-1);
      assert.equal(again.pop(), -1);
      const third = new SharedDeque(new Place(heap(), deque.handle));
      assert.equal(third.pop(), numbers.pop());
      third.takeOver();
      assert.deepEqual(third.stealMany(1), numbers.splice(0, 1));
      for (let number = numbers.pop(); number !== undefined; number = numbers.pop()) assert.equal(third.pop(), number);
      assert.equal(third.pop(), undefined);
    }
  });

  for (const begin of [0, 2 ** 31 - 20, -20]) {
    it(`does what an array does, counting from ${begin}`, () => {
      const uses = fc.array(
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
        fc.property(uses, (all) => {
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

  it("is nobody's once it is given up", async () => {
    using deque = new SharedDeque({ type: "int32" });
    deque.push(1);
    deque.push(2);
    deque.giveUp();
    for (const verb of ["push", "pop", "giveUp"] as const) {
      assert.equal(await codeOf(() => deque[verb](3)), "SKEIN_WRONG_THREAD");
    }
    assert.equal(deque.steal(), 1);
    deque.takeOver();
    assert.equal(deque.pop(), 2);
    assert.equal(deque.pop(), undefined);
  });

  /** Puts in a million numbers, and takes some out again. */
  function own(deque: SharedDeque, data: DequeHits, from: number, end: number): void {
    const counts = new Int32Array(data.taken);
    const cells = new Int32Array(data.memory);
    for (let number = from; number < end; number++) {
      deque.push(number);
      // In every other block more is taken back than comes: then the last number is disputed.
      const pops = Math.floor(number / 1000) % 2 === 1 ? 2 : Number(number % 3 === 0);
      for (let i = 0; i < pops; i++) {
        const popped = deque.pop();
        if (popped === undefined) break;
        Atomics.add(counts, popped, 1);
        Atomics.add(cells, TAKEN, 1);
      }
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
      if (from === NUMBERS) Atomics.store(cells, IS_OVER, 1);
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
