/**
 * Fork and join: two calls of which the second is done by another thread if one has nothing
 * to do, and else here, after the first, as a plain call.
 *
 * A participant keeps the second branches of the joins it is in as a list on its own heap.
 * Only when somebody is hungry does it offer one to others, the oldest, which has most in
 * it: writes it as bytes, and puts it in one of its slots. So a join that nobody helps with
 * costs a push, a pop and two loads, as it looks before its first branch and after it.
 *
 * Layout, as Int32 indexes
 *   0  CLOSED   1 once the first call has returned, or is not to go on
 *   1  HUNGRY   participants that look for something to do, or are expected to
 *   2  WORK     changed with each offer and each branch done; who has nothing to do sleeps on it
 *   32 + 64 * participant
 *     + 8 * slot   STATE, OFFSET and BYTES of its payload, THIEF and LIFE: the thief's slot in
 *                  the heap, 0 until it says who it is, and what stood for it there
 *     + 5          EXPECTED: 1 as long as it counts as hungry though it has not come yet
 *
 * States of a slot, and who moves them
 *   EMPTY   -> OFFERED  its owner, which wrote the payload before
 *   OFFERED -> EMPTY    its owner, which does it itself
 *   OFFERED -> TAKEN    one thief
 *   TAKEN   -> DONE     that thief, which wrote the result's payload before
 *   DONE    -> EMPTY    its owner
 *
 * A hungry participant reads WORK, looks through all slots, and sleeps while WORK is what it
 * read. An owner writes OFFERED and then changes WORK. So either the look sees the offer, or
 * WORK has changed when the sleep would begin. One notification is enough for one offer: who
 * is awake looks again before it sleeps.
 *
 * Participants are expected from the time they are called, so that the first join offers its
 * second branch to who is on his way: of a call that has few large branches all would be under
 * way, or done, before the next join looks. Who comes takes back that he is expected, and counts
 * himself; an owner that has to do itself what it offered has one fewer be expected, as they
 * may be long in coming. Each is done by an exchange of EXPECTED, so that he is counted once.
 * Who gives way to other calls of his thread is expected again.
 *
 * An owner that reads HUNGRY a moment before somebody gets hungry offers nothing, and nothing
 * is lost: the branch is its own, to be done after the first one, and it reads again between them.
 *
 * Who waits for a thief is hungry, and sleeps on WORK as all those; the thief writes DONE and
 * then changes WORK, and wakes all. THIEF is UNKNOWN from the offer until the thief has said who
 * it is, so the one of the slot's last round, which may have ended long ago, is not taken for it.
 *
 * A waiting owner does what others offer meanwhile. What it does then lies above its own
 * join on its stack, and ends before that goes on; what it waits for is on top of another's
 * stack, or below something that ends. So there is always one that can go on.
 */
import { add, compareExchange, exchange, load, notify, type SharedCells, store, wait } from "#atomics";

import { CancelledError, WorkerLostError } from "../core/errors.js";
import { heap } from "../shared/heap.js";
import { arrival } from "../shared/object.js";
import { bytesOfPayload, freePayload, makePayload, takeInHand } from "../shared/payload.js";
import { decodeValue, encodeValue } from "../shared/value-codec.js";
import { decodeThrown, encodeThrown, type EncodedValue } from "../threads/error-codec.js";
import type { ItemCallback } from "./loops.js";
import { functionsOf, nameOf } from "./function-names.js";

const CLOSED = 0;
const HUNGRY = 1;
const WORK = 2;
const HEAD = 32;
const LINE = 64;
const SLOTS = 8;
const SLOT_CELLS = 8;
const STATE = 0;
const OFFSET = 1;
const BYTES = 2;
const THIEF = 3;
const LIFE = 4;
const EXPECTED = 5;
/** A thief that has not yet said who it is. */
const UNKNOWN = 0;

const EMPTY = 0;
const OFFERED = 1;
const TAKEN = 2;
const DONE = 3;

/** Looks for work, of which each is a scan of all slots, before somebody sleeps. */
const LOOKS = 200;
/** It looks up so often without being woken: a thief may have ended. */
const SLEEP_MS = 50;
/** Who leaves for other calls looks so often whether there are any. */
const LOOK_MS = 4;

/** A call: a task and its arguments. */
export type Branch = readonly [fn: ItemCallback, args: readonly unknown[]];

/** Cells that so many participants need. */
export function forkCells(participants: number): number {
  return HEAD + LINE * participants;
}

interface Frame {
  readonly branch: Branch;
  /** Where it is offered; −1 if it is not. */
  slot: number;
}

/** What a branch gave, as it crosses. */
type Outcome = { readonly value: unknown } | { readonly thrown: EncodedValue };

/** One participant's side of a fork-join call. */
export class Forks {
  readonly #cells: SharedCells;
  readonly #own: number;
  readonly #looks: number;
  readonly #frames: Frame[] = [];
  /** The first so many of these are offered, or were. */
  #offered = 0;
  /** What can't cross, or had no room, is not tried again. */
  #refused: Frame | undefined = undefined;

  /** @param looks - of who has nothing to do, before he sleeps */
  constructor(cells: SharedCells, participant: number, looks: number = LOOKS) {
    this.#cells = cells;
    this.#own = HEAD + LINE * participant;
    this.#looks = looks;
  }

  /** All others will come, as far as is known. Said before any of them can know of the call. */
  expectAll(): void {
    const cells = this.#cells;
    for (let line = HEAD; line < cells.length; line += LINE) {
      if (line === this.#own) continue;
      store(cells, line + EXPECTED, 1);
      add(cells, HUNGRY, 1);
    }
  }

  /** Both results. If one throws that is thrown, the first one's first; neither goes on then. */
  join(a: Branch, b: Branch): [unknown, unknown] {
    this.#requireOpen();
    const frame: Frame = { branch: b, slot: -1 };
    this.#frames.push(frame);
    if (load(this.#cells, HUNGRY) > 0) this.#offer();
    let first: unknown;
    try {
      const [fn, args] = a;
      first = fn(...args);
    } catch (error) {
      this.#frames.pop();
      if (frame.slot !== -1) this.#abandon(frame.slot);
      throw error;
    }
    this.#frames.pop();
    if (frame.slot !== -1) {
      this.#offered--;
      const outcome = this.#outcomeOf(frame.slot);
      if (outcome !== undefined) return [first, valueOf(outcome)];
    } else if (load(this.#cells, HUNGRY) > 0) this.#offer();
    const [fn, args] = b;
    return [first, fn(...args)];
  }

  #requireOpen(): void {
    if (load(this.#cells, CLOSED) !== 0) throw new CancelledError("what this join is part of is not to go on");
  }

  // Offering

  /** Offers the oldest branch that is not offered, if there are fewer offers open than are hungry. */
  #offer(): void {
    const frame = this.#frames[this.#offered];
    if (frame === undefined || frame === this.#refused) return;
    const cells = this.#cells;
    let free = -1;
    let open = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const state = load(cells, this.#own + SLOT_CELLS * slot + STATE);
      if (state === EMPTY) free = slot;
      else if (state === OFFERED) open++;
    }
    if (free === -1 || open >= load(cells, HUNGRY)) return;
    const [fn, args] = frame.branch;
    const at = this.#own + SLOT_CELLS * free;
    try {
      const bytes = encodeValue([nameOf(fn), args]);
      cells[at + OFFSET] = makePayload(heap(), 0, bytes);
      cells[at + BYTES] = bytes.length;
    } catch {
      // It is done here. So are those after it, as the oldest goes first.
      this.#refused = frame;
      return;
    }
    store(cells, at + THIEF, UNKNOWN);
    frame.slot = free;
    this.#offered++;
    store(cells, at + STATE, OFFERED);
    add(cells, WORK, 1);
    notify(cells, WORK, 1);
  }

  /** What a thief has made of an offer; `undefined` if none took it, and then it is an offer no more. */
  #outcomeOf(slot: number): Outcome | undefined {
    const cells = this.#cells;
    const at = this.#own + SLOT_CELLS * slot;
    if (compareExchange(cells, at + STATE, OFFERED, EMPTY) === OFFERED) {
      this.#free(at);
      this.#expectOneFewer();
      return undefined;
    }
    if (load(cells, at + STATE) === TAKEN) {
      add(cells, HUNGRY, 1);
      try {
        const isOver = (): boolean => load(cells, at + STATE) !== TAKEN;
        this.#doOthersUntil(isOver, SLEEP_MS, () => this.#requireThief(at));
      } finally {
        add(cells, HUNGRY, -1);
      }
    }
    takeInHand(heap(), cells[at + OFFSET] as number);
    const outcome = this.#read(at) as Outcome;
    this.#free(at);
    store(cells, at + STATE, EMPTY);
    return outcome;
  }

  /** The other branch threw: nothing of this one is to go on when that is told. */
  #abandon(slot: number): void {
    this.#offered--;
    try {
      this.#outcomeOf(slot);
    } catch {
      // The first failure counts.
    }
  }

  /** What was offered was for nobody. */
  #expectOneFewer(): void {
    const cells = this.#cells;
    for (let line = HEAD; line < cells.length; line += LINE) {
      if (load(cells, line + EXPECTED) === 0 || exchange(cells, line + EXPECTED, 0) === 0) continue;
      add(cells, HUNGRY, -1);
      return;
    }
  }

  #requireThief(at: number): void {
    const slot = load(this.#cells, at + THIEF);
    if (
      load(this.#cells, at + STATE) !== TAKEN ||
      slot === UNKNOWN ||
      !heap().hasEnded({ slot, state: this.#cells[at + LIFE] as number })
    )
      return;
    this.close();
    throw new WorkerLostError("SKEIN_WORKER_LOST", "a thread ended while it worked on a branch of a join");
  }

  #read(at: number): unknown {
    const bytes = bytesOfPayload(heap(), this.#cells[at + OFFSET] as number, this.#cells[at + BYTES] as number);
    return decodeValue(bytes, arrival as never);
  }

  #free(at: number): void {
    freePayload(heap(), this.#cells[at + OFFSET] as number, heap().slot);
  }

  // Doing what others offer

  /**
   * Does what others offer until the call is closed.
   *
   * @param isToLeave - asked between branches: whether to leave before that
   * @returns true if it has left
   */
  serve(isToLeave?: () => boolean): boolean {
    const cells = this.#cells;
    const sleepMs = isToLeave === undefined ? SLEEP_MS : LOOK_MS;
    let hasLeft = false;
    if (exchange(cells, this.#own + EXPECTED, 0) === 0) add(cells, HUNGRY, 1);
    this.#doOthersUntil(() => this.isClosed || (hasLeft = isToLeave?.() === true), sleepMs);
    // Who gives way to other calls comes again: until then he is expected, as he was at first.
    if (hasLeft) store(cells, this.#own + EXPECTED, 1);
    else add(cells, HUNGRY, -1);
    return hasLeft;
  }

  /** For who counts as hungry: does what others offer, and sleeps where there is nothing, until that is over. */
  #doOthersUntil(isOver: () => boolean, sleepMs: number, hasSlept?: () => void): void {
    const cells = this.#cells;
    for (let looks = 0; ; looks++) {
      // Before what is looked at: what changes after the look has the sleep not begin.
      const seen = load(cells, WORK);
      if (isOver()) return;
      if (this.#doOneOfOthers()) looks = 0;
      else if (looks >= this.#looks) {
        wait(cells, WORK, seen, sleepMs);
        hasSlept?.();
      }
    }
  }

  /** @returns false if nobody offers anything */
  #doOneOfOthers(): boolean {
    const cells = this.#cells;
    for (let line = HEAD; line < cells.length; line += LINE) {
      if (line === this.#own) continue;
      for (let at = line; at < line + SLOTS * SLOT_CELLS; at += SLOT_CELLS) {
        if (load(cells, at + STATE) !== OFFERED || compareExchange(cells, at + STATE, OFFERED, TAKEN) !== OFFERED)
          continue;
        const { slot, state } = heap().life;
        cells[at + LIFE] = state;
        // After its life, which is read once this is known.
        store(cells, at + THIEF, slot);
        add(cells, HUNGRY, -1);
        this.#do(at);
        add(cells, HUNGRY, 1);
        return true;
      }
    }
    return false;
  }

  #do(at: number): void {
    const cells = this.#cells;
    let bytes: Uint8Array;
    try {
      takeInHand(heap(), cells[at + OFFSET] as number);
      const [name, args] = this.#read(at) as [ReturnType<typeof nameOf>, readonly unknown[]];
      this.#free(at);
      const [fn] = functionsOf([name]);
      if (fn === undefined) throw new Error(`task "${name.key}" of ${name.module} is not declared on this thread`);
      bytes = encodeValue({ value: fn(...args) } satisfies Outcome);
    } catch (error) {
      bytes = encodeValue({ thrown: encodeThrown(error) } satisfies Outcome);
    }
    cells[at + OFFSET] = makePayload(heap(), 0, bytes);
    cells[at + BYTES] = bytes.length;
    store(cells, at + STATE, DONE);
    add(cells, WORK, 1);
    notify(cells, WORK);
  }

  get isClosed(): boolean {
    return load(this.#cells, CLOSED) !== 0;
  }

  /** Nobody goes on: joins throw, and those that look for something to do leave. */
  close(): void {
    store(this.#cells, CLOSED, 1);
    add(this.#cells, WORK, 1);
    notify(this.#cells, WORK);
  }
}

function valueOf(outcome: Outcome): unknown {
  if ("value" in outcome) return outcome.value;
  throw decodeThrown(outcome.thrown);
}

/** The call that this thread takes part in. */
let current: Forks | undefined;

/** The call that this thread takes part in, for joins. */
export function currentForks(): Forks | undefined {
  return current;
}

/** Runs `body` as part of a call. */
export function within<Result>(forks: Forks, body: () => Result): Result {
  const before = current;
  current = forks;
  try {
    return body();
  } finally {
    current = before;
  }
}
