/**
 * Waiting for jobs, built once: the only place in this room that suspends.
 *
 * A structure is a core that never waits plus queues of these waits. The core
 * tries; if it can't, the caller waits in a queue; whoever changes the core so
 * that a wait can end *claims* the oldest wait and settles it.
 *
 * Invariants
 * - A wait in a queue is not over. Claiming takes it out of the queue, and the
 *   claimer settles it in the same turn; cancelling takes it out and settles it
 *   too; so does losing a `select`. Whichever comes first is the outcome, and the
 *   only one (laws 11 and 26).
 * - A value handed to a claimed wait belongs to it although its code has not run
 *   on yet: nobody can take it away (law 21).
 * - Nothing stays behind: a wait that is over is in no list (law 40), but for that of the last few whose
 *   beginning is yet to be timed (`untimed`), up to the end of the turn.
 */
import { atEndOfTurn, isHostTime, nowMs } from "#clock";

import { type Linked, List } from "../core/list.js";
import { probe, type ProbedResource, ProbeKind, ProbeOutcome, type ProbeOutcomeValue } from "../core/probe.js";
import { nextIdentity } from "../core/thread.js";
import type { CancelNode, Listening } from "./cancel.js";

const NOTHING = Promise.resolve<unknown>(undefined);

/**
 * Waits that have begun since the clock was looked at. A look takes a fifth of the time of a message (bench
 * `ping-pong`), and nearly all waits are over in the turn in which they begin; so one look serves many: at the
 * end of a turn, or for so many of them. Until then those that are over stay in this list, and in no other.
 */
const untimed: { beganMs: number }[] = [];
const MOST_UNTIMED = 64;
let isLookDue = false;
/**
 * The end of a turn takes as long as six looks or so. If fewer than that have begun in one, these are timed one
 * by one before it is tried again.
 */
const FEW_IN_TURN = 8;
const TIMED_ONE_BY_ONE = 64;
let begunInTurn = 0;
let oneByOne = 0;

function look(): void {
  if (untimed.length === 0) return;
  const now = Math.trunc(nowMs());
  for (const wait of untimed) wait.beganMs = now;
  untimed.length = 0;
}

/**
 * Whatever has begun and is not timed counts from now on: the time that its own turn went on for is left out.
 * At the end of the turn, or for who asks. Not for each batch: a turn without end would have one more look due for each.
 */
export function timeWaits(): void {
  isLookDue = false;
  if (begunInTurn < FEW_IN_TURN) oneByOne = TIMED_ONE_BY_ONE;
  begunInTurn = 0;
  look();
}

function timeSoon(wait: { beganMs: number }): void {
  // Where time stands still until it is moved on, that may be before the turn ends. And a recording of whose code
  // runs would take the look for the code of whoever waits.
  const isAtOnce = oneByOne > 0 || probe.ring !== undefined || !isHostTime();
  if (isAtOnce || !(isLookDue ||= atEndOfTurn(timeWaits))) {
    if (oneByOne > 0) oneByOne--;
    wait.beganMs = Math.trunc(nowMs());
    return;
  }
  begunInTurn++;
  untimed.push(wait);
  if (untimed.length === MOST_UNTIMED) look();
}

/** One suspended caller, or one case of its `select`. `Payload` is what it offers meanwhile, such as a value to send. */
export class Waiter<T, Payload = undefined> implements Linked, Listening {
  next: Linked | undefined = undefined;
  previous: Linked | undefined = undefined;
  list: List<Linked> | undefined = undefined;
  nextListener: Listening | undefined = undefined;
  previousListener: Listening | undefined = undefined;
  listensTo: CancelNode | undefined = undefined;
  /** What is waited for, in words; empty for a case of `select`. */
  label = "";
  /**
   * When it began, in whole milliseconds, which need no object of their own; only of a wait that can be cancelled.
   * Where its turn goes on for long, up to the end of that (`timeWaits`).
   */
  beganMs = 0;
  readonly payload: Payload;
  /** What has become of it. One that is over has its outcome, unless it is taken back. */
  #state: "waiting" | "over" | "taken back" = "waiting";
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  readonly #onLeave: ((waiter: Waiter<T, Payload>) => void) | undefined;
  /** Set if a recording ran when it began. */
  #recorded: Recorded | undefined = undefined;
  /** Whether code awaits a promise of this wait itself, or an async function that does; neither for a case of `select`. */
  resumes: "directly" | "by a function" | undefined = undefined;

  /**
   * @param resolve - passes a value on to whoever waits
   * @param reject - passes an error on
   * @param onLeave - called after the wait has left without being claimed
   */
  constructor(
    payload: Payload,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
    onLeave: ((waiter: Waiter<T, Payload>) => void) | undefined,
  ) {
    this.payload = payload;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#onLeave = onLeave;
  }

  /** True once it has its outcome. */
  get isOver(): boolean {
    return this.#state !== "waiting";
  }

  /** The job or scope whose code waits; 0 if none ran that is known, or no recording. */
  get subject(): number {
    return this.#recorded?.subject ?? 0;
  }

  /** Takes the wait out of its queue. */
  unlink(): void {
    this.list?.remove(this);
  }

  /** Makes the wait known: to `cancel`, which may end it, and to whoever records. */
  begin(label: string, cancel: CancelNode | undefined, resource?: ProbedResource | number): void {
    this.label = label;
    if (cancel !== undefined) {
      timeSoon(this);
      cancel.listen(this);
    }
    const ring = probe.ring;
    if (ring !== undefined) {
      const id = nextIdentity();
      ring.write(ProbeKind.waitBegin, id, cancel?.id ?? 0, ring.text(label));
      if (resource !== undefined) ring.waitsOn(id, resource);
      this.#recorded = { id, subject: ring.running, teller: ring.teller };
    }
  }

  /** Ends the wait with a value. Called by whoever claimed it; a wait that is over stays as it is. */
  resolve(value: T): void {
    if (this.#end(ProbeOutcome.done, value)) this.#resolve(value);
  }

  /** Ends the wait with an error; otherwise as `resolve`. */
  reject(error: unknown): void {
    if (this.#end(ProbeOutcome.failed)) this.#reject(error);
  }

  onCancel(node: CancelNode): void {
    this.cancel(node.makeErrorForWait());
  }

  /** Ends the wait with `error` because it is no longer wanted: it leaves its queue unclaimed. */
  cancel(error: unknown): void {
    // It may be over: claimed by the `onLeave` of a wait that the same
    // cancellation ended a moment before. Then the value is its own.
    if (!this.#end(ProbeOutcome.cancelled)) return;
    this.unlink();
    this.#reject(error);
    this.#onLeave?.(this);
  }

  /**
   * Takes the wait back as if it had never been: for the losing cases of a
   * `select`, which calls `left` when all of them are back.
   */
  leave(): void {
    if (!this.#end(ProbeOutcome.cancelled)) return;
    this.unlink();
    this.#state = "taken back";
  }

  /** Lets those go on whom a wait that was taken back had held up. */
  left(): void {
    if (this.#state === "taken back") this.#onLeave?.(this);
  }

  #end(outcome: ProbeOutcomeValue, value?: T): boolean {
    if (this.#state !== "waiting") return false;
    this.#state = "over";
    this.listensTo?.dismiss(this);
    if (this.#recorded !== undefined) this.#recordEnd(this.#recorded, outcome, value);
    return true;
  }

  #recordEnd(recorded: Recorded, outcome: ProbeOutcomeValue, value: T | undefined): void {
    // Before the promise is settled, so that it stands in the queue of microtasks before what that sets going.
    if (this.resumes !== undefined) followResume(recorded, this.resumes, value);
    probe.ring?.write(ProbeKind.waitEnd, recorded.id, 0, outcome);
  }
}

/** Code that waits, in a recording. */
interface Suspended {
  /** The job or scope whose code it is; 0 if none ran that is known. */
  readonly subject: number;
  /** What tells by itself when it goes on, if that does. */
  readonly teller: object | undefined;
}

/** A wait in a recording. */
interface Recorded extends Suspended {
  readonly id: number;
}

/** A wait together with the promise that its caller is suspended on. */
export interface Suspension<T, Payload = undefined> {
  readonly waiter: Waiter<T, Payload>;
  readonly promise: Promise<T>;
}

/**
 * Suspends a caller outside any queue: somebody who holds the waiter ends it.
 * The caller has passed a checkpoint of `cancel` in this same turn.
 *
 * @param label - what is waited for, as dumps and recordings name it
 * @param onLeave - called after a cancelled wait is over
 * @param resource - see `WaitQueue`
 * @param isDirect - whether callers await the promise itself, not an async function that does
 */
export function suspend<T, Payload = undefined>(
  label: string,
  cancel: CancelNode | undefined,
  payload: Payload,
  onLeave?: (waiter: Waiter<T, Payload>) => void,
  resource?: ProbedResource | number,
  isDirect = false,
): Suspension<T, Payload> {
  let waiter!: Waiter<T, Payload>;
  const promise = new Promise<T>((resolve, reject) => {
    waiter = new Waiter(payload, resolve, reject, onLeave);
  });
  waiter.resumes = isDirect ? "directly" : "by a function";
  waiter.begin(label, cancel, resource);
  return { waiter, promise };
}

/**
 * A promise of a value that is there at once, for callers who await it as they would that of a wait. The
 * recording is told of them, too: what woke somebody else in this turn has that code announced, and theirs,
 * which comes right after it, would be taken for it.
 */
export function promiseOf<T>(value: T): Promise<Awaited<T>> {
  const ring = probe.ring;
  if (ring !== undefined) followResume({ subject: ring.running, teller: ring.teller }, "directly", value);
  // The same for all: there is nothing to tell them apart by.
  else if (value === undefined) return NOTHING as Promise<Awaited<T>>;
  // Of a promise another one, as of a wait that ends with a promise.
  if (value instanceof Promise) return new Promise((resolve) => resolve(value));
  return Promise.resolve(value);
}

/**
 * Has the recording know when the code goes on whose wait is about to be settled with `value`.
 *
 * Code that awaits the wait's own promise goes on in the microtask right after this one. If it
 * awaits an async function of ours that does, its own comes one microtask later, and so
 * this one waits for another, and again stands right before it. A value that is a promise itself
 * is waited for as the wait's promise waits for it. No reaction to that promise itself: with
 * one, an error that nobody handles would count as handled, but in recordings alone.
 */
function followResume({ subject, teller }: Suspended, resumes: "directly" | "by a function", value: unknown): void {
  if (subject === 0) return;
  const goesOn = (): void => probe.ring?.resumed(subject, teller);
  const pass = (): void => undefined;
  // Not of any thenable, which would be asked for its value once more.
  const settling = new Promise((resolve) => resolve(value instanceof Promise ? value : undefined));
  if (resumes === "directly") void settling.then(goesOn, goesOn);
  else void settling.then(pass, pass).then(goesOn);
}

/** Waits in order of arrival. */
export class WaitQueue<T, Payload = undefined> {
  readonly #waiting = new List<Waiter<T, Payload>>();
  readonly #label: string;
  readonly #onLeave: ((waiter: Waiter<T, Payload>) => void) | undefined;
  readonly #resource: ProbedResource | number | undefined;

  /**
   * @param label - what is waited for, as dumps and recordings name it
   * @param onLeave - called after a wait has left unclaimed, for structures where
   *   that lets others go on
   * @param resource - the lock or channel that is waited for, or the job by its identity
   */
  constructor(label: string, onLeave?: (waiter: Waiter<T, Payload>) => void, resource?: ProbedResource | number) {
    this.#label = label;
    this.#onLeave = onLeave;
    this.#resource = resource;
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
    return this.suspend(cancel, payload).promise;
  }

  /** As `wait`, for callers that may end the wait themselves: by `cancel` of its waiter. */
  suspend(cancel: CancelNode | undefined, payload: Payload): Suspension<T, Payload> {
    const suspension = suspend<T, Payload>(this.#label, cancel, payload, this.#onLeave, this.#resource);
    this.#waiting.push(suspension.waiter);
    return suspension;
  }

  /** As `wait`, where callers await the promise itself, not an async function that does; written out, without an object for both. */
  waitDirectly(cancel: CancelNode | undefined, payload: Payload): Promise<T> {
    let settle!: (value: T) => void;
    let fail!: (error: unknown) => void;
    const promise = new Promise<T>((resolve, reject) => {
      settle = resolve;
      fail = reject;
    });
    const waiter = new Waiter<T, Payload>(payload, settle, fail, this.#onLeave);
    waiter.resumes = "directly";
    waiter.begin(this.#label, cancel, this.#resource);
    this.#waiting.push(waiter);
    return promise;
  }

  /** Queues one case of a `select`; it is over by `resolve`, `reject` or the result's `leave`, which `left` follows. */
  park(payload: Payload, resolve: (value: T) => void, reject: (error: unknown) => void): Waiter<T, Payload> {
    const waiter = new Waiter(payload, resolve, reject, this.#onLeave);
    this.#waiting.push(waiter);
    return waiter;
  }

  /** Takes the oldest wait; the caller must settle it before it returns. */
  claim(): Waiter<T, Payload> | undefined {
    return this.#waiting.shift();
  }
}
