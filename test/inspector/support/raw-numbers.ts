/**
 * Numbers of a trace, worked out anew from the bytes of its file in the plainest way: what
 * the page shows is compared with them.
 */
import { ProbeKind } from "#skein/core/probe";

import type { RawRecord, RawTrace } from "./raw-trace.js";

export interface RawStretch {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface RawJob {
  readonly id: number;
  /** As the page calls it: by its number where it has no name. */
  readonly name: string;
  readonly spawnedMs: number;
  readonly startedMs: number | undefined;
  readonly endedMs: number;
  /** Stretches in which a thread was inside it. */
  readonly steps: readonly RawStretch[];
  readonly isOver: boolean;
}

const STARTS = new Set<number>([ProbeKind.jobStart, ProbeKind.jobResume]);
const STOPS = new Set<number>([ProbeKind.jobSuspend, ProbeKind.jobStop]);

/** Every job that was spawned during the recording. */
export function rawJobs(trace: RawTrace): RawJob[] {
  return trace.records
    .filter(({ kind }) => kind === ProbeKind.jobSpawn)
    .map((spawn) => {
      const own = trace.records.filter(({ subject }) => subject === spawn.subject);
      const end = own.find(({ kind }) => kind === ProbeKind.jobEnd);
      return {
        id: spawn.subject,
        name: spawn.text === "" ? `job ${spawn.subject}` : spawn.text,
        spawnedMs: spawn.atMs,
        startedMs: own.find(({ kind }) => kind === ProbeKind.jobStart)?.atMs,
        endedMs: end?.atMs ?? trace.durationMs,
        steps: [...trace.threads].flatMap(([thread, { toMs }]) =>
          insides(
            own.filter((record) => record.thread === thread),
            toMs,
          ),
        ),
        isOver: end !== undefined,
      };
    });
}

/**
 * The stretches in which a thread was inside something: from a start to the stop of the
 * same. Of what went on after an await of something else only the stop is there.
 */
function insides(records: readonly RawRecord[], endMs: number): RawStretch[] {
  const stretches: RawStretch[] = [];
  const open = new Set<number>();
  let fromMs = 0;
  for (const { kind, atMs, subject } of records) {
    if (STARTS.has(kind)) {
      if (open.size === 0) fromMs = atMs;
      open.add(subject);
    } else if (STOPS.has(kind) && open.delete(subject) && open.size === 0) stretches.push({ fromMs, toMs: atMs });
  }
  return open.size === 0 ? stretches : [...stretches, { fromMs, toMs: endMs }];
}

/** Milliseconds that each thread was inside jobs and bodies of scopes, by its name. */
export function rawBusyMs(trace: RawTrace): Map<string, number> {
  return new Map([...rawRunning(trace)].map(([name, stretches]) => [name, totalMs(stretches)]));
}

function rawRunning(trace: RawTrace): Map<string, RawStretch[]> {
  return new Map(
    [...trace.threads].map(([thread, { name, toMs }]) => [
      name,
      insides(
        trace.records.filter((record) => record.thread === thread),
        toMs,
      ),
    ]),
  );
}

export function rawMeanRunning(trace: RawTrace): number {
  return [...rawRunning(trace).values()].reduce((sum, own) => sum + totalMs(own), 0) / trace.durationMs;
}

export function rawMostRunning(trace: RawTrace): number {
  return mostAtOnce([...rawRunning(trace).values()].flat());
}

/** Jobs in flight, each moment weighted alike. */
export function rawMeanInFlight(trace: RawTrace): number {
  return totalMs(livesOf(trace)) / trace.durationMs;
}

export function rawMostInFlight(trace: RawTrace): number {
  return mostAtOnce(livesOf(trace));
}

function livesOf(trace: RawTrace): RawStretch[] {
  return rawJobs(trace).map(({ spawnedMs, endedMs }) => ({ fromMs: spawnedMs, toMs: endedMs }));
}

function mostAtOnce(stretches: readonly RawStretch[]): number {
  const at = (moment: number): number =>
    stretches.filter(({ fromMs, toMs }) => fromMs <= moment && moment < toMs).length;
  return Math.max(0, ...stretches.map(({ fromMs }) => at(fromMs)));
}

function totalMs(stretches: readonly RawStretch[]): number {
  return stretches.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}

/** Milliseconds of its life within a range in which a thread was inside the job. */
export function rawRunningMs({ steps, spawnedMs, endedMs }: RawJob, fromMs: number, toMs: number): number {
  const [from, to] = [Math.max(fromMs, spawnedMs), Math.min(toMs, endedMs)];
  return steps.reduce((sum, step) => sum + Math.max(0, Math.min(step.toMs, to) - Math.max(step.fromMs, from)), 0);
}

/** The length of the steps of each job that ran. */
export function rawRunTimes(trace: RawTrace): number[] {
  return rawJobs(trace).flatMap(({ steps }) => (steps.length === 0 ? [] : totalMs(steps)));
}

/** Of each job that started, how long after its spawning. */
export function rawWaitTimes(trace: RawTrace): number[] {
  return rawJobs(trace).flatMap(({ spawnedMs, startedMs }) => (startedMs === undefined ? [] : startedMs - spawnedMs));
}

/** The nearest one that occurred. */
export function rawPercentile(values: readonly number[], share: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.ceil(share * values.length) - 1];
}

/** How long each wait lasted whose label ends so. */
export function rawWaitsMs({ records, durationMs }: RawTrace, label: string): number[] {
  const ends = new Map(
    records.flatMap(({ kind, subject, atMs }) => (kind === ProbeKind.waitEnd ? [[subject, atMs]] : [])),
  );
  return records
    .filter(({ kind, text }) => kind === ProbeKind.waitBegin && text.endsWith(label))
    .map(({ subject, atMs }) => (ends.get(subject) ?? durationMs) - atMs);
}

/** How long a lock of this name was held each time; one at a time has it. */
export function rawHoldsMs({ records }: RawTrace, name: string): number[] {
  const id = records.find(({ kind, text }) => kind === ProbeKind.resourceMade && text === name)?.subject;
  const of = (kind: number): readonly RawRecord[] => records.filter((one) => one.kind === kind && one.subject === id);
  const releases = of(ProbeKind.released);
  return of(ProbeKind.acquired).flatMap(({ atMs }, at) => {
    const release = releases[at];
    return release === undefined ? [] : release.atMs - atMs;
  });
}
