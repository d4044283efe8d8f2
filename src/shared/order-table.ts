/**
 * The table of the orders in which locks were taken, on all threads.
 *
 * Layout, in the heap's header, as Int32 indexes
 *   WATCHES   how many want orders to be noted; 0 is the only thing that a lock
 *             looks at. Of a thread that ended between two writes it may count on,
 *             which costs time and nothing else
 *   EPOCH     bumped when the table was emptied, as the first watch began
 *   TABLE     where the table is, in units; made once and kept
 *   NUMBERS   orders ever written
 *   LOST      orders that found no room, since the table was emptied
 * and of the table
 *   for each slot, how many of the WATCHES are its thread's; then the entries:
 *   TAG       0: free; minus a slot: that thread is writing it; else its number
 *   FIRST     handle of the lock held: two cells, high part first
 *   SECOND      handle of the lock taken while that was held, likewise
 *   THREAD    `threadIndex` of the one that took it
 *   BYTES     length of the text in bytes, and the text: from where, as a stack has it
 *
 * Ownership: who moves TAG from 0, or from the number of an order that is void, owns
 * the entry until it writes a number there; so does who puts the slot of an ended
 * thread in order, until it writes 0.
 *
 * Invariants
 * - The other cells are written while TAG is minus a slot, and numbers are used
 *   once: who reads one number before and after has read cells of that order.
 * - An order is void when one of its locks was disposed of: its handle is no longer
 *   good, though the place may be another lock's.
 * - Orders outlive the thread that took them: they tell of the program, and another
 *   thread will take the same way through it.
 */
import { add, compareExchange, exchange, load, store } from "#atomics";

import { type Handle, type Heap, MOST_SLOTS } from "./heap.js";

const FIRST_CELL = 16;
export const WATCHES: number = FIRST_CELL;
const EPOCH = FIRST_CELL + 1;
const TABLE = FIRST_CELL + 2;
const NUMBERS = FIRST_CELL + 3;
const LOST = FIRST_CELL + 4;

// Offsets in an entry.
const TAG = 0;
const FIRST = 1;
const SECOND = 3;
const THREAD = 5;
const BYTES = 6;
const TEXT = 7;
const ENTRY_CELLS = 128;
const MOST_TEXT_BYTES = (ENTRY_CELLS - TEXT) * 4;

const MOST_ENTRIES = 1024;
const TABLE_BYTES = (MOST_SLOTS + MOST_ENTRIES * ENTRY_CELLS) * 4;

const UNIT_BYTES = 16;
const LOW = 2 ** 26;

/** A kind that no object has; see `Kind`. */
const TABLE_KIND = 63;

/** One lock was taken while another was held. */
export interface Order {
  /** Orders count up as they are written. */
  readonly number: number;
  /** Of the lock that was held. */
  readonly first: Handle;
  /** Of the lock that was taken. */
  readonly second: Handle;
  readonly entry: number;
}

/** What else is known of an order. */
export interface OrderOrigin {
  /** `threadIndex` of the thread that took the locks so. */
  readonly thread: number;
  /** Where, as a stack has it; empty if that is not known. */
  readonly where: string;
}

/** How much a watch has noted. */
export interface LockOrderStatistics {
  /** Orders of two locks, since the first of the watches that go on began. */
  readonly orders: number;
  /** For how many there is room. */
  readonly room: number;
  /** How often one found no room: then contradictions may be missing. */
  readonly lost: number;
}

/** Counts a watch of this thread; empties the table if it is the first of all. */
export function beginWatch(inHeap: Heap): void {
  const table = tableOf(inHeap) ?? makeTable(inHeap);
  const { cells } = inHeap;
  // The sum first here and last in `endWatch`: a thread that is stopped between
  // the two leaves the sum too high, never too low for the others.
  if (add(cells, WATCHES, 1) === 0) {
    for (const entry of entries(table)) {
      const tag = load(cells, entry + TAG);
      if (tag > 0) compareExchange(cells, entry + TAG, tag, 0);
    }
    store(cells, LOST, 0);
    // After that: threads note again what they had noted before it.
    add(cells, EPOCH, 1);
  }
  add(cells, table + inHeap.slot, 1);
}

export function endWatch(inHeap: Heap): void {
  const { cells } = inHeap;
  add(cells, (tableOf(inHeap) as number) + inHeap.slot, -1);
  add(cells, WATCHES, -1);
}

/** Changes when all that was noted is forgotten. */
export function watchEpoch(inHeap: Heap): number {
  return load(inHeap.cells, EPOCH);
}

/**
 * Writes an order, unless it stands there already.
 *
 * @param origin - is only called for an order that is new
 * @returns "lost" if there is no room for it
 */
export function writeOrder(
  inHeap: Heap,
  order: Pick<Order, "first" | "second">,
  origin: () => OrderOrigin,
): "new" | "known" | "lost" {
  const table = tableOf(inHeap);
  if (table === undefined) return "known"; // the watch has just ended, or not quite begun
  const { cells, slot } = inHeap;
  let free: { readonly entry: number; readonly tag: number } | undefined;
  for (const entry of entries(table)) {
    const tag = load(cells, entry + TAG);
    const there = readOrder(inHeap, entry);
    if (there?.first === order.first && there.second === order.second) return "known";
    if (tag === 0 || (there?.number === tag && isVoid(inHeap, there))) free ??= { entry, tag };
    // Entries are used from the first on, so there is nothing behind a free one, but
    // for what an ended thread left free. An order that is missed for that, or that
    // two threads write at once, is there twice: who reads the orders takes one.
    if (tag === 0) break;
  }
  if (free === undefined) {
    add(cells, LOST, 1);
    return "lost";
  }
  // Taken by another meanwhile: then once more.
  if (compareExchange(cells, free.entry + TAG, free.tag, -slot) !== free.tag) return writeOrder(inHeap, order, origin);
  writeHandle(inHeap, free.entry + FIRST, order.first);
  writeHandle(inHeap, free.entry + SECOND, order.second);
  const { thread, where } = origin();
  store(cells, free.entry + THREAD, thread);
  writeText(inHeap, free.entry, where);
  // Publishes all of it. Numbers stay above 0, and come round after 2^30 orders.
  store(cells, free.entry + TAG, (add(cells, NUMBERS, 1) & (2 ** 30 - 1)) + 1);
  return "new";
}

/** The orders that stand in the table, each once, in the order in which they were written. */
export function readOrders(inHeap: Heap): Order[] {
  const table = tableOf(inHeap);
  if (table === undefined) return [];
  const found: Order[] = [];
  for (const entry of entries(table)) {
    const order = readOrder(inHeap, entry);
    if (order !== undefined && !isVoid(inHeap, order)) found.push(order);
  }
  // Two threads that took the same way at once may both have written it: the first counts.
  const orders = new Map<string, Order>();
  for (const order of found.toSorted((a, b) => a.number - b.number)) {
    const key = `${order.first} ${order.second}`;
    if (!orders.has(key)) orders.set(key, order);
  }
  return [...orders.values()];
}

/** What else is known of an order that was read; empty if it is gone since. */
export function originOf(inHeap: Heap, { entry, number }: Order): OrderOrigin {
  const origin = { thread: load(inHeap.cells, entry + THREAD), where: readText(inHeap, entry) };
  return load(inHeap.cells, entry + TAG) === number ? origin : { thread: 0, where: "" };
}

export function lockOrderStatistics(inHeap: Heap): LockOrderStatistics {
  return { orders: readOrders(inHeap).length, room: MOST_ENTRIES, lost: load(inHeap.cells, LOST) };
}

/** The thread of that slot has ended: it watches no more, and what it was writing is free. */
export function forgetWatchesOf(inHeap: Heap, slot: number): void {
  const table = tableOf(inHeap);
  if (table === undefined) return;
  const { cells } = inHeap;
  add(cells, WATCHES, -exchange(cells, table + slot, 0));
  for (const entry of entries(table)) compareExchange(cells, entry + TAG, -slot, 0);
}

/** Where the table is, in cells. */
function tableOf(inHeap: Heap): number | undefined {
  const units = load(inHeap.cells, TABLE);
  if (units === 0) return undefined;
  const offset = units * UNIT_BYTES;
  inHeap.reach(offset + TABLE_BYTES);
  return offset / 4;
}

function makeTable(inHeap: Heap): number {
  const offset = inHeap.allocate(TABLE_BYTES, TABLE_KIND);
  const units = offset / UNIT_BYTES;
  // Another thread may have made it meanwhile.
  if (compareExchange(inHeap.cells, TABLE, 0, units) !== 0) inHeap.free(inHeap.handleOf(offset));
  return tableOf(inHeap) as number;
}

function* entries(table: number): Generator<number> {
  for (let index = 0; index < MOST_ENTRIES; index++) yield table + MOST_SLOTS + index * ENTRY_CELLS;
}

function isVoid(inHeap: Heap, { first, second }: Order): boolean {
  return inHeap.locate(first) === undefined || inHeap.locate(second) === undefined;
}

function readOrder(inHeap: Heap, entry: number): Order | undefined {
  const { cells } = inHeap;
  const number = load(cells, entry + TAG);
  if (number <= 0) return undefined;
  const order = { number, first: readHandle(inHeap, entry + FIRST), second: readHandle(inHeap, entry + SECOND), entry };
  return load(cells, entry + TAG) === number ? order : undefined;
}

function writeHandle({ cells }: Heap, at: number, handle: Handle): void {
  store(cells, at, Math.floor(handle / LOW));
  store(cells, at + 1, handle % LOW);
}

function readHandle({ cells }: Heap, at: number): Handle {
  return load(cells, at) * LOW + load(cells, at + 1);
}

function writeText(inHeap: Heap, entry: number, text: string): void {
  // Not straight into the table: browsers refuse to encode into shared memory.
  const bytes = new Uint8Array(MOST_TEXT_BYTES);
  const { written } = new TextEncoder().encodeInto(text, bytes);
  new Uint8Array(inHeap.buffer, (entry + TEXT) * 4, MOST_TEXT_BYTES).set(bytes);
  store(inHeap.cells, entry + BYTES, written);
}

function readText(inHeap: Heap, entry: number): string {
  // Of an order that is written over meanwhile it may be anything; that one is dropped.
  const length = Math.min(load(inHeap.cells, entry + BYTES), MOST_TEXT_BYTES);
  return new TextDecoder().decode(new Uint8Array(inHeap.buffer, (entry + TEXT) * 4, length).slice());
}
