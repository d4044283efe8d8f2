/**
 * The code that reads and writes records of one layout.
 *
 * It is compiled from text, once for each layout: a loop over the fields costs fifteen
 * times as much, since the engine can't know what it will meet at each turn (bench
 * `shared-record`). Where a page's policy forbids to compile text, the loop does it.
 *
 * Nothing of the user's stands in that text but names of fields, as JSON strings.
 * All else in it is from the closed lists of `record-schema.ts`, or a number.
 */
import { loadInteger, storeInteger, type SharedIntegers, type SharedInteger } from "#atomics";

import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { compiled } from "./compiling.js";
import type { MemoryViews } from "./memory-views.js";
import { ADDRESS } from "./object.js";
import { ARRAYS, type BigIntType, ELEMENTS, type NumberType } from "./record-schema.js";
import { fitsText, readText, textByteLength, writeText } from "./record-text.js";

/** Where a field is in a record, and what it is. */
export interface RecordField {
  readonly name: string;
  readonly form: "plain" | "atomic" | "boolean" | "text" | "array";
  /** The view that it is read by. */
  readonly type: NumberType | BigIntType;
  /** Elements of an array, bytes of a text, else 1. */
  readonly length: number;
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** How one field is read and written; `at` is where its record begins. */
export interface FieldCode {
  fits(value: unknown): boolean;
  /** Its value, a copy if that is an array. */
  read(views: MemoryViews, at: number): unknown;
  /** Writes what fits; 0, false or "" for `undefined`. */
  write(views: MemoryViews, at: number, value: unknown): void;
}

/** How all fields of a record are, together. `what` is what a message calls the record. */
export interface RecordCode {
  /** Fails unless the record could be written. */
  readonly check: (record: unknown, what: string) => void;
  readonly read: (views: MemoryViews, at: number) => unknown;
  /** Writes all fields, those that are missing as 0, false or "". */
  readonly write: (views: MemoryViews, at: number, record: unknown, what: string) => void;
  /** Writes the fields that are given. */
  readonly assign: (views: MemoryViews, at: number, record: unknown, what: string) => void;
}

type Elements = Float64Array<SharedArrayBuffer>;

/** An array as the view of its type sees it: as far as this file goes, all are alike. */
function elementsOf(views: MemoryViews, type: NumberType | BigIntType): Elements {
  return views[type] as unknown as Elements;
}

/** A field's index in the view of its type, as code. */
function indexCode({ byteOffset, type }: RecordField, at: string): string {
  const { byteLength } = ELEMENTS[type];
  return byteLength === 1 ? `${at} + ${byteOffset}` : `(${at} + ${byteOffset}) >>> ${Math.log2(byteLength)}`;
}

/** The array of an array field, in place. */
export function arrayInPlace(field: RecordField, views: MemoryViews, at: number): unknown {
  return new ARRAYS[field.type](views.buffer, at + field.byteOffset, field.length);
}

/** Where a field is in the view of its type. */
export function indexOf({ byteOffset, type }: RecordField, at: number): number {
  return (at + byteOffset) / ELEMENTS[type].byteLength;
}

/** The way of one field, without compiling anything. */
export function fieldCode(field: RecordField): FieldCode {
  const { form, type, length, byteOffset } = field;
  const { fits } = ELEMENTS[type];
  const zero = type.startsWith("big") ? 0n : 0;
  switch (form) {
    case "plain":
      return {
        fits,
        read: (views, at) => views[type][indexOf(field, at)],
        write: (views, at, value = zero) => (elementsOf(views, type)[indexOf(field, at)] = value as number),
      };
    case "atomic":
      return {
        fits,
        read: (views, at) => loadInteger(views[type] as SharedIntegers, indexOf(field, at)),
        write: (views, at, value = zero) =>
          storeInteger(views[type] as SharedIntegers, indexOf(field, at), value as SharedInteger),
      };
    case "boolean":
      return {
        fits: (value) => typeof value === "boolean",
        read: (views, at) => views.uint8[at + byteOffset] !== 0,
        write: (views, at, value = false) => (views.uint8[at + byteOffset] = value === true ? 1 : 0),
      };
    case "text":
      return {
        fits: (value) => fitsText(value, length),
        read: (views, at) => readText(views.uint8, at + byteOffset, length),
        write: (views, at, value = "") => writeText(views.uint8, at + byteOffset, length, value as string),
      };
    case "array":
      return {
        fits: (value) => isArrayLike(value) && value.length === length && everyFits(value, fits, type),
        read: (views, at) => elementsOf(views, type).slice(indexOf(field, at), indexOf(field, at) + length),
        write: (views, at, value) => {
          const elements = elementsOf(views, type);
          const first = indexOf(field, at);
          if (value === undefined) elements.fill(zero as number, first, first + length);
          else elements.set(value as ArrayLike<number>, first);
        },
      };
  }
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { length?: unknown }).length === "number";
}

function everyFits(
  values: ArrayLike<unknown>,
  fits: (value: unknown) => boolean,
  type: NumberType | BigIntType,
): boolean {
  // What comes from an array of the same type needs no look.
  if (values instanceof ARRAYS[type]) return true;
  for (let i = 0; i < values.length; i++) if (!fits(values[i])) return false;
  return true;
}

// What is refused

function expectationOf({ form, type, length }: RecordField, value: unknown): string {
  switch (form) {
    case "plain":
    case "atomic":
      return ELEMENTS[type].expects;
    case "boolean":
      return "true or false";
    case "text":
      if (typeof value !== "string") return `text of at most ${length} bytes in UTF-8`;
      return value.includes("\0")
        ? "text without a character of code 0, which ends it in memory"
        : `text of at most ${length} bytes in UTF-8, not ${textByteLength(value)}`;
    case "array":
      return `an array of ${length}, each ${ELEMENTS[type].expects}`;
  }
}

/** Fails, saying what the field takes. */
export function refuse(field: RecordField, value: unknown, what: string): never {
  let came = describeKind(value);
  if (field.form === "array" && isArrayLike(value) && value.length === field.length) {
    const { fits } = ELEMENTS[field.type];
    const wrong = Array.from(value).findIndex((element) => !fits(element));
    came = `at ${wrong} ${describeKind(value[wrong])}`;
  }
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `field ${JSON.stringify(field.name)} of ${what} takes ${expectationOf(field, value)}, but ${came} came`,
  );
}

function refuseRecord(fields: readonly RecordField[], record: unknown, what: string): never {
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${what} expected an object with fields of ${listOf(fields)}, but ${describeKind(record)} came`,
  );
}

/** Fails if a record has a field that is none of `fields`. */
function refuseUnknown(fields: readonly RecordField[], record: object, what: string): void {
  for (const name in record) {
    // A struct may be given as a record: that is all it has but its fields.
    if (name === ADDRESS || fields.some((field) => field.name === name)) continue;
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${what} has no field ${JSON.stringify(name)}: its fields are ${listOf(fields)}`,
    );
  }
}

function listOf(fields: readonly RecordField[]): string {
  return fields.map(({ name }) => JSON.stringify(name)).join(", ");
}

/** What a record has at a name that every object has: a function or an object that is not its own is not meant. */
function ownOf(record: object, name: string): unknown {
  const value = (record as Readonly<Record<string, unknown>>)[name];
  const mayBeInherited = typeof value === "function" || typeof value === "object";
  return mayBeInherited && !Object.hasOwn(record, name) ? undefined : value;
}

/** Names that plain objects have without being given them. */
function isEverywhere(name: string): boolean {
  return name in Object.prototype;
}

// Without compiling

const ORDINARY = { enumerable: true, configurable: true, writable: true } as const;

/** The code of a record's fields as loops over them. */
export function loopingCode(fields: readonly RecordField[], codes: readonly FieldCode[]): RecordCode {
  /** The values of the fields, in their order, if all are good. */
  const valuesOf = (record: unknown, what: string): readonly unknown[] => {
    if (typeof record !== "object" || record === null) return refuseRecord(fields, record, what);
    const values = fields.map(({ name }) =>
      isEverywhere(name) ? ownOf(record, name) : (record as Readonly<Record<string, unknown>>)[name],
    );
    for (let i = 0; i < fields.length; i++) {
      if (values[i] !== undefined && codes[i]?.fits(values[i]) === false)
        refuse(fields[i] as RecordField, values[i], what);
    }
    refuseUnknown(fields, record, what);
    return values;
  };
  return {
    check: (record, what) => void valuesOf(record, what),
    read(views, at) {
      const record: Record<string, unknown> = {};
      fields.forEach(({ name }, i) => {
        const value = codes[i]?.read(views, at);
        // Assigned, that one would be the object's prototype.
        if (name === "__proto__") Object.defineProperty(record, name, { value, ...ORDINARY });
        else record[name] = value;
      });
      return record;
    },
    write(views, at, record, what) {
      const values = valuesOf(record, what);
      codes.forEach((code, i) => code.write(views, at, values[i]));
    },
    assign(views, at, record, what) {
      const values = valuesOf(record, what);
      codes.forEach((code, i) => {
        if (values[i] !== undefined) code.write(views, at, values[i]);
      });
    },
  };
}

// Compiled

/** A field's value, as code. */
export function readCode(field: RecordField, i: number, views: string, at: string): string {
  const element = `${views}.${field.type}[${indexCode(field, at)}]`;
  switch (field.form) {
    case "plain":
      return element;
    case "atomic":
      return `load(${views}.${field.type}, ${indexCode(field, at)})`;
    case "boolean":
      return `${element} !== 0`;
    case "text":
    case "array":
      return `codes[${i}].read(${views}, ${at})`;
  }
}

/** The writing of the variable `v`, which fits, as code. */
export function writeCode(field: RecordField, i: number, views: string, at: string, v: string): string {
  switch (field.form) {
    case "plain":
      return `${views}.${field.type}[${indexCode(field, at)}] = ${v};`;
    case "atomic":
      return `store(${views}.${field.type}, ${indexCode(field, at)}, ${v});`;
    case "boolean":
      return `${views}.uint8[${indexCode(field, at)}] = ${v} ? 1 : 0;`;
    case "text":
    case "array":
      return `codes[${i}].write(${views}, ${at}, ${v});`;
  }
}

/** Whether the variable `v` fits a field, as code. */
export function fitsCode(field: RecordField, i: number, v: string): string {
  switch (field.form) {
    case "plain":
    case "atomic":
      return ELEMENTS[field.type].fitsCode.replaceAll(/\bv\b/g, v);
    case "boolean":
      return `typeof ${v} === "boolean"`;
    case "text":
    case "array":
      return `codes[${i}].fits(${v})`;
  }
}

/** What stands for a field that is missing, as code. */
function zeroCode({ form, type }: RecordField): string {
  if (form === "boolean") return "false";
  if (form === "text" || form === "array") return "undefined";
  return type.startsWith("big") ? "0n" : "0";
}

/** What the code of fields names. */
export function namesOf(fields: readonly RecordField[], codes: readonly FieldCode[]): Record<string, unknown> {
  return { fields, codes, load: loadInteger, store: storeInteger, refuse };
}

/** The code of a record's fields, compiled; `undefined` where that is forbidden. */
export function compiledCode(fields: readonly RecordField[], codes: readonly FieldCode[]): RecordCode | undefined {
  const each = (code: (field: RecordField, i: number) => string): string => fields.map(code).join("\n");
  const key = ({ name }: RecordField): string => JSON.stringify(name);
  const check = `
    if (typeof record !== "object" || record === null) refuseRecord(fields, record, what);
    ${each((field, i) => `const v${i} = ${isEverywhere(field.name) ? `ownOf(record, ${key(field)})` : `record[${key(field)}]`};`)}
    ${each((field, i) => `if (v${i} !== undefined && !(${fitsCode(field, i, `v${i}`)})) refuse(fields[${i}], v${i}, what);`)}
    // As many names as there are values: then none is unknown, and counting is cheap.
    let names = 0;
    for (const name in record) names++;
    if (names > ${fields.map((_, i) => `(v${i} !== undefined ? 1 : 0)`).join(" + ")}) refuseUnknown(fields, record, what);`;
  return compiled(
    `return {
      check(record, what) { ${check} },
      read: (views, at) => ({
        ${each((field, i) => `${field.name === "__proto__" ? `[${key(field)}]` : key(field)}: ${readCode(field, i, "views", "at")},`)}
      }),
      write(views, at, record, what) { ${check}
        ${each((field, i) => writeCode(field, i, "views", "at", `(v${i} === undefined ? ${zeroCode(field)} : v${i})`))}
      },
      assign(views, at, record, what) { ${check}
        ${each((field, i) => `if (v${i} !== undefined) { ${writeCode(field, i, "views", "at", `v${i}`)} }`)}
      },
    };`,
    { ...namesOf(fields, codes), refuseRecord, refuseUnknown, ownOf },
  ) as RecordCode | undefined;
}
