import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import type { StackFrame, Stall } from "skein/trace";
import { diagnoseStall } from "#skein/trace/kernel/index";
import { noStacks, parseStackText, requestStack } from "#skein/trace/kernel/host-thread-stack";

import { runNode, WITH_MODULES } from "../../support/run-program.js";

const PROGRAM = fileURLToPath(new URL("fixtures/stalling.js", import.meta.url));

/** The stalls of one thread of the program. */
async function stallsOf(
  how: string,
  thread: number,
): Promise<{ readonly stalls: readonly Stall[]; readonly stderr: string }> {
  const { stdout, stderr, exitCode } = await runNode(["--enable-source-maps", WITH_MODULES, PROGRAM, how]);
  assert.equal(exitCode, 0, stderr);
  const stalls = JSON.parse(stdout) as readonly Stall[];
  for (const { beginMs, endMs, isOver } of stalls) assert.ok(isOver && endMs - beginMs >= 99);
  return { stalls: stalls.filter((stall) => stall.thread === thread), stderr };
}

function frameIn(stall: Stall | undefined, name: string): StackFrame {
  const frame = stall?.stack?.find((candidate) => candidate.name === name);
  assert.ok(frame !== undefined, `no ${name} in ${JSON.stringify(stall)}`);
  return frame;
}

describe("a loop that stands still is seen while it does", () => {
  it("computing: with the function and its place in the source", async () => {
    const { stalls, stderr } = await stallsOf("computes", 0);
    const frame = frameIn(stalls[0], "computeUntilTold");
    assert.match(frame.url, /^file:.*\/stalling\.ts$/);
    assert.ok(frame.line > 20 && frame.line < 35, `line ${frame.line}`);
    // It computed, whatever part of a core it got.
    if (process.platform === "linux") assert.ok((stalls[0]?.cpuMs ?? 0) > 0);
    assert.equal(stderr, "");
  });

  it("blocked on a lock: with the wait, and without CPU time", async () => {
    const { stalls } = await stallsOf("waits", 0);
    assert.equal(stalls[0]?.stack?.[0]?.name, "Atomics.wait");
    frameIn(stalls[0], "waitUntilTold");
    if (process.platform === "linux") assert.equal(diagnoseStall(stalls[0]), "blocked");
  });

  it("in a synchronous call of the system: with the place to which that returned", async () => {
    const { stalls } = await stallsOf("runs-a-program", 0);
    assert.ok(
      stalls[0]?.stack?.some(({ url }) => url.endsWith("/stalling.ts")),
      JSON.stringify(stalls),
    );
  });

  it("on a worker thread, while the first thread idles", async () => {
    const { stalls } = await stallsOf("worker", 1);
    assert.match(frameIn(stalls[0], "goRoundInCircles").url, /\/stuck-worker\.ts$/);
  });

  it("on a worker thread, while the first thread computes", async () => {
    const { stalls } = await stallsOf("worker-while-main-computes", 1);
    frameIn(stalls[0], "goRoundInCircles");
  });

  it("under a debugger: without a stack", async () => {
    const { stalls } = await stallsOf("inspected", 0);
    assert.equal(stalls.length > 0 && stalls.every(({ stack }) => stack === undefined), true);
  });
});

describe("a stack", () => {
  it("is not to be had of the thread itself, and may be given up", async () => {
    assert.equal(noStacks(), undefined);
    const own = requestStack(0);
    assert.equal(await own.taken, undefined);
    const nobodys = requestStack(4711);
    nobodys.cancel();
    nobodys.cancel();
    assert.equal(await nobodys.taken, undefined);
  });

  it("as text has the same frames", () => {
    const text = [
      "Error: in (a) way",
      "    at skein:stack:3:4",
      "    at Atomics.wait (<anonymous>)",
      "    at inner (file:///a b/c.mjs:8:60)",
      "    at async Promise.all (index 0)",
      "    at file:///a.js:18:1",
      "    at new Thing (C:\\x\\y.js:1:2)",
    ].join("\n");
    assert.deepEqual(parseStackText(text), [
      { name: "Atomics.wait", url: "", line: 0, column: 0 },
      { name: "inner", url: "file:///a b/c.mjs", line: 8, column: 60 },
      { name: "", url: "file:///a.js", line: 18, column: 1 },
      { name: "new Thing", url: "C:\\x\\y.js", line: 1, column: 2 },
    ]);
  });
});
