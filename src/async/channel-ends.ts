/**
 * Ends of a channel: who has them, and when the last is gone.
 *
 * Invariants
 * - The core counts the open ends of each side. Cloning adds one, and closing an
 *   end takes one away, once; the close that leaves none closes its side.
 * - What waits through an end stands in the end's `Waits` from its beginning to its
 *   outcome, so that closing the end can take it back. A receive through a closed
 *   end would take a value that nobody gets.
 */
import { ClosedError, MisuseError } from "../core/errors.js";
import type { Cancel } from "./cancel.js";
import type { ChannelCore } from "./channel-core.js";
import { type ParkedCase, SELECTABLE, type Selectable } from "./select.js";
import type { Suspension, Waiter } from "./wait-queue.js";

/**
 * Where values can be sent to: a channel, or a sending end of one. Write it as the
 * type of a parameter that takes either.
 *
 * @since 0.1.0
 */
export interface CanSend<T> {
  /** True once nothing can be sent any more. */
  readonly isClosed: boolean;

  /**
   * Sends a value, waiting for a place in the buffer, or for a receiver if the
   * capacity is 0. It never waits if the channel drops what overflows.
   *
   * **Cancels** A cancelled send did not happen: the value is not delivered.
   *
   * **Throws** `SKEIN_CLOSED` if the channel is closed, also while the send waits:
   * then too the value is not delivered. `SKEIN_CANCELLED`; `SKEIN_END_CLOSED` on an
   * end that was closed before.
   */
  send(value: T, cancel?: Cancel): Promise<void>;

  /** Sends without waiting. False if there is no place, or it is closed; never throws. */
  trySend(value: T): boolean;

  /** The sending of `value` as a case of `select`. */
  sending(value: T): Selectable<undefined>;
}

/**
 * Where values can be received from: a channel, a receiving end of one, or a
 * subscription. Write it as the type of a parameter that takes any of them.
 *
 * @since 0.1.0
 */
export interface CanReceive<T> extends AsyncIterable<T> {
  /** True once nothing more comes in; what is there can still be received. */
  readonly isClosed: boolean;

  /**
   * Receives the oldest value, waiting for one.
   *
   * **Cancels** A cancelled receive took nothing.
   *
   * **Throws** `SKEIN_CLOSED` once it is closed and drained. `SKEIN_CANCELLED`;
   * `SKEIN_END_CLOSED` on an end that was closed before.
   */
  receive(cancel?: Cancel): Promise<T>;

  /** Receives without waiting: the value in an object, or `undefined` if none is there. Never throws. */
  tryReceive(): { readonly value: T } | undefined;

  /** The receiving of a value as a case of `select`: `done` once it is closed and drained. */
  receiving(): Selectable<IteratorResult<T, undefined>>;

  /**
   * Receives until it is closed and drained: `for await (const value of channel.values(s))`.
   * Leaving the loop closes nothing, and takes no value that comes later.
   */
  values(cancel?: Cancel): AsyncIterableIterator<T>;
}

/**
 * A sending end of a channel; the last one to be closed closes the channel.
 *
 * Use ends where several jobs send: each has a clone and closes it when it is done,
 * and the receivers end after the last, without anybody counting.
 *
 * @since 0.1.0
 */
export interface Sender<T> extends CanSend<T>, Disposable {
  /** Another end of the same kind, to be closed on its own. Throws `SKEIN_END_CLOSED` if this one is closed. */
  clone(): Sender<T>;
  /** Closes this end. Sends that wait through it fail with `SKEIN_CLOSED`. Doing it again does nothing. */
  close(): void;
}

/**
 * A receiving end of a channel. When the last one is closed, sends fail, and the
 * values still in the buffer go to the channel's `onUndelivered`.
 *
 * @since 0.1.0
 */
export interface Receiver<T> extends CanReceive<T>, Disposable {
  /** Another end of the same kind, to be closed on its own. Throws `SKEIN_END_CLOSED` if this one is closed. */
  clone(): Receiver<T>;
  /** Closes this end. Receives that wait through it fail with `SKEIN_CLOSED`, loops end. Doing it again does nothing. */
  close(): void;
}

/** A wait that can be taken back. */
interface Ending {
  cancel(error: unknown): void;
}

/** What waits through one end. */
class Waits {
  readonly #waiting = new Set<Ending>();

  async run<Value, Payload>({ waiter, promise }: Suspension<Value, Payload>): Promise<Value> {
    this.#waiting.add(waiter);
    try {
      return await promise;
    } finally {
      this.#waiting.delete(waiter);
    }
  }

  park<Value, Payload, Outcome>(
    park: (won: (outcome: Outcome) => void, failed: (error: unknown) => void) => Waiter<Value, Payload>,
    won: (outcome: Outcome) => void,
    failed: (error: unknown) => void,
  ): ParkedCase {
    const waiter = park(
      (outcome) => {
        this.#waiting.delete(waiter);
        won(outcome);
      },
      (error) => {
        this.#waiting.delete(waiter);
        failed(error);
      },
    );
    this.#waiting.add(waiter);
    return {
      leave: () => {
        this.#waiting.delete(waiter);
        waiter.leave();
      },
      left: () => waiter.left(),
    };
  }

  end(error: () => ClosedError): void {
    for (const waiter of this.#waiting) waiter.cancel(error());
  }
}

/** What both kinds of ends share. */
abstract class End<T> {
  protected readonly core: ChannelCore<T>;
  protected readonly waits: Waits = new Waits();
  protected isEndClosed = false;

  constructor(core: ChannelCore<T>) {
    this.core = core;
  }

  get isClosed(): boolean {
    return this.isEndClosed || this.core.isClosed;
  }

  close(): void {
    if (this.isEndClosed) return;
    this.isEndClosed = true;
    this.waits.end(() => this.closedError());
    this.leaveCore();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  protected abstract readonly kind: string;
  protected abstract leaveCore(): void;

  protected closedError(): ClosedError {
    return new ClosedError(`this ${this.kind} of ${this.core.title} was closed`);
  }

  protected requireOpen(verb: string): void {
    if (!this.isEndClosed) return;
    throw new MisuseError(
      "SKEIN_END_CLOSED",
      `${verb} was called on a ${this.kind} of ${this.core.title} that had been closed; ` +
        "close an end when its owner has done its last, and give each job a clone of its own",
    );
  }
}

export class SenderEnd<T> extends End<T> implements Sender<T> {
  protected override readonly kind = "sender";

  constructor(core: ChannelCore<T>) {
    super(core);
    core.senderOpened();
  }

  protected override leaveCore(): void {
    this.core.senderClosed();
  }

  clone(): Sender<T> {
    this.requireOpen("clone");
    return new SenderEnd(this.core);
  }

  trySend(value: T): boolean {
    return !this.isEndClosed && this.core.trySend(value);
  }

  async send(value: T, cancel?: Cancel): Promise<void> {
    this.requireOpen("send");
    const wait = this.core.startSend(value, cancel);
    if (wait !== undefined) await this.waits.run(wait);
  }

  sending(value: T): Selectable<undefined> {
    this.requireOpen("sending");
    return {
      [SELECTABLE]: {
        attempt: () => {
          if (this.isEndClosed) throw this.closedError();
          return this.core.attemptSend(value);
        },
        park: (won, failed) => this.waits.park((done, fail) => this.core.parkSend(value, done, fail), won, failed),
      },
    };
  }
}

export class ReceiverEnd<T> extends End<T> implements Receiver<T> {
  protected override readonly kind = "receiver";

  constructor(core: ChannelCore<T>) {
    super(core);
    core.receiverOpened();
  }

  protected override leaveCore(): void {
    this.core.receiverClosed();
  }

  clone(): Receiver<T> {
    this.requireOpen("clone");
    return new ReceiverEnd(this.core);
  }

  tryReceive(): { readonly value: T } | undefined {
    return this.isEndClosed ? undefined : this.core.tryReceive();
  }

  async receive(cancel?: Cancel): Promise<T> {
    this.requireOpen("receive");
    const started = this.core.startReceive(cancel);
    return "promise" in started ? this.waits.run(started) : started.value;
  }

  receiving(): Selectable<IteratorResult<T, undefined>> {
    this.requireOpen("receiving");
    return {
      [SELECTABLE]: {
        // Closed in the meantime: the same outcome as closed while it waits.
        attempt: () => (this.isEndClosed ? { value: { done: true, value: undefined } } : this.core.attemptReceive()),
        park: (won, failed) => this.waits.park((done) => this.core.parkReceive(done), won, failed),
      },
    };
  }

  values(cancel?: Cancel): AsyncIterableIterator<T> {
    return this.core.iterate(this.receiving(), cancel);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.values();
  }
}
