/**
 * Vectors: sequences that any thread appends to, and whose elements never move.
 *
 * Layout of its own cells, behind the monitor's
 *   TYPE, MOST      what the elements are, and how many there may be; never change
 *   LENGTH          elements that are there; the monitor's owner alone writes it
 *   SEGMENTS on     for each segment the offset of its payload in units of 16, or 0
 *
 * Segment 0 has FIRST_LENGTH elements, each further one twice as many as the one
 * before, so that the place of an element follows from its index alone.
 *
 * Invariants
 * - An element stands in its place before LENGTH counts it, and is in a segment that
 *   has stood in the cells before that. So who reads LENGTH reads all before it
 *   without a lock; and a thread that is stopped while it appends has appended all
 *   that its last write of LENGTH counted.
 * - A segment is in the hands of the thread that makes it until it stands in the
 *   cells (`payload.ts`).
 */
import { load, store } from "#atomics";

import { requireOptions, requireWhole } from "../async/guard.js";
import { MisuseError } from "../core/errors.js";
import { arrayTypeNumber, arrayTypeOf } from "./array.js";
import { Monitor, MONITOR_CELLS } from "./monitor.js";
import { Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { freePayload, PAYLOAD_HEADER_BYTES } from "./payload.js";
import { ARRAYS, type ArraysOf, ELEMENTS, type NumberType } from "./record-schema.js";

const TYPE = MONITOR_CELLS;
const MOST = MONITOR_CELLS + 1;
const LENGTH = MONITOR_CELLS + 2;
const SEGMENTS = MONITOR_CELLS + 3;
const FIRST_LENGTH = 64;
const FIRST_BITS = 6;
/** Together 2^30 elements less FIRST_LENGTH. */
const MOST_SEGMENTS = 24;
const CELLS = SEGMENTS + MOST_SEGMENTS;
const MOST_LENGTH = FIRST_LENGTH * 2 ** MOST_SEGMENTS - FIRST_LENGTH;

const UNIT_BYTES = 16;

/** How a shared vector is made. */
export interface SharedVectorOptions<Type extends NumberType = NumberType> extends SharedOptions {
  readonly type: Type;
  /** The most elements that it takes; as many as memory has room for if omitted. */
  readonly capacity?: number;
}

/**
 * A growing sequence of numbers that any thread appends to and reads.
 *
 * Use it to collect results whose number nobody knows before. Elements stay where
 * they are: `segments()` gives them as typed arrays in place.
 *
 * **A thread that dies** has appended what its last call had put in place.
 *
 * **Threads** Any. Threads that append wait for each other for some nanoseconds;
 * who reads waits for nobody.
 *
 * @example
 * ```ts
 * const found = new SharedVector({ type: "int32" });
 * found.push(7);
 * found.pushMany([8, 9]);
 * console.log(found.length, found.at(2), [...found]); // 3 9 [ 7, 8, 9 ]
 * ```
 *
 * @since 0.1.0
 */
export class SharedVector<Type extends NumberType = NumberType> extends SharedObject implements Iterable<number> {
  readonly #monitor: Monitor;
  readonly #type: NumberType;
  /** This thread's views of the segments that it has met. */
  readonly #segments: ArraysOf<SharedArrayBuffer>[NumberType][] = [];

  constructor(options: SharedVectorOptions<Type> | Place) {
    let number = 0;
    let most = MOST_LENGTH;
    if (!(options instanceof Place)) {
      requireOptions("a shared vector", options);
      number = arrayTypeNumber("a shared vector", options.type);
      if (ELEMENTS[options.type].fits(0n)) {
        throw new MisuseError(
          "SKEIN_INVALID_ARGUMENT",
          `a shared vector's type must be one of numbers, but ${options.type} came`,
        );
      }
      requireWhole("a shared vector's capacity", options.capacity ?? most, 1, most);
      most = options.capacity ?? most;
    }
    super(Kind.vector, CELLS, options);
    this.#monitor = new Monitor(this.heap, this.cells, this.offset, this.name);
    if (!(options instanceof Place)) {
      this.cells[TYPE] = number;
      this.cells[MOST] = most;
      this.made();
    }
    this.#type = arrayTypeOf(this.cells[TYPE] as number) as NumberType;
  }

  get type(): Type {
    return this.#type as Type;
  }

  /** Elements that are there now; never fewer later. */
  get length(): number {
    return load(this.cells, LENGTH);
  }

  /**
   * Appends an element.
   *
   * **Throws** `SKEIN_INVALID_ARGUMENT` if the type can't hold it; `SKEIN_OVERFLOW`
   * beyond the capacity; `SKEIN_OUT_OF_SHARED_MEMORY`.
   *
   * @returns its index
   */
  push(value: number): number {
    this.#requireFit(value);
    return this.#append(1, (index) => this.#write(index, value));
  }

  /**
   * Appends elements one behind another, with none of others between.
   *
   * **Throws** as `push`; then none is appended.
   *
   * @returns the index of the first
   */
  pushMany(values: ArrayLike<number>): number {
    for (let i = 0; i < values.length; i++) this.#requireFit(values[i]);
    return this.#append(values.length, (first) => {
      for (let i = 0; i < values.length; i++) this.#write(first + i, values[i] as number);
    });
  }

  /** The element at an index, from the end if that is negative; `undefined` if there is none. */
  at(index: number): number | undefined {
    const place = index < 0 ? this.length + index : index;
    if (!(place >= 0 && place < this.length) || !Number.isInteger(place)) return undefined;
    const segment = segmentOf(place);
    return this.#segment(segment)[place - firstIn(segment)];
  }

  /** Writes an element that is there. Throws `SKEIN_INVALID_ARGUMENT` for another index. */
  set(index: number, value: number): void {
    this.#requireFit(value);
    if (!Number.isInteger(index) || index < 0 || index >= this.length) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `shared vector "${this.name}" has ${this.length} elements, but index ${index} came: append by push`,
      );
    }
    this.#write(index, value);
  }

  /** The elements that are there now, in place and in order, as typed arrays. */
  segments(): ArraysOf<SharedArrayBuffer>[Type][] {
    this.requireAlive();
    const { length } = this;
    const segments: ArraysOf<SharedArrayBuffer>[NumberType][] = [];
    for (let segment = 0; firstIn(segment) < length; segment++) {
      segments.push(this.#segment(segment).subarray(0, length - firstIn(segment)));
    }
    return segments as ArraysOf<SharedArrayBuffer>[Type][];
  }

  /** The elements that are there now, in ordinary memory. */
  copy(): ArraysOf<ArrayBuffer>[Type] {
    const segments = this.segments();
    const length = segments.reduce((sum, segment) => sum + segment.length, 0);
    const Values = ARRAYS[this.#type] as unknown as new (length: number) => Int32Array;
    const copy = new Values(length);
    let at = 0;
    for (const segment of segments) {
      copy.set(segment, at);
      at += segment.length;
    }
    return copy as never;
  }

  /** The elements that are there when the loop begins. */
  *[Symbol.iterator](): Generator<number, undefined> {
    for (const segment of this.segments()) yield* segment as Iterable<number>;
    return undefined;
  }

  /** @param write - writes `count` elements from an index on */
  #append(count: number, write: (first: number) => void): number {
    this.requireAlive();
    for (;;) {
      const first = this.#monitor.inside(() => {
        const length = this.cells[LENGTH] as number;
        const end = length + count;
        if (end > (this.cells[MOST] as number)) return "full";
        if (count > 0 && this.cells[SEGMENTS + segmentOf(end - 1)] === 0) return "no room";
        write(length);
        store(this.cells, LENGTH, end); // from here on they are there
        return length;
      });
      if (typeof first === "number") return first;
      if (first === "full") {
        throw new MisuseError(
          "SKEIN_OVERFLOW",
          `shared vector "${this.name}" takes ${this.cells[MOST]} elements at most, and ${this.length} are there: ${count} more have no room`,
        );
      }
      this.#grow();
    }
  }

  /** Adds the next segment, if nobody else does. */
  #grow(): void {
    // Memory is sought outside the monitor.
    const { heap, cells } = this;
    let segment = 0;
    while (segment < MOST_SEGMENTS && load(cells, SEGMENTS + segment) !== 0) segment++;
    const bytes = SEGMENT_HEADER_BYTES + lengthOf(segment) * ELEMENTS[this.#type].byteLength;
    const payload = heap.allocate(bytes, Kind.payload, heap.slot, this.offset / UNIT_BYTES);
    const isAdded = this.#monitor.inside(() => {
      if (cells[SEGMENTS + segment] !== 0) return false;
      store(cells, SEGMENTS + segment, payload / UNIT_BYTES);
      return true;
    });
    if (!isAdded) freePayload(heap, payload, heap.slot);
  }

  #write(index: number, value: number): void {
    const segment = segmentOf(index);
    this.#segment(segment)[index - firstIn(segment)] = value;
  }

  #segment(segment: number): ArraysOf<SharedArrayBuffer>[NumberType] {
    const known = this.#segments[segment];
    if (known !== undefined) return known;
    const payload = load(this.cells, SEGMENTS + segment) * UNIT_BYTES;
    // The view must reach to the segment's end, in whose middle what this thread has
    // seen of the memory may end.
    this.heap.locate(this.heap.handleOf(payload));
    const { buffer } = this.heap.cellsWith(payload);
    const made = new ARRAYS[this.#type](buffer, payload + SEGMENT_HEADER_BYTES, lengthOf(segment));
    return (this.#segments[segment] = made as ArraysOf<SharedArrayBuffer>[NumberType]);
  }

  #requireFit(value: unknown): void {
    const { fits, expects } = ELEMENTS[this.#type];
    if (fits(value)) return;
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `an element of shared vector "${this.name}" must be ${expects}, but ${String(value)} came`,
    );
  }

  override dispose(): void {
    if (!this.isDisposed) for (const payload of this.#attached()) this.heap.free(this.heap.handleOf(payload));
    super.dispose();
  }

  #attached(): Set<number> {
    const attached = new Set<number>();
    for (let segment = 0; segment < MOST_SEGMENTS; segment++) {
      const payload = load(this.cells, SEGMENTS + segment) * UNIT_BYTES;
      if (payload !== 0) attached.add(payload);
    }
    return attached;
  }

  /** @internal */
  override threadEnded(slot: number): boolean {
    return this.#monitor.threadEnded(slot, () => undefined);
  }

  /** @internal */
  override freeLoose(slot: number, payloads: readonly number[]): void {
    const attached = this.#attached();
    for (const payload of payloads) if (!attached.has(payload)) freePayload(this.heap, payload, slot);
  }
}

/** What a payload begins with, rounded up so that the elements stand at a multiple of 16. */
const SEGMENT_HEADER_BYTES: number = Math.ceil(PAYLOAD_HEADER_BYTES / UNIT_BYTES) * UNIT_BYTES;

function segmentOf(index: number): number {
  return 31 - Math.clz32((index >>> FIRST_BITS) + 1);
}

function firstIn(segment: number): number {
  return (2 ** segment - 1) * FIRST_LENGTH;
}

function lengthOf(segment: number): number {
  return 2 ** segment * FIRST_LENGTH;
}
