// What do a hundred thousand jobs that sleep for a second cost in memory and in work?
import { setTimeout as sleepNatively } from "node:timers/promises";

import { Effect } from "effect";
import { run, sleep as sleepEffection, spawn } from "effection";
import { scope, sleep } from "skein/async";

import { ask, bytesInUse, check, type Load, type Samples } from "./harness.js";

const SLEEP_MS = 1000;

/**
 * @param start - starts that many sleepers, calls `onAsleep` when all sleep, and
 *   gives how many woke
 * @param part - of a hundred thousand; the times are told for all of them
 */
async function measure(
  load: Load,
  start: (sleepers: number, sleepMs: number, onAsleep: () => void) => Promise<number>,
  part = 1,
): Promise<Samples> {
  const sleepers = load.of(100_000 * part, 1000);
  // A first round for the compiler, which would otherwise be counted as work.
  check(await start(sleepers, 50, () => undefined), sleepers);

  const before = bytesInUse();
  let bytes = 0;
  check(
    await start(sleepers, SLEEP_MS, () => {
      bytes = bytesInUse() - before;
    }),
    sleepers,
  );

  const cpuBefore = process.cpuUsage();
  const startMs = performance.now();
  check(await start(sleepers, SLEEP_MS, () => undefined), sleepers);
  const overMs = performance.now() - startMs - SLEEP_MS;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    memory: [bytes / sleepers],
    "over the second": [overMs / part],
    work: [(user + system) / 1000 / part],
  };
}

await ask({
  module: import.meta.url,
  asks: "What do a hundred thousand jobs that sleep for a second cost in memory and in work?",
  units: { memory: "bytes a sleeper", "over the second": "ms", work: "ms of processor time" },
  targets: [
    { metric: "memory", of: "skein", atMost: 1400 },
    { metric: "over the second", of: "skein", atMost: 450 },
  ],
  variants: {
    skein: (load) =>
      measure(load, (sleepers, sleepMs, onAsleep) =>
        scope(async (s) => {
          let woken = 0;
          await s.scope(async (inner) => {
            for (let i = 0; i < sleepers; i++) {
              inner.spawn(async () => {
                await sleep(sleepMs, inner);
                woken++;
              });
            }
            await sleep(0);
            onAsleep();
          });
          return woken;
        }),
      ),

    effect: (load) =>
      measure(load, (sleepers, sleepMs, onAsleep) => {
        let woken = 0;
        const sleeper = Effect.sync(() => woken++).pipe(Effect.delay(sleepMs));
        return Effect.runPromise(
          Effect.gen(function* () {
            const fibers = [];
            for (let i = 0; i < sleepers; i++) fibers.push(yield* Effect.forkChild(sleeper));
            yield* Effect.sleep(0);
            onAsleep();
            for (const fiber of fibers) yield* Effect.promise(() => new Promise((done) => fiber.addObserver(done)));
            return woken;
          }),
        );
      }),

    // All of them would take minutes.
    "effection (a tenth, times 10)": (load) =>
      measure(
        load,
        async (sleepers, sleepMs, onAsleep) => {
          let woken = 0;
          return run(function* () {
            const tasks = [];
            for (let i = 0; i < sleepers; i++) {
              tasks.push(
                yield* spawn(function* () {
                  yield* sleepEffection(sleepMs);
                  woken++;
                }),
              );
            }
            yield* sleepEffection(0);
            onAsleep();
            for (const task of tasks) yield* task;
            return woken;
          });
        },
        0.1,
      ),

    // The floor: nothing can cancel these.
    promises: (load) =>
      measure(load, async (sleepers, sleepMs, onAsleep) => {
        let woken = 0;
        const sleeping: Promise<void>[] = [];
        for (let i = 0; i < sleepers; i++) {
          sleeping.push(
            (async () => {
              await new Promise((wake) => setTimeout(wake, sleepMs));
              woken++;
            })(),
          );
        }
        await sleepNatively(0);
        onAsleep();
        for (const one of sleeping) await one;
        return woken;
      }),
  },
});
