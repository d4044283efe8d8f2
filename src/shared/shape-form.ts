/**
 * Shapes, taken apart and checked: what they are made of, and where a value does not
 * fit one.
 *
 * The bytes of a value of a shape are words of 4 bytes, in memory in which they begin
 * at a multiple of 8. The first is the shape's hash. What follows has no tags, as the
 * shape says what comes:
 *
 *   number      int32: the word; uint32: the same; float64, bigints: at the next multiple
 *               of 8 bytes
 *   boolean     0 or 1
 *   string      twice the length, plus 1 if there are two bytes for each code unit, else
 *               one; those
 *   value       length in bytes; at the next multiple of 8, a structured value
 *               (value-format.ts)
 *   view        length in elements; at the next multiple of 8, those
 *   array       length; elements
 *   oneOf       number of the literal
 *   nullable    0, or 1 and what it is
 *   optional    0 for a key that is missing, 1 for `undefined`, or 2 and what it is
 *   object      its members, in the order of the shape
 *   list        if it may have several lengths, its length; its items
 *
 * What has bytes ends at a whole word.
 */
import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { indexStep, memberStep } from "../core/value-path.js";
import { ELEMENTS, type BigIntType, type NumberType } from "./record-schema.js";
import { FORM, type ShapeArrays, type ShapeLiteral, type ShapeNumber } from "./shape-types.js";

export interface Member {
  readonly key: string;
  readonly form: Form;
}

/** A shape as this library sees it. */
export type Form =
  | { readonly kind: "number"; readonly type: ShapeNumber | BigIntType }
  | { readonly kind: "boolean" }
  | { readonly kind: "string" }
  | { readonly kind: "value" }
  | { readonly kind: "view"; readonly name: ViewName }
  | { readonly kind: "array"; readonly element: Form }
  | { readonly kind: "oneOf"; readonly literals: readonly ShapeLiteral[] }
  | { readonly kind: "nullable"; readonly inner: Form }
  | { readonly kind: "optional"; readonly inner: Form }
  | { readonly kind: "object"; readonly members: readonly Member[] }
  /** An array of so many items, each of its own form; the last may be missing if they are optional. */
  | { readonly kind: "list"; readonly items: readonly Form[]; readonly least: number };

export type ViewName = keyof ShapeArrays<ArrayBuffer>;

/** The views of memory by which the elements of typed arrays are reached. */
export const VIEWS: Readonly<Record<ViewName, NumberType | BigIntType>> = {
  Int8Array: "int8",
  Uint8Array: "uint8",
  Uint8ClampedArray: "uint8",
  Int16Array: "int16",
  Uint16Array: "uint16",
  Int32Array: "int32",
  Uint32Array: "uint32",
  Float32Array: "float32",
  Float64Array: "float64",
  BigInt64Array: "bigint64",
  BigUint64Array: "biguint64",
};

/** Typed arrays by their names. */
export const VIEW_TYPES: Readonly<
  Record<ViewName, new (length: number) => ArrayBufferView & { readonly length: number }>
> = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

/** Deep enough for all that people write, and no stack overflows for one that has itself inside. */
const DEEPEST = 64;

/**
 * The form of a shape.
 *
 * @param path - how messages name it
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`, with the path to what is no shape.
 */
export function formOf(shape: unknown, path: string, depth = 0): Form {
  if (depth > DEEPEST) throw noShape(path.slice(0, 80), "is nested too deep: has it itself inside?");
  if (typeof shape === "string") return formOfName(shape, path);
  if (typeof shape !== "object" || shape === null || Array.isArray(shape)) {
    throw noShape(path, `is ${describeKind(shape)}`);
  }
  if (FORM in shape) return formOfMade(shape, path, depth);
  const members = Object.entries(shape).map(([key, member]) => ({
    key,
    form: formOf(member, path + memberStep(key), depth + 1),
  }));
  if (members.length === 0) throw noShape(path, "has no keys");
  return { kind: "object", members };
}

/** What the makers of shapes give, as far as it may be trusted. */
interface Made {
  readonly [FORM]: unknown;
  readonly element?: unknown;
  readonly inner?: unknown;
  readonly literals?: readonly ShapeLiteral[];
}

function formOfMade(made: Made, path: string, depth: number): Form {
  const inner = (): Form => formOf(made.inner, `${path}.inner`, depth + 1);
  switch (made[FORM]) {
    case "array":
      return { kind: "array", element: formOf(made.element, `${path}.element`, depth + 1) };
    case "nullable":
      return { kind: "nullable", inner: inner() };
    case "optional":
      return { kind: "optional", inner: inner() };
    case "oneOf":
      return { kind: "oneOf", literals: made.literals ?? [] };
    default:
      throw noShape(path, "was made by another version of this library");
  }
}

function formOfName(name: string, path: string): Form {
  if (name === "boolean" || name === "string" || name === "value") return { kind: name };
  if (Object.hasOwn(VIEWS, name)) return { kind: "view", name: name as ViewName };
  if (Object.hasOwn(ELEMENTS, name) && name !== "float32") {
    return { kind: "number", type: name as ShapeNumber | BigIntType };
  }
  throw noShape(path, `is ${describeKind(name)}`);
}

function noShape(path: string, what: string): MisuseError {
  const names = [...Object.keys(ELEMENTS).filter((name) => name !== "float32"), "boolean", "string", "value"];
  return new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${path} ${what}. A shape is one of ${names.join(", ")}, the name of a typed array, an object of shapes, ` +
      "or what arrayOf, nullable, optional or oneOf give",
  );
}

/** The form of a list of shapes, as of a task's arguments. **Throws** as `formOf`. */
export function listFormOf(shapes: unknown, path: string): Form & { readonly kind: "list" } {
  if (!Array.isArray(shapes)) throw noShape(path, `is ${describeKind(shapes)}, and has to be an array`);
  const items = shapes.map((shape, i) => formOf(shape, path + indexStep(i)));
  const least = items.findLastIndex(({ kind }) => kind !== "optional") + 1;
  return { kind: "list", items, least };
}

/** The same for forms that mean the same bytes, on every thread. */
export function hashOf(form: Form): number {
  let hash = 0;
  for (const unit of JSON.stringify(form)) hash = (Math.imul(hash, 31) + (unit.codePointAt(0) as number)) | 0;
  return hash;
}

/** How many forms it is made of, itself among them. */
export function sizeOf(form: Form): number {
  switch (form.kind) {
    case "array":
      return 1 + sizeOf(form.element);
    case "nullable":
    case "optional":
      return 1 + sizeOf(form.inner);
    case "object":
      return form.members.reduce((size, member) => size + sizeOf(member.form), 1);
    case "list":
      return form.items.reduce((size, item) => size + sizeOf(item), 1);
    default:
      return 1;
  }
}

/** Words that a value takes at most, without the bytes of strings and the like, and the elements of arrays. */
export function mostWordsOf(form: Form): number {
  switch (form.kind) {
    case "number":
      return form.type === "float64" || form.type.startsWith("big") ? 3 : 1;
    case "view":
    case "value":
      return 2;
    case "nullable":
    case "optional":
      return 1 + mostWordsOf(form.inner);
    case "object":
      return form.members.reduce((words, member) => words + mostWordsOf(member.form), 0);
    case "list":
      return form.items.reduce((words, item) => words + mostWordsOf(item), 1);
    default:
      return 1;
  }
}

// What does not fit

/**
 * Where a value does not fit its form, and why, in words; `undefined` if it fits.
 *
 * Whether a "value" can be passed is not looked at.
 *
 * @param path - how messages name the value
 */
export function misfit(form: Form, value: unknown, path: string): string | undefined {
  try {
    return misfitIn(form, value, path);
  } catch {
    return `${path} is ${describeKind(value)} that can't be looked into`; // a getter, a proxy
  }
}

function misfitIn(form: Form, value: unknown, path: string): string | undefined {
  switch (form.kind) {
    case "number":
      return ELEMENTS[form.type].fits(value) ? undefined : wrong(form, value, path);
    case "boolean":
    case "string":
      return typeof value === form.kind ? undefined : wrong(form, value, path);
    case "value":
      return undefined;
    case "view":
      return value instanceof VIEW_TYPES[form.name] && !isShared(value.buffer) ? undefined : wrong(form, value, path);
    case "oneOf":
      return form.literals.includes(value as ShapeLiteral) ? undefined : wrong(form, value, path);
    case "nullable":
      return value === null ? undefined : misfit(form.inner, value, path);
    case "optional":
      return value === undefined ? undefined : misfit(form.inner, value, path);
    case "array":
      return misfitInArray(form.element, value, path);
    case "object":
      return misfitInObject(form.members, value, path);
    case "list":
      return misfitInList(form, value as readonly unknown[], path);
  }
}

function misfitInArray(element: Form, value: unknown, path: string): string | undefined {
  if (!isPlainArray(value)) {
    const what = Array.isArray(value) ? "an array of a class of its own" : describeKind(value);
    return `${path} is ${what}, but its shape takes a plain array`;
  }
  for (let i = 0; i < value.length; i++) {
    if (!Object.hasOwn(value, i)) return `${path + indexStep(i)} is a hole, which no shape takes`;
    const found = misfit(element, value[i], path + indexStep(i));
    if (found !== undefined) return found;
  }
  return undefined;
}

function misfitInObject(members: readonly Member[], value: unknown, path: string): string | undefined {
  if (!isPlainObject(value)) return `${path} is ${describeKind(value)}, but its shape takes a plain object`;
  const keys = Object.keys(value);
  const extra = keys.find((key) => !members.some((member) => member.key === key));
  if (extra !== undefined) return `${path + memberStep(extra)} is there, but not in the shape`;
  for (const { key, form } of members) {
    if (!keys.includes(key)) {
      if (form.kind === "optional") continue;
      return `${path + memberStep(key)} is missing, but its shape takes ${expectationOf(form)}`;
    }
    const found = misfit(form, value[key], path + memberStep(key));
    if (found !== undefined) return found;
  }
  return undefined;
}

function misfitInList(
  { items, least }: Form & { readonly kind: "list" },
  values: readonly unknown[],
  path: string,
): string | undefined {
  const { length } = values;
  if (length < least || length > items.length) {
    const most = least === items.length ? `${least}` : `${least} to ${items.length}`;
    return `${path} is ${describeKind(values)}, but there are shapes for ${most}`;
  }
  for (const [i, value] of values.entries()) {
    const found = misfit(items[i] as Form, value, path + indexStep(i));
    if (found !== undefined) return found;
  }
  return undefined;
}

function wrong(form: Form, value: unknown, path: string): string {
  return `${path} is ${describeKind(value)}, but its shape takes ${expectationOf(form)}`;
}

function expectationOf(form: Form): string {
  switch (form.kind) {
    case "number":
      return ELEMENTS[form.type].expects;
    case "boolean":
      return "true or false";
    case "string":
      return "a string";
    case "value":
      return "any value";
    case "view":
      return `a ${form.name} of memory that is not shared`;
    case "oneOf":
      return form.literals.map((literal) => JSON.stringify(literal)).join(" or ");
    case "nullable":
      return `${expectationOf(form.inner)}, or null`;
    case "optional":
      return `${expectationOf(form.inner)}, or undefined`;
    case "object":
      return "a plain object";
    case "array":
    case "list":
      return "a plain array";
  }
}

function isPlainArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.constructor === Array;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Whether other threads may see what is in a buffer: a copy would be another thing. */
export function isShared(buffer: ArrayBufferLike): boolean {
  return typeof SharedArrayBuffer !== "undefined" && buffer instanceof SharedArrayBuffer;
}
