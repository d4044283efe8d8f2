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

/** Kinds that change nothing for others. */
export function hasNoEffect(kind: number): boolean {
  return kind === Step.load || kind === Step.read || kind === Step.yield || kind === Step.woken || kind === Step.join;
}

/** Called before the operation is put into the log. */
export function noteRepeats(
  thread: VirtualThread,
  kind: number,
  place: number,
  argument: unknown,
  value: unknown,
  hadEffect: boolean,
): void {
  const { repeats, logLength } = thread;
  if (kind >= Step.call || (hadEffect && !hasNoEffect(kind))) {
    repeats.fill(0);
    thread.spinReleases = 0;
    return;
  }
  for (let length = 1; length <= LONGEST_SPIN; length++) {
    const at = logLength - length;
    const isSame =
      at >= 0 &&
      thread.logKinds[at] === kind &&
      thread.logPlaces[at] === place &&
      Object.is(thread.logArguments[at], argument) &&
      Object.is(thread.logValues[at], value);
    if (!isSame) {
      repeats[length] = 0;
    } else if (++(repeats[length] as number) >= 2 * length && thread.index !== 0) {
      thread.mayBeSpinning = true;
      thread.spinLength = length;
      repeats.fill(0);
      return;
    }
  }
}

/** Called when the next operation has been announced. @returns whether it begins another round */
export function noteRound(thread: VirtualThread, kind: number, place: number, argument: unknown): boolean {
  if (!thread.mayBeSpinning) return false;
  thread.mayBeSpinning = false;
  const at = thread.logLength - thread.spinLength;
  return thread.logKinds[at] === kind && thread.logPlaces[at] === place && Object.is(thread.logArguments[at], argument);
}
