/** A job in the hands of a pool. */
import { CancelListener, cancelNodeOf, type CancelNode } from "../async/cancel.js";
import type { RunOptions, TaskIdentity } from "../async/executor.js";
import { deferred } from "../core/deferred.js";
import { CancelledError } from "../core/errors.js";
import type { NumberedTask, PoolThread } from "./thread.js";

const NOTHING: readonly object[] = [];

/** What a submission asks of its pool. */
export interface SubmissionOwner {
  /** The job is cancelled: settles it now if it has not started, else tells it. */
  cancelled(submission: Submission, node: CancelNode): void;
  /** Its time for cleanup is over: stops the thread that it runs on. */
  stopByForce(submission: Submission): void;
}

/**
 * States: waiting (in a queue, or for its task's module) -> on a line -> settled; back
 * to waiting if the line's thread ended before it started.
 */
export class Submission extends CancelListener {
  readonly task: TaskIdentity;
  readonly numbered: NumberedTask;
  readonly args: readonly unknown[];
  readonly options: RunOptions | undefined;
  readonly promise: Promise<unknown>;
  /** The thread on whose line it was put. */
  thread: PoolThread | undefined = undefined;
  /** Its number while it is on a line, and where its record is. */
  call = 0;
  record = 0;
  /** Block of the heap with its arguments; 0 if they need none. */
  payload = 0;
  /** Its arguments went by the port, some perhaps not to come back. */
  isPosted = false;
  isSettled = false;
  readonly #owner: SubmissionOwner;
  readonly #cancel: CancelNode | undefined;
  readonly #settling = deferred<unknown>();
  readonly #stopByForce: (() => void) | undefined;
  #hasStarted = false;

  constructor(
    owner: SubmissionOwner,
    task: TaskIdentity,
    numbered: NumberedTask,
    args: readonly unknown[],
    options: RunOptions | undefined,
  ) {
    super();
    this.#owner = owner;
    this.task = task;
    this.numbered = numbered;
    this.args = args;
    this.options = options;
    this.promise = this.#settling.promise;
    if (options === undefined) return;
    this.#cancel = cancelNodeOf(options.cancel);
    this.#cancel?.listen(this);
    this.#stopByForce = () => this.#owner.stopByForce(this);
    options.graceOver.addEventListener("abort", this.#stopByForce, { once: true });
  }

  get name(): string {
    return this.options?.name ?? this.task.key;
  }

  get transfer(): readonly object[] {
    return this.options?.transfer ?? NOTHING;
  }

  /** Whether something is to be moved; also if the list is none, which the platform then says. */
  get movesSomething(): boolean {
    const { transfer } = this;
    return !Array.isArray(transfer) || transfer.length > 0;
  }

  get spawnSite(): Error | undefined {
    return this.options?.spawnSite;
  }

  override onCancel(node: CancelNode): void {
    this.#owner.cancelled(this, node);
  }

  started(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.options?.onStart();
  }

  succeeded(value: unknown): void {
    if (!this.#settled()) return;
    this.#settling.resolve(value);
  }

  failed(error: unknown): void {
    if (!this.#settled()) return;
    // However a cancelled job came to an end short of its own error (its scope
    // on the thread, the thread's end), it was cancelled. The error is made anew
    // because the one from the thread does not know this thread's scopes.
    const wasCancelled =
      this.#cancel?.isCancelled === true &&
      (error instanceof CancelledError || this.options?.graceOver.aborted === true);
    this.#settling.reject(wasCancelled ? this.#cancel.makeErrorForWait() : error);
  }

  #settled(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    if (this.options === undefined) return true;
    this.stopListening();
    if (this.#stopByForce !== undefined) {
      this.options.graceOver.removeEventListener("abort", this.#stopByForce);
    }
    return true;
  }
}
