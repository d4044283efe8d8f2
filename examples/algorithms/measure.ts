/** Runs an algorithm on one thread and on several, one after the other, and says what is seen. */
import { setImmediate } from "node:timers/promises";

import type { Scope } from "skein";
import { parallel, type Explanation, type ParallelOptions } from "skein/parallel";

import type { Algorithm } from "./catalogue.js";
import { sharedArraysIn } from "./comparing.js";

/** What was seen of one algorithm. */
export interface Measured {
  readonly name: string;
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

export const RUNS = 3;
/** Inputs of at most so many bytes stay in the cache of a core. */
const CACHED_BYTES = 1 << 17;
/** Small inputs are run for so long, until nothing is compiled any more. */
const SETTLED_MS = 30;

/** How many steps `measure` ticks. */
export const TICKS = RUNS + 1;

export async function measure(
  s: Scope,
  algorithm: Algorithm,
  { size, options, checks }: { readonly size: number; readonly options: ParallelOptions; readonly checks: boolean },
  tick: () => void,
): Promise<Measured> {
  const input = algorithm.input(size, 1);
  let [sequentialMs, onThreadsMs] = [Infinity, Infinity];
  let calls: readonly Explanation[] = [];
  let isRight: boolean | undefined;
  for (let run = 0; run < RUNS; run++) {
    const beganMs = performance.now();
    const reference = algorithm.sequential(input);
    sequentialMs = Math.min(sequentialMs, performance.now() - beganMs);
    // Ctrl-C is heard between runs.
    await setImmediate();
    s.checkpoint();
    const startedMs = performance.now();
    const { result, calls: made } = await parallel.explain(() => algorithm.onThreads(input, options, s));
    const tookMs = performance.now() - startedMs;
    if (tookMs < onThreadsMs) [onThreadsMs, calls] = [tookMs, made];
    if (checks) isRight = (isRight ?? true) && algorithm.isRight(result, reference, input);
    for (const array of sharedArraysIn([result, reference])) array.dispose();
    tick();
  }
  const slowedByMemory = sequentialMs / algorithm.steps(size) / stepInCacheMs(algorithm, size);
  for (const array of sharedArraysIn(input)) array.dispose();
  tick();
  const participants = calls.flatMap((call) => call.participants);
  const sum = (which: "parts" | "steals"): number => participants.reduce((all, one) => all + one[which], 0);
  return {
    name: algorithm.name,
    size,
    sequentialMs,
    onThreadsMs,
    parts: sum("parts"),
    steals: sum("steals"),
    slowedByMemory,
    isRight,
  };
}

/** What a step takes on one thread where all data fits in the cache. */
function stepInCacheMs(algorithm: Algorithm, size: number): number {
  let small = size;
  let input = algorithm.input(small, 1);
  while (small > 1 && bytesOf(input) > CACHED_BYTES) {
    for (const array of sharedArraysIn(input)) array.dispose();
    small = Math.max(1, Math.floor(Math.min(small / 2, (1.2 * small * CACHED_BYTES) / bytesOf(input))));
    input = algorithm.input(small, 1);
  }
  let bestMs = Infinity;
  for (const beganMs = performance.now(); performance.now() - beganMs < SETTLED_MS;) {
    const startedMs = performance.now();
    const result = algorithm.sequential(input);
    bestMs = Math.min(bestMs, performance.now() - startedMs);
    for (const array of sharedArraysIn(result)) array.dispose();
  }
  for (const array of sharedArraysIn(input)) array.dispose();
  return bestMs / algorithm.steps(small);
}

function bytesOf(input: unknown): number {
  return sharedArraysIn(input).reduce((sum, { values }) => sum + values.byteLength, 0);
}
