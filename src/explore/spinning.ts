/**
 * Loops that wait: a thread that does the same operations again, all without effect
 * and with the same outcome, will do so until another thread changes what it reads.
 * Two whole rounds are enough to tell, and that a third begins; from then on it is as
 * if it waited. Without a third it is no loop but three reads in a row, behind which
 * the thread has other things to do: others must be able to come both before and after.
 *
 * A loop that counts its rounds is taken for one that waits too, until nobody else
 * can go on: then it is let go on.
 */
import { Step } from "./operations.js";
import { LONGEST_SPIN, State, type VirtualThread } from "./virtual-thread.js";

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
  if (kind === Step.wait || kind >= Step.call || (hadEffect && !hasNoEffect(kind))) {
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

/** Called when the next operation has been announced: whether it begins another round. */
export function noteRound(thread: VirtualThread, kind: number, place: number, argument: unknown): void {
  if (!thread.mayBeSpinning) return;
  thread.mayBeSpinning = false;
  const at = thread.logLength - thread.spinLength;
  const isSame =
    thread.logKinds[at] === kind && thread.logPlaces[at] === place && Object.is(thread.logArguments[at], argument);
  if (isSame) thread.state = State.spinning;
}
