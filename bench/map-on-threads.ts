// What does it cost to have threads work on many items, of which each is short?
import pMap from "p-map";
import { threads } from "skein";
import { mapConcurrent } from "skein/async";

import { busy, increment } from "./dispatch-tasks.js";
import { ask, check, type Load, type Samples, time } from "./harness.js";

const SIZE = 2;
/** As many may be under way as the tuned pools take at once, and some to come. */
const CONCURRENCY = 1024;
const ITEM_US = 20;

interface Mapping {
  readonly short: (items: readonly number[]) => Promise<readonly number[]>;
  readonly long: (items: readonly number[]) => Promise<readonly number[]>;
  readonly close: () => unknown;
}

async function measure(load: Load, mapping: Mapping): Promise<Samples> {
  const short = Array.from({ length: load.of(100_000, 1000) }, (_, index) => index);
  const long = Array.from({ length: load.of(20_000, 200) }, () => ITEM_US);
  await mapping.long(long.slice(0, 2000));
  const samples = {
    "short items": await time({ operations: short.length, batches: load.of(6, 1), warmUp: load.of(2, 0) }, async () =>
      check((await mapping.short(short)).at(-1), short.length),
    ),
    "lost of 20 µs items": await lost(long, load.of(5, 1), mapping),
  };
  await mapping.close();
  return samples;
}

/** Share of the threads' time that the items do not get, in percent. */
async function lost(items: readonly number[], batches: number, { long }: Mapping): Promise<number[]> {
  const samples: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    const beganMs = performance.now();
    await long(items);
    samples.push(100 * (1 - (items.length * ITEM_US) / SIZE / ((performance.now() - beganMs) * 1000)));
  }
  return samples;
}

function skein(hasLists: boolean): Mapping {
  const pool = threads({ size: SIZE, name: "bench" });
  // The same pool without its lists: a job an item.
  const on = hasLists ? pool : { name: "bench", run: pool.run.bind(pool) as typeof pool.run };
  return {
    short: (items) => mapConcurrent(items, increment, { on, concurrency: CONCURRENCY }),
    long: (items) => mapConcurrent(items, busy, { on, concurrency: CONCURRENCY }),
    close: () => pool.close(),
  };
}

async function piscina(): Promise<Mapping> {
  const { Piscina } = await import("piscina");
  const pool = new Piscina({
    filename: new URL("./dispatch-worker.js", import.meta.url).href,
    minThreads: SIZE,
    maxThreads: SIZE,
    concurrentTasksPerWorker: 64,
  });
  const map = (name: string) => (items: readonly number[]) =>
    pMap(items, (item) => pool.run([item], { name }) as Promise<number>, { concurrency: CONCURRENCY });
  return { short: map("increment"), long: map("busy"), close: () => pool.destroy() };
}

await ask({
  module: import.meta.url,
  asks: "What does it cost to have two threads work on many items, of which each is short?",
  units: { "short items": "ns an item", "lost of 20 µs items": "%" },
  targets: [
    { metric: "short items", of: "skein", against: "p-map and piscina tuned", ratioAtMost: 1 / 20 },
    { metric: "short items", of: "skein", against: "skein, a job an item", ratioAtMost: 1 / 4 },
    { metric: "lost of 20 µs items", of: "skein", atMost: 20 },
  ],
  variants: {
    skein: (load) => measure(load, skein(true)),
    "skein, a job an item": (load) => measure(load, skein(false)),
    "p-map and piscina tuned": async (load) => measure(load, await piscina()),
  },
});
