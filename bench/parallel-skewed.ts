// How evenly is a loop shared out of which the first items take longest?
import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { ask, check, type Load, type Samples, time } from "./harness.js";
import { oneBesideThis, untilHelped } from "./parallel-support.js";
import { skewed, skewedByHand } from "./parallel-tasks.js";

/** @param way - fills the array with what the items give */
async function measure(load: Load, way: (results: SharedArray<"int32">) => unknown): Promise<Samples> {
  const length = load.of(400_000, 4000);
  const results = new SharedArray({ type: "int32", length });
  const expected = new SharedArray({ type: "int32", length });
  (skewedByHand as unknown as (from: number, to: number, results: SharedArray) => void)(0, length, expected);
  const isSame = (): boolean => results.values.every((value, i) => value === expected.values[i]);
  const samples: number[] = [];
  for (let i = 0; i < load.of(14, 1); i++) {
    results.values.fill(0);
    const [nsEach] = await time({ operations: 1e6, batches: 1, warmUp: 0 }, () => way(results));
    check(isSame(), true);
    if (i >= 4 || load.isQuick) samples.push(nsEach as number);
  }
  return { loop: samples };
}

async function onTwo(
  load: Load,
  way: (results: SharedArray<"int32">, on: ReturnType<typeof oneBesideThis>) => unknown,
): Promise<Samples> {
  const on = oneBesideThis();
  await untilHelped(on);
  await on.ready(skewed);
  const samples = await measure(load, (results) => way(results, on));
  await on.close();
  return samples;
}

const byHand = skewedByHand as unknown as (from: number, to: number, results: SharedArray<"int32">) => void;

await ask({
  module: import.meta.url,
  asks: "How evenly is a loop shared out of which the first tenth of the items takes 50 times as long as the others?",
  units: { loop: "ms" },
  targets: [
    { metric: "loop", of: "skein", against: "by hand", ratioAtMost: 1 / 1.7 },
    { metric: "loop", of: "skein", against: "halves", ratioAtMost: 1 / 1.4 },
  ],
  variants: {
    skein: (load) => onTwo(load, (results, on) => parallel.forSync(0, results.length, skewed, { args: [results], on })),
    "skein, promises": (load) =>
      onTwo(load, (results, on) => parallel.for(0, results.length, skewed, { args: [results], on })),
    halves: (load) =>
      onTwo(load, async (results, on) => {
        const half = results.length / 2;
        const other = on.run(skewedByHand, [half, results.length, results]);
        on.publish?.();
        byHand(0, half, results);
        await other;
      }),
    "by hand": (load) => measure(load, (results) => byHand(0, results.length, results)),
  },
});
