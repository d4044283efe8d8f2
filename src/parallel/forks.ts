/**
 * Fork and join: two calls of which the second is done by another thread if one has nothing
 * to do, and else here, after the first, as a plain call.
 *
 * A participant keeps the second branches of the joins it is in as a list on its own heap.
 * Only when somebody is hungry does it offer one to others, the oldest, which has most in
 * it: writes it as bytes, and puts it in one of its slots. So a join that nobody helps with
 * costs a push, a pop and three loads, as it looks before its first branch and after it.
 *
 * Layout, as Int32 indexes
 *   0  CLOSED   1 once the first call has returned, or is not to go on
 *   1  HUNGRY   participants that look for something to do, or are expected to
 *   2  WORK     changed with each offer and each branch done; who has nothing to do sleeps on it
 *   3  MEASURED 1 if it is to be known how long the longest chain is, of what has to wait for each other
 *   4  SPAN     that, in 10 µs, once the first call has returned
 *   32 + 96 * participant
 *     + 0         EXPECTED: 1 as long as it counts as hungry though it has not come yet
 *     + 1         THREAD and LIFE: its thread's slot in the heap, and what stands for it there
 *     + 3         what it has done so far: PARTS, which are the call itself and branches of others; STEALS, the
 *                 latter alone; JOINS; REFUSED, how often what it would have offered could not be passed on;
 *                 WORKED, how long it was at that, in 10 µs; INDEX, in recordings, of the thread that did it
 *     + 32 + 8 * slot
 *                 STATE; BYTES, of the payload that is the branch, and its handle's HIGH and LOW;
 *                 RESULT and RESULT_BYTES, of the payload that is what came of it
 *
 * States of a slot, and who moves them
 *   EMPTY           -> OFFERED          its owner, which wrote the branch before
 *   OFFERED         -> EMPTY            its owner, which does it itself
 *   OFFERED         -> TAKEN + thief    one thief, by its number
 *   TAKEN + thief   -> DONE or FAILED   that thief, which wrote the result before, or had no memory or stack for it
 *   DONE or FAILED  -> EMPTY            its owner
 *
 * A hungry participant reads WORK, looks through all slots, and sleeps while WORK is what it
 * read. An owner writes OFFERED and then changes WORK. So either the look sees the offer, or
 * WORK has changed when the sleep would begin. One notification is enough for one offer: who
 * is awake looks again before it sleeps, and who leaves instead wakes another.
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
 * then changes WORK, and wakes all. A thief gets there whatever its branch throws, or ends with its
 * thread: then what THREAD and LIFE name is no more. One that lacks a function says so, takes nothing
 * more, and the owner does that branch itself.
 *
 * All words but STATE, EXPECTED and the first three at the begin are plain. Of a slot its owner writes them before
 * it stores OFFERED, and the thief before it stores DONE; THREAD and LIFE stand before their participant
 * offers or takes anything: so the exchange or the load of STATE that tells of them comes after them. A
 * participant that comes again, perhaps on another thread, writes over its own, while no slot is TAKEN by it.
 * What a thief has done of a branch it adds up before it stores DONE, too: so once the first call has returned,
 * which has waited for all its branches, whoever learns of that finds figures of all of them. Dumps read
 * them in the midst of that, and find each as it was a moment ago.
 *
 * Both payloads are the owner's. If a thread ends, those in its hands are freed, at once, so what
 * a thief has made goes into its owner's hands before the owner knows of it. A thief of an owner that
 * has ended finds a branch that may be gone: it copies it first and looks then whether it lived
 * till now, by its handle; if not, nobody wants to know what comes of it.
 *
 * A waiting owner does what others offer meanwhile. What it does then lies above its own
 * join on its stack, and ends before that goes on; what it waits for is on top of another's
 * stack, or below something that ends. So there is always one that can go on.
 */
import { add, compareExchange, exchange, load, notify, type SharedCells, store, wait } from "#atomics";
import { nowMs } from "#clock";

import { threadIndex } from "../core/thread.js";
import { CancelledError, describeThrown, SharedMemoryError, TransferError, WorkerLostError } from "../core/errors.js";
import { type Handle, heap } from "../shared/heap.js";
import { arrival } from "../shared/object.js";
import { bytesOfPayload, freePayload, handOver, makePayload } from "../shared/payload.js";
import { decodeValue, encodeValue } from "../shared/value-codec.js";
import { decodeThrown, encodeThrown, type EncodedValue } from "../threads/error-codec.js";
import type { ParticipantFigures } from "./explain.js";
import { type FunctionName, functionsOf, type Missing, missingHere, nameOf } from "./function-names.js";
import type { ItemCallback } from "./loops.js";
import { Traced, TracedSleep } from "./traced.js";

const CLOSED = 0;
const HUNGRY = 1;
const WORK = 2;
const MEASURED = 3;
const SPAN = 4;
const HEAD = 32;
/** Its head and its slots are on lines of the cache of their own: others read the ones, and write the others. */
const LINE = 96;
const EXPECTED = 0;
const THREAD = 1;
const LIFE = 2;
const PARTS = 3;
const STEALS = 4;
const JOINS = 5;
const REFUSED = 6;
const WORKED = 7;
const INDEX = 8;
/** Times are told in 10 µs: as unsigned numbers up to twelve hours. */
const UNITS_A_MS = 100;
const FIRST_SLOT = 32;
const SLOTS = 8;
const SLOT_CELLS = 8;
const STATE = 0;
const BYTES = 1;
const HANDLE_HIGH = 2;
const HANDLE_LOW = 3;
const RESULT = 4;
const RESULT_BYTES = 5;
/** A handle is more than a cell holds. */
const HANDLE_UNIT = 2 ** 24;

const EMPTY = 0;
const OFFERED = 1;
const DONE = 2;
const FAILED = 3;
/** And the thief's number. */
const TAKEN = 4;

/** Looks for work, of which each is a scan of all slots, before somebody sleeps. */
const LOOKS = 200;
/** It looks up so often without being woken: a thief may have ended. */
const SLEEP_MS = 50;
/** Who leaves for other calls looks so often whether there are any. */
const LOOK_MS = 4;

/** What those who sleep wait for, as recordings show it. */
const FOR_OFFERS = "a branch of a join to do";
const FOR_THIEF = "a branch of a join that another does, to be ready";

/** A call: a task and its arguments. */
export type Branch = readonly [fn: ItemCallback, args: readonly unknown[]];

/** Cells that so many participants need. */
export function forkCells(participants: number): number {
  return lineOf(participants);
}

/** What was done of a call: all of it, once that is over. */
export interface ForkFigures {
  readonly joins: number;
  /** How often a second branch could not be passed on. */
  readonly refused: number;
  /** Of those that did something. */
  readonly participants: readonly ParticipantFigures[];
  /** How long the longest chain is; 0 if it was not measured. */
  readonly spanMs: number;
}

/** Has it known how long the longest chain is. Said before anybody takes part. */
export function measurePaths(cells: SharedCells): void {
  cells[MEASURED] = 1;
}

/** What was done of a call until now, as its participants have added it up. */
export function forkFigures(cells: SharedCells): ForkFigures {
  let joins = 0;
  let refused = 0;
  const participants: ParticipantFigures[] = [];
  for (let line = HEAD; line < cells.length; line += LINE) {
    const at = (word: number): number => (cells[line + word] as number) >>> 0;
    joins += at(JOINS);
    refused += at(REFUSED);
    if (at(PARTS) === 0) continue;
    participants.push({ thread: at(INDEX), ms: at(WORKED) / UNITS_A_MS, parts: at(PARTS), steals: at(STEALS) });
  }
  return { joins, refused, participants, spanMs: ((cells[SPAN] as number) >>> 0) / UNITS_A_MS };
}

interface Frame {
  readonly branch: Branch;
  /** Where it is offered; −1 if it is not. */
  slot: number;
}

/** How long the chain is that ends where this thread is, of what had to be done one after the other. */
class Path {
  #ms = 0;
  #sinceMs = nowMs();

  get ms(): number {
    return this.#ms + nowMs() - this.#sinceMs;
  }

  /** It goes on from here. @returns how long it was */
  goOnFrom(ms: number): number {
    const now = nowMs();
    const before = this.#ms + now - this.#sinceMs;
    this.#ms = ms;
    this.#sinceMs = now;
    return before;
  }
}

/** What a branch gave, as it crosses; or the function that its thief lacks, and then it was not begun. */
type Outcome =
  | { readonly value: unknown; readonly spanMs?: number }
  | { readonly thrown: EncodedValue; readonly spanMs?: number }
  | { readonly missing: FunctionName };

/** One participant's side of a fork-join call. */
export class Forks {
  readonly #cells: SharedCells;
  readonly #participant: number;
  readonly #own: number;
  readonly #looks: number;
  readonly #frames: Frame[] = [];
  /** The first so many of these are offered, or were. */
  #offered = 0;
  /** What can't cross, or had no room, is not tried again. */
  #refused: Frame | undefined = undefined;
  #missing: Missing | undefined = undefined;
  /** Since when it works; `undefined` while it waits, or looks for work. */
  #sinceMs: number | undefined = undefined;
  #sleep: TracedSleep | undefined = undefined;
  /** As WORKED, but not rounded: of short branches nothing would be left. */
  #workedMs = 0;
  readonly #path: Path | undefined;

  /** @param looks - of who has nothing to do, before he sleeps */
  constructor(cells: SharedCells, participant: number, looks: number = LOOKS) {
    this.#cells = cells;
    this.#participant = participant;
    this.#own = lineOf(participant);
    this.#looks = looks;
    this.#path = cells[MEASURED] === 1 ? new Path() : undefined;
  }

  /** This thread is that participant. Said before it offers or takes anything. */
  enter(): void {
    const { slot, state } = heap().life;
    this.#cells[this.#own + THREAD] = slot;
    this.#cells[this.#own + LIFE] = state;
    this.#workedMs = ((this.#cells[this.#own + WORKED] as number) >>> 0) / UNITS_A_MS;
  }

  // Figures

  /** Does the call itself. */
  whole<Result>(body: () => Result): Result {
    this.#path?.goOnFrom(0);
    try {
      return this.part(body);
    } finally {
      if (this.#path !== undefined) this.#cells[SPAN] = Math.round(this.#path.ms * UNITS_A_MS);
    }
  }

  /** Does a part of the call: it itself, or a branch of another. */
  part<Result>(body: () => Result): Result {
    this.#goesOn();
    try {
      return body();
    } finally {
      this.#count(PARTS);
      this.#cells[this.#own + INDEX] = threadIndex;
      this.#standsStill();
    }
  }

  #goesOn(): void {
    this.#sleep?.end();
    this.#sleep = undefined;
    this.#sinceMs = nowMs();
  }

  /** @returns false if it did so before */
  #standsStill(): boolean {
    if (this.#sinceMs === undefined) return false;
    this.#workedMs += nowMs() - this.#sinceMs;
    this.#cells[this.#own + WORKED] = Math.round(this.#workedMs * UNITS_A_MS);
    this.#sinceMs = undefined;
    return true;
  }

  /** Nobody else writes there. */
  #count(word: number): void {
    (this.#cells[this.#own + word] as number)++;
  }

  // Joins

  /** All others will come, as far as is known. Said before any of them can know of the call. */
  expectAll(): void {
    const cells = this.#cells;
    for (let line = HEAD; line < cells.length; line += LINE) {
      if (line === this.#own) continue;
      store(cells, line + EXPECTED, 1);
      add(cells, HUNGRY, 1);
    }
  }

  /** A function that this thread lacks. It takes nothing any more. */
  get missing(): Missing | undefined {
    return this.#missing;
  }

  /** Both results. If one throws that is thrown, the first one's first; neither goes on then. */
  join(a: Branch, b: Branch): [unknown, unknown] {
    this.#requireOpen();
    this.#count(JOINS);
    const frame: Frame = { branch: b, slot: -1 };
    const path = this.#path;
    const forkedMs = path?.ms ?? 0;
    let first: unknown;
    let firstMs = 0;
    try {
      this.#frames.push(frame);
      if (load(this.#cells, HUNGRY) > 0) this.#offer();
      const [fn, args] = a;
      first = fn(...args);
      // The second branch begins where the first one did.
      if (path !== undefined) firstMs = path.goOnFrom(forkedMs);
    } catch (error) {
      // A stack that overflows may have done so before it was in the list.
      if (this.#frames.at(-1) === frame) this.#frames.pop();
      if (frame.slot !== -1) this.#abandon(frame.slot);
      throw error;
    }
    this.#frames.pop();
    if (frame.slot !== -1) {
      this.#offered--;
      const outcome = this.#outcomeOf(frame.slot);
      if (outcome !== undefined && !("missing" in outcome)) {
        path?.goOnFrom(Math.max(firstMs, forkedMs + (outcome.spanMs ?? 0)));
        return [first, valueOf(outcome)];
      }
      // Until here it has waited.
      path?.goOnFrom(forkedMs);
    } else if (load(this.#cells, HUNGRY) > 0) this.#offer();
    const [fn, args] = b;
    if (path === undefined) return [first, fn(...args)];
    try {
      return [first, fn(...args)];
    } finally {
      path.goOnFrom(Math.max(firstMs, path.ms));
    }
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
      const state = load(cells, this.#slotAt(slot) + STATE);
      // The first one: thieves look at them in this order, and so take the oldest.
      if (state === EMPTY && free === -1) free = slot;
      else if (state === OFFERED) open++;
    }
    if (free === -1 || open >= load(cells, HUNGRY)) return;
    const [fn, args] = frame.branch;
    const at = this.#slotAt(free);
    try {
      const bytes = encodeValue([nameOf(fn), args]);
      const handle = heap().handleOf(makePayload(heap(), 0, bytes));
      cells[at + BYTES] = bytes.length;
      cells[at + HANDLE_HIGH] = Math.floor(handle / HANDLE_UNIT);
      cells[at + HANDLE_LOW] = handle % HANDLE_UNIT;
    } catch {
      // It is done here. So are those after it, as the oldest goes first.
      this.#refused = frame;
      this.#count(REFUSED);
      return;
    }
    frame.slot = free;
    this.#offered++;
    store(cells, at + STATE, OFFERED);
    add(cells, WORK, 1);
    notify(cells, WORK, 1);
  }

  #slotAt(slot: number): number {
    return this.#own + FIRST_SLOT + SLOT_CELLS * slot;
  }

  /** What a thief has made of an offer; `undefined` if none took it, and then it is an offer no more. */
  #outcomeOf(slot: number): Outcome | undefined {
    const cells = this.#cells;
    const at = this.#slotAt(slot);
    if (compareExchange(cells, at + STATE, OFFERED, EMPTY) === OFFERED) {
      heap().free(this.#handleIn(at));
      this.#expectOneFewer();
      return undefined;
    }
    if (load(cells, at + STATE) >= TAKEN) this.#waitForThief(at);
    const hasFailed = load(cells, at + STATE) === FAILED;
    // As an offset, which may be more than a cell holds without a sign.
    const result = (cells[at + RESULT] as number) >>> 0;
    try {
      if (hasFailed) throw noMemory();
      const bytes = bytesOfPayload(heap(), result, cells[at + RESULT_BYTES] as number);
      return decodeValue(bytes, arrival as never) as Outcome;
    } finally {
      if (!hasFailed) freePayload(heap(), result, heap().slot);
      heap().free(this.#handleIn(at));
      store(cells, at + STATE, EMPTY);
    }
  }

  #waitForThief(at: number): void {
    const cells = this.#cells;
    add(cells, HUNGRY, 1);
    try {
      const isOver = (): boolean => load(cells, at + STATE) < TAKEN;
      this.#doOthersUntil(FOR_THIEF, isOver, SLEEP_MS, () => this.#requireThief(at));
    } finally {
      add(cells, HUNGRY, -1);
    }
  }

  #handleIn(at: number): Handle {
    return (this.#cells[at + HANDLE_HIGH] as number) * HANDLE_UNIT + (this.#cells[at + HANDLE_LOW] as number);
  }

  /** The other branch threw: nothing of this one is to go on when that is told. */
  #abandon(slot: number): void {
    this.#offered--;
    const failedMs = this.#path?.ms ?? 0;
    try {
      this.#outcomeOf(slot);
    } catch {
      // The first failure counts.
    }
    this.#path?.goOnFrom(failedMs);
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
    const cells = this.#cells;
    const state = load(cells, at + STATE);
    if (state < TAKEN) return;
    const line = lineOf(state - TAKEN);
    if (!heap().hasEnded({ slot: cells[line + THREAD] as number, state: cells[line + LIFE] as number })) return;
    // Its last step may have been to be done; and who then came in its place may have written over what was read.
    if (load(cells, at + STATE) < TAKEN) return;
    this.close();
    heap().free(this.#handleIn(at));
    throw new WorkerLostError("SKEIN_WORKER_LOST", "a thread ended while it worked on a branch of a join");
  }

  // Doing what others offer

  /**
   * Does what others offer until the call is closed.
   *
   * @param isToLeave - asked after each sleep and each branch: whether to leave before that
   * @returns true if it has left, to come again
   */
  serve(isToLeave?: () => boolean): boolean {
    const cells = this.#cells;
    const sleepMs = isToLeave === undefined ? SLEEP_MS : LOOK_MS;
    this.enter();
    if (exchange(cells, this.#own + EXPECTED, 0) === 0) add(cells, HUNGRY, 1);
    const isOver = (): boolean => this.isClosed || this.#missing !== undefined;
    const hasLeft = this.#doOthersUntil(FOR_OFFERS, isOver, sleepMs, undefined, isToLeave);
    if (!hasLeft) {
      add(cells, HUNGRY, -1);
      return false;
    }
    // Until it comes again it is expected, as it was at first. A wake-up that it may have had is another's.
    store(cells, this.#own + EXPECTED, 1);
    notify(cells, WORK, 1);
    return true;
  }

  /**
   * For who counts as hungry: does what others offer, and sleeps where there is nothing, until that is over.
   *
   * @param what - it sleeps for, as recordings show it
   * @returns true if it is left before
   */
  #doOthersUntil(
    what: string,
    isOver: () => boolean,
    sleepMs: number,
    hasSleptLong?: () => void,
    isToLeave?: () => boolean,
  ): boolean {
    const cells = this.#cells;
    const wasAtWork = this.#standsStill();
    try {
      for (let looks = 0; ; looks++) {
        // Before what is looked at: what changes after the look has the sleep not begin.
        const seen = load(cells, WORK);
        if (isOver()) return false;
        if (this.#doOneOfOthers()) looks = 0;
        else if (looks < this.#looks) continue;
        else {
          this.#sleep ??= TracedSleep.begin(what);
          if (wait(cells, WORK, seen, sleepMs) === "timed-out") hasSleptLong?.();
        }
        if (isToLeave?.() === true) return true;
      }
    } finally {
      if (wasAtWork) this.#goesOn();
      this.#sleep?.end();
      this.#sleep = undefined;
    }
  }

  /** @returns false if nobody offers anything */
  #doOneOfOthers(): boolean {
    const cells = this.#cells;
    // Nothing is begun that nobody wants any more, or that this thread can't do.
    if (this.isClosed || this.#missing !== undefined) return false;
    for (let line = HEAD; line < cells.length; line += LINE) {
      if (line === this.#own) continue;
      const end = line + FIRST_SLOT + SLOTS * SLOT_CELLS;
      for (let at = line + FIRST_SLOT; at < end; at += SLOT_CELLS) {
        if (load(cells, at + STATE) !== OFFERED) continue;
        if (compareExchange(cells, at + STATE, OFFERED, TAKEN + this.#participant) !== OFFERED) continue;
        let state = FAILED;
        let isHungry = true;
        try {
          add(cells, HUNGRY, -1);
          isHungry = false;
          state = this.#do(at, line);
        } catch {
          // There is no memory for what came of it, or no stack.
        }
        // Whatever happened, its owner learns that it is over.
        store(cells, at + STATE, state);
        add(cells, WORK, 1);
        notify(cells, WORK);
        if (!isHungry) add(cells, HUNGRY, 1);
        return true;
      }
    }
    return false;
  }

  /** @returns the slot's next state */
  #do(at: number, ownerLine: number): number {
    const cells = this.#cells;
    const branch = this.#branchIn(at);
    // Its owner has ended: nobody waits for it.
    if (branch === undefined) return FAILED;
    const [name, args] = branch;
    const [fn] = functionsOf([name]);
    if (fn === undefined) this.#missing = missingHere(name);
    const bytes =
      fn === undefined ? encodeValue({ missing: name } satisfies Outcome) : this.#outcomeOfBranch(name, fn, args);
    const payload = makePayload(heap(), 0, bytes);
    const handle = heap().handleOf(payload);
    const owner = { slot: cells[ownerLine + THREAD] as number, state: cells[ownerLine + LIFE] as number };
    handOver(heap(), payload, owner.slot);
    cells[at + RESULT] = payload;
    cells[at + RESULT_BYTES] = bytes.length;
    // An exchange, so that its owner's end is read after that: who puts in order what a thread leaves
    // has either seen this in its hands, or has said before that it has ended.
    add(cells, WORK, 0);
    if (heap().isSaidToHaveEnded(owner)) heap().free(handle);
    return DONE;
  }

  /** Does it, which recordings show as a job of this thread. */
  #outcomeOfBranch({ key }: FunctionName, fn: ItemCallback, args: readonly unknown[]): Uint8Array {
    const interruptedMs = this.#path?.goOnFrom(0) ?? 0;
    const traced = Traced.begin(`${key}, stolen`);
    try {
      traced?.enter();
      return this.part(() => bytesOfOutcome(fn, args, this.#path));
    } finally {
      this.#count(STEALS);
      traced?.leave(true);
      this.#path?.goOnFrom(interruptedMs);
    }
  }

  /** @returns `undefined` if its owner has ended */
  #branchIn(at: number): readonly [name: FunctionName, args: readonly unknown[]] | undefined {
    const handle = this.#handleIn(at);
    const offset = heap().locate(handle);
    if (offset === undefined) return undefined;
    const bytes = bytesOfPayload(heap(), offset, this.#cells[at + BYTES] as number).slice();
    if (!heap().livedTillNow(handle)) return undefined;
    return decodeValue(bytes, arrival as never) as [FunctionName, readonly unknown[]];
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

function lineOf(participant: number): number {
  return HEAD + LINE * participant;
}

/** What came of a branch; what can't cross is told in place of it. */
function bytesOfOutcome(fn: ItemCallback, args: readonly unknown[], path: Path | undefined): Uint8Array {
  try {
    const value = fn(...args);
    try {
      return encodeValue((path === undefined ? { value } : { value, spanMs: path.ms }) satisfies Outcome);
    } catch (error) {
      throw new TransferError(
        `what a branch of a join gave can't be passed to the thread that joins: ${describeThrown(error)}`,
        { cause: error },
      );
    }
  } catch (error) {
    try {
      const thrown = encodeThrown(error);
      return encodeValue((path === undefined ? { thrown } : { thrown, spanMs: path.ms }) satisfies Outcome);
    } catch {
      const thrown = new TransferError(
        `a branch of a join threw what can't be passed to the thread that joins: ${describeThrown(error)}`,
      );
      const told = { thrown: encodeThrown(thrown) };
      return encodeValue((path === undefined ? told : { ...told, spanMs: path.ms }) satisfies Outcome);
    }
  }
}

function noMemory(): Error {
  return new SharedMemoryError(
    "SKEIN_OUT_OF_SHARED_MEMORY",
    "there is no shared memory, or no stack, left in which a thread could give back what it made of a branch of a join. " +
      "Dispose of shared objects that are no longer needed; liveSharedObjects() lists them",
  );
}

function valueOf(outcome: Exclude<Outcome, { readonly missing: unknown }>): unknown {
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
  forks.enter();
  try {
    return body();
  } finally {
    current = before;
  }
}
