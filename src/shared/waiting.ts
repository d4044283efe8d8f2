/**
 * Waiting for other threads, built once: the only place in this room that blocks a
 * thread or suspends a caller.
 *
 * A structure is a core that never waits, plus a word on which threads sleep while
 * the core has nothing for them. Both kinds of wait, blocking and not, follow one
 * order:
 *
 *   mark   say that somebody waits, and learn for which value of the word it is
 *          right to sleep
 *   try    once more
 *   sleep  while the word has that value
 *
 * and whoever changes the core so that somebody can go on *changes the word* and
 * then wakes sleepers, if any are marked.
 *
 * No wake-up is lost. A change either comes before the try, which then sees it; or
 * after it, so after the mark too: then whoever made it finds somebody marked,
 * changes the word, and the sleeper does not fall asleep, or is woken. Without the
 * second try a change between the first and the mark would wake nobody. A waker
 * that left the word as it was would lose the wake-up of a sleeper between its try
 * and its sleep.
 *
 * A promise to wait on shared memory can't be taken back, and one left behind would
 * swallow a wake-up meant for another. So a thread has one of them a word, for all
 * its jobs that wait there; a job that is cancelled leaves this thread's queue, and
 * when it was the last, all sleepers are woken, the promise among them. To wake
 * with the word unchanged is harmless: nothing has changed for anybody, so who was
 * about to sleep may as well.
 *
 * Nothing but a thread that runs keeps such a promise: while one is pending, the
 * process is held alive.
 */
import { type SharedCells, wait, waitAsync } from "#atomics";
import { holdProcess, nowMs, setTurn } from "#clock";
import { randomFraction } from "#random";

import { type CancelNode } from "../async/cancel.js";
import { SELECTABLE, type Selectable } from "../async/select.js";
import { type Waiter, WaitQueue } from "../async/wait-queue.js";
import { MisuseError } from "../core/errors.js";
import { probe, type ProbedResource, ProbeKind, ProbeOutcome, type ProbeOutcomeValue } from "../core/probe.js";
import { nextIdentity } from "../core/thread.js";
import { beginOutsideWork, endOutsideWork } from "../core/outside-work.js";
import { heap } from "./heap.js";
import { heldAround } from "./held.js";
import { sayAsleep, sayAwake } from "./sleep.js";
import { deadlockOfJob, deadlockOfThread } from "./wait-graph.js";
import { numberJobWait, publish, withdraw } from "./wait-table.js";

/** The core of a structure, as a wait sees it. `Wish` is what a caller asks for. */
export interface Waitable<T, Wish> {
  /** Where the word is. */
  readonly cells: SharedCells;
  readonly word: number;
  /** What is waited for, as dumps and messages name it. */
  readonly label: string;
  /** The block that the structure lives in, for the search for deadlocks. */
  readonly offset: number;
  /** What it is in recordings; `undefined` for what is held for a moment only. */
  readonly resource: ProbedResource | undefined;
  /** How long this thread spins for it. */
  readonly budget: SpinBudget;
  /** Grants the wish if that is possible now; never waits. `undefined` if it is not. */
  tryGrant(wish: Wish): T | undefined;
  /** As `tryGrant`, for who has not marked yet, and tries again and again. */
  trySpinning(wish: Wish): T | undefined;
  /**
   * Says that this thread waits; `unmark` follows.
   *
   * @param isInLoop - whether it is to hear of a wake-up by its event loop: so perhaps not soon
   * @returns the word's value at which to sleep
   */
  mark(isInLoop: boolean): number;
  unmark(): void;
  /** This thread has waited for long although it was woken: from now on others should let it pass. */
  insist(wish: Wish): void;
  /**
   * A wait of this thread ends without a grant: takes back that it insists, and has
   * all sleepers look again. A wake-up that this wait had belongs to one of them;
   * and a promise of this thread on the word, now wanted by nobody, settles by it.
   */
  passOn(): void;
  /** How much of the structure's `room` the wish takes until it is given back; 0 for what nobody holds. */
  amountOf(wish: Wish): number;
}

/** A waiter that was woken, and still has nothing after so long, insists. */
const INSISTS_AFTER_MS = 1;

/** How long a thread that can be cancelled sleeps before it looks whether it was. */
const CANCEL_LOOK_MS = 20;

/** How long a thread sleeps before it looks whether one has ended that it may wait for; again and again. */
const FIRST_LOOK_MS = 50;

/** How long until it looks whether anybody could ever wake it; then the looks are as far apart. */
const STALL_LOOK_MS = 1000;

let look: () => void = () => undefined;

/** Has `found` called now and then while a thread blocks. */
export function onLongWait(found: () => void): void {
  look = found;
}

/**
 * Tries before it sleeps: from about the time that a short critical section takes to
 * about what a wake-up costs the thread that makes it, so that never more is lost by
 * spinning than sleeping would have cost.
 */
const FEWEST_SPINS = 40;
const MOST_SPINS = 1000;
/** One wait in so many spins for long, to learn whether that pays now. */
const PROBE_EVERY = 16;

/** How long it pays to spin for one structure on this thread: a moving average of the tries that waits took. */
export class SpinBudget {
  #average = 0;
  #waits = 0;

  /** Tries for the next wait. */
  get spins(): number {
    if (++this.#waits % PROBE_EVERY === 0) return MOST_SPINS;
    return Math.min(MOST_SPINS, FEWEST_SPINS + 2 * this.#average);
  }

  /** A wait was granted after so many tries. */
  paid(spins: number): void {
    this.#average += (spins - this.#average) / 8;
  }

  /** A wait had to sleep all the same. */
  didNotPay(): void {
    this.#average -= this.#average / 8;
  }
}

/** Blocks this thread until the wish is granted. Throws if `cancel` is cancelled, or its deadline passes. */
export function waitBlocked<T, Wish>(on: Waitable<T, Wish>, wish: Wish, cancel: CancelNode | undefined): T {
  const { budget } = on;
  for (let spin = 0, { spins } = budget; spin < spins; spin++) {
    const granted = on.trySpinning(wish);
    if (granted === undefined) continue;
    budget.paid(spin);
    return granted;
  }
  budget.didNotPay();
  const ring = probe.ring;
  if (ring === undefined) return waitAsleep(on, wish, cancel);
  const traced = nextIdentity();
  let outcome: ProbeOutcomeValue = ProbeOutcome.failed;
  ring.write(ProbeKind.waitBegin, traced, cancel?.id ?? 0, ring.text(`${on.label} (blocked)`));
  if (on.resource !== undefined) ring.waitsOn(traced, on.resource);
  try {
    const granted = waitAsleep(on, wish, cancel);
    outcome = ProbeOutcome.done;
    return granted;
  } finally {
    probe.ring?.write(ProbeKind.waitEnd, traced, 0, outcome);
  }
}

function waitAsleep<T, Wish>(on: Waitable<T, Wish>, wish: Wish, cancel: CancelNode | undefined): T {
  const beganMs = nowMs();
  let nextLookMs = beganMs + FIRST_LOOK_MS;
  const amount = on.amountOf(wish);
  for (;;) {
    const expected = on.mark(false);
    let wasWoken: boolean;
    try {
      const granted = on.tryGrant(wish);
      if (granted !== undefined) {
        on.unmark();
        return granted;
      }
      cancel?.checkpoint();
      const now = nowMs();
      if (now >= nextLookMs) {
        look();
        const isStalled = now - beganMs >= STALL_LOOK_MS;
        // One that may give up by itself is refused nothing.
        if (isStalled && amount > 0 && !hasDeadline(cancel)) {
          const suspicion = deadlockOfThread(heap(), on.offset, amount);
          if (suspicion !== undefined) throw suspicion();
        }
        // Who looks is awake, so two that fell asleep at one moment and looked at one
        // moment would each find the other awake, again and again.
        nextLookMs = now + (isStalled ? STALL_LOOK_MS * (1 + randomFraction() / 4) : FIRST_LOOK_MS);
        // It may have changed what is waited for.
        on.unmark();
        continue;
      }
      wasWoken = sleep(on, expected, amount, nextLookMs - now, cancel);
    } catch (error) {
      on.unmark();
      on.passOn();
      throw error;
    }
    on.unmark();
    if (wasWoken && nowMs() - beganMs >= INSISTS_AFTER_MS) on.insist(wish);
  }
}

function hasDeadline(cancel: CancelNode | undefined): boolean {
  return cancel !== undefined && cancel.deadlineMs !== Infinity;
}

/** @returns false if nobody woke it */
function sleep(
  on: Waitable<unknown, never>,
  expected: number,
  amount: number,
  untilLookMs: number,
  cancel: CancelNode | undefined,
): boolean {
  const inUse = heap();
  const untilDeadlineMs = cancel === undefined ? Infinity : Math.max(0, cancel.deadlineMs - nowMs());
  const mostMs = Math.min(untilDeadlineMs, cancel === undefined ? untilLookMs : CANCEL_LOOK_MS);
  sayAsleep(inUse, on.offset, amount, hasDeadline(cancel));
  try {
    return wait(on.cells, on.word, expected, mostMs) !== "timed-out";
  } catch (error) {
    throw new MisuseError(
      "SKEIN_CANNOT_BLOCK",
      `${on.label} can't block here: this thread must not, as the main thread of a page. Use the verb without "Sync", which gives a promise`,
      { cause: error },
    );
  } finally {
    sayAwake(inUse);
  }
}

/** The jobs of this thread that wait for one structure. */
export class SharedWaits<T, Wish> {
  readonly #on: Waitable<T, Wish>;
  readonly #queue: WaitQueue<T, Wish>;
  /** For each job that has told others of its wait: ends that. */
  readonly #published = new Map<Waiter<T, Wish>, () => void>();
  /** The promise on the word that is pending; `undefined` if there is none that anybody wants. */
  #armed: { readonly letGo: () => void } | undefined = undefined;
  #waitingSinceMs = 0;

  constructor(on: Waitable<T, Wish>) {
    this.#on = on;
    this.#queue = new WaitQueue<T, Wish>(on.label, (waiter) => this.#left(waiter), on.resource);
  }

  /** Jobs that wait. */
  get size(): number {
    return this.#queue.size;
  }

  /** Suspends the caller until its wish is granted. The caller has passed a checkpoint of `cancel` in this turn. */
  async wait(wish: Wish, cancel: CancelNode | undefined): Promise<T> {
    if (this.#queue.size === 0) {
      const granted = this.#on.tryGrant(wish);
      if (granted !== undefined) return granted;
      this.#waitingSinceMs = nowMs();
    }
    const { waiter, promise } = this.#queue.suspend(cancel, wish);
    this.#serve();
    if (!waiter.isOver) this.#publish(waiter, cancel);
    return promise;
  }

  /** Grants now what can be granted, without waiting for this thread's loop to hear of it. */
  serve(): void {
    if (!this.#grantOldest()) this.#disarm();
  }

  /** Nobody wants the promise any more, if there is one: a wake-up that it has had, or will have, belongs to others. */
  #disarm(): void {
    if (this.#armed === undefined) return;
    this.#armed.letGo();
    this.#on.passOn();
  }

  /**
   * Tells all threads of a wait inside blocks, which can't end before, and ends the
   * wait if thereby all in a circle wait for each other.
   *
   * One of the jobs in a circle finds it: of those, the last to publish sees all,
   * for each had its block before it waited. If threads sleep in it, they look too,
   * again and again.
   */
  #publish(waiter: Waiter<T, Wish>, cancel: CancelNode | undefined): void {
    const amount = this.#on.amountOf(waiter.payload);
    const around = amount === 0 ? [] : heldAround(cancel);
    if (cancel === undefined || around.length === 0) return;
    const inHeap = heap();
    const number = numberJobWait(inHeap);
    const ends = around.flatMap(({ block, hold }) => {
      const entry = publish(inHeap, number, {
        held: hold.lock.offset,
        heldAmount: hold.amount,
        wanted: this.#on.offset,
        amount,
        // A deadline that is the block's own ends all of it; one set inside means:
        // try for so long, then go on without.
        mayLeave: cancel.deadlineMs < block.node.deadlineMs,
      });
      if (entry === undefined) return [];
      const end = (): void => {
        // The block may have closed before, if nobody awaited the wait.
        if (block.onClose?.delete(end) === true) withdraw(inHeap, entry);
      };
      (block.onClose ??= new Set()).add(end);
      return [end];
    });
    this.#published.set(waiter, () => ends.forEach((end) => end()));
    const suspicion = deadlockOfJob(inHeap, number);
    if (suspicion === undefined) return;
    // In a later turn once more: a job of the circle may be about to leave, as it was
    // cancelled, and the news of that be on its way.
    setTurn(() => {
      if (!waiter.isOver && deadlockOfJob(inHeap, number) !== undefined) waiter.cancel(suspicion());
    });
  }

  #withdraw(waiter: Waiter<T, Wish>): void {
    if (this.#published.size === 0) return;
    this.#published.get(waiter)?.();
    this.#published.delete(waiter);
  }

  /** Queues a case of a `select`. */
  park(wish: Wish, won: (value: T) => void, failed: (error: unknown) => void): ReturnType<WaitQueue<T, Wish>["park"]> {
    if (this.#queue.size === 0) this.#waitingSinceMs = nowMs();
    const waiter = this.#queue.park(wish, won, failed);
    // Not at once: whoever parks a case has yet to learn of it.
    queueMicrotask(() => this.#serve());
    return waiter;
  }

  /**
   * The wait as a case of `select`.
   *
   * @param attempt - as the core's `tryGrant`, or a quicker one
   * @param take - what the caller gets of what was granted; may throw
   */
  selectable<Outcome>(wish: Wish, attempt: () => T | undefined, take: (granted: T) => Outcome): Selectable<Outcome> {
    return {
      [SELECTABLE]: {
        attempt: () => {
          const granted = this.#queue.size > 0 ? undefined : attempt();
          return granted === undefined ? undefined : { value: take(granted) };
        },
        park: (won, failed) =>
          this.park(
            wish,
            (granted) => {
              let outcome: Outcome;
              try {
                outcome = take(granted);
              } catch (error) {
                return failed(error);
              }
              won(outcome);
            },
            failed,
          ),
      },
    };
  }

  /** Grants what can be granted, in order of arrival, and waits for a change of the word if somebody is left. */
  #serve(): void {
    const on = this.#on;
    for (;;) {
      if (!this.#grantOldest()) {
        this.#disarm();
        return;
      }
      if (this.#armed !== undefined) return; // woken by that
      const expected = on.mark(true);
      const before = this.#queue.size;
      this.#grantOldest();
      if (this.#queue.size < before) {
        on.unmark();
        continue;
      }
      const waiting = waitAsync(on.cells, on.word, expected);
      if (!waiting.async) {
        on.unmark();
        continue;
      }
      const release = holdProcess();
      beginOutsideWork();
      const arm = {
        letGo: () => {
          this.#armed = undefined;
          endOutsideWork();
          release();
          on.unmark();
        },
      };
      this.#armed = arm;
      // One that nobody wanted any more has let go before.
      void waiting.value.then(() => (this.#armed === arm ? this.#woken() : undefined));
      return;
    }
  }

  /** @returns whether anybody still waits */
  #grantOldest(): boolean {
    for (let oldest = this.#queue.oldest; oldest !== undefined; oldest = this.#queue.oldest) {
      const granted = this.#on.tryGrant(oldest.payload);
      if (granted === undefined) return true;
      this.#waitingSinceMs = nowMs();
      this.#withdraw(oldest);
      this.#queue.claim()?.resolve(granted);
    }
    return false;
  }

  #woken(): void {
    this.#armed?.letGo();
    const before = this.#queue.oldest;
    this.#serve();
    const oldest = this.#queue.oldest;
    if (oldest !== undefined && oldest === before && nowMs() - this.#waitingSinceMs >= INSISTS_AFTER_MS) {
      this.#on.insist(oldest.payload);
    }
  }

  /** A wait was cancelled. */
  #left(waiter: Waiter<T, Wish>): void {
    this.#withdraw(waiter);
    if (this.#queue.size > 0) {
      this.#serve(); // the next may want less
      return;
    }
    this.#armed?.letGo();
    this.#on.passOn();
  }
}
