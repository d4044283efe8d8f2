import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { scope, sleep, threads } from "skein";
import { Mutex } from "skein/shared";

import { codeOf } from "../support/failure.js";
import { hammer, hammerWithStops } from "../support/hammer.js";
import { entered, makeGate, openGate } from "../threads/fixtures/gate.js";
import { addUnderLock, ask, askAndStandStill, holdForEver } from "./fixtures/mutex-tasks.js";
import { FIRST, INTRUSIONS, type MutexHits, SECOND } from "./fixtures/mutex-hits.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const hits = new URL("./fixtures/mutex-hits.js", import.meta.url);

describe("a shared mutex", () => {
  it("has one holder at a time", () => {
    using mutex = new Mutex({ name: "one" });
    const guard = mutex.tryLock();
    assert.ok(guard?.isHeld);
    assert.equal(mutex.tryLock(), undefined);
    guard.release();
    assert.equal(guard.isHeld, false);
    guard.release(); // does nothing
    const next = mutex.lockSync();
    guard.release(); // nor does it release what another holds
    assert.ok(mutex.statistics().isLocked);
    next.release();
    assert.deepEqual(mutex.statistics(), { isLocked: false, owner: undefined, waitingHere: 0, isConsistent: true });
  });

  it("goes to the jobs of a thread in order of arrival", async () => {
    using mutex = new Mutex();
    const order: number[] = [];
    const first = await mutex.lock();
    await scope(async (s) => {
      for (let i = 0; i < 5; i++) {
        s.spawn(async () => {
          const guard = await mutex.lock(s);
          order.push(i);
          await sleep(0);
          guard.release();
        });
      }
      await sleep(1);
      assert.equal(mutex.statistics().waitingHere, 5);
      first.release();
    });
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
  });

  it("is not taken by a caller that is cancelled, who leaves at once", async () => {
    using mutex = new Mutex();
    using guard = mutex.lockSync();
    assert.equal(await codeOf(() => scope(async (s) => mutex.lock(s), { timeoutMs: 5 })), "SKEIN_TIMEOUT");
    assert.equal(await codeOf(() => scope((s) => mutex.lockSync(s), { timeoutMs: 5 })), "SKEIN_ALREADY_HELD");
    assert.equal(mutex.statistics().waitingHere, 0);
    guard.release();
    mutex.lockSync().release();
  });

  it("refuses wrong use", async () => {
    using mutex = new Mutex({ name: "m" });
    assert.equal(await codeOf(() => mutex.unlock()), "SKEIN_NOT_HELD");
    assert.equal(await codeOf(() => mutex.markConsistent()), "SKEIN_NOT_HELD");
    mutex.lockSync();
    assert.equal(await codeOf(() => mutex.lockSync()), "SKEIN_ALREADY_HELD");
    mutex.unlock();
    assert.equal(await codeOf(() => mutex.unlock()), "SKEIN_NOT_HELD");
    assert.equal(await codeOf(() => mutex.withLockSync(async () => sleep(0))), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => mutex.withLock((s) => mutex.lock(s))), "SKEIN_ALREADY_HELD");
    assert.equal(await codeOf(() => new Mutex(1 as never)), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => new Mutex({ name: 1 as never })), "SKEIN_INVALID_ARGUMENT");
    const gone = new Mutex();
    gone.dispose();
    gone.dispose();
    assert.ok(gone.isDisposed);
  });

  it("arrives on a thread as the same object, and comes back as it", async () => {
    const pool = threads({ size: 2, name: "same" });
    using mutex = new Mutex({ name: "crosses" });
    const cells = new Int32Array(new SharedArrayBuffer(4));
    await scope(async (s) => {
      const jobs = [1, 2, 3].map(() => s.spawn(addUnderLock, [mutex, cells, 2000], { on: pool }));
      for (const came of await Promise.all(jobs)) assert.equal(came, mutex);
    });
    assert.equal(cells[0], 6000);
    await pool.close();
  });

  it("goes to one that can come while the event loop stands still of another that waits", async () => {
    const pool = threads({ size: 2, name: "still" });
    await pool.ready(ask);
    using mutex = new Mutex();
    for (let round = 0; round < 20; round++) {
      const gate = makeGate();
      const guard = mutex.lockSync();
      const still = pool.run(askAndStandStill, [mutex, gate]);
      await entered(gate, 1);
      const other = pool.run(ask, [mutex, gate]);
      await entered(gate, 2);
      guard.release();
      await other;
      openGate(gate);
      assert.ok(await still);
    }
    await pool.close();
  });

  it("tells the next taker once that its holder died, and is free", { timeout: 20_000 }, async () => {
    const pool = threads({ size: 1, name: "dying" });
    using mutex = new Mutex({ name: "left" });
    const memory = new SharedArrayBuffer(8);
    await scope(
      async (s) => {
        const job = s.spawn(holdForEver, [mutex, memory], { on: pool });
        while (Atomics.load(new Int32Array(memory), 0) === 0) await turn();
        assert.equal(mutex.tryLock(), undefined);
        job.cancel();
        await codeOf(() => job);
      },
      { graceMs: 50 },
    );
    assert.equal(mutex.isConsistent, false);
    assert.equal(await codeOf(() => mutex.lock()), "SKEIN_OWNER_DIED");
    assert.equal(await codeOf(() => mutex.lockSync()), "SKEIN_OWNER_DIED");
    const guard = await mutex.recover();
    mutex.markConsistent();
    guard.release();
    (await mutex.lock()).release();
    await pool.close();
  });

  for (const threadCount of [2, 4, 8]) {
    it(`lets ${threadCount} threads in one at a time, over a million rounds`, async () => {
      using mutex = new Mutex();
      const memory = new SharedArrayBuffer(32);
      const data: MutexHits = { mutex, memory, rounds: 1_000_000, isBlocking: threadCount !== 4 };
      const own = await hammer<number>(hits, threadCount, data);
      const cells = new Int32Array(memory);
      assert.equal(
        own.reduce((sum, one) => sum + one),
        data.rounds,
      );
      assert.deepEqual([cells[FIRST], cells[SECOND], cells[INTRUSIONS]], [data.rounds, data.rounds, 0]);
    });
  }

  it("stays right and free for all while threads are stopped anywhere", async () => {
    using mutex = new Mutex();
    const memory = new SharedArrayBuffer(32);
    const cells = new Int32Array(memory);
    const data: MutexHits = { mutex, memory, rounds: 1_000_000, isBlocking: false };
    await hammerWithStops(hits, 4, data, {
      count: 40,
      progress: () => Atomics.load(cells, FIRST),
      every: 5000,
      end: data.rounds,
    });
    assert.deepEqual([cells[FIRST], cells[SECOND], cells[INTRUSIONS]], [data.rounds, data.rounds, 0]);
  });
});
