/** Calls beside other jobs of the same pool. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { whenReady } from "#skein/parallel/team";
import { type AnyTask, threads } from "skein";
import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";
import { buildTimeline, findFindings, startRecording } from "skein/trace";
import type { ThreadPool } from "skein/threads";

import {
  CELLS,
  ENTERED,
  type Gate,
  longItem,
  onHelped,
  open,
  pass,
  passInBranch,
  openShut,
  workWhileClosed,
  workWhileShut,
  WORKED,
  slowSquare,
} from "./fixtures/waiting-tasks.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

const makeGate = (): Gate => new Int32Array(new SharedArrayBuffer(4 * CELLS));

async function getReady(pool: ThreadPool, ...fns: AnyTask[]): Promise<void> {
  await whenReady({ pool, helpers: pool.size, alone: pool.size }, fns);
}

describe("helpers", () => {
  it("give way to calls that wait for their thread, and come again", { timeout: 60_000 }, async () => {
    const pool = threads({ size: 1, name: "shared" });
    await getReady(pool, workWhileClosed);
    const gate = makeGate();
    const items = 20_000;
    const counts = new Int32Array(new SharedArrayBuffer(4 * items));
    const call = parallel.for(0, items, workWhileClosed, { args: [gate, counts], on: pool });
    await until(() => Atomics.load(gate, ENTERED) === 1);
    // Were the helper to stay to the end of the call, this would come behind all items.
    await pool.run(open, [gate]);
    await call;
    assert.ok((gate[WORKED] as number) < items);
    assert.ok(counts.every((count) => count === 1));
    await pool.close();
  });

  it("of a blocked caller give way too", { timeout: 60_000 }, async () => {
    const pool = threads({ size: 1, name: "shared" });
    await getReady(pool, workWhileShut);
    const items = 20_000;
    const gate = new SharedArray({ type: "int32", length: CELLS + items });
    let opened: Promise<void> | undefined;
    onHelped.call = () => {
      onHelped.call = undefined;
      opened = pool.run(openShut, [gate]);
      pool.publish?.();
    };
    parallel.forSync(0, items, workWhileShut, { args: [gate], on: pool });
    const { values } = gate;
    assert.ok((values[WORKED] as number) < items, "the pool's other call ran before all was done");
    assert.ok(values.subarray(CELLS).every((count) => count === 1));
    await opened;
    gate.dispose();
    await pool.close();
  });

  it("are shown by recordings each time that they come, and end", { timeout: 60_000 }, async () => {
    const pool = threads({ size: 1, name: "recorded" });
    await getReady(pool, slowSquare);
    const recording = startRecording();
    const call = parallel.map(new Float64Array(2000), slowSquare, { on: pool }, new AbortController().signal);
    // Each comes once the helper has given way.
    for (let job = 0; job < 10; job++) await pool.run(openShut, [new SharedArray({ type: "int32", length: CELLS })]);
    await call;
    const trace = recording.stop();
    const timeline = buildTimeline(trace);
    const ofCall = timeline.jobs.filter(({ name = "" }) => name.startsWith("map slowSquare"));
    assert.ok(ofCall.filter(({ name = "" }) => name.endsWith("part 2")).length > 1);
    assert.ok(ofCall.some(({ name = "" }) => name.endsWith("helpers")));
    assert.deepEqual(new Set(ofCall.map(({ end }) => end)), new Set(["seen"]));
    assert.ok(!findFindings(trace, timeline).some(({ kind }) => kind === "starving-queue"));
    await pool.close();
  });

  it("of joins give way too while they have nothing to do", { timeout: 60_000 }, async () => {
    const pool = threads({ size: 2, name: "joins" });
    await getReady(pool, passInBranch);
    const gate = makeGate();
    const result = parallel.run(passInBranch, [gate], { on: pool });
    await until(() => Atomics.load(gate, ENTERED) === 1);
    // One thread is in the branch that waits for this, the other is hungry.
    await pool.run(open, [gate]);
    assert.equal(await result, 1);
    await pool.close();
  });
});

describe("a pool that has other things to do", () => {
  it("is left no helpers of calls that are over, who know of no other", { timeout: 60_000 }, async () => {
    const pool = threads({ size: 1, name: "busy" });
    await getReady(pool, workWhileClosed);
    const gate = makeGate();
    const passed = pool.run(pass, [gate]);
    await until(() => Atomics.load(gate, ENTERED) === 1);
    const items = 40;
    for (let call = 0; call < 5; call++) {
      // Helpers are called with such arguments, and not told in shared memory.
      const counts = new Int32Array(new SharedArrayBuffer(4 * items));
      await parallel.for(0, items, workWhileClosed, { args: [makeGate(), counts], on: pool });
      assert.ok(counts.every((count) => count === 1));
    }
    assert.equal(pool.statistics().queued, 0);
    open(gate);
    await passed;
    await pool.close();
  });

  it("is not waited for by a call with long items", { timeout: 60_000 }, async () => {
    const pool = threads({ size: 1, name: "busy" });
    await getReady(pool, longItem);
    const gate = makeGate();
    const passed = pool.run(pass, [gate]);
    await until(() => Atomics.load(gate, ENTERED) === 1);
    await parallel.for(0, 4, longItem, { on: pool });
    assert.equal(Atomics.load(gate, 1), 0);
    open(gate);
    await passed;
    await pool.close();
  });
});
