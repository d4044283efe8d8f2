import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { JobCounts } from "#skein/cli/live/job-counts";
import { type ProbeKindValue, ProbeKind } from "#skein/core/probe";
import type { RecordColumns } from "#skein/trace/file/record-segment";

type Kind = keyof typeof ProbeKind;

/** Records of one thread: a kind, a moment, a subject, and a value or the text of one. */
function columns(
  records: readonly (readonly [kind: Kind, atMs: number, subject: number, value?: number | string])[],
  dropped = 0,
): RecordColumns {
  const texts: string[] = [];
  const valueOf = (value: number | string): number => (typeof value === "number" ? value : texts.push(value) - 1);
  return {
    thread: { index: 0, name: "main", fromMs: 0, toMs: 1000, hasEnded: false },
    dropped,
    count: records.length,
    kinds: Uint8Array.from(records, ([kind]) => ProbeKind[kind] satisfies ProbeKindValue),
    timesMs: Float64Array.from(records, ([, atMs]) => atMs),
    subjects: Float64Array.from(records, ([, , subject]) => subject),
    others: new Float64Array(records.length),
    values: Float64Array.from(records, ([, , , value = 0]) => valueOf(value)),
    texts,
  };
}

describe("counting jobs", () => {
  it("tells how many are in flight, and how long those took that have ended", () => {
    const counts = new JobCounts();
    counts.add(columns([1, 2, 3].map((id) => ["jobSpawn", 0, id, "parse"] as const)));
    counts.add(
      columns([
        ["jobStart", 10, 1],
        ["jobStop", 14, 1],
        ["jobEnd", 15, 1],
      ]),
    );
    const first = counts.round(500);
    assert.equal(first.inFlight, 2);
    counts.add(
      columns([
        ["jobStart", 20, 2],
        ["jobStop", 26, 2],
        ["jobEnd", 27, 2],
      ]),
    );
    const second = counts.round(500);
    // Ended in the round before: told one round later.
    assert.deepEqual(second.tasks, [{ name: "parse", inFlight: 1, runRate: 2, meanMs: 4, p99Ms: 4 }]);
    assert.deepEqual(counts.round(500).tasks, [{ name: "parse", inFlight: 1, runRate: 2, meanMs: 6, p99Ms: 6 }]);
    assert.deepEqual(counts.round(500).tasks, [
      { name: "parse", inFlight: 1, runRate: 0, meanMs: undefined, p99Ms: undefined },
    ]);
  });

  it("takes what a thread says of a job before the job is known", () => {
    const counts = new JobCounts();
    counts.add(
      columns([
        ["jobStart", 10, 1],
        ["jobStop", 14, 1],
      ]),
    );
    counts.add(
      columns([
        ["jobSpawn", 0, 1, "parse"],
        ["jobEnd", 15, 1],
      ]),
    );
    counts.round(1000);
    assert.equal(counts.round(1000).tasks[0]?.meanMs, 4);
  });

  it("counts steals, wakes and queues, of several pools together", () => {
    const counts = new JobCounts();
    counts.add(
      columns([
        ["jobSpawn", 0, 1, "a"],
        ["steal", 1, 1],
        ["threadUnpark", 1, 1],
        ["threadUnpark", 2, 1],
      ]),
    );
    counts.add(
      columns([
        ["poolQueue", 1, 50, 9],
        ["poolQueue", 2, 50, 4],
        ["poolQueue", 2, 51, 3],
      ]),
    );
    const { queued, stealRate, wakeRate } = counts.round(500);
    assert.deepEqual([queued, stealRate, wakeRate], [7, 2, 4]);
    assert.equal(counts.round(500).stealRate, 0);
  });

  it("does not speak of jobs to a program that has none", () => {
    const counts = new JobCounts();
    counts.add(
      columns([
        ["gcPause", 1, 0],
        ["scopeOpen", 1, 7, "main"],
        ["jobStart", 2, 7],
        ["scopeEnd", 3, 7],
      ]),
    );
    const { inFlight, stealRate, wakeRate, tasks } = counts.round(500);
    assert.deepEqual([inFlight, stealRate, wakeRate, tasks], [undefined, undefined, undefined, []]);
  });

  it("begins again where records are missing, as the ends of jobs may be among them", () => {
    const counts = new JobCounts();
    counts.add(
      columns([
        ["jobSpawn", 0, 1, "a"],
        ["jobSpawn", 0, 2, "a"],
      ]),
    );
    counts.add(columns([["jobSpawn", 5, 3, "a"]], 100));
    const { inFlight, lost } = counts.round(500);
    assert.deepEqual([inFlight, lost], [1, 100]);
  });
});
