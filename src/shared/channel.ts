/**
 * Channels of numbers between threads: a ring that senders fill and receivers
 * empty, each side one at a time.
 *
 * Layout of its own cells
 *   TYPE, MASK        what the numbers are, and the capacity less 1; never change
 *   CLOSED            1 once nothing may be sent; written inside the senders' side
 *   8 to 13           the words for waiting of the monitors of both sides, which
 *                     the other side reads for each value, and which seldom change
 *   40 to 43          the senders' side: its monitor's lock word, then
 *     TAIL            values sent so far; wraps
 *     SEEN_HEAD       a HEAD of the past, so that senders seldom look at the real one
 *   72 to 75          the receivers' side, in a cache line of its own: likewise, and
 *     HEAD            values received so far; wraps
 *     SEEN_TAIL       a TAIL of the past
 *   from byte DATA    the ring
 *
 * Invariants
 * - TAIL is written by who is inside the senders' side alone, HEAD by who is inside
 *   the receivers'. HEAD never passes TAIL, TAIL never HEAD by more than the
 *   capacity.
 * - A value stands in its place of the ring before TAIL counts it, and its place is
 *   used again only after HEAD has counted it. So each of the two writes is the
 *   moment at which the value was sent, or received; a thread that is stopped did
 *   either or not, and leaves nothing to repair.
 * - SEEN_HEAD is at most HEAD and at least TAIL less the capacity, since it was
 *   looked up whenever that was about to fail; so it tells too few free places at
 *   worst. Likewise SEEN_TAIL.
 * - Nothing is sent after CLOSED, as both happen inside. A receiver that sees CLOSED
 *   and looks at TAIL after that has seen all that will ever be there.
 */
import { compareExchange, load, type SharedCells, store } from "#atomics";

import { type Cancel, cancelNodeOf, type CancelNode, describeKind } from "../async/cancel.js";
import type { CanReceive, CanSend } from "../async/channel-ends.js";
import { requireWhole } from "../async/guard.js";
import { SELECTABLE, type Selectable } from "../async/select.js";
import { SelectableIterator } from "../async/selectable-iterator.js";
import { ClosedError, MisuseError } from "../core/errors.js";
import { LOCK_CELLS } from "./lock-word.js";
import { Monitor } from "./monitor.js";
import { HEADER_BYTES, Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { SharedWaits, type Waitable, waitBlocked } from "./waiting.js";

const TYPE = 0;
const MASK = 1;
const CLOSED = 2;
const SENDERS_WAITING = 8;
const RECEIVERS_WAITING = 11;
const SENDERS = 40;
const TAIL = SENDERS + LOCK_CELLS;
const SEEN_HEAD = TAIL + 1;
const RECEIVERS = 72;
const HEAD = RECEIVERS + LOCK_CELLS;
const SEEN_TAIL = HEAD + 1;
const CELLS = 104;
/** Behind the cells, counted from the block: a multiple of 8. */
const DATA: number = HEADER_BYTES + CELLS * 4;

const MOST_CAPACITY = 2 ** 24;

/** Types of numbers, in the order of their numbers in TYPE. */
const TYPES = ["float64", "int32"] as const;

/** What a verb gives instead when the channel is closed, and drained if it receives. */
const OVER: unique symbol = Symbol("over");

/** How a shared channel is made. */
export interface SharedChannelOptions extends SharedOptions {
  /** Places for values that nobody has received yet, 1024 by default; rounded up to a power of two. */
  readonly capacity?: number;
  /** What the numbers are, "float64" by default, which is any number. */
  readonly type?: "float64" | "int32";
}

/** Counters of a channel at one moment. */
export interface SharedChannelStatistics {
  readonly capacity: number;
  /** Values that are there to be received. */
  readonly length: number;
  readonly isClosed: boolean;
  /** Jobs of this thread that wait to send. */
  readonly sendingHere: number;
  /** Jobs of this thread that wait to receive. */
  readonly receivingHere: number;
}

/**
 * A queue of numbers between the jobs of all threads.
 *
 * Use it for results, indexes and handles that pass in large numbers; send many at
 * a time where that is possible. A value goes to one receiver.
 *
 * **Order** Values of one sender arrive in the order in which they were sent.
 *
 * **Fairness** As of `Semaphore`, for senders and receivers each.
 *
 * **A thread that dies** loses nothing but values that it has received.
 *
 * **Threads** Any. `for await`, `select` and the verbs without "Sync" never block;
 * but a thread in the middle of a verb keeps others of the same side out of it for
 * some nanoseconds.
 *
 * **Cost** A value, and a value of many: bench `shared-channel`.
 *
 * @example
 * ```ts
 * const found = new SharedChannel({ capacity: 4 });
 * found.sendManySync([1, 2, 3]);
 * found.close();
 * for await (const number of found) console.log(number); // 1
 * ```
 *
 * @since 0.1.0
 */
export class SharedChannel extends SharedObject implements CanSend<number>, CanReceive<number> {
  readonly #cells: SharedCells;
  /** The state of the lock words of both sides while this thread is inside. */
  readonly #entered: number;
  readonly #senders: Monitor;
  readonly #receivers: Monitor;
  readonly #data: Float64Array | Int32Array;
  readonly #mask: number;
  readonly #isWhole: boolean;
  readonly #hasPlace: Waitable<true | typeof OVER, number>;
  readonly #hasValue: Waitable<number | typeof OVER, undefined>;
  readonly #sending: SharedWaits<true | typeof OVER, number>;
  readonly #receiving: SharedWaits<number | typeof OVER, undefined>;

  constructor(options: SharedChannelOptions | Place = {}) {
    let { type, mask } = { type: 0, mask: 0 };
    if (options instanceof Place) {
      const cells = new Int32Array(options.inHeap.buffer, options.offset + HEADER_BYTES, CELLS);
      type = cells[TYPE] as number;
      mask = cells[MASK] as number;
    } else {
      const { capacity = 1024, type: name = "float64" } = options ?? {};
      requireWhole("a shared channel's capacity", capacity, 1);
      if (capacity > MOST_CAPACITY) requireWhole("a shared channel's capacity, up to 2^24,", NaN, 1);
      type = TYPES.indexOf(name);
      if (type === -1) {
        throw new MisuseError(
          "SKEIN_INVALID_ARGUMENT",
          `a shared channel's type must be "float64" or "int32", but ${describeKind(name)} came`,
        );
      }
      mask = 2 ** Math.ceil(Math.log2(capacity)) - 1;
    }
    const isWhole = TYPES[type] === "int32";
    super(Kind.channel, CELLS, options, (mask + 1) * (isWhole ? 4 : 8));
    this.#cells = this.cells;
    this.#mask = mask;
    this.#isWhole = isWhole;
    const { buffer } = this.heap;
    this.#data = isWhole
      ? new Int32Array(buffer, this.offset + DATA, mask + 1)
      : new Float64Array(buffer, this.offset + DATA, mask + 1);
    this.#senders = new Monitor(this.heap, this.cells, this.offset, this.name, SENDERS, SENDERS_WAITING);
    this.#receivers = new Monitor(this.heap, this.cells, this.offset, this.name, RECEIVERS, RECEIVERS_WAITING);
    this.#entered = this.#senders.entered;
    this.#hasPlace = this.#senders.waitable(`place in shared channel "${this.name}"`, (value) => this.#put(value), {
      isWorthTrying: () => this.isClosed || this.length <= this.#mask,
    });
    this.#hasValue = this.#receivers.waitable(`value from shared channel "${this.name}"`, () => this.#take(), {
      isWorthTrying: () => this.length > 0 || this.isClosed,
    });
    this.#sending = new SharedWaits(this.#hasPlace);
    this.#receiving = new SharedWaits(this.#hasValue);
    if (options instanceof Place) return;
    this.cells[TYPE] = type;
    this.cells[MASK] = mask;
    this.made();
  }

  get capacity(): number {
    return this.#mask + 1;
  }

  /** Values that are there to be received, at one moment. */
  get length(): number {
    const head = load(this.cells, HEAD);
    return Math.max(0, (load(this.cells, TAIL) - head) | 0);
  }

  get isClosed(): boolean {
    return load(this.cells, CLOSED) === 1;
  }

  // Sending

  trySend(value: number): boolean {
    if (!this.#isSendable(value) || this.#sending.size > 0) return false;
    return this.#sendNow(value) === true;
  }

  async send(value: number, cancel?: Cancel): Promise<void> {
    this.#requireSendable(value);
    const node = this.#checked(cancel);
    const sent = this.#sending.size === 0 ? this.#sendNow(value) : undefined;
    if ((sent ?? (await this.#sending.wait(value, node))) === OVER) throw this.#closedError();
  }

  /** As `send`, blocking this thread; throws `SKEIN_CANNOT_BLOCK` on the main thread of a page. */
  sendSync(value: number, cancel?: Cancel): void {
    this.#requireSendable(value);
    const node = this.#checked(cancel);
    if ((this.#sendNow(value) ?? waitBlocked(this.#hasPlace, value, node)) === OVER) throw this.#closedError();
  }

  /**
   * Sends values one behind another, as many at a time as there are places.
   * Values of other senders may come between.
   *
   * **Cancels** Those sent so far stay sent.
   *
   * **Throws** as `send`.
   */
  async sendMany(values: ArrayLike<number>, cancel?: Cancel): Promise<void> {
    this.#requireAllSendable(values);
    const node = this.#checked(cancel);
    for (let sent = 0; sent < values.length;) {
      if (this.#sending.size === 0) sent += this.#sendSome(values, sent);
      if (sent < values.length && (await this.#sending.wait(values[sent++] as number, node)) === OVER) {
        throw this.#closedError();
      }
    }
  }

  /** As `sendMany`, blocking this thread. */
  sendManySync(values: ArrayLike<number>, cancel?: Cancel): void {
    this.#requireAllSendable(values);
    const node = this.#checked(cancel);
    for (let sent = 0; sent < values.length;) {
      sent += this.#sendSome(values, sent);
      if (sent < values.length && waitBlocked(this.#hasPlace, values[sent++] as number, node) === OVER) {
        throw this.#closedError();
      }
    }
  }

  sending(value: number): Selectable<undefined> {
    this.#requireSendable(value);
    return {
      [SELECTABLE]: {
        attempt: () => {
          const sent = this.#sending.size === 0 ? this.#sendNow(value) : undefined;
          if (sent === OVER) throw this.#closedError();
          return sent === undefined ? undefined : { value: undefined };
        },
        park: (won, failed) =>
          this.#sending.park(value, (sent) => (sent === OVER ? failed(this.#closedError()) : won(undefined)), failed),
      },
    };
  }

  // This and `#receiveNow` enter and exit without a call: the compiler's budget for
  // putting callees into their caller would be used up before the end, and each call
  // left costs as much as the exchange it makes (bench `shared-channel`).
  #sendNow(value: number): true | typeof OVER | undefined {
    const cells = this.#cells;
    const entered = this.#entered;
    if (compareExchange(cells, SENDERS, 0, entered) !== 0) this.#senders.enterBusy();
    const sent = this.#senders.isClosedToThis ? undefined : this.#put(value);
    if (compareExchange(cells, SENDERS, entered, 0) !== entered) this.#senders.exit();
    return sent;
  }

  /** Inside the senders' side. */
  #put(value: number): true | typeof OVER | undefined {
    const cells = this.#cells;
    if (cells[CLOSED] === 1) return OVER;
    const tail = cells[TAIL] as number;
    if (this.#places(tail, 1) === 0) return undefined;
    this.#data[tail & this.#mask] = value;
    store(cells, TAIL, (tail + 1) | 0); // publishes the value
    this.#receivers.changed();
    return true;
  }

  /** @returns how many of `values` from `first` on found a place */
  #sendSome(values: ArrayLike<number>, first: number): number {
    const cells = this.#cells;
    const senders = this.#senders;
    senders.enter();
    const tail = cells[TAIL] as number;
    const isRefused = cells[CLOSED] === 1 || senders.isClosedToThis;
    const count = isRefused ? 0 : Math.min(values.length - first, this.#places(tail, values.length - first));
    const data = this.#data;
    const mask = this.#mask;
    for (let i = 0; i < count; i++) data[(tail + i) & mask] = values[first + i] as number;
    if (count > 0) store(cells, TAIL, (tail + count) | 0); // publishes them
    senders.exit();
    if (count > 0) this.#receivers.changed();
    return count;
  }

  /** Inside the senders' side: places that are free, or fewer if these are enough. */
  #places(tail: number, enough: number): number {
    const cells = this.#cells;
    const places = this.#mask + 1 - ((tail - (cells[SEEN_HEAD] as number)) | 0);
    if (places >= enough) return places;
    const head = load(cells, HEAD);
    cells[SEEN_HEAD] = head;
    return this.#mask + 1 - ((tail - head) | 0);
  }

  #isSendable(value: unknown): boolean {
    return typeof value === "number" && (!this.#isWhole || (value | 0) === value);
  }

  #requireSendable(value: unknown): void {
    if (this.#isSendable(value)) return;
    const wanted = !this.#isWhole ? "a number" : "a whole number from -2^31 to 2^31 - 1";
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `shared channel "${this.name}" takes ${wanted}, but ${typeof value === "number" ? String(value) : describeKind(value)} came`,
    );
  }

  #requireAllSendable(values: ArrayLike<number>): void {
    // Typed arrays of the kind that the ring is need no look.
    if (values instanceof Float64Array && !this.#isWhole) return;
    if (values instanceof Int32Array) return;
    if (typeof values !== "object" || values === null || typeof values.length !== "number") {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", `sendMany expected an array, but ${describeKind(values)} came`);
    }
    for (let i = 0; i < values.length; i++) this.#requireSendable(values[i]);
  }

  // Receiving

  tryReceive(): { readonly value: number } | undefined {
    const value = this.#receiving.size > 0 ? undefined : this.#receiveNow();
    return value === undefined || value === OVER ? undefined : { value };
  }

  async receive(cancel?: Cancel): Promise<number> {
    const node = this.#checked(cancel);
    const now = this.#receiving.size === 0 ? this.#receiveNow() : undefined;
    const value = now ?? (await this.#receiving.wait(undefined, node));
    if (value === OVER) throw this.#closedError();
    return value;
  }

  /** As `receive`, blocking this thread; throws `SKEIN_CANNOT_BLOCK` on the main thread of a page. */
  receiveSync(cancel?: Cancel): number {
    const node = this.#checked(cancel);
    const value = this.#receiveNow() ?? waitBlocked(this.#hasValue, undefined, node);
    if (value === OVER) throw this.#closedError();
    return value;
  }

  /**
   * Receives at least one value, waiting for it, and all that are there up to `most`.
   *
   * **Cancels**, **throws** as `receive`.
   */
  async receiveMany(most: number, cancel?: Cancel): Promise<number[]> {
    requireWhole("how many to receive", most, 1);
    const values = [await this.receive(cancel)];
    if (this.#receiving.size === 0) this.#receiveSome(values, most);
    return values;
  }

  /** As `receiveMany`, blocking this thread. */
  receiveManySync(most: number, cancel?: Cancel): number[] {
    requireWhole("how many to receive", most, 1);
    const values: number[] = [];
    this.#receiveSome(values, most);
    if (values.length > 0) return values;
    values.push(this.receiveSync(cancel));
    this.#receiveSome(values, most);
    return values;
  }

  receiving(): Selectable<IteratorResult<number, undefined>> {
    return {
      [SELECTABLE]: {
        attempt: () => {
          const value = this.#receiving.size === 0 ? this.#receiveNow() : undefined;
          return value === undefined ? undefined : { value: resultOf(value) };
        },
        park: (won, failed) => this.#receiving.park(undefined, (value) => won(resultOf(value)), failed),
      },
    };
  }

  values(cancel?: Cancel): AsyncIterableIterator<number> {
    const node = this.#checked(cancel);
    return new SelectableIterator(`value from shared channel "${this.name}"`, this.receiving(), node);
  }

  [Symbol.asyncIterator](): AsyncIterator<number> {
    return this.values();
  }

  #receiveNow(): number | typeof OVER | undefined {
    const cells = this.#cells;
    const entered = this.#entered;
    if (compareExchange(cells, RECEIVERS, 0, entered) !== 0) this.#receivers.enterBusy();
    const value = this.#receivers.isClosedToThis ? undefined : this.#take();
    if (compareExchange(cells, RECEIVERS, entered, 0) !== entered) this.#receivers.exit();
    return value;
  }

  /** Inside the receivers' side. */
  #take(): number | typeof OVER | undefined {
    const cells = this.#cells;
    const head = cells[HEAD] as number;
    if (this.#there(head, 1) === 0) {
      if (load(cells, CLOSED) === 0) return undefined;
      // Sent before it was closed, but after the look above.
      if (this.#there(head, 1) === 0) return OVER;
    }
    const value = this.#data[head & this.#mask] as number;
    store(cells, HEAD, (head + 1) | 0); // from here on the place is a sender's
    this.#senders.changed();
    return value;
  }

  /** Appends values that are there now, until `values` has `most`. */
  #receiveSome(values: number[], most: number): void {
    const cells = this.#cells;
    const receivers = this.#receivers;
    receivers.enter();
    const head = cells[HEAD] as number;
    const count = receivers.isClosedToThis
      ? 0
      : Math.min(most - values.length, this.#there(head, most - values.length));
    const data = this.#data;
    const mask = this.#mask;
    for (let i = 0; i < count; i++) values.push(data[(head + i) & mask] as number);
    if (count > 0) store(cells, HEAD, (head + count) | 0);
    receivers.exit();
    if (count > 0) this.#senders.changed();
  }

  /** Inside the receivers' side: values that are there, or fewer if these are enough. */
  #there(head: number, enough: number): number {
    const cells = this.#cells;
    const count = ((cells[SEEN_TAIL] as number) - head) | 0;
    if (count >= enough) return count;
    const tail = load(cells, TAIL);
    cells[SEEN_TAIL] = tail;
    return (tail - head) | 0;
  }

  // The channel

  /**
   * Closes the channel: nothing more can be sent, on any thread; what is there can
   * still be received. Doing it again does nothing.
   */
  close(): void {
    this.requireAlive();
    this.#senders.inside(() => store(this.cells, CLOSED, 1));
    this.#senders.changed();
    this.#receivers.changed();
  }

  statistics(): SharedChannelStatistics {
    return {
      capacity: this.capacity,
      length: this.length,
      isClosed: this.isClosed,
      sendingHere: this.#sending.size,
      receivingHere: this.#receiving.size,
    };
  }

  /** @internal */
  override threadEnded(slot: number): void {
    this.#senders.threadEnded(slot, () => undefined);
    this.#receivers.threadEnded(slot, () => undefined);
  }

  #checked(cancel: Cancel | undefined): CancelNode | undefined {
    if (cancel === undefined) return undefined;
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    return node;
  }

  #closedError(): ClosedError {
    return new ClosedError(`shared channel "${this.name}" is closed`);
  }
}

function resultOf(value: number | typeof OVER): IteratorResult<number, undefined> {
  return value === OVER ? { done: true, value: undefined } : { done: false, value };
}
