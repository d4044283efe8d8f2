/**
 * The lines of the area chart: jobs in flight, cores wanted and cores busy.
 *
 * Where the kernel was asked, demand and parallelism are the figure of that name, in its
 * own stretches of time. Else parallelism is what the steps show, and demand is not known.
 */
import type { Figures, Level } from "skein/trace";

import type { Series } from "./model.js";

const STRETCHES = 600;

export function seriesOf(figures: Figures, durationMs: number): Series {
  const uses = figures.coreUse.value ?? [];
  const isKnown = uses.length > 1;
  const [fromMs, toMs] = [uses[0]?.beginMs ?? 0, uses.at(-1)?.endMs ?? 0];
  const lengthMs = (toMs - fromMs) / uses.length;
  // Before the first reading and after the last one only the jobs are known.
  const before = isKnown ? evenly(0, fromMs, lengthMs) : [];
  const after = isKnown ? evenly(toMs, durationMs, lengthMs).slice(1) : [];
  const edges = isKnown
    ? [...before.slice(0, -1), ...uses.map(({ beginMs }) => beginMs), toMs, ...after]
    : evenly(0, durationMs, durationMs / STRETCHES);
  const times = edges.slice(1).map((end, index) => ((edges[index] ?? 0) + end) / 2);
  const amidUnknown = (values: readonly number[]): (number | null)[] => [
    ...before.slice(1).map(() => null),
    ...values,
    ...after.map(() => null),
  ];
  return {
    times,
    inFlight: means(figures.inFlight.value ?? [], edges, durationMs),
    busy: isKnown
      ? amidUnknown(uses.map(({ parallelism }) => parallelism))
      : means(figures.running.value ?? [], edges, durationMs),
    demand: isKnown ? amidUnknown(uses.map(({ demand }) => demand)) : times.map(() => null),
    busyBadge: isKnown ? figures.coreUse.badge : figures.running.badge,
    demandBadge: isKnown ? figures.coreUse.badge : "not available",
  };
}

/** Less than this share of a stretch is none: ends that should meet differ by rounding. */
const LEAST_SHARE = 0.01;

/** Edges of stretches of about this length, both ends included; none where there is no room. */
function evenly(fromMs: number, toMs: number, lengthMs: number): number[] {
  if (!(lengthMs > 0) || toMs - fromMs < lengthMs * LEAST_SHARE) return [];
  const count = Math.min(STRETCHES, Math.max(1, Math.round((toMs - fromMs) / lengthMs)));
  return Array.from({ length: count + 1 }, (_, edge) => fromMs + (edge / count) * (toMs - fromMs));
}

/** The mean level between each two edges. */
function means(levels: readonly Level[], edges: readonly number[], durationMs: number): number[] {
  const sums = Array.from({ length: edges.length - 1 }, () => 0);
  let box = 0;
  levels.forEach(({ atMs, count }, index) => {
    const untilMs = levels[index + 1]?.atMs ?? durationMs;
    while (box > 0 && (edges[box] ?? 0) > atMs) box--;
    for (; box < sums.length && (edges[box] ?? Infinity) < untilMs; box++) {
      const overlapMs = Math.min(untilMs, edges[box + 1] ?? 0) - Math.max(atMs, edges[box] ?? 0);
      if (overlapMs > 0) sums[box] = (sums[box] ?? 0) + overlapMs * count;
    }
    box = Math.max(0, box - 1);
  });
  return sums.map((sum, index) => sum / Math.max((edges[index + 1] ?? 0) - (edges[index] ?? 0), 1e-9));
}
