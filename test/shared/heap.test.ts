import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { scope, threads } from "skein";
import { Heap } from "#skein/shared/heap";
import { liveSharedObjects, Mutex, Semaphore } from "skein/shared";

import { hammer, hammerWithStops } from "../support/hammer.js";
import { codeOf } from "../support/failure.js";
import { BLOCKS_TAKEN, type HeapHits, OVERLAPS } from "./fixtures/heap-hits.js";
import { giveBackOther } from "./fixtures/heap-tasks.js";

const hits = new URL("./fixtures/heap-hits.js", import.meta.url);
const KIND = 63;

describe("the shared heap", () => {
  it("tells a thread from the next ones in its slot by as much of its life as structures keep", () => {
    const heap = new Heap();
    const { slot, state } = heap.life;
    assert.equal(heap.hasEnded({ slot, state }), false);
    assert.equal(heap.hasEnded({ slot, state: state + 4 }), true, "the next one");
    assert.equal(heap.hasEnded({ slot, state: (state + 1) & ~3 }), true, "nobody");
    assert.equal(heap.hasEnded({ slot, state: state + (1 << 23) }), false, "of which no more was kept");
  });

  it("gives blocks that are empty, do not overlap, and are found by their handles", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.record({ take: fc.integer({ min: 1, max: 200_000 }) }),
            fc.record({ giveBack: fc.nat(50) }),
            fc.record({ giveBackAgain: fc.nat(50) }),
          ),
          { maxLength: 60 },
        ),
        (steps) => {
          const heap = new Heap();
          // The model: what lives, and what does not any more.
          const live: { handle: number; offset: number; byteLength: number }[] = [];
          const gone: number[] = [];
          for (const step of steps) {
            if ("take" in step) {
              const offset = heap.allocate(step.take, KIND);
              assert.equal(offset % 16, 0);
              const bytes = new Uint8Array(heap.buffer, offset, step.take);
              assert.ok(bytes.every((byte) => byte === 0));
              bytes.fill(255);
              for (const other of live) {
                assert.ok(offset + step.take <= other.offset || other.offset + other.byteLength <= offset);
              }
              live.push({ handle: heap.handleOf(offset), offset, byteLength: step.take });
            } else if ("giveBack" in step) {
              const [block] = live.splice(step.giveBack % Math.max(1, live.length), 1);
              if (block === undefined) continue;
              assert.equal(heap.free(block.handle), true);
              gone.push(block.handle);
            } else {
              const handle = gone[step.giveBackAgain % Math.max(1, gone.length)];
              if (handle !== undefined) assert.equal(heap.free(handle), false);
            }
            for (const { handle, offset } of live) assert.equal(heap.locate(handle), offset);
            for (const handle of gone) assert.equal(heap.locate(handle), undefined);
            assert.equal([...heap.liveBlocks()].length, live.length);
          }
          for (const { handle } of live) heap.free(handle);
          assert.equal(heap.statistics().usedBytes, 0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("uses what was given back again", () => {
    const heap = new Heap();
    for (const byteLength of [16, 1000, 16_384, 100_000]) {
      heap.free(heap.handleOf(heap.allocate(byteLength, KIND)));
      const before = heap.statistics().chunks;
      for (let i = 0; i < 1000; i++) heap.free(heap.handleOf(heap.allocate(byteLength, KIND)));
      assert.equal(heap.statistics().chunks, before);
    }
  });

  it("says so when it is full, and goes on when something is given back", async () => {
    const heap = new Heap(new SharedArrayBuffer(8 * 1024 * 1024));
    const offsets: number[] = [];
    const code = await codeOf(() => {
      for (;;) offsets.push(heap.allocate(500_000, KIND));
    });
    assert.equal(code, "SKEIN_OUT_OF_SHARED_MEMORY");
    assert.equal(await codeOf(() => heap.allocate(2 ** 40, KIND)), "SKEIN_OUT_OF_SHARED_MEMORY");
    assert.equal(heap.free(heap.handleOf(offsets[0] as number)), true);
    assert.equal(heap.allocate(500_000, KIND), offsets[0]);
  });

  it("knows no block by a number that is no handle", () => {
    const heap = new Heap();
    for (const handle of [0, -1, NaN, Infinity, 2 ** 52, 2 ** 53, 1.5]) {
      assert.equal(heap.locate(handle), undefined);
      assert.equal(heap.free(handle), false);
    }
  });

  it("sees all of a large block that another thread made behind the end of what was seen", () => {
    const theirs = new Heap();
    const ours = new Heap(theirs.source);
    const seen = ours.cells.byteLength;
    const offset = theirs.allocate(seen, KIND);
    assert.ok(offset < seen, "it begins within");
    assert.equal(ours.locate(theirs.handleOf(offset)), offset);
    assert.ok(ours.cells.byteLength >= offset + seen);
    // And of one that begins there, too.
    const next = theirs.allocate(seen, KIND);
    assert.equal(ours.locate(theirs.handleOf(next)), next);
    assert.ok(ours.cells.byteLength >= next + seen);
  });

  it("sees all of such a block too if it comes by its place alone, as payloads do", () => {
    const theirs = new Heap();
    const ours = new Heap(theirs.source);
    const seen = ours.cells.byteLength;
    const offset = theirs.allocate(seen, KIND);
    assert.ok(offset < seen, "it begins within");
    assert.ok(ours.cellsWith(offset).byteLength >= offset + seen);
  });

  it("lists what nobody disposed of", () => {
    const before = liveSharedObjects().length;
    const mutex = new Mutex({ name: "kept" });
    const semaphore = new Semaphore({ permits: 1, name: "a name that is longer than it can be" });
    const names = new Set(liveSharedObjects().map(({ kind, name }) => `${kind} ${name}`));
    assert.ok(names.has("mutex kept"));
    assert.ok(names.has("semaphore a name that is longer th"));
    mutex.dispose();
    semaphore.dispose();
    assert.equal(liveSharedObjects().length, before);
  });

  it("takes back what another thread gives back", async () => {
    const pool = threads({ size: 2, name: "givers" });
    const mutexes = Array.from({ length: 200 }, () => new Mutex());
    await scope(async (s) => {
      await s.spawn(giveBackOther, [mutexes.slice(0, 100)], { on: pool });
      await s.spawn(giveBackOther, [new Set(mutexes.slice(100))], { on: pool });
    });
    assert.ok(mutexes.every((mutex) => mutex.isDisposed));
    assert.equal(await codeOf(() => scope((s) => s.spawn(giveBackOther, [mutexes], { on: pool }))), "SKEIN_DISPOSED");
    await pool.close();
  });

  for (const threadCount of [2, 4, 8]) {
    it(`gives no block to two of ${threadCount} threads`, async () => {
      using anchor = new Mutex();
      const data: HeapHits = { anchor, memory: new SharedArrayBuffer(64), rounds: 200_000 };
      await hammer(hits, threadCount, data);
      const cells = new Int32Array(data.memory);
      assert.equal(cells[OVERLAPS], 0);
      assert.ok((cells[BLOCKS_TAKEN] as number) >= data.rounds);
    });
  }

  it("gives the blocks of threads that are stopped anywhere to others, each to one", async () => {
    using anchor = new Mutex();
    const data: HeapHits = { anchor, memory: new SharedArrayBuffer(64), rounds: 200_000 };
    const cells = new Int32Array(data.memory);
    await hammerWithStops(hits, 4, data, {
      count: 24,
      progress: () => Atomics.load(cells, BLOCKS_TAKEN),
      every: 2000,
      end: data.rounds,
    });
    assert.equal(cells[OVERLAPS], 0);
  });
});
