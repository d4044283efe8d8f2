/** What can be done with a record in shared memory besides reading and writing its fields. */
import { addInteger, compareExchangeInteger, exchangeInteger, type SharedInteger, type SharedIntegers } from "#atomics";

import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { indexOf, type RecordField, refuse } from "./record-code.js";
import type { RecordLayout } from "./record-layout.js";
import { type AtomicNames, ELEMENTS, type RecordInit, type RecordOf, type RecordSchema } from "./record-schema.js";
import { AT, type Located, VIEWS } from "./struct-class.js";

/** Where the definition of a class is, on its prototype. */
export const DEFINITION: unique symbol = Symbol("definition");
/** The method that fails if an object has been disposed of. */
export const ALIVE: unique symbol = Symbol("alive");
/** The method that says what a console calls an object. */
export const TITLE: unique symbol = Symbol("title");

/** What the verbs know of a struct. */
export interface Defined {
  readonly name: string;
  readonly layout: RecordLayout;
  /** What messages call it. */
  readonly label: string;
  /** Its atomic fields by their names. */
  readonly atomics: ReadonlyMap<string, RecordField>;
}

/** What can be done with a record in place. */
export interface RecordVerbs<Schema extends RecordSchema> {
  /** A plain object with the same fields; its arrays are copies. */
  toRecord(): RecordOf<Schema>;
  /**
   * Writes several fields, or none if one is refused. Other threads may see some
   * written and others not yet: hold a mutex, here and where they are read, if they
   * belong together.
   */
  assign(values: RecordInit<Schema>): void;
  /** Adds to an atomic field; what does not fit its type wraps around. @returns what it was */
  add<Name extends AtomicNames<Schema>>(field: Name, value: RecordOf<Schema>[Name]): RecordOf<Schema>[Name];
  /** Writes an atomic field. @returns what it was */
  exchange<Name extends AtomicNames<Schema>>(field: Name, value: RecordOf<Schema>[Name]): RecordOf<Schema>[Name];
  /** Writes an atomic field if it is what is expected. @returns what it was */
  compareExchange<Name extends AtomicNames<Schema>>(
    field: Name,
    expected: RecordOf<Schema>[Name],
    value: RecordOf<Schema>[Name],
  ): RecordOf<Schema>[Name];
}

/** An object that has the verbs: of a struct, or an element. */
export interface Verbal extends Located {
  readonly [DEFINITION]: Defined;
  [ALIVE](): void;
  [TITLE](): string;
}

/** An atomic field of an object's, to be changed: in which elements it is, and where. */
function atomicOf(object: Verbal, name: unknown): { field: RecordField; cells: SharedIntegers; index: number } {
  const { atomics, label } = object[DEFINITION];
  const field = atomics.get(name as string);
  if (field === undefined) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${label} has no atomic field ${typeof name === "string" ? JSON.stringify(name) : describeKind(name)}: ` +
        `its atomic fields are ${[...atomics.keys()].map((one) => JSON.stringify(one)).join(", ") || "none"}; make one by atomic(type)`,
    );
  }
  return { field, cells: object[VIEWS]()[field.type] as SharedIntegers, index: indexOf(field, object[AT]()) };
}

function requireFits(object: Verbal, field: RecordField, value: unknown): void {
  if (!ELEMENTS[field.type].fits(value)) refuse(field, value, object[DEFINITION].label);
}

/** By the names that they have on prototypes. */
export const VERBS: { readonly [name: PropertyKey]: unknown } = {
  toRecord(this: Verbal): unknown {
    this[ALIVE]();
    return this[DEFINITION].layout.read(this[VIEWS](), this[AT]());
  },

  assign(this: Verbal, values: RecordInit<RecordSchema>): void {
    this[ALIVE]();
    const { layout, label } = this[DEFINITION];
    layout.assign(this[VIEWS](), this[AT](), values, label);
  },

  add(this: Verbal, name: string, value: SharedInteger): SharedInteger {
    const { field, cells, index } = atomicOf(this, name);
    // Of any size and sign, as it wraps; so -1 subtracts from what has no sign.
    const isBigInt = ELEMENTS[field.type].byteLength === 8;
    if (isBigInt ? typeof value !== "bigint" : !Number.isSafeInteger(value)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `what is added to field ${JSON.stringify(name)} of ${this[DEFINITION].label} must be a ` +
          `${isBigInt ? "bigint" : "whole number"}, but ${describeKind(value)} came`,
      );
    }
    return addInteger(cells, index, value);
  },

  exchange(this: Verbal, name: string, value: SharedInteger): SharedInteger {
    const { field, cells, index } = atomicOf(this, name);
    requireFits(this, field, value);
    return exchangeInteger(cells, index, value);
  },

  compareExchange(this: Verbal, name: string, expected: SharedInteger, value: SharedInteger): SharedInteger {
    const { field, cells, index } = atomicOf(this, name);
    requireFits(this, field, expected);
    requireFits(this, field, value);
    return compareExchangeInteger(cells, index, expected, value);
  },

  /** What a console prints. */
  [Symbol.for("nodejs.util.inspect.custom")](
    this: Verbal,
    _depth: number,
    options: unknown,
    inspect?: (value: unknown, options: unknown) => string,
  ): string {
    const title = this[TITLE]();
    if (inspect === undefined || title.endsWith(" (disposed)")) return title;
    return `${title} ${inspect(this[DEFINITION].layout.read(this[VIEWS](), this[AT]()), options)}`;
  },
};
