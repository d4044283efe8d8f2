/**
 * The line between a pool and one of its threads: two rings of records in the shared
 * heap, calls one way and outcomes the other, and the words by which each side finds
 * out whether the other is awake.
 *
 * Layout, as Int32 indexes; what different threads write stands 128 bytes apart
 *   PUBLISHED    calls put into the ring so far        the pool writes
 *   STOPPING     1 if the thread is to take no more    the pool writes
 *                but what is on its own line
 *   THREAD       index of the thread                   the pool writes, before it starts
 *   PASSED       calls that the thread has passed      the thread writes
 *   STATE        awake, or parked                      both, see below
 *   WOKEN_MS     when the thread was woken last        who wakes it, before the word
 *   FINISHED     outcomes put into the ring so far     the thread writes
 *   COLLECTED    outcomes taken out; BYTES_COLLECTED, bytes of the byte ring
 *                                                      the pool writes
 *   ARMED        1 if the pool wants a message at the next outcome
 *                                                      the pool sets it, the thread clears it
 *   TOLD_MS      when the thread posted that last      the thread writes, before it posts
 *   RUNNING      the calls that run on the thread, one a place, 0 for none
 *                                                      the thread writes
 *   COUNTS       what the thread counts of itself      the thread writes
 *   calls        1024 records of 16 cells              the pool writes; see CALL_STATE
 *   tails        128 bytes for each of those, for values that have no room in it
 *                                                      the pool writes, as the record
 *   outcomes     1024 records of 16 cells              the thread writes
 *   bytes        a ring of 64 KiB, for results that are no scalars
 *                                                      the thread writes
 *
 * Counts wrap at 2^32; only differences and places in the rings are taken of them.
 *
 * CALL_STATE, and who moves it
 *   FREE      -> QUEUED           the pool, which alone fills records
 *   QUEUED    -> taken by n       thread n, the line's own or another of the pool
 *   QUEUED    -> WITHDRAWN        the pool: the call was cancelled, or goes elsewhere
 *   QUEUED_HERE                   as QUEUED, but taken by no other thread than the line's
 *                                 own: a state, as who steals can't go by anything else in
 *                                 the record, which may be filled anew until it is taken
 *   taken     -> FREE             thread n, when it has read the record; the pool,
 *                                 once thread n has ended
 *   WITHDRAWN -> FREE             the line's own thread, passing by; the pool, once
 *                                 that has ended
 * FREE to QUEUED is an atomic store, behind the plain ones of what else the record has:
 * who finds that state finds the rest. PUBLISHED, which is stored after it, is not enough,
 * as who steals may look at a record before PUBLISHED has passed it. It reads PASSED and
 * PUBLISHED, and goes through what is between; meanwhile the line's own thread may pass
 * those, others free them, and the pool fill them for calls 1024 further on. What it finds
 * there then is published by nothing but its state. (By a plain store it could find the
 * state and, on processors that write in another order, an earlier call's number.) All else
 * is a compare-exchange from QUEUED, so a call is run by one thread or by none: to run,
 * to steal and to cancel is the same move, made by whoever comes first.
 *
 * A record is filled again as soon as it is FREE, whether or not the line's own
 * thread has passed it. Then who looks there finds a later call at an earlier count,
 * be it published or not: it takes it, and whoever comes by again finds the record
 * FREE. Order is lost only among calls of which others were stolen.
 *
 * A call is at each moment in a record that is QUEUED; or in one taken by thread n;
 * or in RUNNING of n, which is written before the record is freed; or in the outcomes
 * of n, which are published before RUNNING is cleared; or on n's port. So when a
 * thread has ended, the pool knows of each call of its which of them applies, wherever
 * the thread stopped.
 */
import { compareExchange, type SharedCells } from "#atomics";

import type { Heap } from "../shared/heap.js";
import { Kind } from "../shared/kinds.js";

/** Cells that one thread writes and another reads stand this far apart: two cache lines, as they are fetched in pairs. */
const APART = 32;

/** The block's first two cells are those of a payload. */
const FIRST = APART;
export const PUBLISHED: number = FIRST;
export const STOPPING: number = FIRST + 1;
export const THREAD: number = FIRST + 2;
export const PASSED: number = FIRST + APART;
export const STATE: number = FIRST + 2 * APART;
/** A float64, on the clock. */
export const WOKEN_MS: number = STATE + 2;
export const FINISHED: number = FIRST + 3 * APART;
export const COLLECTED: number = FIRST + 4 * APART;
export const BYTES_COLLECTED: number = COLLECTED + 1;
export const ARMED: number = FIRST + 5 * APART;
/** A float64, on the clock. */
export const TOLD_MS: number = ARMED + 2;
export const RUNNING: number = FIRST + 6 * APART;
/** Places in RUNNING. */
export const MOST_RUNNING = 64;
export const COUNTS: number = RUNNING + MOST_RUNNING;

// In COUNTS.
export const PARKS = 0;
export const BLOCKS = 1;
export const STEALS = 2;
export const SIGNALS = 3;
/** How often it began to run a call, or to stand in. */
export const RUNS = 4;
/** Megabytes on its heap, when it looked last. */
export const HEAP_MB = 5;
/** 1 while it is one of those that BOARD_AWAKE counts. */
export const IS_COUNTED = 6;
/** 1 while it does what it was woken for without a call. */
export const IS_STANDING_IN = 7;
/** For how long it has done such, in milliseconds. */
export const STOOD_IN_MS = 8;
export const MOST_COUNTS = 9;

// Of STATE.
export const AWAKE = 0;
/** Whoever gives the thread work changes the word to AWAKE, and only then wakes it. */
export const PARKED = 1;

export const RECORDS = 1024;
const RECORD_CELLS = 16;
const CALLS: number = COUNTS + APART;
const TAILS: number = CALLS + RECORDS * RECORD_CELLS;
export const TAIL_BYTES = 128;
const OUTCOMES: number = TAILS + (RECORDS * TAIL_BYTES) / 4;
/** The byte ring. */
export const BYTES: number = OUTCOMES + RECORDS * RECORD_CELLS;
export const BYTE_RING_BYTES: number = 64 * 1024;
const LINE_BYTES: number = BYTES * 4 + BYTE_RING_BYTES;

// Of a call's record.
export const CALL_STATE = 0;
export const CALL_NUMBER = 1;
/** Number of the function, and flags. */
export const CALL_FUNCTION = 2;
export const CALL_TAGS = 3;
/** A float64. */
export const CALL_JOB = 4;
/** Room for values: five places of 8 bytes. */
export const CALL_VALUES = 6;

// Of CALL_STATE; taken by thread n is n shifted, with a flag.
export const FREE = 0;
export const QUEUED = 1;
export const WITHDRAWN = 2;
/** Queued, and only the line's own thread can run it: what it needs comes by the port. */
export const QUEUED_HERE = 3;
const TAKEN_FLAG = 4;
export const takenBy = (place: number): number => (place << 3) | TAKEN_FLAG;

/** Takes a record that is queued, in either way. @returns its state before */
export function takeQueued(cells: SharedCells, record: number, to: number): number {
  const state = compareExchange(cells, record + CALL_STATE, QUEUED, to);
  if (state !== QUEUED_HERE) return state;
  const now = compareExchange(cells, record + CALL_STATE, QUEUED_HERE, to);
  return now === QUEUED_HERE ? QUEUED : now;
}

// Flags of CALL_FUNCTION.
export const FUNCTION_MASK: number = 2 ** 24 - 1;
/** There are shared objects among its values. */
export const HAS_SHARED: number = 2 ** 24;
/** The pool is to be told when it starts. */
export const TELLS_START: number = 2 ** 25;
/** Its values begin with a header; see `remotes.ts`. */
export const HAS_HEADER: number = 2 ** 26;
/** Its first value (behind the header) is a channel, for what its function gives one by one. */
export const STREAMS: number = 2 ** 27;

// Of an outcome's record.
export const OUTCOME_CALL = 0;
export const OUTCOME_KIND = 1;
export const OUTCOME_TAGS = 2;
/** Where the byte ring is free again once this outcome has been collected. */
export const OUTCOME_BYTES_END = 3;
/** A float64: how long it ran, with what it waited for. */
export const OUTCOME_RUN_MS = 4;
/** Room for a value, as of a call. */
export const OUTCOME_VALUE = 6;
/** Instead of a value: where in the line it is, in bytes. */
export const OUTCOME_FROM = 6;
export const OUTCOME_LENGTH = 7;

// Of OUTCOME_KIND.
export const STARTED = 1;
export const DONE = 2;
export const FAILED = 3;
/** It was cancelled before it started. */
export const NEVER_RAN = 4;

/** One side's view of a line. */
export class Line {
  readonly cells: SharedCells;
  /** The same memory as float64; a record's first value is at half its index in cells. */
  readonly float64: Float64Array<SharedArrayBuffer>;
  /** The same memory as bytes. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly offset: number;

  constructor(inHeap: Heap, offset: number) {
    // Views stay good when the heap grows: its memory never moves.
    const { buffer } = inHeap.cellsWith(offset + LINE_BYTES - 4);
    this.offset = offset;
    this.cells = new Int32Array(buffer, offset, LINE_BYTES / 4);
    this.float64 = new Float64Array(buffer, offset, LINE_BYTES / 8);
    this.bytes = new Uint8Array(buffer, offset, LINE_BYTES);
  }

  static make(inHeap: Heap): Line {
    return new Line(inHeap, inHeap.allocate(LINE_BYTES, Kind.payload, inHeap.slot));
  }

  /** Where the record of a call is. */
  call(count: number): number {
    return CALLS + (count & (RECORDS - 1)) * RECORD_CELLS;
  }

  /** Where the tail of a call's record is. */
  tail(record: number): number {
    return TAILS + ((record - CALLS) / RECORD_CELLS) * (TAIL_BYTES / 4);
  }

  /** Where the record of an outcome is. */
  outcome(count: number): number {
    return OUTCOMES + (count & (RECORDS - 1)) * RECORD_CELLS;
  }
}

// The board: what all threads of a pool know of each other. Behind the two cells of
// a payload, as Int32 indexes:
/** How many of the pool's threads are awake. */
export const BOARD_AWAKE: number = APART;
/** 1 if jobs wait that are on no line, as far as the pool knew when it last looked. The pool writes it. */
export const BOARD_WAITING: number = APART + 1;
/** The lines, in units of 16 bytes; 0 where none is yet. A thread's place here is its number in the pool. */
export const BOARD_LINES: number = 2 * APART;

/** Numbers of calls: the place in the pool's table below, how often that was used above. */
export const CALL_PLACE_BITS = 20;
export const CALL_PLACE_MASK: number = 2 ** CALL_PLACE_BITS - 1;
export const MOST_USES: number = 2 ** 10;

/** One side's view of a board. */
export class Board {
  readonly cells: SharedCells;
  readonly offset: number;
  readonly size: number;
  /** First of the words that say of each place in the pool's table which call is cancelled. */
  readonly cancelled: number;

  constructor(inHeap: Heap, offset: number, size: number) {
    const byteLength = boardBytes(size);
    const { buffer } = inHeap.cellsWith(offset + byteLength - 4);
    this.cells = new Int32Array(buffer, offset, byteLength / 4);
    this.offset = offset;
    this.size = size;
    this.cancelled = cancelledAt(size);
  }

  static make(inHeap: Heap, size: number): Board {
    return new Board(inHeap, inHeap.allocate(boardBytes(size), Kind.payload, inHeap.slot), size);
  }

  /** The word that holds the number of a call once that is cancelled. */
  cancelWord(call: number): number {
    return this.cancelled + (call & CALL_PLACE_MASK);
  }
}

/**
 * Calls that a pool has on its lines at once, at most: a record each, and what runs or waits
 * to be collected. More outcomes than that can be under way by the ports, where there is
 * room without end: then calls wait.
 */
export const mostCalls = (size: number): number => Math.min(size * (2 * RECORDS + MOST_RUNNING), 2 ** CALL_PLACE_BITS);

const cancelledAt = (size: number): number => Math.ceil((BOARD_LINES + size) / APART) * APART;
const boardBytes = (size: number): number => (cancelledAt(size) + mostCalls(size)) * 4;
