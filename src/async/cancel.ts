/**
 * Cancellation: one tree of nodes, through which every cancellable thing learns
 * that it should end.
 *
 * Invariants
 * - A node is cancelled once; the first origin and reason stay (law 14).
 * - Cancellation goes down, never up, and stops at a shielded node.
 * - It is level-triggered: once a node is cancelled every later `checkpoint` of
 *   it throws, however often the error is swallowed (law 8).
 * - A listener is told at most once, and has left the node's list before it is
 *   told, so it may add and remove other listeners freely.
 */
import { nowMs, setAlarm } from "#clock";

import { CancelledError, describeThrown, MisuseError, TimeoutError, withoutStack } from "../core/errors.js";
import { probe, ProbeKind } from "../core/probe.js";
import { nextIdentity } from "../core/thread.js";

/**
 * Something that a cancelled node tells: a wait, a child node, a job elsewhere.
 * It listens to one node at most, and its place there is its own: it
 * may at the same time be in a list of another kind, as a wait is in its queue.
 */
export interface Listening {
  // All three are written by `CancelNode` alone.
  nextListener: Listening | undefined;
  previousListener: Listening | undefined;
  listensTo: CancelNode | undefined;

  /** `node` was cancelled. Must not throw. */
  onCancel(node: CancelNode): void;
}

/** A listener by inheritance. A wait has these fields of its own: it is made faster so. */
export abstract class CancelListener implements Listening {
  nextListener: Listening | undefined = undefined;
  previousListener: Listening | undefined = undefined;
  listensTo: CancelNode | undefined = undefined;

  abstract onCancel(node: CancelNode): void;

  /** Leaves the node it listens to; does nothing if there is none. */
  stopListening(): void {
    this.listensTo?.dismiss(this);
  }
}

export class CancelNode extends CancelListener {
  readonly id: number = nextIdentity();
  readonly name: string;
  readonly parent: CancelNode | undefined;
  readonly shielded: boolean;
  isCancelled = false;
  /** The node whose cancellation reached this one: itself or an ancestor. */
  origin: CancelNode | undefined = undefined;
  /** Why; meaningful once cancelled. */
  reason: unknown = undefined;
  /**
   * Asks a source outside this thread whether the work was cancelled; called at
   * each checkpoint. Inherited by child nodes.
   */
  readonly poll: (() => void) | undefined;

  #ownDeadlineMs = Infinity;
  #firstListener: Listening | undefined = undefined;
  #lastListener: Listening | undefined = undefined;
  #stopAlarm: (() => void) | undefined = undefined;
  #controller: AbortController | undefined = undefined;
  /** The text of its errors, kept since a hundred thousand waits that it cancels at once have one each. */
  #message: string | undefined = undefined;

  constructor(
    name: string,
    parent: CancelNode | undefined,
    shielded = false,
    poll: (() => void) | undefined = parent?.poll,
  ) {
    super();
    this.name = name;
    this.parent = parent;
    this.shielded = shielded;
    this.poll = poll;
    if (parent === undefined || shielded) return;
    if (parent.isCancelled) {
      this.isCancelled = true;
      this.origin = parent.origin;
      this.reason = parent.reason;
    } else {
      parent.listen(this);
    }
  }

  /** Adds a listener, which leaves by `dismiss`. This node must not be cancelled yet. */
  listen(listener: Listening): void {
    listener.listensTo = this;
    listener.previousListener = this.#lastListener;
    if (this.#lastListener === undefined) this.#firstListener = listener;
    else this.#lastListener.nextListener = listener;
    this.#lastListener = listener;
  }

  /** Takes a listener out, which must be this node's. */
  dismiss(listener: Listening): void {
    const { previousListener: previous, nextListener: next } = listener;
    if (previous === undefined) this.#firstListener = next;
    else previous.nextListener = next;
    if (next === undefined) this.#lastListener = previous;
    else next.previousListener = previous;
    listener.listensTo = undefined;
    listener.nextListener = undefined;
    listener.previousListener = undefined;
  }

  /** What waits for this node's cancellation now: child nodes, waits, jobs elsewhere. */
  listeners(): readonly Listening[] {
    const listeners: Listening[] = [];
    for (let one = this.#firstListener; one !== undefined; one = one.nextListener) listeners.push(one);
    return listeners;
  }

  /**
   * Cancels this node and all below it that are not shielded.
   *
   * @returns false if it was cancelled before; then nothing changes
   */
  cancelTree(reason: unknown): boolean {
    if (this.isCancelled) return false;
    // Work lists instead of recursion: a chain of ten thousand nested scopes must
    // not overflow the stack half way through. And the whole tree is marked
    // before anyone is told, so what they set going finds every scope of it
    // cancelled already.
    const marked: CancelNode[] = [];
    const told: Listening[] = [];
    const tellers: CancelNode[] = [];
    this.#mark(this, reason);
    marked.push(this);
    for (let i = 0; i < marked.length; i++) {
      const node = marked[i] as CancelNode;
      for (let listener = node.#firstListener; listener !== undefined; listener = node.#firstListener) {
        node.dismiss(listener);
        if (!(listener instanceof CancelNode)) {
          told.push(listener);
          tellers.push(node);
        } else if (!listener.isCancelled) {
          listener.#mark(this, reason);
          marked.push(listener);
        }
      }
    }
    for (let i = 0; i < told.length; i++) (told[i] as Listening).onCancel(tellers[i] as CancelNode);
    for (const node of marked) node.#afterMark();
    return true;
  }

  #mark(origin: CancelNode, reason: unknown): void {
    this.isCancelled = true;
    this.origin = origin;
    this.reason = reason;
    this.#stopAlarm?.();
    this.#stopAlarm = undefined;
    probe.ring?.write(ProbeKind.cancel, this.id);
  }

  #afterMark(): void {
    this.whenCancelled();
    this.#controller?.abort(this.makeError());
  }

  /** For subclasses: called once, after this node and all below it are marked. */
  protected whenCancelled(): void {}

  override onCancel(): void {
    // `cancelTree` cancels child nodes itself.
  }

  /** Throws if this node is cancelled or its deadline has passed; else does nothing. */
  checkpoint(): void {
    if (!this.isCancelled) {
      this.poll?.();
      const nearest = this.#nearestDeadline();
      // The alarm can't ring while this thread computes, so the clock is asked.
      if (nearest.#ownDeadlineMs !== Infinity && nowMs() >= nearest.#ownDeadlineMs) nearest.#deadlinePassed();
    }
    if (this.isCancelled) throw this.makeError();
  }

  /** A new error that delivers this node's cancellation; never a shared one. */
  makeError(): CancelledError {
    const origin = this.origin ?? this;
    this.#message ??= `${origin.kindName} was cancelled: ${describeReason(this.reason)}`;
    return new CancelledError(this.#message, { reason: this.reason, origin });
  }

  /** The same, without a stack: for waits, whose error is made on the canceller's stack. */
  makeErrorForWait(): CancelledError {
    return withoutStack(() => this.makeError());
  }

  /** How messages name this node. */
  get kindName(): string {
    return `scope "${this.name}"`;
  }

  /** The earliest deadline of this node and those above it, on `#clock`; Infinity if none. */
  get deadlineMs(): number {
    return this.#nearestDeadline().#ownDeadlineMs;
  }

  /** Sets this node's own deadline, earlier or later than before; no effect once cancelled. */
  setDeadline(deadlineMs: number): void {
    if (Number.isNaN(deadlineMs)) {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", "a deadline must be a number of milliseconds, but NaN came");
    }
    this.#stopAlarm?.();
    this.#stopAlarm = undefined;
    this.#ownDeadlineMs = deadlineMs;
    if (deadlineMs === Infinity || this.isCancelled) return;
    this.#stopAlarm = setAlarm(() => this.#deadlinePassed(), Math.max(0, deadlineMs - nowMs()));
  }

  #deadlinePassed(): void {
    this.cancelTree(new TimeoutError(`${this.kindName} reached its deadline`));
  }

  /** The node, of this one and those above it up to a shield, whose deadline is the earliest. */
  #nearestDeadline(): CancelNode {
    let nearest: CancelNode = this;
    for (let node: CancelNode = this; !node.shielded && node.parent !== undefined;) {
      node = node.parent;
      if (node.#ownDeadlineMs < nearest.#ownDeadlineMs) nearest = node;
    }
    return nearest;
  }

  /** An `AbortSignal` that aborts when this node is cancelled; made when first asked for. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // A wait given this signal instead of the node is this node's all the same,
      // or its cancellation would pass for somebody else's (law 15).
      signalNodes.set(this.#controller.signal, this);
      if (this.isCancelled) this.#controller.abort(this.makeError());
    }
    return this.#controller.signal;
  }

  /** True if `error` is how this node's own cancellation, or one from above, shows. */
  isOwnCancellation(error: unknown): boolean {
    if (!this.isCancelled) return false;
    try {
      return this.#isDelivery(error) || (error instanceof AggregateError && this.#areDeliveries(error));
    } catch {
      return false; // an error whose properties can't even be read
    }
  }

  /** True for what `Promise.any` over cancelled waits throws: an aggregate with nothing else in it. */
  #areDeliveries(aggregate: AggregateError): boolean {
    let count = 0;
    const aggregates = new Set([aggregate]);
    for (const { errors } of aggregates) {
      for (const error of errors) {
        if (error instanceof AggregateError) aggregates.add(error);
        else if (this.#isDelivery(error)) count++;
        else return false;
      }
    }
    return count > 0;
  }

  #isDelivery(error: unknown): boolean {
    // A platform call that was given a signal rejects with the signal's reason, or
    // with an AbortError that has it as its cause.
    const cause = error instanceof Error && error.name === "AbortError" ? error.cause : undefined;
    for (let node: CancelNode | undefined = this; node !== undefined; node = node.shielded ? undefined : node.parent) {
      if (node.delivers(error) || (cause !== undefined && node.delivers(cause))) return true;
    }
    return false;
  }

  /** True if `error` was made to deliver the cancellation that began at this very node. */
  protected delivers(error: unknown): boolean {
    return CancelledError.originOf(error) === this;
  }

  /** Leaves the parent, so that nothing of this node stays behind. */
  detach(): void {
    this.#stopAlarm?.();
    this.#stopAlarm = undefined;
    this.stopListening();
  }
}

function describeReason(reason: unknown): string {
  if (reason === undefined) return "no reason given";
  return typeof reason === "string" ? reason : describeThrown(reason);
}

/** The node of an `AbortSignal` that is used where a scope could be. */
class SignalNode extends CancelNode {
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => {
    this.cancelTree(this.#signal.reason);
  };

  constructor(signal: AbortSignal) {
    super("AbortSignal", undefined);
    this.#signal = signal;
    // Once per signal, however many waits use it, and weak: the signal holds the
    // node through the listener, the node is found again through the WeakMap.
    if (signal.aborted) this.cancelTree(signal.reason);
    else signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  override get kindName(): string {
    return "the operation";
  }

  /** Where the signal was given to a platform call itself, its reason is what comes. */
  protected override delivers(error: unknown): boolean {
    return super.delivers(error) || (this.isCancelled && error === this.reason);
  }
}

const signalNodes = new WeakMap<AbortSignal, CancelNode>();

/** What a waiting verb accepts as its last argument: the scope, or the signal, that can cancel it. */
export type Cancel = CancelSource | AbortSignal;

/** The part of a scope that a waiting verb needs. */
export interface CancelSource {
  /** True once cancelled; it stays so. */
  readonly isCancelled: boolean;
  /** An `AbortSignal` that follows this scope. */
  readonly signal: AbortSignal;
}

/** The node behind a `cancel` argument. */
export function cancelNodeOf(cancel: Cancel | undefined): CancelNode | undefined {
  if (cancel === undefined || cancel instanceof CancelNode) return cancel;
  if (cancel instanceof AbortSignal) {
    let node = signalNodes.get(cancel);
    if (node === undefined) {
      node = new SignalNode(cancel);
      signalNodes.set(cancel, node);
    }
    return node;
  }
  if (typeof cancel === "object" && cancel !== null && cancel.signal instanceof AbortSignal) {
    // A scope of another copy of this library.
    return cancelNodeOf(cancel.signal);
  }
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `expected a scope or an AbortSignal as the last argument, but ${describeKind(cancel)} came; a timeout is a scope: scope(body, { timeoutMs })`,
  );
}

/** How a message names a value of the wrong kind. Never throws, whatever proxies and getters the value has. */
export function describeKind(value: unknown): string {
  try {
    if (value === null) return "null";
    if (Array.isArray(value)) return `an array of ${value.length}`;
    if (typeof value === "function") return `the function ${value.name === "" ? "(anonymous)" : value.name}`;
    if (typeof value === "object") return `an object of class ${value.constructor?.name ?? "(none)"}`;
    if (typeof value === "string")
      return `the string ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
    return `${typeof value} ${String(value)}`;
  } catch {
    return typeof value === "function" ? "a function" : "an object";
  }
}
