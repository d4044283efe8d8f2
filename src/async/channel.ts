/**
 * Channels: typed queues between jobs of one thread.
 *
 * Invariants
 * - Never both: a waiting receiver and a buffered value; never both: a waiting
 *   sender and a free place in the buffer. Each operation restores this before it
 *   returns, so the buffer never exceeds its capacity (law 24).
 * - Values leave in the order in which their sends began (law 21): a freed place
 *   goes to the oldest waiting sender in the same step that frees it.
 * - Closed implies that no sender and no receiver waits.
 */
import { ClosedError, MisuseError } from "../core/errors.js";
import { type Cancel, cancelNodeOf, type CancelNode, describeKind } from "./cancel.js";
import { SELECTABLE, type Selectable } from "./select.js";
import { WaitQueue } from "./wait-queue.js";

/** Counters of a channel at one moment. */
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
  readonly isClosed: boolean;
}

/** How a channel is made, where a capacity alone does not say it. */
export interface ChannelOptions {
  /** Values that may stand in the buffer: 0 hands over directly, Infinity never makes a sender wait. */
  readonly capacity?: number;
  /** How dumps, recordings and errors name the channel. */
  readonly name?: string;
}

/**
 * A typed queue between jobs of one thread, first in, first out.
 *
 * Use it to pass values from jobs that make them to jobs that use them: a bounded
 * channel slows the makers down to the users' pace.
 *
 * **Fairness** Waiting senders and waiting receivers are each served in order of
 * arrival. A newcomer never overtakes them.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Channel<T> extends AsyncIterable<T> {
  readonly name: string;
  readonly capacity: number;
  /** Values in the buffer now. */
  readonly length: number;
  readonly isClosed: boolean;

  /**
   * Sends a value, waiting for a place in the buffer, or for a receiver if the
   * capacity is 0.
   *
   * **Cancels** A cancelled send did not happen: the value is not delivered.
   *
   * **Throws** `SKEIN_CLOSED` if the channel is closed, also while the send waits:
   * then too the value is not delivered. `SKEIN_CANCELLED`.
   */
  send(value: T, cancel?: Cancel): Promise<void>;

  /** Sends without waiting. False if there is no place, or the channel is closed; never throws. */
  trySend(value: T): boolean;

  /**
   * Receives the oldest value, waiting for one.
   *
   * **Cancels** A cancelled receive took nothing.
   *
   * **Throws** `SKEIN_CLOSED` once the channel is closed and drained.
   * `SKEIN_CANCELLED`.
   */
  receive(cancel?: Cancel): Promise<T>;

  /** The receiving of a value as a case of `select`: `done` once the channel is closed and drained. */
  receiving(): Selectable<IteratorResult<T, undefined>>;

  /** The sending of `value` as a case of `select`. */
  sending(value: T): Selectable<undefined>;

  /** Receives without waiting: the value in an object, or `undefined` if none is there. */
  tryReceive(): { readonly value: T } | undefined;

  /**
   * Closes the channel. Values in the buffer can still be received; then receivers
   * end. Sends that wait fail with `SKEIN_CLOSED`. Closing again does nothing.
   */
  close(): void;

  /** Receives until the channel is closed and drained: `for await (const value of channel.values(s))`. */
  values(cancel?: Cancel): AsyncIterableIterator<T>;

  statistics(): ChannelStatistics;
}

/**
 * Makes a channel.
 *
 * **Cost** A rendezvous between two jobs takes two promise jobs.
 *
 * @param options - the capacity, or the capacity and a name; a rendezvous if omitted
 * @param cancel - the scope, or signal, that cancels each wait on this channel for
 *   which none is given. A channel that lives in a scope should be given it here.
 *
 * @example
 * ```ts
 * await scope(async (s) => {
 *   const numbers = channel<number>(2, s);
 *   s.spawn(async () => {
 *     for (const number of [1, 2, 3]) await numbers.send(number);
 *     numbers.close();
 *   });
 *   for await (const number of numbers) console.log(number);
 * });
 * ```
 *
 * @since 0.1.0
 */
export function channel<T>(options: number | ChannelOptions = 0, cancel?: Cancel): Channel<T> {
  const given = typeof options === "number" ? { capacity: options } : options;
  if (typeof given !== "object" || given === null) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `expected a capacity or options, but ${describeKind(options)} came`);
  }
  const { capacity = 0, name = "channel" } = given;
  if (typeof capacity !== "number" || !(capacity >= 0) || (capacity !== Infinity && !Number.isSafeInteger(capacity))) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `a channel's capacity must be a whole number from 0 on, or Infinity, but ${describeKind(capacity)} came`,
    );
  }
  return new BufferedChannel<T>(capacity, name, cancelNodeOf(cancel));
}

class BufferedChannel<T> implements Channel<T> {
  readonly name: string;
  readonly capacity: number;
  readonly #cancel: CancelNode | undefined;
  readonly #buffer = new Ring<T>();
  readonly #senders: WaitQueue<void, T>;
  readonly #receivers: WaitQueue<T>;
  #isClosed = false;
  #sent = 0;
  #received = 0;

  constructor(capacity: number, name: string, cancel: CancelNode | undefined) {
    this.capacity = capacity;
    this.name = name;
    this.#cancel = cancel;
    this.#senders = new WaitQueue(`send to channel "${name}"`);
    this.#receivers = new WaitQueue(`receive from channel "${name}"`);
  }

  get length(): number {
    return this.#buffer.length;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  trySend(value: T): boolean {
    if (this.#isClosed) return false;
    const receiver = this.#receivers.claim();
    if (receiver !== undefined) {
      this.#sent++;
      this.#received++;
      receiver.resolve(value);
      return true;
    }
    if (this.#buffer.length >= this.capacity) return false;
    this.#sent++;
    this.#buffer.push(value);
    return true;
  }

  async send(value: T, cancel?: Cancel): Promise<void> {
    const node = cancelNodeOf(cancel) ?? this.#cancel;
    node?.checkpoint();
    if (this.trySend(value)) return;
    if (this.#isClosed) throw this.#closedError();
    await this.#senders.wait(node, value);
  }

  tryReceive(): { readonly value: T } | undefined {
    if (this.#buffer.length > 0) {
      const value = this.#buffer.shift();
      this.#received++;
      const sender = this.#senders.claim();
      if (sender !== undefined) {
        this.#sent++;
        this.#buffer.push(sender.payload);
        sender.resolve();
      }
      return { value };
    }
    // An empty buffer with a waiting sender: capacity 0.
    const sender = this.#senders.claim();
    if (sender === undefined) return undefined;
    this.#sent++;
    this.#received++;
    sender.resolve();
    return { value: sender.payload };
  }

  async receive(cancel?: Cancel): Promise<T> {
    const node = cancelNodeOf(cancel) ?? this.#cancel;
    node?.checkpoint();
    const taken = this.tryReceive();
    if (taken !== undefined) return taken.value;
    if (this.#isClosed) throw this.#closedError();
    return this.#receivers.wait(node, undefined);
  }

  receiving(): Selectable<IteratorResult<T, undefined>> {
    return {
      [SELECTABLE]: {
        attempt: () => {
          const taken = this.tryReceive();
          if (taken !== undefined) return { value: { done: false, value: taken.value } };
          return this.#isClosed ? { value: { done: true, value: undefined } } : undefined;
        },
        park: (won) =>
          this.#receivers.park(
            undefined,
            (value) => won({ done: false, value }),
            () => won({ done: true, value: undefined }),
          ),
      },
    };
  }

  sending(value: T): Selectable<undefined> {
    return {
      [SELECTABLE]: {
        attempt: () => {
          if (this.trySend(value)) return { value: undefined };
          if (this.#isClosed) throw this.#closedError();
          return undefined;
        },
        park: (won, failed) => this.#senders.park(value, () => won(undefined), failed),
      },
    };
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Receivers wait only while the buffer is empty, so each of them is at the end.
    for (let receiver = this.#receivers.claim(); receiver !== undefined; receiver = this.#receivers.claim()) {
      receiver.reject(this.#closedError());
    }
    for (let sender = this.#senders.claim(); sender !== undefined; sender = this.#senders.claim()) {
      sender.reject(this.#closedError());
    }
  }

  values(cancel?: Cancel): AsyncIterableIterator<T> {
    const source = this;
    // Not an async generator: its `return` would queue behind a pending `next`.
    return {
      async next() {
        try {
          return { done: false, value: await source.receive(cancel) };
        } catch (error) {
          if (error instanceof ClosedError && source.#isClosed) return { done: true, value: undefined };
          throw error;
        }
      },
      async return() {
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.values();
  }

  statistics(): ChannelStatistics {
    return {
      length: this.length,
      capacity: this.capacity,
      waitingSenders: this.#senders.size,
      waitingReceivers: this.#receivers.size,
      sent: this.#sent,
      received: this.#received,
      isClosed: this.#isClosed,
    };
  }

  #closedError(): ClosedError {
    return new ClosedError(`channel "${this.name}" is closed`);
  }
}

/** A growing ring buffer: O(1) at both ends, where an array's `shift` is O(n). */
class Ring<T> {
  length = 0;
  #places: (T | undefined)[] = [];
  #first = 0;

  push(value: T): void {
    if (this.length === this.#places.length) this.#grow();
    this.#places[(this.#first + this.length) & (this.#places.length - 1)] = value;
    this.length++;
  }

  /** The caller has checked that there is a value. */
  shift(): T {
    const value = this.#places[this.#first] as T;
    this.#places[this.#first] = undefined; // or the ring would keep it alive
    this.#first = (this.#first + 1) & (this.#places.length - 1);
    this.length--;
    return value;
  }

  #grow(): void {
    const grown: (T | undefined)[] = Array.from({ length: Math.max(8, this.#places.length * 2) });
    for (let i = 0; i < this.length; i++) grown[i] = this.#places[(this.#first + i) & (this.#places.length - 1)];
    this.#places = grown;
    this.#first = 0;
  }
}
