/**
 * Loops that wait: a thread that does the same operations again, all without effect
 * and with the same outcome, may do so until another thread changes what it reads.
 * After two whole rounds, when a third begins, it is looked whether it does
 * (`spin-probe.ts`); if so, it is from then on as if it waited.
 *
 * A loop that ends by itself after many rounds is taken for one that waits too, until
 * nobody else can go on: then it is let go on. A search that has met one is not complete.
 */
import { Step } from "./operations.js";
import { LONGEST_SPIN, type VirtualThread } from "./virtual-thread.js";

// In logs in place of the kind of a step: something learned without one.
export const LEARNED = -1;
/** Of the tables of the library's heap, in which numbers count on: what it was makes no difference here. */
export const LEARNED_OF_TABLES = -2;

/** Kinds that change nothing for others. */
export function hasNoEffect(kind: number): boolean {
  return kind === Step.load || kind === Step.read || kind === Step.yield || kind === Step.woken || kind === Step.join;
}

/** Called before the operation is put into the log. What was learned stands there too, and is part of the rounds. */
export function noteRepeats(
  thread: VirtualThread,
  kind: number,
  place: number,
  argument: unknown,
  value: unknown,
  hadEffect: boolean,
): void {
  const { logLength } = thread;
  if (kind >= Step.call || (hadEffect && !hasNoEffect(kind))) {
    thread.quietFrom = logLength + 1;
    thread.spinReleases = 0;
    return;
  }
  if (thread.index === 0) return;
  const longest = Math.min(LONGEST_SPIN, Math.floor((logLength + 1 - thread.quietFrom) / 3));
  for (let length = 1; length <= longest; length++) {
    const at = logLength - length;
    const isSame =
      thread.logKinds[at] === kind &&
      thread.logPlaces[at] === place &&
      Object.is(thread.logArguments[at], argument) &&
      Object.is(thread.logValues[at], value);
    if (!isSame || !endsWithRounds(thread, length)) continue;
    thread.mayBeSpinning = true;
    thread.spinLength = length;
    // Two more of them are seen before it is looked again.
    thread.quietFrom = logLength + 1 - length;
    return;
  }
}

/** Whether all but the last of three equal rounds of that length stand at the end of the log, and that up to its last entry. */
function endsWithRounds(thread: VirtualThread, length: number): boolean {
  const { logLength, logKinds, logPlaces, logArguments, logValues } = thread;
  for (let back = 1; back < 2 * length; back++) {
    const at = logLength - back;
    const isSame =
      logKinds[at] === logKinds[at - length] &&
      logPlaces[at] === logPlaces[at - length] &&
      Object.is(logArguments[at], logArguments[at - length]) &&
      (logKinds[at] === LEARNED_OF_TABLES || Object.is(logValues[at], logValues[at - length]));
    if (!isSame) return false;
  }
  return true;
}

/** Called when the next operation has been announced. @returns whether it begins another round */
export function noteRound(thread: VirtualThread, kind: number, place: number, argument: unknown): boolean {
  if (!thread.mayBeSpinning) return false;
  thread.mayBeSpinning = false;
  const at = thread.logLength - thread.spinLength;
  return thread.logKinds[at] === kind && thread.logPlaces[at] === place && Object.is(thread.logArguments[at], argument);
}
