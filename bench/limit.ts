// What does it cost a task to run under a limit of ten at a time?
import pLimit from "p-limit";
import pMap from "p-map";
import PQueue from "p-queue";
import { pLimit as compatLimit, pMap as compatMap, PQueue as CompatQueue } from "skein/compat";

import { ask, check, type Load, type Samples, time } from "./harness.js";

const LIMIT = 10;

type Work = () => Promise<number>;

/** @param run - runs that many times `work` under the limit, and gives the results */
async function measure(load: Load, run: (tasks: number, work: Work) => Promise<number[]>): Promise<Samples> {
  const samples: Record<string, readonly number[]> = {};
  for (const tasks of [1000, 100_000]) {
    const repeats = Math.max(1, load.of(500_000, tasks) / tasks);
    samples[`${tasks} tasks`] = await time({ operations: tasks, batches: repeats, warmUp: repeats / 2 }, async () => {
      let running = 0;
      const results = await run(tasks, async () => {
        running++;
        if (running > LIMIT) throw new Error(`${running} ran at once`);
        await Promise.resolve();
        running--;
        return 1;
      });
      check(
        results.reduce((sum, result) => sum + result, 0),
        tasks,
      );
    });
    if (load.isQuick) break;
  }
  return samples;
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make);
}

await ask({
  module: import.meta.url,
  asks: "What does it cost a task to run under a limit of ten at a time?",
  units: { "1000 tasks": "ns a task", "100000 tasks": "ns a task" },
  targets: [],
  variants: {
    "skein pLimit": (load) =>
      measure(load, (tasks, work) => {
        const limit = compatLimit(LIMIT);
        return Promise.all(times(tasks, () => limit(work)));
      }),
    "p-limit": (load) =>
      measure(load, (tasks, work) => {
        const limit = pLimit(LIMIT);
        return Promise.all(times(tasks, () => limit(work)));
      }),
    "skein PQueue": (load) =>
      measure(load, (tasks, work) => {
        const queue = new CompatQueue({ concurrency: LIMIT });
        return Promise.all(times(tasks, () => queue.add(work)));
      }),
    "p-queue": (load) =>
      measure(load, (tasks, work) => {
        const queue = new PQueue({ concurrency: LIMIT });
        return Promise.all(times(tasks, () => queue.add(work)));
      }),
    "skein pMap": (load) =>
      measure(load, (tasks, work) =>
        compatMap(
          times(tasks, () => 0),
          work,
          { concurrency: LIMIT },
        ),
      ),
    "p-map": (load) =>
      measure(load, (tasks, work) =>
        pMap(
          times(tasks, () => 0),
          work,
          { concurrency: LIMIT },
        ),
      ),
  },
});
