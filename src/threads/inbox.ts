/**
 * The pool's side of outcomes: takes them from the lines, and sees to it that they are
 * noticed while anybody waits for one.
 *
 * States: idle (nobody waits) -> looking (in each turn of the event loop) -> armed
 * (asleep until a line's message) -> looking ...; idle from each of them.
 *
 * No outcome is overlooked. The pool writes ARMED to each line and then looks once
 * more; a thread publishes an outcome and then reads ARMED. So either the pool sees
 * the outcome, or the thread sees that it has to tell, and posts a message as soon as
 * it runs out of calls, or has not told of an outcome for long. Between, it may run one
 * call more, and that may be a long one: hence the looks while armed, ever further
 * apart, from the moment at which there are two calls, before or after the arming.
 */
import { load, store } from "#atomics";
import { holdProcess, nowMs, setAlarm, setTurn } from "#clock";

import {
  type Board,
  BOARD_AWAKE,
  BYTES_COLLECTED,
  COLLECTED,
  FINISHED,
  type Line,
  OUTCOME_BYTES_END,
  TOLD_MS,
} from "./line.js";
import { Patience, WAKES_OF_A_POOL } from "./patience.js";
import type { PoolThread } from "./thread.js";

/** So long after it has armed the pool looks again, then after twice as long, and so on. */
const FIRST_LOOK_MS = 1;
const MOST_LOOK_MS = 50;
/** Outcomes taken at a time, before the event loop has its turn: about a millisecond's. */
const MOST_OUTCOMES = 4096;

export interface InboxOwner {
  /** Jobs that have not settled. */
  readonly unsettled: number;
  /** Whether some of them wait for room. */
  readonly hasQueued: boolean;
  readonly threads: readonly (PoolThread | undefined)[];
  readonly lines: readonly Line[];
  readonly board: Board | undefined;
  readonly cores: number;
  /** An outcome, in its record; it is gone when this returns. */
  outcome(line: Line, record: number): void;
  /** Some outcomes were taken, and no more now. */
  collected(): void;
  /** None came for a while in which several were waited for. */
  waited(): void;
}

export class Inbox {
  readonly #owner: InboxOwner;
  #isLooking = false;
  #isArmed = false;
  #isCollecting = false;
  readonly #patience = new Patience(WAKES_OF_A_POOL);
  /** When there were outcomes last, or the first job came. */
  #sinceMs = 0;
  #lookUntilMs = 0;
  #lookMs = FIRST_LOOK_MS;
  #stopLook: (() => void) | undefined = undefined;
  #releaseProcess: (() => void) | undefined = undefined;
  /** The moment at which the outcomes are taken that are being taken. */
  collectedMs = 0;
  /** Messages by which threads had the pool look. */
  signals = 0;
  /** Looks while armed that found something which nobody had told. */
  lateFinds = 0;
  /** The line that is looked at first; another one each time, so that none is left out where the first ones always fill a millisecond. */
  #first = 0;

  constructor(owner: InboxOwner) {
    this.#owner = owner;
  }

  get isArmed(): boolean {
    return this.#isArmed;
  }

  /** To be called whenever jobs may have come or gone. */
  watch(): void {
    if (this.#isLooking) return;
    if (this.#owner.unsettled === 0) {
      this.#rest();
      return;
    }
    if (this.#isArmed) {
      // A second call that came since: the thread may put off telling of the first.
      this.#planLook();
      return;
    }
    this.#isLooking = true;
    this.#sinceMs = nowMs();
    this.#lookUntilMs = this.#sinceMs + this.#patience.budgetMs;
    setTurn(this.#look);
  }

  #progress(now: number): void {
    this.#patience.ended(now - this.#sinceMs);
    this.#sinceMs = now;
    this.#lookUntilMs = now + this.#patience.budgetMs;
  }

  readonly #look = (): void => {
    let taken = 0;
    try {
      // What it takes may run code of the program that submits a job, and so watches: that is
      // looked for below. Each look would else have two follow, and so on.
      taken = this.collect();
    } finally {
      this.#isLooking = false;
    }
    const now = nowMs();
    // Also of the last job: by what it took the next one is waited for.
    if (taken > 0) this.#progress(now);
    if (this.#owner.unsettled === 0) {
      this.#rest();
      return;
    }
    // Without progress only as long as a core is free for it.
    const { board, cores } = this.#owner;
    const awake = board === undefined ? cores : load(board.cells, BOARD_AWAKE);
    if (taken > 0 || (awake < cores && now < this.#lookUntilMs)) {
      this.#isLooking = true;
      setTurn(this.#look);
      return;
    }
    this.#arm();
  };

  #arm(): void {
    for (const thread of this.#owner.threads) thread?.arm();
    // Once more: an outcome published before that was not told.
    if (this.collect() > 0) {
      this.#disarm();
      this.watch();
      return;
    }
    this.#isArmed = true;
    this.#releaseProcess ??= holdProcess();
    this.#planLook();
  }

  #planLook(): void {
    // One alone is told at once. Unless it waits for room: of that nobody tells when it came by
    // no outcome, as from records that the thread has passed because they were withdrawn.
    const { unsettled, hasQueued } = this.#owner;
    if (unsettled > 1 || hasQueued) this.#stopLook ??= setAlarm(this.#lookWhileArmed, this.#lookMs);
  }

  #disarm(): void {
    this.#stopLook?.();
    this.#stopLook = undefined;
    this.#isArmed = false;
    for (const thread of this.#owner.threads) thread?.disarm();
  }

  readonly #lookWhileArmed = (): void => {
    this.#stopLook = undefined;
    this.#lookMs = Math.min(2 * this.#lookMs, MOST_LOOK_MS);
    if (this.collect() > 0) {
      this.lateFinds++;
      this.#disarm();
      this.watch();
    } else {
      this.#owner.waited();
      if (this.#isArmed) this.#planLook();
    }
  };

  #rest(): void {
    if (this.#isArmed) this.#disarm();
    this.#releaseProcess?.();
    this.#releaseProcess = undefined;
  }

  /** A line's message has come. */
  signalled({ float64 }: Line): void {
    this.signals++;
    const toldMs = float64[TOLD_MS >> 1] as number;
    if (this.#isArmed) {
      this.#patience.woken(nowMs() - toldMs);
      this.#disarm();
    }
    if (this.collect() > 0) this.#patience.ended(Math.max(toldMs - this.#sinceMs, 0));
    this.watch();
  }

  /** Takes what outcomes there are, up to a millisecond's. @returns how many */
  collect(): number {
    // What arrives may run code of the program, and that may ask the pool for its figures:
    // the outcome in hand is taken only when that has returned.
    if (this.#isCollecting) return 0;
    this.#isCollecting = true;
    this.collectedMs = nowMs();
    let taken = 0;
    try {
      const { lines } = this.#owner;
      const first = this.#first++;
      for (let i = 0; i < lines.length; i++) {
        taken += this.#collectFrom(lines[(first + i) % lines.length] as Line, MOST_OUTCOMES - taken);
      }
    } finally {
      this.#isCollecting = false;
    }
    if (taken === 0) return 0;
    this.#lookMs = FIRST_LOOK_MS;
    this.#owner.collected();
    return taken;
  }

  #collectFrom(line: Line, most: number): number {
    const { cells } = line;
    const first = cells[COLLECTED] as number;
    const end = load(cells, FINISHED);
    if (first === end) return 0;
    let next = first;
    let bytesEnd = cells[BYTES_COLLECTED] as number;
    for (; next !== end && ((next - first) | 0) < most; next = (next + 1) | 0) {
      const record = line.outcome(next);
      bytesEnd = cells[record + OUTCOME_BYTES_END] as number;
      this.#owner.outcome(line, record);
    }
    // Atomically too: the thread reads this word alone, and writes where it says. A plain store may
    // be seen before what was read of the bytes before it has been read.
    store(cells, BYTES_COLLECTED, bytesEnd);
    store(cells, COLLECTED, next);
    return (next - first) | 0;
  }
}
