/**
 * How a thread without calls waits for some: it looks for a while, then parks, blocked
 * in the kernel as long as its event loop waits for nothing else, else on a promise.
 *
 * Parking. The thread writes PARKED, looks at the lines once more, and sleeps as long
 * as the word is PARKED. Whoever publishes a call reads the word after that, and if it
 * is PARKED changes it and then wakes the sleeper. No wake-up is lost: either the
 * thread's second look comes after the publishing and finds the call; or it comes
 * before, so the publisher reads PARKED. Then the word changes, and either the thread
 * does not fall asleep, or it sleeps already and is notified. A waker that left the
 * word as it was would lose the one case in between: the thread has looked and does not
 * sleep yet. (Both look and word are read and written sequentially consistent, which
 * here all hangs on.)
 *
 * A blocked thread serves no messages and no timers. So it blocks only if its loop
 * waits for nothing else, at the begin of a turn in which nothing ran, for a fraction
 * of a second at a time. After more than a second it parks in the loop, from where waking
 * it takes longer but nothing is spent. Who posts it a message wakes it, by the same steps
 * as who publishes a call: posts, and then reads the word. So before the thread blocks it
 * looks for messages too, after it has written PARKED. One that came before that would
 * else wait until it looks after its loop: what it is to import, or that it is to end.
 *
 * What the thread stands by for (`stand-bys.ts`) says before PARKED that it is asleep, and asks when
 * it is awake whether it was wanted: who wants it says so before he changes the word.
 */
import { add, compareExchange, hasWaitAsync, load, notify, store, wait, waitAsync } from "#atomics";
import { nowMs } from "#clock";
import { host } from "#host";

import { probe, ProbeKind } from "../core/probe.js";
import { restPulse, wakePulse } from "../core/pulse.js";
import { threadIndex } from "../core/thread.js";
import * as at from "./line.js";
import { Patience, WAKES_OF_A_THREAD } from "./patience.js";
import type { StandBys } from "./stand-bys.js";
import type { Taking } from "./taking.js";

/**
 * A thread that blocks looks after its event loop so often, the longer it had nothing
 * to do the more rarely: timers that hold nothing up may be late by it.
 */
const FIRST_BLOCK_MS = 20;
const MOST_BLOCK_MS = 160;
/**
 * So often in a row a thread blocks for nothing, before it parks in its loop: 1.4 seconds.
 * Each look takes 0.4 ms, as all it needs has left the caches (November 2026).
 */
const MOST_EMPTY_BLOCKS = 12;
/** Looks at the ring between two at the clock, which take about as long together. */
const LOADS_BETWEEN_CLOCKS = 16;

export class Parking {
  readonly #line: at.Line;
  readonly #board: at.Board;
  readonly #cores: number;
  readonly #taking: Pick<Taking, "hasOwn" | "hasAny">;
  readonly #standBys: Pick<StandBys, "sleep" | "awake">;
  /** Called when the thread is awake again. */
  readonly #onAwake: () => void;
  /** Takes a message in. @returns false if there is none */
  readonly #takeMessage: () => boolean;
  readonly #patience = new Patience(WAKES_OF_A_THREAD);
  /** When the last call of a turn had ended; 0 while there are any. */
  #idleSinceMs = 0;
  /** When the thread was woken last. */
  #wokenMs = 0;
  #emptyBlocks = 0;
  /** Parked on a promise, so that the event loop goes on. */
  isInLoop = false;

  constructor(
    line: at.Line,
    board: at.Board,
    cores: number,
    taking: Pick<Taking, "hasOwn" | "hasAny">,
    standBys: Pick<StandBys, "sleep" | "awake">,
    onAwake: () => void,
    takeMessage: () => boolean,
  ) {
    this.#takeMessage = takeMessage;
    this.#line = line;
    this.#board = board;
    this.#cores = cores;
    this.#taking = taking;
    this.#standBys = standBys;
    this.#onAwake = onAwake;
  }

  /** The thread has begun. */
  begin(): void {
    this.#countAsAwake();
  }

  // Whoever puts things in order after this thread takes IS_COUNTED away from the board's
  // count. A thread that ends between the two is taken away twice, or without having been
  // added: too few are counted then, so that some look for work in vain. Too many, and none
  // would look any more.
  #countAsAwake(): void {
    store(this.#line.cells, at.COUNTS + at.IS_COUNTED, 1);
    add(this.#board.cells, at.BOARD_AWAKE, 1);
  }

  #countAsParked(): void {
    add(this.#board.cells, at.BOARD_AWAKE, -1);
    store(this.#line.cells, at.COUNTS + at.IS_COUNTED, 0);
  }

  /** There is work again, as of this moment. */
  foundWork(now: number): void {
    const sinceMs = this.#idleSinceMs;
    if (sinceMs > 0) this.#patience.ended((this.#wokenMs < sinceMs ? now : this.#wokenMs) - sinceMs);
    this.#idleSinceMs = 0;
  }

  /** Whether a thread may look for something without keeping another from its core. */
  get hasFreeCore(): boolean {
    // One for the thread that the pool is on.
    return load(this.#board.cells, at.BOARD_AWAKE) + 1 <= this.#cores;
  }

  /** Looks for work a little, if a core is free for that. @returns whether there is some */
  look(now: number): boolean {
    this.#idleSinceMs = now;
    if (!this.hasFreeCore) return false;
    const untilMs = now + this.#patience.budgetMs;
    do {
      for (let i = 0; i < LOADS_BETWEEN_CLOCKS; i++) if (this.#taking.hasOwn) return true;
    } while (nowMs() < untilMs);
    return false;
  }

  /** @param mayBlock - whether no call of the thread waits for its event loop */
  park(mayBlock: boolean): void {
    const { cells } = this.#line;
    const isBlocking = mayBlock && this.#emptyBlocks < MOST_EMPTY_BLOCKS && host.isLoopQuiet();
    this.#count(at.PARKS);
    probe.ring?.write(ProbeKind.threadPark, threadIndex);
    this.#countAsParked();
    // Not while calls wait for its event loop: they go on there, for as long as they like.
    if (mayBlock) this.#standBys.sleep();
    store(cells, at.STATE, at.PARKED);
    // The second look, after the word: see above.
    // Messages are looked for as calls are, where the loop would not hear of them meanwhile.
    if (this.#taking.hasAny || (isBlocking && this.#takeMessage())) {
      this.#awake(false);
    } else if (isBlocking || !hasWaitAsync) {
      this.#count(at.BLOCKS);
      const mostMs = Math.min(FIRST_BLOCK_MS * (1 + this.#emptyBlocks), MOST_BLOCK_MS);
      restPulse(); // the loop stands still, and nothing is wrong
      const wasWoken = wait(cells, at.STATE, at.PARKED, mostMs) !== "timed-out";
      wakePulse();
      this.#emptyBlocks = wasWoken ? 0 : this.#emptyBlocks + 1;
      this.#awake(wasWoken);
    } else {
      const waiting = waitAsync(cells, at.STATE, at.PARKED);
      this.isInLoop = waiting.async;
      this.#emptyBlocks = 0;
      if (waiting.async) void waiting.value.then(() => this.#awake(true));
      else this.#awake(false);
    }
  }

  #awake(wasWoken: boolean): void {
    this.isInLoop = false;
    if (wasWoken) {
      this.#wokenMs = this.#line.float64[at.WOKEN_MS >> 1] as number;
      this.#patience.woken(nowMs() - this.#wokenMs);
    }
    store(this.#line.cells, at.STATE, at.AWAKE);
    this.#standBys.awake();
    this.#countAsAwake();
    probe.ring?.write(ProbeKind.threadUnpark, threadIndex);
    this.#onAwake();
  }

  #count(what: number): void {
    const { cells } = this.#line;
    cells[at.COUNTS + what] = ((cells[at.COUNTS + what] as number) + 1) | 0;
  }
}

/** Wakes the thread of a line if it is parked. @returns whether it was */
export function wake(line: at.Line): boolean {
  const { cells } = line;
  if (load(cells, at.STATE) !== at.PARKED) return false;
  // Published by the word. Of two who wake at once either's time will do.
  line.float64[at.WOKEN_MS >> 1] = nowMs();
  // The word first: a thread about to sleep then does not.
  if (compareExchange(cells, at.STATE, at.PARKED, at.AWAKE) !== at.PARKED) return false;
  notify(cells, at.STATE);
  return true;
}
