/**
 * Barriers that threads share: a fixed number of parties wait until all of them
 * have come, round after round.
 *
 * Layout of its own cells, behind the monitor's
 *   PARTIES   how many meet; never changes
 *   BROKEN    1 from the death of a party on, until `reset`
 *   COME      parties that have come in this round
 *   from byte ROUNDS of the block, Float64
 *     ROUND   rounds that are over, so the number of this one; it is one write that
 *             ends a round
 *     for each slot, two:
 *       CAME    the last round in which the slot's thread came, times MOST_PARTIES,
 *               plus how many of its jobs came in that
 *       FAILED  the last round in which its jobs were told of a death
 *
 * Invariants, outside the monitor
 * - COME is the sum over the slots whose CAME is of this round, and less than
 *   PARTIES: who makes it PARTIES ends the round in the same visit.
 * - While BROKEN, nobody comes, and FAILED of every slot that came in this round is
 *   this round.
 *
 * Each of the writes of CAME, ROUND and BROKEN is the moment at which the thing
 * happened. A thread stopped behind it, before it made the rest agree, leaves that
 * to `threadEnded`, which computes it anew.
 *
 * A job asks whether the round in which it came has failed before it asks whether
 * that is over. Its slot's FAILED can't have gone on to a later round by then: a
 * thread hears of its earlier rounds before it comes to another.
 */
import { type Cancel, cancelNodeOf, type CancelNode } from "../async/cancel.js";
import { requireOptions, requireWhole } from "../async/guard.js";
import { OwnerDiedError } from "../core/errors.js";
import { ProbedResource, ProbeResource } from "../core/probe.js";
import { MOST_SLOTS } from "./heap.js";
import { Monitor, MONITOR_CELLS } from "./monitor.js";
import { HEADER_BYTES, Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { SharedWaits, type Waitable, waitBlocked } from "./waiting.js";

const PARTIES = MONITOR_CELLS;
const BROKEN = MONITOR_CELLS + 1;
const COME = MONITOR_CELLS + 2;
const CELLS = MONITOR_CELLS + 3;
/** Counted from the block: a multiple of 8. */
const ROUNDS: number = HEADER_BYTES + CELLS * 4;
const ROUND = 0;
const CAME = 1;
const FAILED: number = CAME + MOST_SLOTS;
const ROUNDS_BYTES = (FAILED + MOST_SLOTS) * 8;

/** So many fit into CAME with a round's number, to 2^33 rounds. */
const MOST_PARTIES = 2 ** 20;

/** How a shared barrier is made. */
export interface SharedBarrierOptions extends SharedOptions {
  /** How many meet: a whole number from 1 to 2^20 - 1. */
  readonly parties: number;
}

/** Counters of a barrier at one moment. */
export interface SharedBarrierStatistics {
  readonly parties: number;
  /** Parties of all threads that have come and wait for the others. */
  readonly waiting: number;
  /** Rounds that are over. */
  readonly rounds: number;
  /** True from the death of a party on, until `reset`. */
  readonly isBroken: boolean;
}

/** How a wait ended. */
type Ending = "last" | "passed" | "broken";

/**
 * Makes jobs of several threads wait for each other, round after round.
 *
 * Use it between the phases of work that several threads do in step.
 *
 * **A party that dies** A thread that ends while its job waits here, or ran a job
 * that took part in the round before, would be missing for ever. The barrier breaks:
 * those that wait, and those that come, fail with `SKEIN_OWNER_DIED` until somebody
 * has called `reset`.
 *
 * **Threads** Any; one thread may have several parties.
 *
 * @example
 * ```ts
 * const inStep = new Barrier({ parties: 2 });
 * await scope(async (s) => {
 *   for (const name of ["a", "b"]) {
 *     s.spawn(async () => {
 *       const isLast = await inStep.wait(s);
 *       if (isLast) console.log(name, "came last");
 *     });
 *   }
 * });
 * ```
 *
 * @since 0.1.0
 */
export class Barrier extends SharedObject {
  readonly #monitor: Monitor;
  readonly #over: Waitable<Ending, number>;
  readonly #waits: SharedWaits<Ending, number>;
  readonly #rounds: Float64Array;

  constructor(options: SharedBarrierOptions | Place) {
    if (!(options instanceof Place)) {
      requireOptions("a shared barrier", options);
      requireWhole("a shared barrier's parties", options.parties, 1, MOST_PARTIES - 1);
    }
    super(Kind.barrier, CELLS, options, ROUNDS_BYTES);
    this.#rounds = new Float64Array(this.heap.buffer, this.offset + ROUNDS, FAILED + MOST_SLOTS);
    this.#monitor = new Monitor(this.heap, this.cells, this.offset, this.name);
    this.#over = this.#monitor.waitable(`shared barrier "${this.name}"`, (round) => this.#ending(round), {
      competes: false,
      resource: new ProbedResource(ProbeResource.barrier, this.name, -this.offset),
    });
    this.#waits = new SharedWaits(this.#over);
    if (options instanceof Place) return;
    this.cells[PARTIES] = options.parties;
    this.#rounds.fill(-1, CAME);
    this.made();
  }

  get parties(): number {
    return this.cells[PARTIES] as number;
  }

  /**
   * Waits until all parties have come.
   *
   * **Cancels** The party leaves as if it had not come; the others go on waiting
   * until another takes its place.
   *
   * **Throws** `SKEIN_CANCELLED`; `SKEIN_OWNER_DIED` if a party's thread has ended.
   *
   * @returns true to the party that came last, false to the others: that one may do
   *   what is to be done once a round
   */
  async wait(cancel?: Cancel): Promise<boolean> {
    const node = this.#checked(cancel);
    const round = this.#come();
    if (round === undefined) return true;
    try {
      return this.#outcome(await this.#waits.wait(round, node));
    } catch (error) {
      // Cancelled, perhaps in the turn in which the round ended: then the others
      // have gone on with it.
      this.#leave(round);
      throw error;
    }
  }

  /** As `wait`, blocking this thread; throws `SKEIN_CANNOT_BLOCK` on the main thread of a page. */
  waitSync(cancel?: Cancel): boolean {
    const node = this.#checked(cancel);
    const round = this.#come();
    if (round === undefined) return true;
    try {
      return this.#outcome(waitBlocked(this.#over, round, node));
    } catch (error) {
      this.#leave(round);
      throw error;
    }
  }

  /**
   * Begins a new round after a party has died. Those that wait in the broken one
   * fail, if they have not yet. A barrier that is not broken stays as it is.
   */
  reset(): void {
    this.requireAlive();
    this.#monitor.inside(() => {
      if (this.cells[BROKEN] === 0) return;
      this.#endRound();
      // Behind the end of the round: stopped between the two, the barrier is broken
      // still, with nobody in it.
      this.cells[BROKEN] = 0;
    });
    this.#monitor.changed();
  }

  statistics(): SharedBarrierStatistics {
    return this.#monitor.inside(() => ({
      parties: this.parties,
      waiting: this.cells[COME] as number,
      rounds: this.#rounds[ROUND] as number,
      isBroken: this.cells[BROKEN] === 1,
    }));
  }

  /** This thread's party comes. @returns the round to wait for, or `undefined` if it was the last to come */
  #come(): number | undefined {
    this.requireAlive();
    // Those of this thread that came before hear of their rounds first: FAILED keeps
    // the last one only.
    this.#waits.serve();
    const { cells } = this;
    const came = this.#monitor.inside(() => {
      if (cells[BROKEN] === 1) return "broken";
      const round = this.#rounds[ROUND] as number;
      this.#setComeOf(this.heap.slot, round, this.#comeOf(this.heap.slot, round) + 1);
      const come = (cells[COME] as number) + 1;
      cells[COME] = come;
      if (come < this.parties) return round;
      this.#endRound();
      return "last";
    });
    if (came === "broken") throw this.#brokenError();
    if (came !== "last") return came;
    this.#monitor.changed();
    return undefined;
  }

  /** Inside. */
  #endRound(): void {
    this.#rounds[ROUND] = (this.#rounds[ROUND] as number) + 1;
    this.cells[COME] = 0;
  }

  /** Inside. */
  #ending(round: number): Ending | undefined {
    if (this.#rounds[FAILED + this.heap.slot] === round) return "broken";
    return this.#rounds[ROUND] === round ? undefined : "passed";
  }

  #outcome(ending: Ending): boolean {
    if (ending === "broken") throw this.#brokenError();
    return false;
  }

  #leave(round: number): void {
    this.#monitor.inside(() => {
      if (this.#rounds[ROUND] !== round || this.cells[BROKEN] === 1) return;
      this.#setComeOf(this.heap.slot, round, this.#comeOf(this.heap.slot, round) - 1);
      this.cells[COME] = (this.cells[COME] as number) - 1;
    });
  }

  /** Inside: how many parties of a slot have come in that round. */
  #comeOf(slot: number, round: number): number {
    const came = this.#rounds[CAME + slot] as number;
    return Math.floor(came / MOST_PARTIES) === round ? came % MOST_PARTIES : 0;
  }

  #setComeOf(slot: number, round: number, count: number): void {
    this.#rounds[CAME + slot] = round * MOST_PARTIES + count;
  }

  /** @internal */
  override threadEnded(slot: number, wasBusy: boolean): boolean {
    const { cells } = this;
    return this.#monitor.threadEnded(slot, () => {
      const round = this.#rounds[ROUND] as number;
      let come = 0;
      for (let other = 0; other < MOST_SLOTS; other++) come += this.#comeOf(other, round);
      cells[COME] = come;
      // It was the last to come, and was stopped before it could say so.
      if (come === this.parties) this.#endRound();
      const isMissed = wasBusy && this.#tookPart(slot);
      if (isMissed) cells[BROKEN] = 1;
      else this.#removeIdle(slot);
      if (cells[BROKEN] === 0) return;
      // Also where the thread that ended now was breaking the barrier for another.
      const failed = this.#rounds[ROUND] as number;
      for (let other = 0; other < MOST_SLOTS; other++) {
        if (this.#comeOf(other, failed) > 0) this.#rounds[FAILED + other] = failed;
      }
      this.#rounds[CAME + slot] = -1;
    });
  }

  /** Inside: whether a slot's thread has come in this round, or in the one before. */
  #tookPart(slot: number): boolean {
    const round = this.#rounds[ROUND] as number;
    return this.#comeOf(slot, round) > 0 || this.#comeOf(slot, round - 1) > 0;
  }

  /** Inside: a thread without a job has ended; what it left waiting here leaves. */
  #removeIdle(slot: number): void {
    this.cells[COME] = (this.cells[COME] as number) - this.#comeOf(slot, this.#rounds[ROUND] as number);
    this.#rounds[CAME + slot] = -1;
  }

  #checked(cancel: Cancel | undefined): CancelNode | undefined {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    return node;
  }

  #brokenError(): OwnerDiedError {
    return new OwnerDiedError(
      `a thread ended that was a party of shared barrier "${this.name}", so the others would wait for it for ever: ` +
        "call reset() when as many parties as it has are there again",
    );
  }
}
