/** Helpers that don't come, or end, or go before the call is over. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { whenReady } from "#skein/parallel/team";
import { type AnyTask, CancelledError, scope, threads, TransferError, WorkerLostError } from "skein";
import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";
import type { ThreadPool } from "skein/threads";

import { half, longHalf } from "./fixtures/slow-import.js";
import {
  callNested,
  CELLS,
  endOrGoOn,
  ENTERED,
  FINISHED,
  foreign,
  type Gate,
  latter,
  OPEN,
  slowSquare,
  useGate,
} from "./fixtures/waiting-tasks.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

const numbersTo = (end: number): number[] => Array.from({ length: end }, (_, i) => i);

/** Has all threads of a pool ready to help with calls of a function. */
async function getReady(pool: ThreadPool, fn: AnyTask): Promise<void> {
  await whenReady({ pool, helpers: pool.size, alone: pool.size }, [fn]);
}

/** A gate that this thread has, and the threads of a pool. */
async function gateFor(pool: ThreadPool): Promise<Gate> {
  const gate = new Int32Array(new SharedArrayBuffer(4 * CELLS));
  useGate(gate);
  // A key for each thread.
  for (let i = 0; i < pool.size; i++) await pool.run(useGate, [gate], { affinity: i });
  return gate;
}

describe("a call", () => {
  for (const [fn, what] of [
    [half, "does not wait for them"],
    [longHalf, "waits a while, if it would rather have them do it"],
  ] as const) {
    it(`that is over before its threads are ready ${what}`, { timeout: 30_000 }, async () => {
      const channel = new BroadcastChannel("parallel: slow-import");
      const importing = new Promise((resolve) => (channel.onmessage = resolve));
      const pool = threads({ size: 1, name: "slow" });
      const halves = await parallel.map(numbersTo(40), fn, { on: pool });
      assert.deepEqual(
        halves,
        numbersTo(40).map((x) => x / 2),
      );
      await importing; // it had been asked for, and goes on only now
      channel.postMessage("go on");
      await pool.ready(fn);
      channel.close();
      await pool.close();
    });
  }

  it("in the blocking form does without a pool that is closed", async () => {
    const pool = threads({ size: 1, name: "closed" });
    await pool.close();
    assert.deepEqual(
      parallel.mapSync(numbersTo(40), slowSquare, { on: pool }),
      numbersTo(40).map((x) => x * x),
    );
    await turn(); // what is rejected and not looked at fails this test
  });
});

describe("an awaited call", () => {
  it("fails if what it works with can't be passed to threads", { timeout: 30_000 }, async () => {
    const pool = threads({ size: 1, name: "foreign" });
    await getReady(pool, slowSquare);
    const args = [() => 1];
    await assert.rejects(
      parallel.map(numbersTo(200), slowSquare, { on: pool, args }),
      (error) =>
        error instanceof TransferError &&
        /what map slowSquare works with can't be passed to threads: .* is the function/.test(error.message),
    );
    await pool.close();
  });

  it("that is cancelled is that, also if its pool ends while it gets ready", { timeout: 30_000 }, async () => {
    const pool = threads({ size: 1, name: "unready" });
    const call = async (): Promise<unknown> =>
      scope(async (s) => {
        const called = parallel.map(numbersTo(200), slowSquare, { on: pool }, s);
        await turn();
        s.cancel("enough");
        void pool.destroy();
        await called;
      });
    await assert.rejects(call, CancelledError);
    await pool.destroy();
  });
});

describe("a blocking call", () => {
  it("fails if what a helper made can't cross", { timeout: 30_000 }, async () => {
    const pool = threads({ size: 1, name: "foreign" });
    await gateFor(pool);
    await getReady(pool, foreign);
    assert.throws(
      () =>
        parallel.reduceSync<unknown>(
          numbersTo(40),
          { identity: 0, combine: latter },
          { map: foreign as never, on: pool },
        ),
      (error) => error instanceof TransferError && /can't be passed to the thread that called/.test(error.message),
    );
    await pool.close();
  });

  it("fails if a thread ends, once the others have ended what they had in hand", { timeout: 30_000 }, async () => {
    const pool = threads({ size: 2, name: "ending" });
    const gate = await gateFor(pool);
    await getReady(pool, endOrGoOn);
    assert.throws(() => parallel.mapSync(numbersTo(40), endOrGoOn, { on: pool }), WorkerLostError);
    assert.equal(gate[FINISHED], 1);
    assert.deepEqual(parallel.mapSync([1, 2, 3], slowSquare, { on: pool }), [1, 4, 9]);
    await pool.destroy();
  });
});

describe("the memory of a call on a pool's thread", () => {
  it("is there until the caller is done, though its helpers have gone", { timeout: 30_000 }, async () => {
    const pool = threads({ size: 2, name: "nested" });
    await pool.ready(callNested);
    using numbers = new SharedArray({ type: "float64", length: 40 });
    const gate = new Int32Array(new SharedArrayBuffer(4 * CELLS));
    // Each thread has memory of its own.
    const onOne = { affinity: 1 };
    const called = pool.run(callNested, [numbers, gate], onOne);
    // The caller stays in one item, and the helper does all others.
    await until(() => Atomics.load(gate, ENTERED) === 1);
    await until(() => pool.statistics().settled >= 1);
    await turn();
    Atomics.store(gate, OPEN, 1);
    Atomics.notify(gate, OPEN);
    const [total, live] = await called;
    assert.equal(total, 40);
    assert.ok(live >= 1);
    const [nextTotal, nextLive] = await pool.run(callNested, [numbers, gate], onOne);
    assert.equal(nextTotal, 40);
    assert.equal(nextLive, live, "it serves the next call");
    await pool.close();
  });
});
