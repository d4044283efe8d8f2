/**
 * Channels between threads: a ring that never waits (`channel-ring.ts`), waiting for
 * it, ends, and what its values are (`element.ts`).
 */
import { type Cancel, cancelNodeOf, type CancelNode, describeKind } from "../async/cancel.js";
import type { CanReceive, CanSend } from "../async/channel-ends.js";
import { requireOptions, requireWhole } from "../async/guard.js";
import { SELECTABLE, type Selectable } from "../async/select.js";
import { SelectableIterator } from "../async/selectable-iterator.js";
import { ClosedError, MisuseError } from "../core/errors.js";
import { probe, ProbedResource, ProbeResource } from "../core/probe.js";
import { type EndOwner, EndTable, SharedReceiver, SharedSender } from "./channel-ends.js";
import {
  CHANNEL_CELLS,
  ChannelRing,
  DATA,
  type Item,
  MASK,
  ONE_RECEIVER,
  ONE_SENDER,
  OVER,
  PLACE_BYTES,
  type Over,
  RECEIVER_ENDS,
  SCHEMA_LENGTH,
  SENDER_ENDS,
  TYPE,
} from "./channel-ring.js";
import { codecOf, type Element, elementOf, type ElementType, numberTypeOf, type ElementNumberType } from "./element.js";
import { type Address, addressOf, HEADER_BYTES, Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { freePayload } from "./payload.js";
import { Places } from "./places.js";
import type { RecordOf, RecordSchema } from "./record-schema.js";
import { SharedWaits, type Waitable, waitBlocked } from "./waiting.js";

const MOST_CAPACITY = 2 ** 24;

/** How a shared channel is made. */
export interface SharedChannelOptions<Type extends ElementType = ElementType> extends SharedOptions {
  /** Places for values that nobody has received yet, 64 by default; rounded up to a power of two. */
  readonly capacity?: number;
  /** What the values are; `"value"`, any plain data, by default. */
  readonly type?: Type;
  /**
   * `"one"` if only one thread ever sends: that costs a third of what it costs if
   * many do. The first to send is that thread until it ends; others are refused.
   */
  readonly senders?: "one" | "many";
  /** The same of receivers. */
  readonly receivers?: "one" | "many";
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
  /** Ends of all threads that are open. */
  readonly senders: number;
  readonly receivers: number;
}

/** What makes shared channels: the type of values follows from the options. */
export interface SharedChannelMaker {
  new (options: SharedChannelOptions<ElementNumberType> & { readonly type: ElementNumberType }): SharedChannel<number>;
  new (options: SharedChannelOptions<"string"> & { readonly type: "string" }): SharedChannel<string>;
  new (options: SharedChannelOptions<"bytes"> & { readonly type: "bytes" }): SharedChannel<Uint8Array>;
  new <Schema extends RecordSchema>(
    options: SharedChannelOptions<Schema> & { readonly type: Schema },
  ): SharedChannel<RecordOf<Schema>>;
  new <T = unknown>(options?: SharedChannelOptions<"value">): SharedChannel<T>;
  readonly prototype: SharedChannel;
}

class RingChannel<T> extends SharedObject implements CanSend<T>, CanReceive<T>, EndOwner {
  readonly #ring: ChannelRing;
  readonly #resource: ProbedResource;
  /** `undefined` if the values are numbers. */
  readonly #places: Places<T> | undefined;
  readonly #numberType: ElementNumberType | undefined;
  readonly #hasPlace: Waitable<true | Over, Item>;
  readonly #hasValue: Waitable<Item | Over, undefined>;
  readonly #sending: SharedWaits<true | Over, Item>;
  readonly #receiving: SharedWaits<Item | Over, undefined>;
  readonly #senders: EndTable;
  readonly #receivers: EndTable;
  /** This thread's ends, by their numbers. */
  readonly #ends = new Map<number, SharedSender<T> | SharedReceiver<T>>();

  constructor(options: SharedChannelOptions | Place = {}) {
    const made = options instanceof Place ? found(options) : checked(options);
    const { element, mask } = made;
    const numberType = numberTypeOf(element);
    const whose = `shared channel "${options instanceof Place ? "" : (options.name ?? "channel")}"`;
    const codec = numberType === undefined ? codecOf(element, whose) : undefined;
    const placeBytes = codec === undefined ? (numberType === "int32" ? 4 : 8) : (codec.fixedBytes ?? 64);
    const schema = new TextEncoder().encode(element.schema);
    const schemaAt = DATA + (mask + 1) * placeBytes;
    super(Kind.channel, CHANNEL_CELLS, options, schemaAt + schema.length - HEADER_BYTES - CHANNEL_CELLS * 4);
    const { cells, heap, offset } = this;
    if (!(options instanceof Place)) {
      cells[TYPE] = element.number;
      cells[MASK] = mask;
      cells[ONE_SENDER] = made.hasOneSender ? 1 : 0;
      cells[ONE_RECEIVER] = made.hasOneReceiver ? 1 : 0;
      cells[SCHEMA_LENGTH] = schema.length;
      cells[PLACE_BYTES] = placeBytes;
      new Uint8Array(heap.cellsWith(offset).buffer, offset + schemaAt, schema.length).set(schema);
    }
    this.#numberType = numberType;
    this.#places = codec === undefined ? undefined : new Places(codec as never, heap, offset);
    const { buffer } = heap.cellsWith(offset);
    const numbers =
      numberType === "int32"
        ? new Int32Array(buffer, offset + DATA, mask + 1)
        : new Float64Array(buffer, offset + DATA, mask + 1);
    this.#ring = new ChannelRing(heap, cells, offset, this.name, this.#places ?? numbers);
    const ring = this.#ring;
    const resource = new ProbedResource(ProbeResource.channel, this.name, -this.offset);
    this.#resource = resource;
    this.#hasPlace = ring.senders.waitable(`place in shared channel "${this.name}"`, (item) => ring.put(item), {
      isWorthTrying: () => ring.isClosed || !ring.isFull,
      resource,
    });
    this.#hasValue = ring.receivers.waitable(
      `value from shared channel "${this.name}"`,
      () => {
        const item = ring.take();
        return typeof item === "object" ? this.#places?.keep(item) : item;
      },
      { isWorthTrying: () => ring.length > 0 || ring.isClosed, resource },
    );
    this.#sending = new SharedWaits(this.#hasPlace);
    this.#receiving = new SharedWaits(this.#hasValue);
    this.#senders = new EndTable(cells, SENDER_ENDS);
    this.#receivers = new EndTable(cells, RECEIVER_ENDS);
    if (!(options instanceof Place)) this.made();
  }

  get capacity(): number {
    return this.#ring.capacity;
  }

  /** Values that are there to be received, at one moment. */
  get length(): number {
    return this.#ring.length;
  }

  get isClosed(): boolean {
    return this.#ring.isClosed;
  }

  // Sending

  trySend(value: T): boolean {
    const item = this.#pack(value);
    if (this.#sending.size === 0 && this.#ring.sendNow(item) === true) {
      probe.ring?.level(this.#resource, this.length);
      return true;
    }
    this.#drop(item);
    return false;
  }

  async send(value: T, cancel?: Cancel): Promise<void> {
    const node = this.#checked(cancel);
    const item = this.#pack(value);
    const sent = this.#sending.size === 0 ? this.#ring.sendNow(item) : undefined;
    if (sent !== true) await this.#sendLater(item, sent, node);
    probe.ring?.level(this.#resource, this.length);
  }

  /** As `send`, blocking this thread; throws `SKEIN_CANNOT_BLOCK` on the main thread of a page. */
  sendSync(value: T, cancel?: Cancel): void {
    const node = this.#checked(cancel);
    const item = this.#pack(value);
    const sent = this.#ring.sendNow(item);
    if (sent !== true) this.#sendBlocked(item, sent, node);
    probe.ring?.level(this.#resource, this.length);
  }

  async #sendLater(item: Item, sent: Over | undefined, node: CancelNode | undefined): Promise<void> {
    const kept = this.#keep(item);
    let outcome: true | Over | undefined = sent;
    try {
      outcome ??= await this.#sending.wait(kept, node);
    } finally {
      if (outcome !== true) this.#drop(kept);
    }
    if (outcome === OVER) throw this.#closedError();
  }

  #sendBlocked(item: Item, sent: Over | undefined, node: CancelNode | undefined): void {
    const kept = this.#keep(item);
    let outcome: true | Over | undefined = sent;
    try {
      outcome ??= waitBlocked(this.#hasPlace, kept, node);
    } finally {
      if (outcome !== true) this.#drop(kept);
    }
    if (outcome === OVER) throw this.#closedError();
  }

  /**
   * Sends values one behind another; numbers as many at a time as there are places.
   * Values of other senders may come between.
   *
   * **Cancels** Those sent so far stay sent.
   *
   * **Throws** as `send`; for a value that can't be sent, before any is.
   */
  async sendMany(values: ArrayLike<T>, cancel?: Cancel): Promise<void> {
    this.#requireAllSendable(values);
    const node = this.#checked(cancel);
    for (let sent = 0; sent < values.length;) {
      if (this.#numberType !== undefined && this.#sending.size === 0) {
        sent += this.#ring.sendSome(values as ArrayLike<number>, sent);
      }
      if (sent < values.length) await this.send(values[sent++] as T, node);
    }
  }

  /** As `sendMany`, blocking this thread. */
  sendManySync(values: ArrayLike<T>, cancel?: Cancel): void {
    this.#requireAllSendable(values);
    const node = this.#checked(cancel);
    for (let sent = 0; sent < values.length;) {
      if (this.#numberType !== undefined) sent += this.#ring.sendSome(values as ArrayLike<number>, sent);
      if (sent < values.length) this.sendSync(values[sent++] as T, node);
    }
  }

  sending(value: T): Selectable<undefined> {
    const item = this.#pack(value);
    // Packed anew for each attempt: what was packed is good until the next call.
    this.#drop(item);
    return {
      [SELECTABLE]: {
        attempt: () => {
          if (this.#sending.size > 0) return undefined;
          const now = this.#pack(value);
          const sent = this.#ring.sendNow(now);
          if (sent === true) return { value: undefined };
          this.#drop(now);
          if (sent === OVER) throw this.#closedError();
          return undefined;
        },
        park: (won, failed) => {
          const kept = this.#keep(this.#pack(value));
          const parked = this.#sending.park(
            kept,
            (sent) => {
              if (sent === true) return won(undefined);
              this.#drop(kept);
              failed(this.#closedError());
            },
            failed,
          );
          return {
            leave: () => {
              if (!parked.isOver) this.#drop(kept);
              parked.leave();
            },
            left: () => parked.left(),
          };
        },
      },
    };
  }

  #pack(value: T): Item {
    if (this.#places !== undefined) return this.#places.pack(value);
    if (!this.#isNumber(value)) this.#refuseNumber(value);
    return value as number;
  }

  #keep(item: Item): Item {
    return typeof item === "number" ? item : (this.#places as Places<T>).keep(item);
  }

  #drop(item: Item): void {
    if (typeof item !== "number") this.#places?.drop(item);
  }

  #isNumber(value: unknown): boolean {
    return this.#numberType === "int32" ? ((value as number) | 0) === value : typeof value === "number";
  }

  #refuseNumber(value: unknown): never {
    const wanted = this.#numberType === "float64" ? "a number" : "a whole number from -2^31 to 2^31 - 1";
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `shared channel "${this.name}" takes ${wanted}, but ${typeof value === "number" ? String(value) : describeKind(value)} came`,
    );
  }

  #requireAllSendable(values: ArrayLike<unknown>): void {
    // Typed arrays of the kind that the ring is need no look.
    if (values instanceof Float64Array && this.#numberType === "float64") return;
    if (values instanceof Int32Array && this.#numberType !== undefined) return;
    if (typeof values !== "object" || values === null || typeof values.length !== "number") {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", `sendMany expected an array, but ${describeKind(values)} came`);
    }
    for (let i = 0; i < values.length; i++) this.#drop(this.#pack(values[i] as T));
  }

  // Receiving

  tryReceive(): { readonly value: T } | undefined {
    const item = this.#receiving.size > 0 ? undefined : this.#ring.receiveNow();
    if (item === undefined || item === OVER) return undefined;
    probe.ring?.level(this.#resource, this.length);
    return { value: this.#unpack(item) };
  }

  async receive(cancel?: Cancel): Promise<T> {
    const node = this.#checked(cancel);
    const now = this.#receiving.size === 0 ? this.#ring.receiveNow() : undefined;
    const item = now ?? (await this.#receiving.wait(undefined, node));
    if (item === OVER) throw this.#closedError();
    probe.ring?.level(this.#resource, this.length);
    return this.#unpack(item);
  }

  /** As `receive`, blocking this thread; throws `SKEIN_CANNOT_BLOCK` on the main thread of a page. */
  receiveSync(cancel?: Cancel): T {
    const node = this.#checked(cancel);
    const item = this.#ring.receiveNow() ?? waitBlocked(this.#hasValue, undefined, node);
    if (item === OVER) throw this.#closedError();
    probe.ring?.level(this.#resource, this.length);
    return typeof item === "number" ? (item as T) : this.#unpack(item);
  }

  /**
   * Receives at least one value, waiting for it, and all that are there up to `most`.
   *
   * **Cancels**, **throws** as `receive`.
   */
  async receiveMany(most: number, cancel?: Cancel): Promise<T[]> {
    requireWhole("how many to receive", most, 1);
    const values = [await this.receive(cancel)];
    if (this.#receiving.size === 0) this.#receiveThere(values, most);
    return values;
  }

  /** As `receiveMany`, blocking this thread. */
  receiveManySync(most: number, cancel?: Cancel): T[] {
    requireWhole("how many to receive", most, 1);
    const values: T[] = [];
    this.#receiveThere(values, most);
    if (values.length > 0) return values;
    values.push(this.receiveSync(cancel));
    this.#receiveThere(values, most);
    return values;
  }

  /**
   * Receives numbers into an array: at least one, waiting for it, and all that are
   * there. It makes nothing, so it is the fastest way to take many.
   *
   * **Throws** as `receive`; `SKEIN_INVALID_ARGUMENT` if the channel is not of numbers.
   *
   * @returns how many, from the array's begin
   */
  async receiveInto(values: Float64Array | Int32Array, cancel?: Cancel): Promise<number> {
    this.#requireArray(values);
    const count = this.#receiving.size === 0 ? this.#ring.receiveSome(values, 0, values.length) : 0;
    if (count > 0) return count;
    values[0] = (await this.receive(cancel)) as number;
    return 1 + (this.#receiving.size === 0 ? this.#ring.receiveSome(values, 1, values.length - 1) : 0);
  }

  /** As `receiveInto`, blocking this thread. */
  receiveIntoSync(values: Float64Array | Int32Array, cancel?: Cancel): number {
    this.#requireArray(values);
    const count = this.#ring.receiveSome(values, 0, values.length);
    if (count > 0) return count;
    values[0] = this.receiveSync(cancel) as number;
    return 1 + this.#ring.receiveSome(values, 1, values.length - 1);
  }

  #requireArray(values: unknown): void {
    const isFit = values instanceof Float64Array || (values instanceof Int32Array && this.#numberType === "int32");
    if (isFit && this.#numberType !== undefined && values.length > 0) return;
    const wanted =
      this.#numberType === undefined
        ? `a channel of numbers, but shared channel "${this.name}" is not one: use receiveMany`
        : `${this.#numberType === "int32" ? "an Int32Array or a Float64Array" : "a Float64Array"} with room for one value at least, but ${describeKind(values)} came`;
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `receiveInto expected ${wanted}`);
  }

  /** Appends what is there until `values` has `most`. */
  #receiveThere(values: T[], most: number): void {
    if (this.#numberType !== undefined) {
      this.#ring.receiveSome(values as number[], values.length, most - values.length);
      return;
    }
    while (values.length < most) {
      const item = this.#ring.receiveNow();
      if (item === undefined || item === OVER) return;
      values.push(this.#unpack(item));
    }
  }

  receiving(): Selectable<IteratorResult<T, undefined>> {
    const resultOf = (item: Item | Over): IteratorResult<T, undefined> =>
      item === OVER ? { done: true, value: undefined } : { done: false, value: this.#unpack(item) };
    // It may throw: a shared object inside the value may have been disposed of.
    return this.#receiving.selectable(undefined, () => this.#ring.receiveNow(), resultOf);
  }

  values(cancel?: Cancel): AsyncIterableIterator<T> {
    const node = this.#checked(cancel);
    return new SelectableIterator(`value from shared channel "${this.name}"`, this.receiving(), node);
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.values();
  }

  #unpack(item: Item): T {
    return typeof item === "number" ? (item as T) : (this.#places as Places<T>).unpack(item);
  }

  // Ends

  /**
   * A new sending end, of this thread. When as many were closed as were made, on all
   * threads, the channel closes.
   *
   * **Throws** `SKEIN_OVERFLOW` if 64 are open.
   */
  sender(): SharedSender<T> {
    return this.#endOf(this.#open(this.#senders), true) as SharedSender<T>;
  }

  /** A new receiving end; when as many were closed as were made, the channel is cancelled. Otherwise as `sender`. */
  receiver(): SharedReceiver<T> {
    return this.#endOf(this.#open(this.#receivers), false) as SharedReceiver<T>;
  }

  #open(table: EndTable): number {
    this.requireAlive();
    const end = table.open(this.heap.slot);
    if (end !== undefined) return end;
    throw new MisuseError(
      "SKEIN_OVERFLOW",
      `shared channel "${this.name}" has 64 ends open on one side: close each when its owner has done its last`,
    );
  }

  /** This thread's object for an end. */
  #endOf(end: number, isSender: boolean): SharedSender<T> | SharedReceiver<T> {
    // Both sides number theirs from 64 on.
    const key = isSender ? end : -end;
    let own = this.#ends.get(key);
    if (own === undefined) {
      own = isSender ? new SharedSender<T>(this, key) : new SharedReceiver<T>(this, key);
      this.#ends.set(key, own);
    }
    return own;
  }

  #tableOf(key: number): EndTable {
    return key > 0 ? this.#senders : this.#receivers;
  }

  /** @internal */
  isEndOpen(key: number): boolean {
    return this.#tableOf(key).isOpen(Math.abs(key));
  }

  /** @internal */
  cloneEnd(key: number): SharedSender<T> | SharedReceiver<T> {
    return key > 0 ? this.sender() : this.receiver();
  }

  /** @internal */
  closeEnd(key: number): void {
    this.#ends.delete(key);
    this.#leaveSide(key);
    if (!this.#tableOf(key).close(Math.abs(key))) return;
    if (key > 0) this.#ring.close();
    else this.cancel();
  }

  /** @internal An end is being copied to another thread: it is that thread's once it has come. */
  leaveEnd(key: number): Address {
    this.#leaveSide(key);
    return addressOf(this.heap, key > 0 ? Kind.sender : Kind.receiver, this.handle, Math.abs(key));
  }

  /** @internal An end has come to this thread. */
  endArrived(end: number, isSender: boolean): SharedSender<T> | SharedReceiver<T> {
    (isSender ? this.#senders : this.#receivers).move(end, this.heap.slot);
    return this.#endOf(end, isSender);
  }

  /** A side for one thread is free for another, unless jobs of this one wait there. */
  #leaveSide(key: number): void {
    if (key > 0 && this.#sending.size === 0) this.#ring.leaveSending();
    if (key < 0 && this.#receiving.size === 0) this.#ring.leaveReceiving();
  }

  // The channel

  /**
   * Closes the channel: nothing more can be sent, on any thread; what is there can
   * still be received. Doing it again does nothing.
   */
  close(): void {
    this.requireAlive();
    this.#ring.close();
  }

  /** Closes the channel from the receiving side: as `close`, and what is there is dropped. */
  cancel(): void {
    this.requireAlive();
    this.#ring.close();
    if (this.cells[ONE_RECEIVER] === 1 && this.#ring.receivers.holder !== 0) return; // that thread receives it
    // Until there is none, or another thread insists on what is there.
    for (let item = this.#ring.receiveNow(); item !== OVER && item !== undefined; item = this.#ring.receiveNow()) {
      this.#drop(item);
    }
    this.#ring.leaveReceiving();
  }

  statistics(): SharedChannelStatistics {
    return {
      capacity: this.capacity,
      length: this.length,
      isClosed: this.isClosed,
      sendingHere: this.#sending.size,
      receivingHere: this.#receiving.size,
      senders: this.#senders.size,
      receivers: this.#receivers.size,
    };
  }

  override dispose(): void {
    if (!this.isDisposed) for (const payload of this.#ring.payloads()) this.#freeAttached(payload);
    super.dispose();
  }

  #freeAttached(payload: number): void {
    this.heap.free(this.heap.handleOf(payload));
  }

  /** @internal */
  override threadEnded(slot: number, wasBusy: boolean): boolean {
    const { senders, receivers } = this.#ring;
    let isInOrder = true;
    if (this.cells[ONE_SENDER] === 1) {
      // In the middle of a job: nobody will send what is missing.
      if (senders.keeperEnded(slot) && wasBusy) this.#ring.close();
    } else {
      isInOrder = senders.threadEnded(slot, () => undefined);
    }
    if (this.cells[ONE_RECEIVER] === 1) {
      if (receivers.keeperEnded(slot) && wasBusy) this.#ring.close();
    } else {
      isInOrder = receivers.threadEnded(slot, () => undefined) && isInOrder;
    }
    const areSendersGone = this.#senders.threadEnded(slot);
    if (this.#receivers.threadEnded(slot) || areSendersGone) this.#ring.close();
    return isInOrder;
  }

  /** @internal */
  override freeLoose(slot: number, payloads: readonly number[]): void {
    // Attached ones first: one that was attached and has been taken since has
    // another holder by now.
    const attached = this.#ring.payloads();
    for (const payload of payloads) if (!attached.has(payload)) freePayload(this.heap, payload, slot);
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

interface Made {
  readonly element: Element;
  readonly mask: number;
  readonly hasOneSender: boolean;
  readonly hasOneReceiver: boolean;
}

function checked(options: SharedChannelOptions): Made {
  requireOptions("a shared channel", options);
  const { capacity = 64, type = "value", senders = "many", receivers = "many" } = options;
  requireWhole("a shared channel's capacity", capacity, 1, MOST_CAPACITY);
  return {
    element: elementOf("a shared channel", type),
    mask: 2 ** Math.ceil(Math.log2(capacity)) - 1,
    hasOneSender: isOne("senders", senders),
    hasOneReceiver: isOne("receivers", receivers),
  };
}

function isOne(side: string, given: unknown): boolean {
  if (given === "one" || given === "many") return given === "one";
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `a shared channel's ${side} must be "one" or "many", but ${describeKind(given)} came`,
  );
}

/** What a channel that exists is. */
function found({ inHeap, offset }: Place): Made {
  const { buffer } = inHeap.cellsWith(offset);
  const cells = new Int32Array(buffer, offset + HEADER_BYTES, CHANNEL_CELLS);
  const number = cells[TYPE] as number;
  const mask = cells[MASK] as number;
  // Not in place: browsers refuse to decode shared memory.
  const text = new Uint8Array(cells[SCHEMA_LENGTH] as number);
  const textAt = offset + DATA + (mask + 1) * (cells[PLACE_BYTES] as number);
  text.set(new Uint8Array(buffer, textAt, text.length));
  const schema = new TextDecoder().decode(text);
  return { element: { number, schema }, mask, hasOneSender: false, hasOneReceiver: false };
}

// What errors and consoles call it.
Object.defineProperty(RingChannel, "name", { value: "SharedChannel" });

/** See `SharedChannelMaker`. */
export const SharedChannel: SharedChannelMaker = RingChannel;

/**
 * A queue of values between the jobs of all threads, first in, first out.
 *
 * Use it to pass values from the threads that make them to those that use them.
 * With the default type `"value"` it takes what `channel()` of `skein/async` takes,
 * as copies; with a narrower type it is many times as fast. Send numbers many at a
 * time where that is possible. A value goes to one receiver.
 *
 * It can be used as it is, or through ends that close it when the last of them is
 * closed, or its thread has ended: `sender()`, `receiver()`.
 *
 * **Order** Values of one sender arrive in the order in which they were sent.
 *
 * **Fairness** As of `Semaphore`, for senders and receivers each.
 *
 * **A thread that dies** loses nothing but values that it has received. Its ends are
 * closed. If it was the one sender or receiver of a channel that was made for one,
 * and died in the middle of a job, the channel is closed.
 *
 * **Threads** Any. `for await`, `select` and the verbs without "Sync" never block;
 * but a thread in the middle of a verb keeps others of the same side out of it for
 * some nanoseconds.
 *
 * **Cost** A value, and a value of many: bench `shared-channel`.
 *
 * @example
 * ```ts
 * const found = new SharedChannel<{ path: string }>({ capacity: 4 });
 * await found.send({ path: "a.ts" });
 * found.close();
 * for await (const { path } of found) console.log(path); // a.ts
 * ```
 *
 * @example Numbers, from one thread to one other: the fastest.
 * ```ts
 * const numbers = new SharedChannel({ type: "int32", senders: "one", receivers: "one" });
 * numbers.sendManySync([1, 2, 3]);
 * console.log(numbers.receiveManySync(64)); // [ 1, 2, 3 ]
 * ```
 *
 * @since 0.1.0
 */
export type SharedChannel<T = unknown> = RingChannel<T>;
