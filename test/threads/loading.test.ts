/** What a thread loads when it starts, and what only when a job needs it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";

import { scope, type ThreadPool, threads } from "skein";
import { SharedCounter } from "skein/shared";
import { callback } from "skein/threads";

import { makeFolder, type Outcome, runNode } from "../support/run-program.js";
import * as tasks from "./fixtures/loading-tasks.js";

/** A pool with one thread, which has not met a shared object yet. */
async function onNewThread(test: (pool: ThreadPool) => Promise<void>): Promise<void> {
  const pool = threads({ size: 1, name: "loading" });
  try {
    assert.equal(await pool.run(tasks.knows, []), false);
    await test(pool);
  } finally {
    await pool.close();
  }
}

describe("a thread without shared objects learns of them", () => {
  it("from a job's argument, which arrives as what it is", async () => {
    using counter = new SharedCounter();
    await onNewThread(async (pool) => {
      // All are there before any is begun: they wait, and run in order.
      const results = await Promise.all([1, 2, 3].map((count) => pool.run(tasks.addTo, [counter, count])));
      assert.ok(results.every((result) => result === counter));
      assert.equal(counter.value, 6);
      assert.equal(await pool.run(tasks.knows, []), true);
    });
  });

  it("from an argument that comes by the port", async () => {
    using counter = new SharedCounter();
    await onNewThread(async (pool) => {
      const { port1, port2 } = new MessageChannel();
      port2.unref();
      const knewIt = await scope((s) =>
        s.spawn(tasks.addWithin, [{ counters: [counter, counter] }, port1], { on: pool, transfer: [port1] }),
      );
      assert.equal(knewIt, true);
      assert.equal(counter.value, 2);
    });
  });

  it("from the answer of a function that a job calls", async () => {
    using counter = new SharedCounter();
    await onNewThread(async (pool) => {
      assert.deepEqual(await pool.run(tasks.addToAnswer, [callback(() => counter)]), [false, true]);
      assert.equal(counter.value, 1);
    });
  });

  it("from a stream, which goes through a shared channel", async () => {
    await onNewThread(async (pool) => {
      const steps: unknown[] = [];
      for await (const step of pool.stream(tasks.giveSteps, [3])) steps.push(step);
      assert.deepEqual(steps, [1, 2, 3]);
    });
  });

  it("before it takes another job, which it could hold up for ever, if it runs several at once", async () => {
    using counter = new SharedCounter();
    const pool = threads({ size: 1, jobsPerThread: 2, name: "loading-two" });
    try {
      const [added, knewIt] = await Promise.all([pool.run(tasks.addTo, [counter, 1]), pool.run(tasks.knows, [])]);
      assert.equal(added, counter);
      assert.equal(knewIt, true);
    } finally {
      await pool.close();
    }
  });
});

// In a folder of this repository, so that the package's own names can be resolved there.
const TASKS = `
import { spawnSync } from "node:child_process";
import { Worker } from "node:worker_threads";
import { task } from "skein";

export const poolHere = () => import.meta.resolve("#pool").replace(/^.*\\//, "");
export const poolThere = task(function poolThere() { return poolHere(); });
export const flags = task(function flags() { return process.execArgv; });
export const poolOfChild = task(function poolOfChild(program) {
  return spawnSync(process.execPath, [...process.execArgv, program], { encoding: "utf8" }).stdout.trim();
});
export const inWorker = task(async function inWorker(program) {
  const worker = new Worker(program);
  return new Promise((resolve, reject) => worker.on("message", resolve).on("error", reject));
});
`;
const MAIN = `
import { threads } from "skein";
import { fileURLToPath } from "node:url";
import * as tasks from "./tasks.mjs";
const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const pool = threads({ size: 1 });
console.log(JSON.stringify({
  here: tasks.poolHere(),
  there: await pool.run(tasks.poolThere, []),
  flags: await pool.run(tasks.flags, []),
  ofChild: await pool.run(tasks.poolOfChild, [path("child.mjs")]),
  inWorker: await pool.run(tasks.inWorker, [path("worker.mjs")]),
}));
await pool.close();
`;
const FILES = {
  "tasks.mjs": TASKS,
  "main.mjs": MAIN,
  "child.mjs": `import { poolHere } from "./tasks.mjs";\nconsole.log(poolHere());`,
  "worker.mjs": `
    import { parentPort } from "node:worker_threads";
    import { threads } from "skein";
    import { poolThere } from "./tasks.mjs";
    const pool = threads({ size: 2 });
    parentPort.postMessage([pool.size, await pool.run(poolThere, [])]);
  `,
  "hook.cjs": "globalThis.isHooked = true;",
};

interface Report {
  readonly here: string;
  readonly there: string;
  readonly flags: readonly string[];
  readonly ofChild: string;
  readonly inWorker: unknown;
}

async function reportWith(flags: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Report> {
  const folder = makeFolder(FILES);
  const outcome: Outcome = await runNode([...flags, join(folder, "main.mjs")], { cwd: folder, env });
  assert.equal(outcome.exitCode, 0, outcome.stderr);
  return JSON.parse(outcome.stdout) as Report;
}

describe("a thread of a pool", () => {
  it("does not load the pool's side, which others do", async () => {
    const report = await reportWith([]);
    assert.equal(report.here, "pool.js");
    assert.equal(report.there, "part-thread.js");
    assert.equal(report.ofChild, "pool.js");
    assert.deepEqual(report.flags, []);
  });

  it("does not either in a process with flags of the engine, and has all flags as before", async () => {
    const flags = ["--max-old-space-size=512", "--require", "./hook.cjs", "--expose-gc", "--no-warnings"];
    const report = await reportWith(flags);
    assert.equal(report.there, "part-thread.js");
    assert.deepEqual(report.flags, flags);
    assert.equal(report.ofChild, "pool.js");
  });

  it("takes conditions and hooks from NODE_OPTIONS too", async () => {
    const report = await reportWith([], { NODE_OPTIONS: "--conditions=explore --max-old-space-size=512" });
    assert.deepEqual([report.here, report.there], ["pool.js", "no-pool.js"]);
  });

  it("has no pools for the workers that a job starts: theirs is the worker itself", async () => {
    const { inWorker } = await reportWith([]);
    assert.deepEqual(inWorker, [1, "part-thread.js"]);
  });
});
