/**
 * Monitors: state that several cells make up, changed by one thread at a time, and
 * waits for it to change. All structures of this room but the mutex, which is a
 * lock word alone, are such state.
 *
 * Layout: the lock word that guards everything else, and behind it, or where the
 * structure wants them, so that they are not in a cache line that changes all the
 * time:
 *   0  EPOCH    the word that threads sleep on; changed before anybody is woken
 *   1  SLEEPERS threads that sleep or are about to; of one that has ended there it
 *      counts on, which costs others a wake-up for nobody
 *   2  INSISTS  slot of the thread that alone may be granted a wish now, or 0
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
import { add, load, notify, type SharedCells } from "#atomics";

import { MisuseError } from "../core/errors.js";
import type { ProbedResource } from "../core/probe.js";
import { type Heap } from "./heap.js";
import { LOCK_CELLS, LockWord } from "./lock-word.js";
import { SpinBudget, type Waitable, waitBlocked } from "./waiting.js";

// Offsets of the words for waiting.
const EPOCH = 0;
const SLEEPERS = 1;
const INSISTS = 2;
const WAITING_CELLS = 3;
/** A thread that is inside and runs is out long before. */
const SOON_MS = 4;

/** How many cells a monitor takes, before those of the structure. */
export const MONITOR_CELLS: number = LOCK_CELLS + WAITING_CELLS;

/** How wishes for a structure's state are tried. */
export interface WishOptions<Wish> {
  /** A look from outside, for those who spin: false if `grant` would surely fail. */
  readonly isWorthTrying?: () => boolean;
  /**
   * Whether a wish granted to one thread can keep another's from being granted; true
   * by default. Wishes that don't compete never insist: nobody could have passed
   * them over. And one that insisted on what may never come would keep all others
   * from what is there for them.
   */
  readonly competes?: boolean;
  /** How much of the structure's `room` is taken until somebody gives it back; nothing by default. */
  readonly amountOf?: (wish: Wish) => number;
  /** What recordings say is waited for. */
  readonly resource?: ProbedResource;
}

export class Monitor {
  readonly #cells: SharedCells;
  readonly #epoch: number;
  readonly #sleepers: number;
  readonly #insists: number;
  readonly #slot: number;
  readonly #offset: number;
  readonly #lock: LockWord;
  readonly #inHeap: Heap;
  readonly #name: string;
  /** Whether this thread has entered for good. */
  #isKept = false;

  /**
   * @param name - the structure's, as messages have it
   * @param base - where the lock word is
   * @param waiting - where the words for waiting are
   */
  constructor(
    inHeap: Heap,
    cells: SharedCells,
    offset: number,
    name: string,
    base = 0,
    waiting: number = base + LOCK_CELLS,
  ) {
    this.#inHeap = inHeap;
    this.#name = name;
    this.#cells = cells;
    this.#epoch = waiting + EPOCH;
    this.#sleepers = waiting + SLEEPERS;
    this.#insists = waiting + INSISTS;
    this.#slot = inHeap.slot;
    this.#offset = offset;
    this.#lock = new LockWord(inHeap, cells, base, offset, `entry to "${name}"`, 0, undefined);
  }

  /** Runs `body` inside. It must neither wait nor throw half way. */
  inside<Result>(body: () => Result): Result {
    this.enter();
    try {
      return body();
    } finally {
      this.exit();
    }
  }

  /** Enters; `exit` follows, whatever happens. */
  enter(): void {
    if (!this.#isKept && !this.#lock.tryTake()) this.enterBusy();
  }

  exit(): void {
    if (!this.#isKept) this.#lock.release();
  }

  /**
   * Enters for as long as this thread lives, or until it leaves: entering and exiting
   * are free then, and nobody else gets in.
   *
   * **Throws** `SKEIN_WRONG_THREAD` if another thread has done so.
   */
  keep(verb: string): void {
    // It may be held by this thread already, for an object that was forgotten since.
    if (!this.#lock.tryTake() && !this.#lock.isOwn) {
      const { owner } = this.#lock;
      throw new MisuseError(
        "SKEIN_WRONG_THREAD",
        `"${this.#name}" was made for one thread to ${verb}, which is thread ${this.#inHeap.threadIndexOf(owner)}: ` +
          `${verb} there, or make it for many threads`,
      );
    }
    this.#isKept = true;
  }

  /** Lets others in again. */
  leave(): void {
    this.#isKept = false;
    this.#lock.release();
  }

  /** Slot of the thread that is inside, 0 if none is. */
  get holder(): number {
    return this.#lock.owner;
  }

  /**
   * The state of the lock word while this thread is inside and nobody waits to
   * enter, for a structure that enters and exits without a call: an exchange of 0
   * for this enters, one of this for 0 exits. Where it fails, `enterBusy` and `exit`
   * do.
   */
  get entered(): number {
    return this.#lock.held;
  }

  /** Whether this thread must not be granted anything now, as another insists. Asked inside. */
  get isClosedToThis(): boolean {
    const insisting = this.#cells[this.#insists] as number;
    return insisting !== 0 && insisting !== this.#slot;
  }

  /** Slot of the thread before whose wish nobody else's is granted, or 0. Asked anywhere. */
  get insisting(): number {
    return load(this.#cells, this.#insists);
  }

  /** Enters, although somebody is inside. */
  enterBusy(): void {
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
    if (load(this.#cells, this.#sleepers) > 0) this.#wakeAll();
  }

  #wakeAll(): void {
    // The epoch first: a sleeper between its look and its sleep would sleep through
    // a wake-up that left the word as it was.
    add(this.#cells, this.#epoch, 1);
    notify(this.#cells, this.#epoch);
  }

  /**
   * What a caller can wait for.
   *
   * @param grant - grants a wish if that is possible now, else gives `undefined`;
   *   runs inside
   */
  waitable<T, Wish>(
    label: string,
    grant: (wish: Wish) => T | undefined,
    { isWorthTrying = () => true, competes = true, amountOf = () => 0, resource }: WishOptions<Wish> = {},
  ): Waitable<T, Wish> {
    const cells = this.#cells;
    const slot = this.#slot;
    const epoch = this.#epoch;
    const sleepers = this.#sleepers;
    const insists = this.#insists;
    /** Which of this thread's wishes insists. */
    let insisted: Wish | undefined;
    const tryGrant = (wish: Wish): T | undefined =>
      this.inside(() => {
        const insisting = cells[insists] as number;
        if (insisting !== 0 && insisting !== slot) return undefined;
        const granted = grant(wish);
        // Another wish of this thread may be a smaller one, which leaves the other waiting.
        if (granted !== undefined && insisting === slot && wish === insisted) this.#takeBack();
        return granted;
      });
    return {
      cells,
      word: epoch,
      label,
      offset: this.#offset,
      resource,
      budget: new SpinBudget(),
      tryGrant,
      trySpinning: (wish) => (isWorthTrying() ? tryGrant(wish) : undefined),
      mark: () => {
        add(cells, sleepers, 1);
        return load(cells, epoch);
      },
      unmark: () => void add(cells, sleepers, -1),
      insist: (wish) => {
        if (!competes) return;
        this.inside(() => {
          if (cells[insists] !== 0) return;
          insisted = wish;
          cells[insists] = slot;
        });
      },
      passOn: () => {
        this.inside(() => {
          if (cells[insists] === slot) this.#takeBack();
        });
        this.#wakeAll();
      },
      amountOf,
    };
  }

  /** Runs inside. */
  #takeBack(): void {
    this.#cells[this.#insists] = 0;
    this.changed();
  }

  /**
   * The thread of that slot has ended.
   *
   * @param repair - takes out of the structure's cells what that thread held, and
   *   makes them agree if it was stopped inside; runs inside, and is told whether
   *   the thread was
   * @returns false if somebody else is inside and does not come out: then nothing
   *   has happened
   */
  threadEnded(slot: number, repair: (wasInside: boolean) => void): boolean {
    const cells = this.#cells;
    const repairAll = (wasInside: boolean): void => {
      if (cells[this.#insists] === slot) cells[this.#insists] = 0;
      repair(wasInside);
    };
    if (this.#lock.forget(slot)) {
      // The lock is the ended thread's, so nobody else is inside.
      repairAll(true);
      this.#lock.releaseFor(slot);
    } else {
      // Not `enter`: who is inside may have ended too.
      if (!this.#lock.takeSoon(SOON_MS)) return false;
      try {
        repairAll(false);
      } finally {
        this.#lock.release();
      }
    }
    this.#wakeAll();
    return true;
  }

  /**
   * As `threadEnded`, of a monitor that some thread keeps, which can't be entered
   * therefore and in which nobody insists.
   *
   * @returns whether it was that thread that kept it; now nobody does
   */
  keeperEnded(slot: number): boolean {
    const wasKeeper = this.#lock.forget(slot);
    if (wasKeeper) this.#lock.releaseFor(slot);
    this.#wakeAll();
    return wasKeeper;
  }
}
