/**
 * A thread under exploration: an ordinary synchronous function, and a log of what
 * its operations gave.
 *
 * To leave it before it has ended, SUSPEND is thrown out of it; to go on, it is
 * called anew, and its operations give what the log holds until that is used up. It
 * does the same as before, as long as it depends on nothing but what its operations
 * gave: so what is its own it has to make itself, inside.
 */
import type { StepKind } from "./operations.js";
import { Step } from "./operations.js";

/** Thrown through a thread's body to leave it. */
export const SUSPEND: unique symbol = Symbol("skein/explore: this thread is suspended; let this pass");

/** Whether a thread can take a step, and if not, for what it waits. */
export const State = {
  ready: 0,
  /** On shared memory, until somebody notifies, or its time is over. */
  sleeping: 1,
  /** Until other threads have ended. */
  joining: 2,
  /** It repeats reads that give the same: until one of those places changes. */
  spinning: 3,
  /** Until another thread has taken a step. */
  yielded: 4,
  finished: 5,
} as const;

export type StateValue = (typeof State)[keyof typeof State];

/** Longest loop, in entries of the log, that is recognized as waiting: one that takes a lock of the library is some ten. */
export const LONGEST_SPIN = 24;

export class VirtualThread {
  readonly index: number;
  name: string = "";
  body: () => unknown = () => undefined;
  state: StateValue = State.ready;
  /** The step that it takes next. */
  pendingKind: StepKind = Step.start;
  pendingPlace = 0;
  /** Whether its body is on the stack, so that it can go on without being called anew. */
  isOnStack = false;
  isUnwinding = false;
  /** Operations since SUSPEND was thrown: somebody catches it, again and again. */
  swallowed = 0;

  // The log. Slots from `logLength` on are left from runs before.
  readonly logKinds: number[] = [];
  readonly logPlaces: number[] = [];
  readonly logArguments: unknown[] = [];
  readonly logValues: unknown[] = [];
  logLength = 0;
  cursor = 0;

  /** When a sleep ends by itself, on the virtual clock. */
  wakesAtMs: number = Infinity;
  wasTimedOut = false;
  /** The step that woke it. */
  wokenAtStep = -1;
  joins: readonly VirtualThread[] = [];
  /** From there on, all in its log is without effect. */
  quietFrom = 0;
  spinLength = 0;
  /** It has done two rounds of a loop that waits, and is one if a third begins. */
  mayBeSpinning = false;
  /** How often it was let go on spinning as nobody else could go on. */
  spinReleases = 0;
  result: unknown = undefined;

  constructor(index: number) {
    this.index = index;
  }

  reset(name: string, body: () => unknown): void {
    this.name = name;
    this.body = body;
    this.state = State.ready;
    this.pendingKind = Step.start;
    this.pendingPlace = 0;
    this.isOnStack = false;
    this.isUnwinding = false;
    this.swallowed = 0;
    this.logLength = 0;
    this.cursor = 0;
    this.wakesAtMs = Infinity;
    this.wasTimedOut = false;
    this.joins = [];
    this.quietFrom = 0;
    this.spinLength = 0;
    this.mayBeSpinning = false;
    this.spinReleases = 0;
    this.result = undefined;
  }
}
