/**
 * Waiting for jobs, built once: the only place in this room that suspends.
 *
 * A structure is a core that never waits plus queues of these waits. The core
 * tries; if it can't, the caller waits in a queue; whoever changes the core so
 * that a wait can end *claims* the oldest wait and settles it.
 *
 * Invariants
 * - A wait in the queue is not over. Claiming takes it out of the queue, and the
 *   claimer settles it in the same turn; cancelling takes it out and settles it
 *   too. Whichever comes first is the outcome, and the only one (law 11).
 * - A value handed to a claimed wait belongs to it although its code has not run
 *   on yet: nobody can take it away (law 21).
 * - No reaction stays behind: a settled wait is in no list (law 40).
 */
import { Link, List } from "../core/list.js";
import { probe, ProbeKind, ProbeOutcome, type ProbeOutcomeValue } from "../core/probe.js";
import { nextIdentity } from "../core/thread.js";
import { CancelListener, type CancelNode } from "./cancel.js";

/** The wait's place on the node that can cancel it. */
export class WaitCancelLink extends CancelListener {
  readonly #abandon: (node: CancelNode) => void;
  /** What is waited for, in words. */
  readonly label: string;

  constructor(label: string, abandon: (node: CancelNode) => void) {
    super();
    this.label = label;
    this.#abandon = abandon;
  }

  override onCancel(node: CancelNode): void {
    this.#abandon(node);
  }
}

/** One suspended caller. `Payload` is what it offers meanwhile, such as a value to send. */
export class Waiter<T, Payload = undefined> extends Link {
  readonly payload: Payload;
  readonly promise: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (error: unknown) => void;
  readonly #cancelLink: WaitCancelLink | undefined;
  #isOver = false;
  // The wait's number in the recording, 0 if none ran when it began.
  #traced = 0;

  constructor(label: string, cancel: CancelNode | undefined, payload: Payload, onLeave: ((waiter: Waiter<T, Payload>) => void) | undefined) {
    super();
    this.payload = payload;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    if (cancel !== undefined) {
      this.#cancelLink = new WaitCancelLink(label, (node) => {
        // Claimed by the `onLeave` of a wait that the same cancellation ended a
        // moment before: the value is this wait's, so it was not cancelled.
        if (this.#isOver) return;
        this.unlink();
        this.#settled(ProbeOutcome.cancelled);
        this.#reject(node.makeErrorForWait());
        onLeave?.(this);
      });
      cancel.listen(this.#cancelLink);
    }
    const ring = probe.ring;
    if (ring !== undefined) {
      this.#traced = nextIdentity();
      ring.write(ProbeKind.waitBegin, this.#traced, cancel?.id ?? 0, ring.text(label));
    }
  }

  /** Ends the wait with a value. Called by whoever claimed it; a wait that is over stays as it is. */
  resolve(value: T): void {
    if (this.#isOver) return;
    this.#settled(ProbeOutcome.done);
    this.#resolve(value);
  }

  /** Ends the wait with an error; otherwise as `resolve`. */
  reject(error: unknown): void {
    if (this.#isOver) return;
    this.#settled(ProbeOutcome.failed);
    this.#reject(error);
  }

  #settled(outcome: ProbeOutcomeValue): void {
    this.#isOver = true;
    this.#cancelLink?.unlink();
    if (this.#traced !== 0) probe.ring?.write(ProbeKind.waitEnd, this.#traced, 0, outcome);
  }
}

/** Waits in order of arrival. */
export class WaitQueue<T, Payload = undefined> {
  readonly #waiting = new List<Waiter<T, Payload>>();
  readonly #label: string;
  readonly #onLeave: ((waiter: Waiter<T, Payload>) => void) | undefined;

  /**
   * @param label - what is waited for, as dumps and recordings name it
   * @param onLeave - called after a cancelled wait has left, for structures where
   *   that lets others go on
   */
  constructor(label: string, onLeave?: (waiter: Waiter<T, Payload>) => void) {
    this.#label = label;
    this.#onLeave = onLeave;
  }

  /** How many wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** The oldest wait, left where it is. */
  get oldest(): Waiter<T, Payload> | undefined {
    return this.#waiting.first;
  }

  /**
   * Suspends the caller until somebody claims the wait or `cancel` is cancelled.
   * The caller has passed a checkpoint of `cancel` in this same turn.
   */
  wait(cancel: CancelNode | undefined, payload: Payload): Promise<T> {
    const waiter = new Waiter<T, Payload>(this.#label, cancel, payload, this.#onLeave);
    this.#waiting.push(waiter);
    return waiter.promise;
  }

  /** Takes the oldest wait; the caller must settle it before it returns. */
  claim(): Waiter<T, Payload> | undefined {
    return this.#waiting.shift();
  }
}
