// What the calls of the bench `auto` are.
import { scopedTask, sleep, task } from "skein";

export const tiny = task(function tiny(a: number, b: number): number {
  return a + b;
});

/** Computes the same each time: some 200 µs for 2 × 10⁵ turns. */
export const compute = task(function compute(turns: number): number {
  let value = 1;
  for (let i = 0; i < turns; i++) value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
  return value === 0 ? 0 : turns;
});

export const wait = scopedTask(async function wait(s, ms: number): Promise<number> {
  await sleep(ms, s);
  return ms;
});
