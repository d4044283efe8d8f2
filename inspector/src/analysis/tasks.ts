/** The table of tasks, and everything of a single one. */
import { hotFunctionsOf, type JobSpan, type Sentence } from "skein/trace";

import { ItemKind, itemOf } from "../timeline/span-store.js";
import { State, STATES, type StateIndex } from "../timeline/states.js";
import type { Analysed } from "./build-model.js";
import { type Stretch, statesOf, titleOfActor } from "./job-states.js";
import type { TaskDetail, TaskLine } from "./model.js";
import { type Asked, parseQuery, type Query } from "./query.js";
import { splitOf } from "./split.js";
import type { TreeNode } from "./task-tree.js";
import { indexOf, spread } from "./trace.js";

export type SortKey =
  | "tree"
  | "name"
  | "state"
  | "age"
  | "cpu"
  | "ready"
  | "io"
  | "lock"
  | "channel"
  | "jobs"
  | "steps"
  | "step";

/** The lines that a query leaves, as indexes of jobs, and how deep each is shown. */
export interface TaskList {
  readonly jobs: Uint32Array<ArrayBuffer>;
  readonly wrong: Exclude<Query, { readonly isRight: true }> | undefined;
}

export function listTasks(analysed: Analysed, queryText: string, sort: SortKey, isDescending: boolean): TaskList {
  const query = parseQuery(queryText);
  if (!query.isRight) return { jobs: new Uint32Array(0), wrong: query };
  const { jobs } = analysed.timeline;
  const isEmpty = queryText.trim() === "";
  let found = inTreeOrder(analysed.tree.roots).filter((index) => isEmpty || query.matches(askedOf(analysed, index)));
  if (sort !== "tree") {
    const keys = new Map(found.map((index) => [index, keyOf(analysed, index, sort)]));
    found = found.sort((a, b) => {
      const [left, right] = [keys.get(a) ?? 0, keys.get(b) ?? 0];
      const order = left < right ? -1 : left > right ? 1 : a - b;
      return isDescending ? -order : order;
    });
  }
  return { jobs: Uint32Array.from(found.filter((index) => jobs[index] !== undefined)), wrong: undefined };
}

function inTreeOrder(roots: readonly TreeNode[]): number[] {
  const order: number[] = [];
  const stack = [...roots].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.isJob) order.push(node.index);
    for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i] as TreeNode);
  }
  return order;
}

function keyOf(analysed: Analysed, index: number, sort: SortKey): number | string {
  const job = analysed.timeline.jobs[index];
  if (job === undefined) return 0;
  const split = (): number[] => splitOf(analysed, job);
  switch (sort) {
    case "name":
      return (job.name ?? "").toLowerCase();
    case "state":
      return stateAtEnd(analysed, index);
    case "age":
      return job.endMs - job.beginMs;
    case "steps":
      return job.steps.length;
    case "step":
      return longestStepMs(job);
    case "cpu":
      return split()[0] ?? 0;
    case "ready":
      return split()[1] ?? 0;
    case "io":
      return split()[2] ?? 0;
    case "lock":
      return split()[3] ?? 0;
    case "channel":
      return split()[4] ?? 0;
    case "jobs":
      return split()[5] ?? 0;
    case "tree":
      return index;
  }
}

function longestStepMs(job: JobSpan): number {
  return job.steps.reduce((most, { beginMs, endMs }) => Math.max(most, endMs - beginMs), 0);
}

function stretchesOf({ trace, timeline }: Analysed, index: number): readonly Stretch[] {
  const job = timeline.jobs[index];
  return job === undefined ? [] : statesOf(trace, timeline, job);
}

/** In which state the job was when it ended, or when the recording did. */
function stateAtEnd(analysed: Analysed, index: number): StateIndex {
  return stretchesOf(analysed, index).at(-1)?.state ?? State.ready;
}

function threadName(analysed: Analysed, index: number | undefined): string {
  return analysed.timeline.threads.find((lane) => lane.index === index)?.name ?? "";
}

function scopeName(analysed: Analysed, id: number): string {
  return scopesOf(analysed).get(id) ?? "";
}

const scopeNames = new WeakMap<Analysed, Map<number, string>>();
function scopesOf(analysed: Analysed): Map<number, string> {
  let names = scopeNames.get(analysed);
  if (names === undefined) {
    names = new Map(analysed.timeline.scopes.map(({ id, name }) => [id, name ?? ""]));
    scopeNames.set(analysed, names);
  }
  return names;
}

function askedOf(analysed: Analysed, index: number): Asked {
  const job = analysed.timeline.jobs[index] as JobSpan;
  const [cpu = 0, ready = 0, io = 0, lock = 0, channel = 0, jobs = 0] = splitOf(analysed, job);
  return {
    name: job.name ?? "",
    scope: scopeName(analysed, job.scope),
    thread: threadName(analysed, job.ranOn),
    state: STATES[stateAtEnd(analysed, index)]?.name ?? "",
    outcome: job.outcome ?? "",
    numbers: { age: job.endMs - job.beginMs, cpu, ready, io, lock, channel, jobs, step: longestStepMs(job) },
    touches: () =>
      indexOf(analysed.trace, analysed.timeline)
        .waitsOf(job.id)
        .map(({ span }) => span.name ?? ""),
  };
}

export function taskLine(analysed: Analysed, index: number): TaskLine | undefined {
  const job = analysed.timeline.jobs[index];
  const node = analysed.tree.jobs[index];
  if (job === undefined || node === undefined) return undefined;
  const stretches = stretchesOf(analysed, index);
  const last = stretches.at(-1);
  return {
    job: index,
    id: job.id,
    name: job.name ?? "",
    depth: depthOf(node),
    children: node.children.length,
    state: last?.state ?? State.ready,
    outcome: job.outcome,
    scope: scopeName(analysed, job.scope),
    thread: threadName(analysed, job.ranOn),
    beginMs: job.beginMs,
    ageMs: job.endMs - job.beginMs,
    split: splitOf(analysed, job),
    steps: job.steps.length,
    longestStepMs: longestStepMs(job),
    waitsFor: job.outcome === undefined ? (last?.waitsFor ?? "") : "",
  };
}

/** Jobs around it; scopes do not count, as they have no line. */
function depthOf(node: TreeNode): number {
  let depth = 0;
  for (let above = node.parent; above !== undefined; above = above.parent) if (above.isJob) depth++;
  return depth;
}

const MOST_FUNCTIONS = 20;
const MOST_CHILDREN = 100;
const MOST_STRETCHES = 2000;

export function taskDetail(analysed: Analysed, index: number): TaskDetail | undefined {
  const line = taskLine(analysed, index);
  const job = analysed.timeline.jobs[index];
  const node = analysed.tree.jobs[index];
  if (line === undefined || job === undefined || node === undefined) return undefined;
  const { jobs, scopes, cancels } = analysed.timeline;
  const lookup = indexOf(analysed.trace, analysed.timeline);
  const nameOf = ({ isJob, index: at }: TreeNode): Sentence =>
    titleOfActor(lookup, (isJob ? jobs[at]?.id : scopes[at]?.id) ?? 0);
  const path: TaskDetail["path"][number][] = [];
  for (let above = node.parent; above !== undefined; above = above.parent) {
    path.unshift({
      job: above.isJob ? above.index : undefined,
      item: itemOf(above.isJob ? ItemKind.job : ItemKind.scope, above.index),
      name: nameOf(above),
    });
  }
  const stretches = stretchesOf(analysed, index);
  const own = new Set(scopes.filter((scope) => scope.job === job.id).map(({ id }) => id));
  return {
    line,
    endMs: job.endMs,
    spawnedOn: threadName(analysed, job.thread),
    queuedMs: job.queuedMs,
    startedMs: job.startedMs,
    waitMs: job.waitMs,
    path,
    children: node.children
      .filter(({ isJob }) => isJob)
      .slice(0, MOST_CHILDREN)
      .map((child) => ({ job: child.index, name: nameOf(child), ageMs: child.endMs - child.beginMs })),
    stretches: stretches.slice(0, MOST_STRETCHES),
    stepTimes: spread(job.steps.map(({ beginMs, endMs }) => endMs - beginMs)),
    latencies: spread(
      stretches.filter(({ state }) => state === State.ready).map(({ beginMs, endMs }) => endMs - beginMs),
    ),
    cancelledAtMs: cancels.find(({ subject }) => subject === job.id || own.has(subject) || subject === job.scope)?.atMs,
    spawnSite: job.spawnSite?.split("\n") ?? [],
    hot: hottest(analysed, job),
    why: whyItWaits(analysed, index),
  };
}

function hottest({ trace, timeline }: Analysed, { id }: JobSpan): TaskDetail["hot"] {
  const functions = hotFunctionsOf(trace, timeline, id);
  const totalMs = functions.reduce((sum, { selfMs }) => sum + selfMs, 0);
  return functions
    .slice(0, MOST_FUNCTIONS)
    .map(({ title, selfMs }) => ({ title, selfMs, share: totalMs === 0 ? 0 : selfMs / totalMs }));
}

/** From the job along what it waits for, to the end of the chain or back to its beginning. */
function whyItWaits(analysed: Analysed, index: number): Sentence[] {
  const job = analysed.timeline.jobs[index];
  if (job === undefined || job.outcome !== undefined) return [];
  const { nodes, edges } = analysed.model.summary.waitGraph;
  const labels = new Map(nodes.map(({ id, label }) => [id, label]));
  const chain: Sentence[] = [];
  const seen = new Set<string>();
  for (let at: string | undefined = `job ${job.id}`; at !== undefined;) {
    chain.push(labels.get(at) ?? titleOfActor(indexOf(analysed.trace, analysed.timeline), job.id));
    if (seen.has(at)) break;
    seen.add(at);
    const from: string = at;
    at = edges.find((edge) => edge.from === from)?.to;
  }
  return chain.length > 1 ? chain : [];
}
