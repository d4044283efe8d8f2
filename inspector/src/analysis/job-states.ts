/**
 * In which state a job was at each moment of its life, as far as its records tell.
 *
 * Running is what its steps cover. A wait counts for the job inside whose step it began,
 * on the same thread; else for the job whose own scope could cancel it. What neither
 * covers is: before the first step, ready; between the end of a wait and the next step,
 * ready too; after a step that suspended, an `await` of something not our own, taken
 * for I/O; after a step that did not, ready, as its result waits for its home's loop.
 */
import type { JobSpan, StepSpan, Timeline, WaitSpan } from "skein/trace";

import { State, type StateIndex } from "../timeline/states.js";

export interface Stretch {
  readonly beginMs: number;
  readonly endMs: number;
  readonly state: StateIndex;
  /** What it waits for, where that is known. */
  readonly wait: WaitSpan | undefined;
}

/** What kind of wait this is, by its name. */
export function stateOfWait(name: string | undefined): StateIndex {
  if (name === undefined) return State.io;
  if (name.endsWith("(blocked)")) return State.blocked;
  if (/\b(?:channel|broadcast|watch|stage|oneshot)\b/.test(name)) return State.channel;
  if (/\b(?:mutex|lock|rwLock|semaphore|condition|barrier|latch|event|once|permit)\b/i.test(name)) return State.lock;
  return State.io;
}

/** For each job with waits, these, in order of beginning. */
export function waitsOfJobs(timeline: Timeline): Map<number, WaitSpan[]> {
  const jobOfScope = new Map<number, number>();
  for (const scope of timeline.scopes) if (scope.job !== undefined) jobOfScope.set(scope.id, scope.job);
  const jobs = new Set(timeline.jobs.map(({ id }) => id));
  const stepsOfThread = new Map<number, StepSpan[]>();
  for (const step of timeline.steps) {
    const steps = stepsOfThread.get(step.thread);
    if (steps === undefined) stepsOfThread.set(step.thread, [step]);
    else steps.push(step);
  }
  const found = new Map<number, WaitSpan[]>();
  for (const wait of timeline.waits) {
    const around = innermostStep(stepsOfThread.get(wait.thread) ?? [], wait.beginMs)?.subject;
    const subject = around === undefined || !jobs.has(around) ? undefined : around;
    const job = subject ?? jobOfScope.get(wait.scope);
    if (job === undefined) continue;
    const waits = found.get(job);
    if (waits === undefined) found.set(job, [wait]);
    else waits.push(wait);
  }
  return found;
}

/** Steps of one thread nest and are in order of beginning: the last one to begin that has not ended is the innermost. */
function innermostStep(steps: readonly StepSpan[], atMs: number): StepSpan | undefined {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle]?.beginMs ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  // What ended before may stand between; a step around the moment is rarely further away.
  for (let i = low - 1; i >= 0 && i >= low - 64; i--) {
    const step = steps[i];
    if (step !== undefined && step.endMs >= atMs) return step;
  }
  return undefined;
}

/** The states of a job from its beginning to its end, without a hole. */
export function statesOf(job: JobSpan, waits: readonly WaitSpan[]): Stretch[] {
  const known: Stretch[] = [
    ...job.steps.map(({ beginMs, endMs }) => ({ beginMs, endMs, state: State.running, wait: undefined })),
    ...waits.map((wait) => ({ beginMs: wait.beginMs, endMs: wait.endMs, state: stateOfWait(wait.name), wait })),
  ].sort((a, b) => a.beginMs - b.beginMs || b.endMs - a.endMs);
  const stretches: Stretch[] = [];
  let atMs = job.beginMs;
  const push = (endMs: number, state: StateIndex, wait: WaitSpan | undefined): void => {
    const untilMs = Math.min(endMs, job.endMs);
    if (untilMs <= atMs) return;
    const last = stretches.at(-1);
    if (last !== undefined && last.state === state && last.wait === wait) {
      stretches[stretches.length - 1] = { ...last, endMs: untilMs };
    } else stretches.push({ beginMs: atMs, endMs: untilMs, state, wait });
    atMs = untilMs;
  };
  let isSuspended = false;
  let hasStarted = false;
  let wasWaiting = false;
  /** For each of `known`: when the next step after it begins. */
  const nextStep = new Float64Array(known.length + 1).fill(Infinity);
  for (let i = known.length - 1; i >= 0; i--) {
    const after = known[i + 1];
    nextStep[i] = after?.state === State.running ? after.beginMs : (nextStep[i + 1] ?? Infinity);
  }
  const stepEnds = new Map(job.steps.map((step) => [step.endMs, step.isSuspended]));
  known.forEach((stretch, index) => {
    if (stretch.beginMs > atMs)
      push(stretch.beginMs, gapState(hasStarted, isSuspended, wasWaiting, stretch.state), undefined);
    if (stretch.state === State.running) {
      hasStarted = true;
      push(stretch.endMs, State.running, undefined);
      isSuspended = stepEnds.get(stretch.endMs) ?? false;
      wasWaiting = false;
    } else {
      // A wait that began inside a step lasts from the step's end; the next step ends it.
      push(Math.min(stretch.endMs, nextStep[index] ?? Infinity), stretch.state, stretch.wait);
      wasWaiting = true;
    }
  });
  push(job.endMs, !hasStarted ? State.ready : isSuspended ? State.io : State.ready, undefined);
  return stretches;
}

function gapState(hasStarted: boolean, isSuspended: boolean, wasWaiting: boolean, next: StateIndex): StateIndex {
  if (!hasStarted) return State.ready;
  if (wasWaiting && next === State.running) return State.ready;
  return isSuspended || wasWaiting ? State.io : State.ready;
}
