/** Runs an algorithm on one thread and on several, one after the other, and says what is seen. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { type Scope, sleep, task, type ThreadPool } from "skein";
import { parallel, type Explanation, type ParallelOptions } from "skein/parallel";

import { type Algorithm, ALGORITHMS } from "./catalogue.js";
import { sharedArraysIn } from "./comparing.js";

/** What was seen of one algorithm. */
export interface Measured {
  readonly name: string;
  readonly limit: string | undefined;
  readonly size: number;
  /** The middle of some runs, as are all figures: cores are faster now, and slower then. */
  readonly sequentialMs: number;
  readonly onThreadsMs: number;
  /** Of runs right after each other. */
  readonly speedUp: number;
  /**
   * What as many threads do at once, each by itself, against one that is alone: no way to share out
   * the work makes more of them. Less than their number if they wait for the same memory.
   */
  readonly atBest: number;
  /** What was shared out in one run: nothing if it was too little to be worth it. */
  readonly parts: number;
  readonly steals: number;
  /** How much longer a step takes on one thread than where all data fits in the cache. */
  readonly slowedByMemory: number;
  /** `undefined` if it was not looked at. */
  readonly isRight: boolean | undefined;
}

/** Before those that count: until then threads compile what they run. */
const WARM_UP_RUNS = 5;
const RUNS = 5;
/** Inputs of at most so many bytes stay in the cache of a core. */
const CACHED_BYTES = 1 << 17;
/** Small inputs are run for so long, until nothing is compiled any more. */
const SETTLED_MS = 100;

/** Until what was collected is given back, which threads of the engine do meanwhile. */
const PAUSE_MS = 20;

/** How many ticks `measure` gives. */
export const TICKS = WARM_UP_RUNS + RUNS + 1;

setFlagsFromString("--expose-gc");
/** So that no run is held up by what one before it left. */
const collectGarbage = runInNewContext('() => gc({ type: "minor" })') as () => void;

/** Runs the form for one thread on a thread, so that this one hears of Ctrl-C meanwhile. */
const runAlone = task(function runAlone(
  name: string,
  input: unknown,
  isWanted: boolean,
): readonly [ms: number, result: unknown] {
  const algorithm = ALGORITHMS.find((one) => one.name === name) as Algorithm;
  const beganMs = performance.now();
  const result = algorithm.sequential(input);
  const tookMs = performance.now() - beganMs;
  if (isWanted) return [tookMs, result];
  disposeOf(result);
  collectGarbage();
  return [tookMs, undefined];
});

/** What a step takes, in milliseconds, where all data fits in the cache. */
const stepInCache = task(function stepInCache(name: string, size: number): number {
  const algorithm = ALGORITHMS.find((one) => one.name === name) as Algorithm;
  let small = size;
  let input = algorithm.input(small, 1);
  for (let bytes = bytesOf(input); small > 1 && bytes > CACHED_BYTES; bytes = bytesOf(input)) {
    disposeOf(input);
    small = Math.max(1, Math.floor((small * CACHED_BYTES) / bytes));
    input = algorithm.input(small, 1);
  }
  let bestMs = Infinity;
  for (const beganMs = performance.now(); performance.now() - beganMs < SETTLED_MS;) {
    const startedMs = performance.now();
    const result = algorithm.sequential(input);
    bestMs = Math.min(bestMs, performance.now() - startedMs);
    disposeOf(result);
  }
  disposeOf(input);
  return bestMs / algorithm.steps(small);
});

export interface Measuring {
  readonly size: number;
  /** Has as many threads as work on a call, this one included. */
  readonly pool: ThreadPool;
  readonly participants: number;
  readonly options: ParallelOptions;
  readonly checks: boolean;
}

export async function measure(
  s: Scope,
  algorithm: Algorithm,
  { size, pool, participants, options, checks }: Measuring,
  tick: () => void,
): Promise<Measured> {
  const { name } = algorithm;
  const input = algorithm.input(size, 1);
  const runs: { readonly sequentialMs: number; readonly onThreadsMs: number; readonly atBest: number }[] = [];
  let calls: readonly Explanation[] = [];
  let isRight: boolean | undefined;
  for (let run = -WARM_UP_RUNS; run < RUNS; run++) {
    const [sequentialMs, reference] = await s.spawn(runAlone, [name, input, checks], { on: pool });
    await sleep(PAUSE_MS, s);
    const startedMs = performance.now();
    const { result, calls: made } = await parallel.explain(() => algorithm.onThreads(input, options, s));
    const onThreadsMs = performance.now() - startedMs;
    calls = made;
    if (checks) isRight = (isRight ?? true) && algorithm.isRight(result, reference, input);
    disposeOf([result, reference]);
    const atOnce = Array.from({ length: participants }, () => s.spawn(runAlone, [name, input, false], { on: pool }));
    const atBest = (await Promise.all(atOnce)).reduce((sum, [ms]) => sum + sequentialMs / ms, 0);
    if (run >= 0) runs.push({ sequentialMs, onThreadsMs, atBest });
    tick();
  }
  disposeOf(input);
  const sequentialMs = median(runs.map((run) => run.sequentialMs));
  const slowedByMemory =
    sequentialMs / algorithm.steps(size) / (await s.spawn(stepInCache, [name, size], { on: pool }));
  tick();
  const shared = calls.flatMap((call) => call.participants);
  return {
    name,
    limit: algorithm.limit,
    size,
    sequentialMs,
    onThreadsMs: median(runs.map((run) => run.onThreadsMs)),
    speedUp: median(runs.map((run) => run.sequentialMs / run.onThreadsMs)),
    atBest: median(runs.map((run) => run.atBest)),
    parts: shared.reduce((sum, { parts }) => sum + parts, 0),
    steals: shared.reduce((sum, { steals }) => sum + steals, 0),
    slowedByMemory,
    isRight,
  };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] as number;
}

function disposeOf(value: unknown): void {
  for (const array of sharedArraysIn(value)) array.dispose();
}

function bytesOf(value: unknown): number {
  return sharedArraysIn(value).reduce((sum, { values }) => sum + values.byteLength, 0);
}
