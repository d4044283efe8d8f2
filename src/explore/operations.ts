/** The kinds of steps that a thread under exploration takes. */

export const Step = {
  /** A thread begins: what it does before its first operation belongs to this step. */
  start: 0,
  load: 1,
  store: 2,
  /** Reads and writes in one: add, exchange, a compare-exchange that may fail. */
  change: 3,
  /** Goes to sleep, or finds that it need not. */
  wait: 4,
  /** Goes on after a sleep. */
  woken: 5,
  notify: 6,
  /** Plain accesses: they order nothing. */
  read: 7,
  write: 8,
  spawn: 9,
  join: 10,
  yield: 11,
  /** Something from outside, in a program of jobs. */
  happen: 12,
  /** An operation that is checked as a whole begins; it ends. */
  call: 13,
  return: 14,
} as const;

export type StepKind = (typeof Step)[keyof typeof Step];

/** What a `wait` gave, as logs and listings keep it. */
export const WaitOutcome = { ok: 0, notEqual: 1, timedOut: 2, sleeps: 3 } as const;

/** Whether a step is about a place in memory at all. */
export function hasPlace(kind: StepKind): boolean {
  return (kind >= Step.load && kind <= Step.write) || kind >= Step.call;
}

/**
 * Whether the order of two steps of different threads can make a difference. The
 * sleepers of a place count as part of it: a wait adds one, a notify takes some.
 */
export function areDependent(kindA: StepKind, placeA: number, kindB: StepKind, placeB: number): boolean {
  if (placeA !== placeB || !hasPlace(kindA) || !hasPlace(kindB)) return false;
  // Whether the one was over before the other began is what counts.
  if (kindA >= Step.call || kindB >= Step.call) return kindA === Step.return || kindB === Step.return;
  // Who has been woken only takes note of that.
  if (kindA === Step.woken || kindB === Step.woken) return false;
  if (kindA === Step.notify || kindB === Step.notify) return touchesSleepers(kindA) && touchesSleepers(kindB);
  if (kindA === Step.wait && kindB === Step.wait) return true; // first in, first out
  return writes(kindA) || writes(kindB);
}

function touchesSleepers(kind: StepKind): boolean {
  return kind === Step.wait || kind === Step.notify;
}

function writes(kind: StepKind): boolean {
  return kind === Step.store || kind === Step.change || kind === Step.write;
}
