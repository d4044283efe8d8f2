/**
 * The ring behind a shared channel, which never waits: a side that senders fill and
 * a side that receivers empty.
 *
 * Layout of the channel's own cells
 *   TYPE, MASK        what the values are, and the capacity less 1; never change
 *   ONE_SENDER, ONE_RECEIVER  1 if that side is for one thread; never change
 *   8 to 13           the words for waiting of the monitors of both sides, which
 *                     the other side reads for each value, and which seldom change
 *   40 to 43          the senders' side: its monitor's lock word, then
 *     TAIL            twice the values sent so far, wrapping; plus 1 once it is closed
 *     SEEN_TAIL       is at the receivers' side
 *     SEEN_HEAD       a HEAD of the past, so that senders seldom look at the real one
 *   72 to 75          the receivers' side, in a cache line of its own: likewise, and
 *     HEAD            twice the values received so far; wraps
 *     SEEN_TAIL       a TAIL of the past
 *   from byte DATA    the places
 *
 * Invariants
 * - Values are counted in TAIL by who is inside the senders' side alone, in HEAD by
 *   who is inside the receivers'. HEAD never passes TAIL, TAIL never HEAD by more
 *   than the capacity.
 * - A value stands in its place of the ring before TAIL counts it, and its place is
 *   used again only after HEAD has counted it. So each of the two writes is the
 *   moment at which the value was sent, or received; a thread that is stopped did
 *   either or not, and leaves nothing to repair.
 * - That it is closed stands in the word that counts what was sent: no value is
 *   counted after that, whoever closes it, and who finds it closed and empty by one
 *   look has seen all that will ever be there.
 * - SEEN_HEAD is at most HEAD and at least TAIL less the capacity, since it was
 *   looked up whenever that was about to fail; so it tells too few free places at
 *   worst. Likewise SEEN_TAIL.
 *
 * A side that is for one thread is entered by that thread once and never left, so
 * it costs nothing to be inside: the lock word says whose it is for as long as that
 * thread lives.
 */
import { compareExchange, load, type SharedCells, store } from "#atomics";

import type { Heap } from "./heap.js";
import { LOCK_CELLS } from "./lock-word.js";
import { Monitor } from "./monitor.js";
import { HEADER_BYTES } from "./object.js";
import type { Packed, Places } from "./places.js";

export const TYPE = 0;
export const MASK = 1;
export const ONE_SENDER = 2;
export const ONE_RECEIVER = 3;
/** For records: the length of their schema's text, which stands behind the places. */
export const SCHEMA_LENGTH = 4;
/** Bytes of a place. */
export const PLACE_BYTES = 5;
const SENDERS_WAITING = 8;
const RECEIVERS_WAITING = 11;
const SENDERS = 40;
const TAIL: number = SENDERS + LOCK_CELLS;
const SEEN_HEAD: number = TAIL + 1;
const RECEIVERS = 72;
const HEAD: number = RECEIVERS + LOCK_CELLS;
const SEEN_TAIL: number = HEAD + 1;
/** Ends: see `channel-ends.ts`. */
export const SENDER_ENDS = 104;
export const MOST_ENDS = 64;
export const RECEIVER_ENDS: number = SENDER_ENDS + MOST_ENDS;
export const CHANNEL_CELLS: number = RECEIVER_ENDS + MOST_ENDS;
/** Behind the cells, counted from the block: a multiple of 64. */
export const DATA: number = HEADER_BYTES + CHANNEL_CELLS * 4;

/** What is given instead when the channel is closed, and drained if values are asked for. */
export const OVER: unique symbol = Symbol("over");
export type Over = typeof OVER;

/** What goes through the ring. */
export type Item = number | Packed;

export class ChannelRing {
  readonly senders: Monitor;
  readonly receivers: Monitor;
  readonly #cells: SharedCells;
  readonly #mask: number;
  /** Twice the capacity. */
  readonly #room: number;
  /** The state of a side's lock word while this thread is inside. */
  readonly #entered: number;
  /** The places, if they are for numbers. */
  readonly #numbers: Int32Array | Float64Array | undefined;
  /** Else what fills them, and all of the memory around them. */
  readonly #places: Places<unknown> | undefined;
  readonly #placeCells: number;
  readonly #all: SharedCells;
  /** Index of the first place in that. */
  readonly #firstPlace: number;
  /** Whether this thread keeps the side, which is for one thread. */
  #keepsSending = false;
  #keepsReceiving = false;

  /**
   * @param offset - of the channel's block
   * @param places - an array over the places, or what fills them
   */
  constructor(
    inHeap: Heap,
    cells: SharedCells,
    offset: number,
    name: string,
    places: Int32Array | Float64Array | Places<unknown>,
  ) {
    this.#cells = cells;
    this.#mask = cells[MASK] as number;
    this.#room = 2 * (this.#mask + 1);
    this.#numbers = places instanceof Int32Array || places instanceof Float64Array ? places : undefined;
    this.#places = places instanceof Int32Array || places instanceof Float64Array ? undefined : places;
    this.#placeCells = this.#places?.placeCells ?? 0;
    this.#all = inHeap.cellsWith(offset);
    this.#firstPlace = (offset + DATA) / 4;
    this.senders = new Monitor(inHeap, cells, offset, name, SENDERS, SENDERS_WAITING);
    this.receivers = new Monitor(inHeap, cells, offset, name, RECEIVERS, RECEIVERS_WAITING);
    this.#entered = this.senders.entered;
  }

  get capacity(): number {
    return this.#mask + 1;
  }

  /** Values that are there to be received, at one moment. */
  get length(): number {
    for (let head = load(this.#cells, HEAD); ;) {
      const tail = load(this.#cells, TAIL);
      const again = load(this.#cells, HEAD);
      // Else TAIL may be of a much later moment than HEAD.
      if (again === head) return (((tail & ~1) - head) | 0) >> 1;
      head = again;
    }
  }

  get isClosed(): boolean {
    return (load(this.#cells, TAIL) & 1) === 1;
  }

  get isFull(): boolean {
    return this.length > this.#mask;
  }

  // These two enter and exit without a call: the compiler's budget for putting
  // callees into their caller would be used up before the end, and each call left
  // costs as much as the exchange it makes (bench `shared-channel`).

  /** @returns `undefined` if there is no place */
  sendNow(item: Item): true | Over | undefined {
    if (this.#keepsSending) return this.put(item);
    const cells = this.#cells;
    if (cells[ONE_SENDER] === 1) {
      this.keepSending();
      return this.put(item);
    }
    const entered = this.#entered;
    if (compareExchange(cells, SENDERS, 0, entered) !== 0) this.senders.enterBusy();
    const sent = this.senders.isClosedToThis ? undefined : this.put(item);
    if (compareExchange(cells, SENDERS, entered, 0) !== entered) this.senders.exit();
    return sent;
  }

  /** @returns `undefined` if there is none */
  receiveNow(): Item | Over | undefined {
    if (this.#keepsReceiving) return this.take();
    const cells = this.#cells;
    if (cells[ONE_RECEIVER] === 1) {
      this.keepReceiving();
      return this.take();
    }
    const entered = this.#entered;
    if (compareExchange(cells, RECEIVERS, 0, entered) !== 0) this.receivers.enterBusy();
    const item = this.receivers.isClosedToThis ? undefined : this.take();
    if (compareExchange(cells, RECEIVERS, entered, 0) !== entered) this.receivers.exit();
    return item;
  }

  /** Inside the senders' side. */
  put(item: Item): true | Over | undefined {
    const cells = this.#cells;
    const tail = cells[TAIL] as number;
    if ((tail & 1) === 1) return OVER;
    if (((tail - (cells[SEEN_HEAD] as number)) | 0) === this.#room) {
      const head = load(cells, HEAD);
      cells[SEEN_HEAD] = head;
      if (((tail - head) | 0) === this.#room) return undefined;
    }
    const place = (tail >>> 1) & this.#mask;
    const numbers = this.#numbers;
    if (numbers !== undefined) numbers[place] = item as number;
    else this.#putPacked(place, item as Packed);
    // Publishes the value, or finds that somebody has closed the channel.
    if (compareExchange(cells, TAIL, tail, (tail + 2) | 0) !== tail) return OVER;
    this.receivers.changed();
    return true;
  }

  #putPacked(place: number, packed: Packed): void {
    this.#places?.put(this.#all, this.#firstPlace + place * this.#placeCells, packed);
  }

  /** Inside the receivers' side. */
  take(): Item | Over | undefined {
    const cells = this.#cells;
    const head = cells[HEAD] as number;
    if (((cells[SEEN_TAIL] as number) & ~1) === head) {
      const tail = load(cells, TAIL);
      cells[SEEN_TAIL] = tail;
      if ((tail & ~1) === head) return (tail & 1) === 1 ? OVER : undefined;
    }
    const place = (head >>> 1) & this.#mask;
    const numbers = this.#numbers;
    const item = numbers !== undefined ? (numbers[place] as number) : this.#takePacked(place);
    store(cells, HEAD, (head + 2) | 0); // from here on the place is a sender's
    this.senders.changed();
    return item;
  }

  #takePacked(place: number): Packed {
    return (this.#places as Places<unknown>).take(this.#all, this.#firstPlace + place * this.#placeCells);
  }

  /** Sends numbers as long as there are places. @returns how many of those from `first` on */
  sendSome(values: ArrayLike<number>, first: number): number {
    const cells = this.#cells;
    const { senders } = this;
    if (cells[ONE_SENDER] === 1) this.keepSending();
    senders.enter();
    const tail = cells[TAIL] as number;
    const wanted = values.length - first;
    let places = (this.#room - ((tail - (cells[SEEN_HEAD] as number)) | 0)) >> 1;
    if (places < wanted) {
      const head = load(cells, HEAD);
      cells[SEEN_HEAD] = head;
      places = (this.#room - (((tail & ~1) - head) | 0)) >> 1;
    }
    const isRefused = (tail & 1) === 1 || senders.isClosedToThis;
    let count = isRefused ? 0 : Math.min(wanted, places);
    if (count > 0) {
      fill(this.#numbers as Int32Array, this.#mask, tail >>> 1, values, first, count);
      // Publishes them, as in `put`.
      if (compareExchange(cells, TAIL, tail, (tail + 2 * count) | 0) !== tail) count = 0;
    }
    senders.exit();
    if (count > 0) this.receivers.changed();
    return count;
  }

  /** Writes numbers that are there into `into`, from its index `first` on. @returns how many, up to `most` */
  receiveSome(into: number[] | Int32Array | Float64Array, first: number, most: number): number {
    const cells = this.#cells;
    const { receivers } = this;
    if (cells[ONE_RECEIVER] === 1) this.keepReceiving();
    receivers.enter();
    const head = cells[HEAD] as number;
    let there = (((cells[SEEN_TAIL] as number) & ~1) - head) >> 1;
    if (there < most) {
      const tail = load(cells, TAIL);
      cells[SEEN_TAIL] = tail;
      there = (((tail & ~1) - head) | 0) >> 1;
    }
    const count = receivers.isClosedToThis ? 0 : Math.min(most, there);
    if (count > 0) {
      drain(this.#numbers as Int32Array, this.#mask, head >>> 1, into, first, count);
      store(cells, HEAD, (head + 2 * count) | 0);
    }
    receivers.exit();
    if (count > 0) this.senders.changed();
    return count;
  }

  /** From now on nothing is sent, by any thread. @returns whether anything could be before */
  close(): boolean {
    const cells = this.#cells;
    for (let tail = load(cells, TAIL); (tail & 1) === 0; tail = load(cells, TAIL)) {
      if (compareExchange(cells, TAIL, tail, tail | 1) !== tail) continue;
      this.senders.changed();
      this.receivers.changed();
      return true;
    }
    return false;
  }

  // Sides for one thread

  /** Makes the senders' side this thread's. Throws if another has it. */
  keepSending(): void {
    if (this.#keepsSending) return;
    this.senders.keep("send");
    this.#keepsSending = true;
  }

  keepReceiving(): void {
    if (this.#keepsReceiving) return;
    this.receivers.keep("receive");
    this.#keepsReceiving = true;
  }

  /** Gives the senders' side up, for another thread to have, if this thread has it. */
  leaveSending(): void {
    if (!this.#keepsSending) return;
    this.#keepsSending = false;
    this.senders.leave();
  }

  leaveReceiving(): void {
    if (!this.#keepsReceiving) return;
    this.#keepsReceiving = false;
    this.receivers.leave();
  }

  /** Offsets of the payloads that are attached to places now. */
  payloads(): Set<number> {
    const found = new Set<number>();
    const places = this.#places;
    if (places === undefined) return found;
    const head = load(this.#cells, HEAD);
    const tail = load(this.#cells, TAIL) & ~1;
    for (let at = head; at !== tail; at = (at + 2) | 0) {
      const place = (at >>> 1) & this.#mask;
      const payload = places.payloadAt(this.#all, this.#firstPlace + place * this.#placeCells);
      if (payload !== 0) found.add(payload);
    }
    return found;
  }
}

// Apart, and one loop for each kind of array: each is then compiled for the arrays
// that it meets (bench `shared-channel`).

/** From here on the engine's own copying is faster than a loop, although it needs views to be made. */
const WORTH_COPYING = 32;

function fill(
  places: Int32Array | Float64Array,
  mask: number,
  at: number,
  values: ArrayLike<number>,
  first: number,
  count: number,
): void {
  const isInt32 = places instanceof Int32Array && values instanceof Int32Array;
  if (count >= WORTH_COPYING && (isInt32 || (places instanceof Float64Array && values instanceof Float64Array))) {
    const place = at & mask;
    const toEnd = Math.min(count, mask + 1 - place);
    copy(places as Int32Array, place, values as Int32Array, first, first + toEnd);
    if (toEnd < count) copy(places as Int32Array, 0, values as Int32Array, first + toEnd, first + count);
  } else if (isInt32) {
    for (let i = 0; i < count; i++) places[(at + i) & mask] = values[first + i] as number;
  } else if (places instanceof Float64Array && values instanceof Float64Array) {
    for (let i = 0; i < count; i++) places[(at + i) & mask] = values[first + i] as number;
  } else {
    for (let i = 0; i < count; i++) places[(at + i) & mask] = values[first + i] as number;
  }
}

function drain(
  places: Int32Array | Float64Array,
  mask: number,
  at: number,
  into: number[] | Int32Array | Float64Array,
  first: number,
  count: number,
): void {
  const isInt32 = places instanceof Int32Array && into instanceof Int32Array;
  if (count >= WORTH_COPYING && (isInt32 || (places instanceof Float64Array && into instanceof Float64Array))) {
    const place = at & mask;
    const toEnd = Math.min(count, mask + 1 - place);
    copy(into as Int32Array, first, places as Int32Array, place, place + toEnd);
    if (toEnd < count) copy(into as Int32Array, first + toEnd, places as Int32Array, 0, count - toEnd);
  } else if (isInt32) {
    for (let i = 0; i < count; i++) into[first + i] = places[(at + i) & mask] as number;
  } else if (places instanceof Float64Array && into instanceof Float64Array) {
    for (let i = 0; i < count; i++) into[first + i] = places[(at + i) & mask] as number;
  } else {
    for (let i = 0; i < count; i++) into[first + i] = places[(at + i) & mask] as number;
  }
}

/** Writes `from[begin]` up to `from[end - 1]` into `into`, from index `at` on. */
function copy(into: Int32Array, at: number, from: Int32Array, begin: number, end: number): void {
  into.set(begin === 0 && end === from.length ? from : from.subarray(begin, end), at);
}
