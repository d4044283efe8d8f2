/**
 * Elements of shared arrays under exploration: `values`, and arrays in place in records, are
 * typed arrays of the platform, which shows nobody who reads and writes them. So a program
 * under exploration is given one that stands for it (`watchedElements`): each read and write
 * of an element is a step, as of a cell's `value`, and so is checked for races; the
 * platform's `Atomics` on one are steps as a cell's methods are.
 */
import { MisuseError } from "../core/errors.js";
import { SharedArray } from "../shared/array.js";
import { controlled } from "./controlled.js";
import { Step, type StepKind, WaitOutcome } from "./operations.js";
import { readPlainly, writePlainly } from "./plain-accesses.js";
import type { SharedMemory } from "./shared-memory.js";

/** A typed array on shared memory, as far as this file goes. */
interface Elements extends ArrayLike<unknown>, Iterable<unknown> {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly BYTES_PER_ELEMENT: number;
  subarray(begin?: number, end?: number): Elements;
  constructor: Function;
  [index: number]: unknown;
}
type OwnArray = Record<string, (...values: unknown[]) => unknown>;

/** What one is watched by. */
interface Watched {
  /** The array that it stands for, or is a part of, as it is now: threads that run for real have other memory. */
  readonly whole: () => Elements;
  /** Its first element in that. */
  readonly first: number;
  readonly memory: SharedMemory;
  readonly name: string;
}

/** What stands for an array. */
const standsFor = new WeakMap<Elements, Elements>();
/** Of both of them: a trap is given the one, `Atomics` the other. */
const watched = new WeakMap<object, Watched>();

/**
 * What stands for a typed array on the memory under exploration; the array itself while
 * no threads are explored.
 *
 * @param whole - gives the array
 * @param name - how listings name it, in front of an index
 */
export function watchedElements<Values>(memory: SharedMemory, whole: () => Values, name: string): Values {
  const values = whole();
  if (!memory.isWatching) return values;
  return watch(values as Elements, { whole: whole as () => Elements, first: 0, memory, name }) as Values;
}

function watch(elements: Elements, by: Watched): Elements {
  const before = standsFor.get(elements);
  if (before !== undefined) return before;
  const made = new Proxy(elements, HANDLER);
  standsFor.set(elements, made);
  watched.set(made, by);
  watched.set(elements, by);
  return made;
}

const watchedBy = (elements: object): Watched => watched.get(elements) as Watched;

/** Where an element of a whole array is, if a step on it would be one now. */
function placeOf({ memory, name }: Watched, whole: Elements, at: number): number | undefined {
  return memory.plainPlaceOf(whole.buffer, whole.byteOffset + at * whole.BYTES_PER_ELEMENT, `${name}[${at}]`);
}

/** The index that a key is; -1 if it is none, or there is no such element. */
function indexOf(elements: Elements, key: PropertyKey): number {
  if (typeof key !== "string") return -1;
  const index = Number(key);
  return Number.isInteger(index) && index >= 0 && index < elements.length && String(index) === key ? index : -1;
}

const HANDLER: ProxyHandler<Elements> = {
  get(elements, key) {
    const index = indexOf(elements, key);
    if (index !== -1) {
      const by = watchedBy(elements);
      const whole = by.whole();
      const at = by.first + index;
      return readPlainly(placeOf(by, whole, at), () => whole[at]);
    }
    return METHODS.get(key) ?? (Reflect.get(elements, key, elements) as unknown);
  },
  set(elements, key, value) {
    const index = indexOf(elements, key);
    if (index === -1) return Reflect.set(elements, key, value, elements);
    const by = watchedBy(elements);
    const whole = by.whole();
    const at = by.first + index;
    writePlainly(placeOf(by, whole, at), value, () => void (whole[at] = value));
    return true;
  },
};

// Methods

type Method = (this: Elements, ...values: never[]) => unknown;

/** As the platform's typed arrays have them, made of reads and writes of single elements. */
const METHODS = new Map<PropertyKey, Method>();

/** Those that do the same for typed arrays as for ordinary ones, by reading and writing element by element. */
const SAME = (
  "at copyWithin entries every fill find findIndex findLast findLastIndex forEach includes indexOf join keys " +
  "lastIndexOf reduce reduceRight reverse some values"
).split(" ");
const ORDINARY = Array.prototype as unknown as Record<PropertyKey, Method>;
for (const name of SAME) METHODS.set(name, ORDINARY[name] as Method);
METHODS.set(Symbol.iterator, ORDINARY["values"] as Method);

/** An array of the same type, on memory of this thread's own. */
function ownArray(elements: Elements, list: unknown): OwnArray {
  return (elements.constructor as unknown as { from(list: unknown): unknown }).from(list) as OwnArray;
}

/** Those that make an array, of what they read. */
for (const name of ["slice", "map", "filter"]) {
  METHODS.set(name, function (this: Elements, ...values: never[]) {
    return ownArray(this, ORDINARY[name]?.apply(this, values));
  });
}

/** Those that read all, whatever they do with it. */
for (const name of ["toSorted", "toReversed", "with", "toString", "toLocaleString"]) {
  if (!(name in Int32Array.prototype)) continue;
  METHODS.set(name, function (this: Elements, ...values: never[]) {
    return ownArray(this, this)[name]?.(...values);
  });
}

METHODS.set("sort", function (this: Elements, compare?: unknown) {
  const sorted = ownArray(this, this)["sort"]?.(compare) as ArrayLike<unknown>;
  for (let i = 0; i < sorted.length; i++) this[i] = sorted[i];
  return this;
});

METHODS.set("set", function (this: Elements, source: ArrayLike<unknown>, from = 0) {
  // All of it first: it may be a part of this array.
  const list = Array.from(source);
  if (from < 0 || from + list.length > this.length) throw new RangeError("offset is out of bounds");
  for (let i = 0; i < list.length; i++) this[from + i] = list[i];
});

METHODS.set("subarray", function (this: Elements, begin?: number, end?: number) {
  const by = watchedBy(this);
  const whole = by.whole();
  const elements = whole.subarray(by.first, by.first + this.length).subarray(begin, end);
  return watch(elements, { ...by, first: (elements.byteOffset - whole.byteOffset) / whole.BYTES_PER_ELEMENT });
});

// Atomics

/** An operation of the platform: on an element, with up to two values more. */
type Operation = (cells: unknown, index: number, first?: unknown, second?: unknown) => unknown;
/** What it is on an element that is watched. */
type WatchedOperation = (by: Watched, own: Operation, index: number, first?: unknown, second?: unknown) => unknown;

const READS = ["load"];
const WRITES = ["store"];
const CHANGES = ["add", "and", "compareExchange", "exchange", "or", "sub", "xor"];

/** Has the platform's own `Atomics`, as programs call it, take what stands for an array, which it would refuse. */
function watchAtomics(): void {
  const platform = (globalThis as unknown as { readonly Atomics: Record<string, Operation> }).Atomics;
  const replace = (name: string, watchedOperation: WatchedOperation): void => {
    const own = platform[name];
    if (own === undefined) return;
    platform[name] = (cells, index, first, second) => {
      // What stands for a view is none; the library's own operations come here too, on cells of its own.
      const by = ArrayBuffer.isView(cells) ? undefined : watched.get(cells as object);
      if (by === undefined) return own(cells, index, first, second);
      // Of a part of an array there may be more behind its end, where the platform would go on.
      if (!(index >= 0 && index < (cells as Elements).length)) throw new RangeError("Invalid atomic access index");
      return watchedOperation(by, own, index, first, second);
    };
  };
  const steps = (names: readonly string[], kind: StepKind): void => {
    for (const name of names) replace(name, stepOf(name, kind));
  };
  steps(READS, Step.load);
  steps(WRITES, Step.store);
  steps(CHANGES, Step.change);
  replace("wait", waitStep);
  replace("notify", notifyStep);
  replace("waitAsync", () => {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      "Atomics.waitAsync is not explored: threads under exploration wait by Atomics.wait, which holds up none of them but the caller",
    );
  });
}

function stepOf(name: string, kind: StepKind): WatchedOperation {
  return (by, own, index, first, second) => {
    const whole = by.whole();
    const at = by.first + index;
    const run = controlled;
    const place = placeOf(by, whole, at);
    if (run === undefined || place === undefined) return own(whole, at, first, second);
    if (run.before(kind, place, describe(name, first, second))) return run.logged();
    const before = whole[at];
    const gave = own(whole, at, first, second);
    return run.after(gave, kind === Step.store || whole[at] !== before);
  };
}

/** What an operation does, as listings say it of cells. */
function describe(name: string, first: unknown, second: unknown): unknown {
  switch (name) {
    case "load":
    case "store":
      return first;
    case "exchange":
      return `:= ${String(first)}`;
    case "compareExchange":
      return `${String(first)} -> ${String(second)}`;
    case "add":
      return (first as number) < 0 ? String(first) : `+${String(first)}`;
    default:
      return `${name} ${String(first)}`;
  }
}

function waitStep(by: Watched, own: Operation, index: number, expected: unknown, mostMs: unknown = Infinity): unknown {
  const whole = by.whole();
  const at = by.first + index;
  const run = controlled;
  const place = placeOf(by, whole, at);
  if (run === undefined || place === undefined) return own(whole, at, expected, mostMs);
  const gave = run.wait(place, int32(whole), at, expected as number, mostMs as number);
  if (gave === WaitOutcome.ok) return "ok";
  return gave === WaitOutcome.notEqual ? "not-equal" : "timed-out";
}

function notifyStep(by: Watched, own: Operation, index: number, count: unknown = Infinity): unknown {
  const whole = by.whole();
  const at = by.first + index;
  const run = controlled;
  const place = placeOf(by, whole, at);
  if (run === undefined || place === undefined) return own(whole, at, count);
  return run.notify(place, int32(whole), at, count as number);
}

function int32(whole: unknown): Int32Array<SharedArrayBuffer> {
  if (whole instanceof Int32Array) return whole as Int32Array<SharedArrayBuffer>;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    "Atomics.wait and notify are explored on arrays of int32 alone: let threads wait on an element of such a one",
  );
}

// Shared arrays

/** Has shared arrays give programs under exploration values that are watched. */
export function exploreElements(memory: SharedMemory): void {
  watchAtomics();
  const { prototype } = SharedArray;
  const { get } = Object.getOwnPropertyDescriptor(prototype, "values") as { get(): unknown };
  const { copy } = prototype;
  Object.defineProperties(prototype, {
    values: {
      configurable: true,
      get(this: SharedArray) {
        return watchedElements(memory, () => get.call(this), "values");
      },
    },
    copy: {
      configurable: true,
      writable: true,
      value(this: SharedArray) {
        const { values } = this;
        // By `copy` all the same: it knows whether the array is still there.
        const whole = copy.call(this) as unknown;
        return watched.has(values) ? (values as { slice(): unknown }).slice() : whole;
      },
    },
    [Symbol.iterator]: {
      configurable: true,
      writable: true,
      value(this: SharedArray) {
        return this.values[Symbol.iterator]();
      },
    },
  });
}
