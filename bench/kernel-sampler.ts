// What does it cost to read every thread of a process from the kernel, 50 times a second?
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { Worker } from "node:worker_threads";

import { ask, check, type Load, type Samples } from "./harness.js";

// They are not public; whoever records uses them.
const BUILT = new URL("../../dist/", import.meta.url).href;
const { KernelSampler } = (await import(
  `${BUILT}trace/kernel/sampler.js`
)) as typeof import("../src/trace/kernel/sampler.js");
const { CoreClock, stepCpu } = (await import(`${BUILT}core/step-cpu.js`)) as typeof import("../src/core/step-cpu.js");

const THREADS = 16;
const EVERY_MS = 20;

const WORK = {
  idle: "setInterval(() => {}, 1e6);",
  timers: "setInterval(() => {}, 10);",
  // Each computes for 2 ms and blocks for 20, so that all of them together fill a core or two.
  changing: `const cells = new Int32Array(new SharedArrayBuffer(4));
    for (;;) { for (const until = performance.now() + 2; performance.now() < until; ); Atomics.wait(cells, 0, 0, 20); }`,
};

async function measure(load: Load, work: string): Promise<Samples> {
  const code = `require("node:worker_threads").parentPort.postMessage(
    Number(require("node:fs").readlinkSync("/proc/thread-self").split("/").at(-1)));
    ${work}`;
  const ours = new Map<number, { index: number; name: string; kind: "pool" }>();
  for (let index = 1; index <= THREADS; index++) {
    const worker = new Worker(code, { eval: true });
    const [tid] = (await once(worker, "message")) as [number];
    worker.unref();
    ours.set(tid, { index, name: `thread ${index}`, kind: "pool" });
  }
  const sampler = new KernelSampler();
  const clock = CoreClock.open();
  if (clock === undefined) throw new Error("this kernel does not count the time of threads");
  const readings: number[] = [];
  const skipped = load.of(50, 2); // the first ones open files, and are not compiled
  for (let i = 0; i < load.of(500, 10); i++) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    const begin = clock.read();
    const beginMs = performance.now();
    sampler.sample(performance.timeOrigin + beginMs, ours);
    const wallMs = performance.now() - beginMs;
    const end = clock.read();
    if (begin === undefined || end === undefined) throw new Error("the clock has gone");
    if (i >= skipped) readings.push(stepCpu(wallMs, begin, end).cpuMs * 1000);
  }
  const { threads } = sampler.facts();
  check(threads.filter(({ kind }) => kind === "pool").length, THREADS);
  check(threads.length, readdirSync("/proc/self/task").length);
  const meanUs = readings.reduce((sum, us) => sum + us, 0) / readings.length;
  return { "one reading": readings, "share of a core": [(meanUs / (EVERY_MS * 1000)) * 100] };
}

await ask({
  module: import.meta.url,
  asks: "What does it cost to read every thread of a process from the kernel, 50 times a second?",
  units: { "one reading": "µs", "share of a core": "%" },
  variants: {
    "16 idle": (load) => measure(load, WORK.idle),
    "16 with timers of 10 ms": (load) => measure(load, WORK.timers),
    "16 computing and blocking": (load) => measure(load, WORK.changing),
  },
  targets: [],
});
