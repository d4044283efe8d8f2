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
  const edges = isKnown
    ? [...uses.map(({ beginMs }) => beginMs), uses.at(-1)?.endMs ?? durationMs]
    : Array.from({ length: STRETCHES + 1 }, (_, index) => (index / STRETCHES) * durationMs);
  const times = edges.slice(1).map((end, index) => ((edges[index] ?? 0) + end) / 2);
  return {
    times,
    inFlight: means(figures.inFlight.value ?? [], edges, durationMs),
    busy: isKnown ? uses.map(({ parallelism }) => parallelism) : means(figures.running.value ?? [], edges, durationMs),
    demand: isKnown ? uses.map(({ demand }) => demand) : times.map(() => null),
    busyBadge: isKnown ? figures.coreUse.badge : figures.running.badge,
    demandBadge: isKnown ? figures.coreUse.badge : "not available",
  };
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
