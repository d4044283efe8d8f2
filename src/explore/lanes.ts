/** What a run is shown by: a lane for each thread, and for each job one as well, as all jobs are on the main thread. */
import type { StepRecord } from "./step-record.js";

export interface Lanes {
  readonly names: readonly string[];
  /** By step. */
  readonly ofSteps: readonly number[];
  /** By note. */
  readonly ofNotes: readonly number[];
}

export function lanesOf(run: StepRecord): Lanes {
  const { stepCount, threadCount, jobs } = run;
  const names = [...run.threads.slice(0, threadCount).map(({ name }) => name), ...jobs];
  const laneOf = (thread: number, job: number | undefined): number => (job === undefined ? thread : threadCount + job);
  const ofSteps = run.stepThreads.slice(0, stepCount).map((thread, step) => laneOf(thread, run.stepJobs[step]));
  const ofNotes = run.notes.map(({ thread }, note) => laneOf(thread, run.noteJobs[note]));
  // The main thread of a program of jobs often does nothing but to begin them.
  const isMainEmpty = jobs.length > 0 && !ofSteps.includes(0) && !ofNotes.includes(0);
  if (!isMainEmpty) return { names, ofSteps, ofNotes };
  return { names: names.slice(1), ofSteps: ofSteps.map((lane) => lane - 1), ofNotes: ofNotes.map((lane) => lane - 1) };
}
