/**
 * Records as objects: one in a block of its own, or many side by side.
 *
 * Layout of a block, behind the header
 *   TEXT_BYTES  length of the text that follows
 *   LENGTH      how many records there are
 *   from TEXT   what the records are: struct's name and layout, as JSON
 *   then, from a multiple of 8 on, the records
 * All but the records never changes.
 *
 * Each block says what its records are by itself. One block for each struct, to which
 * all others refer, would save some hundred bytes an object; but nobody could ever
 * give it back, since no count of those who refer to it would survive a thread that
 * is stopped, and two threads that define the same struct would have to find each
 * other. An object costs more than the text on every thread that knows it, and who
 * has many records makes an array of them.
 *
 * Classes. A definition has two, with the same fields: that of its objects, and that
 * of an array's elements, which are no more than a place in the array. They have the
 * fields as accessors on their prototypes, compiled as `record-code.ts` compiles:
 * reading one is then one load from memory. All else they share is in `struct-verbs.ts`, by
 * way of methods that say where the record is.
 */
import { describeKind } from "../async/cancel.js";
import { requireOptions, requireWhole } from "../async/guard.js";
import { MisuseError } from "../core/errors.js";
import { type MemoryViews, viewsOf } from "./memory-views.js";
import { ADDRESS, HEADER_BYTES, Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { RecordLayout } from "./record-layout.js";
import type { FieldsOf, RecordInit, RecordOf, RecordSchema } from "./record-schema.js";
import { AT, elementClass, type LocatedIn, OF, RENEW, structClass, VIEWS } from "./struct-class.js";
import { ALIVE, type Defined, DEFINITION, type RecordVerbs, TITLE, type Verbal, VERBS } from "./struct-verbs.js";

const TEXT_BYTES = 0;
const LENGTH = 1;
const CELLS = 2;
/** Counted from the block. */
const TEXT: number = HEADER_BYTES + CELLS * 4;

/** How a struct is defined. */
export interface StructOptions {
  /** How messages name it, "struct" by default. Part of what it is: structs of different names are different. */
  readonly name?: string;
}

/** A record in shared memory, and what can be done with it besides reading and writing its fields. */
export type SharedRecord<Schema extends RecordSchema = RecordSchema> = FieldsOf<Schema> & RecordVerbs<Schema>;

/** An object of a struct. */
export type SharedStruct<Schema extends RecordSchema = RecordSchema> = SharedRecord<Schema> &
  Disposable & {
    /** True once this thread, or another, has disposed of it. */
    readonly isDisposed: boolean;
    /**
     * Gives the memory back. Nobody may use the object afterwards, on any thread. On
     * this one its fields fail from then on; on others its verbs do, and fields read
     * whatever is in that memory.
     */
    dispose(): void;
  };

/** What `sharedStruct` gives. */
export interface SharedStructClass<Schema extends RecordSchema = RecordSchema> {
  /** Makes an object. What is missing is 0, false or "". */
  new (values?: RecordInit<Schema>, options?: SharedOptions): SharedStruct<Schema>;
  /** Where its fields lie. */
  readonly layout: RecordLayout<Schema>;
  /** Makes so many records side by side: as `new SharedStructArray`. */
  array(length: number, options?: SharedOptions): SharedStructArray<Schema>;
}

/** What a thread knows of a struct. */
interface Definition extends Defined {
  /** Its text in UTF-8. */
  readonly bytes: Uint8Array;
  /** Of the first record, counted from the block. */
  readonly data: number;
  readonly Struct: new (values?: unknown, options?: unknown) => StructObject;
  readonly Element: new (of: SharedStructArray, views: MemoryViews, at: number) => LocatedIn<SharedStructArray>;
  /** In place of the views of an object that was disposed of: fails when it is used. */
  readonly gone: MemoryViews;
}

/** By their texts. Programs have few structs, so none is forgotten. */
const definitions = new Map<string, Definition>();

/**
 * Defines a kind of object that threads share: fields of fixed types, which are read
 * and written in shared memory by their names.
 *
 * Types are `"int8"` to `"uint32"`, `"float32"`, `"float64"`, `"bigint64"`,
 * `"biguint64"`, `"boolean"`, and what `atomic`, `text` and `array` give. A value
 * that does not fit its field is refused; a number in a `"float32"` is rounded.
 *
 * Objects cross to other threads as all shared objects do. There they have all their
 * fields, and are of this class if that thread has defined it, too, with the same
 * fields and name; of a class derived from it they are not.
 *
 * **Threads** Any. A field is plain memory: two threads that use it at once, one of
 * them writing, race as they would for a variable. `p.x += 1` on two threads may
 * add 1; a field of 64 bits may in theory be read half written; what a reader sees
 * of several fields may be of different moments. Guard them by a `Mutex`, or make
 * a field that stands for itself `atomic`.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` for a type that is none, and for names of
 * fields that mean something else: those of the verbs.
 *
 * **Cost** Reading or writing a field is one access to memory. An object takes a
 * block of the heap for its fields and some hundred bytes; many are best made by
 * `array`.
 *
 * @example
 * ```ts
 * const Particle = sharedStruct(
 *   { x: "float64", y: "float64", hits: atomic("int32"), tag: text(8), trail: array("float32", 4) },
 *   { name: "Particle" },
 * );
 * const particle = new Particle({ x: 1, tag: "first" });
 * particle.x += 1.5;
 * particle.trail[0] = 7;
 * particle.add("hits", 1);
 * console.log(particle.x, particle.hits, particle.tag); // 2.5 1 first
 * ```
 *
 * @since 0.1.0
 */
export function sharedStruct<const Schema extends RecordSchema>(
  schema: Schema,
  options: StructOptions = {},
): SharedStructClass<Schema> {
  requireOptions("a shared struct", options);
  const { name = "struct" } = options;
  if (typeof name !== "string") {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `a struct's name must be a string, but ${describeKind(name)} came`);
  }
  const layout = RecordLayout.of(schema);
  for (const field of layout.fields) {
    if (!RESERVED.has(field.name)) continue;
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `struct ${name} can't have a field ${JSON.stringify(field.name)}: all shared structs have something else by that name`,
    );
  }
  return definitionOf(name, layout).Struct as unknown as SharedStructClass<Schema>;
}

function definitionOf(name: string, layout: RecordLayout): Definition {
  const canonical = JSON.stringify([name, layout.text]);
  const known = definitions.get(canonical);
  if (known !== undefined) return known;
  const bytes = new TextEncoder().encode(canonical);
  const label = `struct ${name}`;
  const Struct = structClass(StructObject, layout, label);
  const Element = elementClass<SharedStructArray>(layout, label);
  const definition: Definition = {
    name,
    layout,
    label,
    bytes,
    data: TEXT + Math.ceil(bytes.length / 8) * 8,
    Struct,
    Element,
    atomics: new Map(layout.fields.filter(({ form }) => form === "atomic").map((field) => [field.name, field])),
    gone: goneViews(label),
  };
  for (const made of [Struct, Element]) {
    Object.defineProperty(made, "name", { value: name, configurable: true });
    const prototype = made.prototype as object;
    give(prototype, { ...VERBS, [DEFINITION]: definition });
    if (made === Element) give(prototype, ELEMENT_METHODS);
  }
  Object.defineProperties(Struct, {
    layout: { value: layout },
    array: {
      value: (length: number, options?: SharedOptions) =>
        new SharedStructArray(Struct as unknown as SharedStructClass, length, options),
    },
  });
  definitions.set(canonical, definition);
  return definition;
}

function definitionAt({ inHeap, offset }: Place): Definition {
  try {
    const length = new Int32Array(inHeap.buffer, offset + HEADER_BYTES, CELLS)[TEXT_BYTES] as number;
    // Copied: browsers refuse to decode from shared memory.
    const canonical = new TextDecoder().decode(new Uint8Array(inHeap.buffer, offset + TEXT, length).slice());
    const known = definitions.get(canonical);
    if (known !== undefined) return known;
    const [name, layout] = JSON.parse(canonical) as [string, string];
    return definitionOf(name, RecordLayout.parse(layout));
  } catch (cause) {
    throw new MisuseError(
      "SKEIN_DISPOSED",
      "a struct came that does not say what it is, as it has been disposed of meanwhile: " +
        "dispose of a shared object only when no thread will use it any more",
      { cause },
    );
  }
}

/** Views of nothing: each fails when it is asked for. */
function goneViews(label: string): MemoryViews {
  const fail = (): never => {
    throw new MisuseError("SKEIN_DISPOSED", `this ${label} has been disposed of`);
  };
  return new Proxy({} as MemoryViews, { get: fail });
}

/** @internal The object of a struct that exists at a place. */
export function attachStruct(place: Place): SharedObject {
  return new (definitionAt(place).Struct)(place);
}

// One object

abstract class StructObject extends SharedObject {
  declare readonly [DEFINITION]: Definition;
  #views: MemoryViews;

  constructor(values: unknown = {}, options: unknown = {}) {
    const { [DEFINITION]: definition } = new.target.prototype;
    const { layout, name, label, bytes, data } = definition;
    if (values instanceof Place) {
      super(Kind.struct, CELLS, values);
      this.#views = viewsOf(super.heap);
      return;
    }
    requireOptions(`an object of ${label}`, options);
    // Before there is a block that a refusal would leave behind.
    layout.check(values as object, label);
    super(Kind.struct, CELLS, { name, ...(options as SharedOptions) }, data - TEXT + layout.byteLength);
    this.#views = viewsOf(super.heap);
    super.cells[TEXT_BYTES] = bytes.length;
    super.cells[LENGTH] = 1;
    this.#views.uint8.set(bytes, super.offset + TEXT);
    layout.write(this.#views, this[AT](), values as object, label);
    super.made();
  }

  // `super`, here as above, since a field may be called `heap` or `offset`.
  [AT](): number {
    return super.offset + this[DEFINITION].data;
  }

  [VIEWS](): MemoryViews {
    return this.#views;
  }

  [RENEW](): void {
    // Only classes with copies of the views have something to do.
  }

  [ALIVE](): void {
    super.requireAlive();
  }

  [TITLE](): string {
    const { name } = this[DEFINITION];
    const own = super.name === name.slice(0, super.name.length) ? "" : ` ${JSON.stringify(super.name)}`;
    return `${name}${own}${this.isDisposed ? " (disposed)" : ""}`;
  }

  override dispose(): void {
    this.#views = this[DEFINITION].gone;
    this[RENEW]();
    super.dispose();
  }
}

// Many

let requireArray: (array: SharedStructArray) => void;

/**
 * Records of one struct, side by side in one block: as many as fit into memory, none
 * with a header of its own.
 *
 * **Threads** As of the objects of a struct.
 *
 * @example
 * ```ts
 * const Point = sharedStruct({ x: "float64", y: "float64" });
 * const points = Point.array(1000);
 * points.at(3).x = 5;
 * points.set(4, { x: 1, y: 2 });
 * console.log(points.get(3), points.length); // { x: 5, y: 0 } 1000
 * ```
 *
 * @since 0.1.0
 */
export class SharedStructArray<Schema extends RecordSchema = RecordSchema>
  extends SharedObject
  implements Iterable<SharedRecord<Schema>>
{
  readonly #definition: Definition;
  readonly #length: number;
  readonly #stride: number;
  readonly #at: number;
  #views: MemoryViews;

  static {
    requireArray = (array) => array.requireAlive();
  }

  /**
   * @param struct - what `sharedStruct` gave
   * @param length - from 0 on; all fields are 0, false or "" at first
   */
  constructor(struct: SharedStructClass<Schema> | Place, length = 0, options: SharedOptions = {}) {
    const isNew = !(struct instanceof Place);
    const definition = isNew ? definitionOfClass(struct) : definitionAt(struct);
    const { layout, name, bytes, data, label } = definition;
    if (isNew) {
      requireWhole(`the length of an array of ${label}`, length, 0);
      requireOptions(`an array of ${label}`, options);
      super(Kind.structArray, CELLS, { name, ...options }, data - TEXT + length * layout.byteLength);
    } else super(Kind.structArray, CELLS, struct);
    this.#views = viewsOf(this.heap);
    this.#definition = definition;
    this.#stride = layout.byteLength;
    this.#at = this.offset + data;
    if (isNew) {
      this.cells[TEXT_BYTES] = bytes.length;
      this.cells[LENGTH] = length;
      this.#views.uint8.set(bytes, this.offset + TEXT);
      this.made();
    }
    this.#length = (this.cells[LENGTH] as number) >>> 0;
  }

  get length(): number {
    return this.#length;
  }

  /**
   * The record at an index, in place: reading and writing its fields reads and writes
   * the array. It can't cross to another thread by itself: pass the array and the index.
   *
   * **Throws** `SKEIN_INVALID_ARGUMENT` if there is none; `SKEIN_DISPOSED` if this
   * thread has disposed of the array. One kept from before is not told of that.
   */
  at(index: number): SharedRecord<Schema> {
    this.#requireIndex(index);
    const { Element } = this.#definition;
    return new Element(this, this.#views, this.#at + index * this.#stride) as unknown as SharedRecord<Schema>;
  }

  /** A copy of the record at an index, as a plain object. **Throws** as `at`. */
  get(index: number): RecordOf<Schema> {
    this.#requireIndex(index);
    return this.#definition.layout.read(this.#views, this.#at + index * this.#stride) as RecordOf<Schema>;
  }

  /**
   * Writes all fields of the record at an index; what is missing is 0, false or "".
   * To other threads the fields are written one by one, as by `assign`.
   *
   * **Throws** as `at`; `SKEIN_INVALID_ARGUMENT` if a value does not fit.
   */
  set(index: number, record: RecordInit<Schema>): void {
    this.#requireIndex(index);
    const { layout, label } = this.#definition;
    layout.write(this.#views, this.#at + index * this.#stride, record, label);
  }

  /** The records in place, in order. */
  *[Symbol.iterator](): Generator<SharedRecord<Schema>, void, undefined> {
    for (let index = 0; index < this.#length; index++) yield this.at(index);
  }

  #requireIndex(index: number): void {
    if (index >>> 0 === index && index < this.#length) {
      if (this.#views === this.#definition.gone) this.requireAlive();
      return;
    }
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `an index into array "${this.name}" of ${this.#length} records is a whole number below that, but ${describeKind(index)} came`,
    );
  }

  override dispose(): void {
    this.#views = this.#definition.gone;
    super.dispose();
  }
}

function definitionOfClass(struct: unknown): Definition {
  const definition =
    typeof struct === "function" ? (struct.prototype as { [DEFINITION]?: Definition })[DEFINITION] : undefined;
  if (definition !== undefined) return definition;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `an array of structs is made of what sharedStruct gave, but ${describeKind(struct)} came`,
  );
}

/** What elements have besides their fields and verbs. */
const ELEMENT_METHODS = {
  [ALIVE](this: LocatedIn<SharedStructArray>): void {
    requireArray(this[OF]());
  },

  [TITLE](this: LocatedIn<SharedStructArray> & Verbal): string {
    return `${this[DEFINITION].name}${this[OF]().isDisposed ? " (disposed)" : ""}`;
  },
};

/** Gives a prototype properties that are not enumerable, as those that a class has. */
function give(prototype: object, properties: Readonly<Record<PropertyKey, unknown>>): void {
  for (const key of Reflect.ownKeys(properties)) {
    Object.defineProperty(prototype, key, { value: properties[key], writable: true, configurable: true });
  }
}

/** What all objects of structs have by names of their own, so that no field can be called so. */
const RESERVED: ReadonlySet<string> = new Set([
  ADDRESS,
  "constructor",
  "dispose",
  "isDisposed",
  "holds",
  "leave",
  "threadEnded",
  ...Object.keys(VERBS),
]);
