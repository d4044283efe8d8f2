// What `tracing` measures, in a process of its own: with or without somebody who observes.
import { scope, threads } from "skein";
import { observe, type Observer } from "skein/trace";

import { add, busy } from "./dispatch-tasks.js";

const BURST = 1000;
const JOB_US = 100;
const JOBS = 500;

const [mode, isQuick] = process.argv.slice(2);
const rounds = isQuick === "quick" ? 4 : 400;

/** Microseconds for each operation, in the second half of the rounds: in the first the compiler is at work. */
async function time(count: number, operations: number, batch: () => Promise<unknown>): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < count; i++) {
    const startMs = performance.now();
    await batch();
    samples.push(((performance.now() - startMs) * 1000) / operations);
  }
  return samples.slice(Math.floor(count / 2));
}

// Nothing else keeps the process alive while the observer finds out what it can know.
const alive = setInterval(() => undefined, 1000);
const pool = threads({ size: 1, name: "bench" });
await pool.ready(add);
const observer: Observer | undefined = mode === "observed" ? observe() : undefined;
// The observer is there, and has looked at what there is to be seen.
await observer?.capabilities;

const burst = async (): Promise<void> => {
  const promises: Promise<number>[] = [];
  for (let i = 0; i < BURST; i++) promises.push(pool.run(add, [i, 1]));
  const values = await Promise.all(promises);
  if (values.some((value, i) => value !== i + 1)) throw new Error("a task gave the wrong result");
};
const jobsHere = (): Promise<void> =>
  scope((s) => {
    for (let i = 0; i < BURST; i++) s.spawn(() => undefined);
  });
const work = async (): Promise<void> => {
  let left = JOBS;
  const submit = async (): Promise<void> => {
    while (left-- > 0) await pool.run(busy, [JOB_US]);
  };
  await Promise.all(Array.from({ length: 16 }, submit));
};

const samples = {
  burst: await time(rounds, BURST, burst),
  "jobs on this thread": await time(rounds / 2, BURST, jobsHere),
  "100 µs jobs": await time(Math.ceil(rounds / 20), JOBS, work),
};
observer?.stopToFile();
await pool.close();
clearInterval(alive);
console.log(JSON.stringify(samples));
