/**
 * A lock in one word, with its owner in it: what mutexes are, and what guards the
 * state of every other structure of this room.
 *
 * Layout, as Int32 indexes from `word`
 *   0  STATE    the owner's slot in bits 3 and up, 0 if the lock is free; flags below
 *   1  INSISTS  slot of a thread that the next release has to grant the lock to, or 0
 *
 * States, and who moves them
 *   free    -> held     a thread, for itself
 *   held    -> free     its owner; anybody, once the owner's thread has ended
 *   held    -> granted  its owner, to the thread that insists
 *   granted -> held     that thread
 *   granted -> free     that thread, which wants it no more; the one that granted
 *                       it, finding that; anybody, once that thread has ended
 * CONTENDED is set by those who are about to sleep, and stays until the lock is
 * free. Who takes the lock after having waited sets it too, for others may sleep.
 * IN_LOOP is set beside it by those who sleep in their event loops.
 *
 * Invariants
 * - Owner and state are one word, moved by one operation: there is no moment in
 *   which the lock is held and nobody knows by whom. So a thread may be stopped
 *   anywhere.
 * - Who sleeps has seen CONTENDED in the word it sleeps on; a release that finds it
 *   set wakes one. One suffices: the lock has room for one, and whoever takes it in
 *   its stead, woken or not, has or finds CONTENDED and wakes the next.
 * - One suffices only if it comes. A blocked thread does; a promise is heard of when its
 *   thread's event loop has its turn, and that may be held up for as long as a job likes to
 *   compute. The lock would be free all that time, and the others asleep. So a release that
 *   finds IN_LOOP wakes all, of whom those that don't get the lock set the flags anew. It
 *   is in the word for as long as anybody sleeps in a loop: only a change of state takes it
 *   out, and each of those wakes all.
 *
 * Fairness: a newcomer may take the lock ahead of sleepers, which spares a switch
 * of threads for each hand-over. A sleeper that was woken and passed over for a
 * millisecond insists; then the next release grants the lock to it, and it stays
 * closed to newcomers till that thread has come.
 *
 * After Drepper, "Futexes Are Tricky" (2011), and the two modes of Go's mutex.
 */
import { compareExchange, load, notify, type SharedCells, wait } from "#atomics";
import { nowMs } from "#clock";

import type { ProbedResource } from "../core/probe.js";
import { type Heap } from "./heap.js";
import { SpinBudget, type Waitable } from "./waiting.js";

// Offsets from the word.
const STATE = 0;
const INSISTS = 1;
/** How many cells a lock takes. */
export const LOCK_CELLS = 2;

// Flags of STATE.
const CONTENDED = 1;
const GRANTED = 2;
/** Some that sleep do so in their event loops. */
const IN_LOOP = 4;
const OWNER_SHIFT = 3;
/** What those set who are about to sleep. */
const ASLEEP: number = CONTENDED | IN_LOOP;

/** No state that the word ever has: to sleep on it returns at once. */
const NEVER = CONTENDED;

const grantedTo = (slot: number): number => (slot << OWNER_SHIFT) | ASLEEP | GRANTED;

export class LockWord implements Waitable<true, void> {
  readonly cells: SharedCells;
  readonly word: number;
  readonly label: string;
  readonly offset: number;
  readonly budget: SpinBudget = new SpinBudget();
  readonly resource: ProbedResource | undefined;
  readonly #slot: number;
  readonly #held: number;
  /** The state once the lock has been granted to this thread. */
  readonly #granted: number;
  readonly #amount: number;

  /**
   * @param offset - of the block that the lock is in
   * @param amount - how much of that object who takes the lock holds; 0 for a lock
   *   inside a structure, which is held for a moment only
   */
  constructor(
    inHeap: Heap,
    cells: SharedCells,
    word: number,
    offset: number,
    label: string,
    amount: number,
    resource: ProbedResource | undefined,
  ) {
    this.resource = resource;
    this.cells = cells;
    this.word = word;
    this.offset = offset;
    this.label = label;
    this.#slot = inHeap.slot;
    this.#held = inHeap.slot << OWNER_SHIFT;
    this.#granted = grantedTo(inHeap.slot);
    this.#amount = amount;
  }

  /** The state while this thread holds the lock and nobody waits. */
  get held(): number {
    return this.#held;
  }

  /** Slot of the thread that holds it, 0 if none does; a granted lock is held by the one it waits for. */
  get owner(): number {
    return load(this.cells, this.word + STATE) >>> OWNER_SHIFT;
  }

  /** Whether this thread holds it. */
  get isOwn(): boolean {
    return (load(this.cells, this.word + STATE) & ~ASLEEP) === this.#held;
  }

  /** Takes the lock if it is free. */
  tryTake(): boolean {
    return compareExchange(this.cells, this.word + STATE, 0, this.#held) === 0;
  }

  /** As `tryTake`, for those who wait: others may sleep, and the lock may have been granted to this thread. */
  tryGrant(): true | undefined {
    const { cells, word } = this;
    const state = load(cells, word + STATE);
    if (state !== 0 && state !== this.#granted) return undefined;
    // Whoever sleeps while it is granted has found the flags set.
    const mine = this.#held | (state === 0 ? CONTENDED : ASLEEP);
    if (compareExchange(cells, word + STATE, state, mine) !== state) return undefined;
    if (load(cells, word + INSISTS) === this.#slot) compareExchange(cells, word + INSISTS, this.#slot, 0);
    return true;
  }

  /** Does not set CONTENDED, since it leaves nobody asleep; a look first, as a failing exchange would take the word from its holder. */
  trySpinning(): true | undefined {
    return load(this.cells, this.word + STATE) === 0 && this.tryTake() ? true : undefined;
  }

  /** Takes the lock if it can be had within `ms`. */
  takeSoon(ms: number): boolean {
    for (const endMs = nowMs() + ms; ;) {
      if (this.tryGrant() === true) return true;
      const leftMs = endMs - nowMs();
      if (leftMs <= 0) return false;
      try {
        const expected = this.mark(false);
        if (this.tryGrant() === true) return true;
        wait(this.cells, this.word, expected, leftMs);
      } catch {
        // This thread must not sleep: it tries again and again.
      }
    }
  }

  mark(isInLoop: boolean): number {
    const { cells, word } = this;
    const flags = isInLoop ? ASLEEP : CONTENDED;
    for (let state = load(cells, word + STATE); ;) {
      if (state === 0) return NEVER;
      const marked = state | flags;
      if (marked === state) return state;
      const seen = compareExchange(cells, word + STATE, state, marked);
      if (seen === state) return marked;
      state = seen;
    }
  }

  /** CONTENDED stays: it is at worst a wake-up for nobody. */
  unmark(): void {}

  insist(): void {
    // One at a time; another that insists has it first, and this one after that.
    compareExchange(this.cells, this.word + INSISTS, 0, this.#slot);
  }

  passOn(): void {
    const { cells, word } = this;
    compareExchange(cells, word + INSISTS, this.#slot, 0);
    // Either a release reads INSISTS after that and grants nothing, or takes its
    // grant back; or it granted before, and this sees it.
    compareExchange(cells, word + STATE, this.#granted, 0);
    notify(cells, word + STATE);
  }

  amountOf(): number {
    return this.#amount;
  }

  /**
   * Gives the lock up.
   *
   * @returns false if this thread does not hold it: then nothing happened
   */
  release(): boolean {
    return compareExchange(this.cells, this.word + STATE, this.#held, 0) === this.#held || this.#releaseContended();
  }

  /** Apart from `release`, which is small enough for the compiler to inline it where locks are taken in a loop. */
  #releaseContended(): boolean {
    const { cells, word } = this;
    for (;;) {
      const state = load(cells, word + STATE);
      if ((state & ~ASLEEP) !== this.#held) return false;
      const insisting = load(cells, word + INSISTS);
      // All flags: while it is granted nobody who is about to sleep changes the word.
      const next = insisting === 0 ? 0 : grantedTo(insisting);
      if (compareExchange(cells, word + STATE, state, next) !== state) continue; // somebody set flags
      if (next === 0) {
        if ((state & IN_LOOP) === 0) notify(cells, word + STATE, 1);
        else notify(cells, word + STATE);
        return true;
      }
      // It may have given up between the two reads and have found no grant to
      // refuse; then the lock would stay closed to all for ever.
      if (load(cells, word + INSISTS) !== insisting) compareExchange(cells, word + STATE, next, 0);
      // All, as the one that insists sleeps among others, in no known place.
      notify(cells, word + STATE);
      return true;
    }
  }

  /**
   * The thread of that slot has ended: takes back what it asked for.
   *
   * @returns true if it held the lock. It still does, for nobody else then; the
   *   caller puts in order what the lock protects, then calls `releaseFor`
   */
  forget(slot: number): boolean {
    const { cells, word } = this;
    compareExchange(cells, word + INSISTS, slot, 0);
    for (;;) {
      const state = load(cells, word + STATE);
      if (state >>> OWNER_SHIFT === slot) {
        if ((state & GRANTED) === 0) return true;
        if (compareExchange(cells, word + STATE, state, 0) !== state) continue;
      }
      // It may have granted the lock to a thread that had given up, and have ended
      // before it could take that back.
      if ((state & GRANTED) !== 0 && load(cells, word + INSISTS) !== state >>> OWNER_SHIFT) {
        if (compareExchange(cells, word + STATE, state, 0) !== state) continue;
      }
      // It may have been woken and ended before it could take the lock, or have
      // released it and ended before it could wake anybody.
      notify(cells, word + STATE);
      return false;
    }
  }

  /** Gives the lock up for the thread of that slot, which has ended holding it. */
  releaseFor(slot: number): void {
    const { cells, word } = this;
    for (;;) {
      const state = load(cells, word + STATE);
      if (state >>> OWNER_SHIFT !== slot) return;
      if (compareExchange(cells, word + STATE, state, 0) === state) break;
    }
    notify(cells, word + STATE);
  }
}
