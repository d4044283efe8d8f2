import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { beginSegment, endSegment } from "#skein/trace/trace-file";
import { buildTimeline, traceFileChunks } from "skein/trace";

import { LiveTrace } from "../../inspector/src/analysis/live-trace.js";
import { START_MS, ThreadScript, traceOf } from "../trace/support/traces.js";

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
  return [...first.slice(0, 2), ...segments.map((chunks) => chunks[2] as Uint8Array)];
}

describe("a live trace", () => {
  it("is nothing before it begins, and then grows with each part", () => {
    const live = new LiveTrace();
    assert.equal(live.trace(), undefined);
    const [header, begin, ...parts] = partsOf(3) as [Uint8Array, Uint8Array, ...Uint8Array[]];
    live.add(header, 0);
    assert.equal(live.trace(), undefined);
    live.add(begin, 0);
    parts.forEach((part, index) => {
      live.add(part, 0);
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
    const size = parts[2]?.length ?? 0;
    const live = new LiveTrace(size * 4 + 20);
    for (const part of parts) live.add(part, 0);
    const trace = live.trace();
    assert.ok(trace !== undefined);
    const names = buildTimeline(trace).jobs.map(({ name }) => name);
    assert.deepEqual(names, ["job 16", "job 17", "job 18", "job 19"]);
    // And begins where that does.
    assert.equal(trace.startedMs, START_MS + 160);
  });

  it("knows what the process used so far, and of a long recording what it used since its beginning", () => {
    const used = (atMs: number, cpuMs: number): Uint8Array =>
      endSegment(START_MS + atMs, { cpuMs, coreWaitMs: cpuMs / 2, cores: 2 });
    const live = new LiveTrace(Infinity, 1000);
    const [header, begin, ...parts] = partsOf(10) as [Uint8Array, Uint8Array, ...Uint8Array[]];
    for (const head of [header, begin]) live.add(head, 0);
    parts.forEach((part, index) => {
      live.add(part, index * 300);
      live.add(used(index * 10 + 5, 100 + index), index * 300);
      if (index === 1) assert.deepEqual(live.trace()?.usage, { cpuMs: 101, coreWaitMs: 50.5, cores: 2 });
    });
    const trace = live.trace();
    // The first six were given up, with what was used by the end of the last of them.
    assert.deepEqual(trace?.usage, { cpuMs: 4, coreWaitMs: 2, cores: 2 });
    assert.deepEqual([trace?.startedMs, trace?.stoppedMs], [START_MS + 60, START_MS + 95]);
  });

  it("keeps what came in the last minute", () => {
    const live = new LiveTrace(Infinity, 1000);
    partsOf(10).forEach((part, index) => live.add(part, index * 300));
    const trace = live.trace();
    assert.ok(trace !== undefined);
    const names = buildTimeline(trace).jobs.map(({ name }) => name);
    assert.deepEqual(names, ["job 6", "job 7", "job 8", "job 9"]);
  });

  it("takes a later first segment for the one before", () => {
    const live = new LiveTrace();
    const [header, , part] = partsOf(1) as [Uint8Array, Uint8Array, Uint8Array];
    live.add(header, 0);
    const known = { name: "schedstat", isAvailable: true, gives: "", why: "", remedy: undefined };
    for (const capabilities of [[], [known]]) live.add(beginSegment(START_MS, 20, capabilities), 0);
    live.add(part, 0);
    assert.deepEqual(live.trace()?.capabilities, [known]);
  });
});
