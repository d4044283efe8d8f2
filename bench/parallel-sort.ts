// What does it take to sort a million and ten million numbers on two threads, and on one?
import { parallel } from "skein/parallel";
import type { SharedArray } from "skein/shared";

import { ask, check, type Load, type Samples } from "./harness.js";
import { alone, randomNumber, sharedNumbers, twoThreads, untilHelped } from "./parallel-support.js";

/** What the numbers are: each the same in every variant. */
const KINDS: Readonly<Record<string, (i: number) => number>> = {
  random: randomNumber,
  sorted: (i) => i,
  "few unique": (i) => Math.floor(randomNumber(i) * 10),
};

/** Sorts a copy, and gives it, with what lets go of it. */
type Sort = (numbers: SharedArray<"float64">) => Promise<Sorted> | Sorted;
interface Sorted {
  readonly values: Float64Array;
  dispose(): void;
}

function isSorted(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if (!((values[i - 1] as number) <= (values[i] as number))) return false;
  return true;
}

const sumOf = (values: Float64Array): number => values.reduce((sum, value) => sum + Math.round(value * 1e6), 0);

async function measure(load: Load, sort: Sort): Promise<Samples> {
  const samples: Record<string, number[]> = {};
  const lengths = [
    { name: "10 M", length: load.of(10_000_000, 100_000), batches: load.of(3, 1) },
    { name: "1 M", length: load.of(1_000_000, 20_000), batches: load.of(7, 1) },
  ];
  for (const { name, length, batches } of lengths) {
    for (const [kind, number] of Object.entries(KINDS)) {
      const numbers = sharedNumbers(length, number);
      const times: number[] = [];
      for (let batch = -1; batch < batches; batch++) {
        const beganMs = performance.now();
        const sorted = await sort(numbers);
        if (batch >= 0) times.push(performance.now() - beganMs);
        check(isSorted(sorted.values), true);
        check(sumOf(sorted.values), sumOf(numbers.values));
        sorted.dispose();
      }
      numbers.dispose();
      samples[`${kind}, ${name}`] = times;
    }
  }
  return samples;
}

const metrics = ["10 M", "1 M"].flatMap((name) => Object.keys(KINDS).map((kind) => `${kind}, ${name}`));
const language = "TypedArray.prototype.sort";

await ask({
  module: import.meta.url,
  asks: "What does it take to sort a million and ten million numbers on two threads, and on one?",
  units: Object.fromEntries(metrics.map((metric) => [metric, "ms"])),
  rounds: 3,
  targets: [
    { metric: "random, 10 M", of: "skein", against: language, ratioAtMost: 1 / 4 },
    { metric: "random, 1 M", of: "skein", against: language, ratioAtMost: 1 / 2.5 },
    { metric: "random, 10 M", of: "skein, this thread alone", against: language, ratioAtMost: 1 / 2.5 },
    ...["10 M", "1 M"].flatMap((name) =>
      ["skein", "skein, this thread alone"].flatMap((of) =>
        ["sorted", "few unique"].map((kind) => ({
          metric: `${kind}, ${name}`,
          of,
          against: language,
          ratioAtMost: 1 / 0.9,
        })),
      ),
    ),
    { metric: "random, 10 M", of: "skein", against: "C++, __gnu_parallel::sort", ratioAtMost: 0.7 },
  ],
  variants: {
    skein: async (load) => {
      const on = twoThreads();
      await untilHelped(on);
      const samples = await measure(load, (numbers) => parallel.sort(numbers, { on }));
      await on.close();
      return samples;
    },
    "skein, this thread alone": (load) => measure(load, (numbers) => parallel.sortSync(numbers, { on: alone })),
    [language]: (load) =>
      measure(load, (numbers) => {
        const values = Float64Array.from(numbers.values).sort();
        return { values, dispose: () => undefined };
      }),
    "C++, __gnu_parallel::sort": { cpp: "parallel-sort" },
  },
});
