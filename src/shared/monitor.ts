/**
 * Monitors: state that several cells make up, changed by one thread at a time, and
 * waits for it to change. All structures of this room but the mutex, which is a
 * lock word alone, are such state.
 *
 * Layout, as Int32 indexes from `base`
 *   0, 1  the lock word that guards everything below and the structure's own cells
 *   2     EPOCH    the word that threads sleep on; changed before anybody is woken
 *   3     SLEEPERS threads that sleep or are about to; of one that has ended there it
 *         counts on, which costs others a wake-up for nobody
 *   4     INSISTS  slot of the thread that alone may be granted a wish now, or 0
 *
 * Invariants
 * - Only who is inside reads or writes the structure's cells, so plain accesses do:
 *   entering shows what the one before has written.
 * - Inside, code waits for nothing and calls nothing of the user's: so nobody waits
 *   long to enter.
 * - A thread may be stopped anywhere. Stopped inside, it is found to own the lock;
 *   then the structure's `repair` makes its cells agree again, each of which says by
 *   itself what the stopped thread had done or not done.
 *
 * Fairness: as the lock word has it; who insists closes the structure to all others
 * until its wish is granted, so that a large wish does not starve among small ones.
 */
import { add, load, notify, type SharedCells, store } from "#atomics";

import { MisuseError } from "../core/errors.js";
import { type Heap } from "./heap.js";
import { LOCK_CELLS, LockWord } from "./lock-word.js";
import { type Waitable, waitBlocked } from "./waiting.js";

// Offsets from `base`.
const EPOCH = LOCK_CELLS;
const SLEEPERS = LOCK_CELLS + 1;
const INSISTS = LOCK_CELLS + 2;
/** How many cells a monitor takes, before those of the structure. */
export const MONITOR_CELLS: number = LOCK_CELLS + 3;

export class Monitor {
  readonly #cells: SharedCells;
  readonly #slot: number;
  readonly #offset: number;
  readonly #lock: LockWord;

  /** @param name - the structure's, as messages have it */
  constructor(inHeap: Heap, cells: SharedCells, offset: number, name: string) {
    this.#cells = cells;
    this.#slot = inHeap.slot;
    this.#offset = offset;
    this.#lock = new LockWord(inHeap, cells, 0, offset, `entry to "${name}"`, undefined);
  }

  /** Runs `body` inside. It must neither wait nor throw half way. */
  inside<Result>(body: () => Result): Result {
    if (!this.#lock.tryTake()) this.#enter();
    try {
      return body();
    } finally {
      this.#lock.release();
    }
  }

  #enter(): void {
    try {
      waitBlocked(this.#lock, undefined, undefined);
    } catch (error) {
      // A page's main thread must not sleep. Who is inside is out in a moment, so
      // it may spin.
      if (!(error instanceof MisuseError)) throw error;
      while (this.#lock.tryGrant() === undefined);
    }
  }

  /** Has sleepers look again. Called after a change that may grant somebody's wish. */
  changed(): void {
    // Who is not marked yet will look at the changed state before it sleeps.
    if (load(this.#cells, SLEEPERS) > 0) this.#wakeAll();
  }

  #wakeAll(): void {
    // The epoch first: a sleeper between its look and its sleep would sleep through
    // a wake-up that left the word as it was.
    add(this.#cells, EPOCH, 1);
    notify(this.#cells, EPOCH);
  }

  /**
   * What a caller can wait for.
   *
   * @param grant - grants a wish if that is possible now, else gives `undefined`;
   *   runs inside
   */
  waitable<T, Wish>(label: string, grant: (wish: Wish) => T | undefined): Waitable<T, Wish> {
    const cells = this.#cells;
    const slot = this.#slot;
    return {
      cells,
      word: EPOCH,
      label,
      offset: this.#offset,
      tryGrant: (wish) =>
        this.inside(() => {
          const insisting = cells[INSISTS] as number;
          if (insisting !== 0 && insisting !== slot) return undefined;
          const granted = grant(wish);
          if (granted !== undefined && insisting === slot) this.#takeBack();
          return granted;
        }),
      mark: () => {
        add(cells, SLEEPERS, 1);
        return load(cells, EPOCH);
      },
      unmark: () => void add(cells, SLEEPERS, -1),
      insist: () =>
        this.inside(() => {
          if (cells[INSISTS] === 0) cells[INSISTS] = slot;
        }),
      passOn: () => {
        this.inside(() => {
          if (cells[INSISTS] === slot) this.#takeBack();
        });
        this.#wakeAll();
      },
      stalled: () => undefined,
    };
  }

  /** Runs inside. */
  #takeBack(): void {
    this.#cells[INSISTS] = 0;
    this.changed();
  }

  /**
   * The thread of that slot has ended.
   *
   * @param repair - takes out of the structure's cells what that thread held, and
   *   makes them agree if it was stopped inside; runs inside
   */
  threadEnded(slot: number, repair: () => void): void {
    const cells = this.#cells;
    const repairAll = (): void => {
      if (cells[INSISTS] === slot) cells[INSISTS] = 0;
      repair();
    };
    if (this.#lock.forget(slot)) {
      // The lock is the ended thread's, so nobody else is inside.
      repairAll();
      this.#lock.releaseFor(slot);
    } else {
      this.inside(repairAll);
    }
    this.#wakeAll();
  }

  /** Writes the structure's cells of a new object, before anybody knows of it. */
  write(cell: number, value: number): void {
    store(this.#cells, cell, value);
  }
}
