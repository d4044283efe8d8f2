/**
 * Records in shared memory: which field lies where.
 *
 * Fields lie in the order of the schema, each at a multiple of its element's size; a
 * record's length is a multiple of 8, so that records lie side by side.
 *
 * A layout's canonical text says the same on every thread, so a structure that holds
 * records carries the text, and whoever meets it on another thread parses it.
 */
import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import type { MemoryViews } from "./memory-views.js";
import {
  compiledCode,
  type FieldCode,
  fieldCode,
  loopingCode,
  type RecordCode,
  type RecordField,
} from "./record-code.js";
import {
  array,
  atomic,
  type AtomicType,
  ELEMENTS,
  type FieldType,
  type NumberType,
  type RecordInit,
  type RecordOf,
  type RecordSchema,
  text,
} from "./record-schema.js";

export type { RecordField } from "./record-code.js";

const MOST_BYTES = 2 ** 28;

/** Layouts by their texts. Programs have few, so none is forgotten. */
const layouts = new Map<string, RecordLayout>();

/** The layout of the records of one schema, and their reading and writing. */
export class RecordLayout<Schema extends RecordSchema = RecordSchema> {
  /** The same for schemas that mean the same records, on every thread. */
  readonly text: string;
  /** Of one record: a multiple of 8. */
  readonly byteLength: number;
  readonly fields: readonly RecordField[];
  /** @internal By the indexes of fields. */
  readonly codes: readonly FieldCode[];
  readonly #code: RecordCode;

  /** The layout of a schema. **Throws** `SKEIN_INVALID_ARGUMENT` if it is none. */
  static of<const Schema extends RecordSchema>(schema: Schema): RecordLayout<Schema> {
    if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `a schema of records is an object that gives each field its type, but ${describeKind(schema)} came`,
      );
    }
    return RecordLayout.#ofEntries(Object.entries(schema)) as RecordLayout<Schema>;
  }

  /** The layout that has that text. */
  static parse(canonical: string): RecordLayout {
    const known = layouts.get(canonical);
    if (known !== undefined) return known;
    const entries = JSON.parse(canonical) as readonly (readonly [string, string])[];
    return RecordLayout.#ofEntries(entries.map(([name, type]) => [name, typeOfText(type)]));
  }

  static #ofEntries(entries: readonly (readonly [string, FieldType])[]): RecordLayout {
    const canonical = JSON.stringify(entries.map(([name, type]) => [name, textOfType(name, type)]));
    let layout = layouts.get(canonical);
    if (layout === undefined) layouts.set(canonical, (layout = new RecordLayout(canonical, fieldsOf(entries))));
    return layout;
  }

  private constructor(canonical: string, fields: readonly RecordField[]) {
    this.text = canonical;
    this.fields = fields;
    this.codes = fields.map(fieldCode);
    const last = fields.at(-1);
    if (last === undefined) {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", "a schema of records must have at least one field, but {} came");
    }
    this.byteLength = roundUp(last.byteOffset + last.byteLength, 8);
    if (this.byteLength > MOST_BYTES) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `a record has at most ${MOST_BYTES} bytes, but these fields take ${this.byteLength}`,
      );
    }
    this.#code = compiledCode(fields, this.codes) ?? loopingCode(fields, this.codes);
  }

  /** Fails, with what is wrong, unless the record could be written. */
  check(record: RecordInit<Schema>, what = "a record"): void {
    this.#code.check(record, what);
  }

  /**
   * Writes a record: all fields, those that are missing as 0, false or "". Nothing
   * is written of one that is refused.
   *
   * @param offset - in bytes, a multiple of 8
   * @param what - what a message calls the record
   */
  write(views: MemoryViews, offset: number, record: RecordInit<Schema>, what = "a record"): void {
    this.#code.write(views, offset, record, what);
  }

  /** As `write`, of those fields that are given. */
  assign(views: MemoryViews, offset: number, record: RecordInit<Schema>, what = "a record"): void {
    this.#code.assign(views, offset, record, what);
  }

  /** A record as a plain object, with copies of its arrays. */
  read(views: MemoryViews, offset: number): RecordOf<Schema> {
    return this.#code.read(views, offset) as RecordOf<Schema>;
  }
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

function fieldsOf(entries: readonly (readonly [string, FieldType])[]): readonly RecordField[] {
  let end = 0;
  return entries.map(([name, type]) => {
    const shape = shapeOf(type);
    const elementBytes = ELEMENTS[shape.type].byteLength;
    const byteOffset = roundUp(end, elementBytes);
    const byteLength = elementBytes * shape.length;
    end = byteOffset + byteLength;
    return Object.freeze({ name, ...shape, byteOffset, byteLength });
  });
}

function shapeOf(type: FieldType): Pick<RecordField, "form" | "type" | "length"> {
  if (type === "boolean") return { form: "boolean", type: "uint8", length: 1 };
  if (typeof type === "string") return { form: "plain", type, length: 1 };
  if (type.form === "atomic") return { form: "atomic", type: type.type, length: 1 };
  if (type.form === "text") return { form: "text", type: "uint8", length: type.room };
  return { form: "array", type: type.type, length: type.length };
}

/** The canonical text of a field's type, checked. */
function textOfType(name: string, type: unknown): string {
  if (typeof type === "string") {
    if (type === "boolean" || Object.hasOwn(ELEMENTS, type)) return type;
  } else if (typeof type === "object" && type !== null) {
    // Made anew, as anybody can make an object of that form.
    const { form } = type as { readonly form?: unknown };
    if (form === "atomic") return `atomic ${atomic((type as { type: AtomicType }).type).type}`;
    if (form === "text") return `text ${text((type as { room: number }).room).room}`;
    if (form === "array") {
      const made = array((type as { type: NumberType }).type, (type as { length: number }).length);
      return `${made.type} ${made.length}`;
    }
  }
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `field ${JSON.stringify(name)} must have one of the types ${Object.keys(ELEMENTS).join(", ")}, boolean, ` +
      `or what atomic(type), text(bytes) or array(type, length) give, but ${describeKind(type)} came`,
  );
}

/** The opposite. */
function typeOfText(canonical: string): FieldType {
  const [first, second] = canonical.split(" ");
  if (second === undefined) return first as FieldType;
  if (first === "atomic") return atomic(second as AtomicType);
  return first === "text" ? text(Number(second)) : array(first as NumberType, Number(second));
}
