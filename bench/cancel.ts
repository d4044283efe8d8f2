// How long does it take to cancel a hundred thousand sleeping jobs, until all have ended?
import { EventEmitter } from "node:events";
import { setTimeout as sleepNatively } from "node:timers/promises";

import { Effect, Fiber } from "effect";
import { run, sleep as sleepEffection, spawn } from "effection";
import { scope, sleep } from "skein/async";

import { ask, check, type Load, type Samples } from "./harness.js";

const HOUR_MS = 3_600_000;

/**
 * @param runOnce - gives the milliseconds from the cancellation to the end of the
 *   last, and how many ended by it
 * @param part - of a hundred thousand; the time is told for all of them
 */
async function measure(
  load: Load,
  runOnce: (jobs: number) => Promise<[ms: number, ended: number]>,
  part = 1,
): Promise<Samples> {
  const jobs = load.of(100_000 * part, 1000);
  const samples: number[] = [];
  for (let i = 0; i < load.of(6, 2); i++) {
    const [ms, ended] = await runOnce(jobs);
    check(ended, jobs);
    if (i > 0) samples.push(ms / part);
  }
  return { "to the end": samples };
}

await ask({
  module: import.meta.url,
  asks: "How long does it take to cancel a hundred thousand sleeping jobs, until all have ended?",
  units: { "to the end": "ms" },
  targets: [{ metric: "to the end", of: "skein", atMost: 150 }],
  variants: {
    skein: (load) =>
      measure(load, async (jobs) => {
        let ended = 0;
        let startMs = 0;
        await scope(async (s) => {
          for (let i = 0; i < jobs; i++) {
            s.spawn(async () => {
              try {
                await sleep(HOUR_MS, s);
              } finally {
                ended++;
              }
            });
          }
          await sleep(0);
          startMs = performance.now();
          s.cancel("enough");
        });
        return [performance.now() - startMs, ended];
      }),

    effect: (load) =>
      measure(load, async (jobs) => {
        let asleep = 0;
        let ended = 0;
        const sleeper = Effect.suspend(() => {
          asleep++;
          return Effect.sleep(HOUR_MS);
        }).pipe(Effect.ensuring(Effect.sync(() => ended++)));
        return Effect.runPromise(
          Effect.gen(function* () {
            const parent = yield* Effect.forkChild(
              Effect.gen(function* () {
                for (let i = 0; i < jobs; i++) yield* Effect.forkChild(sleeper);
                yield* Effect.never;
              }),
            );
            while (asleep < jobs) yield* Effect.sleep(10);
            const startMs = performance.now();
            yield* Fiber.interrupt(parent);
            return [performance.now() - startMs, ended] as [number, number];
          }),
        );
      }),

    // All of them would take minutes.
    "effection (a tenth, times 10)": (load) =>
      measure(
        load,
        async (jobs) => {
          let asleep = 0;
          let ended = 0;
          const parent = run(function* () {
            for (let i = 0; i < jobs; i++) {
              void (yield* spawn(function* () {
                try {
                  asleep++;
                  yield* sleepEffection(HOUR_MS);
                } finally {
                  ended++;
                }
              }));
            }
            yield* sleepEffection(HOUR_MS);
          });
          parent.catch(() => undefined);
          while (asleep < jobs) await sleepNatively(10);
          const startMs = performance.now();
          await parent.halt();
          return [performance.now() - startMs, ended];
        },
        0.1,
      ),

    // What the platform offers: one signal, a listener for each. Each that leaves is
    // searched for among all, so all of them would take minutes.
    "promises (a tenth, times 10)": (load) =>
      measure(
        load,
        async (jobs) => {
          let ended = 0;
          const controller = new AbortController();
          EventEmitter.setMaxListeners(0, controller.signal);
          const sleeping: Promise<void>[] = [];
          for (let i = 0; i < jobs; i++) {
            sleeping.push(
              (async () => {
                try {
                  await sleepNatively(HOUR_MS, undefined, { signal: controller.signal });
                } catch {
                  ended++;
                }
              })(),
            );
          }
          await sleepNatively(1);
          const startMs = performance.now();
          controller.abort();
          for (const one of sleeping) await one;
          return [performance.now() - startMs, ended];
        },
        0.1,
      ),
  },
});
