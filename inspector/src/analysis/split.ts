/** How much of a range of time each task and thread spent in which way. */
import { State, type StateIndex } from "../timeline/states.js";
import type { Analysed } from "./build-model.js";
import type { Stretch } from "./job-states.js";
import type { SplitLine } from "./model.js";

/** The five ways, in the order of the columns. */
export const SPLIT: readonly StateIndex[] = [State.running, State.ready, State.io, State.lock, State.channel];

/** A range with more tasks than this shows those with the most time in it. */
const MOST_TASKS = 200;

/** Milliseconds of each of the five ways within a range. */
export function splitOf(stretches: readonly Stretch[], fromMs = -Infinity, toMs = Infinity): number[] {
  const sums = SPLIT.map(() => 0);
  for (const { beginMs, endMs, state } of stretches) {
    const overlapMs = Math.min(endMs, toMs) - Math.max(beginMs, fromMs);
    if (overlapMs <= 0) continue;
    // A thread that is blocked for a lock waits for a lock as well.
    const way = SPLIT.indexOf(state === State.blocked ? State.lock : state);
    if (way !== -1) sums[way] = (sums[way] ?? 0) + overlapMs;
  }
  return sums;
}

export function splitRange(analysed: Analysed, fromMs: number, toMs: number): SplitLine[] {
  return [...threadLines(analysed, fromMs, toMs), ...taskLines(analysed, fromMs, toMs)];
}

function taskLines(analysed: Analysed, fromMs: number, toMs: number): SplitLine[] {
  const lines: (SplitLine & { readonly totalMs: number })[] = [];
  analysed.timeline.jobs.forEach((job, index) => {
    if (job.endMs < fromMs || job.beginMs > toMs) return;
    const split = splitOf(analysed.statesOf(index), fromMs, toMs);
    const totalMs = split.reduce((sum, ms) => sum + ms, 0);
    lines.push({ name: job.name ?? `job ${job.id}`, kind: "task", job: index, split, totalMs });
  });
  lines.sort((a, b) => (b.split[0] ?? 0) - (a.split[0] ?? 0) || b.totalMs - a.totalMs);
  return lines.slice(0, MOST_TASKS).map(({ name, kind, job, split }) => ({ name, kind, job, split }));
}

function threadLines({ trace, timeline }: Analysed, fromMs: number, toMs: number): SplitLine[] {
  const running = new Map<number, number>();
  const untilMs = new Map<number, number>();
  for (const { thread, beginMs, endMs } of timeline.steps) {
    // Only the outermost step of a nest counts, as in the figures.
    if (beginMs < (untilMs.get(thread) ?? -Infinity)) continue;
    untilMs.set(thread, endMs);
    const overlapMs = Math.min(endMs, toMs) - Math.max(beginMs, fromMs);
    if (overlapMs > 0) running.set(thread, (running.get(thread) ?? 0) + overlapMs);
  }
  return timeline.threads.map(({ index, name }) => {
    const samples = trace.kernel?.threads.find((thread) => thread.index === index)?.samples ?? [];
    const first = samples.findLast(({ atMs }) => atMs - trace.startedMs <= fromMs) ?? samples[0];
    const last = samples.find(({ atMs }) => atMs - trace.startedMs >= toMs) ?? samples.at(-1);
    const readyMs =
      first?.coreWaitMs === undefined || last?.coreWaitMs === undefined
        ? undefined
        : last.coreWaitMs - first.coreWaitMs;
    return {
      name,
      kind: "thread" as const,
      job: undefined,
      split: [running.get(index) ?? 0, readyMs, undefined, undefined, undefined],
    };
  });
}
