/**
 * Whether a thread that has done the same in two rounds would do so for ever: it is called
 * anew, apart from the run, and given the same again and again. A loop that counts its
 * rounds, or no loop at all but four equal reads in a row, shows itself by doing something
 * else; and what it does then others must be able to come before.
 *
 * That a body may be called at any time rests on what is asked of it anyway: it makes what
 * is its own inside. What it is given here nobody else sees.
 */
import { LEARNED } from "./spinning.js";
import type { VirtualThread } from "./virtual-thread.js";
import { SUSPEND } from "./virtual-thread.js";

/** Who does the same in so many rounds is believed to go on so. */
const MOST_ROUNDS = 300;
/** Loops that end by themselves within so many rounds are run as they are: that is few orders more. */
const FEW_ROUNDS = 6;

/** What is found out: it goes on for ever; it ends soon, and is no wait; it ends, but not soon. */
export const Spin = { endless: 0, soonOver: 1, overLate: 2 } as const;
export type SpinValue = (typeof Spin)[keyof typeof Spin];

export class SpinProbe {
  /** By thread, and what its log held. */
  readonly #known: Map<string, SpinValue> = new Map();
  #thread: VirtualThread | undefined;

  /** Whether the body that runs is called only to find out. */
  get isActive(): boolean {
    return this.#thread !== undefined;
  }

  known(thread: VirtualThread): SpinValue | undefined {
    return this.#known.get(keyOf(thread));
  }

  /** Calls the body; nothing of the run may be told of it. */
  find(thread: VirtualThread): SpinValue {
    this.#thread = thread;
    thread.cursor = 0;
    try {
      thread.body();
    } catch {
      // It left off, or went another way.
    } finally {
      this.#thread = undefined;
      thread.isUnwinding = false;
    }
    const rounds = (thread.cursor - thread.logLength) / thread.spinLength;
    const spin = rounds >= MOST_ROUNDS ? Spin.endless : rounds <= FEW_ROUNDS ? Spin.soonOver : Spin.overLate;
    this.#known.set(keyOf(thread), spin);
    return spin;
  }

  /** Where in the log is what the thread is given next: behind the log's end its last round comes again. */
  entryOf({ cursor, logLength, spinLength }: VirtualThread): number {
    return cursor < logLength ? cursor : logLength - spinLength + ((cursor - logLength) % spinLength);
  }

  /** The thread asks for something behind its log's end. @returns true if that is what it did a round ago; else it is left */
  goesOn(kind: number, place: number, argument: unknown): boolean {
    const thread = this.#thread as VirtualThread;
    const at = this.entryOf(thread);
    const isSame =
      !thread.isUnwinding &&
      thread.cursor - thread.logLength < MOST_ROUNDS * thread.spinLength &&
      (thread.logKinds[at] === kind || (kind < 0 && (thread.logKinds[at] as number) < 0)) &&
      thread.logPlaces[at] === place &&
      Object.is(thread.logArguments[at], argument);
    if (isSame) return true;
    thread.isUnwinding = true;
    // oxlint-disable-next-line typescript/only-throw-error
    throw SUSPEND;
  }
}

function keyOf({ index, logLength, spinLength, logKinds, logPlaces, logValues }: VirtualThread): string {
  let hash = 0;
  for (let at = 0; at < logLength; at++) {
    const value = (logKinds[at] as number) < LEARNED ? 0 : logValues[at];
    hash = (Math.imul(hash, 31) + (logKinds[at] as number)) | 0;
    hash = (Math.imul(hash, 31) + ((logPlaces[at] as number) % 2 ** 31)) | 0;
    hash = (Math.imul(hash, 31) + (typeof value === "number" ? value % 2 ** 31 : 1)) | 0;
  }
  return `${index} ${logLength} ${spinLength} ${hash}`;
}
