import assert from "node:assert/strict";
import { describe, it } from "node:test";

import type { Trace } from "skein/trace";
import { traceFileChunks } from "skein/trace";
import { RecordingView } from "#skein/cli/live/recording-view";

import { readings, ThreadReadings, ThreadScript, traceOf } from "../../trace/support/traces.js";

/** A loop that computes a quarter of the time, a thread of a pool, and jobs. */
function program(): Trace {
  const main = new ThreadScript().spawn(1, 1, "parse").spawn(1, 2, "parse");
  const pool = new ThreadScript(1).start(2, 1).stop(12, 1);
  const trace = traceOf(1000, [main, pool]);
  return {
    ...trace,
    kernel: readings(
      new ThreadReadings(50, "loop", 0).spend(1000, 0.25),
      new ThreadReadings(51, "pool", 1).spend(1000, 1, 0.5),
      new ThreadReadings(52, "worker").spend(1000, 0),
    ),
    gauges: [
      { thread: 0, name: "loop-delay", atMs: trace.startedMs + 500, value: 33 },
      { thread: 0, name: "work:FSReqCallback", atMs: trace.startedMs + 500, value: 7 },
      { thread: 0, name: "work:Timeout", atMs: trace.startedMs + 500, value: 0 },
    ],
  };
}

describe("a program that tells of itself", () => {
  it("is shown by the parts of its recording that have come", () => {
    const view = new RecordingView({ pid: 50, title: "a.ts", server: 52 }, () => undefined);
    assert.deepEqual(view.state().threads, []);
    for (const part of traceFileChunks(program())) view.push(part);
    const { threads, totals, tasks, work, title, ended } = view.state();
    assert.deepEqual([title, ended], ["a.ts", undefined]);
    const [main, pool, server] = threads;
    assert.deepEqual([main?.role, main?.loopDelayMs], ["loop", 33]);
    assert.ok(Math.abs((main?.cpuShare ?? 0) - 0.25) < 0.05);
    assert.deepEqual([pool?.role, pool?.loopDelayMs], ["pool", undefined]);
    // The thread by which we look is none of the program's.
    assert.deepEqual([server?.role, server?.name], ["observer", "skein inspector"]);
    assert.equal(totals.inFlight, 2);
    assert.deepEqual(
      tasks?.map(({ name, inFlight }) => [name, inFlight]),
      [["parse", 2]],
    );
    assert.deepEqual(work, [{ name: "FSReqCallback", count: 7 }]);
    view.close();
  });

  it("counts what comes once, however it is cut into parts", () => {
    const view = new RecordingView({ pid: 50, title: "a.ts" }, () => undefined);
    for (const part of traceFileChunks(program())) {
      view.push(part);
      view.state();
    }
    assert.equal(view.state().totals.inFlight, 2);
    assert.equal(view.state().threads.length, 3);
  });

  it("that is of another version is said to be so, and is looked at no further", () => {
    const view = new RecordingView({ pid: 50, title: "a.ts" }, () => undefined);
    const [head, ...parts] = traceFileChunks(program());
    const other = (head as Uint8Array).slice();
    other[other.length - 1] = 99;
    for (const part of [other, ...parts]) view.push(part);
    const { findings, threads } = view.state();
    assert.deepEqual(threads, []);
    assert.match(findings?.[0]?.text.en ?? "", /can't be read: the trace file has version 99/);
  });

  it("begins to count anew where parts were left out", () => {
    const view = new RecordingView({ pid: 50, title: "a.ts" }, () => undefined);
    for (const part of traceFileChunks(program())) view.push(part);
    view.state();
    view.leaveOut(3);
    const { totals, sources } = view.state();
    assert.equal(totals.inFlight, 0);
    assert.equal(sources.find(({ what }) => what.en === "jobs and tasks")?.badge, "inferred");
  });

  it("stops looking when it is closed", () => {
    let stops = 0;
    const view = new RecordingView(
      { pid: 50, title: "a.ts" },
      () => "7",
      () => stops++,
    );
    assert.equal(view.ended, "7");
    view.close();
    assert.equal(stops, 1);
  });
});
