/**
 * Waits of jobs that don't block their thread, for all threads to see: those of a
 * job inside a block (`withLock` and the like), which holds a lock until the job's
 * wait has ended.
 *
 * Layout: a table in the heap's header, 8 cells an entry
 *   TAG          0: free; minus a slot: that thread is writing the entry; else the
 *                wait's number and, in the lowest 8 bits, the slot of its thread
 *   HELD         what the block holds, its offset in units
 *   HELD_AMOUNT  and how much of it
 *   WANTED       what the job waits for, and
 *   WANTED_AMOUNT  how much of it
 *   MAY_LEAVE    1 if the wait has a deadline that its block has not
 * and before it
 *   USED         entries that were ever in use, which are the first ones
 *
 * Ownership: who moves TAG from 0 owns the entry until it writes 0 there; so does,
 * once that thread has ended, who puts its slot in order.
 *
 * Invariants
 * - The other cells are written while TAG is minus a slot, before it says a wait:
 *   who reads the same wait there before and after has read cells of that wait.
 * - A job in blocks of several locks has an entry for each, with one number.
 * - An entry is there no longer than its block is open and its job waits. Between a
 *   grant and the withdrawal no code of the user's runs.
 * A wait that finds the table full is not published. Then the circles that it closes
 * are not found; nothing else depends on it.
 */
import { compareExchange, load, type SharedCells, store } from "#atomics";

import { type Heap } from "./heap.js";
import { numberWait } from "./sleep.js";

const FIRST_CELL = 1024;
const USED = FIRST_CELL;
const FIRST_ENTRY = FIRST_CELL + 8;
const MOST_ENTRIES = 512;

// Offsets in an entry.
const TAG = 0;
const HELD = 1;
const HELD_AMOUNT = 2;
const WANTED = 3;
const WANTED_AMOUNT = 4;
const MAY_LEAVE = 5;
const ENTRY_CELLS = 8;

const UNIT_BYTES = 16;

/** Numbers of waits as a tag has them: beside 8 bits for the slot, 22 of a positive cell. */
const NUMBER_MASK = 2 ** 22 - 1;

/** What a job says of its wait. */
export interface JobWait {
  /** Offset of the lock that cannot be released before. */
  readonly held: number;
  readonly heldAmount: number;
  /** Offset of the object that is waited for. */
  readonly wanted: number;
  /** How much of it is to be taken. */
  readonly amount: number;
  /** Whether the job may give up by itself and then go on to release the lock. */
  readonly mayLeave: boolean;
}

/** A wait in the table. */
export interface PublishedWait extends JobWait {
  readonly slot: number;
  /** Tells it from all other waits of that slot; several entries may have it. */
  readonly number: number;
  readonly entry: number;
}

/** A number for a wait of this thread, under which it is published. */
export function numberJobWait(inHeap: Heap): number {
  return numberWait(inHeap) & NUMBER_MASK;
}

/**
 * Publishes a wait of a job of this thread.
 *
 * @returns the entry, to be withdrawn; `undefined` if there is no room
 */
export function publish(inHeap: Heap, number: number, wait: JobWait): number | undefined {
  const { cells, slot } = inHeap;
  for (let index = 0; index < MOST_ENTRIES; index++) {
    const entry = FIRST_ENTRY + index * ENTRY_CELLS;
    if (load(cells, entry + TAG) !== 0 || compareExchange(cells, entry + TAG, 0, -slot) !== 0) continue;
    // Before the wait is there to be seen: who reads fewer entries than that reads
    // them before it was published.
    for (let used = load(cells, USED); used <= index;) used = raise(cells, used, index + 1);
    store(cells, entry + HELD, wait.held / UNIT_BYTES);
    store(cells, entry + HELD_AMOUNT, wait.heldAmount);
    store(cells, entry + WANTED, wait.wanted / UNIT_BYTES);
    store(cells, entry + WANTED_AMOUNT, wait.amount);
    store(cells, entry + MAY_LEAVE, wait.mayLeave ? 1 : 0);
    store(cells, entry + TAG, tagOf(slot, number));
    return entry;
  }
  return undefined;
}

function raise(cells: SharedCells, used: number, to: number): number {
  return compareExchange(cells, USED, used, to) === used ? to : load(cells, USED);
}

/** Takes a wait of this thread out of the table. */
export function withdraw(inHeap: Heap, entry: number): void {
  store(inHeap.cells, entry + TAG, 0);
}

/** All waits in the table; each stood there at some moment of the look. */
export function publishedWaits(inHeap: Heap): readonly PublishedWait[] {
  const { cells } = inHeap;
  const waits: PublishedWait[] = [];
  const end = FIRST_ENTRY + load(cells, USED) * ENTRY_CELLS;
  for (let entry = FIRST_ENTRY; entry < end; entry += ENTRY_CELLS) {
    const tag = load(cells, entry + TAG);
    if (tag <= 0) continue;
    const wait = {
      slot: tag & 255,
      number: tag >>> 8,
      entry,
      held: load(cells, entry + HELD) * UNIT_BYTES,
      heldAmount: load(cells, entry + HELD_AMOUNT),
      wanted: load(cells, entry + WANTED) * UNIT_BYTES,
      amount: load(cells, entry + WANTED_AMOUNT),
      mayLeave: load(cells, entry + MAY_LEAVE) === 1,
    };
    if (load(cells, entry + TAG) === tag) waits.push(wait);
  }
  return waits;
}

/** Whether a wait that was read stands in the table all the time since. */
export function isPublished(inHeap: Heap, { slot, number, entry }: PublishedWait): boolean {
  return load(inHeap.cells, entry + TAG) === tagOf(slot, number);
}

/** The thread of that slot has ended: its waits are gone. */
export function withdrawAllOf(inHeap: Heap, slot: number): void {
  const { cells } = inHeap;
  // All of it: the thread may have ended before it could count its entry as used.
  const end = FIRST_ENTRY + MOST_ENTRIES * ENTRY_CELLS;
  for (let entry = FIRST_ENTRY; entry < end; entry += ENTRY_CELLS) {
    const tag = load(cells, entry + TAG);
    // Nobody else moves what is of this slot.
    if (tag === -slot || (tag > 0 && (tag & 255) === slot)) store(cells, entry + TAG, 0);
  }
}

/** Never 0, as no slot is. */
function tagOf(slot: number, number: number): number {
  return (number << 8) | slot;
}
