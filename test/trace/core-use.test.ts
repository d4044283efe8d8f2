import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { buildTimeline, computeFigures, coreUse, type CoreUse, type KernelFacts, type Trace } from "skein/trace";

import { readings, START_MS, ThreadReadings, ThreadScript, traceOf } from "./support/traces.js";

function withKernel(kernel: KernelFacts, cores = 2, durationMs = 1000): Trace {
  return { ...traceOf(durationMs, [new ThreadScript()], { cores }), kernel };
}

function rounded(use: readonly CoreUse[] | undefined): readonly (readonly number[])[] {
  return (use ?? []).map(({ demand, parallelism, takenByOthers }) =>
    [demand, parallelism, takenByOthers].map((value) => Math.round(value * 100) / 100),
  );
}

void describe("cores over time", () => {
  void it("tell demand from parallelism, and what others took", () => {
    const trace = withKernel(
      readings(
        new ThreadReadings(1, "loop", 0).spend(400, 0.5, 0.5).spend(600, 0),
        new ThreadReadings(2, "pool", 1).spend(400, 0.75, 0.25).spend(600, 1),
      ),
    );
    const use = rounded(coreUse(trace, 0, 1000));
    assert.equal(use.length, 25); // two readings each
    assert.deepEqual(
      use.slice(0, 10),
      Array.from({ length: 10 }, () => [2, 1.25, 0.75]),
    );
    assert.deepEqual(
      use.slice(10),
      Array.from({ length: 15 }, () => [1, 1, 0]),
    );
  });

  void it("take nothing for taken that more threads than cores explain", () => {
    const pool = [1, 2, 3, 4].map((tid) => new ThreadReadings(tid, "pool", tid).spend(1000, 0.5, 0.5));
    for (const stretch of rounded(coreUse(withKernel(readings(...pool)), 0, 1000)))
      assert.deepEqual(stretch, [4, 2, 0]);
  });

  void it("leave out threads that record", () => {
    const kernel = readings(
      new ThreadReadings(1, "loop", 0).spend(1000, 0.2),
      new ThreadReadings(2, "observer").spend(1000, 1),
    );
    assert.deepEqual(rounded(coreUse(withKernel(kernel), 0, 40)), [[0.2, 0.2, 0]]);
  });

  void it("count all that a thread used which began later", () => {
    const late = new ThreadReadings(2, "pool", 1).spend(200, 1).toThread();
    const kernel: KernelFacts = {
      ...readings(new ThreadReadings(1, "loop", 0).spend(1000, 0)),
      threads: [
        new ThreadReadings(1, "loop", 0).spend(1000, 0).toThread(),
        // Begun at 492, first read at 500: it had used what it was made with, and no more.
        { ...late, samples: late.samples.map((sample) => ({ ...sample, atMs: sample.atMs + 500 })) },
      ],
    };
    const use = coreUse(withKernel(kernel), 0, 1000) ?? [];
    const usedMs = use.reduce((sum, { beginMs, endMs, parallelism }) => sum + parallelism * (endMs - beginMs), 0);
    assert.ok(Math.abs(usedMs - 205) < 1e-6, String(usedMs));
  });

  void it("are not known where nobody read the threads", () => {
    assert.equal(coreUse(traceOf(100, []), 0, 100), undefined);
    const unread = withKernel({ sampleEveryMs: 0, threads: [], coreRuns: undefined });
    assert.equal(coreUse(unread, 0, 100), undefined);
    const figures = computeFigures(buildTimeline(unread), unread);
    assert.equal(figures.coreUse.badge, "not available");
  });

  void it("stay few however long the recording is", () => {
    const kernel = readings(new ThreadReadings(1, "loop", 0).spend(60_000, 0.5));
    assert.equal(coreUse(withKernel(kernel, 2, 60_000), 0, 60_000)?.length, 500);
  });
});

void describe("cores at once", () => {
  void it("are exact from the kernel's switches", () => {
    const run = (
      tid: number,
      core: number,
      beginMs: number,
      endMs: number,
    ): NonNullable<KernelFacts["coreRuns"]>[number] => ({
      tid,
      core,
      beginMs: START_MS + beginMs,
      endMs: START_MS + endMs,
      wasPreempted: true,
    });
    const kernel: KernelFacts = {
      sampleEveryMs: 20,
      threads: [],
      coreRuns: [run(1, 0, 10, 20), run(2, 1, 15, 30), run(1, 0, 40, 50)],
    };
    const trace = withKernel(kernel);
    assert.deepEqual(computeFigures(buildTimeline(trace), trace).timeAtCores, {
      badge: "exact",
      value: [10, 25, 5],
    });
  });
});

void describe("counted figures", () => {
  void it("are steals, parks, wake-ups and pauses", () => {
    const worker = new ThreadScript(1)
      .add(1, "threadPark", 1)
      .add(5, "threadUnpark", 1)
      .add(6, "steal", 111, 2)
      .add(7, "steal", 112, 2)
      .add(8, "gcPause", 0, 3);
    const trace = traceOf(10, [worker]);
    const { steals, parks, wakeUps, gcTime } = computeFigures(buildTimeline(trace), trace);
    assert.deepEqual([steals.value, parks.value, wakeUps.value, gcTime.value?.totalMs], [2, 1, 1, 3]);
    assert.equal(computeFigures(buildTimeline(trace)).steals.badge, "not available");
  });

  void it("are what waits were for", () => {
    const main = new ThreadScript()
      .wait(0, 1, 'lock of mutex "money"')
      .wait(0, 3, "sleep")
      .wait(2, 4, 'join job "x"')
      .wake(4, 4)
      .wake(5, 1)
      .wait(5, 2, 'send to channel "orders"')
      .wake(6, 2);
    const { waitedMs } = computeFigures(buildTimeline(traceOf(10, [main])));
    assert.deepEqual(waitedMs.value, { io: 10, lock: 5, channel: 1, jobs: 2 });
  });
});
