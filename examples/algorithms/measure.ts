/** Runs an algorithm on one thread and on several, one after the other, and says what is seen. */
import { type Scope, task, type ThreadPool } from "skein";
import { parallel, type Explanation, type ParallelOptions } from "skein/parallel";

import { type Algorithm, ALGORITHMS } from "./catalogue.js";
import { sharedArraysIn } from "./comparing.js";

/** What was seen of one algorithm. */
export interface Measured {
  readonly name: string;
  readonly limit: string | undefined;
  readonly size: number;
  /** The best of some runs, as are all times. */
  readonly sequentialMs: number;
  readonly onThreadsMs: number;
  /** What was shared out in that run: nothing if it was too little to be worth it. */
  readonly parts: number;
  readonly steals: number;
  /** How much longer a step takes on one thread than where all data fits in the cache. */
  readonly slowedByMemory: number;
  /** `undefined` if it was not looked at. */
  readonly isRight: boolean | undefined;
}

const RUNS = 5;
/** Inputs of at most so many bytes stay in the cache of a core. */
const CACHED_BYTES = 1 << 17;
/** Small inputs are run for so long, until nothing is compiled any more. */
const SETTLED_MS = 30;

/** How many ticks `measure` gives. */
export const TICKS = RUNS + 1;

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
  readonly pool: ThreadPool;
  readonly options: ParallelOptions;
  readonly checks: boolean;
}

export async function measure(
  s: Scope,
  algorithm: Algorithm,
  { size, pool, options, checks }: Measuring,
  tick: () => void,
): Promise<Measured> {
  const { name } = algorithm;
  const input = algorithm.input(size, 1);
  let [sequentialMs, onThreadsMs] = [Infinity, Infinity];
  let calls: readonly Explanation[] = [];
  let isRight: boolean | undefined;
  for (let run = 0; run < RUNS; run++) {
    const [aloneMs, reference] = await s.spawn(runAlone, [name, input, checks], { on: pool });
    sequentialMs = Math.min(sequentialMs, aloneMs);
    const startedMs = performance.now();
    const { result, calls: made } = await parallel.explain(() => algorithm.onThreads(input, options, s));
    const tookMs = performance.now() - startedMs;
    if (tookMs < onThreadsMs) [onThreadsMs, calls] = [tookMs, made];
    if (checks) isRight = (isRight ?? true) && algorithm.isRight(result, reference, input);
    disposeOf([result, reference]);
    tick();
  }
  disposeOf(input);
  const slowedByMemory =
    sequentialMs / algorithm.steps(size) / (await s.spawn(stepInCache, [name, size], { on: pool }));
  tick();
  const participants = calls.flatMap((call) => call.participants);
  return {
    name,
    limit: algorithm.limit,
    size,
    sequentialMs,
    onThreadsMs,
    parts: participants.reduce((sum, { parts }) => sum + parts, 0),
    steals: participants.reduce((sum, { steals }) => sum + steals, 0),
    slowedByMemory,
    isRight,
  };
}

function disposeOf(value: unknown): void {
  for (const array of sharedArraysIn(value)) array.dispose();
}

function bytesOf(value: unknown): number {
  return sharedArraysIn(value).reduce((sum, { values }) => sum + values.byteLength, 0);
}
