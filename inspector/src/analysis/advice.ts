/** Where each function belongs, judged by what its runs did. */
import { isWorthAdvice, natureOf, suggest, type Suggestion } from "#skein/advise/nature";
import type { Timeline, Trace } from "skein/trace";

import { inOrderOfWays } from "./split.js";
import { splitOfJob, WAYS } from "./trace.js";

export type Place = "here" | "threads" | "sliced" | "stay" | "back";

interface Found {
  runs: number;
  readonly split: number[];
  onThreads: number;
  /** What its runs computed, one by one. */
  readonly cpuMs: number[];
}

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

/** @param cores - that the program could use */
export function adviceOf(trace: Trace, timeline: Timeline, cores: number): AdviceLine[] {
  const byName = new Map<string, Found>();
  for (const job of timeline.jobs) {
    if (job.startedMs === undefined || job.name === undefined) continue;
    let found = byName.get(job.name);
    if (found === undefined) {
      found = { runs: 0, split: WAYS.map(() => 0), onThreads: 0, cpuMs: [] };
      byName.set(job.name, found);
    }
    found.runs++;
    if (job.ranOn !== job.thread) found.onThreads++;
    const { split } = found;
    const own = inOrderOfWays(splitOfJob(trace, timeline, job));
    found.cpuMs.push(own[0] ?? 0);
    own.forEach((ms, way) => (split[way] = (split[way] ?? 0) + ms));
  }
  return [...byName]
    .map(([name, found]): AdviceLine => {
      const { runs, split, onThreads } = found;
      return {
        name,
        runs,
        cpuMs: (split[0] ?? 0) / runs,
        split,
        onThreads,
        place: placeOf(found, timeline.durationMs, cores),
      };
    })
    .sort((a, b) => (b.split[0] ?? 0) - (a.split[0] ?? 0));
}

/** As `skein advise` judges. */
function placeOf({ runs, split, onThreads, cpuMs }: Found, wallMs: number, cores: number): Place {
  const [allMs = 0, , ...waits] = split;
  // What was ready waited for its turn, which is no doing of the task.
  const waitingMs = waits.reduce((sum, ms) => sum + ms, 0);
  const medianMs = cpuMs.toSorted((a, b) => a - b)[cpuMs.length >> 1] ?? 0;
  const nature = natureOf(allMs, waitingMs, runs, medianMs);
  const runsOn = onThreads > runs / 2 ? "threads" : "here";
  const suggestion: Suggestion = suggest(nature, runsOn, isWorthAdvice(allMs, wallMs), cores);
  if (suggestion === "as it is") return runsOn === "threads" ? "stay" : "here";
  if (suggestion === "here") return "back";
  return suggestion;
}
