// What does a permit cost that everybody wants, and does it cost more when more wait?
import { Semaphore } from "async-mutex";
import { Effect, Fiber, Semaphore as EffectSemaphore } from "effect";
import pLimit from "p-limit";
import { scope, semaphore } from "skein/async";
import { Semaphore as CompatSemaphore } from "skein/compat";

import { ask, check, type Load, type Samples, time } from "./harness.js";
import { median } from "./statistics.js";

/** Counts a task in, and gives what counts it out. */
type Enter = () => () => void;

/**
 * @param run - has that many tasks take the one permit once each; `inside` is what
 *   they do with it, `enter` the same without the promise
 */
async function measure(
  load: Load,
  run: (tasks: number, inside: () => Promise<void>, enter: Enter) => Promise<unknown>,
): Promise<Samples> {
  const samples: Record<string, readonly number[]> = {};
  for (const waiters of [100, 10_000]) {
    const repeats = load.of(200_000, waiters) / waiters;
    samples[`${waiters} waiters`] = await time(
      { operations: waiters, batches: repeats, warmUp: repeats / 2 },
      async () => {
        let holders = 0;
        let served = 0;
        const enter: Enter = () => {
          check(++holders, 1);
          return () => {
            holders--;
            served++;
          };
        };
        const inside = async (): Promise<void> => {
          const leave = enter();
          await Promise.resolve();
          leave();
        };
        await run(waiters, inside, enter);
        check(served, waiters);
      },
    );
  }
  const [few, many] = Object.values(samples) as [readonly number[], readonly number[]];
  return { ...samples, "growth from 100 to 10,000": [median(many) / median(few)] };
}

await ask({
  module: import.meta.url,
  asks: "What does a permit cost that everybody wants, and does it cost more when more wait?",
  units: { "100 waiters": "ns a permit", "10000 waiters": "ns a permit", "growth from 100 to 10,000": "times" },
  targets: [
    { metric: "100 waiters", of: "skein", atMost: 1000 },
    { metric: "10000 waiters", of: "skein", atMost: 1000 },
    { metric: "growth from 100 to 10,000", of: "skein", atMost: 1.5 },
  ],
  variants: {
    skein: (load) =>
      measure(load, async (tasks, inside) => {
        const permits = semaphore(1);
        const use = async (): Promise<void> => {
          const token = await permits.acquire();
          try {
            await inside();
          } finally {
            token.release();
          }
        };
        await Promise.all(Array.from({ length: tasks }, use));
      }),

    "skein, in jobs": (load) =>
      measure(load, async (tasks, inside) => {
        const permits = semaphore(1);
        await scope(async (s) => {
          const use = async (): Promise<void> => {
            const token = await permits.acquire(1, s);
            try {
              await inside();
            } finally {
              token.release();
            }
          };
          for (let i = 0; i < tasks; i++) s.spawn(use);
        });
      }),

    "skein/compat": (load) =>
      measure(load, async (tasks, inside) => {
        const permits = new CompatSemaphore(1);
        await Promise.all(Array.from({ length: tasks }, () => permits.runExclusive(inside)));
      }),

    "async-mutex": (load) =>
      measure(load, async (tasks, inside) => {
        const permits = new Semaphore(1);
        await Promise.all(Array.from({ length: tasks }, () => permits.runExclusive(inside)));
      }),

    "p-limit": (load) =>
      measure(load, async (tasks, inside) => {
        const limit = pLimit(1);
        await Promise.all(Array.from({ length: tasks }, () => limit(inside)));
      }),

    // Inside is an effect of its own, not a promise: that would be measured too.
    effect: (load) =>
      measure(load, async (tasks, inside, enter) => {
        void inside;
        const use = Effect.gen(function* () {
          const leave = enter();
          yield* Effect.yieldNow;
          leave();
        });
        return Effect.runPromise(
          Effect.gen(function* () {
            const permits = yield* EffectSemaphore.make(1);
            const guarded = EffectSemaphore.withPermit(permits)(use);
            const fibers = [];
            for (let i = 0; i < tasks; i++) fibers.push(yield* Effect.forkChild(guarded));
            for (const fiber of fibers) yield* Fiber.join(fiber);
          }),
        );
      }),
  },
});
