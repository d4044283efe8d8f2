/** What lanes say together: how many of them ran at a time, how much, and how often they took turns. */
import type { Lane } from "./lab.js";

/** Milliseconds for which no lane ran, one did, two did, and so on, between the first beginning and the last end. */
export function timeAtLevels(lanes: readonly Lane[]): readonly number[] {
  const edges = lanes
    .flatMap(({ runs }) => runs)
    .flatMap(([beginMs, endMs]) => [
      { atMs: beginMs, change: 1 },
      { atMs: endMs, change: -1 },
    ])
    // An end before a beginning at the same moment: who hands over does not overlap.
    .toSorted((a, b) => a.atMs - b.atMs || a.change - b.change);
  const times: number[] = [];
  let level = 0;
  let sinceMs = edges[0]?.atMs ?? 0;
  for (const { atMs, change } of edges) {
    times[level] = (times[level] ?? 0) + atMs - sinceMs;
    sinceMs = atMs;
    level += change;
  }
  return Array.from(times, (time) => time ?? 0);
}

/** Of the time in which any lane ran, the share in which at least so many did; 0 if none ran. */
export function shareAtLevel(lanes: readonly Lane[], level: number): number {
  const times = timeAtLevels(lanes);
  const ranMs = sum(times.slice(1));
  return ranMs === 0 ? 0 : sum(times.slice(level)) / ranMs;
}

/** How often another lane went on than the one before, in order of beginning. */
export function turnsTaken(lanes: readonly Lane[]): number {
  const order = lanes
    .flatMap(({ runs }, lane) => runs.map(([beginMs]) => ({ beginMs, lane })))
    .toSorted((a, b) => a.beginMs - b.beginMs);
  return order.filter(({ lane }, i) => i > 0 && order[i - 1]?.lane !== lane).length;
}

/** Middle length of the stretches; `undefined` if there are none. */
export function medianRunMs(lanes: readonly Lane[]): number | undefined {
  const lengths = lanes
    .flatMap(({ runs }) => runs.map(([beginMs, endMs]) => endMs - beginMs))
    .toSorted((a, b) => a - b);
  return lengths[Math.floor(lengths.length / 2)];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
