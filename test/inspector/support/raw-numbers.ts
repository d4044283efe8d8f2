/**
 * Numbers of a trace, worked out anew from its raw records in the plainest way: what the
 * page shows is compared with them.
 */
import { ProbeKind } from "#skein/core/probe";
import type { Trace } from "skein/trace";

export interface RawJob {
  readonly id: number;
  readonly name: string;
  readonly spawnedMs: number;
  readonly endedMs: number;
  /** Stretches in which a thread was inside it. */
  readonly steps: readonly { readonly thread: number; readonly fromMs: number; readonly toMs: number }[];
  readonly isOver: boolean;
}

/** Every job that was spawned during the recording; times since its beginning. */
export function rawJobs(trace: Trace): RawJob[] {
  const all = trace.threads.flatMap((thread) => thread.records.map((record) => ({ ...record, thread })));
  const durationMs = trace.stoppedMs - trace.startedMs;
  return all
    .filter(({ kind }) => kind === ProbeKind.jobSpawn)
    .map((spawn) => {
      const own = all.filter(({ subject }) => subject === spawn.subject);
      const end = own.find(({ kind }) => kind === ProbeKind.jobEnd);
      return {
        id: spawn.subject,
        name: spawn.thread.texts[spawn.value] ?? "",
        spawnedMs: spawn.timeMs - trace.startedMs,
        endedMs: end === undefined ? durationMs : end.timeMs - trace.startedMs,
        steps: stepsOf(own, trace),
        isOver: end !== undefined,
      };
    });
}

type Located = Trace["threads"][number]["records"][number] & { readonly thread: Trace["threads"][number] };

/** Each start with the suspension or stop that follows on the same thread. */
function stepsOf(own: readonly Located[], trace: Trace): RawJob["steps"] {
  return trace.threads.flatMap(({ index }) => {
    const steps: { thread: number; fromMs: number; toMs: number }[] = [];
    let startedMs: number | undefined;
    for (const { kind, timeMs, thread } of own) {
      if (thread.index !== index) continue;
      const atMs = timeMs - trace.startedMs;
      if (STARTS.has(kind)) startedMs ??= atMs;
      else if (STOPS.has(kind) && startedMs !== undefined) {
        steps.push({ thread: index, fromMs: startedMs, toMs: atMs });
        startedMs = undefined;
      }
    }
    return steps;
  });
}

const STARTS = new Set<number>([ProbeKind.jobStart, (ProbeKind as Record<string, number>)["jobResume"] ?? -1]);
const STOPS = new Set<number>([ProbeKind.jobSuspend, ProbeKind.jobStop]);

/** Jobs in flight, each moment weighted alike. */
export function rawMeanInFlight(trace: Trace): number {
  const lives = rawJobs(trace).map(({ spawnedMs, endedMs }) => endedMs - spawnedMs);
  return lives.reduce((sum, life) => sum + life, 0) / (trace.stoppedMs - trace.startedMs);
}

export function rawMostInFlight(trace: Trace): number {
  const jobs = rawJobs(trace);
  const at = (moment: number): number =>
    jobs.filter(({ spawnedMs, endedMs }) => spawnedMs <= moment && moment < endedMs).length;
  return Math.max(0, ...jobs.map(({ spawnedMs }) => at(spawnedMs)));
}

/** Milliseconds within a range in which a thread was inside the job. */
export function rawRunningMs({ steps }: RawJob, fromMs: number, toMs: number): number {
  return steps.reduce((sum, step) => sum + Math.max(0, Math.min(step.toMs, toMs) - Math.max(step.fromMs, fromMs)), 0);
}
