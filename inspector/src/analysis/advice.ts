/** Where each function belongs, judged by what its runs did. */
import type { Timeline, Trace } from "skein/trace";

import { inOrderOfWays } from "./split.js";
import { splitOfJob, WAYS } from "./trace.js";

export type Place = "here" | "threads" | "stay" | "back";

export interface AdviceLine {
  readonly name: string;
  readonly runs: number;
  /** Mean of what a run computed. */
  readonly cpuMs: number;
  /** Of all its runs together. */
  readonly split: readonly number[];
  readonly onThreads: number;
  readonly place: Place;
}

/** A run that computes longer than this holds up its loop; a thread costs well below. */
const WORTH_A_THREAD_MS = 1;
/** A run that computes less than this gains nothing from a thread: handing it over takes as long. */
const TOO_SHORT_MS = 0.01;

export function adviceOf(trace: Trace, timeline: Timeline): AdviceLine[] {
  const byName = new Map<string, { runs: number; split: number[]; onThreads: number }>();
  for (const job of timeline.jobs) {
    if (job.startedMs === undefined || job.name === undefined) continue;
    let found = byName.get(job.name);
    if (found === undefined) byName.set(job.name, (found = { runs: 0, split: WAYS.map(() => 0), onThreads: 0 }));
    found.runs++;
    if (job.ranOn !== job.thread) found.onThreads++;
    const { split } = found;
    inOrderOfWays(splitOfJob(trace, timeline, job)).forEach((ms, way) => (split[way] = (split[way] ?? 0) + ms));
  }
  return [...byName]
    .map(([name, { runs, split, onThreads }]): AdviceLine => {
      const cpuMs = (split[0] ?? 0) / runs;
      return { name, runs, cpuMs, split, onThreads, place: placeOf(cpuMs, split, onThreads > runs / 2) };
    })
    .sort((a, b) => (b.split[0] ?? 0) - (a.split[0] ?? 0));
}

function placeOf(cpuMs: number, split: readonly number[], isOnThreads: boolean): Place {
  if (isOnThreads) return cpuMs < TOO_SHORT_MS ? "back" : "stay";
  const lifeMs = split.reduce((sum, ms) => sum + ms, 0);
  return cpuMs >= WORTH_A_THREAD_MS && (split[0] ?? 0) > lifeMs * 0.1 ? "threads" : "here";
}
