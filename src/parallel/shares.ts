/**
 * How the parts of one call are shared out among threads: each participant has a range of
 * them, takes from its lower end, and who has none left takes the upper half of another's.
 *
 * Parts are numbered from 0. A part is so many items that looking for the next costs
 * nothing against it (`run.ts`), so that no thread waits long for the last ones.
 *
 * Layout, as Int32 indexes
 *   0  CLOSED     1 once the caller found no part left: who comes now leaves at once
 *   1  LIMIT      parts from this one on need not be done; only ever made less
 *   2  LEFT       how many participants have left; the caller sleeps on it
 *   3  LET_GO     1 once one of the two who look at this memory till their end does so no more:
 *                 the caller, and who sees to its helpers on another thread. The second one frees it
 *   16 + 16 * participant, a cache line each
 *     +0  RANGE   first part that is left in bits 16 and up, and the one behind the last below
 *     +1  PRESENCE  of a helper: one of those below. It writes it, and the caller once it is gone
 *     +2  SLOT    of its thread in the heap
 *     +3  DONE    parts that it did
 *     +4  STEALS  how often it took from another's range
 *     +5  LIFE    what stood for its thread in the heap: a slot has another thread once one has ended
 *     +6  RESULT  of a helper whose PRESENCE is GAVE_BACK: the payload of what it did, in units of 16, and
 *     +7  RESULT_BYTES  how long that is. The caller takes it out
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
 * - The caller reads LEFT, then each PRESENCE, and sleeps while LEFT is what it read; a helper
 *   writes PRESENCE and then changes LEFT. So one that leaves after the look changes the word
 *   before the sleep begins, or wakes the sleeper.
 * - What a helper did (its outputs, what it gave back, the plain counts of its line) is written
 *   before PRESENCE says that it is gone, and read after that.
 *
 * LIMIT is a hint to do less: whoever reads an older, larger one does a part for nothing.
 *
 * Between taking half of a range and having it in its own, a thief's parts are in none. The
 * caller may find all ranges empty then, and close; it waits for the thief, which does them.
 */
import { add, compareExchange, load, notify, type SharedCells, store, wait } from "#atomics";

import { probe, ProbeKind } from "../core/probe.js";
import type { Life } from "../shared/heap.js";
import { SpinBudget } from "../shared/waiting.js";

const CLOSED = 0;
const LIMIT = 1;
const LEFT = 2;
const LET_GO = 3;
const LINE = 16;
const RANGE = 0;
const PRESENCE = 1;
const SLOT = 2;
const DONE = 3;
const STEALS = 4;
const LIFE = 5;
const RESULT = 6;
const RESULT_BYTES = 7;

const UNIT_BYTES = 16;

/** A helper has not come; is here; has gone, and has given nothing back; has gone, and has. */
const AWAY = 0;
const HERE = 1;
const GONE = 2;
const GAVE_BACK = 3;

const PART_BITS = 16;
const PART_MASK = 0xff_ff;
/** Parts that a call can have. */
export const MOST_PARTS: number = PART_MASK;
/** Participants, the caller included. */
export const MOST_PARTICIPANTS = 64;

/** A look at a word takes a fraction of what others try while they spin. */
const LOOKS_A_SPIN = 32;

/** How long this thread spins until helpers leave. */
const budget = new SpinBudget();

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

  /** By the caller, whose thread has that slot, before anybody else has the cells: all parts are its own at first. */
  begin(parts: number, slot: number): void {
    this.#cells[LIMIT] = parts;
    this.#cells[this.#own + SLOT] = slot;
    store(this.#cells, this.#own + RANGE, parts);
  }

  /** Takes a part: its own, or one of another participant's. @returns NONE if there is none left to be done */
  next(): number {
    const cells = this.#cells;
    for (;;) {
      const range = load(cells, this.#own + RANGE);
      const first = range >>> PART_BITS;
      const end = range & PART_MASK;
      if (first === end) return this.#steal();
      if (first >= load(cells, LIMIT)) {
        // None of them need be done. A thief may take some meanwhile, to no use.
        compareExchange(cells, this.#own + RANGE, range, 0);
      } else if (compareExchange(cells, this.#own + RANGE, range, ((first + 1) << PART_BITS) | end) === range) {
        return this.#taken(first);
      }
    }
  }

  #taken(part: number): number {
    this.#cells[this.#own + DONE] = (this.#cells[this.#own + DONE] as number) + 1;
    return part;
  }

  /**
   * Takes the upper half of the largest range: whoever has most left needs it least. The
   * first part of it is the thief's at once and comes into no range: from there the other
   * could take it back before the thief came to it, and so the two of them for ever.
   *
   * @returns NONE if all are empty, or need not be done
   */
  #steal(): number {
    const cells = this.#cells;
    for (;;) {
      const limit = load(cells, LIMIT);
      let victim = 0;
      let range = 0;
      let most = 0;
      for (let line = LINE; line < cells.length; line += LINE) {
        const seen = load(cells, line + RANGE);
        const first = seen >>> PART_BITS;
        const left = (seen & PART_MASK) - first;
        if (left > most && first < limit) [victim, range, most] = [line, seen, left];
      }
      if (most === 0) return NONE;
      const end = range & PART_MASK;
      const middle = end - ((most + 1) >> 1);
      const rest = (range & ~PART_MASK) | middle;
      if (compareExchange(cells, victim + RANGE, range, rest) !== range) continue;
      // What need not be done is in no range any more.
      if (middle >= limit) continue;
      cells[this.#own + STEALS] = (cells[this.#own + STEALS] as number) + 1;
      store(cells, this.#own + RANGE, ((middle + 1) << PART_BITS) | end);
      const { ring } = probe;
      if (ring !== undefined)
        ring.write(ProbeKind.mark, 0, end - middle, ring.text("took parts of a parallel call over"));
      return this.#taken(middle);
    }
  }

  /**
   * Parts behind this one need not be done: it threw, or what was looked for is in it. Those
   * before it are done all the same, so that in the end the first one counts, as if they
   * had been done in order.
   */
  needNoMoreThan(part: number): void {
    const cells = this.#cells;
    for (let limit = load(cells, LIMIT); part + 1 < limit;) {
      const seen = compareExchange(cells, LIMIT, limit, part + 1);
      if (seen === limit) break;
      limit = seen;
    }
  }

  /** No part that is left is to be done. */
  stop(): void {
    store(this.#cells, LIMIT, 0);
  }

  // Helpers

  /** A helper is here. @returns false if it is too late, and it has to touch nothing */
  enter({ slot, state }: Life): boolean {
    this.#cells[this.#own + SLOT] = slot;
    this.#cells[this.#own + LIFE] = state;
    store(this.#cells, this.#own + PRESENCE, HERE);
    if (load(this.#cells, CLOSED) === 0) return true;
    this.leave();
    return false;
  }

  /** Slot of the caller's thread, in whose hands results are. */
  get callerSlot(): number {
    return this.#cells[LINE + SLOT] as number;
  }

  /** It does nothing more for this call; what it did stands in a payload, if it is to be given back so. */
  leave(payload = 0, byteLength = 0): void {
    this.#cells[this.#own + RESULT] = payload / UNIT_BYTES;
    this.#cells[this.#own + RESULT_BYTES] = byteLength;
    store(this.#cells, this.#own + PRESENCE, payload === 0 ? GONE : GAVE_BACK);
    add(this.#cells, LEFT, 1);
    notify(this.#cells, LEFT);
  }

  // The caller

  /** Lets no helper come any more. */
  close(): void {
    store(this.#cells, CLOSED, 1);
  }

  /** One of two looks at this no more. @returns true for the second one, who is to free the memory */
  letGo(): boolean {
    return add(this.#cells, LET_GO, 1) === 1;
  }

  /** Another helper is to come in the place of one that has left. */
  expect(participant: number): void {
    store(this.#cells, LINE * (1 + participant) + PRESENCE, AWAY);
  }

  /** Whether a helper has come, be it that it has left. */
  hasCome(participant: number): boolean {
    return load(this.#cells, LINE * (1 + participant) + PRESENCE) !== AWAY;
  }

  /** Takes out what a helper gave back; `undefined` if there is no more of that. */
  takeResult(): { readonly payload: number; readonly byteLength: number } | undefined {
    const cells = this.#cells;
    for (let line = LINE; line < cells.length; line += LINE) {
      if (load(cells, line + PRESENCE) !== GAVE_BACK) continue;
      store(cells, line + PRESENCE, GONE);
      return {
        payload: (cells[line + RESULT] as number) * UNIT_BYTES,
        byteLength: cells[line + RESULT_BYTES] as number,
      };
    }
    return undefined;
  }

  /** The threads of the helpers that are here. */
  present(): Life[] {
    const cells = this.#cells;
    const lives: Life[] = [];
    for (let line = LINE; line < cells.length; line += LINE) {
      if (load(cells, line + PRESENCE) !== HERE) continue;
      lives.push({ slot: cells[line + SLOT] as number, state: cells[line + LIFE] as number });
    }
    return lives;
  }

  /** Blocks until somebody leaves, or for so long. */
  waitForOneToLeave(mostMs: number): void {
    const left = load(this.#cells, LEFT);
    // Read before the look: who leaves after it changes the word, and the wait does not begin.
    if (this.present().length === 0) return;
    // Who is here does the last part, most likely, which is over before a sleeper would be awake.
    for (let spin = 0, { spins } = budget; spin < spins; spin++) {
      for (let look = 0; look < LOOKS_A_SPIN; look++) {
        if (load(this.#cells, LEFT) === left) continue;
        budget.paid(spin);
        return;
      }
    }
    budget.didNotPay();
    wait(this.#cells, LEFT, left, mostMs);
  }

  /** How many parts nobody has taken; those in a thief's hands are not counted. */
  left(): number {
    let left = 0;
    for (let line = LINE; line < this.#cells.length; line += LINE) {
      const range = load(this.#cells, line + RANGE);
      left += (range & PART_MASK) - (range >>> PART_BITS);
    }
    return left;
  }

  /** What each participant did. Of the caller, once all have left. */
  counts(): ShareCounts[] {
    return Array.from({ length: this.#participants }, (_, participant) => ({
      parts: this.#cells[LINE * (1 + participant) + DONE] as number,
      steals: this.#cells[LINE * (1 + participant) + STEALS] as number,
    }));
  }
}
