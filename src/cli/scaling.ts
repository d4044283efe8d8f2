/** Do two threads really run at once here? Measured, because a core count does not tell. */
import { nowMs } from "#clock";

import type { Task } from "../async/executor.js";
import type { Scope } from "../async/scope.js";
import type { ThreadPool } from "../threads/thread-pool.js";
import { task } from "../threads/task.js";

/** Counts how far a thread gets until `untilMs` on the clock, which all threads share. */
const countUntil: Task<[fromMs: number, untilMs: number], number> = task(function countUntil(
  fromMs: number,
  untilMs: number,
) {
  // Both wait for the same moment, so that they compete from the first step on.
  while (nowMs() < fromMs) continue;
  let steps = 0;
  let state = 1;
  while (nowMs() < untilMs) {
    for (let i = 0; i < 1000; i++) state = (Math.imul(state, 1_103_515_245) + 12_345) | 0;
    steps++;
  }
  return state === 0 ? 0 : steps; // the sum must be used, or the loop could be dropped
});

const ROUND_MS = 80;
const LEAD_MS = 5;
const ROUNDS = 3;

export interface Scaling {
  /** From the first job's submission to its answer. */
  readonly startMs: number;
  /** Steps of one thread alone, and of two together, in the same time: medians. */
  readonly alone: number;
  readonly together: number;
}

/** Measures alternating rounds of one and of two threads; takes about half a second. */
export async function measureScaling(s: Scope, pool: ThreadPool): Promise<Scaling> {
  const begun = nowMs();
  await s.spawn(countUntil, [0, 0], { on: pool });
  const startMs = nowMs() - begun;
  const round = async (count: number): Promise<number> => {
    const from = nowMs() + LEAD_MS;
    const jobs = Array.from({ length: count }, () => s.spawn(countUntil, [from, from + ROUND_MS], { on: pool }));
    return (await Promise.all(jobs)).reduce((sum, steps) => sum + steps, 0);
  };
  await round(2); // both threads there and warm
  const alone: number[] = [];
  const together: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    alone.push(await round(1));
    together.push(await round(2));
  }
  return { startMs, alone: median(alone), together: median(together) };
}

function median(values: readonly number[]): number {
  return values.toSorted((first, second) => first - second)[Math.floor(values.length / 2)] ?? 0;
}
