/** From a trace to what the page shows: rows, spans in columns, and the summary. */
import type { KernelSample, KernelThread, Level, StepSpan, Timeline, Trace } from "skein/trace";

import { ItemKind, itemOf, SpanStoreBuilder } from "../timeline/span-store.js";
import { State, type StateIndex } from "../timeline/states.js";
import { adviceOf } from "./advice.js";
import { statesOf, titleOfActor } from "./job-states.js";
import type { GroupInfo, GroupName, Lane, Model, RowInfo, ThreadInfo } from "./model.js";
import { Names } from "./names.js";
import { plainText, withPlainTexts } from "./plain-texts.js";
import { resourcesOf, waitGraphOf } from "./resources.js";
import { seriesOf } from "./series.js";
import { forEachPlaced, treeOf, type TaskTree } from "./task-tree.js";
import { threadsOf } from "./threads.js";
import {
  buildTimeline,
  computeFigures,
  contention,
  describePlace,
  describeResource,
  findFindings,
  groupBy,
  indexOf,
  placedSpans,
  verdict,
} from "./trace.js";

/** What the worker keeps of a trace, to answer questions. */
export interface Analysed {
  readonly trace: Trace;
  readonly timeline: Timeline;
  readonly tree: TaskTree;
  readonly model: Model;
}

/** Functions beyond these take too little time to matter. */
const MOST_ADVICE = 300;
/** Deeper nested steps of a thread than this are not drawn; they are in the table. */
const DEEPEST_STEP = 12;
/** More cores than any machine has on which this runs. */
const MOST_CORES = 1024;
/** Resources beyond these were hardly used; they are in the table. */
const MOST_RESOURCE_ROWS = 100;

/** @param lanes - noted by the program itself, to be shown above the rest; threads that did nothing are then left out */
export function analyse(
  given: Trace,
  name: string,
  isLive: boolean,
  problem?: string,
  lanes?: readonly Lane[],
): Analysed {
  const trace = withPlainTexts(given);
  const timeline = buildTimeline(trace);
  const tree = treeOf(timeline);
  const figures = computeFigures(timeline, trace);
  const threads = threadsOf(trace, timeline, figures.threads.value ?? []);
  const rows = new RowsBuilder(trace, timeline, threads);
  rows.lanes(lanes ?? []);
  rows.cores();
  rows.threads(lanes !== undefined);
  rows.tasks(tree);
  rows.resources();
  rows.placements();
  rows.stalls();
  rows.pauses();
  const findings = findFindings(trace, timeline);
  const columns = rows.store.finish();
  const model: Model = {
    name: plainText(name),
    isLive,
    problem,
    startedMs: trace.startedMs,
    durationMs: timeline.durationMs,
    rows: rows.rows,
    groups: rows.groups,
    names: rows.names.list,
    columns,
    jobThreads: Uint32Array.from(timeline.jobs, ({ ranOn, thread }) => ranOn ?? thread),
    summary: {
      figures,
      verdict: { en: verdict(figures, "en"), ru: verdict(figures, "ru") },
      series: seriesOf(figures, timeline.durationMs),
      findings,
      threads,
      resources: resourcesOf(trace, timeline),
      waitGraph: waitGraphOf(trace, timeline, findings),
      advice: adviceOf(trace, timeline, figures.coresAllowed.value ?? 2).slice(0, MOST_ADVICE),
      stalls: trace.stalls,
      capabilities: trace.capabilities,
      jobs: timeline.jobs.length,
      droppedRecords: timeline.droppedRecords,
      spans: columns.begin.length,
    },
  };
  return { trace, timeline, tree, model };
}

class RowsBuilder {
  readonly store = new SpanStoreBuilder(4096);
  readonly names = new Names();
  readonly rows: RowInfo[] = [];
  readonly groups: GroupInfo[] = [];
  readonly #trace: Trace;
  readonly #timeline: Timeline;

  /** Places in the list of threads, which items of threads are. */
  readonly #threads: readonly ThreadInfo[];
  readonly #places: ReadonlyMap<number | undefined, number>;

  constructor(trace: Trace, timeline: Timeline, threads: readonly ThreadInfo[]) {
    this.#trace = trace;
    this.#timeline = timeline;
    this.#threads = threads;
    this.#places = new Map(threads.map(({ tid }, place) => [tid, place]));
  }

  /** Rows under a heading; nothing if `fill` makes none. It gives how many there are of what it shows. */
  #group(name: GroupName, fill: () => number): void {
    const firstRow = this.rows.length;
    const count = fill();
    if (this.rows.length > firstRow) this.groups.push({ name, firstRow, rows: this.rows.length - firstRow, count });
  }

  #row(info: Pick<RowInfo, "group" | "label"> & Partial<RowInfo>): void {
    this.rows.push({ title: undefined, badge: undefined, thread: undefined, depth: 0, ...info });
    this.store.row();
  }

  lanes(lanes: readonly Lane[]): void {
    this.#group("lanes", () => {
      for (const { name, runs } of lanes) {
        const title = { en: plainText(name.en), ru: plainText(name.ru) };
        this.#row({ group: "lanes", label: title.en, title, badge: "measured" });
        const inOrder = runs.toSorted(([a], [b]) => a - b);
        for (const [beginMs, endMs] of inOrder) this.#add(beginMs, endMs, State.noted, "", 0);
      }
      return lanes.length;
    });
  }

  /** Only from the kernel's switches: the core of a sample tells too little to draw a lane from. */
  cores(): void {
    const { kernel, startedMs } = this.#trace;
    const runs = kernel?.coreRuns;
    if (kernel === undefined || runs === undefined) return;
    this.#group("cores", () => {
      const byCore = [...groupBy(runs, ({ core }) => core)].sort(([a], [b]) => a - b);
      for (const [core, ofCore] of byCore.slice(0, MOST_CORES)) {
        this.#row({ group: "cores", label: String(core), badge: "exact" });
        for (const run of ofCore) {
          const thread = this.#places.get(run.tid);
          const item = thread === undefined ? 0 : itemOf(ItemKind.thread, thread);
          const title = thread === undefined ? "?" : (this.#threads[thread]?.name ?? "?");
          this.#add(run.beginMs - startedMs, run.endMs - startedMs, State.running, title, item);
        }
      }
      return byCore.length;
    });
  }

  threads(isBrief: boolean): void {
    const { kernel } = this.#trace;
    this.#group("threads", () => {
      const steps = groupBy(this.#timeline.steps, ({ thread }) => thread);
      const lanes = this.#timeline.threads.filter(({ index }) => !isBrief || steps.has(index));
      for (const lane of lanes) {
        this.#steps(lane.index, lane.name, steps.get(lane.index) ?? [], lane.gaps);
        const seen = kernel?.threads.find(({ index }) => index === lane.index);
        if (seen !== undefined) this.#samples(seen, "threads", "");
      }
      return lanes.length;
    });
    if (kernel === undefined) return;
    this.#group("helpers", () => {
      const others = kernel.threads.filter(({ index }) => index === undefined);
      for (const thread of others) this.#samples(thread, "helpers", thread.name);
      return others.length;
    });
  }

  #steps(
    thread: number,
    label: string,
    steps: readonly StepSpan[],
    gaps: readonly { readonly beginMs: number; readonly endMs: number }[],
  ): void {
    const levels: StepSpan[][] = [[]];
    const ends: number[] = [];
    for (const step of steps) {
      while (ends.length > 0 && (ends.at(-1) ?? 0) <= step.beginMs) ends.pop();
      const depth = Math.min(ends.length, DEEPEST_STEP - 1);
      (levels[depth] ??= []).push(step);
      ends.push(step.endMs);
    }
    levels.forEach((level, depth) => {
      this.#row({ group: "threads", label: depth === 0 ? label : "", thread, depth, badge: "measured" });
      // Losses stand in the first row of a thread, between the steps.
      const left = depth === 0 ? [...gaps] : [];
      for (const step of level) {
        while (left[0] !== undefined && left[0].beginMs < step.beginMs) this.#lost(left.shift());
        this.#add(step.beginMs, step.endMs, State.running, this.#nameOf(step.subject), this.#itemOf(step.subject));
      }
      for (const gap of left) this.#lost(gap);
    });
  }

  #lost(gap: { readonly beginMs: number; readonly endMs: number } | undefined): void {
    if (gap !== undefined) this.#add(gap.beginMs, gap.endMs, State.dropped, "", 0);
  }

  /** What the kernel saw of a thread; each reading stands for the time up to the next. */
  #samples(thread: KernelThread, group: GroupName, label: string): void {
    const { startedMs } = this.#trace;
    const index = this.#places.get(thread.tid) ?? 0;
    const lookup = indexOf(this.#trace, this.#timeline);
    this.#row({ group, label, thread: thread.index, depth: label === "" ? 1 : 0, badge: "sampled" });
    let open: { beginMs: number; endMs: number; state: StateIndex } | undefined;
    thread.samples.forEach((sample, at) => {
      const before = thread.samples[at - 1];
      if (before === undefined) return;
      const beginMs = before.atMs - startedMs;
      const endMs = sample.atMs - startedMs;
      // A thread of ours that sleeps outside all steps has nothing to do; it is not blocked.
      const isAtWork = thread.index === undefined || lookup.stepAt(thread.index, (beginMs + endMs) / 2) !== undefined;
      const state = sampledState(before, sample, isAtWork);
      if (open?.state === state && open.endMs === beginMs) open.endMs = endMs;
      else {
        if (open !== undefined) this.#add(open.beginMs, open.endMs, open.state, "", itemOf(ItemKind.thread, index));
        open = { beginMs, endMs, state };
      }
    });
    if (open !== undefined) this.#add(open.beginMs, open.endMs, open.state, "", itemOf(ItemKind.thread, index));
  }

  tasks(tree: TaskTree): void {
    this.#group("tasks", () => {
      const { jobs, scopes } = this.#timeline;
      const byRow: { readonly beginMs: number; readonly isJob: boolean; readonly index: number }[][] = Array.from(
        { length: tree.height },
        () => [],
      );
      const labels: { label: string; depth: number }[] = Array.from({ length: tree.height }, () => ({
        label: "",
        depth: Infinity,
      }));
      forEachPlaced(tree.roots, (node, row, depth) => {
        byRow[row]?.push({ beginMs: node.beginMs, isJob: node.isJob, index: node.index });
        const place = labels[row];
        if (place === undefined) return;
        const span = node.isJob ? jobs[node.index] : scopes[node.index];
        // A block of one row among many is not worth a label; its name is in its bar.
        const isHead = node.children.length > 0 || node.parent === undefined;
        if (isHead && depth < place.depth) place.label = span?.name ?? "";
        place.depth = Math.min(place.depth, depth);
      });
      byRow.forEach((row, at) => {
        const { label, depth } = labels[at] ?? { label: "", depth: 0 };
        this.#row({ group: "tasks", label, depth: Number.isFinite(depth) ? depth : 0 });
        row.sort((a, b) => a.beginMs - b.beginMs || a.index - b.index);
        for (const { isJob, index } of row) {
          if (isJob) {
            const job = jobs[index];
            if (job === undefined) continue;
            const name = this.names.index(job.name ?? "");
            const item = itemOf(ItemKind.job, index);
            for (const { beginMs, endMs, state } of statesOf(this.#trace, this.#timeline, job)) {
              this.store.add(beginMs, endMs, state, name, item);
            }
          } else {
            const scope = scopes[index];
            if (scope === undefined) continue;
            this.#add(scope.beginMs, scope.endMs, State.scope, scope.name ?? "", itemOf(ItemKind.scope, index));
          }
        }
      });
      return jobs.length;
    });
  }

  stalls(): void {
    this.#group("stalls", () => {
      const { stalls, startedMs } = this.#trace;
      for (const lane of this.#timeline.threads) {
        const own = stalls.filter(({ thread }) => thread === lane.index);
        if (own.length === 0) continue;
        this.#row({ group: "stalls", label: lane.name, thread: lane.index, badge: "measured" });
        for (const stall of own) {
          const frame = stall.stack?.[0];
          const name = frame === undefined ? "" : describePlace(frame);
          const item = itemOf(ItemKind.stall, stalls.indexOf(stall));
          this.#add(stall.beginMs - startedMs, stall.endMs - startedMs, State.stall, name, item);
        }
      }
      return stalls.length;
    });
  }

  /** Of each lock who held it, of each channel how full it was, and of both how many waited. */
  resources(): void {
    this.#group("resources", () => {
      const { durationMs } = this.#timeline;
      const index = indexOf(this.#trace, this.#timeline);
      const holds = new Map(index.resources.map(({ id, holds: own }) => [id, own]));
      const uses = contention(this.#trace, this.#timeline).slice(0, MOST_RESOURCE_ROWS);
      for (const { id, kind, name: ofUse, title: label, level, waiting } of uses) {
        const title = describeResource({ id, kind, name: ofUse });
        const held = holds.get(id) ?? [];
        const isSeen = kind === "channel" ? level.length > 0 : held.length > 0;
        if (isSeen) this.#row({ group: "resources", label, title, badge: "measured" });
        if (kind === "channel") this.#levels(level, State.channel, durationMs);
        else {
          // Of a semaphore several hold a part at once; what lies over another is cut.
          for (const { beginMs, endMs, holder } of held) {
            this.#add(beginMs, endMs, State.held, titleOfActor(index, holder).en, this.#itemOf(holder));
          }
        }
        if (waiting.every(({ count }) => count === 0)) continue;
        this.#row({
          group: "resources",
          label: isSeen ? "" : label,
          title: isSeen ? undefined : title,
          depth: 1,
          badge: "measured",
        });
        this.#levels(waiting, kind === "channel" ? State.channel : State.lock, durationMs);
      }
      return index.resources.length;
    });
  }

  /** A span for each time in which there were some, named by how many. */
  #levels(levels: readonly Level[], state: StateIndex, durationMs: number): void {
    levels.forEach(({ atMs, count }, at) => {
      if (count === 0) return;
      this.#add(atMs, levels[at + 1]?.atMs ?? durationMs, state, String(count), 0);
    });
  }

  /** Of each task that `auto()` placed, where it did, and from when on. */
  placements(): void {
    this.#group("placements", () => {
      const placed = placedSpans(this.#timeline);
      for (const [task, spans] of placed) {
        this.#row({ group: "placements", label: task, badge: "measured" });
        for (const { atMs, endMs, place, text } of spans) {
          this.#add(atMs, endMs, place === "here" ? State.scope : State.running, text ?? place, 0);
        }
      }
      return placed.size;
    });
  }

  /** Times in which garbage was collected, by thread. */
  pauses(): void {
    this.#group("gc", () => {
      const pauses = groupBy(this.#timeline.pauses, ({ thread }) => thread);
      for (const { index, name: threadName } of this.#timeline.threads) {
        const own = pauses.get(index) ?? [];
        if (own.length === 0) continue;
        this.#row({ group: "gc", label: threadName, thread: index, badge: "measured" });
        for (const { beginMs, endMs } of own) this.#add(beginMs, endMs, State.gc, "", 0);
      }
      return this.#timeline.pauses.length;
    });
  }

  #itemOf(subject: number): number {
    const job = this.#jobIndexes().get(subject);
    if (job !== undefined) return itemOf(ItemKind.job, job);
    const scope = this.#scopeIndexes().get(subject);
    return scope === undefined ? 0 : itemOf(ItemKind.scope, scope);
  }

  #add(beginMs: number, endMs: number, state: number, name: string, item: number): void {
    this.store.add(Math.max(0, beginMs), endMs, state, this.names.index(name), item);
  }

  #jobs: ReadonlyMap<number, number> | undefined;
  #jobIndexes(): ReadonlyMap<number, number> {
    return (this.#jobs ??= new Map(this.#timeline.jobs.map(({ id }, index) => [id, index])));
  }

  #scopes: ReadonlyMap<number, number> | undefined;
  #scopeIndexes(): ReadonlyMap<number, number> {
    return (this.#scopes ??= new Map(this.#timeline.scopes.map(({ id }, index) => [id, index])));
  }

  #nameOf(subject: number): string {
    const job = this.#jobIndexes().get(subject);
    if (job !== undefined) return this.#timeline.jobs[job]?.name ?? "";
    const scope = this.#scopeIndexes().get(subject);
    return scope === undefined ? "" : (this.#timeline.scopes[scope]?.name ?? "");
  }
}

/** Between two readings: on a core for most of it, waiting for one, or what the kernel said it slept in. */
function sampledState(before: KernelSample, after: KernelSample, isAtWork: boolean): StateIndex {
  const spanMs = after.atMs - before.atMs;
  const cpuMs = before.cpuMs === undefined || after.cpuMs === undefined ? 0 : after.cpuMs - before.cpuMs;
  const waitMs =
    before.coreWaitMs === undefined || after.coreWaitMs === undefined ? 0 : after.coreWaitMs - before.coreWaitMs;
  if (waitMs > spanMs / 2 || (waitMs > cpuMs && waitMs > spanMs / 4)) return State.ready;
  if (cpuMs > spanMs / 4) return State.running;
  return isAtWork && (after.state === "lock" || after.state === "blocked") ? State.blocked : State.idle;
}
