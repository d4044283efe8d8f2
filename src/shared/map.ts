/**
 * Maps that threads share: hash tables of nodes, in stripes that are locked one by
 * one.
 *
 * Layout of its own cells
 *   TYPE, SCHEMA_LENGTH  what the values are
 *   from STRIPES on, for each of them a cache line:
 *     0 to 4   its monitor
 *     COUNT    its entries
 *     TABLE    offset of its table in units of 16
 *     NEXT     while it grows the offset of the larger table, else 0
 *     MOVING   a node on its way from one to the other, else 0
 *   behind the stripes the text of a record's schema
 *
 * A table is a payload: behind its header LENGTH, the number of buckets, a power of
 * two, and for each bucket the first node, in units of 16. A node is a payload too:
 *   2  NEXT_NODE     of the same bucket, or 0
 *   3  HASH
 *   4  KEY           kind and length of the key
 *   5  VALUE_LENGTH  in bytes
 *   from byte 24     the value, then the key, each from a multiple of 8 on
 *
 * Invariants
 * - Who reads or changes a stripe, its tables or nodes is inside its monitor. Values are
 *   made of copies of their bytes, outside: that may run code of the program.
 * - A node is never changed but for NEXT_NODE, and for its value where that is a
 *   number, which is one write. An entry is added, replaced and removed by one write
 *   of the word that leads to its node. So a thread that is stopped did it or not;
 *   COUNT is counted anew then.
 * - A new node or table is in its maker's hands until a word leads to it, an old one
 *   in its remover's from before no word does: see `payload.ts`.
 * - While a stripe grows each node is in one of the two tables, or is MOVING. A
 *   thread stopped meanwhile leaves what it has not moved to who puts the stripe in
 *   order.
 */
import type { SharedCells } from "#atomics";

import { describeKind } from "../async/cancel.js";
import { requireFunction, requireOptions } from "../async/guard.js";
import { MisuseError } from "../core/errors.js";
import { codecOf, type Element, elementOf, type ElementType, numberTypeOf, type ElementNumberType } from "./element.js";
import { keyAt, PreparedKey, type SharedMapKey } from "./map-key.js";
import { Monitor } from "./monitor.js";
import { HEADER_BYTES, Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { copyBytes, freePayload, takeInHand } from "./payload.js";
import type { Codec } from "./places.js";
import type { RecordOf, RecordSchema } from "./record-schema.js";

const TYPE = 0;
const SCHEMA_LENGTH = 1;
/** The first stripe begins a cache line: the header takes half of the one before. */
const STRIPES = 8;
const STRIPE_COUNT = 32;
const STRIPE_BITS = 5;
const STRIPE_CELLS = 16;
const COUNT = 5;
const TABLE = 6;
const NEXT = 7;
const MOVING = 8;
const CELLS: number = STRIPES + STRIPE_COUNT * STRIPE_CELLS;

// Of tables, in cells from the payload.
const LENGTH = 2;
const FIRST_BUCKET = 3;
const FEWEST_BUCKETS = 4;

// Of nodes.
const NEXT_NODE = 2;
const HASH = 3;
const KEY = 4;
const VALUE_LENGTH = 5;
const VALUE_BYTES = 24;

const UNIT_BYTES = 16;
/** Values that are no longer than that are decoded from one place. */
const MOST_TAKEN_BYTES = 256;

/** How a shared map is made. */
export interface SharedMapOptions<Type extends ElementType = ElementType> extends SharedOptions {
  /** What the values are; `"value"`, any plain data, by default. Keys are strings and numbers. */
  readonly type?: Type;
}

/** Counters of a map at one moment. */
export interface SharedMapStatistics {
  /** Entries. */
  readonly size: number;
  /** Places for first nodes in all stripes. */
  readonly buckets: number;
}

/** What makes shared maps: the type of values follows from the options. */
export interface SharedMapMaker {
  new (options: SharedMapOptions<ElementNumberType> & { readonly type: ElementNumberType }): SharedMap<number>;
  new (options: SharedMapOptions<"string"> & { readonly type: "string" }): SharedMap<string>;
  new (options: SharedMapOptions<"bytes"> & { readonly type: "bytes" }): SharedMap<Uint8Array>;
  new <Schema extends RecordSchema>(
    options: SharedMapOptions<Schema> & { readonly type: Schema },
  ): SharedMap<RecordOf<Schema>>;
  new <T = unknown>(options?: SharedMapOptions<"value">): SharedMap<T>;
  readonly prototype: SharedMap;
}

/** Where a node was found. */
interface Found {
  /** Offset of the node, 0 if there is none. */
  node: number;
  /** Index of the cell that leads to it, or to the bucket's first. */
  link: number;
}

class StripedMap<T> extends SharedObject implements Iterable<[SharedMapKey, T]> {
  readonly #monitors: readonly Monitor[];
  /** `undefined` if the values are numbers. */
  readonly #codec: Codec<T> | undefined;
  readonly #whose: string;
  readonly #key = new PreparedKey();
  /** Result of the last search. */
  readonly #found: Found = { node: 0, link: 0 };
  /** Where the bytes of short values are copied to, while none is being decoded there. */
  readonly #taken = new Uint8Array(MOST_TAKEN_BYTES);
  #isDecoding = false;
  /** All of the memory, as bytes and doubles; renewed when it has grown. */
  #bytes: Uint8Array = new Uint8Array(0);
  #doubles: Float64Array = new Float64Array(0);

  constructor(options: SharedMapOptions | Place = {}) {
    const element = options instanceof Place ? elementIn(options) : checked(options);
    const schema = new TextEncoder().encode(element.schema);
    super(Kind.map, CELLS, options, schema.length);
    const { cells, heap, offset } = this;
    this.#whose = `shared map "${this.name}"`;
    this.#codec = numberTypeOf(element) === undefined ? (codecOf(element, this.#whose) as Codec<T>) : undefined;
    this.#monitors = Array.from({ length: STRIPE_COUNT }, (_, stripe) => {
      return new Monitor(heap, cells, offset, this.name, STRIPES + stripe * STRIPE_CELLS);
    });
    this.#see(this.heap.cellsWith(offset));
    if (options instanceof Place) return;
    cells[TYPE] = element.number;
    cells[SCHEMA_LENGTH] = schema.length;
    this.#bytes.set(schema, offset + HEADER_BYTES + CELLS * 4);
    this.made();
  }

  /** Entries, counted stripe by stripe: exact while nobody changes the map. */
  get size(): number {
    let size = 0;
    for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
      size += this.#inside(stripe, (at) => this.cells[at + COUNT] as number);
    }
    return size;
  }

  /** The value of a key, as a copy; `undefined` if there is none. */
  get(key: SharedMapKey): T | undefined {
    const stripe = this.#prepare(key);
    const monitor = this.#monitors[stripe] as Monitor;
    let taken: number | Uint8Array;
    monitor.enter();
    try {
      const { node } = this.#find(stripe);
      if (node === 0) return undefined;
      taken = this.#take(node);
    } finally {
      monitor.exit();
    }
    return this.#valueOf(taken);
  }

  has(key: SharedMapKey): boolean {
    const stripe = this.#prepare(key);
    return this.#inside(stripe, () => this.#find(stripe).node !== 0);
  }

  /**
   * Puts an entry in, in place of one of the same key.
   *
   * **Throws** `SKEIN_INVALID_ARGUMENT` for a key or value of another type;
   * `SKEIN_OUT_OF_SHARED_MEMORY`.
   */
  set(key: SharedMapKey, value: T): this {
    this.#put(key, value, () => true);
    return this;
  }

  /** Puts an entry in if there is none of that key. @returns whether it did */
  setIfAbsent(key: SharedMapKey, value: T): boolean {
    return this.#put(key, value, (node) => node === 0);
  }

  /**
   * Removes an entry.
   *
   * @returns whether there was one
   */
  delete(key: SharedMapKey): boolean {
    const stripe = this.#prepare(key);
    return this.#inside(stripe, (at) => {
      const { node, link } = this.#find(stripe);
      if (node === 0) return false;
      this.#remove(node, link);
      this.cells[at + COUNT] = (this.cells[at + COUNT] as number) - 1;
      freePayload(this.heap, node, this.heap.slot);
      return true;
    });
  }

  /**
   * Changes an entry by what it was: `change` is given the value, or `undefined`,
   * and what it gives is put in, unless that is `undefined`: then the entry is
   * removed. If another thread has changed the entry meanwhile, it is called again.
   *
   * @returns what the entry is now
   *
   * @example
   * ```ts
   * const counts = new SharedMap({ type: "int32" });
   * for (const word of ["a", "b", "a"]) counts.update(word, (count = 0) => count + 1);
   * console.log(counts.get("a")); // 2
   * ```
   */
  update(key: SharedMapKey, change: (value: T | undefined) => T | undefined): T | undefined {
    requireFunction("update", change);
    for (;;) {
      const stripe = this.#prepare(key);
      const seen = this.#inside(stripe, () => {
        const { node } = this.#find(stripe);
        if (node === 0) return { handle: 0, taken: undefined };
        return { handle: this.heap.handleOf(node), taken: this.#take(node) };
      });
      const next = change(seen.taken === undefined ? undefined : this.#valueOf(seen.taken));
      // A node names one value for good, by its handle; but a number is written in place.
      const isSame = (node: number): boolean =>
        node === 0
          ? seen.handle === 0
          : this.heap.handleOf(node) === seen.handle &&
            (this.#codec !== undefined || Object.is(this.#take(node), seen.taken));
      if (next === undefined ? this.#deleteIf(key, isSame) : this.#put(key, next, isSame)) return next;
    }
  }

  /** Removes all entries, stripe by stripe. */
  clear(): void {
    this.requireAlive();
    for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
      this.#inside(stripe, (at) => {
        for (const { node, link } of this.#nodes(at)) {
          this.#remove(node, link);
          freePayload(this.heap, node, this.heap.slot);
        }
        this.cells[at + COUNT] = 0;
      });
    }
  }

  /**
   * The entries as copies. Each stripe is copied at one moment, one after the other:
   * an entry that is there all the time is given once; one put in or removed
   * meanwhile may be given or not.
   */
  *entries(): Generator<[SharedMapKey, T], undefined> {
    this.requireAlive();
    for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
      const taken = this.#inside(stripe, (at) =>
        Array.from(this.#nodes(at), ({ node }) => [this.#keyOf(node), this.#take(node, true)] as const),
      );
      for (const [key, value] of taken) yield [key, this.#valueOf(value)];
    }
    return undefined;
  }

  /** The keys; as `entries`. */
  *keys(): Generator<SharedMapKey, undefined> {
    this.requireAlive();
    for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
      yield* this.#inside(stripe, (at) => Array.from(this.#nodes(at), ({ node }) => this.#keyOf(node)));
    }
    return undefined;
  }

  /** The values as copies; as `entries`. */
  *values(): Generator<T, undefined> {
    for (const [, value] of this.entries()) yield value;
    return undefined;
  }

  [Symbol.iterator](): Generator<[SharedMapKey, T], undefined> {
    return this.entries();
  }

  statistics(): SharedMapStatistics {
    let buckets = 0;
    for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
      buckets += this.#inside(stripe, (at) => {
        const table = this.#offsetAt(at + TABLE);
        return table === 0 ? 0 : (this.#all(table)[table / 4 + LENGTH] as number);
      });
    }
    return { size: this.size, buckets };
  }

  // Stripes

  /** Makes a key ready. @returns its stripe */
  #prepare(key: unknown): number {
    this.requireAlive();
    this.#key.prepare(key, this.#whose);
    return this.#key.hash & (STRIPE_COUNT - 1);
  }

  /** Runs `body` with the index of the stripe's cells. */
  #inside<Result>(stripe: number, body: (at: number) => Result): Result {
    const monitor = this.#monitors[stripe] as Monitor;
    monitor.enter();
    try {
      return body(STRIPES + stripe * STRIPE_CELLS);
    } finally {
      monitor.exit();
    }
  }

  /** Inside: looks for the prepared key. The result is good until the next search. */
  #find(stripe: number): Found {
    const found = this.#found;
    found.node = 0;
    const table = this.#offsetAt(STRIPES + stripe * STRIPE_CELLS + TABLE);
    if (table === 0) return found;
    const { hash, word } = this.#key;
    let cells = this.#all(table);
    const buckets = cells[table / 4 + LENGTH] as number;
    found.link = table / 4 + FIRST_BUCKET + ((hash >>> STRIPE_BITS) & (buckets - 1));
    for (let link = found.link; ;) {
      const node = (cells[link] as number) * UNIT_BYTES;
      if (node === 0) return found;
      cells = this.#all(node);
      const at = node / 4;
      if (cells[at + HASH] === hash && cells[at + KEY] === word) {
        const keyBytes = node + VALUE_BYTES + padded(cells[at + VALUE_LENGTH] as number);
        if (this.#key.isAt(cells, this.#bytes, keyBytes)) {
          found.node = node;
          found.link = link;
          return found;
        }
      }
      link = at + NEXT_NODE;
    }
  }

  /** Inside: every node of the stripe's table, and the cell that leads to it; one that was given may be removed. */
  *#nodes(at: number): Generator<Found> {
    const table = this.#offsetAt(at + TABLE);
    if (table !== 0) yield* this.#nodesOf(table);
  }

  *#nodesOf(table: number): Generator<Found> {
    const buckets = this.#all(table)[table / 4 + LENGTH] as number;
    for (let bucket = 0; bucket < buckets; bucket++) {
      for (let link = table / 4 + FIRST_BUCKET + bucket; ;) {
        const node = (this.heap.cells[link] as number) * UNIT_BYTES;
        if (node === 0) break;
        this.#all(node);
        yield { node, link };
        // Unless it has been removed: then the link leads to the next.
        if ((this.heap.cells[link] as number) * UNIT_BYTES === node) link = node / 4 + NEXT_NODE;
      }
    }
  }

  /** @param isWanted - inside: whether to put it, by the node there is now, or 0 */
  #put(key: SharedMapKey, value: T, isWanted: (node: number) => boolean): boolean {
    const bytes = this.#codec?.encode(value);
    if (bytes === undefined) this.#requireNumber(value);
    const stripe = this.#prepare(key);
    const byteLength = bytes?.length ?? 8;
    // The node is made outside: memory may have to be found for it.
    let made = this.#codec === undefined ? 0 : this.#makeNode(bytes, value, byteLength);
    let isAttached = false;
    try {
      for (;;) {
        const outcome = this.#inside(stripe, (at) => {
          const { node, link } = this.#find(stripe);
          if (!isWanted(node)) return false;
          if (node !== 0 && this.#codec === undefined) {
            this.#doubles[(node + VALUE_BYTES) / 8] = value as number;
            return true;
          }
          if (made === 0) return "no node";
          if (node === 0 && !this.#hasRoom(at)) return "no room";
          this.#attach(made, at, node, link);
          isAttached = true;
          return true;
        });
        // Both leave the prepared key as it was.
        if (outcome === "no node") made = this.#makeNode(bytes, value, byteLength);
        else if (outcome === "no room") this.#grow(stripe);
        else return outcome;
      }
    } finally {
      if (made !== 0 && !isAttached) freePayload(this.heap, made, this.heap.slot);
    }
  }

  /** Inside: makes a word lead to a new node. */
  #attach(made: number, at: number, replaced: number, link: number): void {
    const cells = this.heap.cellsWith(made);
    if (replaced === 0) {
      cells[made / 4 + NEXT_NODE] = cells[link] as number;
      cells[link] = made / UNIT_BYTES; // from here on it is there
      this.cells[at + COUNT] = (this.cells[at + COUNT] as number) + 1;
      return;
    }
    cells[made / 4 + NEXT_NODE] = cells[replaced / 4 + NEXT_NODE] as number;
    takeInHand(this.heap, replaced);
    cells[link] = made / UNIT_BYTES; // from here on it is the new one
    freePayload(this.heap, replaced, this.heap.slot);
  }

  /** Inside: no word leads to the node any more; it is in this thread's hands. */
  #remove(node: number, link: number): void {
    takeInHand(this.heap, node);
    const cells = this.#all(node);
    cells[link] = cells[node / 4 + NEXT_NODE] as number;
  }

  #deleteIf(key: SharedMapKey, isWanted: (node: number) => boolean): boolean {
    const stripe = this.#prepare(key);
    return this.#inside(stripe, (at) => {
      const { node, link } = this.#find(stripe);
      if (!isWanted(node)) return false;
      if (node === 0) return true;
      this.#remove(node, link);
      this.cells[at + COUNT] = (this.cells[at + COUNT] as number) - 1;
      freePayload(this.heap, node, this.heap.slot);
      return true;
    });
  }

  /** A node of the prepared key, in this thread's hands. */
  #makeNode(bytes: Uint8Array | undefined, value: T, byteLength: number): number {
    const keyAtByte = VALUE_BYTES + padded(byteLength);
    const { heap } = this;
    const node = heap.allocate(keyAtByte + this.#key.byteLength, Kind.payload, heap.slot, this.offset / UNIT_BYTES);
    const cells = this.#all(node);
    cells[node / 4 + HASH] = this.#key.hash;
    cells[node / 4 + KEY] = this.#key.word;
    cells[node / 4 + VALUE_LENGTH] = byteLength;
    if (bytes === undefined) this.#doubles[(node + VALUE_BYTES) / 8] = value as number;
    else this.#bytes.set(bytes, node + VALUE_BYTES);
    this.#key.write(cells, this.#bytes, node + keyAtByte);
    return node;
  }

  /**
   * Inside: a node's number, or a copy of the bytes of its value. To make the value of those
   * runs code of the program, where that has registered classes. Inside, it would hold up all
   * who come to the stripe, and this thread for ever if it comes there itself.
   *
   * @param isKept - whether the bytes are good for longer than until the next call
   */
  #take(node: number, isKept = false): number | Uint8Array {
    const cells = this.#all(node);
    if (this.#codec === undefined) return this.#doubles[(node + VALUE_BYTES) / 8] as number;
    const length = cells[node / 4 + VALUE_LENGTH] as number;
    const hasRoom = !isKept && !this.#isDecoding && length <= this.#taken.length;
    const taken = hasRoom ? this.#taken.subarray(0, length) : new Uint8Array(length);
    copyBytes(this.#bytes, node + VALUE_BYTES, length, taken, 0);
    return taken;
  }

  /** Outside: the value of what was taken. */
  #valueOf(taken: number | Uint8Array): T {
    if (typeof taken === "number") return taken as T;
    const wasDecoding = this.#isDecoding;
    this.#isDecoding = true;
    try {
      return (this.#codec as Codec<T>).decode(taken);
    } finally {
      this.#isDecoding = wasDecoding;
    }
  }

  #keyOf(node: number): SharedMapKey {
    const cells = this.#all(node);
    const at = node + VALUE_BYTES + padded(cells[node / 4 + VALUE_LENGTH] as number);
    return keyAt(cells, this.#bytes, at, cells[node / 4 + KEY] as number);
  }

  // Growing

  /** Inside: whether one more entry keeps the chains short. */
  #hasRoom(at: number): boolean {
    const table = this.#offsetAt(at + TABLE);
    return table !== 0 && (this.cells[at + COUNT] as number) < (this.#all(table)[table / 4 + LENGTH] as number);
  }

  /** Makes a stripe's table twice as long, if nobody else has. */
  #grow(stripe: number): void {
    const present = this.#inside(stripe, (at) => this.#offsetAt(at + TABLE));
    const length = present === 0 ? FEWEST_BUCKETS : 2 * (this.#all(present)[present / 4 + LENGTH] as number);
    const { heap } = this;
    const byteLength = (FIRST_BUCKET + length) * 4;
    const table = heap.allocate(byteLength, Kind.payload, heap.slot, this.offset / UNIT_BYTES);
    this.#all(table)[table / 4 + LENGTH] = length;
    const replaced = this.#inside(stripe, (at) => {
      if (this.#offsetAt(at + TABLE) !== present) return table; // somebody else was first
      this.cells[at + NEXT] = table / UNIT_BYTES;
      return this.#finishGrowing(at);
    });
    if (replaced !== 0) freePayload(heap, replaced, heap.slot);
  }

  /**
   * Inside: moves what is in the smaller table to the larger one, from wherever a
   * thread that was stopped has left off.
   *
   * @returns the smaller table, in this thread's hands, 0 if there was none
   */
  #finishGrowing(at: number): number {
    const { cells } = this;
    const next = this.#offsetAt(at + NEXT);
    if (next === 0) return 0;
    const present = this.#offsetAt(at + TABLE);
    if (present === next) {
      // Stopped between the two writes below: the other table is in its hands.
      cells[at + NEXT] = 0;
      return 0;
    }
    this.#all(next);
    if (present !== 0) {
      this.#finishMove(at, present, next);
      for (const { node, link } of this.#nodesOf(present)) {
        cells[at + MOVING] = node / UNIT_BYTES;
        const all = this.#all(node);
        all[link] = all[node / 4 + NEXT_NODE] as number;
        this.#moveTo(next, node);
        cells[at + MOVING] = 0;
      }
      takeInHand(this.heap, present);
    }
    cells[at + TABLE] = next / UNIT_BYTES;
    cells[at + NEXT] = 0;
    return present;
  }

  /** Puts a node that is in no bucket into one of `table`. */
  #moveTo(table: number, node: number): void {
    const all = this.#all(node);
    const link = this.#bucketOf(table, node);
    all[node / 4 + NEXT_NODE] = all[link] as number;
    all[link] = node / UNIT_BYTES;
  }

  /** The node that a stopped thread was moving: it is in the smaller table still, or in the larger already, or in none. */
  #finishMove(at: number, present: number, next: number): void {
    const node = this.#offsetAt(at + MOVING);
    if (node === 0) return;
    const all = this.#all(node);
    const isIn = (table: number): boolean => all[this.#bucketOf(table, node)] === node / UNIT_BYTES;
    // It was the first of its bucket, and is the first where it goes.
    if (!isIn(present) && !isIn(next)) this.#moveTo(next, node);
    this.cells[at + MOVING] = 0;
  }

  #bucketOf(table: number, node: number): number {
    const all = this.#all(node);
    const length = all[table / 4 + LENGTH] as number;
    return table / 4 + FIRST_BUCKET + (((all[node / 4 + HASH] as number) >>> STRIPE_BITS) & (length - 1));
  }

  // Memory

  /** Offset that a cell of the map names. */
  #offsetAt(index: number): number {
    return (this.cells[index] as number) * UNIT_BYTES;
  }

  /** All of the memory, at least to the block at `offset`. */
  #all(offset: number): SharedCells {
    const cells = this.heap.cellsWith(offset);
    if (cells.byteLength !== this.#bytes.length) this.#see(cells);
    return cells;
  }

  #see({ buffer, byteLength }: SharedCells): void {
    this.#bytes = new Uint8Array(buffer, 0, byteLength);
    this.#doubles = new Float64Array(buffer, 0, byteLength / 8);
  }

  #requireNumber(value: unknown): void {
    const isWhole = this.cells[TYPE] === elementOf(this.#whose, "int32").number;
    if (isWhole ? ((value as number) | 0) === value : typeof value === "number") return;
    const wanted = isWhole ? "a whole number from -2^31 to 2^31 - 1" : "a number";
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${this.#whose} takes ${wanted} as value, but ${typeof value === "number" ? String(value) : describeKind(value)} came`,
    );
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this.clear();
      for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
        const table = this.#offsetAt(STRIPES + stripe * STRIPE_CELLS + TABLE);
        if (table !== 0) this.heap.free(this.heap.handleOf(table));
      }
    }
    super.dispose();
  }

  /** @internal */
  override threadEnded(slot: number): boolean {
    let isInOrder = true;
    for (const [stripe, monitor] of this.#monitors.entries()) {
      const isStripeInOrder = monitor.threadEnded(slot, (wasInside) => {
        if (!wasInside) return;
        const at = STRIPES + stripe * STRIPE_CELLS;
        const replaced = this.#finishGrowing(at);
        let count = 0;
        for (const _ of this.#nodes(at)) count++;
        this.cells[at + COUNT] = count;
        if (replaced !== 0) freePayload(this.heap, replaced, this.heap.slot);
      });
      isInOrder &&= isStripeInOrder;
    }
    return isInOrder;
  }

  /** @internal */
  override freeLoose(slot: number, payloads: readonly number[]): void {
    // A payload of an ended thread is changed by nobody else but who removes it,
    // who is its holder from then on.
    const loose = new Set(payloads);
    for (let stripe = 0; stripe < STRIPE_COUNT; stripe++) {
      this.#inside(stripe, (at) => {
        loose.delete(this.#offsetAt(at + TABLE));
        for (const { node } of this.#nodes(at)) loose.delete(node);
      });
    }
    for (const payload of loose) freePayload(this.heap, payload, slot);
  }
}

/** Rounded up to a multiple of 8. */
function padded(byteLength: number): number {
  return (byteLength + 7) & ~7;
}

function checked(options: SharedMapOptions): Element {
  requireOptions("a shared map", options);
  return elementOf("a shared map", options.type ?? "value");
}

/** What the values of a map that exists are. */
function elementIn({ inHeap, offset }: Place): Element {
  const { buffer } = inHeap.cellsWith(offset);
  const cells = new Int32Array(buffer, offset + HEADER_BYTES, CELLS);
  // Not in place: browsers refuse to decode shared memory.
  const text = new Uint8Array(cells[SCHEMA_LENGTH] as number);
  text.set(new Uint8Array(buffer, offset + HEADER_BYTES + CELLS * 4, text.length));
  return { number: cells[TYPE] as number, schema: new TextDecoder().decode(text) };
}

// What errors and consoles call it.
Object.defineProperty(StripedMap, "name", { value: "SharedMap" });

/** See `SharedMapMaker`. */
export const SharedMap: SharedMapMaker = StripedMap;

/**
 * A map that the jobs of all threads use at once, with strings and numbers as keys.
 *
 * Values go in and come out as copies: change what `get` gave, and put it in again;
 * or use `update`, which is one step for all other threads.
 *
 * **Order** None that is kept.
 *
 * **A thread that dies** has put an entry in, or removed it, or not.
 *
 * **Threads** Any. A thread in the middle of a verb keeps others out of a 32nd of
 * the map for some nanoseconds, or, when that part grows, in proportion to it.
 *
 * **Cost** Reading and writing an entry: bench `shared-map`.
 *
 * @example
 * ```ts
 * const users = new SharedMap<{ name: string; age: number }>();
 * users.set("ada", { name: "Ada", age: 36 });
 * console.log(users.get("ada")?.age, users.size); // 36 1
 * ```
 *
 * @since 0.1.0
 */
export type SharedMap<T = unknown> = StripedMap<T>;
