import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Reading, SampleLog } from "#skein/trace/kernel/sample-log";

function reading(atMs: number, cpuMs: number, rest: Partial<Reading> = {}): Reading {
  return {
    atMs,
    cpuMs,
    coreWaitMs: 0,
    state: "running",
    core: 1,
    voluntarySwitches: 0,
    involuntarySwitches: 0,
    ...rest,
  };
}

function times(log: SampleLog): number[] {
  return log.samples().map(({ atMs }) => atMs);
}

describe("a log of readings", () => {
  it("gives back what was put in, and nothing for what is not known", () => {
    const log = new SampleLog(8);
    log.add(reading(1, 2, { state: "lock", coreWaitMs: Number.NaN, core: Number.NaN, involuntarySwitches: 5 }));
    assert.deepEqual(log.samples(), [
      {
        atMs: 1,
        cpuMs: 2,
        coreWaitMs: undefined,
        state: "lock",
        core: undefined,
        voluntarySwitches: 0,
        involuntarySwitches: 5,
      },
    ]);
  });

  it("keeps of readings that say the same the first and the last", () => {
    const log = new SampleLog(8);
    for (const atMs of [1, 2, 3, 4]) log.add(reading(atMs, 7));
    log.add(reading(5, 8));
    for (const atMs of [6, 7, 8]) log.add(reading(atMs, 8));
    assert.deepEqual(times(log), [1, 4, 5, 8]);
  });

  it("unknown counts are the same as unknown counts", () => {
    const log = new SampleLog(8);
    for (const atMs of [1, 2, 3]) log.add(reading(atMs, Number.NaN));
    assert.deepEqual(times(log), [1, 3]);
  });

  it("full, gives up every second one, and never the first or the last", () => {
    const log = new SampleLog(8);
    for (let atMs = 1; atMs <= 8; atMs++) log.add(reading(atMs, atMs));
    assert.deepEqual(times(log), [1, 2, 3, 4, 5, 6, 7, 8]);
    log.add(reading(9, 9));
    assert.deepEqual(times(log), [1, 3, 5, 7, 8, 9]);
    for (let atMs = 10; atMs <= 10_000; atMs++) {
      log.add(reading(atMs, atMs));
      assert.ok(log.length <= 8);
      assert.equal(log.samples()[0]?.atMs, 1);
      assert.equal(log.samples().at(-1)?.atMs, atMs);
    }
    // In order, and the counts still belong to their times.
    assert.deepEqual(
      times(log),
      times(log).toSorted((a, b) => a - b),
    );
    for (const { atMs, cpuMs } of log.samples()) assert.equal(cpuMs, atMs);
  });

  it("forgets all but the last, and goes on from it", () => {
    const log = new SampleLog(8);
    for (const atMs of [1, 2, 3]) log.add(reading(atMs, atMs));
    log.keepLast();
    log.add(reading(4, 4));
    log.finish();
    assert.deepEqual(times(log), [3, 4]);
    const empty = new SampleLog(8);
    empty.keepLast();
    assert.deepEqual(empty.samples(), []);
  });
});
