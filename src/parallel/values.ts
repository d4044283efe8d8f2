/**
 * What algorithms work on: shared arrays, which are where all threads see them; typed
 * arrays and arrays of numbers, which are copied into shared memory when a call is shared
 * out, and whose results come back as what they are.
 */
import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { SharedArray } from "../shared/array.js";
import { adopt } from "../shared/crossing.js";
import { ADDRESS } from "../shared/object.js";
import type { ArraysOf, NumberType } from "../shared/record-schema.js";

/** A typed array of numbers. */
export type NumberArray = ArraysOf<ArrayBufferLike>[NumberType];

/** Numbers, as algorithms take them. */
export type Numbers = SharedArray<NumberType> | NumberArray | readonly number[];

/** What a result of the kind of `Input` is, and of its type, or another; ordinary arrays have none. */
export type ResultLike<In, Type extends NumberType = TypeOf<In>> =
  In extends SharedArray<NumberType>
    ? SharedArray<Type>
    : In extends readonly number[]
      ? number[]
      : In extends NumberArray
        ? ArraysOf<ArrayBuffer>[Type]
        : never;

/** The type of an input's numbers. */
export type TypeOf<In> =
  In extends SharedArray<infer Type extends NumberType> ? Type : In extends NumberArray ? TypeNameOf<In> : "float64";

type TypeNameOf<In> = {
  [Type in NumberType]: In extends ArraysOf<ArrayBufferLike>[Type] ? Type : never;
}[NumberType];

/** What one kind of input is to an algorithm. */
export interface Input {
  readonly kind: "shared" | "typed" | "array";
  readonly type: NumberType;
  readonly length: number;
  /** The numbers, in place. */
  readonly numbers: NumberArray | readonly number[];
  readonly given: Numbers;
}

const ARRAYS = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
} as const;
/** All types of number. */
export const TYPES = Object.keys(ARRAYS) as readonly NumberType[];
/** By what the language calls a typed array, whichever realm it is from. To ask for the class of each takes as long as a short call. */
const TYPE_OF: Readonly<Record<string, NumberType>> = Object.fromEntries(
  TYPES.map((type) => [ARRAYS[type].name, type]),
);

/** Not the property of an instance: a class that extends one may have its own. */
const nameOfArray = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag)
  ?.get as (this: unknown) => unknown;

/** A shared object of another copy of the library, as this one has it; all else as it is. */
function ownOf(given: unknown): unknown {
  const isForeign = typeof given === "object" && given !== null && ADDRESS in given && !(given instanceof SharedArray);
  return isForeign ? adopt(given) : given;
}

/** Reads an argument. **Throws** `SKEIN_INVALID_ARGUMENT` for what are no numbers. */
export function inputOf(whose: string, argument: unknown): Input {
  // Most is looked for by what is quickly found out: to ask a typed array for a property that it lacks takes long.
  if (ArrayBuffer.isView(argument)) {
    const type = TYPE_OF[nameOfArray.call(argument) as string];
    if (type !== undefined) {
      const numbers = argument as NumberArray;
      return { kind: "typed", type, length: numbers.length, numbers, given: numbers };
    }
  }
  const given = argument instanceof SharedArray ? argument : ownOf(argument);
  if (given instanceof SharedArray) {
    const type = given.type as NumberType;
    if (type in ARRAYS) {
      return {
        kind: "shared",
        type,
        length: given.length,
        numbers: given.values as NumberArray,
        given: given as SharedArray<NumberType>,
      };
    }
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${whose} expected numbers, but a SharedArray of ${type} came: types that it takes are ${TYPES.join(", ")}`,
    );
  }
  if (Array.isArray(given)) {
    const numbers = given as readonly number[];
    for (let i = 0; i < numbers.length; i++) {
      if (typeof numbers[i] !== "number") {
        throw new MisuseError(
          "SKEIN_INVALID_ARGUMENT",
          `${whose} expected numbers, but item ${i} is ${describeKind(numbers[i])}. For other values there is ` +
            "mapConcurrent(items, task, { on: threads(), concurrency })",
        );
      }
    }
    return { kind: "array", type: "float64", length: numbers.length, numbers, given: numbers };
  }
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${whose} expected a SharedArray, a typed array or an array of numbers, but ${describeKind(given)} came`,
  );
}

/**
 * A shared array all of which is written before it is read. So its memory need not be
 * cleared, which takes as long as a short loop over it.
 */
export function arrayToFill<Type extends NumberType>(type: Type, length: number): SharedArray<Type> {
  return new SharedArray({ type, length, zeroed: false });
}

/** The numbers in shared memory: the very array if it is there, else a copy, to be disposed of. */
export function sharedOf({ kind, type, length, numbers, given }: Input): {
  readonly array: SharedArray<NumberType>;
  readonly isCopy: boolean;
} {
  if (kind === "shared") return { array: given as SharedArray<NumberType>, isCopy: false };
  const array = arrayToFill(type, length);
  (array.values as NumberArray).set(numbers);
  return { array, isCopy: true };
}

/** The numbers of an input in an ordinary typed array: `set` takes a third of what `from` does (November 2026). */
export function doublesOf({ numbers, length }: Input): Float64Array<ArrayBuffer> {
  const doubles = new Float64Array(length);
  doubles.set(numbers);
  return doubles;
}

/** Bytes that are copied so that other threads see an input, or what they made of it is where its caller looks. */
export function copiedBytesOf({ kind, type }: Pick<Input, "kind" | "type">, length: number): number {
  return kind === "shared" ? 0 : length * ARRAYS[type].BYTES_PER_ELEMENT;
}

/** A place for results, of the kind of an input, in which loops can write. */
export interface Output {
  readonly kind: Input["kind"];
  readonly type: NumberType;
  /** What the caller of the algorithm gets. */
  readonly result: SharedArray<NumberType> | NumberArray | number[];
  readonly numbers: NumberArray | number[];
}

export function outputLike(kind: Input["kind"], type: NumberType, length: number): Output {
  if (kind === "shared") {
    const result = arrayToFill(type, length);
    return { kind, type, result, numbers: result.values as NumberArray };
  }
  if (kind === "array") {
    const result = Array.from({ length }, () => 0);
    return { kind, type: "float64", result, numbers: result };
  }
  const result = new ARRAYS[type](length) as NumberArray;
  return { kind, type, result, numbers: result };
}

/** Refuses what names no type. */
export function requireType(whose: string, type: unknown): void {
  if (type === undefined || (TYPES as readonly unknown[]).includes(type)) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${whose}'s type must be one of ${TYPES.join(", ")}, but ${describeKind(type)} came`,
  );
}

/** What a call has made in `output`; if it fails, that is given back. */
export async function resultIn(output: Output, run: () => unknown): Promise<unknown> {
  try {
    const running = run();
    if (running instanceof Promise) await running;
    return output.result;
  } catch (error) {
    giveBack(output);
    throw error;
  }
}

/** The same of a call that blocks. */
export function resultInSync(output: Output, run: () => unknown): unknown {
  try {
    run();
    return output.result;
  } catch (error) {
    giveBack(output);
    throw error;
  }
}

function giveBack({ result }: Output): void {
  if (result instanceof SharedArray) result.dispose();
}
