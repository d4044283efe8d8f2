// Is a call of skein/parallel ever slower than the loop that it replaces?
import { setTimeout as pause } from "node:timers/promises";

import { parallel } from "skein/parallel";

import { ask, check, type Load, type Samples } from "./harness.js";
import {
  type Compared,
  inTurns,
  oneBesideThis,
  ratioOf,
  sharedNumbers,
  Sleeper,
  untilHelped,
} from "./parallel-support.js";
import { add, rootAndMore, rootAndMoreByHand, sumByHand } from "./parallel-tasks.js";
import { median } from "./statistics.js";

const LENGTHS = [100, 300, 1000, 3000, 4000, 10_000, 30_000, 100_000, 300_000, 1_000_000];
/** From here on a call may not be slower; below it may cost so little more that nobody minds. */
const FROM = 4000;
/** Hot: so many calls follow each other, at least. */
const HOT_CALLS = 10;
/** A process that was idle for so long: threads sleep, and code and data have left the caches. */
const IDLE_MS = 20;
/** The caller has worked for so long on the same numbers, with calls of few items, which stay here: threads sleep. */
const COLD_MS = 5;
const FEW = 100;
/** So often a call with few is made first, and its time is taken: then what takes the time has been compiled. */
const FEW_TIMES = 20_000;

/** What is possible after a pause, by what it takes to wake a thread. */
const AT_BEST = "1,000,000, cold, at best";

/** A call, and the loop that it replaces, on the same numbers. */
interface Pair {
  readonly ours: () => unknown;
  readonly theirs: () => unknown;
  /** Of values that come by promises: others are checked where they are made. */
  readonly expected?: number;
}

type PairOf = (length: number, on: ReturnType<typeof oneBesideThis>) => Pair;

const name = (length: number, how: string): string => `${length.toLocaleString("en")}, ${how}`;

/** What a single call takes, in microseconds; of a promise, until what awaits it goes on. */
function timeOf(one: () => unknown, expected: unknown): number | Promise<number> {
  const beganMs = performance.now();
  const result = one();
  if (!(result instanceof Promise)) return (performance.now() - beganMs) * 1000;
  return result.then((value) => {
    const tookUs = (performance.now() - beganMs) * 1000;
    check(value, expected);
    return tookUs;
  });
}

/** Single calls of both in turns, each after something else. */
async function onceInTurns(
  turns: number,
  before: () => Promise<void>,
  { ours, theirs, expected }: Pair,
): Promise<Compared> {
  const times = { ours: [] as number[], theirs: [] as number[] };
  for (let turn = 0; turn < turns; turn++) {
    await before();
    times.ours.push(await timeOf(ours, expected));
    await before();
    times.theirs.push(await timeOf(theirs, expected));
  }
  return times;
}

async function measure(load: Load, pairOf: PairOf): Promise<Samples> {
  const on = oneBesideThis();
  const sleeper = new Sleeper();
  await untilHelped(on);
  const few = pairOf(FEW, on);
  for (let call = 0; call < load.of(FEW_TIMES, 100); call++) {
    await timeOf(few.ours, few.expected);
    await timeOf(few.theirs, few.expected);
  }
  const samples: Record<string, number[]> = {};
  const worst = { ratio: 0, moreUs: 0 };
  for (const length of load.isQuick ? [100, 10_000] : LENGTHS) {
    const pair = pairOf(length, on);
    const { ours, theirs } = pair;
    // The first of some that follow each other comes after the loop by hand, which may have taken longer than helpers stay.
    const calls = Math.max(HOT_CALLS, Math.ceil(20_000 / length));
    // So often that both have been compiled, and what sharing out takes is known.
    const warmUp = load.of(Math.ceil((2_000_000 / length + 1000) / calls), 2);
    const hot = await inTurns({ warmUp, turns: load.of(40, 2), calls }, ours, theirs);
    const atWork = async (): Promise<void> => {
      const untilMs = performance.now() + COLD_MS;
      do {
        await few.ours();
        few.theirs();
        theirs();
      } while (performance.now() < untilMs);
    };
    const before = parallel.statistics();
    const turns = load.of(41, 1);
    const cold = await onceInTurns(turns, atWork, pair);
    const { helpersThere, helpersWoken } = parallel.statistics();
    // One that was called for the call before, and came when that was over, counts as one that is there.
    if (helpersThere - before.helpersThere - (helpersWoken - before.helpersWoken) > turns / 4)
      throw new Error("helpers were there that should have slept");
    const idle = await onceInTurns(load.of(15, 1), () => pause(IDLE_MS) as Promise<void>, pair);
    samples[name(length, "hot")] = [ratioOf(hot)];
    samples[name(length, "cold")] = [ratioOf(cold)];
    samples[name(length, "idle")] = [ratioOf(idle)];
    if (length === LENGTHS.at(-1)) {
      const wakesUs: number[] = [];
      for (let turn = 0; turn < turns; turn++) {
        await atWork();
        wakesUs.push(sleeper.wake());
      }
      const aloneUs = median(cold.theirs);
      samples["wake-up"] = [median(wakesUs)];
      // The helper comes that much later: nobody can share out the time until then.
      samples[AT_BEST] = [(aloneUs + median(wakesUs)) / (2 * aloneUs)];
    }
    if (length >= FROM) worst.ratio = Math.max(worst.ratio, ratioOf(hot), ratioOf(cold));
    else {
      const moreUs = median(hot.ours.map((us, turn) => us - (hot.theirs[turn] as number)));
      worst.moreUs = Math.max(worst.moreUs, moreUs);
    }
  }
  await on.close();
  await sleeper.end();
  return { ...samples, "worst from 4,000 on": [worst.ratio], "most more below": [worst.moreUs] };
}

/** Sums of whole numbers: the same in any order. */
const whole = (i: number): number => i % 1000;

/**
 * By hand through two views in turns: of an array that never changes engines build the address into
 * the code of a loop that is called with nothing else, as only benches do.
 */
function sumOf(values: Float64Array, sum: () => unknown): Pair {
  const views = [0, 1].map(() => new Float64Array(values.buffer, values.byteOffset, values.length));
  const expected = sumByHand(values);
  let turn = 0;
  return {
    ours: () => {
      const result = sum();
      return result instanceof Promise ? result : check(result, expected);
    },
    theirs: () => check(sumByHand(views[(turn ^= 1)] as Float64Array), expected),
    expected,
  };
}

function sumOfShared(length: number, sum: (numbers: ReturnType<typeof sharedNumbers>) => unknown): Pair {
  const numbers = sharedNumbers(length, whole);
  return sumOf(numbers.values, () => sum(numbers));
}

const every = LENGTHS.flatMap((length) => ["hot", "cold", "idle"].map((how) => name(length, how)));
const ways = ["reduce", "reduce awaited", "sum", "sum of a Float64Array", "map of a Float64Array"];
const monoid = { identity: 0, combine: add };

await ask({
  module: import.meta.url,
  asks: "Is a call of skein/parallel ever slower than the loop that it replaces?",
  units: {
    ...Object.fromEntries(every.map((metric) => [metric, "times the loop by hand"])),
    "wake-up": "µs until a thread that sleeps runs",
    [AT_BEST]: "times the loop by hand",
    "worst from 4,000 on": "times the loop by hand",
    "most more below": "µs a call",
  },
  areRivals: false,
  targets: [
    ...ways.flatMap((of) => [
      { metric: "worst from 4,000 on", of, atMost: 1 / 0.9 },
      // A map makes an array, of either kind, for ten times as long as a sum takes: it has its ratio.
      ...(of.startsWith("map") ? [] : [{ metric: "most more below", of, atMost: of === "reduce awaited" ? 1 : 0.3 }]),
    ]),
    { metric: "1,000,000, hot", of: "reduce", atMost: 1 / 1.6 },
    { metric: "1,000,000, cold", of: "reduce", atMost: 1 / 1.6 },
  ],
  variants: {
    reduce: (load) =>
      measure(load, (length, on) => sumOfShared(length, (all) => parallel.reduceSync(all, monoid, { on }))),
    "reduce awaited": (load) =>
      measure(load, (length, on) => sumOfShared(length, (all) => parallel.reduce(all, monoid, { on }))),
    sum: (load) => measure(load, (length, on) => sumOfShared(length, (all) => parallel.sumSync(all, { on }))),
    "sum of a Float64Array": (load) =>
      measure(load, (length, on) => {
        const numbers = Float64Array.from({ length }, (_, i) => whole(i));
        return sumOf(numbers, () => parallel.sumSync(numbers, { on }));
      }),
    "map of a Float64Array": (load) =>
      measure(load, (length, on) => {
        const numbers = Float64Array.from({ length }, (_, i) => whole(i));
        const expected = rootAndMoreByHand(numbers).at(-1);
        return {
          ours: () => check(parallel.mapSync(numbers, rootAndMore, { on }).at(-1), expected),
          theirs: () => check(rootAndMoreByHand(numbers).at(-1), expected),
        };
      }),
  },
});
