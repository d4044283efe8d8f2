// Is `auto()` as fast as the better of `here` and `threads()`, whatever the calls are like?
import { type Executor, here, scope, threads } from "skein";
import { auto } from "skein/advise";

import { compute, tiny, wait } from "./auto-tasks.js";
import { ask, check, type Load, type Samples, type Variant } from "./harness.js";

const TURNS_OF_200_US = 200_000;

interface Plan {
  readonly calls: number;
  readonly batches: number;
  readonly warmUp: number;
  spawn(s: Parameters<Parameters<typeof scope>[0]>[0], on: Executor): PromiseLike<number>;
  /** Where a person who knew would put it. */
  readonly better: Executor;
}

/** Microseconds for each call, of batches that come at once. */
async function timeOf({ calls, spawn }: Plan, on: Executor): Promise<number> {
  const startMs = performance.now();
  await scope(async (s) => {
    const results = await Promise.all(Array.from({ length: calls }, () => spawn(s, on)));
    for (const result of results) check(result, results[0]);
  });
  return ((performance.now() - startMs) * 1000) / calls;
}

/**
 * Each batch beside one on the better place, in one process and by turns: what differs from
 * process to process, and from second to second, is more than what is to be seen.
 */
async function batchesOf(plan: Plan, on: Executor): Promise<{ readonly each: number[]; readonly ratio: number }> {
  const each: number[] = [];
  const beside: number[] = [];
  for (let i = 0; i < plan.warmUp + plan.batches; i++) {
    const [own, other] =
      i % 2 === 0
        ? [await timeOf(plan, on), await timeOf(plan, plan.better)]
        : (
            await inTurn(
              () => timeOf(plan, plan.better),
              () => timeOf(plan, on),
            )
          ).toReversed();
    if (i < plan.warmUp) continue;
    each.push(own as number);
    beside.push(other as number);
  }
  return { each, ratio: median(each) / median(beside) };
}

const inTurn = async (first: () => Promise<number>, second: () => Promise<number>): Promise<number[]> => [
  await first(),
  await second(),
];

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

async function measure(load: Load, on: Executor): Promise<Samples> {
  const pool = threads();
  await pool.ready(compute, tiny, wait);
  const plans: Readonly<Record<string, Plan>> = {
    tiny: {
      calls: load.of(1000, 100),
      batches: load.of(300, 2),
      warmUp: load.of(100, 1),
      spawn: (s, place) => s.spawn(tiny, [1, 2], { on: place }),
      better: here,
    },
    "CPU 200 µs": {
      calls: 64,
      batches: load.of(30, 1),
      warmUp: load.of(20, 1),
      spawn: (s, place) => s.spawn(compute, [TURNS_OF_200_US], { on: place }),
      better: pool,
    },
    "CPU 5 ms": {
      calls: 16,
      batches: load.of(10, 1),
      warmUp: load.of(8, 1),
      spawn: (s, place) => s.spawn(compute, [25 * TURNS_OF_200_US], { on: place }),
      better: pool,
    },
    "wait 5 ms": {
      calls: 100,
      batches: load.of(40, 1),
      warmUp: load.of(10, 1),
      spawn: (s, place) => s.spawn(wait, [5], { on: place }),
      better: here,
    },
  };
  const samples: Record<string, number[]> = {};
  for (const [name, plan] of Object.entries(plans)) {
    const { each, ratio } = await batchesOf(plan, on);
    samples[name] = each;
    samples[`${name}, to the better place`] = [ratio];
  }
  return samples;
}

const variant =
  (executor: () => Executor): Variant =>
  (load) =>
    measure(load, executor());

const LOADS = ["tiny", "CPU 200 µs", "CPU 5 ms", "wait 5 ms"];

await ask({
  module: import.meta.url,
  asks: "A call, with its job, where a person put it and where auto() does?",
  units: Object.fromEntries(
    LOADS.flatMap((name) => [
      [name, "µs"],
      [`${name}, to the better place`, "times"],
    ]),
  ),
  variants: { here: variant(() => here), threads: variant(threads), auto: variant(auto) },
  targets: LOADS.map((name) => ({ metric: `${name}, to the better place`, of: "auto", atMost: 1.1 })),
  rounds: 3,
});
