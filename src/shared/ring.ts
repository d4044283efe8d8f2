/**
 * Rings: numbers from one thread to one other, without any waiting.
 *
 * Layout of its own cells
 *   TYPE, MASK   what the numbers are, and the capacity less 1; never change
 *   PRODUCER     slot of the thread that puts in, 0 before the first
 *   CONSUMER     slot of the thread that takes out, likewise
 *   TAIL         numbers put in so far; wraps; in a cache line of its own
 *   HEAD         numbers taken out so far; wraps; in another
 *   behind them  the places; a number's place is its count modulo the capacity
 *
 * Invariants
 * - The producer alone writes TAIL, and the places from TAIL to HEAD plus the
 *   capacity; the consumer alone writes HEAD, and reads the places from HEAD to TAIL.
 *   So no place is written and read at the same time.
 * - Numbers stand in their places before TAIL counts them, and their places are used
 *   again only after HEAD has counted them. Each of these two writes is the moment at
 *   which all that it counts was put in, or taken out: a thread stopped anywhere
 *   leaves nothing to repair.
 *
 * Each side remembers the other's count as it last saw it, which is never too high:
 * it looks again only when that leaves it nothing to do. Else the two cache lines
 * would change hands with each number.
 */
import { compareExchange, load, store } from "#atomics";

import { requireOptions, requireWhole } from "../async/guard.js";
import { MisuseError } from "../core/errors.js";
import { arrayTypeNumber, arrayTypeOf } from "./array.js";
import { Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { ARRAYS, type ArraysOf, ELEMENTS, type NumberType } from "./record-schema.js";

const TYPE = 0;
const MASK = 1;
const PRODUCER = 2;
const CONSUMER = 3;
// Behind the block's header of 32 bytes these begin lines of 64.
const TAIL = 24;
const HEAD = 40;
const CELLS = 56;

const MOST_CAPACITY = 2 ** 28;

/** How a shared ring is made. */
export interface SharedRingOptions<Type extends NumberType = NumberType> extends SharedOptions {
  readonly type: Type;
  /** Numbers it has room for; rounded up to a power of two. */
  readonly capacity: number;
}

/**
 * A ring of numbers from one thread to another, for loops that must never wait:
 * samples of sound, ticks, measurements.
 *
 * Every verb does what can be done at once, and says how much that was. Use a
 * `SharedChannel` where a side should wait for the other.
 *
 * The first thread to put something in is the producer until it ends, the first to
 * take something out the consumer; others are refused.
 *
 * **A thread that dies** leaves all that its last call had put in.
 *
 * **Threads** One puts in, one takes out; any looks at `length`.
 *
 * **Cost** Some nanoseconds for a number; less than one for each of many (bench
 * `shared-channel`).
 *
 * @example
 * ```ts
 * const samples = new SharedRing({ type: "float32", capacity: 1024 });
 * samples.write(Float32Array.of(0.25, 0.5, 0.75));
 * const heard = new Float32Array(2);
 * console.log(samples.read(heard), heard, samples.length); // 2 Float32Array(2) [ 0.25, 0.5 ] 1
 * ```
 *
 * @since 0.1.0
 */
export class SharedRing<Type extends NumberType = NumberType> extends SharedObject {
  readonly #type: NumberType;
  readonly #mask: number;
  readonly #places: Int32Array;
  /** As last seen from this thread. */
  #seenHead = 0;
  #seenTail = 0;

  constructor(options: SharedRingOptions<Type> | Place) {
    const { number, mask } = options instanceof Place ? found(options) : checked(options);
    const type = arrayTypeOf(number) as NumberType;
    super(Kind.ring, CELLS, options, (mask + 1) * ELEMENTS[type].byteLength);
    this.#type = type;
    this.#mask = mask;
    if (!(options instanceof Place)) {
      this.cells[TYPE] = number;
      this.cells[MASK] = mask;
    }
    const { buffer, byteOffset, byteLength } = this.cells;
    // Of another type perhaps; that this is one of numbers is all that matters here.
    this.#places = new ARRAYS[type](buffer, byteOffset + byteLength, mask + 1) as unknown as Int32Array;
    if (!(options instanceof Place)) this.made();
    // The object by which this thread filled or emptied the ring may have been forgotten, and the
    // ring have come back to it. What it remembers then must be no older than a ring's length: of
    // counts that are 2^31 apart the differences say the opposite.
    else this.#look();
  }

  get type(): Type {
    return this.#type as Type;
  }

  get capacity(): number {
    return this.#mask + 1;
  }

  /** Numbers that are there; to other threads than its two, at a moment not long ago. */
  get length(): number {
    const head = load(this.cells, HEAD);
    return Math.min(this.capacity, (load(this.cells, TAIL) - head) | 0);
  }

  /**
   * Puts a number in, if there is room.
   *
   * **Throws** `SKEIN_INVALID_ARGUMENT` if the type can't hold it; `SKEIN_WRONG_THREAD`
   * if another thread is the producer.
   *
   * @returns whether there was
   */
  push(value: number): boolean {
    if (!ELEMENTS[this.#type].fits(value)) this.#refuse(value);
    if (this.cells[PRODUCER] !== this.heap.slot || this.isDisposed) this.#begin(PRODUCER);
    const tail = this.cells[TAIL] as number; // written here alone
    if (this.#room(tail, 1) === 0) return false;
    this.#places[tail & this.#mask] = value;
    store(this.cells, TAIL, (tail + 1) | 0);
    return true;
  }

  /** Takes the number that was put in first; `undefined` if there is none. Throws `SKEIN_WRONG_THREAD`. */
  pop(): number | undefined {
    if (this.cells[CONSUMER] !== this.heap.slot || this.isDisposed) this.#begin(CONSUMER);
    const head = this.cells[HEAD] as number; // written here alone
    if (this.#filled(head, 1) === 0) return undefined;
    const value = this.#places[head & this.#mask];
    store(this.cells, HEAD, (head + 1) | 0);
    return value;
  }

  /**
   * Puts numbers in, from the first on, as many as have room.
   *
   * **Throws** as `push`; then none is put in.
   *
   * @returns how many
   */
  write(values: ArrayLike<number>): number {
    if (!(values instanceof ARRAYS[this.#type])) {
      const { fits } = ELEMENTS[this.#type];
      for (let i = 0; i < values.length; i++) if (!fits(values[i])) this.#refuse(values[i]);
    }
    if (this.cells[PRODUCER] !== this.heap.slot || this.isDisposed) this.#begin(PRODUCER);
    const tail = this.cells[TAIL] as number;
    const count = Math.min(values.length, this.#room(tail, values.length));
    const first = tail & this.#mask;
    const toEnd = Math.min(count, this.capacity - first);
    this.#fill(first, values, 0, toEnd);
    this.#fill(0, values, toEnd, count);
    store(this.cells, TAIL, (tail + count) | 0);
    return count;
  }

  /**
   * Takes numbers out into a typed array, from its begin on, as many as there are and
   * have room in it. Throws `SKEIN_WRONG_THREAD`.
   *
   * @returns how many
   */
  read(into: ArraysOf<ArrayBufferLike>[NumberType]): number {
    if (!ArrayBuffer.isView(into) || into instanceof DataView) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        "a shared ring is read into a typed array, but something else came",
      );
    }
    if (this.cells[CONSUMER] !== this.heap.slot || this.isDisposed) this.#begin(CONSUMER);
    const head = this.cells[HEAD] as number;
    const count = Math.min(into.length, this.#filled(head, into.length));
    const first = head & this.#mask;
    const toEnd = Math.min(count, this.capacity - first);
    into.set(this.#places.subarray(first, first + toEnd));
    if (count > toEnd) into.set(this.#places.subarray(0, count - toEnd), toEnd);
    store(this.cells, HEAD, (head + count) | 0);
    return count;
  }

  /** Places that are free, as far as that is known; looks if they are fewer than are wanted. */
  #room(tail: number, wanted: number): number {
    const room = (this.capacity - (tail - this.#seenHead)) | 0;
    if (room >= wanted) return room;
    this.#seenHead = load(this.cells, HEAD);
    return (this.capacity - (tail - this.#seenHead)) | 0;
  }

  #filled(head: number, wanted: number): number {
    const filled = (this.#seenTail - head) | 0;
    if (filled >= wanted) return filled;
    this.#seenTail = load(this.cells, TAIL);
    return (this.#seenTail - head) | 0;
  }

  #fill(place: number, values: ArrayLike<number>, from: number, end: number): void {
    if (from === end) return;
    if (values instanceof ARRAYS[this.#type]) this.#places.set((values as Int32Array).subarray(from, end), place);
    else for (let i = from; i < end; i++) this.#places[place + i - from] = values[i] as number;
  }

  /** Makes this thread the producer, or the consumer, if there is none. */
  #begin(side: typeof PRODUCER | typeof CONSUMER): void {
    this.requireAlive();
    const { cells, heap } = this;
    const other = compareExchange(cells, side, 0, heap.slot);
    if (other !== 0 && other !== heap.slot) {
      throw new MisuseError(
        "SKEIN_WRONG_THREAD",
        `shared ring "${this.name}" is ${side === PRODUCER ? "filled" : "emptied"} by thread ${heap.threadIndexOf(other)}: ` +
          "use a shared channel for several threads",
      );
    }
    this.#look();
  }

  #look(): void {
    this.#seenHead = load(this.cells, HEAD);
    this.#seenTail = load(this.cells, TAIL);
  }

  #refuse(value: unknown): never {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `a number of shared ring "${this.name}" must be ${ELEMENTS[this.#type].expects}, but ${String(value)} came`,
    );
  }

  /** @internal */
  override threadEnded(slot: number): boolean {
    compareExchange(this.cells, PRODUCER, slot, 0);
    compareExchange(this.cells, CONSUMER, slot, 0);
    return true;
  }
}

function checked(options: SharedRingOptions): { readonly number: number; readonly mask: number } {
  requireOptions("a shared ring", options);
  const number = arrayTypeNumber("a shared ring", options.type);
  if (ELEMENTS[options.type].fits(0n)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `a shared ring's type must be one of numbers, but ${options.type} came`,
    );
  }
  requireWhole("a shared ring's capacity", options.capacity, 1, MOST_CAPACITY);
  return { number, mask: 2 ** Math.ceil(Math.log2(options.capacity)) - 1 };
}

/** What a ring that exists is. */
function found({ inHeap, offset }: Place): { readonly number: number; readonly mask: number } {
  return { number: SharedObject.cellAt(inHeap, offset, TYPE), mask: SharedObject.cellAt(inHeap, offset, MASK) };
}
