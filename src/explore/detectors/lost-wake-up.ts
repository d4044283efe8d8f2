/**
 * Why somebody sleeps for ever: a wake-up came when nobody slept yet, to a thread
 * that had looked before it and slept after it.
 */
import type { Execution } from "../execution.js";
import type { Failure } from "../failure.js";
import { Step, WaitOutcome } from "../operations.js";
import { findMissedNotice } from "./missed-notice.js";
import { State, type VirtualThread } from "../virtual-thread.js";

/** What a run that ended with sleepers shows, if it is this. */
export function findLostWakeUp(execution: Execution): Failure | undefined {
  for (const thread of execution.unfinished()) {
    if (thread.state !== State.sleeping) continue;
    const failure = lostBy(execution, thread);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

function lostBy(execution: Execution, thread: VirtualThread): Failure | undefined {
  const { index, name } = thread;
  const { stepThreads, stepKinds, stepPlaces, stepValues, stepCount } = execution;
  let slept = stepCount - 1;
  while (slept >= 0 && !(stepThreads[slept] === index && stepKinds[slept] === Step.wait)) slept--;
  if (slept < 0 || stepValues[slept] !== WaitOutcome.sleeps) return undefined;
  const notice = findMissedNotice(execution, thread, slept);
  if (notice !== undefined) return notice;
  let missed = -1;
  for (let step = slept - 1; step >= 0; step--) {
    const kind = stepKinds[step];
    if (stepThreads[step] !== index) {
      const isInVain = kind === Step.notify && stepPlaces[step] === stepPlaces[slept] && stepValues[step] === 0;
      if (isInVain) missed = step;
    } else if (kind === Step.load || kind === Step.change || kind === Step.read) {
      if (missed === -1) return undefined;
      return failureAt(execution, name, [step, missed, slept]);
    }
  }
  return undefined;
}

function failureAt(execution: Execution, name: string, steps: readonly [number, number, number]): Failure {
  const [looked, missed, slept] = steps;
  const waker = execution.threads[execution.stepThreads[missed] as number]?.name ?? "";
  const place = execution.nameOf(execution.stepPlaces[slept] as number);
  return {
    kind: "lost wake-up",
    message:
      `"${name}" sleeps on ${place} for ever: it looked (step ${looked + 1}), then "${waker}" woke whoever slept there, ` +
      `which was nobody yet (step ${missed + 1}), then it fell asleep (step ${slept + 1}), as the word was as it had been. ` +
      "The waker has to change the word that is slept on before it notifies, and the sleeper to read that word before it looks",
    steps,
  };
}
