/** What jobs waited for, and who waits for whom at the end. */
import type { Resource, SeenWait } from "#skein/trace/resources";
import type { Level, ResourceUse, Timeline, Trace } from "skein/trace";

import { nameOfActor } from "./job-states.js";
import type { ResourceInfo, WaitGraph } from "./model.js";
import { contention, groupBy, indexOf, type TraceIndex } from "./trace.js";

/** Points of a small curve. */
const CURVE_POINTS = 160;
const MOST_RESOURCES = 500;
const MOST_NODES = 120;
const MOST_NAMES = 20;

export function resourcesOf(trace: Trace, timeline: Timeline): ResourceInfo[] {
  const index = indexOf(trace, timeline);
  const byId = new Map(index.resources.map((resource) => [resource.id, resource]));
  const known = contention(trace, timeline).map((use) => infoOf(use, byId.get(use.id), index));
  // Sleeps, joins and whatever else names no lock or channel.
  const named = groupBy(
    index.waits.filter(({ target }) => target === undefined || !byId.has(target)),
    ({ span }) => titleOfWait(span.name ?? ""),
  );
  const others = [...named].map(([title, waits]) => otherInfo(title, waits, index));
  return [...known, ...others].sort((a, b) => b.waitMs - a.waitMs).slice(0, MOST_RESOURCES);
}

function infoOf(use: ResourceUse, resource: Resource | undefined, index: TraceIndex): ResourceInfo {
  const open = (resource?.waits ?? []).filter(isOpen);
  const holder = resource?.holds.findLast(({ end }) => end === "outside")?.holder;
  const kind = use.kind === "channel" ? "channel" : "lock";
  return {
    name: use.title,
    kind,
    waits: use.wait?.count ?? 0,
    waitMs: use.wait?.totalMs ?? 0,
    longestMs: use.wait?.mostMs ?? 0,
    waitingAtEnd: open.length,
    mostWaiting: use.mostWaiting,
    curve: thinned(kind === "channel" && use.level.length > 0 ? use.level : use.waiting, index.timeline.durationMs),
    acquired: use.acquired,
    holdMs: use.hold?.totalMs,
    contendedShare: use.acquired === 0 ? undefined : use.contendedShare,
    holder: holder === undefined ? undefined : nameOfActor(index, holder),
    waiters: open.slice(0, MOST_NAMES).map(({ actor }) => nameOfActor(index, actor)),
  };
}

/** `lock of mutex "money"` waits for `mutex "money"`. */
function titleOfWait(wait: string): string {
  return (
    /\b(?:mutex|rwLock|semaphore|channel|broadcast|watch|condition|barrier|latch|event|once|job|rate limit)\b.*$/
      .exec(wait)?.[0]
      .replace(/ \(blocked\)$/, "") ?? wait
  );
}

function otherInfo(title: string, waits: readonly SeenWait[], index: TraceIndex): ResourceInfo {
  const spans = waits.map(({ span }) => span);
  const levels = levelsOf(spans);
  const open = waits.filter(isOpen);
  const way = waits[0]?.way;
  return {
    name: title,
    kind: way === "lock" || way === "channel" ? way : way === "jobs" ? "job" : "other",
    waits: waits.length,
    waitMs: spans.reduce((sum, { beginMs, endMs }) => sum + endMs - beginMs, 0),
    longestMs: spans.reduce((most, { beginMs, endMs }) => Math.max(most, endMs - beginMs), 0),
    waitingAtEnd: open.length,
    mostWaiting: levels.reduce((most, { count }) => Math.max(most, count), 0),
    curve: thinned(levels, index.timeline.durationMs),
    acquired: 0,
    holdMs: undefined,
    contendedShare: undefined,
    holder: undefined,
    waiters: open.slice(0, MOST_NAMES).map(({ actor }) => nameOfActor(index, actor)),
  };
}

/** True if the recording ended while it lasted. */
function isOpen({ span }: SeenWait): boolean {
  return span.outcome === undefined && span.end === "outside";
}

function levelsOf(spans: readonly { readonly beginMs: number; readonly endMs: number }[]): Level[] {
  const begins = Float64Array.from(spans, ({ beginMs }) => beginMs).sort();
  const ends = Float64Array.from(spans, ({ endMs }) => endMs).sort();
  const levels: Level[] = [];
  for (let begun = 0, ended = 0; begun < begins.length || ended < ends.length;) {
    const begin = begins[begun] ?? Infinity;
    const end = ends[ended] ?? Infinity;
    if (begin <= end) begun++;
    else ended++;
    levels.push({ atMs: Math.min(begin, end), count: begun - ended });
  }
  return levels;
}

/** Of each slice of time the highest level in it, so that no peak is lost. */
function thinned(levels: readonly Level[], durationMs: number): (readonly [number, number])[] {
  const points: [number, number][] = [];
  const widthMs = Math.max(durationMs / CURVE_POINTS, 1e-9);
  let level = 0;
  let next = 0;
  for (let point = 0; point < CURVE_POINTS; point++) {
    let most = level;
    for (let at = levels[next]; at !== undefined && at.atMs < (point + 1) * widthMs; at = levels[++next]) {
      level = at.count;
      most = Math.max(most, level);
    }
    points.push([point * widthMs, most]);
  }
  return points;
}

/** The graph of waits that were open at the end. */
export function waitGraphOf(trace: Trace, timeline: Timeline): WaitGraph {
  const index = indexOf(trace, timeline);
  const nodes = new Map<string, WaitGraph["nodes"][number]>();
  const edges: WaitGraph["edges"][number][] = [];
  const resources = new Map(index.resources.map((resource) => [resource.id, resource]));
  const actorNode = (actor: number): string => {
    const id = `job ${actor}`;
    if (!nodes.has(id)) nodes.set(id, { id, label: nameOfActor(index, actor), kind: "job" });
    return id;
  };
  for (const wait of index.waits) {
    // A timer is nobody that could be waited for in a circle.
    if (!isOpen(wait) || wait.actor === 0 || wait.way === "io" || nodes.size > MOST_NODES) continue;
    const from = actorNode(wait.actor);
    const { target } = wait;
    if (wait.way === "jobs" && target !== undefined) {
      edges.push({ from, to: actorNode(target), kind: "waits" });
      continue;
    }
    const title = titleOfWait(wait.span.name ?? "");
    const to = target === undefined ? title : `resource ${target}`;
    if (!nodes.has(to)) {
      nodes.set(to, { id: to, label: title, kind: "resource" });
      const resource = target === undefined ? undefined : resources.get(target);
      for (const { holder, end } of resource?.holds ?? []) {
        if (end === "outside" && holder !== 0) edges.push({ from: to, to: actorNode(holder), kind: "held" });
      }
    }
    edges.push({ from, to, kind: "waits" });
  }
  return { nodes: [...nodes.values()], edges, circle: circleIn([...nodes.keys()], edges) };
}

/** Nodes from which their own place can be reached again. */
function circleIn(
  nodes: readonly string[],
  edges: readonly { readonly from: string; readonly to: string }[],
): string[] {
  const next = groupBy(edges, ({ from }) => from);
  return nodes.filter((start) => {
    const seen = new Set<string>();
    const open = [start];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      for (const { to } of next.get(node) ?? []) {
        if (to === start) return true;
        if (!seen.has(to)) {
          seen.add(to);
          open.push(to);
        }
      }
    }
    return false;
  });
}
