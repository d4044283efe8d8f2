/** What jobs waited for, and who waits for whom at the end. */
import { ProbeResource } from "#skein/core/probe";
import type { Resource, SeenWait } from "#skein/trace/resources";
import { isBlockingWait } from "#skein/trace/wait-ways";
import type { Finding, Level, ResourceUse, Sentence, Timeline, Trace } from "skein/trace";

import { titleOfActor } from "./job-states.js";
import type { ResourceInfo, WaitGraph } from "./model.js";
import { contention, describeResource, groupBy, indexOf, levelsOf, spread, type TraceIndex } from "./trace.js";

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
  return [...known, ...others].sort((a, b) => (b.wait?.totalMs ?? 0) - (a.wait?.totalMs ?? 0)).slice(0, MOST_RESOURCES);
}

function infoOf(use: ResourceUse, resource: Resource | undefined, index: TraceIndex): ResourceInfo {
  const holder = resource?.holds.findLast(({ end }) => end === "outside")?.holder;
  const isFilled = use.level.length > 0;
  return {
    id: `resource ${use.id}`,
    title: use.title,
    name: describeResource(use),
    wait: use.wait,
    mostWaiting: use.mostWaiting,
    curve: thinned(isFilled ? use.level : use.waiting, index.timeline.durationMs),
    acquired: use.acquired,
    hold: use.hold,
    contendedShare: use.acquired === 0 ? undefined : use.contendedShare,
    meanLevel: use.level.length === 0 ? undefined : use.meanLevel,
    mostLevel: use.mostLevel,
    holder: holder === undefined ? undefined : titleOfActor(index, holder),
    ...waitersOf(resource?.waits ?? [], index),
    badge: use.badge,
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

/** `channel "news"`, of which no more is known than that, as one that is known is called. */
function titleInWords(title: string): Sentence {
  const [, kind = "", name = ""] = /^(\w+) "([^"]+)"$/.exec(title) ?? [];
  return Object.hasOwn(ProbeResource, kind)
    ? describeResource({ kind: kind as keyof typeof ProbeResource, name, id: 0 })
    : { en: title, ru: title };
}

function otherInfo(title: string, waits: readonly SeenWait[], index: TraceIndex): ResourceInfo {
  const spans = waits.map(({ span }) => span);
  const { durationMs, droppedRecords } = index.timeline;
  const levels = levelsOf(spans, durationMs);
  return {
    id: `wait ${title}`,
    title,
    name: titleInWords(title),
    wait: spread(spans.map(({ beginMs, endMs }) => endMs - beginMs)),
    mostWaiting: levels.reduce((most, { count }) => Math.max(most, count), 0),
    curve: thinned(levels, durationMs),
    acquired: 0,
    hold: undefined,
    contendedShare: undefined,
    meanLevel: undefined,
    mostLevel: 0,
    holder: undefined,
    ...waitersOf(waits, index),
    badge: droppedRecords > 0 ? "inferred" : "measured",
  };
}

function waitersOf(waits: readonly SeenWait[], index: TraceIndex): Pick<ResourceInfo, "waitingAtEnd" | "waiters"> {
  const open = waits.filter(isOpen);
  return {
    waitingAtEnd: open.length,
    waiters: open.slice(0, MOST_NAMES).map((wait) => titleOfActor(index, waiterOf(wait))),
  };
}

/** True if the recording ended while it lasted. */
function isOpen({ span }: SeenWait): boolean {
  return span.outcome === undefined && span.end === "outside";
}

/** The thread, as findings number it, where it is not known whose code waits. */
function waiterOf({ actor, span }: SeenWait): number {
  return actor === 0 ? -1 - span.thread : actor;
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

/**
 * The graph of waits that were open at the end.
 *
 * @param findings - of the trace: circles are what they call a deadlock
 */
export function waitGraphOf(trace: Trace, timeline: Timeline, findings: readonly Finding[]): WaitGraph {
  const index = indexOf(trace, timeline);
  const nodes = new Map<string, WaitGraph["nodes"][number]>();
  const edges: WaitGraph["edges"][number][] = [];
  const actorNode = (actor: number): string => {
    const id = `job ${actor}`;
    if (!nodes.has(id)) nodes.set(id, { id, label: titleOfActor(index, actor), kind: "job" });
    return id;
  };
  for (const wait of index.waits) {
    // A timer is nobody that could be waited for in a circle.
    if (!isOpen(wait) || wait.way === "io") continue;
    if (wait.actor === 0 && !isBlockingWait(wait.span.name)) continue;
    if (nodes.size > MOST_NODES) break;
    const from = actorNode(waiterOf(wait));
    const { target } = wait;
    if (wait.way === "jobs" && target !== undefined) {
      edges.push({ from, to: actorNode(target), kind: "waits" });
      continue;
    }
    const resource = index.resource(target);
    const title = titleOfWait(wait.span.name ?? "");
    const to = target === undefined ? title : `resource ${target}`;
    if (!nodes.has(to)) {
      const label = resource === undefined ? titleInWords(title) : describeResource(resource);
      nodes.set(to, { id: to, label, kind: "resource" });
      for (const { holder, thread, end } of resource?.holds ?? []) {
        if (end === "outside")
          edges.push({ from: to, to: actorNode(holder === 0 ? -1 - thread : holder), kind: "held" });
      }
    }
    edges.push({ from, to, kind: "waits" });
  }
  const circles = findings.filter(({ kind, evidence }) => kind === "deadlock" && evidence["wasBroken"] === 0);
  return {
    nodes: [...nodes.values()],
    edges,
    circle: circles
      .flatMap(({ jobs, scopes, threads, resources }) => [
        ...[...jobs, ...scopes, ...threads.map((thread) => -1 - thread)].map((actor) => `job ${actor}`),
        ...resources.map((id) => `resource ${id}`),
      ])
      .filter((id) => nodes.has(id)),
    circles: circles.map(({ text }) => text),
  };
}
