// What does a pool cost beside its jobs: idle, starting, parking, and for the event loop that it answers to?
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Worker } from "node:worker_threads";

import { threads } from "skein";

import { add } from "./dispatch-tasks.js";
import { ask, check, type Load, type Samples } from "./harness.js";

const residentMb = (): number => process.memoryUsage.rss() / 2 ** 20;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Share of a core that the process takes while it does nothing. */
async function idle(ms: number): Promise<number> {
  const before = process.cpuUsage();
  await pause(ms);
  const { user, system } = process.cpuUsage(before);
  return (100 * (user + system)) / 1000 / ms;
}

/** What `start` adds to the memory of the process, for each of its two threads. */
async function memoryOf(start: () => Promise<unknown>): Promise<number> {
  const before = residentMb();
  await start();
  return (residentMb() - before) / 2;
}

async function skein(load: Load): Promise<Samples> {
  const pool = threads({ size: 2, name: "life" });
  const startMs = performance.now();
  const memoryOfFirst = await memoryOf(() => pool.ready(add));
  const start = performance.now() - startMs;
  const others = threads({ size: 2, name: "others" });
  const memory = await memoryOf(() => others.ready(add));
  await others.close();
  await pause(100);
  const rest = await idle(load.of(2000, 100));

  // A million, while the event loop is watched.
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const signalsBefore = signals();
  delay.enable();
  const count = load.of(1_000_000, 10_000);
  // A thousand at a time: what the program itself does with more at once holds the loop up, too.
  const atOnce = 1000;
  let sum = 0;
  let longestBurst = 0;
  for (let done = 0; done < count; done += atOnce) {
    const beganMs = performance.now();
    const promises: Promise<number>[] = [];
    for (let i = done; i < done + atOnce; i++) {
      promises.push(pool.run(add, [i, 1]));
    }
    for (const value of await Promise.all(promises)) sum += value;
    longestBurst = Math.max(longestBurst, performance.now() - beganMs);
  }
  delay.disable();
  check(sum, (count * (count + 1)) / 2);
  const wakes = (100 * (signals() - signalsBefore)) / count;

  // One at a time, each to a thread that has gone to sleep meanwhile, as often as it does.
  let longest = 0;
  const parksBefore = parks();
  for (let i = 0; i < load.of(200_000, 1000); i++) {
    const sentMs = performance.now();
    check(await pool.run(add, [i, 1]), i + 1);
    longest = Math.max(longest, performance.now() - sentMs);
  }
  check(parks() > parksBefore, true);
  await pool.close();
  return {
    start: [start],
    "memory of the first two": [memoryOfFirst],
    "memory of a thread": [memory],
    idle: [rest],
    "loop delay p99": [delay.percentile(99) / 1e6],
    "wakes of the loop": [wakes],
    "longest burst": [longestBurst],
    "longest round trip": [longest],
  };

  function signals(): number {
    return pool.statistics().threads.reduce((total, thread) => total + thread.signals, 0);
  }
  function parks(): number {
    return pool.statistics().threads.reduce((total, thread) => total + thread.parks, 0);
  }
}

// What can be had at least: a thread that has said something, and goes on. Both start
// at once, as those of a pool do.
const SAYS = `parentPort.on("message", () => undefined); parentPort.postMessage(0);`;
const SCRIPT = `const { parentPort } = require("node:worker_threads"); ${SAYS}`;
// As a module, which what a task is in has to be too.
const MODULE = new URL(
  `data:text/javascript,${encodeURIComponent(`import { parentPort } from "node:worker_threads"; ${SAYS}`)}`,
);

async function workers(load: Load, start: () => Worker): Promise<Samples> {
  const all: Worker[] = [];
  const startTwo = async (): Promise<void> => {
    const pair = [start(), start()];
    all.push(...pair);
    await Promise.all(pair.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
  };
  const startMs = performance.now();
  const memoryOfFirst = await memoryOf(startTwo);
  const startedMs = performance.now() - startMs;
  const memory = await memoryOf(startTwo);
  await Promise.all(all.splice(2).map((worker) => worker.terminate()));
  await pause(100);
  const rest = await idle(load.of(2000, 100));
  await Promise.all(all.map((worker) => worker.terminate()));
  return {
    start: [startedMs],
    "memory of the first two": [memoryOfFirst],
    "memory of a thread": [memory],
    idle: [rest],
  };
}

await ask({
  module: import.meta.url,
  asks: "What does a pool cost beside its jobs: idle, starting, parking, and for the event loop that it answers to?",
  units: {
    start: "ms for 2",
    // With what the program itself loads for the first threads of all.
    "memory of the first two": "MB each",
    "memory of a thread": "MB",
    idle: "% of a core",
    "loop delay p99": "ms",
    "wakes of the loop": "for 100 outcomes",
    "longest burst": "ms for a thousand",
    "longest round trip": "ms",
  },
  targets: [
    { metric: "start", of: "skein", against: "new Worker", ratioAtMost: 1.3 },
    { metric: "memory of a thread", of: "skein", against: "new Worker", moreAtMost: 2 },
    { metric: "idle", of: "skein", atMost: 1 },
    { metric: "loop delay p99", of: "skein", atMost: 5 },
    { metric: "wakes of the loop", of: "skein", atMost: 1 },
    // What is longer is no wake-up that was late, but one that got lost.
    { metric: "longest burst", of: "skein", atMost: 200 },
    { metric: "longest round trip", of: "skein", atMost: 200 },
  ],
  variants: {
    skein,
    "new Worker": async (load) => workers(load, () => new Worker(SCRIPT, { eval: true })),
    "new Worker, a module": async (load) => workers(load, () => new Worker(MODULE)),
  },
});
