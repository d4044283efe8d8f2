/** Runs one function on several real threads at once, and may stop some of them in the middle. */
import { Worker } from "node:worker_threads";

import { sharedThreadEnded } from "skein/shared";

import type { HammerData } from "./fixtures/hammer-worker.js";

// Only threads that hang get here: they are stopped, and the test fails.
const LIMIT_MS = 60_000;

interface HammerThread {
  /** What the worker is known by, which it forgets when it has ended. */
  readonly threadId: number;
  readonly worker: Worker;
  readonly result: Promise<unknown>;
}

/**
 * Calls the function `hit` that `module` exports on `threads` new threads, no
 * earlier than all of them are ready.
 *
 * @param data - passed to each call, cloned; memory to share goes in here
 * @returns the results in the order of the threads' indexes
 */
export async function hammer<Result>(module: URL, threads: number, data: unknown): Promise<Result[]> {
  const start = new SharedArrayBuffer(4);
  const started = Array.from({ length: threads }, (_, index) => startThread(module, index, threads, start, data));
  return watched(started, async () => Promise.all(started.map(({ result }) => result)) as Promise<Result[]>);
}

/** When to stop threads in the middle of their work. */
export interface Stops {
  readonly count: number;
  /** How far the threads have come together; they are done at `end`. */
  readonly progress: () => number;
  /** By how much they come further between two stops. */
  readonly every: number;
  readonly end: number;
  /** Threads that are stopped one after another before the end of any is told, 1 by default: so that others wait for what the first has left. */
  readonly together?: number;
  /** Awaited before thread `index` is stopped, the first of each time. */
  readonly ready?: (index: number) => Promise<void>;
  /** Tells of the end of thread `index`, in place of `tell` alone, before another comes in its place. */
  readonly ended?: (index: number, tell: () => void) => void;
}

/**
 * As `hammer`, and meanwhile stops threads in turn, each somewhere in the middle of
 * its work, tells shared memory of its end, and puts another in its place.
 *
 * @returns what the threads that were not stopped gave
 */
export async function hammerWithStops<Result>(
  module: URL,
  threads: number,
  data: unknown,
  { count, progress, every, end, together = 1, ready, ended: toldBy = (_, tell) => tell() }: Stops,
): Promise<Result[]> {
  // Those that come later are not waited for.
  const start = new SharedArrayBuffer(4);
  const started = Array.from({ length: threads }, (_, index) => startThread(module, index, 1, start, data));
  return watched(started, async () => {
    for (let stop = 0; stop < count; stop++) {
      await hasCome(progress, Math.min(end, progress() + every));
      const indexes = Array.from({ length: together }, (_, i) => (stop * together + i) % threads);
      const threadIds: number[] = [];
      await ready?.(indexes[0] as number);
      for (const index of indexes) {
        const { threadId, worker, result } = started[index] as HammerThread;
        threadIds.push(threadId);
        const ended = result.catch(() => undefined);
        await worker.terminate();
        await ended;
      }
      for (const [i, index] of indexes.entries()) {
        toldBy(index, () => sharedThreadEnded(threadIds[i] as number));
        started[index] = startThread(module, index, 1, start, data);
      }
    }
    await hasCome(progress, end);
    return Promise.all(started.map(({ result }) => result)) as Promise<Result[]>;
  });
}

/** Calls the function `hit` that `module` exports on one new thread, to be stopped in the middle. */
export function startOne(module: URL, data: unknown): HammerThread & { readonly stop: () => Promise<void> } {
  const thread = startThread(module, 0, 1, new SharedArrayBuffer(4), data);
  return { ...thread, stop: async () => stopThread(thread) };
}

/** Stops a thread wherever it is, and tells shared memory of its end. */
async function stopThread({ threadId, worker, result }: HammerThread): Promise<void> {
  const ended = result.catch(() => undefined);
  await worker.terminate();
  await ended;
  sharedThreadEnded(threadId);
}

/** Waits until the threads have come so far; fails if they come no further. */
async function hasCome(progress: () => number, end: number): Promise<void> {
  let last = progress();
  let lastMs = performance.now();
  while (progress() < end) {
    await new Promise((resolve) => setImmediate(resolve));
    if (progress() !== last) {
      last = progress();
      lastMs = performance.now();
    } else if (performance.now() - lastMs > LIMIT_MS) {
      throw new Error(`the threads of the hammer hang at ${last} of ${end}`);
    }
  }
}

function startThread(
  module: URL,
  index: number,
  threads: number,
  start: SharedArrayBuffer,
  data: unknown,
): HammerThread {
  const workerData: HammerData = { module: module.href, index, threads, start, data };
  const worker = new Worker(new URL("./fixtures/hammer-worker.js", import.meta.url), { workerData });
  const result = new Promise((resolve, reject) => {
    worker.on("message", resolve);
    worker.on("error", reject);
    // After a result this has no effect.
    worker.on("exit", () => reject(new Error("a thread of the hammer ended without a result")));
  });
  result.catch(() => undefined); // whoever wants it awaits it
  return { threadId: worker.threadId, worker, result };
}

async function watched<Result>(threads: HammerThread[], body: () => Promise<Result>): Promise<Result> {
  const limit = setTimeout(() => {
    for (const { worker } of threads) void worker.terminate();
  }, LIMIT_MS);
  try {
    return await body();
  } finally {
    clearTimeout(limit);
    await Promise.all(threads.map(({ worker }) => worker.terminate()));
  }
}
