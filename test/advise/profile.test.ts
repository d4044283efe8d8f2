import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type CpuProfile, readProfile } from "#skein/advise/profile";

const frame = (functionName: string, url = "", lineNumber = 0): CpuProfile["nodes"][number]["callFrame"] => ({
  functionName,
  url,
  lineNumber,
});

/** A sample a millisecond: root > main > (crunch > inner, plain > platform), and idle. */
const profileOf = (samples: readonly number[]): CpuProfile => ({
  nodes: [
    { id: 1, callFrame: frame("(root)"), children: [2, 7] },
    { id: 2, callFrame: frame("main", "file:///main.js", 9), children: [3, 5] },
    { id: 3, callFrame: frame("crunch", "file:///main.js", 19), children: [4] },
    { id: 4, callFrame: frame("inner", "file:///inner.js", 0) },
    { id: 5, callFrame: frame("", "file:///main.js", 29), children: [6] },
    { id: 6, callFrame: frame("readFileSync", "node:fs", 5) },
    { id: 7, callFrame: frame("(idle)") },
  ],
  startTime: 1000,
  samples,
  timeDeltas: samples.map(() => 1000),
});

const times = (count: number, node: number): number[] => Array.from({ length: count }, () => node);
const isCrunch = (name: string): boolean => name === "crunch";

describe("a profile", () => {
  it("gives each function its own time, and that of what it calls", () => {
    const { functions, busyMs } = readProfile(profileOf([...times(12, 4), ...times(3, 2), 7]), isCrunch, 0);
    assert.equal(busyMs, 15);
    const found = functions.map(({ name, line, selfMs, totalMs }) => ({ name, line, selfMs, totalMs }));
    assert.deepEqual(found, [
      { name: "inner", line: 1, selfMs: 12, totalMs: 12 },
      { name: "main", line: 10, selfMs: 3, totalMs: 15 },
      { name: "crunch", line: 20, selfMs: 0, totalMs: 12 },
    ]);
  });

  it("counts what a task calls as the task's", () => {
    const { functions } = readProfile(profileOf([...times(12, 4), ...times(3, 2), 7]), isCrunch, 0);
    assert.deepEqual(
      functions.map(({ name, looseMs }) => [name, looseMs]),
      [
        ["inner", 0],
        ["main", 3],
        ["crunch", 0],
      ],
    );
  });

  it("counts what the platform does for a function as that function's", () => {
    const [found] = readProfile(profileOf([...times(12, 6), 7]), isCrunch, 0).functions;
    assert.deepEqual([found?.name, found?.line, found?.selfMs], ["(anonymous)", 30, 12]);
  });

  it("takes the loop for blocked only where it did not pause for 10 ms", () => {
    const samples = [...times(12, 3), ...times(2, 7), ...times(9, 2), 7];
    const { busyMs, blockedMs, functions } = readProfile(profileOf(samples), isCrunch, 0);
    assert.deepEqual([busyMs, blockedMs], [21, 12]);
    assert.equal(functions.find(({ name }) => name === "main")?.blockingMs, 12);
  });

  it("leaves out what was before the program", () => {
    assert.equal(readProfile(profileOf([...times(12, 3), 7]), isCrunch, 1000 + 5000).busyMs, 8);
  });

  it("an empty one shows nothing", () => {
    const empty = { nodes: [], startTime: 0 };
    assert.deepEqual(readProfile(empty, isCrunch, 0), { busyMs: 0, blockedMs: 0, functions: [] });
  });
});
