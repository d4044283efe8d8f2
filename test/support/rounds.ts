/**
 * Rounds in which threads call random verbs of one structure at once, each round of a
 * structure of its own, and which are recorded, so that each is a short history.
 *
 * Layout of the board, as Int32 indexes
 *   CHANGES       bumped by each arrival; threads sleep on it
 *   then for each thread
 *     ARRIVED     rounds it has begun; one more than there are: it is done
 *     FIRST       records in its log when it began the round
 *     AWAKE       1 more than the last round in which it has seen that all have arrived
 *     ENDLESS     one of the states below; also written by who is about to stop the thread
 *     IDLE        1 more than the round in which it may wait for ever, or is done; or 0
 *     BEGUN       1 more than the last round in which it has begun a call, or is done
 *
 * But for ENDLESS each cell is written by its thread alone, and by the one that comes in its place
 * when it was stopped: that one goes on where its log ends. The structure's verbs are
 * called only after all have arrived.
 */
import { availableParallelism } from "node:os";

import type { History, HistoryWriter, Told } from "./history.js";
import type { Model, Operation } from "./linearizability.js";

const CHANGES = 0;
const FIRST_THREAD = 1;
const THREAD_CELLS = 6;

// Offsets from a thread's first cell.
const ARRIVED = 0;
const FIRST = 1;
const AWAKE = 2;
const IDLE = 3;
const ENDLESS = 4;
const BEGUN = 5;

// States of ENDLESS.
const NOT_ENDLESS = 0;
/** The thread is to call verbs without end when it is next in the middle of a round. */
const ASKED = 1;
/** It does. */
const IS_ENDLESS = 2;

/** Calls that a thread makes at most in the time that it takes to stop it. */
const ENDLESS_CALLS = 400;
/** How often the threads of one log are stopped at most. */
const MOST_STOPS = 10;

/** How long a thread that is awake spins for others to be so too: some times what it takes to wake one. */
const ALIGN_NS = 300_000;

/** How long a thread sleeps at most for others to begin: should one be stopped, another comes in its place. */
const BEGIN_MS = 1000;

/** Looks for a call of another thread before the next of its own: a few microseconds, if none comes. */
const PACE_LOOKS = 100;

/** Gives a whole number from 0 to one less than `end`. */
export type Random = (end: number) => number;

/** What a thread may call. `Own` is what it keeps while a round lasts, as guards. */
export interface Verb<Structure, Own = undefined> {
  /** As the model has it; several verbs may be the same to the model. */
  readonly op: string;
  /** How often it is chosen, in comparison to others; 1 by default, 0 for one that `unblock` or `last` names only. */
  readonly weight?: number;
  /** A random argument; `serial` is another number at each call in a round. 0 by default. */
  readonly argument?: (random: Random, serial: number, own: Own) => number;
  /** Whether the thread may call it now; it may by default. */
  readonly isPossible?: (own: Own) => boolean;
  /** True if it may wait until another thread does something. */
  readonly waits?: boolean;
  readonly call: (structure: Structure, argument: number, own: Own) => number | Promise<number>;
  /** What the two numbers mean to the model; nothing by default, so that neither matters. */
  readonly tell?: (argument: number, result: number) => Partial<Pick<Told, "argument" | "result">>;
}

/** A structure, as the rounds try it. */
export interface Subject<Structure, Own = undefined, State = unknown> {
  readonly name: string;
  readonly make: () => Structure;
  readonly model: Model<State>;
  /** @param index - of the thread, for verbs that one of them alone may call */
  readonly own: (index: number) => Own;
  readonly verbs: readonly Verb<Structure, Own>[];
  /** Index of the verb that lets go on who would otherwise wait for ever; needed if somebody could. */
  readonly unblock?: number;
  /** Index of the verb to be called next when the thread's round is over, until there is none. */
  readonly last?: (own: Own) => number | undefined;
}

/** What threads need to know of the rounds. */
export interface Rounds {
  readonly threads: number;
  readonly rounds: number;
  /** Calls of each thread in a round. */
  readonly calls: number;
  readonly seed: number;
  readonly board: SharedArrayBuffer;
}

export function makeRounds(options: Omit<Rounds, "board">): Rounds {
  return { ...options, board: new SharedArrayBuffer((FIRST_THREAD + options.threads * THREAD_CELLS) * 4) };
}

/** How many records a log needs: as many again for what ends a round as for its calls. */
export function logCapacity({ rounds, calls }: Rounds): number {
  return rounds * (2 * calls + 8) + MOST_STOPS * ENDLESS_CALLS;
}

/**
 * Has a thread go on calling verbs until it is stopped, and waits until it is at it,
 * or all is done. Else it would mostly be stopped between two rounds, where threads
 * spend most of their time.
 */
export async function isInTheMiddle(options: Rounds, index: number): Promise<void> {
  const cells = new Int32Array(options.board);
  const endless = FIRST_THREAD + index * THREAD_CELLS + ENDLESS;
  Atomics.store(cells, endless, ASKED);
  while (Atomics.load(cells, endless) !== IS_ENDLESS && !isDone(options)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Whether all threads have done all rounds. */
export function isDone({ threads, rounds, board }: Rounds): boolean {
  const cells = new Int32Array(board);
  return everyThread(threads, (first) => Atomics.load(cells, first + ARRIVED) > rounds);
}

/** What was recorded, a history for each round. */
export function historiesOf<Structure, Own>(
  { verbs }: Subject<Structure, Own>,
  { rounds }: Rounds,
  history: History,
): Operation[][] {
  return history.read(rounds, (index, argument, result) => {
    const { op, tell } = verbs[index] as Verb<Structure, Own>;
    return { op, argument: undefined, result: undefined, ...tell?.(argument, result) };
  });
}

/** Takes part in all rounds, as thread `index`. */
export async function takePart<Structure, Own>(
  subject: Subject<Structure, Own>,
  structures: readonly Structure[],
  options: Rounds,
  history: History,
  index: number,
): Promise<void> {
  const party = new Party(subject, options, history, index);
  for (let round = party.round; round < options.rounds; round++) {
    party.arrive(round);
    await party.play(round, structures[round] as Structure);
  }
  party.arrive(options.rounds);
}

class Party<Structure, Own> {
  readonly #subject: Subject<Structure, Own>;
  readonly #options: Rounds;
  readonly #history: History;
  readonly #writer: HistoryWriter;
  readonly #atOnce: number;
  /** Records of all logs after its own last call began. */
  #begunBefore = 0;
  readonly #index: number;
  readonly #cells: Int32Array<SharedArrayBuffer>;
  /** Its own cells. */
  readonly #first: number;

  constructor(subject: Subject<Structure, Own>, options: Rounds, history: History, index: number) {
    this.#subject = subject;
    this.#options = options;
    this.#history = history;
    this.#writer = history.writer(index);
    this.#atOnce = Math.min(options.threads, availableParallelism());
    this.#index = index;
    this.#cells = new Int32Array(options.board);
    this.#first = FIRST_THREAD + index * THREAD_CELLS;
    Atomics.store(this.#cells, this.#first + ENDLESS, NOT_ENDLESS);
  }

  /** The round it is in, or was stopped in. */
  get round(): number {
    return Math.max(0, Atomics.load(this.#cells, this.#first + ARRIVED) - 1);
  }

  /** Begins a round, or goes on with it, once all have arrived. */
  arrive(round: number): void {
    const cells = this.#cells;
    if (Atomics.load(cells, this.#first + ARRIVED) <= round) {
      // Before ARRIVED: one that is stopped between the two begins the round again.
      cells[this.#first + FIRST] = this.#writer.begun;
      Atomics.store(cells, this.#first + ARRIVED, round + 1);
      Atomics.add(cells, CHANGES, 1);
      Atomics.notify(cells, CHANGES);
    }
    for (;;) {
      // Whoever arrives after this look has changed the cell.
      const changes = Atomics.load(cells, CHANGES);
      if (this.#count(ARRIVED, round) === this.#options.threads) break;
      Atomics.wait(cells, CHANGES, changes);
    }
    // Threads are woken one by one, and the first could be through its calls before
    // the second is awake. So as many as can run at once begin at once.
    Atomics.store(cells, this.#first + AWAKE, round + 1);
    const giveUpNs = this.#history.now() + ALIGN_NS;
    while (this.#count(AWAKE, round) < this.#atOnce && this.#history.now() < giveUpNs);
  }

  /** How many threads have come into the round, by that cell of theirs. */
  #count(cell: number, round: number): number {
    let count = 0;
    for (let index = 0; index < this.#options.threads; index++) {
      if (Atomics.load(this.#cells, FIRST_THREAD + index * THREAD_CELLS + cell) > round) count++;
    }
    return count;
  }

  async play(round: number, structure: Structure): Promise<void> {
    const { calls, seed } = this.#options;
    const { last, own: makeOwn, unblock, verbs } = this.#subject;
    const own = makeOwn(this.#index);
    const first = this.#cells[this.#first + FIRST] as number;
    const endless = this.#first + ENDLESS;
    const random = randomFrom(seed + round * 1009 + this.#index * 9176 + this.#writer.begun);
    let end = calls;
    for (let done = this.#writer.begun - first; done < end; done = this.#writer.begun - first) {
      if (Atomics.compareExchange(this.#cells, endless, ASKED, IS_ENDLESS) === ASKED) end = done + ENDLESS_CALLS;
      const chosen = this.#choose(own, round, random);
      const argument = verbs[chosen]?.argument?.(random, this.#index * 1000 + done, own) ?? 0;
      await this.#call(round, chosen, structure, argument, own);
    }
    for (let next = last?.(own); next !== undefined; next = last?.(own)) {
      const argument = verbs[next]?.argument?.(random, 0, own) ?? 0;
      await this.#call(round, next, structure, argument, own);
    }
    this.#begunInRound(round); // also one that was stopped behind its last call
    // Of those that find themselves idle the last finds all of them to be, and lets go on who waits.
    Atomics.store(this.#cells, this.#first + IDLE, round + 1);
    if (unblock !== undefined && this.#areOthersIdle(round)) await this.#call(round, unblock, structure, 0, own);
  }

  /** A random verb, by weight; none that waits if all others may be waiting. Leaves IDLE set if it may wait. */
  #choose(own: Own, round: number, random: Random): number {
    const { unblock, verbs } = this.#subject;
    const idle = this.#first + IDLE;
    const choose = (mayWait: boolean): number => {
      const weightOf = (verb: Verb<Structure, Own>): number =>
        (verb.waits === true && !mayWait) || verb.isPossible?.(own) === false ? 0 : (verb.weight ?? 1);
      let rest = random(verbs.reduce((sum, verb) => sum + weightOf(verb), 0));
      return verbs.findIndex((verb) => (rest -= weightOf(verb)) < 0);
    };
    const chosen = choose(true);
    if (verbs[chosen]?.waits !== true || unblock === undefined) return chosen;
    // First said, then looked: of two that do so at once one at least sees the other.
    Atomics.store(this.#cells, idle, round + 1);
    if (!this.#areOthersIdle(round)) return chosen;
    Atomics.store(this.#cells, idle, 0);
    return choose(false);
  }

  async #call(round: number, verb: number, structure: Structure, argument: number, own: Own): Promise<void> {
    const { call } = this.#subject.verbs[verb] as Verb<Structure, Own>;
    this.#keepPace();
    this.#writer.begin(round, verb, argument);
    if (this.#begunInRound(round)) this.#waitForOthersToBegin(round);
    let result = call(structure, argument, own);
    if (typeof result !== "number") result = await result;
    this.#writer.end(result);
    Atomics.store(this.#cells, this.#first + IDLE, 0);
  }

  /** Says that it has begun a call. @returns whether that is the first of the round */
  #begunInRound(round: number): boolean {
    const begun = this.#first + BEGUN;
    if (Atomics.load(this.#cells, begun) > round) return false;
    Atomics.store(this.#cells, begun, round + 1);
    Atomics.add(this.#cells, CHANGES, 1);
    Atomics.notify(this.#cells, CHANGES);
    return true;
  }

  /**
   * Between the first call's beginning and the call itself: so the first calls of a
   * round overlap however the threads are scheduled, if need be all on one core.
   */
  #waitForOthersToBegin(round: number): void {
    const giveUpNs = this.#history.now() + BEGIN_MS * 1e6;
    for (;;) {
      // Whoever begins after this look has changed the cell.
      const changes = Atomics.load(this.#cells, CHANGES);
      if (this.#count(BEGUN, round) === this.#options.threads || this.#history.now() > giveUpNs) return;
      Atomics.wait(this.#cells, CHANGES, changes, BEGIN_MS);
    }
  }

  /** Calls in turn with others: what one does alone shows nothing. */
  #keepPace(): void {
    for (let look = 0; look < PACE_LOOKS && this.#history.begun === this.#begunBefore; look++);
    this.#begunBefore = this.#history.begun + 1; // with its own next
  }

  #areOthersIdle(round: number): boolean {
    const cells = this.#cells;
    return everyThread(
      this.#options.threads,
      (first) =>
        first === this.#first ||
        Atomics.load(cells, first + IDLE) === round + 1 ||
        Atomics.load(cells, first + ARRIVED) > round + 1,
    );
  }
}

function everyThread(threads: number, test: (first: number) => boolean): boolean {
  for (let index = 0; index < threads; index++) if (!test(FIRST_THREAD + index * THREAD_CELLS)) return false;
  return true;
}

/** Random numbers that a seed repeats (Marsaglia's xorshift). */
function randomFrom(seed: number): Random {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return (end) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % end;
  };
}
