/**
 * Typed arrays in the shared heap.
 *
 * Layout of its own cells
 *   TYPE    number of the type; never changes
 *   LENGTH  of the array; never changes
 *   behind them the elements, from a multiple of 8 on; of an array of some length from a multiple of 64,
 *   where a line of a cache begins: so threads that divide it at such places write to no line by turns,
 *   and a table whose rows are lines is read line by line (November 2026: columns of it 15 % faster)
 */
import { describeKind } from "../async/cancel.js";
import { requireOptions, requireWhole } from "../async/guard.js";
import { MisuseError } from "../core/errors.js";
import { HEADER_BYTES, Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { ARRAYS, type ArraysOf, type BigIntType, ELEMENTS, type NumberType } from "./record-schema.js";

const TYPE = 0;
const LENGTH = 1;
const CELLS = 2;
const LINE_BYTES = 64;
/** An array of so many bytes has elements from a line's begin on: blocks as long as that begin at one, too. */
const LINED_BYTES = 4096;
const LINED_CELLS = CELLS + ((LINE_BYTES - ((HEADER_BYTES + CELLS * 4) % LINE_BYTES)) % LINE_BYTES) / 4;

function cellsFor(byteLength: number): number {
  return byteLength >= LINED_BYTES ? LINED_CELLS : CELLS;
}

/** Types of elements, in the order of their numbers in memory. */
const TYPES = Object.keys(ARRAYS) as readonly ArrayType[];

/** What the elements of a shared array are. */
export type ArrayType = NumberType | BigIntType;

/** The typed array that views shared memory, by its type. */
export type SharedValues<Type extends ArrayType> = ArraysOf<SharedArrayBuffer>[Type];

/** The number of a type, checked. */
export function arrayTypeNumber(whose: string, type: unknown): number {
  const number = TYPES.indexOf(type as ArrayType);
  if (number !== -1) return number;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${whose}'s type must be one of ${TYPES.join(", ")}, but ${typeof type === "string" ? JSON.stringify(type) : describeKind(type)} came`,
  );
}

/** The type of a number in memory. */
export function arrayTypeOf(number: number): ArrayType {
  return TYPES[number] as ArrayType;
}

/** How a shared array is made. */
export interface SharedArrayOptions<Type extends ArrayType = ArrayType> extends SharedOptions {
  readonly type: Type;
  /** Elements, from 0 on; all 0 at first if `zeroed` is not false. */
  readonly length: number;
  /**
   * False for an array of which all elements are written before any is read: they are whatever the
   * memory held before. To clear it takes as long as a short loop over it. True if omitted.
   */
  readonly zeroed?: boolean;
}

/**
 * A typed array that threads share: bytes, samples, pixels, columns of a table.
 *
 * Its `values` are a typed array of the platform that views the shared memory in
 * place, so every loop and library that takes one works on it, on all threads at
 * once. Nothing orders what they read and write but locks, channels and the like.
 *
 * **Threads** Any.
 *
 * **Cost** Of an access, that of a typed array.
 *
 * @example
 * ```ts
 * const samples = SharedArray.from("float64", [0.5, 1.5]);
 * samples.values[0] += 1;
 * console.log(samples.copy()); // Float64Array(2) [ 1.5, 1.5 ]
 * ```
 *
 * @since 0.1.0
 */
export class SharedArray<Type extends ArrayType = ArrayType> extends SharedObject {
  readonly #values: SharedValues<Type>;

  constructor(options: SharedArrayOptions<Type> | Place) {
    let number = 0;
    let length = 0;
    let zeroed = true;
    if (options instanceof Place) {
      ({ number, length } = found(options));
    } else {
      requireOptions("a shared array", options);
      number = arrayTypeNumber("a shared array", options.type);
      requireWhole("a shared array's length", options.length, 0);
      ({ length, zeroed = true } = options);
      if (typeof zeroed !== "boolean") {
        throw new MisuseError(
          "SKEIN_INVALID_ARGUMENT",
          `a shared array's option zeroed expected a boolean, but ${describeKind(zeroed)} came`,
        );
      }
    }
    const type = arrayTypeOf(number);
    const valueBytes = length * ELEMENTS[type].byteLength;
    super(Kind.array, cellsFor(valueBytes), options, valueBytes, zeroed);
    if (!(options instanceof Place)) {
      this.cells[TYPE] = number;
      this.cells[LENGTH] = length;
    }
    const { buffer, byteOffset, byteLength } = this.cells;
    this.#values = new ARRAYS[type](buffer, byteOffset + byteLength, length) as SharedValues<Type>;
    if (!(options instanceof Place)) this.made();
  }

  /**
   * An array of these elements.
   *
   * **Throws** `SKEIN_INVALID_ARGUMENT` for an element that the type can't hold.
   */
  static from<Type extends ArrayType>(
    type: Type,
    elements: Iterable<SharedValues<Type>[number]> | ArrayLike<SharedValues<Type>[number]>,
    options: SharedOptions = {},
  ): SharedArray<Type> {
    arrayTypeNumber("a shared array", type);
    const list = Array.from(elements as ArrayLike<number | bigint>);
    const { fits, expects } = ELEMENTS[type];
    const wrong = list.findIndex((element) => !fits(element));
    if (wrong !== -1) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `element ${wrong} of a shared array of ${type} must be ${expects}, but ${String(list[wrong])} came`,
      );
    }
    const made = new SharedArray({ ...options, type, length: list.length, zeroed: false });
    (made.values as unknown as { set(list: readonly unknown[]): void }).set(list);
    return made;
  }

  /** What the elements are. */
  get type(): Type {
    return arrayTypeOf(this.cells[TYPE] as number) as Type;
  }

  get length(): number {
    return this.cells[LENGTH] as number;
  }

  /** The elements in place. Not to be used once the array has been disposed of. */
  get values(): SharedValues<Type> {
    return this.#values;
  }

  /**
   * The elements as they are now, in ordinary memory: for functions that refuse
   * shared memory, as many of a browser do (`TextDecoder`, `crypto.getRandomValues`,
   * `WebSocket.send`, `Blob`), since what they read must not change meanwhile.
   */
  copy(): ArraysOf<ArrayBuffer>[Type] {
    this.requireAlive();
    return unshared(this.#values) as never;
  }

  [Symbol.iterator](): IterableIterator<SharedValues<Type>[number]> {
    return (this.#values as Iterable<SharedValues<Type>[number]>)[Symbol.iterator]() as never;
  }
}

/**
 * A view as it is if its memory is its thread's own, else a copy that is.
 *
 * @example
 * ```ts
 * const text = SharedArray.from("uint8", [104, 105]);
 * console.log(new TextDecoder().decode(unshared(text.values))); // hi
 * ```
 *
 * @since 0.1.0
 */
export function unshared<View extends ArrayBufferView>(view: View): View {
  if (!(view.buffer instanceof SharedArrayBuffer)) return view;
  const bytes = new Uint8Array(view.byteLength);
  bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
  const { constructor } = view as unknown as { constructor: new (buffer: ArrayBuffer) => View };
  return new constructor(bytes.buffer);
}

/** What an array that exists is. */
function found({ inHeap, offset }: Place): { readonly number: number; readonly length: number } {
  return { number: SharedObject.cellAt(inHeap, offset, TYPE), length: SharedObject.cellAt(inHeap, offset, LENGTH) };
}
