/** How threads of a pool are prepared, and how they end with calls of theirs under way. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError, scope, threads, TransferError, WorkerLostError } from "skein";
import { callback } from "skein/threads";
import type { Pool } from "#skein/threads/pool";
import type { PoolThread } from "#skein/threads/thread";

import { failureOf } from "../support/failure.js";
import { ask } from "./fixtures/crossing-tasks.js";
import { entered, makeGate, openGate } from "./fixtures/gate.js";
import { accept } from "./fixtures/hostile.js";
import { countOpenings, open } from "./fixtures/life-tasks.js";
import { byteLength, double, passGate, sleepLong } from "./fixtures/tasks.js";
import { unreachable } from "./fixtures/throws-on-threads.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** The only thread of a pool. */
const threadOf = (pool: unknown): PoolThread => (pool as Pool).threads[0] as PoolThread;

describe("the start hook of a thread that ends before it ran it", () => {
  it("is not run on another thread", async () => {
    await using pool = threads({ size: 1, onThreadStart: open, name: "hooked" });
    const runHook = (pool as Pool).runHook.bind(pool);
    (pool as Pool).runHook = (thread) => {
      (pool as Pool).runHook = runHook;
      // It is on the line, and the thread does not see it.
      thread.publish = () => undefined;
      const ended = runHook(thread);
      void thread.terminate();
      return ended;
    };
    assert.ok((await failureOf(pool.run(countOpenings, []))) instanceof WorkerLostError);
    assert.equal(await pool.run(countOpenings, []), 1);
  });
});

describe("a thread that could import nothing", { timeout: 30_000 }, () => {
  it("leaves its place when it has been idle", async () => {
    await using pool = threads({ size: 1, minSize: 0, idleMs: 4, name: "useless" });
    assert.ok((await failureOf(pool.run(unreachable, []))) instanceof WorkerLostError);
    await until(() => !threadOf(pool)?.isAlive);
    assert.equal(await pool.run(double, [1]), 2);
  });
});

describe("jobs of two modules that wait for a busy thread", { timeout: 30_000 }, () => {
  it("both get another one", async () => {
    await using pool = threads({ size: 2, name: "growing" });
    await pool.run(accept, [1]);
    await pool.run(double, [1]);
    const gate = makeGate();
    const held = pool.run(passGate, [gate, 1]);
    await entered(gate, 1);
    assert.equal(pool.statistics().alive, 1);
    assert.deepEqual(await Promise.all([pool.run(accept, [1]), pool.run(double, [2])]), ["number", 4]);
    openGate(gate);
    await held;
  });
});

describe("arguments that never arrive on the thread", () => {
  it("cost their job only", async () => {
    await using pool = threads({ size: 1, name: "deaf" });
    await pool.ready(accept);
    const thread = threadOf(pool);
    const post = thread.post.bind(thread);
    thread.post = (message, transfer) => {
      if (message.kind !== "arguments") post(message, transfer);
    };
    const failure = await failureOf(pool.run(accept, [new SharedArrayBuffer(8)]));
    assert.ok(failure instanceof TransferError, String(failure));
    assert.match(failure.message, /task "accept" can't be read on the thread/);
    thread.post = post;
    assert.equal(await pool.run(accept, [new SharedArrayBuffer(8)]), "object");
    assert.equal(pool.statistics().lost, 0);
  });
});

describe("a thread that is replaced", { timeout: 30_000 }, () => {
  it("ends the jobs that it has, which hear what they are told", async () => {
    await using pool = threads({ size: 1, jobsPerThread: 3, recycleAfterJobs: 3, name: "replaced" });
    await pool.ready(double);
    const gate = makeGate();
    let answer: (value: number) => void = () => undefined;
    const asking = pool.run(ask, [callback(() => new Promise<number>((resolve) => (answer = resolve))), gate]);
    const cleaned = makeGate();
    const cancelled = failureOf(
      scope(async (s) => {
        const job = s.spawn(sleepLong, [gate, cleaned], { on: pool });
        await entered(gate, 2);
        await pool.run(double, [1]);
        assert.equal(threadOf(pool).isAlive, false);
        job.cancel("changed its mind");
        return job;
      }),
    );
    assert.ok((await cancelled) instanceof CancelledError);
    answer(7);
    assert.equal(await asking, 7);
    await until(() => pool.statistics().retired === 1);
    assert.equal(pool.statistics().lost, 0);
  });

  it("runs what was moved to it", async () => {
    await using pool = threads({ size: 1, jobsPerThread: 2, recycleAfterJobs: 1, name: "laden" });
    await pool.ready(double);
    const gate = makeGate();
    const busy = pool.run(passGate, [gate, 1]);
    await entered(gate, 1);
    const bytes = new Uint8Array(16);
    await scope(async (s) => {
      const moved = s.spawn(byteLength, [bytes], { on: pool, transfer: [bytes.buffer] });
      const other = s.spawn(double, [1], { on: pool });
      await Promise.resolve();
      assert.equal(bytes.byteLength, 0);
      // The pool puts its things in order.
      other.cancel("not needed");
      assert.equal(threadOf(pool).isAlive, false);
      openGate(gate);
      assert.equal(await moved, 16);
      await failureOf(other);
    }).catch((error: unknown) => assert.ok(error instanceof CancelledError));
    assert.equal(await busy, 1);
    await until(() => pool.statistics().retired === 1);
    assert.equal(pool.statistics().lost, 0);
  });
});

describe("a job whose arguments were moved", () => {
  it("stays where it is when one of another priority comes", async () => {
    await using pool = threads({ size: 1, name: "ranked" });
    await pool.ready(double);
    const bytes = new Uint8Array(16);
    const results = await scope(async (s) => {
      const moved = s.spawn(byteLength, [bytes], { on: pool, transfer: [bytes.buffer] });
      const other = s.spawn(double, [1], { on: pool, priority: 1 });
      return [await moved, await other];
    });
    assert.deepEqual(results, [16, 2]);
  });
});
