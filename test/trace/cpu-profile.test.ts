/** CPU profiles: from parts to functions and files. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  buildTimeline,
  cpuProfileFile,
  cpuProfileFiles,
  decodeTrace,
  encodeTrace,
  hotTasks,
  type ProfilePart,
  reportText,
  type Trace,
} from "skein/trace";

import { readCpuProfile } from "./support/cpu-profile-format.js";
import { START_MS, ThreadScript, traceOf } from "./support/traces.js";

type Call = readonly [name: string, parent: number];
const URL = "file:///app/main.ts";

/** A part with these calls, and samples of them a millisecond apart from `fromMs` on. */
function part(thread: number, fromMs: number, calls: readonly Call[], samples: readonly number[]): ProfilePart {
  return {
    thread,
    beginMs: START_MS + fromMs,
    endMs: START_MS + fromMs + samples.length,
    frames: calls.map(([name], i) => (name.startsWith("(") ? [name, "", 0, 0] : [name, URL, 10 * i, 5])),
    nodeFrames: Int32Array.from(calls, (_, i) => i),
    nodeParents: Int32Array.from(calls, ([, parent]) => parent),
    // The first is that of the beginning.
    samples: Int32Array.from([0, ...samples]),
    deltasUs: Int32Array.from([0, 0, ...samples.slice(1).map(() => 1000)]),
  };
}

const CALLS: readonly Call[] = [
  ["(root)", -1],
  ["(idle)", 0],
  ["run", 0],
  ["hot", 2],
];

/** Job "crunch" runs from 10 to 30 ms, "rest" from 40 to 60; the profile is taken in two parts. */
function profiled(): Trace {
  const main = new ThreadScript()
    .spawn(1, 101, "crunch")
    .spawn(1, 102, "rest")
    .start(10, 101)
    .stop(30, 101)
    .start(40, 102)
    .stop(60, 102);
  const early = part(0, 10, CALLS, [...Array<number>(15).fill(3), ...Array<number>(5).fill(2)]);
  // The tree of this one has its nodes in another order.
  const late = part(
    0,
    40,
    [
      ["(root)", -1],
      ["run", 0],
      ["(idle)", 0],
    ],
    [...Array<number>(12).fill(1), ...Array<number>(8).fill(2)],
  );
  return { ...traceOf(100, [main, new ThreadScript(1)]), profiles: [late, early, part(1, 20, CALLS, [3, 3, 1])] };
}

describe("a CPU profile", () => {
  it("says in which functions the jobs of each name were", () => {
    const trace = profiled();
    const [first, second, third] = hotTasks(trace, buildTimeline(trace)).map(({ name, sampledMs, functions }) => [
      name,
      Math.round(sampledMs),
      functions.map(({ frame, selfMs }) => [frame.name, Math.round(selfMs)]),
    ]);
    assert.deepEqual(first, [
      "crunch",
      20,
      [
        ["hot", 15],
        ["run", 5],
      ],
    ]);
    assert.deepEqual(second, ["rest", 12, [["run", 12]]]);
    assert.deepEqual(third, [undefined, 2, [["hot", 2]]]);
  });

  it("is part of a report, in both languages", () => {
    const trace = profiled();
    assert.match(reportText(trace), /Where the time went\n {2}crunch {2}20 ms: hot \(main\.ts:30\) 75 %, run/);
    assert.match(reportText(trace, { language: "ru" }), /Где прошло время\n {2}crunch {2}20 мс/);
    assert.doesNotMatch(reportText({ ...trace, profiles: [] }), /Where the time went/);
  });

  it("goes into a trace file and back", () => {
    const trace = profiled();
    assert.deepEqual(decodeTrace(encodeTrace(trace)).profiles, trace.profiles);
  });

  it("is a file for each thread, whose samples, times and nodes agree", () => {
    const [main, worker, ...more] = cpuProfileFiles(profiled());
    assert.deepEqual(more, []);
    assert.deepEqual([main?.thread, main?.name, worker?.thread, worker?.name], [0, "main", 1, "worker-1"]);
    const { selfMs, hits, totalMs } = readCpuProfile(main?.text ?? "");
    assert.deepEqual(Object.fromEntries(selfMs), { hot: 15, run: 17, "(idle)": 8, "(root)": 10 });
    assert.equal(hits, 40);
    assert.equal(totalMs, 50);
    assert.deepEqual(Object.fromEntries(readCpuProfile(worker?.text ?? "").selfMs), { hot: 2, "(idle)": 1 });
  });

  it("of all threads is one file, one thread after the other", () => {
    const { selfMs, paths } = readCpuProfile(cpuProfileFile(profiled()));
    assert.equal(selfMs.get("hot"), 17);
    assert.ok(paths.has("(root) > (thread main) > run > hot"));
    assert.ok(paths.has("(root) > (thread worker-1) > run > hot"));
  });

  it("of a trace without one is no file, and an empty one of all threads", () => {
    const trace = traceOf(10, [new ThreadScript()]);
    assert.deepEqual(cpuProfileFiles(trace), []);
    assert.equal(readCpuProfile(cpuProfileFile(trace)).totalMs, 0);
    assert.deepEqual(hotTasks(trace, buildTimeline(trace)), []);
  });

  it("knows nothing of a time in which no sample was taken", () => {
    const one = { ...part(0, 10, CALLS, [3, 3, 1]), endMs: START_MS + 200 };
    one.deltasUs[2] = 100_000;
    const { selfMs } = readCpuProfile(cpuProfileFile({ ...profiled(), profiles: [one] }));
    assert.deepEqual(Object.fromEntries(selfMs), { hot: 21, "(idle)": 20, "(root)": 80 });
  });

  it("with samples out of order has no time go back", () => {
    const one = part(0, 10, CALLS, [3, 3, 3, 1]);
    one.deltasUs[3] = -500;
    const { totalMs } = readCpuProfile(cpuProfileFile({ ...profiled(), profiles: [one] }));
    assert.equal(totalMs, 4);
  });
});
