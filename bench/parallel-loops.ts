// What do map, sum and dot of a million numbers cost on two threads, against loops by hand?
import { setTimeout as pause } from "node:timers/promises";

import { parallel } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { ask, check, type Load, type Samples, time } from "./harness.js";
import { alone, inTurns, oneBesideThis, ratioOf, sharedNumbers, untilHelped } from "./parallel-support.js";
import { dotByHand, rootAndMore, rootAndMoreByHand, SEVEN, sumByHand } from "./parallel-tasks.js";

/** Each gives a number that all variants agree on. */
interface Ways {
  readonly map: () => number | Promise<number>;
  readonly sum: () => number | Promise<number>;
  readonly dot: () => number | Promise<number>;
}

const lengthOf = (load: Load): number => load.of(1_000_000, 20_000);
/** Whole numbers, so that sums are exact in any order. */
const number = (i: number): number => (i * 7919) % 1000;

async function measure(load: Load, ways: Partial<Ways>): Promise<Samples> {
  const length = lengthOf(load);
  const numbers = Float64Array.from({ length }, (_, i) => number(i));
  const expected = {
    map: Math.sqrt(numbers[length - 1] as number) * 2 + 1,
    sum: sumByHand(numbers),
    dot: dotByHand(numbers, numbers),
  };
  const samples: Record<string, readonly number[]> = {};
  for (const [name, way] of Object.entries(ways)) {
    // What is compiled beside the program, and what threads are given, arrives in turns of the event loop.
    for (let turn = 0; turn < 5; turn++) {
      await way();
      await pause(1);
    }
    const batches = { operations: length, batches: load.of(40, 1), warmUp: load.of(20, 1) };
    samples[name] = await time(batches, async () => check(await way(), expected[name as keyof Ways]));
  }
  return samples;
}

/** The last number of a result, which is let go of. */
function lastOf(result: SharedArray<"float64"> | Float64Array): number {
  if (!(result instanceof SharedArray)) return result.at(-1) as number;
  const last = result.values.at(-1) as number;
  result.dispose();
  return last;
}

/** On this thread and one more. */
async function onTwo(load: Load, waysOn: (on: ReturnType<typeof oneBesideThis>) => Partial<Ways>): Promise<Samples> {
  const on = oneBesideThis();
  await untilHelped(on);
  const samples = await measure(load, waysOn(on));
  await on.close();
  return samples;
}

/** How many times as long as its own loop the slowest of seven takes, one after another on this thread. */
async function slowestOfSeven(load: Load, mapOf: (numbers: SharedArray<"float64">, at: number) => Float64Array) {
  const numbers = sharedNumbers(load.of(200_000, 5000), number);
  const turns = { warmUp: load.of(10, 1), turns: 1, calls: 1 };
  const slowest: number[] = [];
  const results = new Float64Array(numbers.length);
  for (let i = 0; i < load.of(25, 1); i++) {
    const ratios: number[] = [];
    for (const [at, [, loop]] of SEVEN.entries()) {
      const byHand = (): void => loop(numbers.values, results);
      ratios.push(ratioOf(await inTurns(i === 0 ? turns : { ...turns, warmUp: 0 }, () => mapOf(numbers, at), byHand)));
      const last = mapOf(numbers, at).at(-1);
      byHand();
      check(last, results.at(-1));
    }
    if (i > 4 || load.isQuick) slowest.push(Math.max(...ratios));
  }
  return { "slowest of seven functions": slowest };
}

/** The loop that serves all functions. */
function oneLoop(numbers: Float64Array, call: (x: number) => number, results: Float64Array): Float64Array {
  for (let i = 0; i < numbers.length; i++) results[i] = call(numbers[i] as number);
  return results;
}

await ask({
  module: import.meta.url,
  asks: "What do map, sum and dot of a million numbers cost on two threads, against loops by hand?",
  units: {
    map: "ns an item",
    sum: "ns an item",
    dot: "ns an item",
    "slowest of seven functions": "times its own loop",
  },
  targets: [
    { metric: "map", of: "skein", against: "Float64Array.prototype", ratioAtMost: 1 / 5 },
    { metric: "map", of: "skein", against: "by hand", ratioAtMost: 1 / 1.6 },
    { metric: "sum", of: "skein", against: "by hand", ratioAtMost: 1 / 3.5 },
    { metric: "dot", of: "skein", against: "by hand", ratioAtMost: 1 / 3.5 },
    { metric: "slowest of seven functions", of: "skein", atMost: 2.5 },
  ],
  variants: {
    skein: async (load) => {
      const numbers = sharedNumbers(lengthOf(load), number);
      const samples = await onTwo(load, (on) => ({
        map: () => lastOf(parallel.mapSync(numbers, rootAndMore, { on })),
        sum: () => parallel.sumSync(numbers, { on }),
        dot: () => parallel.dotSync(numbers, numbers, { on }),
      }));
      // Into an array that is there, as the loops by hand do it; this thread alone, as they do.
      const seven = await slowestOfSeven(load, (items, at) => {
        const made = parallel.mapSync(items, (SEVEN[at] as (typeof SEVEN)[number])[0], { on: alone });
        made.dispose();
        return made.values;
      });
      return { ...samples, ...seven };
    },
    "skein, promises": (load) => {
      const numbers = sharedNumbers(lengthOf(load), number);
      return onTwo(load, (on) => ({
        map: async () => lastOf(await parallel.map(numbers, rootAndMore, { on })),
        sum: () => parallel.sum(numbers, { on }),
        dot: () => parallel.dot(numbers, numbers, { on }),
      }));
    },
    "skein, Float64Array in and out": (load) => {
      const numbers = Float64Array.from({ length: lengthOf(load) }, (_, i) => number(i));
      return onTwo(load, (on) => ({
        map: () => lastOf(parallel.mapSync(numbers, rootAndMore, { on })),
        sum: () => parallel.sumSync(numbers, { on }),
        dot: () => parallel.dotSync(numbers, numbers, { on }),
      }));
    },
    "skein, this thread alone": (load) => {
      const numbers = sharedNumbers(lengthOf(load), number);
      return measure(load, {
        map: () => lastOf(parallel.mapSync(numbers, rootAndMore, { on: alone })),
        sum: () => parallel.sumSync(numbers, { on: alone }),
        dot: () => parallel.dotSync(numbers, numbers, { on: alone }),
      });
    },
    "by hand": async (load) => {
      const numbers = Float64Array.from({ length: lengthOf(load) }, (_, i) => number(i));
      const samples = await measure(load, {
        map: () => lastOf(rootAndMoreByHand(numbers)),
        sum: () => sumByHand(numbers),
        dot: () => dotByHand(numbers, numbers),
      });
      const results = new Float64Array(load.of(200_000, 5000));
      const seven = await slowestOfSeven(load, (items, at) =>
        oneLoop(items.values, (SEVEN[at] as (typeof SEVEN)[number])[0] as never, results),
      );
      return { ...samples, ...seven };
    },
    "Float64Array.prototype": (load) => {
      const numbers = Float64Array.from({ length: lengthOf(load) }, (_, i) => number(i));
      return measure(load, {
        map: () => lastOf(numbers.map((x) => Math.sqrt(x) * 2 + 1)),
        sum: () => numbers.reduce((sum, x) => sum + x, 0),
      });
    },
  },
});
