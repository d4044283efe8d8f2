/**
 * Jobs in flight and how long they ran, counted as records come, each of them once: of a
 * recording that goes on for hours only what is in flight is kept.
 *
 * Records of several threads come in any order: what a thread of a pool says of a job may
 * come before the job is known. So a job that has ended is told of one round later.
 */
import { ProbeKind } from "../../core/probe.js";
import type { RecordColumns } from "../../trace/file/record-segment.js";
import type { LiveTask } from "./state.js";

interface CountedJob {
  name: string | undefined;
  startMs: number | undefined;
  stopMs: number | undefined;
  /** The round in which it ended. */
  endedRound: number | undefined;
}

/** Runs of one task that ended in a round. */
interface Runs {
  count: number;
  readonly lengthsMs: number[];
}

/** What was counted since it was asked last. */
export interface JobRates {
  /** `undefined` of a program that has had no jobs, as of one that does not use Skein. */
  readonly inFlight: number | undefined;
  readonly queued: number | undefined;
  readonly stealRate: number | undefined;
  readonly wakeRate: number | undefined;
  /** The most often run first. */
  readonly tasks: readonly LiveTask[];
  /** Records that are missing since the beginning. */
  readonly lost: number;
}

/** Lengths that are looked at for the percentile, of each task in a round. */
const MOST_LENGTHS = 5000;
/** Tasks that are told of. */
const MOST_TASKS = 50;

export class JobCounts {
  readonly #jobs = new Map<number, CountedJob>();
  readonly #ended: number[] = [];
  readonly #queues = new Map<number, number>();
  #hasJobs = false;
  #round = 0;
  #steals = 0;
  #wakes = 0;
  #lost = 0;

  add({ count, dropped, kinds, subjects, texts, timesMs, values }: RecordColumns): void {
    if (dropped > 0) this.lose(dropped);
    for (let i = 0; i < count; i++) {
      const subject = subjects[i] as number;
      const atMs = timesMs[i] as number;
      switch (kinds[i]) {
        case ProbeKind.jobSpawn:
          this.#hasJobs = true;
          this.#job(subject).name = texts[values[i] as number] ?? "?";
          break;
        case ProbeKind.jobStart:
          this.#job(subject).startMs ??= atMs;
          break;
        case ProbeKind.jobStop:
          this.#job(subject).stopMs = atMs;
          break;
        case ProbeKind.jobEnd:
          this.#job(subject).endedRound = this.#round;
          this.#ended.push(subject);
          break;
        case ProbeKind.steal:
          this.#steals++;
          break;
        case ProbeKind.threadUnpark:
          this.#wakes++;
          break;
        case ProbeKind.poolQueue:
          this.#queues.set(subject, values[i] as number);
          break;
        case ProbeKind.scopeEnd:
          this.#jobs.delete(subject); // the body of a scope starts and stops as a job does
          break;
        default:
      }
    }
  }

  #job(subject: number): CountedJob {
    let job = this.#jobs.get(subject);
    if (job === undefined) {
      job = { name: undefined, startMs: undefined, stopMs: undefined, endedRound: undefined };
      this.#jobs.set(subject, job);
    }
    return job;
  }

  /** Which jobs ended in the records that are missing is not known: counting begins again. */
  lose(count: number): void {
    this.#lost += count;
    this.#jobs.clear();
    this.#ended.length = 0;
  }

  /** @param elapsedMs - since it was called last */
  round(elapsedMs: number): JobRates {
    const perSecond = (count: number): number => (elapsedMs > 0 ? (count * 1000) / elapsedMs : 0);
    const runs = this.#finish();
    const inFlight = new Map<string, number>();
    for (const { name, endedRound } of this.#jobs.values()) {
      if (name !== undefined && endedRound === undefined) inFlight.set(name, (inFlight.get(name) ?? 0) + 1);
    }
    const names = new Set([...runs.keys(), ...inFlight.keys()]);
    const tasks = [...names].map((name) => taskOf(name, runs.get(name), inFlight.get(name) ?? 0, perSecond));
    const rates: JobRates = {
      inFlight: this.#hasJobs ? [...inFlight.values()].reduce((sum, count) => sum + count, 0) : undefined,
      queued: this.#queues.size === 0 ? undefined : [...this.#queues.values()].reduce((sum, count) => sum + count, 0),
      stealRate: this.#hasJobs ? perSecond(this.#steals) : undefined,
      wakeRate: this.#hasJobs ? perSecond(this.#wakes) : undefined,
      tasks: tasks.toSorted((a, b) => b.runRate - a.runRate || b.inFlight - a.inFlight).slice(0, MOST_TASKS),
      lost: this.#lost,
    };
    this.#steals = 0;
    this.#wakes = 0;
    this.#round++;
    return rates;
  }

  /** Takes out the jobs that had ended by the round before. */
  #finish(): Map<string, Runs> {
    const byName = new Map<string, Runs>();
    let taken = 0;
    for (const subject of this.#ended) {
      const job = this.#jobs.get(subject);
      if (job?.endedRound === this.#round) break; // in order of rounds
      taken++;
      this.#jobs.delete(subject);
      if (job?.name === undefined) continue;
      let runs = byName.get(job.name);
      if (runs === undefined) byName.set(job.name, (runs = { count: 0, lengthsMs: [] }));
      runs.count++;
      if (job.startMs === undefined || job.stopMs === undefined || runs.lengthsMs.length >= MOST_LENGTHS) continue;
      runs.lengthsMs.push(Math.max(0, job.stopMs - job.startMs));
    }
    this.#ended.splice(0, taken);
    return byName;
  }
}

function taskOf(
  name: string,
  runs: Runs | undefined,
  inFlight: number,
  perSecond: (count: number) => number,
): LiveTask {
  const lengths = (runs?.lengthsMs ?? []).toSorted((a, b) => a - b);
  const isKnown = lengths.length > 0;
  return {
    name,
    inFlight,
    runRate: perSecond(runs?.count ?? 0),
    meanMs: isKnown ? lengths.reduce((sum, ms) => sum + ms, 0) / lengths.length : undefined,
    p99Ms: isKnown ? lengths[Math.ceil(lengths.length * 0.99) - 1] : undefined,
  };
}
