/** How much of a range of time each task and thread spent in which way. */
import type { JobSpan, TimeSplit } from "skein/trace";

import type { Analysed } from "./build-model.js";
import type { SplitLine } from "./model.js";
import { splitOfJob, splitOfThread } from "./trace.js";

/** A range with more tasks than this shows those with the most time in it. */
const MOST_TASKS = 200;

/** In the order of `WAYS`. */
export function inOrderOfWays({ runningMs, readyMs, ioMs, lockMs, channelMs, jobsMs }: TimeSplit): number[] {
  return [runningMs, readyMs, ioMs, lockMs, channelMs, jobsMs];
}

export function splitOf({ trace, timeline }: Analysed, job: JobSpan, fromMs?: number, toMs?: number): number[] {
  return inOrderOfWays(splitOfJob(trace, timeline, job, fromMs, toMs));
}

export function splitRange(analysed: Analysed, fromMs: number, toMs: number): SplitLine[] {
  return [...threadLines(analysed, fromMs, toMs), ...taskLines(analysed, fromMs, toMs)];
}

function taskLines(analysed: Analysed, fromMs: number, toMs: number): SplitLine[] {
  const lines: (SplitLine & { readonly totalMs: number })[] = [];
  analysed.timeline.jobs.forEach((job, index) => {
    if (job.endMs < fromMs || job.beginMs > toMs) return;
    const split = splitOf(analysed, job, fromMs, toMs);
    const totalMs = split.reduce((sum, ms) => sum + ms, 0);
    lines.push({ name: job.name ?? "", kind: "task", job: index, id: job.id, split, totalMs });
  });
  lines.sort((a, b) => (b.split[0] ?? 0) - (a.split[0] ?? 0) || b.totalMs - a.totalMs);
  return lines.slice(0, MOST_TASKS).map(({ totalMs: _, ...line }) => line);
}

function threadLines({ trace, timeline }: Analysed, fromMs: number, toMs: number): SplitLine[] {
  return timeline.threads.map(({ index, name }) => ({
    name,
    kind: "thread",
    job: undefined,
    id: undefined,
    split: inOrderOfWays(splitOfThread(trace, timeline, index, fromMs, toMs)),
  }));
}
