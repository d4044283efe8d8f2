/**
 * How a thread comes by calls: from its own line, then from those of others that are
 * behind with theirs.
 *
 * Nobody is left asleep while a call waits that it could run. Whoever publishes calls
 * wakes the line's thread, or if that is awake and busy another one; a thread that was
 * woken and finds more than the one call it takes wakes the next. What is left is a
 * call that is published while the line's own thread, awake and not yet busy, is about
 * to run another line's: so after it has said that it runs something it looks at its
 * own line once more. Either the pool saw that it is busy, or it sees the call.
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
  /** Calls of the line that were passed. */
  #head: number;
  /** Lines of the others, made when first looked at. */
  readonly #others: (at.Line | undefined)[] = [];
  /** Of each other line, how far it is known to have nothing to steal. */
  readonly #searched: (number | undefined)[] = [];
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
  ) {
    this.#giveBack = giveBack;
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
      if (isFirst && this.#head !== published) this.wakeAnother();
      this.line = this.#line;
      this.record = record;
      return true;
    }
    return this.#size > 1 && this.#steal(isFirst);
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
      const passed = cells[at.PASSED] as number;
      let from = searched === undefined || ((passed - searched) | 0) > 0 ? passed : searched;
      // Records further behind were filled again.
      if (((published - from) | 0) > at.RECORDS) from = (published - at.RECORDS) | 0;
      for (; from !== published; from = (from + 1) | 0) {
        const record = line.call(from);
        if (load(cells, record + at.CALL_STATE) !== at.QUEUED) continue;
        if (!this.#canRunAt(cells, record)) continue;
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
        if (isFirst && ((published - from) | 0) > 1) this.wakeAnother();
        this.line = line;
        this.record = record;
        return true;
      }
      this.#searched[other] = published;
    }
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

  /** Wakes one thread that is parked, if there is one. */
  wakeAnother(): void {
    for (let step = 1; step < this.#size; step++) {
      const line = this.#lineOf((this.#number + step) % this.#size);
      if (line !== undefined && wake(line)) return;
    }
  }
}
