/**
 * Objects in the shared heap: each is a block, and on every thread that knows it
 * one JavaScript object that looks at the block.
 *
 * How one crosses to another thread: whatever copies it (`postMessage`, a task's
 * arguments) reads its own properties, of which it has one, a getter. That gives
 * its address, and counts, so the sender knows afterwards whether a message had
 * any shared objects in it, without a search. The receiver puts them in place of
 * their addresses.
 *
 * Layout of every block: a header of 32 bytes, then the object's own cells.
 *   0   Int32: length of the name in bytes
 *   4   Int32: 1 once the object is made; 2 of one that the library keeps for itself
 *   8   the name in UTF-8, cut at 24 bytes
 */
import { load, type SharedCells, store } from "#atomics";

import { describeKind } from "../async/cancel.js";
import { InternalError, MisuseError } from "../core/errors.js";
import { type Handle, type Heap, heap, offsetOf } from "./heap.js";
import { Kind, type KindValue, NAMES } from "./kinds.js";
import { viewsOf } from "./memory-views.js";
import { freePayload } from "./payload.js";

export { Kind, type KindValue, NAMES };
import type { MemorySource } from "./memory.js";

export const HEADER_BYTES = 32;
const NAME_LENGTH = 0;
const IS_MADE = 1;
const MADE = 1;
const KEPT = 2;
const NAME_AT = 8;
const MOST_NAME_BYTES = HEADER_BYTES - NAME_AT;

/** The property by which an object crosses. */
export const ADDRESS = "skein.shared";

/** What a copy of a shared object is, before it is put in its place. */
export interface Address {
  readonly kind: number;
  readonly handle: Handle;
  /** Only in what leaves for a thread that may not have the heap yet. */
  readonly memory?: MemorySource;
  /** Which end of the channel, if it is one. */
  readonly end?: number;
}

/** Where an object is that exists already; in place of the options of one to be made. See `attached`. */
export class Place {
  readonly inHeap: Heap;
  readonly handle: Handle;
  readonly offset: number;

  constructor(inHeap: Heap, handle: Handle) {
    this.inHeap = inHeap;
    this.handle = handle;
    this.offset = offsetOf(handle);
  }
}

/** This thread's objects, by the handles of their blocks. Weak: a block outlives those who look at it. */
const known = new Map<Handle, WeakRef<SharedObject>>();
const forgotten = new FinalizationRegistry<Handle>((handle) => {
  if (known.get(handle)?.deref() === undefined) known.delete(handle);
});

function makeKnown(object: SharedObject): void {
  known.set(object.handle, new WeakRef(object));
  forgotten.register(object, object.handle);
}

/** For exploration, in which one JavaScript thread plays several: each has its own instances. */
export interface Views {
  /** The instance of the thread that is played now, of the object that is known here. */
  of(object: SharedObject): SharedObject;
}

let views: Views | undefined;

/** Has `knownAs` give what `next` says. */
export function lookThroughViews(next: Views): void {
  views = next;
}

/** What a thread has taken of an object. */
export interface Hold {
  /** Slot of the thread. */
  readonly slot: number;
  /** How much; see `room`. */
  readonly amount: number;
}

let noteMade: ((handle: Handle) => void) | undefined;

/** Has `note` called with the handle of each object that is made on this thread, in the call that makes it. */
export function onMade(note: ((handle: Handle) => void) | undefined): void {
  noteMade = note;
}

const NO_HOLDS: readonly Hold[] = [];

/** How an object is made. */
export interface SharedOptions {
  /** How dumps, messages and errors name it, on every thread; what is longer than 24 bytes is cut. */
  readonly name?: string;
}

/**
 * An object that threads share.
 *
 * Pass it to a task, or inside a value that you pass: there it arrives as the same
 * object. It lives until some thread disposes of it, not until nobody refers to it.
 *
 * @since 0.1.0
 */
export abstract class SharedObject implements Disposable {
  // All private: what an object has of its own is copied when it crosses.
  readonly #name: string;
  readonly #cells: SharedCells;
  readonly #heap: Heap;
  readonly #offset: number;
  readonly #handle: Handle;
  readonly #kind: KindValue;
  #isDisposed = false;
  /** See `witnessOf` of the heap; index 0 if there is none. */
  readonly #witnessIndex: number;
  readonly #witness: number;

  /**
   * @param cellCount - how many cells the object needs besides the header
   * @param moreBytes - and how much room behind them
   * @param isZeroed - whether that is 0 at first
   */
  protected constructor(
    kind: KindValue,
    cellCount: number,
    options: SharedOptions | Place,
    moreBytes = 0,
    isZeroed: boolean = true,
  ) {
    const isNew = !(options instanceof Place);
    if (isNew && (typeof options !== "object" || options === null)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `a shared object expected options, but ${describeKind(options)} came`,
      );
    }
    this.#heap = isNew ? heap() : options.inHeap;
    const name = isNew ? checkedName(options.name ?? NAMES[kind] ?? "object") : "";
    const ownBytes = HEADER_BYTES + cellCount * 4;
    const zeroBytes = isZeroed ? ownBytes + moreBytes : ownBytes;
    this.#offset = isNew ? this.#heap.allocate(ownBytes + moreBytes, kind, 0, 0, zeroBytes) : options.offset;
    this.#kind = kind;
    this.#handle = isNew ? this.#heap.handleOf(this.#offset) : options.handle;
    const witness = this.#heap.witnessOf(this.#handle, kind);
    this.#witnessIndex = witness?.index ?? 0;
    this.#witness = witness?.value ?? 0;
    this.#name = isNew ? writeName(this.#heap, this.#offset, name) : nameOf(this.#heap, this.#offset, kind);
    this.#cells = new Int32Array(this.#heap.buffer, this.#offset + HEADER_BYTES, cellCount);
    if (isNew) {
      noteMade?.(this.#handle);
      makeKnown(this);
    }
    Object.defineProperty(this, ADDRESS, CROSSING);
  }

  get name(): string {
    return this.#name;
  }

  /** The object's own cells. */
  protected get cells(): SharedCells {
    return this.#cells;
  }

  protected get heap(): Heap {
    return this.#heap;
  }

  /** @internal Where its block is. */
  get offset(): number {
    return this.#offset;
  }

  /** @internal One of the own cells of an object that this thread has not met yet. */
  static cellAt(inHeap: Heap, offset: number, cell: number): number {
    return inHeap.cellsWith(offset)[(offset + HEADER_BYTES) / 4 + cell] as number;
  }

  /** Says that the block holds what its kind promises; until then no other thread looks into it. */
  protected made(): void {
    store(this.#heap.cellsWith(this.#offset), this.#offset / 4 + IS_MADE, MADE);
  }

  /** True once this thread, or another, has disposed of it. */
  get isDisposed(): boolean {
    if (this.#isDisposed) return true;
    const isAlive =
      this.#witnessIndex === 0
        ? this.#heap.locate(this.#handle) !== undefined
        : load(this.#heap.cells, this.#witnessIndex) === this.#witness;
    return (this.#isDisposed = !isAlive);
  }

  /**
   * Gives the memory back. Nobody may wait for the object or hold it, and nobody
   * may use it afterwards, on any thread; a thread that gets it then fails with
   * `SKEIN_DISPOSED`. Doing it again does nothing.
   */
  dispose(): void {
    this.#isDisposed = true;
    known.delete(this.#handle);
    this.#heap.free(this.#handle);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * @internal The thread of that slot has ended: puts in order what it left here.
   *
   * @param wasBusy - whether it ended in the middle of a job, as far as is known
   * @returns false if it could not be entered soon: then it is to be called again
   */
  threadEnded(_slot: number, _wasBusy: boolean): boolean {
    return true;
  }

  /**
   * @internal Frees those of some payloads that are not attached to it. They were in
   * the hands of the thread of that slot, which has ended.
   */
  freeLoose(slot: number, payloads: readonly number[]): void {
    for (const payload of payloads) freePayload(this.heap, payload, slot);
  }

  // What the search for deadlocks asks (`wait-graph.ts`), on any thread and at any
  // moment: so these enter nothing and wait for nothing.

  /**
   * @internal How much can be taken of it at a time: two takings of together more
   * than that exclude each other until one of them is given back. The default is
   * for what nobody holds.
   */
  get room(): number {
    return Infinity;
  }

  /** @internal Who has taken something of it that nobody else can give back. */
  holds(): readonly Hold[] {
    return NO_HOLDS;
  }

  /** @internal Slot of the thread before whose wait nobody else is granted anything, or 0. */
  get insisting(): number {
    return 0;
  }

  /** @internal What names the block, on every thread, as long as it lives. */
  get handle(): Handle {
    return this.#handle;
  }

  /** Fails if it has been disposed of. */
  protected requireAlive(): void {
    if (!this.isDisposed) return;
    throw new MisuseError("SKEIN_DISPOSED", `${this.constructor.name} "${this.#name}" has been disposed of`);
  }

  /** @internal What a copy of it says. */
  leave(): Address {
    return addressOf(this.#heap, this.#kind, this.#handle);
  }
}

/** What crosses as an address. */
export interface Crossing {
  leave(): Address;
}

// One getter for all: a function for each object would make each a shape of its own,
// and slow whatever meets several of them.
/** The property `ADDRESS` of what crosses. */
export const CROSSING: PropertyDescriptor & ThisType<Crossing> = {
  enumerable: true,
  get() {
    return this.leave();
  },
};

// What a console prints of it.
Object.defineProperty(SharedObject.prototype, Symbol.for("nodejs.util.inspect.custom"), {
  value(this: SharedObject): string {
    return `${this.constructor.name} ${JSON.stringify(this.name)}${this.isDisposed ? " (disposed)" : ""}`;
  },
});

function checkedName(name: unknown): string {
  if (typeof name === "string") return name;
  throw new MisuseError("SKEIN_INVALID_ARGUMENT", `a name must be a string, but ${describeKind(name)} came`);
}

/** @returns the name as others will read it */
function writeName(inHeap: Heap, offset: number, name: string): string {
  // Of short names of ASCII there is nothing to encode: most are, and calls make objects for their own use.
  const { length } = name;
  const { uint8, int32 } = viewsOf(inHeap);
  let i = 0;
  if (length <= MOST_NAME_BYTES) {
    for (let code = name.charCodeAt(0); i < length && code < 128; code = name.charCodeAt(++i))
      uint8[offset + NAME_AT + i] = code;
  }
  if (i === length) {
    int32[offset / 4 + NAME_LENGTH] = length;
    return name;
  }
  // Not straight into the block: browsers refuse to encode into shared memory.
  const bytes = new Uint8Array(MOST_NAME_BYTES);
  const { written } = ENCODER.encodeInto(name, bytes);
  uint8.set(bytes, offset + NAME_AT);
  int32[offset / 4 + NAME_LENGTH] = written;
  return nameAt(inHeap, offset);
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** The name of the object at `offset`; on the object itself a struct may have a field of that name. */
export function nameAt(inHeap: Heap, offset: number): string {
  inHeap.cellsWith(offset);
  const { uint8, int32 } = viewsOf(inHeap);
  const begin = offset + NAME_AT;
  const length = int32[offset / 4 + NAME_LENGTH] as number;
  // Anything may stand there of a block that another thread gives back right now.
  return DECODER.decode(uint8.slice(begin, begin + (length >= 0 && length <= MOST_NAME_BYTES ? length : 0)));
}

/** The same, of an object of a kind. Most have the name that those have who are given none: then nothing need be decoded. */
function nameOf(inHeap: Heap, offset: number, kind: KindValue): string {
  inHeap.cellsWith(offset);
  const { uint8, int32 } = viewsOf(inHeap);
  const usual = NAMES[kind] ?? "";
  let i = int32[offset / 4 + NAME_LENGTH] === usual.length ? 0 : -1;
  while (i !== -1 && i < usual.length) i = uint8[offset + NAME_AT + i] === usual.charCodeAt(i) ? i + 1 : -1;
  return i === -1 ? nameAt(inHeap, offset) : usual;
}

// Crossing

let crossings = 0;
let isWithinPool = false;

/** How many shared objects have left this thread so far: it is larger after what was copied, or written, had some. */
export function crossingsSoFar(): number {
  return crossings;
}

/**
 * Has `post` copy a value for a thread of a pool, which has the heap.
 *
 * @param post - is given a question to put into the message *behind* the value, as a
 *   getter: whether any shared object has been copied so far
 */
export function leaveForPool(post: (hasShared: () => boolean) => void): void {
  const before = crossings;
  isWithinPool = true;
  try {
    post(() => crossings > before);
  } finally {
    isWithinPool = false;
  }
}

/** The address of an object that is being copied. */
export function addressOf(inHeap: Heap, kind: KindValue, handle: Handle, end?: number): Address {
  crossings++;
  const address = end === undefined ? { kind, handle } : { kind, handle, end };
  return isWithinPool ? address : { ...address, memory: inHeap.source };
}

function unknownKind(): never {
  throw new InternalError("a shared object came before anything that knows its kind");
}

/** Gives this thread's object at an address that came inside of bytes. */
export let arrival: (address: Address) => object = unknownKind;

/** As `adopt` of `crossing.ts`. */
export let adoptArrived: <Value>(value: Value) => Value = unknownKind;

/** Called by who knows all kinds. */
export function setArrival(arrive: typeof arrival, adopt: typeof adoptArrived): void {
  arrival = arrive;
  adoptArrived = adopt;
}

/** Whether shared objects can arrive: whether somebody here knows all kinds. */
export function knowsKinds(): boolean {
  return arrival !== unknownKind;
}

/** Says of an object of this thread's heap that the library keeps it for what follows: it is no leak. */
export function keep({ offset }: SharedObject): void {
  store(heap().cellsWith(offset), offset / 4 + IS_MADE, KEPT);
}

/** Whether the object at `offset` is one that the library keeps for itself. */
export function isKeptAt(inHeap: Heap, offset: number): boolean {
  return load(inHeap.cellsWith(offset), offset / 4 + IS_MADE) === KEPT;
}

function knownAs(handle: Handle): SharedObject | undefined {
  const object = known.get(handle)?.deref();
  if (object?.isDisposed !== false) return undefined;
  return views === undefined ? object : views.of(object);
}

/**
 * This thread's object for a block that exists: the one it knows, or one made by `attach`,
 * which reads from the block what it has to know of it.
 *
 * Another thread may give the block back at any moment, and yet another take it for
 * something else. So what was read counts only if the block lived when all had been read;
 * else there is no object, and none becomes known. Without that last look this thread had
 * the type and length of a disposed array from its first read, and would look by them at
 * the array that took its place, whenever that came to it later.
 *
 * @returns `undefined` if the block has been given back
 */
export function attached(
  inHeap: Heap,
  handle: Handle,
  attach: (place: Place) => SharedObject,
): SharedObject | undefined {
  const before = knownAs(handle);
  if (before !== undefined) return before;
  if (inHeap.locate(handle) === undefined) return undefined;
  let made: SharedObject;
  try {
    made = attach(new Place(inHeap, handle));
  } catch (error) {
    // What stands in a block of another kind may be anything.
    if (inHeap.livedTillNow(handle)) throw error;
    return undefined;
  }
  if (!inHeap.livedTillNow(handle)) return undefined;
  makeKnown(made);
  return made;
}

type FindObject = (inHeap: Heap, offset: number) => SharedObject | undefined;

// Without `crossing.ts` nothing has come from other threads, and this thread knows all.
let findObject: FindObject = (inHeap, offset) => {
  const block = inHeap.blockAt(offset);
  return block === undefined ? undefined : knownAs(block.handle);
};

/** Says how objects are found that this thread has not met: by who knows all kinds. */
export function findObjectsBy(find: FindObject): void {
  findObject = find;
}

/** The object whose block is at `offset`, if one lives there. */
export function objectAt(inHeap: Heap, offset: number): SharedObject | undefined {
  return findObject(inHeap, offset);
}

/** Whether a block holds what its kind promises. */
export function isMade(inHeap: Heap, offset: number): boolean {
  return load(inHeap.cellsWith(offset), offset / 4 + IS_MADE) !== 0;
}
