/**
 * What threads sleep for, for other threads to see.
 *
 * Layout: cells of the thread's entry in the heap's table, from THREAD_SLEEPS_FOR
 * on. The thread alone writes them; who puts its slot in order, the first.
 */
import { add, load, store } from "#atomics";

import { FIRST_THREAD, type Heap, THREAD_CELLS, THREAD_SLEEPS_FOR } from "./heap.js";

/** Where the object is that is waited for; 0 while the thread is awake. */
const SLEEPS_FOR = THREAD_SLEEPS_FOR;
/** How much of it is to be taken; see `room` of a shared object. */
const AMOUNT = THREAD_SLEEPS_FOR + 1;
/** 1 if the wait has a deadline. */
const MAY_LEAVE = THREAD_SLEEPS_FOR + 2;
/** Waits that began on threads of this slot, of jobs too; wraps, and is compared for equality only. */
const WAITS_BEGUN = THREAD_SLEEPS_FOR + 3;

/** The heap counts offsets so. */
const UNIT_BYTES = 16;

/** A thread's sleep. */
export interface Sleep {
  readonly slot: number;
  /** Tells it from all other waits of that slot. */
  readonly number: number;
  /** Offset of the object that is waited for. */
  readonly wanted: number;
  /** How much of it is to be taken; 0 if nothing is held afterwards. */
  readonly amount: number;
  /** Whether it has a deadline. */
  readonly mayLeave: boolean;
}

/** A number for a wait of this thread that begins. */
export function numberWait(inHeap: Heap): number {
  return (add(inHeap.cells, entryOf(inHeap.slot) + WAITS_BEGUN, 1) + 1) | 0;
}

/**
 * Says that this thread is about to sleep. From here to `sayAwake` it takes and
 * gives back nothing: who finds the same sleep twice concludes that what the thread
 * held at a moment between, it held all the time between.
 */
export function sayAsleep(inHeap: Heap, wanted: number, amount: number, mayLeave: boolean): void {
  const { cells } = inHeap;
  const entry = entryOf(inHeap.slot);
  // The number first and the object last: `sleepOf` rests on both.
  numberWait(inHeap);
  store(cells, entry + AMOUNT, amount);
  store(cells, entry + MAY_LEAVE, mayLeave ? 1 : 0);
  store(cells, entry + SLEEPS_FOR, wanted / UNIT_BYTES);
}

export function sayAwake(inHeap: Heap): void {
  store(inHeap.cells, entryOf(inHeap.slot) + SLEEPS_FOR, 0);
}

/** What the thread of a slot sleeps for; `undefined` if it is awake, or woke up during the look. */
export function sleepOf(inHeap: Heap, slot: number): Sleep | undefined {
  const { cells } = inHeap;
  const entry = entryOf(slot);
  const number = load(cells, entry + WAITS_BEGUN);
  const wanted = load(cells, entry + SLEEPS_FOR) * UNIT_BYTES;
  if (wanted === 0) return undefined;
  // An object that stood there after the number was read is of this sleep or of a
  // later one, and what was written before it is too. If the number still stands
  // there was no later one.
  const amount = load(cells, entry + AMOUNT);
  const mayLeave = load(cells, entry + MAY_LEAVE) === 1;
  return load(cells, entry + WAITS_BEGUN) === number ? { slot, number, wanted, amount, mayLeave } : undefined;
}

function entryOf(slot: number): number {
  return FIRST_THREAD + slot * THREAD_CELLS;
}
