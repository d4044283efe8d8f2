/**
 * How a thread comes by calls: from its own line, then from those of others that are
 * behind with theirs.
 *
 * Nobody is left asleep while a call waits that it could run. Whoever publishes calls has
 * somebody look for each line: its thread, which is awake or is woken, or if that is busy
 * another one. Only two threads are woken for their own lines, as to wake one takes long.
 * Who was woken takes one call and then sees to the others, by waking one more, which does
 * the same:
 * - if it took the call from the line of a thread that sleeps: that one, in whose place it came;
 * - else if it left others on the line: any thread;
 * - else, or if it took none: a thread that sleeps with calls on its line.
 * So each line with calls keeps somebody who looks, whoever takes them; and the last one to
 * be woken has found nobody asleep with calls. If it met some that it can't run, as their
 * module has not come here, it may have been woken in place of one that can: it tells the
 * pool, which wakes such a one.
 *
 * A thread that was told to stop takes none of others' calls, and wakes one that does.
 *
 * What is left is a call that is published while the line's own thread, awake and not yet
 * busy, is about to run another line's: so after it has said that it runs something it
 * looks at its own line once more. Either the pool saw that it is busy, or it sees the call.
 */
import { compareExchange, load, type SharedCells, store } from "#atomics";

import { probe, ProbeKind } from "../core/probe.js";
import type { Heap } from "../shared/heap.js";
import * as at from "./line.js";
import type { ThreadSetup } from "./messages.js";
import { wake } from "./parking.js";

export class Taking {
  readonly #heap: Heap;
  readonly #line: at.Line;
  readonly #board: at.Board;
  readonly #size: number;
  readonly #number: number;
  readonly #mine: number;
  /** Whether this thread can run the function of a call. */
  readonly #canRun: (functionNumber: number) => boolean;
  /** Has the pool put a call elsewhere that was taken and can't be run here. */
  readonly #giveBack: (call: number) => void;
  /** Has the pool wake somebody for calls of these functions, which can't be run here. */
  readonly #passOn: (functionNumbers: readonly number[]) => void;
  /** Calls of the line that were passed. */
  #head: number;
  /** Lines of the others, made when first looked at. */
  readonly #others: (at.Line | undefined)[] = [];
  /** Of each other line, how far it is known to have nothing to steal. */
  readonly #searched: (number | undefined)[] = [];
  /** Functions of calls that were found and can't be run here. */
  readonly #foreign = new Set<number>();
  /** Where the call is that was taken last. */
  line: at.Line;
  record = 0;

  constructor(
    inHeap: Heap,
    line: at.Line,
    board: at.Board,
    { size, number }: ThreadSetup,
    canRun: (functionNumber: number) => boolean,
    giveBack: (call: number) => void,
    passOn: (functionNumbers: readonly number[]) => void,
  ) {
    this.#giveBack = giveBack;
    this.#passOn = passOn;
    this.#heap = inHeap;
    this.#line = line;
    this.#board = board;
    this.#size = size;
    this.#number = number;
    this.#mine = at.takenBy(number);
    this.#canRun = canRun;
    this.line = line;
    // The thread before this one in its place has left it where it is.
    this.#head = load(line.cells, at.PASSED);
  }

  /** Whether its own line has calls that it has not passed. */
  get hasOwn(): boolean {
    return load(this.#line.cells, at.PUBLISHED) !== this.#head;
  }

  /** Whether any line may have calls that it could take. */
  get hasAny(): boolean {
    if (this.hasOwn) return true;
    for (let step = 1; step < this.#size; step++) {
      const other = (this.#number + step) % this.#size;
      const line = this.#lineOf(other);
      if (line !== undefined && load(line.cells, at.PUBLISHED) !== this.#searched[other]) return true;
    }
    return false;
  }

  /** Whether a call waits that it could take: on its own line, behind what another thread runs, or on none yet. */
  get hasWaiting(): boolean {
    if (this.hasOwn || load(this.#board.cells, at.BOARD_WAITING) === 1) return true;
    for (let step = 1; step < this.#size; step++) {
      const line = this.#lineOf((this.#number + step) % this.#size);
      if (line === undefined) continue;
      const { cells } = line;
      const published = load(cells, at.PUBLISHED);
      for (let count = unpassed(cells, published); count > 0; count--) {
        const record = line.call((published - count) | 0);
        if (load(cells, record + at.CALL_STATE) === at.QUEUED && this.#canRunAt(cells, record)) return true;
      }
    }
    return false;
  }

  /** What could not be stolen before may be stolen now. */
  searchAnew(): void {
    this.#searched.length = 0;
  }

  /**
   * Takes a call, whose place is then in `line` and `record`; it must be said in
   * RUNNING before the record is freed.
   *
   * @param isFirst - whether the thread was idle before
   * @returns false if there is none
   */
  next(isFirst: boolean): boolean {
    const { cells } = this.#line;
    for (const published = load(cells, at.PUBLISHED); this.#head !== published;) {
      const record = this.#line.call(this.#head);
      const state = at.takeQueued(cells, record, this.#mine);
      if (state === at.WITHDRAWN) store(cells, record + at.CALL_STATE, at.FREE);
      this.#head = (this.#head + 1) | 0;
      cells[at.PASSED] = this.#head;
      if (state !== at.QUEUED) continue;
      if (isFirst) this.#wakeForRest(this.#head !== published);
      this.line = this.#line;
      this.record = record;
      return true;
    }
    if (this.#size === 1) return false;
    if (load(cells, at.STOPPING) !== 0) {
      // It may have been woken for a call of another's line just before it was told to stop, and
      // is not at its end for as long as calls of its own wait for something.
      if (isFirst) this.wakeAnother();
      return false;
    }
    const hasStolen = this.#steal(isFirst);
    if (this.#foreign.size > 0) {
      // It may have been woken for these.
      this.#passOn([...this.#foreign]);
      this.#foreign.clear();
    }
    return hasStolen;
  }

  /**
   * This thread was idle and has taken a call, or found none for itself: if others are left,
   * one more is to wake.
   *
   * @param hasMore - whether there are, where it has taken the call
   */
  #wakeForRest(hasMore: boolean): void {
    if (hasMore) {
      this.wakeAnother();
      return;
    }
    // A thread that the pool has left asleep, with calls on its line.
    for (let step = 1; step < this.#size; step++) {
      const line = this.#lineOf((this.#number + step) % this.#size);
      if (line !== undefined && isLeftAsleep(line) && wake(line)) return;
    }
  }

  #steal(isFirst: boolean): boolean {
    for (let step = 1; step < this.#size; step++) {
      const other = (this.#number + step) % this.#size;
      const line = this.#lineOf(other);
      if (line === undefined) continue;
      const { cells } = line;
      const published = load(cells, at.PUBLISHED);
      const searched = this.#searched[other];
      if (searched === published) continue;
      const count = Math.min(
        unpassed(cells, published),
        searched === undefined ? at.RECORDS : (published - searched) >>> 0,
      );
      for (let from = (published - count) | 0; from !== published; from = (from + 1) | 0) {
        const record = line.call(from);
        if (load(cells, record + at.CALL_STATE) !== at.QUEUED) continue;
        if (!this.#canRunAt(cells, record)) {
          if (isFirst) this.#foreign.add((cells[record + at.CALL_FUNCTION] as number) & at.FUNCTION_MASK);
          continue;
        }
        if (compareExchange(cells, record + at.CALL_STATE, at.QUEUED, this.#mine) !== at.QUEUED) continue;
        // Between the look and the taking another call may have come to stand there.
        if (!this.#canRunAt(cells, record)) {
          this.#giveBack(cells[record + at.CALL_NUMBER] as number);
          store(cells, record + at.CALL_STATE, at.FREE);
          continue;
        }
        this.#searched[other] = from;
        const own = this.#line.cells;
        own[at.COUNTS + at.STEALS] = ((own[at.COUNTS + at.STEALS] as number) + 1) | 0;
        probe.ring?.write(ProbeKind.steal, line.float64[(record + at.CALL_JOB) >> 1] as number, cells[at.THREAD]);
        // Its thread too, if the pool has left that asleep: this one was woken for another line.
        if (isFirst && !wake(line)) this.#wakeForRest(((published - from) | 0) > 1);
        this.line = line;
        this.record = record;
        return true;
      }
      this.#searched[other] = published;
    }
    if (isFirst) this.#wakeForRest(false);
    return false;
  }

  #canRunAt(cells: SharedCells, record: number): boolean {
    return this.#canRun((cells[record + at.CALL_FUNCTION] as number) & at.FUNCTION_MASK);
  }

  #lineOf(number: number): at.Line | undefined {
    const known = this.#others[number];
    if (known !== undefined) return known;
    const units = load(this.#board.cells, at.BOARD_LINES + number);
    if (units === 0) return undefined;
    const line = new at.Line(this.#heap, units * 16);
    this.#others[number] = line;
    return line;
  }

  /** Wakes the thread of that index, if it is parked, and not this one. @returns whether it was */
  wakeThread(index: number): boolean {
    for (let step = 1; step < this.#size; step++) {
      const line = this.#lineOf((this.#number + step) % this.#size);
      if (line !== undefined && line.cells[at.THREAD] === index) return wake(line);
    }
    return false;
  }

  /** Wakes one thread that is parked, if there is one. */
  wakeAnother(): void {
    for (let step = 1; step < this.#size; step++) {
      const line = this.#lineOf((this.#number + step) % this.#size);
      if (line !== undefined && wake(line)) return;
    }
  }
}

/**
 * How many of the calls published last a line's own thread may not have passed. Never more
 * than there are records, whatever the difference says: it is beyond all bounds if the thread
 * has passed calls that were published since `published` was read, and means little if it
 * passed none for 2^31 calls, as all were stolen. To go by it alone is to go round 2^32 records,
 * 36 seconds long, now and then in a million bursts.
 */
function unpassed(cells: SharedCells, published: number): number {
  return Math.min((published - (cells[at.PASSED] as number)) >>> 0, at.RECORDS);
}

/** Whether the thread of a line sleeps while there are calls that it has not passed. */
function isLeftAsleep(line: at.Line): boolean {
  const { cells } = line;
  // The word first: a thread that is parked has passed all that it will before it is woken.
  if (load(cells, at.STATE) !== at.PARKED) return false;
  const published = load(cells, at.PUBLISHED);
  for (let count = unpassed(cells, published); count > 0; count--) {
    const state = load(cells, line.call((published - count) | 0) + at.CALL_STATE);
    if (state === at.QUEUED || state === at.QUEUED_HERE) return true;
  }
  return false;
}
