/**
 * Loops that wait: a thread that does the same operations again, all without effect
 * and with the same outcome, will do so until another thread changes what it reads.
 * Two whole rounds are enough to tell; from then on it is as if it waited.
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
  value: unknown,
  hadEffect: boolean,
): void {
  const { repeats, logLength } = thread;
  if (kind === Step.wait || (hadEffect && !hasNoEffect(kind))) {
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
      Object.is(thread.logValues[at], value);
    if (!isSame) {
      repeats[length] = 0;
    } else if (++(repeats[length] as number) >= 2 * length && thread.index !== 0) {
      thread.state = State.spinning;
      thread.spinLength = length;
      repeats.fill(0);
      return;
    }
  }
}
