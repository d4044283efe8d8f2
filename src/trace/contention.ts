/** What locks and channels cost: how long they were held and waited for, by whom, in which order. */
import { type Durations, spread } from "./durations.js";
import type { Badge } from "./figures.js";
import { type Level, levelsOf } from "./levels.js";
import { type Resource, titleOf } from "./resources.js";
import { lengthOf, type Stretch, timeWithin, union } from "./stretches.js";
import type { Timeline } from "./spans.js";
import { indexOf } from "./trace-index.js";
import type { Trace } from "./trace.js";
import type { ResourceKind } from "./wait-ways.js";

/**
 * What a lock or channel cost.
 *
 * @since 0.1.0
 */
export interface ResourceUse {
  readonly id: number;
  readonly kind: ResourceKind;
  /** As the program calls it; empty if it does not. */
  readonly name: string;
  /** As people call it: `mutex "money"`. */
  readonly title: string;
  /** How often it was acquired; 0 of a channel. */
  readonly acquired: number;
  /** How long it was held each time; `undefined` if it never was, or that was not seen. */
  readonly hold: Durations | undefined;
  /** How long it was waited for each time. */
  readonly wait: Durations | undefined;
  /** Of the times it was acquired, the share that had to wait. */
  readonly contendedShare: number;
  /** Share of the time in which somebody held it. */
  readonly heldShare: number;
  /** How many waited, over time. */
  readonly waiting: readonly Level[];
  readonly mostWaiting: number;
  readonly meanWaiting: number;
  /** Of the waits that were granted, the share that nobody overtook who came later. 1 is first come, first served. */
  readonly fairness: number;
  /** By how many one wait was overtaken, at most. */
  readonly mostOvertaken: number;
  /** Of a channel: how full it was, over time. */
  readonly level: readonly Level[];
  readonly mostLevel: number;
  readonly meanLevel: number;
  readonly badge: Badge;
}

/**
 * What each lock and channel cost within a range, or over the whole recording; the
 * one that was waited for longest comes first.
 *
 * @since 0.1.0
 */
export function contention(
  trace: Trace,
  timeline: Timeline,
  fromMs: number = 0,
  toMs: number = timeline.durationMs,
): readonly ResourceUse[] {
  const uses = indexOf(trace, timeline).resources.map((resource) => useOf(resource, timeline, fromMs, toMs));
  return uses.sort((a, b) => (b.wait?.totalMs ?? 0) - (a.wait?.totalMs ?? 0) || a.id - b.id);
}

/** As `contention`, of one. */
export function useOf(resource: Resource, timeline: Timeline, fromMs: number, toMs: number): ResourceUse {
  const within = ({ beginMs, endMs }: Stretch): boolean => endMs >= fromMs && beginMs <= toMs;
  const clip = ({ beginMs, endMs }: Stretch): Stretch => ({
    beginMs: Math.max(beginMs, fromMs) - fromMs,
    endMs: Math.min(endMs, toMs) - fromMs,
  });
  const lengthMs = Math.max(0, toMs - fromMs);
  const holds = resource.holds.filter(within);
  const waits = resource.waits.filter(({ span }) => within(span));
  const granted = waits.filter(({ span }) => span.outcome === "done");
  const waiting = levelsOf(
    waits.map(({ span }) => clip(span)),
    lengthMs,
  );
  const overtaken = overtakings(granted.map(({ span }) => span));
  const level = levelWithin(resource.levels, fromMs, toMs);
  const acquired = resource.holds.filter(
    ({ beginMs, begin }) => begin === "seen" && beginMs >= fromMs && beginMs <= toMs,
  );
  return {
    id: resource.id,
    kind: resource.kind,
    name: resource.name,
    title: titleOf(resource),
    acquired: acquired.length,
    hold: spread(holds.filter(({ begin, end }) => begin === "seen" && end === "seen").map(lengthOf)),
    wait: spread(waits.map(({ span }) => lengthOf(span))),
    contendedShare: acquired.length === 0 ? 0 : Math.min(1, granted.length / acquired.length),
    heldShare: lengthMs === 0 ? 0 : timeWithin(union(holds), fromMs, toMs) / lengthMs,
    waiting,
    mostWaiting: highestOf(waiting),
    meanWaiting: meanOf(waiting, lengthMs),
    fairness: granted.length === 0 ? 1 : overtaken.filter((by) => by === 0).length / granted.length,
    mostOvertaken: overtaken.reduce((most, by) => Math.max(most, by), 0),
    level,
    mostLevel: highestOf(level),
    meanLevel: meanOf(level, lengthMs),
    badge: timeline.droppedRecords > 0 ? "inferred" : "measured",
  };
}

/** Within the range, and as from its beginning. */
function levelWithin(levels: readonly Level[], fromMs: number, toMs: number): readonly Level[] {
  const before = levels.findLast(({ atMs }) => atMs <= fromMs);
  const inside = levels.filter(({ atMs }) => atMs > fromMs && atMs < toMs);
  const all = inside.map(({ atMs, count }) => ({ atMs: atMs - fromMs, count }));
  if (levels.length === 0) return all;
  return [{ atMs: 0, count: before?.count ?? 0 }, ...all];
}

function highestOf(levels: readonly Level[]): number {
  return levels.reduce((most, { count }) => Math.max(most, count), 0);
}

export function meanOf(levels: readonly Level[], durationMs: number): number {
  if (durationMs <= 0 || levels.length === 0) return 0;
  // Not by the time at each level: a file may say that a channel holds more than there can be numbers.
  return (
    levels.reduce((sum, { atMs, count }, place) => sum + count * ((levels[place + 1]?.atMs ?? durationMs) - atMs), 0) /
    durationMs
  );
}

/**
 * For each stretch, how many of the others began after it and ended before it.
 *
 * Ends are put in a tree of sums (Fenwick) from the latest beginning back, so that
 * each asks only how many ends before its own are there already. **Cost** n log n.
 */
export function overtakings(stretches: readonly Stretch[]): readonly number[] {
  const byEnd = stretches.map((_, place) => place).sort((a, b) => endAt(a) - endAt(b));
  const rank: number[] = Array.from({ length: stretches.length });
  // Those that end together did not overtake each other.
  let current = 0;
  byEnd.forEach((place, position) => {
    const before = byEnd[position - 1];
    if (before === undefined || endAt(before) !== endAt(place)) current = position + 1;
    rank[place] = current;
  });
  function endAt(place: number): number {
    return (stretches[place] as Stretch).endMs;
  }
  const sums = new Int32Array(stretches.length + 1);
  const overtaken: number[] = stretches.map(() => 0);
  const byBegin = stretches.map((_, place) => place).sort((a, b) => beginAt(b) - beginAt(a));
  function beginAt(place: number): number {
    return (stretches[place] as Stretch).beginMs;
  }
  for (let first = 0; first < byBegin.length;) {
    let next = first;
    const beginMs = beginAt(byBegin[first] as number);
    while (next < byBegin.length && beginAt(byBegin[next] as number) === beginMs) next++;
    const together = byBegin.slice(first, next);
    for (const place of together) {
      for (let node = (rank[place] as number) - 1; node > 0; node -= node & -node) {
        overtaken[place] = (overtaken[place] as number) + (sums[node] as number);
      }
    }
    for (const place of together) {
      for (let node = rank[place] as number; node < sums.length; node += node & -node) {
        sums[node] = (sums[node] as number) + 1;
      }
    }
    first = next;
  }
  return overtaken;
}
