/**
 * What a record may hold: the types of fields, their sizes, and the canonical text
 * by which two threads know that they mean the same record.
 */
import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { requireWhole } from "../async/guard.js";

/** What a number in memory may be; each is the name of a view, too. */
export type NumberType = "int8" | "uint8" | "int16" | "uint16" | "int32" | "uint32" | "float32" | "float64";

/** What a bigint in memory may be. */
export type BigIntType = "bigint64" | "biguint64";

/** The types that atomic operations exist for. */
export type AtomicType = Exclude<NumberType, "float32" | "float64"> | BigIntType;

/** A field made by `atomic`. */
export interface AtomicField<Type extends AtomicType = AtomicType> {
  readonly form: "atomic";
  readonly type: Type;
}

/** A field made by `text`. */
export interface TextField {
  readonly form: "text";
  /** Room in bytes. */
  readonly room: number;
}

/** A field made by `array`. */
export interface ArrayField<Type extends NumberType | BigIntType = NumberType | BigIntType> {
  readonly form: "array";
  readonly type: Type;
  readonly length: number;
}

/** What a field of a record may be. */
export type FieldType = NumberType | BigIntType | "boolean" | AtomicField | TextField | ArrayField;

/** The fields of a record, in the order in which they lie in memory. */
export interface RecordSchema {
  readonly [name: string]: FieldType;
}

/** The arrays of each element type. */
export interface ArraysOf<Buffer extends ArrayBufferLike> {
  readonly int8: Int8Array<Buffer>;
  readonly uint8: Uint8Array<Buffer>;
  readonly int16: Int16Array<Buffer>;
  readonly uint16: Uint16Array<Buffer>;
  readonly int32: Int32Array<Buffer>;
  readonly uint32: Uint32Array<Buffer>;
  readonly float32: Float32Array<Buffer>;
  readonly float64: Float64Array<Buffer>;
  readonly bigint64: BigInt64Array<Buffer>;
  readonly biguint64: BigUint64Array<Buffer>;
}

/** What is read of a field, where an array is of that buffer. */
type ReadAs<Type, Buffer extends ArrayBufferLike> = Type extends NumberType
  ? number
  : Type extends BigIntType
    ? bigint
    : Type extends "boolean"
      ? boolean
      : Type extends AtomicField<infer Whole>
        ? ReadAs<Whole, Buffer>
        : Type extends TextField
          ? string
          : Type extends ArrayField<infer Element>
            ? ArraysOf<Buffer>[Element]
            : never;

/** What may be written to a field. */
type WrittenAs<Type> =
  Type extends ArrayField<infer Element>
    ? ArrayLike<Element extends BigIntType ? bigint : number>
    : ReadAs<Type, ArrayBuffer>;

/** A record as a plain object. */
export type RecordOf<Schema extends RecordSchema> = {
  -readonly [Name in keyof Schema]: ReadAs<Schema[Name], ArrayBuffer>;
};

/** What a record is made from: what is missing is 0, false or "". */
export type RecordInit<Schema extends RecordSchema> = {
  readonly [Name in keyof Schema]?: WrittenAs<Schema[Name]> | undefined;
};

/** A record in place: its arrays view the memory, so they are not assigned as a whole. */
export type FieldsOf<Schema extends RecordSchema> = {
  -readonly [Name in keyof Schema as Schema[Name] extends ArrayField ? never : Name]: ReadAs<Schema[Name], ArrayBuffer>;
} & {
  readonly [Name in keyof Schema as Schema[Name] extends ArrayField ? Name : never]: ReadAs<
    Schema[Name],
    SharedArrayBuffer
  >;
};

/** The names of a schema's atomic fields. */
export type AtomicNames<Schema extends RecordSchema> = {
  [Name in keyof Schema]: Schema[Name] extends AtomicField ? Name : never;
}[keyof Schema];

/**
 * A field that is read and written atomically, and that has `add`, `exchange` and
 * `compareExchange`.
 *
 * @example
 * ```ts
 * const Counter = sharedStruct({ hits: atomic("int32") });
 * const counter = new Counter();
 * counter.add("hits", 2);
 * console.log(counter.hits); // 2
 * ```
 *
 * @since 0.1.0
 */
export function atomic<Type extends AtomicType>(type: Type): AtomicField<Type> {
  if (!Object.hasOwn(ELEMENTS, type) || type.startsWith("float")) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `an atomic field is of a type from int8 to uint32, bigint64 or biguint64, but ${describeKind(type)} came`,
    );
  }
  return Object.freeze({ form: "atomic", type });
}

const MOST_ROOM = 65_535;
const MOST_LENGTH = 2 ** 24;

/**
 * A field of text, with room for so many bytes of UTF-8. Text that is longer is
 * refused, never cut, and so is text with a character of code 0, which ends it.
 *
 * @param room - bytes, up to 65535: one for each ASCII character, up to 4 for others
 *
 * @example
 * ```ts
 * const City = sharedStruct({ name: text(16) });
 * console.log(new City({ name: "Malmö" }).name); // Malmö
 * ```
 *
 * @since 0.1.0
 */
export function text(room: number): TextField {
  requireWhole("a text's room in bytes", room, 1, MOST_ROOM);
  return Object.freeze({ form: "text", room });
}

/**
 * A field that is an array of so many numbers: read, it is a typed array that views
 * the memory in place.
 *
 * @example
 * ```ts
 * const Path = sharedStruct({ steps: array("float32", 3) });
 * const path = new Path({ steps: [1, 2, 3] });
 * path.steps[0] = 1.5;
 * console.log(path.steps[0]); // 1.5
 * ```
 *
 * @since 0.1.0
 */
export function array<Type extends NumberType | BigIntType>(type: Type, length: number): ArrayField<Type> {
  if (!Object.hasOwn(ELEMENTS, type)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `an array's elements are of one of ${Object.keys(ELEMENTS).join(", ")}, but ${describeKind(type)} came`,
    );
  }
  requireWhole("an array's length", length, 1, MOST_LENGTH);
  return Object.freeze({ form: "array", type, length });
}

/** The arrays of each type. */
export const ARRAYS: {
  readonly [Type in NumberType | BigIntType]: new (
    buffer: SharedArrayBuffer,
    byteOffset: number,
    length: number,
  ) => object;
} = {
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  float32: Float32Array,
  float64: Float64Array,
  bigint64: BigInt64Array,
  biguint64: BigUint64Array,
};

/** What is to be known of an element type. */
export interface ElementFacts {
  readonly byteLength: number;
  /** Whether a value may stand there. */
  readonly fits: (value: unknown) => boolean;
  /** The same as code over `v`, without which a compiled writer would have a call for each field. */
  readonly fitsCode: string;
  readonly expects: string;
}

/** @param cut - what is kept of a number that is written there, also as code */
function wholeNumber(
  byteLength: number,
  least: number,
  most: number,
  cut: (value: number) => number,
  cutCode: string,
): ElementFacts {
  return {
    byteLength,
    fits: (value) => typeof value === "number" && cut(value) === value,
    fitsCode: `typeof v === "number" && (${cutCode}) === v`,
    expects: `a whole number from ${least} to ${most}`,
  };
}

function anyNumber(byteLength: number): ElementFacts {
  return {
    byteLength,
    fits: (value) => typeof value === "number",
    fitsCode: 'typeof v === "number"',
    expects: "a number",
  };
}

function bigint(cut: (bits: number, value: bigint) => bigint, cutCode: string, range: string): ElementFacts {
  return {
    byteLength: 8,
    fits: (value) => typeof value === "bigint" && cut(64, value) === value,
    fitsCode: `typeof v === "bigint" && ${cutCode} === v`,
    expects: `a bigint ${range}`,
  };
}

/** By type. */
export const ELEMENTS: { readonly [Type in NumberType | BigIntType]: ElementFacts } = {
  int8: wholeNumber(1, -128, 127, (value) => (value << 24) >> 24, "v << 24 >> 24"),
  uint8: wholeNumber(1, 0, 255, (value) => value & 255, "v & 255"),
  int16: wholeNumber(2, -32_768, 32_767, (value) => (value << 16) >> 16, "v << 16 >> 16"),
  uint16: wholeNumber(2, 0, 65_535, (value) => value & 65_535, "v & 65535"),
  int32: wholeNumber(4, -2_147_483_648, 2_147_483_647, (value) => value | 0, "v | 0"),
  uint32: wholeNumber(4, 0, 4_294_967_295, (value) => value >>> 0, "v >>> 0"),
  float32: anyNumber(4),
  float64: anyNumber(8),
  bigint64: bigint((bits, value) => BigInt.asIntN(bits, value), "BigInt.asIntN(64, v)", "from -2^63 to 2^63 - 1"),
  biguint64: bigint((bits, value) => BigInt.asUintN(bits, value), "BigInt.asUintN(64, v)", "from 0 to 2^64 - 1"),
};
