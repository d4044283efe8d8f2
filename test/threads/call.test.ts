/** Numbers of calls, which come again. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError, scope, threads } from "skein";
import { CALL_PLACE_BITS, mostCalls, MOST_USES, RUNS } from "#skein/threads/line";
import type { Pool } from "#skein/threads/pool";
import type { PoolThread } from "#skein/threads/thread";

import { failureOf } from "../support/failure.js";
import { fillBytes } from "./fixtures/fault-tasks.js";
import { entered, makeGate, openGate } from "./fixtures/gate.js";
import { double, passGate, spinWithCheckpoints } from "./fixtures/tasks.js";

/** The number of the first call that a pool puts on a line. */
const FIRST_NUMBER = 1 << CALL_PLACE_BITS;

describe("the number of a job that was cancelled while it ran", () => {
  it("cancels no other job when it comes again", async () => {
    await using pool = threads({ size: 1, name: "numbers" });
    await pool.ready(double);
    const gate = makeGate();
    const error = await failureOf(
      scope(async (s) => {
        const job = s.spawn(spinWithCheckpoints, [gate], { on: pool });
        await entered(gate, 1);
        job.cancel("changed its mind");
        return job;
      }),
    );
    assert.ok(error instanceof CancelledError);
    // One after another they all have its place in the table.
    for (let use = 0; use < MOST_USES; use++) assert.equal(await pool.run(double, [use]), 2 * use);
  });
});

describe("outcomes that go by the ports, while the program is busy", () => {
  it("may be more than there are numbers for: then jobs wait", async () => {
    await using pool = threads({ size: 1, name: "behind" });
    await pool.ready(fillBytes);
    const most = mostCalls(1);
    const thread = (pool as Pool).threads[0] as PoolThread;
    const jobs: Promise<unknown>[] = [];
    // All in one turn, each when the thread has taken the one before.
    for (let job = 0; job < most + 100; job++) {
      jobs.push(pool.run(fillBytes, [16_500, job & 255]));
      thread.publish();
      thread.wake();
      while (thread.count(RUNS) < Math.min(jobs.length, most));
    }
    assert.equal(thread.count(RUNS), most);
    const results = (await Promise.all(jobs)) as Uint8Array[];
    assert.ok(results.every((bytes, job) => bytes[0] === (job & 255)));
    assert.equal(pool.statistics().lost, 0);
  });
});

describe("a job that a thread gives back", () => {
  it("is not run any more if it was cancelled meanwhile", async () => {
    await using pool = threads({ size: 1, name: "given-back" });
    await pool.ready(double);
    const gate = makeGate();
    const error = await failureOf(
      scope(async (s) => {
        const job = s.spawn(passGate, [gate, 0], { on: pool });
        await entered(gate, 1);
        job.cancel("changed its mind");
        // As if it had been taken by a thread that can't run it.
        (pool as Pool).givenBack(FIRST_NUMBER);
        return job;
      }),
    );
    assert.ok(error instanceof CancelledError);
    assert.equal(pool.statistics().queued, 0);
    openGate(gate);
    assert.equal(await pool.run(double, [1]), 2);
    assert.equal(gate[0], 1);
  });
});
