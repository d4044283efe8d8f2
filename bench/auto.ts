// Is `auto()` as fast as the better of `here` and `threads()`, whatever the calls are like?
import { type Executor, here, scope, threads } from "skein";
import { auto } from "skein/advise";

import { compute, tiny, wait } from "./auto-tasks.js";
import { ask, check, type Load, type Samples, type Variant } from "./harness.js";

const TURNS_OF_200_US = 200_000;

/** Microseconds for each call, of batches that come at once. */
async function batches(count: number, calls: number, warmUp: number, batch: () => Promise<unknown>): Promise<number[]> {
  const samples: number[] = [];
  for (let i = 0; i < warmUp + count; i++) {
    const startMs = performance.now();
    await batch();
    if (i >= warmUp) samples.push(((performance.now() - startMs) * 1000) / calls);
  }
  return samples;
}

async function measure(load: Load, on: Executor): Promise<Samples> {
  await threads().ready(compute, tiny, wait);
  const spawnAll = async (
    calls: number,
    spawn: (s: Parameters<Parameters<typeof scope>[0]>[0]) => PromiseLike<number>,
  ): Promise<void> => {
    await scope(async (s) => {
      const results = await Promise.all(Array.from({ length: calls }, () => spawn(s)));
      for (const result of results) check(result, results[0]);
    });
  };
  const tinyCalls = load.of(1000, 100);
  return {
    tiny: await batches(load.of(300, 2), tinyCalls, load.of(100, 1), () =>
      spawnAll(tinyCalls, (s) => s.spawn(tiny, [1, 2], { on })),
    ),
    "CPU 200 µs": await batches(load.of(30, 1), 64, load.of(20, 1), () =>
      spawnAll(64, (s) => s.spawn(compute, [TURNS_OF_200_US], { on })),
    ),
    "CPU 5 ms": await batches(load.of(10, 1), 16, load.of(8, 1), () =>
      spawnAll(16, (s) => s.spawn(compute, [25 * TURNS_OF_200_US], { on })),
    ),
    "wait 5 ms": await batches(load.of(20, 1), 100, load.of(4, 1), () =>
      spawnAll(100, (s) => s.spawn(wait, [5], { on })),
    ),
  };
}

const variant =
  (executor: () => Executor): Variant =>
  (load) =>
    measure(load, executor());

await ask({
  module: import.meta.url,
  asks: "A call, with its job, where a person put it and where auto() does?",
  units: { tiny: "µs", "CPU 200 µs": "µs", "CPU 5 ms": "µs", "wait 5 ms": "µs" },
  variants: { here: variant(() => here), threads: variant(threads), auto: variant(auto) },
  targets: [
    { metric: "tiny", of: "auto", against: "here", ratioAtMost: 1.1 },
    { metric: "CPU 200 µs", of: "auto", against: "threads", ratioAtMost: 1.1 },
    { metric: "CPU 5 ms", of: "auto", against: "threads", ratioAtMost: 1.1 },
    { metric: "wait 5 ms", of: "auto", against: "here", ratioAtMost: 1.1 },
  ],
  rounds: 3,
});
