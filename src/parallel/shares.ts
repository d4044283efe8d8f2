/**
 * How the parts of one call are shared out among threads: each participant has a range of
 * them, takes from its lower end, and who has none left takes the upper half of another's.
 *
 * Parts are numbered from 0. A part is so many items that looking for the next costs
 * nothing against it (`run.ts`), so that no thread waits long for the last ones.
 *
 * Layout, as Int32 indexes
 *   0  CLOSED     1 once the caller found no part left: who comes now leaves at once
 *   1  STOPPED    1 if the parts that are left are not to be done
 *   2  LEFT       how many participants have left; the caller sleeps on it
 *   3  FAILED_AT  the least part whose code threw
 *   16 + 16 * participant, a cache line each
 *     +0  RANGE   first part that is left in bits 16 and up, and the one behind the last below
 *     +1  PRESENCE  of a helper: one of those below
 *     +2  SLOT    of its thread in the heap
 *     +3  DONE    parts that it did
 *     +4  STEALS  how often it took from another's range
 *
 * Invariants
 * - A part is in one range, or was taken out by one participant. Every change of a range that
 *   is not empty is one compare-exchange of the whole word, so of a taker and a thief one
 *   comes first. Nobody but its owner writes a range that is empty, and that by a plain
 *   store's atomic form, after it took the parts out of another's.
 * - A word that comes back to what somebody has read means the same as then: the same parts
 *   are left in this range. So his exchange is as right as if it had never changed.
 * - The caller writes CLOSED and then reads each PRESENCE; a helper writes PRESENCE and then
 *   reads CLOSED. One of them sees the other: either the caller waits for the helper, or the
 *   helper touches nothing.
 *
 * Between taking half of a range and having it in its own, a thief's parts are in none. The
 * caller may find all ranges empty then, and close; it waits for the thief, which does them.
 */
import { add, compareExchange, load, notify, type SharedCells, store, wait } from "#atomics";

const CLOSED = 0;
const STOPPED = 1;
const LEFT = 2;
const FAILED_AT = 3;
const LINE = 16;
const RANGE = 0;
const PRESENCE = 1;
const SLOT = 2;
const DONE = 3;
const STEALS = 4;

/** A helper has not come, is here, has gone. */
const AWAY = 0;
const HERE = 1;
const GONE = 2;

const PART_BITS = 16;
const PART_MASK = 0xff_ff;
/** Parts that a call can have. */
export const MOST_PARTS: number = PART_MASK;
/** Participants, the caller included. */
export const MOST_PARTICIPANTS = 64;

const NO_PART = 0x7f_ff_ff_ff;
/** No part is left. */
export const NONE = -1;

/** Cells that a call with so many participants needs. */
export function shareCells(participants: number): number {
  return LINE * (1 + participants);
}

/** The first participant of a call. */
export const CALLER = 0;

/** What a participant did. */
export interface ShareCounts {
  readonly parts: number;
  readonly steals: number;
}

/** One participant's view of a call's parts. */
export class Shares {
  readonly #cells: SharedCells;
  readonly #participants: number;
  readonly #own: number;

  constructor(cells: SharedCells, participant: number) {
    this.#cells = cells;
    this.#participants = cells.length / LINE - 1;
    this.#own = LINE * (1 + participant);
  }

  /** By the caller, before anybody else has the cells: all parts are its own at first. */
  begin(parts: number): void {
    this.#cells[FAILED_AT] = NO_PART;
    store(this.#cells, this.#own + RANGE, parts);
  }

  /** Takes a part: its own, or one of another participant's. @returns NONE if there is none left, or no more is to be done */
  next(): number {
    const cells = this.#cells;
    for (;;) {
      if (load(cells, STOPPED) !== 0) return NONE;
      const range = load(cells, this.#own + RANGE);
      const first = range >>> PART_BITS;
      const end = range & PART_MASK;
      if (first === end) {
        if (!this.#steal()) return NONE;
      } else if (compareExchange(cells, this.#own + RANGE, range, ((first + 1) << PART_BITS) | end) === range) {
        cells[this.#own + DONE] = (cells[this.#own + DONE] as number) + 1;
        return first;
      }
    }
  }

  /** Takes the upper half of the largest range: whoever has most left needs it least. @returns false if all are empty */
  #steal(): boolean {
    const cells = this.#cells;
    for (;;) {
      let victim = 0;
      let range = 0;
      let most = 0;
      for (let line = LINE; line < cells.length; line += LINE) {
        const seen = load(cells, line + RANGE);
        const left = (seen & PART_MASK) - (seen >>> PART_BITS);
        if (left > most) [victim, range, most] = [line, seen, left];
      }
      if (most === 0) return false;
      const end = range & PART_MASK;
      const middle = end - ((most + 1) >> 1);
      const rest = (range & ~PART_MASK) | middle;
      if (compareExchange(cells, victim + RANGE, range, rest) !== range) continue;
      cells[this.#own + STEALS] = (cells[this.#own + STEALS] as number) + 1;
      store(cells, this.#own + RANGE, (middle << PART_BITS) | end);
      return true;
    }
  }

  /** A part's code threw: the others are not to be done. */
  failed(part: number): void {
    const cells = this.#cells;
    for (let least = load(cells, FAILED_AT); part < least;) {
      const seen = compareExchange(cells, FAILED_AT, least, part);
      if (seen === least) break;
      least = seen;
    }
    this.stop();
  }

  /** No part that is left is to be done. */
  stop(): void {
    store(this.#cells, STOPPED, 1);
  }

  get isStopped(): boolean {
    return load(this.#cells, STOPPED) !== 0;
  }

  // Helpers

  /** A helper is here. @returns false if it is too late, and it has to touch nothing */
  enter(slot: number): boolean {
    this.#cells[this.#own + SLOT] = slot;
    store(this.#cells, this.#own + PRESENCE, HERE);
    if (load(this.#cells, CLOSED) === 0) return true;
    this.leave();
    return false;
  }

  /** It does nothing more for this call. */
  leave(): void {
    store(this.#cells, this.#own + PRESENCE, GONE);
    add(this.#cells, LEFT, 1);
    notify(this.#cells, LEFT);
  }

  // The caller

  /** Lets no helper come any more. */
  close(): void {
    store(this.#cells, CLOSED, 1);
  }

  /** Whether a helper has ever come. */
  hasCome(participant: number): boolean {
    return load(this.#cells, LINE * (1 + participant) + PRESENCE) !== AWAY;
  }

  /** Slots of the helpers that are here. */
  present(): number[] {
    const slots: number[] = [];
    for (let line = LINE; line < this.#cells.length; line += LINE) {
      if (load(this.#cells, line + PRESENCE) === HERE) slots.push(this.#cells[line + SLOT] as number);
    }
    return slots;
  }

  /** Blocks until somebody leaves, or for so long. */
  waitForOneToLeave(mostMs: number): void {
    const left = load(this.#cells, LEFT);
    // Read before the look: who leaves after it changes the word, and the wait does not begin.
    if (this.present().length > 0) wait(this.#cells, LEFT, left, mostMs);
  }

  /** What each participant did. Of the caller, once all have left. */
  counts(): ShareCounts[] {
    return Array.from({ length: this.#participants }, (_, participant) => ({
      parts: this.#cells[LINE * (1 + participant) + DONE] as number,
      steals: this.#cells[LINE * (1 + participant) + STEALS] as number,
    }));
  }
}
