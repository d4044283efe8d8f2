/**
 * The core of a channel: its buffer, its waits and its end. The object that users
 * have, and the ends that they make from it, are views of one core.
 *
 * Invariants
 * - Never both: a waiting receiver and a buffered value; never both: a waiting
 *   sender and a free place in the buffer. Each operation restores this before it
 *   returns, so the buffer never exceeds its capacity (law 24). A receiver and a
 *   sender wait both only if they are cases of one `select`: whoever comes to wait
 *   has first tried to deal with the other side (law 29).
 * - Values leave in the order in which their sends began (law 21): a freed place
 *   goes to the oldest waiting sender in the same step that frees it.
 * - A value accepted is in the buffer, or was received, or was dropped: `sent` is
 *   the sum of the three, and the user is told of each value dropped.
 * - Closed implies that no sender and no receiver waits.
 * - `onUndelivered`, the only code of the user's that runs in here, runs when all
 *   the above holds.
 */
import { ClosedError, describeThrown } from "../core/errors.js";
import { probe, ProbedResource, ProbeResource } from "../core/probe.js";
import { reportToOwner } from "../core/report.js";
import { type Cancel, cancelNodeOf, type CancelNode } from "./cancel.js";
import { RingBuffer } from "./ring-buffer.js";
import { SELECTABLE, type Selectable } from "./select.js";
import { SelectableIterator } from "./selectable-iterator.js";
import { promiseOf, type Suspension, type Waiter, WaitQueue } from "./wait-queue.js";

/**
 * What a send does when the buffer is full: it waits, or drops the value that it
 * brings, or drops the value that has been in the buffer longest.
 *
 * @since 0.1.0
 */
export type Overflow = "wait" | "drop-newest" | "drop-oldest";

/** Counters of a channel at one moment; `sent` is `received + dropped + length`. */
export interface ChannelStatistics {
  /** Values in the buffer. */
  readonly length: number;
  readonly capacity: number;
  readonly waitingSenders: number;
  readonly waitingReceivers: number;
  /** Values accepted since the channel was made. */
  readonly sent: number;
  /** Values handed to receivers since then. */
  readonly received: number;
  /** Values accepted that nobody will receive: for want of a place, or left over when the receivers had closed. */
  readonly dropped: number;
  /** Sending ends that are open. */
  readonly senders: number;
  /** Receiving ends that are open. */
  readonly receivers: number;
  readonly isClosed: boolean;
}

/** A core is made from options that have been checked. */
export interface CoreOptions<T> {
  /** What messages call it: a channel, or what is built on one. */
  readonly kind: "channel" | "oneshot";
  readonly capacity: number;
  readonly name: string;
  readonly overflow: Overflow;
  readonly onUndelivered: ((value: T) => void) | undefined;
  /** Cancels each wait for which nothing else is given. */
  readonly cancel: CancelNode | undefined;
}

export class ChannelCore<T> {
  readonly name: string;
  readonly capacity: number;
  /** Its kind and name, as messages have them. */
  readonly title: string;
  readonly #overflow: Overflow;
  readonly #onUndelivered: ((value: T) => void) | undefined;
  readonly #cancel: CancelNode | undefined;
  readonly #buffer = new RingBuffer<T>();
  readonly #resource: ProbedResource;
  readonly #sending: WaitQueue<void, T>;
  readonly #receiving: WaitQueue<T>;
  #isClosed = false;
  #whyClosed = "is closed";
  #sent = 0;
  #received = 0;
  #dropped = 0;
  #senders = 0;
  #receivers = 0;

  constructor({ kind, capacity, name, overflow, onUndelivered, cancel }: CoreOptions<T>) {
    this.capacity = capacity;
    this.name = name;
    this.title = `${kind} "${name}"`;
    this.#overflow = overflow;
    this.#onUndelivered = onUndelivered;
    this.#cancel = cancel;
    this.#resource = new ProbedResource(ProbeResource.channel, name);
    this.#sending = new WaitQueue(`send to ${this.title}`, undefined, this.#resource);
    this.#receiving = new WaitQueue(`receive from ${this.title}`, undefined, this.#resource);
  }

  get length(): number {
    return this.#buffer.length;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  trySend(value: T): boolean {
    if (this.#isClosed) return false;
    const receiver = this.#receiving.claim();
    if (receiver !== undefined) {
      this.#sent++;
      this.#received++;
      receiver.resolve(value);
      return true;
    }
    if (this.#buffer.length < this.capacity) {
      this.#sent++;
      this.#buffer.push(value);
      probe.ring?.level(this.#resource, this.#buffer.length);
      return true;
    }
    if (this.#overflow === "wait") return false;
    this.#sent++;
    if (this.#overflow === "drop-newest") {
      this.#drop(value);
    } else {
      const oldest = this.#buffer.shift();
      this.#buffer.push(value);
      this.#drop(oldest);
    }
    return true;
  }

  // No async functions, here and in `receive`: their callers await the very promise of the wait,
  // which saves one microtask.
  send(value: T, cancel?: Cancel): Promise<void> {
    try {
      const node = this.#nodeOf(cancel);
      return this.#sendsNow(value) ? promiseOf<void>(undefined) : this.#sending.waitDirectly(node, value);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Sends at once, or gives the wait to do so. */
  startSend(value: T, cancel: Cancel | undefined): Suspension<void, T> | undefined {
    const node = this.#nodeOf(cancel);
    return this.#sendsNow(value) ? undefined : this.#sending.suspend(node, value);
  }

  /** As `trySend`, but throws if the channel is closed. */
  attemptSend(value: T): { readonly value: undefined } | undefined {
    return this.#sendsNow(value) ? { value: undefined } : undefined;
  }

  #sendsNow(value: T): boolean {
    if (this.trySend(value)) return true;
    if (this.#isClosed) throw this.closedError();
    return false;
  }

  /** What cancels a wait; throws if it is cancelled. */
  #nodeOf(cancel: Cancel | undefined): CancelNode | undefined {
    const node = cancelNodeOf(cancel) ?? this.#cancel;
    node?.checkpoint();
    return node;
  }

  parkSend(value: T, won: (value: undefined) => void, failed: (error: unknown) => void): Waiter<void, T> {
    return this.#sending.park(value, () => won(undefined), failed);
  }

  sending(value: T): Selectable<undefined> {
    return {
      [SELECTABLE]: {
        attempt: () => this.attemptSend(value),
        park: (won, failed) => this.parkSend(value, won, failed),
      },
    };
  }

  tryReceive(): { readonly value: T } | undefined {
    if (this.#buffer.length > 0) {
      const value = this.#buffer.shift();
      this.#received++;
      const sender = this.#sending.claim();
      if (sender !== undefined) {
        this.#sent++;
        this.#buffer.push(sender.payload);
        sender.resolve();
      } else {
        probe.ring?.level(this.#resource, this.#buffer.length);
      }
      return { value };
    }
    // An empty buffer with a waiting sender: capacity 0.
    const sender = this.#sending.claim();
    if (sender === undefined) return undefined;
    this.#sent++;
    this.#received++;
    sender.resolve();
    return { value: sender.payload };
  }

  receive(cancel?: Cancel): Promise<T> {
    try {
      const node = this.#nodeOf(cancel);
      const taken = this.#receivesNow();
      return taken === undefined ? this.#receiving.waitDirectly(node, undefined) : promiseOf(taken.value);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Receives at once, or gives the wait to do so. */
  startReceive(cancel: Cancel | undefined): { readonly value: T } | Suspension<T> {
    const node = this.#nodeOf(cancel);
    return this.#receivesNow() ?? this.#receiving.suspend(node, undefined);
  }

  #receivesNow(): { readonly value: T } | undefined {
    const taken = this.tryReceive();
    if (taken === undefined && this.#isClosed) throw this.closedError();
    return taken;
  }

  /** As `tryReceive`, but tells the end. */
  attemptReceive(): { readonly value: IteratorResult<T, undefined> } | undefined {
    const taken = this.tryReceive();
    if (taken !== undefined) return { value: { done: false, value: taken.value } };
    return this.#isClosed ? { value: { done: true, value: undefined } } : undefined;
  }

  // A case fails only by the end of the channel, or of the end that it is made
  // through, and that is an outcome for who iterates.
  parkReceive(won: (value: IteratorResult<T, undefined>) => void): Waiter<T> {
    return this.#receiving.park(
      undefined,
      (value) => won({ done: false, value }),
      () => won({ done: true, value: undefined }),
    );
  }

  receiving(): Selectable<IteratorResult<T, undefined>> {
    return {
      [SELECTABLE]: {
        attempt: () => this.attemptReceive(),
        park: (won) => this.parkReceive(won),
      },
    };
  }

  values(cancel?: Cancel): AsyncIterableIterator<T, undefined> {
    return this.iterate(this.receiving(), cancel);
  }

  /** Iterates over the values that `receiving` gives: this channel's, through it or through an end. */
  iterate(
    receiving: Selectable<IteratorResult<T, undefined>>,
    cancel: Cancel | undefined,
  ): AsyncIterableIterator<T, undefined> {
    return new SelectableIterator(`receive from ${this.title}`, receiving, cancelNodeOf(cancel) ?? this.#cancel);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T, undefined> {
    return this.values();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Receivers wait only while the buffer is empty, so each of them is at the end.
    for (let receiver = this.#receiving.claim(); receiver !== undefined; receiver = this.#receiving.claim()) {
      receiver.reject(this.closedError());
    }
    for (let sender = this.#sending.claim(); sender !== undefined; sender = this.#sending.claim()) {
      sender.reject(this.closedError());
    }
  }

  cancel(): void {
    if (!this.#isClosed) this.#whyClosed = "is closed: nobody receives any more";
    this.close();
    if (this.#buffer.length > 0) probe.ring?.level(this.#resource, 0);
    while (this.#buffer.length > 0) this.#drop(this.#buffer.shift());
  }

  senderOpened(): void {
    this.#senders++;
  }

  senderClosed(): void {
    if (--this.#senders === 0) this.close();
  }

  receiverOpened(): void {
    this.#receivers++;
  }

  receiverClosed(): void {
    if (--this.#receivers === 0) this.cancel();
  }

  statistics(): ChannelStatistics {
    return {
      length: this.length,
      capacity: this.capacity,
      waitingSenders: this.#sending.size,
      waitingReceivers: this.#receiving.size,
      sent: this.#sent,
      received: this.#received,
      dropped: this.#dropped,
      senders: this.#senders,
      receivers: this.#receivers,
      isClosed: this.#isClosed,
    };
  }

  closedError(): ClosedError {
    return new ClosedError(`${this.title} ${this.#whyClosed}`);
  }

  #drop(value: T): void {
    this.#dropped++;
    try {
      this.#onUndelivered?.(value);
    } catch (error) {
      // Whoever sent it, or closed the end, has done what it was to do.
      reportToOwner(`onUndelivered of ${this.title} failed: ${describeThrown(error)}`, error);
    }
  }
}
