/** What jobs waited for, gathered by its name, and who waits for whom at the end. */
import type { Timeline, WaitSpan } from "skein/trace";

import { State } from "../timeline/states.js";
import { groupBy } from "./group-by.js";
import { stateOfWait } from "./job-states.js";
import type { ResourceInfo, WaitGraph } from "./model.js";

/** Points of a small curve. */
const CURVE_POINTS = 160;
const MOST_RESOURCES = 500;
const MOST_NODES = 120;

/** `lock of mutex "money"` waits for `mutex "money"`. */
function resourceOf(wait: string): string {
  const text = wait.replace(/ \(blocked\)$/, "");
  return (
    /\b(?:mutex|rwLock|semaphore|channel|broadcast|watch|condition|barrier|latch|event|once|job|rate limit)\b.*$/.exec(
      text,
    )?.[0] ?? text
  );
}

export function resourcesOf(timeline: Timeline, waitsOfJobs: ReadonlyMap<number, readonly WaitSpan[]>): ResourceInfo[] {
  const waiter = waiterNames(timeline, waitsOfJobs);
  const byName = groupBy(timeline.waits, ({ name = "" }) => resourceOf(name));
  const infos = [...byName].map(([name, waits]): ResourceInfo => {
    const levels = levelsOf(waits);
    const state = stateOfWait(waits[0]?.name);
    const open = waits.filter(({ outcome, end }) => outcome === undefined && end === "outside");
    return {
      name,
      kind: state === State.channel ? "channel" : state === State.io ? "other" : "lock",
      waits: waits.length,
      waitMs: waits.reduce((sum, { beginMs, endMs }) => sum + endMs - beginMs, 0),
      longestMs: waits.reduce((most, { beginMs, endMs }) => Math.max(most, endMs - beginMs), 0),
      waitingAtEnd: open.length,
      mostWaiting: levels.reduce((most, [, count]) => Math.max(most, count), 0),
      waitingOverTime: thinned(levels, timeline.durationMs),
      holder: undefined,
      waiters: open.slice(0, 20).map((wait) => waiter(wait)),
    };
  });
  return infos.sort((a, b) => b.waitMs - a.waitMs).slice(0, MOST_RESOURCES);
}

function waiterNames(
  timeline: Timeline,
  waitsOfJobs: ReadonlyMap<number, readonly WaitSpan[]>,
): (wait: WaitSpan) => string {
  const names = new Map<number, string>();
  const jobs = new Map(timeline.jobs.map((job) => [job.id, job]));
  for (const [job, waits] of waitsOfJobs) {
    for (const wait of waits) names.set(wait.id, jobs.get(job)?.name ?? `job ${job}`);
  }
  const scopes = new Map(timeline.scopes.map((scope) => [scope.id, scope]));
  return ({ id, scope }) => names.get(id) ?? scopes.get(scope)?.name ?? "?";
}

function levelsOf(waits: readonly WaitSpan[]): (readonly [number, number])[] {
  const begins = Float64Array.from(waits, ({ beginMs }) => beginMs).sort();
  const ends = Float64Array.from(waits, ({ endMs }) => endMs).sort();
  const levels: [number, number][] = [];
  for (let begun = 0, ended = 0; begun < begins.length || ended < ends.length;) {
    const begin = begins[begun] ?? Infinity;
    const end = ends[ended] ?? Infinity;
    if (begin <= end) begun++;
    else ended++;
    levels.push([Math.min(begin, end), begun - ended]);
  }
  return levels;
}

/** Of each slice of time the highest level in it, so that no peak is lost. */
function thinned(levels: readonly (readonly [number, number])[], durationMs: number): (readonly [number, number])[] {
  const points: [number, number][] = [];
  const widthMs = Math.max(durationMs / CURVE_POINTS, 1e-9);
  let level = 0;
  let next = 0;
  for (let point = 0; point < CURVE_POINTS; point++) {
    let most = level;
    for (let at = levels[next]; at !== undefined && at[0] < (point + 1) * widthMs; at = levels[++next]) {
      level = at[1];
      most = Math.max(most, level);
    }
    points.push([point * widthMs, most]);
  }
  return points;
}

/** The graph of waits that were open at the end. */
export function waitGraphOf(timeline: Timeline, waitsOfJobs: ReadonlyMap<number, readonly WaitSpan[]>): WaitGraph {
  const nodes = new Map<string, WaitGraph["nodes"][number]>();
  const edges: WaitGraph["edges"][number][] = [];
  const jobs = new Map(timeline.jobs.map((job) => [job.id, job]));
  for (const [id, waits] of waitsOfJobs) {
    const job = jobs.get(id);
    if (job === undefined || job.outcome !== undefined) continue;
    for (const wait of waits) {
      if (wait.outcome !== undefined || wait.end !== "outside" || nodes.size > MOST_NODES) continue;
      const resource = resourceOf(wait.name ?? "");
      nodes.set(`job ${id}`, { id: `job ${id}`, label: job.name ?? `job ${id}`, kind: "job" });
      nodes.set(resource, { id: resource, label: resource, kind: "resource" });
      edges.push({ from: `job ${id}`, to: resource, kind: "waits" });
      // Who waits for a job to end waits for that job, which may wait itself.
      const joined = /^job "(.*)"$/.exec(resource)?.[1];
      for (const other of joined === undefined ? [] : timeline.jobs) {
        if (other.name !== joined || other.outcome !== undefined) continue;
        const otherId = `job ${other.id}`;
        nodes.set(otherId, { id: otherId, label: joined ?? "", kind: "job" });
        edges.push({ from: resource, to: otherId, kind: "held" });
      }
    }
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
