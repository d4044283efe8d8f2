/**
 * Data races: two accesses of different threads to one place, one of them a write
 * and one of them plain, that nothing has put in order. Told from one run, whether
 * or not it came out wrong: what orders steps is the atomic operations, spawn, join
 * and waking (after FastTrack, Flanagan and Freund, PLDI 2009).
 */
import type { Execution } from "../execution.js";
import type { Failure } from "../failure.js";
import { HappensBefore } from "../happens-before.js";
import { Step } from "../operations.js";

/** An access: its thread, when in that thread's count, and its step. */
interface Access {
  readonly thread: number;
  readonly time: number;
  readonly step: number;
}

/** The last accesses of each thread to a place, by kind. */
class Accesses {
  readonly plainReads: Access[] = [];
  readonly plainWrites: Access[] = [];
  readonly atomicReads: Access[] = [];
  readonly atomicWrites: Access[] = [];
}

/** The first race of a run. */
export function findRace(execution: Execution): Failure | undefined {
  if (!hasPlainAccess(execution)) return undefined;
  const order = new HappensBefore(false);
  const places = new Map<number, Accesses>();
  for (let step = 0; step < execution.stepCount; step++) {
    order.take(execution, step);
    const kind = execution.stepKinds[step] as number;
    const isPlain = kind === Step.read || kind === Step.write;
    const isAtomic = kind === Step.load || kind === Step.store || kind === Step.change || kind === Step.wait;
    if (!isPlain && !isAtomic) continue;
    const number = execution.stepPlaces[step] as number;
    let place = places.get(number);
    if (place === undefined) places.set(number, (place = new Accesses()));
    const thread = execution.stepThreads[step] as number;
    const isWrite = execution.hasWritten(step);
    const conflicting = [place.plainWrites];
    if (isPlain) conflicting.push(place.atomicWrites);
    if (isWrite) conflicting.push(place.plainReads);
    if (isWrite && isPlain) conflicting.push(place.atomicReads);
    for (const accesses of conflicting) {
      for (const other of accesses) {
        if (other === undefined || other.thread === thread || order.knows(thread, other.thread, other.time)) continue;
        return raceOf(execution, other.step, step);
      }
    }
    const mine = isPlain
      ? isWrite
        ? place.plainWrites
        : place.plainReads
      : isWrite
        ? place.atomicWrites
        : place.atomicReads;
    mine[thread] = { thread, time: order.timeOf(thread), step };
  }
  return undefined;
}

function hasPlainAccess({ stepKinds, stepCount }: Execution): boolean {
  for (let step = 0; step < stepCount; step++) {
    if (stepKinds[step] === Step.write || stepKinds[step] === Step.read) return true;
  }
  return false;
}

function raceOf(execution: Execution, first: number, second: number): Failure {
  const describe = (step: number): string => {
    const name = execution.threads[execution.stepThreads[step] as number]?.name ?? "";
    return `"${name}" ${WORDS[execution.stepKinds[step] as number] ?? "uses"} (step ${step + 1})`;
  };
  const place = execution.nameOf(execution.stepPlaces[first] as number);
  return {
    kind: "race",
    message:
      `${place}: ${describe(first)} and ${describe(second)}, and nothing orders the two. ` +
      "On other hardware, or compiled otherwise, the one may see the other half done or not at all: use atomic operations, or hold a lock",
    steps: [first, second],
  };
}

const WORDS: Readonly<Record<number, string>> = {
  [Step.read]: "reads it plainly",
  [Step.write]: "writes it plainly",
  [Step.load]: "loads it",
  [Step.store]: "stores to it",
  [Step.change]: "changes it",
  [Step.wait]: "waits on it",
};
