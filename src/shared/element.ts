/**
 * What a container's values are: numbers, which stand in the container as they are,
 * or values of other types, each with its codec.
 */
import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { arrival } from "./object.js";
import type { Codec } from "./places.js";
import { MemoryViews } from "./memory-views.js";
import { RecordLayout } from "./record-layout.js";
import type { RecordOf, RecordSchema } from "./record-schema.js";
import { decodeValue, encodeValue } from "./value-codec.js";

/** Types that have a name, in the order of their numbers in memory. */
const NAMED = ["float64", "int32", "value", "string", "bytes"] as const;
/** The number of the type of records; their schema stands elsewhere. */
const RECORD: number = NAMED.length;

export type ElementNumberType = "float64" | "int32";

/**
 * What the values of a shared channel or map are.
 *
 * - `"value"`: any plain data: objects, arrays, maps, sets, dates, errors, typed
 *   arrays, with references kept, and shared objects, which arrive as themselves
 * - `"string"`, and `"bytes"`: a `Uint8Array`, which is copied
 * - `"float64"`: any number; `"int32"`: a whole one
 * - a schema as `sharedStruct` takes: records of its fields, the fastest objects
 *
 * @since 0.1.0
 */
export type ElementType = ElementNumberType | "value" | "string" | "bytes" | RecordSchema;

/** A type as a container keeps it. */
export interface Element {
  /** Its number in memory. */
  readonly number: number;
  /** The text of a record's schema, else empty. */
  readonly schema: string;
}

/**
 * Checks a type.
 *
 * @param whose - the container, for the message
 */
export function elementOf(whose: string, type: unknown): Element {
  const number = NAMED.indexOf(type as "value");
  if (number !== -1) return { number, schema: "" };
  if (typeof type === "object" && type !== null) {
    return { number: RECORD, schema: RecordLayout.of(type as RecordSchema).text };
  }
  const names = NAMED.map((name) => JSON.stringify(name)).join(", ");
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${whose}'s type must be one of ${names}, or a record's schema, but ${describeKind(type)} came`,
  );
}

/** The type of numbers that an element is; `undefined` if it is none. */
export function numberTypeOf({ number }: Element): ElementNumberType | undefined {
  const name = NAMED[number];
  return name === "float64" || name === "int32" ? name : undefined;
}

/** The codec of an element that is no number. */
export function codecOf(element: Element, whose: string): Codec<unknown> {
  const name = NAMED[element.number];
  if (name === "value") return VALUES;
  if (name === "string") return new Checked(whose, "a string", (value) => typeof value === "string");
  if (name === "bytes") return new Bytes(whose);
  return new Records(RecordLayout.parse(element.schema), whose);
}

const VALUES: Codec<unknown> = {
  fixedBytes: undefined,
  encode: encodeValue,
  decode: (bytes) => decodeValue(bytes, arrival as never),
};

class Checked implements Codec<unknown> {
  readonly fixedBytes = undefined;
  readonly #whose: string;
  readonly #wanted: string;
  readonly #isFit: (value: unknown) => boolean;

  constructor(whose: string, wanted: string, isFit: (value: unknown) => boolean) {
    this.#whose = whose;
    this.#wanted = wanted;
    this.#isFit = isFit;
  }

  encode(value: unknown): Uint8Array {
    if (!this.#isFit(value)) throw wrongType(this.#whose, this.#wanted, value);
    return encodeValue(value);
  }

  decode(bytes: Uint8Array): unknown {
    return VALUES.decode(bytes);
  }
}

class Bytes implements Codec<unknown> {
  readonly fixedBytes = undefined;
  readonly #whose: string;

  constructor(whose: string) {
    this.#whose = whose;
  }

  encode(value: unknown): Uint8Array {
    if (value instanceof Uint8Array) return value;
    throw wrongType(this.#whose, "a Uint8Array", value);
  }

  decode(bytes: Uint8Array): Uint8Array {
    // Not `slice`, which keeps shared memory shared.
    const own = new Uint8Array(bytes.length);
    own.set(bytes);
    return own;
  }
}

class Records implements Codec<unknown> {
  readonly fixedBytes: number;
  readonly #layout: RecordLayout;
  readonly #whose: string;
  readonly #bytes: Uint8Array;
  readonly #views: MemoryViews;

  constructor(layout: RecordLayout, whose: string) {
    this.fixedBytes = layout.byteLength;
    this.#layout = layout;
    this.#whose = whose;
    this.#views = new MemoryViews(new Int32Array(new SharedArrayBuffer(layout.byteLength)));
    this.#bytes = this.#views.uint8;
  }

  encode(value: unknown): Uint8Array {
    this.#layout.write(this.#views, 0, value as RecordOf<RecordSchema>, `a record of ${this.#whose}`);
    return this.#bytes;
  }

  decode(bytes: Uint8Array): unknown {
    this.#bytes.set(bytes);
    return this.#layout.read(this.#views, 0);
  }
}

function wrongType(whose: string, wanted: string, value: unknown): MisuseError {
  return new MisuseError("SKEIN_INVALID_ARGUMENT", `${whose} takes ${wanted}, but ${describeKind(value)} came`);
}
