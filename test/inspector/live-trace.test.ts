import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { buildTimeline, traceFileChunks } from "skein/trace";

import { LiveTrace } from "../../inspector/src/analysis/live-trace.js";
import { ThreadScript, traceOf } from "../trace/support/traces.js";

/** A recording of jobs, one after the other, in segments of a job each. */
function partsOf(jobs: number): Uint8Array[] {
  const segments = Array.from({ length: jobs }, (_, job) => {
    const at = job * 10;
    const script = new ThreadScript()
      .spawn(at, job + 1, `job ${job}`)
      .start(at + 1, job + 1)
      .stop(at + 2, job + 1)
      .end(at + 3, job + 1);
    return [...traceFileChunks(traceOf(at + 4, [script]))];
  });
  const [first = []] = segments;
  const head = Buffer.concat(first.slice(0, 2));
  return [head, ...segments.map((chunks) => chunks[2] as Uint8Array)];
}

describe("a live trace", () => {
  it("is nothing before it begins, and then grows with each part", () => {
    const live = new LiveTrace();
    assert.equal(live.trace(), undefined);
    const [head, ...parts] = partsOf(3) as [Uint8Array, ...Uint8Array[]];
    live.add(head);
    parts.forEach((part, index) => {
      live.add(part);
      const trace = live.trace();
      assert.ok(trace !== undefined);
      const { jobs } = buildTimeline(trace);
      assert.deepEqual(
        jobs.map(({ name, outcome }) => [name, outcome]),
        Array.from({ length: index + 1 }, (_, job) => [`job ${job}`, "done"]),
      );
    });
  });

  it("keeps the latest part of a long recording", () => {
    const parts = partsOf(20);
    const size = parts[1]?.length ?? 0;
    const live = new LiveTrace(size * 4 + 20);
    for (const part of parts) live.add(part);
    const trace = live.trace();
    assert.ok(trace !== undefined);
    const names = buildTimeline(trace).jobs.map(({ name }) => name);
    assert.deepEqual(names, ["job 16", "job 17", "job 18", "job 19"]);
  });
});
