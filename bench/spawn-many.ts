// Does a job cost the same when a hundred thousand are alive as when ten thousand are?
import { Effect, Fiber } from "effect";
import { type Job, scope } from "skein/async";

import { ask, bytesInUse, check, type Load, type Samples, time } from "./harness.js";

// A job gives the thread back once, so that all are alive together.
async function work(): Promise<number> {
  await Promise.resolve();
  return 1;
}

async function skein(load: Load, jobs: number): Promise<Samples> {
  return measure(load, jobs, (onAlive) =>
    scope(async (s) => {
      const spawned: Job<number>[] = [];
      for (let i = 0; i < jobs; i++) spawned.push(s.spawn(work));
      onAlive();
      let sum = 0;
      for (const job of spawned) sum += await job;
      check(sum, jobs);
    }),
  );
}

async function effect(load: Load, jobs: number): Promise<Samples> {
  const forked = Effect.gen(function* () {
    yield* Effect.yieldNow;
    return 1;
  });
  return measure(load, jobs, (onAlive) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const fibers = [];
        for (let i = 0; i < jobs; i++) fibers.push(yield* Effect.forkChild(forked));
        onAlive();
        let sum = 0;
        for (const fiber of fibers) sum += yield* Fiber.join(fiber);
        check(sum, jobs);
      }),
    ),
  );
}

async function promises(load: Load, jobs: number): Promise<Samples> {
  return measure(load, jobs, async (onAlive) => {
    const started: Promise<number>[] = [];
    for (let i = 0; i < jobs; i++) started.push(work());
    onAlive();
    let sum = 0;
    for (const promise of started) sum += await promise;
    check(sum, jobs);
  });
}

async function measure(load: Load, jobs: number, run: (onAlive: () => void) => Promise<void>): Promise<Samples> {
  // The same number of jobs in all, so that neither size is warmer than the other.
  const repeats = load.of(1_000_000, 2 * jobs) / jobs;
  const times = await time({ operations: jobs, batches: repeats, warmUp: repeats / 2 }, () => run(() => undefined));
  let bytes = 0;
  const before = bytesInUse();
  await run(() => {
    bytes = bytesInUse() - before;
  });
  return { time: times, memory: [bytes / jobs] };
}

await ask({
  module: import.meta.url,
  asks: "Does a job cost the same when a hundred thousand are alive as when ten thousand are?",
  units: { time: "ns a job", memory: "bytes a job" },
  targets: [
    { metric: "time", of: "skein, 100k", against: "skein, 10k", ratioAtMost: 1.5 },
    { metric: "memory", of: "skein, 100k", against: "skein, 10k", ratioAtMost: 1.5 },
  ],
  variants: {
    "skein, 10k": (load) => skein(load, load.of(10_000, 1000)),
    "skein, 100k": (load) => skein(load, load.of(100_000, 10_000)),
    "effect, 10k": (load) => effect(load, load.of(10_000, 1000)),
    "effect, 100k": (load) => effect(load, load.of(100_000, 10_000)),
    "promises, 10k": (load) => promises(load, load.of(10_000, 1000)),
    "promises, 100k": (load) => promises(load, load.of(100_000, 10_000)),
  },
});
