import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { KernelSample, KernelThread } from "skein/trace";
import { coresUsed, threadRow } from "#skein/cli/live/kernel-rows";
import { outsideFindings } from "#skein/cli/live/outside-findings";

const sample = (atMs: number, change: Partial<KernelSample> = {}): KernelSample => ({
  atMs,
  cpuMs: undefined,
  coreWaitMs: undefined,
  state: "running",
  core: 0,
  voluntarySwitches: undefined,
  involuntarySwitches: undefined,
  ...change,
});

const thread = (samples: readonly KernelSample[], change: Partial<KernelThread> = {}): KernelThread => ({
  tid: 7,
  index: undefined,
  name: "node",
  kind: "loop",
  samples,
  ...change,
});

const ALL = { toMs: 2000, lengthMs: Infinity };

describe("a row of a thread", () => {
  it("has shares and rates of the window alone", () => {
    const samples = [
      sample(0, { cpuMs: 0, coreWaitMs: 0, voluntarySwitches: 0, involuntarySwitches: 0 }),
      sample(1000, { cpuMs: 900, coreWaitMs: 0, voluntarySwitches: 10, involuntarySwitches: 0 }),
      sample(2000, { cpuMs: 1000, coreWaitMs: 500, voluntarySwitches: 15, involuntarySwitches: 2, core: 3 }),
    ];
    const last = threadRow(thread(samples), { toMs: 2000, lengthMs: 1000 });
    assert.deepEqual([last.cpuShare, last.waitShare, last.voluntaryRate, last.involuntaryRate], [0.1, 0.5, 5, 2]);
    assert.equal(last.core, 3);
    assert.equal(threadRow(thread(samples), ALL).cpuShare, 0.5);
  });

  it("has no more than a whole core, though the kernel counts in ticks", () => {
    assert.equal(threadRow(thread([sample(0, { cpuMs: 0 }), sample(10, { cpuMs: 12 })]), ALL).cpuShare, 1);
  });

  it("does not make up what was not read", () => {
    const { cpuShare, waitShare } = threadRow(thread([sample(0), sample(100, { cpuMs: 5 })]), ALL);
    assert.deepEqual([cpuShare, waitShare], [undefined, undefined]);
    assert.equal(threadRow(thread([]), ALL).state, "unknown");
  });

  it("sums up to the cores that were wanted and had", () => {
    const rows = [0.5, 1].map((cpu) =>
      threadRow(
        thread([sample(0, { cpuMs: 0, coreWaitMs: 0 }), sample(100, { cpuMs: 100 * cpu, coreWaitMs: 25 })]),
        ALL,
      ),
    );
    assert.deepEqual(coresUsed(rows), { parallelism: 1.5, demand: 2 });
    assert.deepEqual(coresUsed([]), { parallelism: undefined, demand: undefined });
  });
});

describe("from outside", () => {
  const found = (threads: readonly KernelThread[]) =>
    outsideFindings(
      threads,
      threads.map((one) => threadRow(one, ALL, { waitsIn: "futex_do_wait" })),
    ).map(({ severity, text }) => `${severity}: ${text.en}`);
  const over = (cpu: number, wait: number, state: KernelSample["state"], kind: KernelThread["kind"] = "loop") =>
    thread(
      [0, 250, 500, 1000].map((atMs) => sample(atMs, { cpuMs: cpu * atMs, coreWaitMs: wait * atMs, state })),
      { kind },
    );

  it("a loop that computes all the time stands out, and one that sleeps in a lock", () => {
    assert.deepEqual(found([over(0.97, 0, "running")]), [
      "warning: Thread node (7) computed for 97 % of the time: what its loop has to do besides waits.",
    ]);
    assert.deepEqual(found([over(0, 0, "lock")]), [
      "problem: The loop of thread node (7) does not turn: the thread sleeps in futex_do_wait.",
    ]);
  });

  it("so do a thread without a core, and a pool that is all busy", () => {
    assert.match(found([over(0.4, 0.5, "running")])[0] ?? "", /stood ready without a core for 50 %/);
    assert.match(found([1, 2].map(() => over(0.2, 0, "blocked", "io")))[0] ?? "", /All 2 threads .* were busy/);
  });

  it("nothing does of a loop that waits for events, or of a pool that has nothing to do", () => {
    assert.deepEqual(found([over(0.05, 0.01, "io"), over(0, 0, "lock", "io"), over(0.3, 0, "blocked", "io")]), []);
  });
});
