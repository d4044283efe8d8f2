/** Jobs in the hands of a pool, and the table in which their numbers stand. */
import { CancelListener, cancelNodeOf, type CancelNode } from "../async/cancel.js";
import type { Affinity, RunOptions } from "../async/executor.js";
import { CancelledError } from "../core/errors.js";
import type { JobQueue } from "./job-queue.js";
import { CALL_PLACE_BITS, CALL_PLACE_MASK, MOST_USES } from "./line.js";
import type { Context } from "./remotes.js";
import type { NumberedTask, PoolThread } from "./thread.js";

const NOTHING: readonly object[] = [];

// The settlers of the promise that is being made. Fields of the call would be the
// same, but for a closure and a context for each; these are made once.
let resolving: (value: unknown) => void;
let rejecting: (error: unknown) => void;
const takeSettlers = (resolve: typeof resolving, reject: typeof rejecting): void => {
  resolving = resolve;
  rejecting = reject;
};

/**
 * One job that a pool was given.
 *
 * States: waiting (in the pool's queue, or for its task's module) -> on a line ->
 * settled; back to waiting if the line's thread ended before it started, or the pool
 * took it back to let others go first.
 */
export class Call {
  readonly task: NumberedTask;
  readonly args: readonly unknown[];
  readonly promise: Promise<unknown>;
  /** On the clock; of the moment when the pool began to take what was submitted in one go. */
  readonly submittedMs: number;
  /** The thread on whose line it was put; `undefined` while it is on none. */
  thread: PoolThread | undefined = undefined;
  /** Its number while it is on a line, and where its record is. */
  number = 0;
  record = 0;
  /** Block of the heap with its arguments; 0 if they need none. */
  payload = 0;
  /** Values of async context that go along. */
  context: Context | undefined = undefined;
  /** The values to send instead of the arguments, and what lets go of what stays here; once that was looked at. */
  remote: { readonly values: readonly unknown[]; readonly letGo: () => void } | undefined = undefined;
  /** Its key; `undefined` if it has none, and then its place is no place. */
  affinity: Affinity | undefined = undefined;
  /** Where in the pool the key belongs, from when the pool has taken the job. */
  place = -1;
  /** Gives values one by one into the channel that is its first argument. */
  isStream = false;
  /**
   * Only the thread that it was put to can run it: its arguments go by the port, or it is
   * about that thread. Known once it was tried to write its arguments, and for good.
   */
  isPosted = false;
  /** It is about the thread that it was put to: another one never runs it. */
  isTied = false;
  isSettled = false;
  /** The queue in which it waits, which alone writes this. */
  queue: JobQueue | undefined = undefined;
  /** Whether its cancel word says that it is cancelled; under its number, so while it is on a line. */
  isToldToCancel = false;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  constructor(task: NumberedTask, args: readonly unknown[], submittedMs: number) {
    this.task = task;
    this.args = args;
    this.submittedMs = submittedMs;
    this.promise = new Promise(takeSettlers);
    this.#resolve = resolving;
    this.#reject = rejecting;
  }

  /** Whether it is not for any thread: it has a key, or needs one that is idle. */
  get isConstrained(): boolean {
    return this.affinity !== undefined || this.isPosted;
  }

  /** What its caller asks beyond the arguments, if it is a job of a scope. */
  get options(): RunOptions | undefined {
    return undefined;
  }

  get name(): string {
    return this.task.identity.key;
  }

  /** Objects to be moved to the thread. */
  get transfer(): readonly object[] {
    return NOTHING;
  }

  /** Whether something is to be moved; also if the list is none, which the platform then says. */
  get movesSomething(): boolean {
    return false;
  }

  /** Whether it can't be put elsewhere once it was put to a thread. */
  get isBound(): boolean {
    return this.isTied || this.movesSomething;
  }

  /** Its code runs now, or has. */
  started(): void {}

  /** Settles it. @returns false if it was settled before */
  succeed(value: unknown): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    this.#resolve(value);
    return true;
  }

  /** Settles it. @returns false if it was settled before */
  fail(error: unknown): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    this.#reject(error);
    return true;
  }
}

/** What a job of a scope asks of its pool. */
export interface CallOwner {
  /** The job is cancelled: settles it now if it has not started, else tells it. */
  cancelled(call: Call, node: CancelNode): void;
  /** Its time for cleanup is over: stops the thread that it runs on. */
  stopByForce(call: Call): void;
}

/** Tells the pool that a call is cancelled. */
class CallCancelling extends CancelListener {
  readonly #call: JobCall;

  constructor(call: JobCall) {
    super();
    this.#call = call;
  }

  override onCancel(node: CancelNode): void {
    this.#call.onCancel(node);
  }
}

/** A call with a scope behind it. */
export class JobCall extends Call {
  readonly #options: RunOptions;
  readonly #owner: CallOwner;
  readonly #cancel: CancelNode | undefined;
  readonly #cancelling: CancelListener | undefined;
  #stopByForce: (() => void) | undefined = undefined;
  #hasStarted = false;

  constructor(
    owner: CallOwner,
    task: NumberedTask,
    args: readonly unknown[],
    submittedMs: number,
    options: RunOptions,
  ) {
    super(task, args, submittedMs);
    this.#owner = owner;
    this.#options = options;
    this.isPosted = this.movesSomething;
    this.#cancel = cancelNodeOf(options.cancel);
    if (this.#cancel === undefined) return;
    this.#cancelling = new CallCancelling(this);
    this.#cancel.listen(this.#cancelling);
  }

  override get options(): RunOptions {
    return this.#options;
  }

  override get name(): string {
    return this.#options.name;
  }

  override get transfer(): readonly object[] {
    return this.#options.transfer;
  }

  override get movesSomething(): boolean {
    const { transfer } = this.#options;
    return !Array.isArray(transfer) || transfer.length > 0;
  }

  onCancel(node: CancelNode): void {
    this.#stopByForce = () => this.#owner.stopByForce(this);
    this.#options.graceOver.addEventListener("abort", this.#stopByForce, { once: true });
    this.#owner.cancelled(this, node);
  }

  override started(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#options.onStart();
  }

  override succeed(value: unknown): boolean {
    this.#stopListening();
    return super.succeed(value);
  }

  override fail(error: unknown): boolean {
    this.#stopListening();
    // However a cancelled job came to an end short of its own error (its scope on the
    // thread, the thread's end), it was cancelled. The error is made anew because the
    // one from the thread does not know this thread's scopes.
    const wasCancelled =
      this.#cancel?.isCancelled === true && (error instanceof CancelledError || this.#options.graceOver.aborted);
    return super.fail(wasCancelled ? this.#cancel.makeErrorForWait() : error);
  }

  #stopListening(): void {
    this.#cancelling?.stopListening();
    if (this.#stopByForce === undefined) return;
    this.#options.graceOver.removeEventListener("abort", this.#stopByForce);
    this.#stopByForce = undefined;
  }
}

/** Calls that are on lines, by their numbers: the place below, how often that was used above. */
export class CallTable {
  readonly #calls: (Call | undefined)[] = [];
  readonly #uses: number[] = [];
  /** Places to be used again; the first `#freeCount` count. */
  readonly #free: number[] = [];
  #freeCount = 0;
  /** Places that there can be: the board has a word for each. */
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get isFull(): boolean {
    return this.#freeCount === 0 && this.#calls.length === this.#most;
  }

  /** Gives a call a number; it must not be full. */
  add(call: Call): void {
    const place = this.#freeCount === 0 ? this.#calls.length : (this.#free[--this.#freeCount] as number);
    const uses = place === this.#uses.length ? 1 : ((this.#uses[place] as number) % (MOST_USES - 1)) + 1;
    this.#uses[place] = uses;
    this.#calls[place] = call;
    call.number = (uses << CALL_PLACE_BITS) | place;
  }

  /** The call of a number; `undefined` if it is on no line any more. */
  of(number: number): Call | undefined {
    const call = this.#calls[number & CALL_PLACE_MASK];
    return call?.number === number ? call : undefined;
  }

  remove(call: Call): void {
    const place = call.number & CALL_PLACE_MASK;
    this.#calls[place] = undefined;
    this.#free[this.#freeCount++] = place;
    call.number = 0;
  }

  /** All of them. */
  *[Symbol.iterator](): Generator<Call> {
    for (const call of this.#calls) if (call !== undefined) yield call;
  }
}
