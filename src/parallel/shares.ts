/**
 * How the parts of one call are shared out among threads: each participant has a range of
 * them, takes from its lower end, and who has none left takes the upper half of another's.
 *
 * Parts are numbered from 0. A part is so many items that looking for the next costs
 * nothing against it (`run.ts`), so that no thread waits long for the last ones.
 *
 * Layout, as Int32 indexes
 *   0  LIMIT       parts from this one on need not be done; only ever made less
 *   1  LEFT        changes when a participant has left or stepped back, a line is closed for want of
 *                  anybody who may come, or the call is cancelled; the caller sleeps on it
 *   2  WORK        the payload of what there is to do, in units of 16, and
 *   3  WORK_BYTES  how long that is. Unless helpers are told when they are called
 *   4  CALLER_SLOT of the caller's thread in the heap, in whose hands results are
 *   5  CALL        how many calls have begun here
 *   6  TOLD        the number of what there is to do: the same for the same
 *   7  SLOTS       how many SLOT values there are
 *   8  SPAN        first item, the one behind the last, and items of a part: float64, of two cells each
 *   16 SLOT        what else differs from what was told by the same number before: up to 16 float64
 *   48 + 16 * participant, a cache line each
 *     +0  RANGE     first part that is left in bits 16 and up, and the one behind the last below
 *     +1  PRESENCE  of a helper: one of those below in bits 0 to 2. Of one that is here, or about to be, its
 *                   thread's slot in the heap in bits 3 to 10, and above as much of the number of the slot's life as
 *                   there is room for, which is what `hasEnded` of the heap looks at
 *     +2  INVITED   not 0 while somebody will yet look whether this line is open: CALLED, who was called;
 *                   STAYED, a helper of the call before, who looks again and again; ASLEEP, one that looks if it
 *                   is woken; or WOKEN, one that has been. But for the first the rest is as in PRESENCE
 *     +3  DONE      parts that it did
 *     +4  STEALS    how often it took from another's range
 *     +5  RESULT    of a helper that has gone: the payload of what it did, in units of 16, or 0, and
 *     +6  RESULT_BYTES  how long that is; +10 ARE_NUMBERS, 1 if it is of nothing but those. The caller takes it out
 *     +7  THREAD    its thread's index,
 *     +8  US        for how many microseconds it was here, and
 *     +9  GAVE_WAY  1 if it left though there may have been parts to do: the caller may open the line again
 *
 * The same memory serves one call after another. Between them all lines are CLOSED.
 *
 * Invariants
 * - A part is in one range, or was taken out by one participant. Every change of a range that
 *   is not empty is one compare-exchange of the whole word, so of a taker and a thief one
 *   comes first. Nobody but its owner writes a range that is empty, and that by a plain
 *   store's atomic form, after it took the parts out of another's.
 * - A word that comes back to what somebody has read means the same as then: the same parts
 *   are left in this range. So his exchange is as right as if it had never changed.
 * - A helper comes by exchanging OPEN for HERE, and the caller closes by exchanging OPEN for
 *   CLOSED. So either it is waited for, or it touches nothing but INVITED: also one that was
 *   called for an earlier call, and comes to this one. It is as welcome as who was called for it.
 * - One that has copied what there is to do steps back, to COMING, while it gets ready, which
 *   takes as long as a part and more: meanwhile the caller closes without it. It is HERE again
 *   by exchanging its own COMING, with its thread's slot in it: another's, of a call after this
 *   one, is another word. One that finds that it came to a call of which it knows nothing goes back
 *   from HERE to OPEN, as if it had not come.
 * - What is told, from WORK to the slots, is written plainly while all lines are CLOSED, and opening one comes
 *   behind it. It is read by who is HERE, and the caller writes it again only when nobody is. So who steps back
 *   has a copy of all of it by then: what stands there afterwards may be of the next call, in part.
 * - The caller opens a line and then sets INVITED; who was invited clears it and then looks
 *   whether the line is open. If the caller finds it set it need call nobody: who has it yet to
 *   clear finds the line open.
 * - Who falls asleep exchanges 0 for its ASLEEP, and then says that it is PARKED (`parking.ts`). Who has need of
 *   it exchanges that for WOKEN and then has it wake up. If it was PARKED it will see that it is WOKEN, and looks.
 *   Else it is awake, for something else perhaps, as one that serves another line: it is not expected, and WOKEN
 *   exchanged for 0, if it still stands. One that awakes for another reason exchanges its ASLEEP for 0: if it is
 *   WOKEN it was wanted.
 * - A helper that ends while it is expected will not look. Whether its end has been told is asked then: if so
 *   another is called.
 * - The caller reads LEFT, then each PRESENCE, and sleeps while LEFT is what it read; a helper
 *   writes PRESENCE and then changes LEFT. So one that leaves after the look changes the word
 *   before the sleep begins, or wakes the sleeper.
 * - What a helper did (its outputs, what it gave back, the plain counts of its line) is written
 *   before PRESENCE says that it is gone, and read after that.
 *
 * LIMIT is a hint to do less: whoever reads an older, larger one does a part for nothing.
 *
 * Between taking half of a range and having it in its own, a thief's parts are in none. The
 * caller may find all ranges empty then, and close; it waits for the thief, which does them,
 * or leaves them in its range if it gives way. So when all have left the caller looks once more.
 */
import { add, compareExchange, exchange, load, notify, type SharedCells, store, wait, waitAsync } from "#atomics";

import { probe, ProbeKind } from "../core/probe.js";
import type { Life } from "../shared/heap.js";
import type { GivenBack } from "./given-back.js";
import type { Payload, ToldBy } from "./told.js";

const LIMIT = 0;
const LEFT = 1;
const WORK = 2;
const WORK_BYTES = 3;
const CALLER_SLOT = 4;
const CALL = 5;
const TOLD = 6;
const SLOTS = 7;
const SPAN = 8;
const SLOT = 16;
const HEAD = 48;
const LINE = 16;
const RANGE = 0;
const PRESENCE = 1;
const INVITED = 2;
const DONE = 3;
const STEALS = 4;
const RESULT = 5;
const RESULT_BYTES = 6;
const THREAD = 7;
const US = 8;
const GAVE_WAY = 9;
const ARE_NUMBERS = 10;

const UNIT_BYTES = 16;

const CALLED = 1;
const STAYED = 2;
const ASLEEP = 3;
const WOKEN = 4;

/** It is too late to come. */
const CLOSED = 0;
/** A helper may come; is here; has gone; has gone, and could not give back what it made. */
const OPEN = 1;
const HERE = 2;
const GONE = 3;
const FAILED = 4;
/** Gets ready, and is not waited for. */
const COMING = 5;
const STATE_MASK = 7;
const SLOT_SHIFT = 3;
const SLOT_MASK = 0xff;
const LIFE_SHIFT = 11;
/** Of the state of a running thread's slot, see `heap.ts`: below are these bits, above the number of its life. */
const RUNNING = 1;
const RUNNING_BITS = 2;

const PART_BITS = 16;
const PART_MASK = 0xff_ff;
/** Parts that a call can have. */
export const MOST_PARTS: number = PART_MASK;
/** Participants, the caller included. */
export const MOST_PARTICIPANTS = 64;

/** So many looks take about as long as to be woken. */
const LOOKS = 60_000;

/** No part is left. */
export const NONE = -1;

/** So many numbers there is room for beside what is told. */
export const MOST_SLOTS: number = (HEAD - SLOT) / 2;

/** Cells that a call with so many participants needs. */
export function shareCells(participants: number): number {
  return HEAD + LINE * participants;
}

/** Where the line of one begins. */
function lineOf(participant: number): number {
  return HEAD + LINE * participant;
}

/** The first participant of a call. */
export const CALLER = 0;

/** Bits of PRESENCE by which a thread is known. */
function marksOf({ slot, state }: Life): number {
  return (slot << SLOT_SHIFT) | ((state >>> RUNNING_BITS) << LIFE_SHIFT);
}

function lifeOf(word: number): Life {
  return {
    slot: (word >>> SLOT_SHIFT) & SLOT_MASK,
    state: ((word >>> LIFE_SHIFT) << RUNNING_BITS) | RUNNING,
  };
}

function isYetToCome(presence: number): boolean {
  const state = presence & STATE_MASK;
  return state === OPEN || state === COMING;
}

/** What a participant did. */
export interface ShareCounts {
  readonly parts: number;
  readonly steals: number;
}

/** What a helper leaves in its line when it goes. */
export interface Left {
  /** Index of its thread. */
  readonly thread: number;
  /** For so long it was here. */
  readonly us: number;
  /** Whether it left though there may be parts to do, as something else waited for its thread. */
  readonly gaveWay: boolean;
  /** What it did, if there is anything to tell. */
  readonly result?: GivenBack | undefined;
}

/** Which items are to be done: part p has those from `first + p * partItems` on, the last one up to `end`. */
export interface Span {
  readonly first: number;
  readonly end: number;
  readonly partItems: number;
}

/** A float64, and the cells that it is kept in. */
const number = new Float64Array(1);
const halves = new Int32Array(number.buffer);

/** A helper that has gone, as the caller finds it. */
export interface Gone extends Left {
  readonly participant: number;
  /** It could not bring into shared memory what it made. */
  readonly hasFailed: boolean;
}

/** The threads of helpers that were here before. */
export interface Sleepers {
  hasEnded(life: Life): boolean;
  /** Wakes it, if it sleeps. @returns whether it did */
  wake(life: Life): boolean;
}

/** One participant's view of a call's parts. */
export class Shares {
  readonly #cells: SharedCells;
  readonly #participants: number;
  readonly #own: number;
  /** One promise serves all that wait for the same. */
  #leaving: { readonly times: number; readonly promise: Promise<unknown> } | undefined = undefined;

  constructor(cells: SharedCells, participant: number) {
    this.#cells = cells;
    this.#participants = (cells.length - HEAD) / LINE;
    this.#own = lineOf(participant);
  }

  /** How many helpers there is room for. */
  get mostHelpers(): number {
    return this.#participants - 1;
  }

  /** By the caller, whose thread has that slot, while all lines are closed: all parts are its own at first. */
  begin(parts: number, slot: number): void {
    const cells = this.#cells;
    cells[CALLER_SLOT] = slot;
    cells[CALL] = this.call + 1;
    for (let line = HEAD; line < cells.length; line += LINE) {
      cells[line + DONE] = 0;
      cells[line + STEALS] = 0;
      store(cells, line + RANGE, 0);
    }
    store(cells, LIMIT, parts);
    store(cells, this.#own + RANGE, parts);
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
      for (let line = HEAD; line < cells.length; line += LINE) {
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

  /** Tells calls apart that this memory serves. */
  get call(): number {
    return this.#cells[CALL] as number;
  }

  // Helpers

  /** Who was invited looks now, and is not expected to any more. */
  takeInvitation(): void {
    store(this.#cells, this.#own + INVITED, 0);
  }

  /** One who has been here waits for the next call, and is expected to look: until it takes this back, by `takeInvitation`, and looks. */
  expectNext(life: Life): void {
    store(this.#cells, this.#own + INVITED, STAYED | marksOf(life));
  }

  /** One who has been here is about to sleep, and looks when it is woken for that. @returns false if somebody else is expected */
  fallAsleep(life: Life): boolean {
    return compareExchange(this.#cells, this.#own + INVITED, 0, ASLEEP | marksOf(life)) === 0;
  }

  /** It is awake. @returns whether it was woken for this, and has to look */
  awake(life: Life): boolean {
    const marks = marksOf(life);
    return compareExchange(this.#cells, this.#own + INVITED, ASLEEP | marks, 0) === (WOKEN | marks);
  }

  /** Whether a helper may come. */
  get isOpen(): boolean {
    return load(this.#cells, this.#own + PRESENCE) === OPEN;
  }

  /** A helper is here. @returns false if it is too late, or another has come in its place, and it has to touch nothing */
  enter(life: Life): boolean {
    return this.#exchange(OPEN, HERE | marksOf(life));
  }

  /** One that is here gets ready, and is not waited for: it touches nothing of the call until it has come back. */
  stepBack(life: Life): void {
    this.#leaveAs(COMING | marksOf(life));
  }

  /** It is ready. @returns false if it is too late: as with `enter` */
  comeBack(life: Life): boolean {
    return this.#exchange(COMING | marksOf(life), HERE | marksOf(life));
  }

  /** It can't get ready, and lets it be. */
  giveUp(life: Life): void {
    if (this.#exchange(COMING | marksOf(life), CLOSED)) this.tellCaller();
  }

  /** One that is here was mistaken, and touches nothing: another may come in its place. */
  stepOut(): void {
    this.#leaveAs(OPEN);
  }

  #exchange(expected: number, next: number): boolean {
    return compareExchange(this.#cells, this.#own + PRESENCE, expected, next) === expected;
  }

  /** Slot of the caller's thread, in whose hands results are. */
  get callerSlot(): number {
    return this.#cells[CALLER_SLOT] as number;
  }

  /** The number of what there is to do, of one that is here. */
  get told(): number {
    return this.#cells[TOLD] as number;
  }

  /** The payload of it. */
  get work(): Payload {
    return {
      payload: (this.#cells[WORK] as number) * UNIT_BYTES,
      byteLength: this.#cells[WORK_BYTES] as number,
    };
  }

  /** And with which items. */
  get span(): Span {
    return { first: this.#numberAt(SPAN), end: this.#numberAt(SPAN + 2), partItems: this.#numberAt(SPAN + 4) };
  }

  /** And what else differs, copied into `numbers`. @returns how many */
  copySlots(numbers: Float64Array): number {
    const count = this.#cells[SLOTS] as number;
    for (let i = 0; i < count; i++) numbers[i] = this.#numberAt(SLOT + 2 * i);
    return count;
  }

  #numberAt(cell: number): number {
    halves[0] = this.#cells[cell] as number;
    halves[1] = this.#cells[cell + 1] as number;
    return number[0] as number;
  }

  /** It does nothing more for this call. */
  leave({ thread, us, gaveWay, result }: Left): void {
    this.#cells[this.#own + RESULT] = (result?.payload ?? 0) / UNIT_BYTES;
    this.#cells[this.#own + RESULT_BYTES] = result?.byteLength ?? 0;
    this.#cells[this.#own + ARE_NUMBERS] = result?.areNumbers === true ? 1 : 0;
    this.#cells[this.#own + THREAD] = thread;
    this.#cells[this.#own + US] = us;
    this.#cells[this.#own + GAVE_WAY] = gaveWay ? 1 : 0;
    this.#leaveAs(GONE);
  }

  /** The same of one that could not bring into shared memory what it made. */
  leaveWithout(): void {
    this.#leaveAs(FAILED);
  }

  #leaveAs(how: number): void {
    store(this.#cells, this.#own + PRESENCE, how);
    this.tellCaller();
  }

  /** Has the caller look who is here. */
  tellCaller(): void {
    add(this.#cells, LEFT, 1);
    notify(this.#cells, LEFT);
  }

  // The caller

  /** Says what there is to do, before anybody may come. */
  tell({ number: told, payload: { payload, byteLength }, slots }: ToldBy, { first, end, partItems }: Span): void {
    this.#cells[TOLD] = told;
    this.#cells[SLOTS] = slots.length;
    for (let i = 0; i < slots.length; i++) this.#setNumberAt(SLOT + 2 * i, slots[i] as number);
    this.#cells[WORK] = payload / UNIT_BYTES;
    this.#cells[WORK_BYTES] = byteLength;
    this.#setNumberAt(SPAN, first);
    this.#setNumberAt(SPAN + 2, end);
    this.#setNumberAt(SPAN + 4, partItems);
  }

  #setNumberAt(cell: number, value: number): void {
    number[0] = value;
    this.#cells[cell] = halves[0] as number;
    this.#cells[cell + 1] = halves[1] as number;
  }

  /** Has a helper come, or another in the place of one that has left. */
  open(participant: number): void {
    store(this.#cells, lineOf(participant) + PRESENCE, OPEN);
  }

  /**
   * Whether somebody is expected to look. Asked before the line is open, one that sleeps is awake by
   * then, perhaps; it looks for a while.
   *
   * @param sleepers - how they are woken, and which of all have ended
   */
  expects(participant: number, sleepers: Sleepers): boolean {
    const cell = lineOf(participant) + INVITED;
    for (let word = load(this.#cells, cell); word !== 0;) {
      const how = word & STATE_MASK;
      if (how === CALLED) return true;
      const life = lifeOf(word);
      if (sleepers.hasEnded(life)) return false;
      if (how !== ASLEEP) return true;
      const woken = WOKEN | marksOf(life);
      const seen = compareExchange(this.#cells, cell, word, woken);
      if (seen === word) {
        if (sleepers.wake(life)) return true;
        compareExchange(this.#cells, cell, woken, 0);
        return false;
      }
      word = seen;
    }
    return false;
  }

  /** To be asked behind `open`, as `expects`. @returns true if nobody is expected to look, so that somebody has to be called */
  invite(participant: number, sleepers: Sleepers): boolean {
    if (this.expects(participant, sleepers)) return false;
    // It may be one that falls asleep just now, and then finds that somebody else was called.
    exchange(this.#cells, lineOf(participant) + INVITED, CALLED);
    return true;
  }

  /** Whether a helper has stayed. It may go at this very moment: a hint of what the next call takes, no more. */
  get hasStayed(): boolean {
    return this.#isAnyInvited(STAYED);
  }

  /** Whether one that slept has been woken, and has yet to come. */
  get hasWoken(): boolean {
    return this.#isAnyInvited(WOKEN);
  }

  #isAnyInvited(how: number): boolean {
    const cells = this.#cells;
    for (let line = lineOf(1); line < cells.length; line += LINE)
      if ((load(cells, line + INVITED) & STATE_MASK) === how) return true;
    return false;
  }

  /**
   * Nobody will look who was called: his thread has ended, or he can't be called. If the line is open for
   * him he is not waited for. If somebody else was called by now, one is called for nothing, or not let in.
   */
  forgetInvitation(participant: number): void {
    const cell = lineOf(participant) + INVITED;
    if (compareExchange(this.#cells, cell, CALLED, 0) === CALLED) this.closeLine(participant);
  }

  /** Lets nobody come any more in a participant's place, if nobody is there. */
  closeLine(participant: number): void {
    const line = lineOf(participant);
    if (compareExchange(this.#cells, line + PRESENCE, OPEN, CLOSED) === OPEN) this.tellCaller();
  }

  /**
   * Lets no helper come any more. Of one that is here it is not known yet whether it has still to
   * get ready: so this is asked again and again, until nobody is.
   *
   * @returns how many are here
   */
  close(): number {
    const cells = this.#cells;
    let here = 0;
    for (let line = HEAD; line < cells.length; line += LINE) {
      let word = load(cells, line + PRESENCE);
      while (isYetToCome(word)) {
        const seen = compareExchange(cells, line + PRESENCE, word, CLOSED);
        word = seen === word ? CLOSED : seen;
      }
      if ((word & STATE_MASK) === HERE) here++;
    }
    return here;
  }

  /** All who were here have left, or their threads have ended; what they gave back was taken. */
  end(): void {
    for (let line = HEAD; line < this.#cells.length; line += LINE) store(this.#cells, line + PRESENCE, CLOSED);
  }

  /** Whether a helper has been here and has gone: so it stays, as only the caller opens its line again. */
  hasGone(participant: number): boolean {
    const state = this.#stateOf(lineOf(participant));
    return state === GONE || state === FAILED;
  }

  #stateOf(line: number): number {
    return load(this.#cells, line + PRESENCE) & STATE_MASK;
  }

  /**
   * Takes out a helper that has gone, and with it what it gave back: once. The line is closed then.
   *
   * @param hasGivenWay - whether only one will do that gave way
   * @returns `undefined` if there is none, or no more
   */
  takeGone(hasGivenWay = false): Gone | undefined {
    const cells = this.#cells;
    for (let line = HEAD; line < cells.length; line += LINE) {
      const state = this.#stateOf(line);
      const hasFailed = state === FAILED;
      if (state !== GONE && !hasFailed) continue;
      const gaveWay = !hasFailed && cells[line + GAVE_WAY] === 1;
      if (hasGivenWay && !gaveWay) continue;
      // No exchange is needed: from GONE or FAILED nobody but the caller leads on, as a
      // helper comes from OPEN alone. What the line says of it is read before it is opened again.
      store(cells, line + PRESENCE, CLOSED);
      const participant = (line - HEAD) / LINE;
      if (hasFailed) return { participant, thread: 0, us: 0, gaveWay, hasFailed };
      const [thread, us] = [cells[line + THREAD] as number, cells[line + US] as number];
      const payload = (cells[line + RESULT] as number) * UNIT_BYTES;
      const areNumbers = cells[line + ARE_NUMBERS] === 1;
      const result =
        payload === 0 ? undefined : { payload, byteLength: cells[line + RESULT_BYTES] as number, areNumbers };
      return { participant, thread, us, gaveWay, hasFailed, result };
    }
    return undefined;
  }

  /** Whether any helper is here, or may still come. */
  get hasExpected(): boolean {
    for (let line = HEAD; line < this.#cells.length; line += LINE) {
      const word = load(this.#cells, line + PRESENCE);
      if ((word & STATE_MASK) === HERE || isYetToCome(word)) return true;
    }
    return false;
  }

  /** Whether any helper is here. */
  get hasPresent(): boolean {
    for (let line = HEAD; line < this.#cells.length; line += LINE) if (this.#stateOf(line) === HERE) return true;
    return false;
  }

  /** The threads of the helpers that are here. */
  present(): Life[] {
    const cells = this.#cells;
    const lives: Life[] = [];
    for (let line = HEAD; line < cells.length; line += LINE) {
      const word = load(cells, line + PRESENCE);
      if ((word & STATE_MASK) !== HERE) continue;
      lives.push(lifeOf(word));
    }
    return lives;
  }

  /** How often somebody has left: to be read before the look at who is here, so that one that leaves after it changes this. */
  get timesLeft(): number {
    return load(this.#cells, LEFT);
  }

  /**
   * Looks until somebody has left since it was so often, for about as long as it takes to be woken:
   * who is here does the last part, most likely, which is over before a sleeper would be awake.
   *
   * @returns false if nobody has
   */
  seesLeaving(times: number): boolean {
    for (let look = 0; look < LOOKS; look++) if (load(this.#cells, LEFT) !== times) return true;
    return false;
  }

  /** Blocks until somebody has left since it was so often, or for so long. */
  waitForLeaving(times: number, mostMs: number): void {
    wait(this.#cells, LEFT, times, mostMs);
  }

  /**
   * Settles once somebody has left since it was so often. It can't be taken back; who leaves wakes all that
   * wait, so one that nobody wants any more takes no wake-up from another. It keeps no process alive.
   *
   * @returns `undefined` if that is so already
   */
  leavingAfter(times: number): Promise<unknown> | undefined {
    if (this.#leaving?.times !== times) {
      const waiting = waitAsync(this.#cells, LEFT, times);
      if (!waiting.async) return undefined;
      const leaving = { times, promise: waiting.value };
      this.#leaving = leaving;
      // Before all who wait for it go on: it may settle though the word is what it was, by a wake-up for
      // a change before that. Who waited again by a promise that is settled would keep its event loop from its turns.
      void waiting.value.finally(() => {
        if (this.#leaving === leaving) this.#leaving = undefined;
      });
    }
    return this.#leaving.promise;
  }

  /** How many parts nobody has taken; those in a thief's hands are not counted. */
  left(): number {
    let left = 0;
    for (let line = HEAD; line < this.#cells.length; line += LINE) {
      const range = load(this.#cells, line + RANGE);
      left += (range & PART_MASK) - (range >>> PART_BITS);
    }
    return left;
  }

  /** Whether there are parts to be done. To be asked when all have left: who is here may have some in its hands. */
  get hasLeft(): boolean {
    const limit = load(this.#cells, LIMIT);
    for (let line = HEAD; line < this.#cells.length; line += LINE) {
      const range = load(this.#cells, line + RANGE);
      const first = range >>> PART_BITS;
      if (first !== (range & PART_MASK) && first < limit) return true;
    }
    return false;
  }

  /** What each participant did. Of the caller, once all have left. */
  counts(): ShareCounts[] {
    return Array.from({ length: this.#participants }, (_, participant) => ({
      parts: this.#cells[lineOf(participant) + DONE] as number,
      steals: this.#cells[lineOf(participant) + STEALS] as number,
    }));
  }
}
