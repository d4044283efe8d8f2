/** Sentences about a run. */
import { holderOf } from "./detectors/locks.js";
import type { Failure } from "./failure.js";
import type { StepRecord } from "./step-record.js";
import { State, type VirtualThread } from "./virtual-thread.js";

/** Who waits for what. */
export function describeWaits(run: StepRecord): string {
  return run
    .unfinished()
    .map((thread) => `"${thread.name}" ${waitOf(run, thread)}`)
    .join("; ");
}

function waitOf(run: StepRecord, thread: VirtualThread): string {
  const place = run.nameOf(thread.pendingPlace);
  if (thread.state === State.joining) {
    return `waits for the end of ${named(thread.joins.filter(({ state }) => state !== State.finished))}`;
  }
  const holder = holderOf(run, thread.pendingPlace);
  const held = holder === undefined ? "" : `, taken by ${holder === thread ? "itself" : `"${holder.name}"`}`;
  if (thread.state === State.sleeping) return `sleeps on ${place}${held || ", which nobody notifies"}`;
  if (thread.state === State.spinning) return `spins on ${place}${held}`;
  return `stands before ${place}`;
}

export function named(threads: readonly VirtualThread[]): string {
  return threads.map(({ name }) => `"${name}"`).join(", ");
}

export const HOW_TO_REPEAT =
  "A thread's body must make what is its own inside, and depend on nothing outside but what t, cells and shared objects give";

/** A thread that was called anew ended where it had gone on before. */
export function endedEarly(run: StepRecord, thread: VirtualThread): Failure {
  const operation = describeOperation(run, thread.pendingKind, thread.pendingPlace);
  return {
    kind: "nondeterminism",
    message: `thread "${thread.name}" did not do the same when it was called anew: it ended before its ${operation}. ${HOW_TO_REPEAT}`,
  };
}

/** A thread that was called anew does something else than before. */
export function diverged(run: StepRecord, thread: VirtualThread, kind: number, place: number): Failure {
  const { cursor, logLength } = thread;
  const isPending = cursor >= logLength;
  const wasKind = isPending ? thread.pendingKind : (thread.logKinds[cursor] as number);
  const wasPlace = isPending ? thread.pendingPlace : (thread.logPlaces[cursor] as number);
  return {
    kind: "nondeterminism",
    message:
      `thread "${thread.name}" did not do the same when it was called anew: operation ${cursor + 1} was ` +
      `${describeOperation(run, wasKind, wasPlace)}, and is ${describeOperation(run, kind, place)}. ${HOW_TO_REPEAT}`,
  };
}

/** A step that is yet to be taken, in a few words. */
export function describeOperation(run: StepRecord, kind: number, place: number): string {
  if (kind === -1) return "a choice, a log line or a look at the clock";
  return `${STEP_WORDS[kind] ?? "?"} of ${run.nameOf(place)}`;
}

const STEP_WORDS = [
  "start",
  "load",
  "store",
  "change",
  "wait",
  "end of the sleep",
  "notify",
  "read",
  "write",
  "spawn",
  "join",
  "yield",
  "happening",
  "call",
  "return",
];
