/** Runs one function on several real threads at once, from a common start. */
import { Worker } from "node:worker_threads";

import type { HammerData } from "./fixtures/hammer-worker.js";

// Only threads that hang get here: they are stopped, and the test fails.
const LIMIT_MS = 60_000;

/**
 * Calls the function `hit` that `module` exports on `threads` new threads, no
 * earlier than all of them are ready.
 *
 * @param data - passed to each call, cloned; memory to share goes in here
 * @returns the results in the order of the threads' indexes
 */
export async function hammer<Result>(module: URL, threads: number, data: unknown): Promise<Result[]> {
  const start = new SharedArrayBuffer(4);
  const workers = Array.from({ length: threads }, (_, index) => {
    const workerData: HammerData = { module: module.href, index, threads, start, data };
    return new Worker(new URL("./fixtures/hammer-worker.js", import.meta.url), { workerData });
  });
  const limit = setTimeout(() => {
    for (const worker of workers) void worker.terminate();
  }, LIMIT_MS);
  try {
    return await Promise.all(workers.map(resultOf<Result>));
  } finally {
    clearTimeout(limit);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

async function resultOf<Result>(worker: Worker): Promise<Result> {
  return new Promise((resolve, reject) => {
    worker.on("message", resolve);
    worker.on("error", reject);
    // After a result this has no effect.
    worker.on("exit", () => reject(new Error("a thread of the hammer ended without a result")));
  });
}
