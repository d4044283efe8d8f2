/**
 * Classes with a record's fields as accessors: of objects that are a record, and of
 * elements, which stand for one record of many.
 *
 * Compiled, a class keeps where its record is in private fields of its own, so that
 * each of its accessors meets objects of one shape, and the engine makes it a load
 * from memory. Not compiled, accessors ask the object's methods.
 *
 * A class of elements has no base: an object whose making calls no other constructor
 * need not be made at all, if only its fields are used (bench `shared-record`).
 */
import { MisuseError } from "../core/errors.js";
import { compiled } from "./compiling.js";
import type { MemoryViews } from "./memory-views.js";
import { ADDRESS } from "./object.js";
import { arrayInPlace, fitsCode, namesOf, readCode, type RecordField, refuse, writeCode } from "./record-code.js";
import type { RecordLayout } from "./record-layout.js";

/** The method that says in which views an object's record is. */
export const VIEWS: unique symbol = Symbol("views");
/** The method that says where in them it begins. */
export const AT: unique symbol = Symbol("at");
/** The method by which an object looks up its views again. */
export const RENEW: unique symbol = Symbol("renew");
/** The method that says of which container an element is. */
export const OF: unique symbol = Symbol("of");

/** An object that stands for a record. */
export interface Located {
  [VIEWS](): MemoryViews;
  [AT](): number;
}

/** An element of a container of records. */
export interface LocatedIn<Container> extends Located {
  [OF](): Container;
}

/** What is told of each class: where its accessors are, and of what. */
type NoteClass = (prototype: Located, layout: RecordLayout) => void;

let noteClass: NoteClass | undefined;
/** Those that were made before somebody wanted to know. */
const madeBefore: { readonly prototype: WeakRef<Located>; readonly layout: RecordLayout }[] = [];

/** Has `note` called with each class of records, those that there are and those to come. For exploration. */
export function onRecordClass(note: NoteClass): void {
  noteClass = note;
  for (const { prototype, layout } of madeBefore.splice(0)) {
    const known = prototype.deref();
    if (known !== undefined) note(known, layout);
  }
}

function noted<Class extends { readonly prototype: Located }>(made: Class, layout: RecordLayout): Class {
  if (noteClass === undefined) madeBefore.push({ prototype: new WeakRef(made.prototype), layout });
  else noteClass(made.prototype, layout);
  return made;
}

type Base = abstract new (first: never, second: never) => Located;

/** In place of an element's address: what copies an element fails, naming this. */
const CANNOT_CROSS = Symbol("a record of a SharedStructArray can't cross by itself: pass the array and the index");

/**
 * A class of objects that are records, over one that finds them.
 *
 * @param label - what messages call the record
 */
export function structClass<Abstract extends Base>(
  base: Abstract,
  layout: RecordLayout,
  label: string,
): new (...args: ConstructorParameters<Abstract>) => InstanceType<Abstract> {
  const Over: Base = base;
  const made =
    compiledClass(
      layout,
      label,
      `extends Over {
        constructor(first, second) {
          super(first, second);
          this.#views = this[VIEWS]();
          this.#at = this[AT]();
        }
        [RENEW]() {
          this.#views = this[VIEWS]();
          ${arraysOf(layout)
            .map((i) => `this.#array${i} = undefined;`)
            .join("\n")}
        }`,
      { Over },
    ) ?? withAccessors(class extends Over {}, layout, label);
  return noted(made as new (...args: ConstructorParameters<Abstract>) => Located, layout) as new (
    ...args: ConstructorParameters<Abstract>
  ) => InstanceType<Abstract>;
}

/** A class of elements. */
export function elementClass<Container>(
  layout: RecordLayout,
  label: string,
): new (of: Container, views: MemoryViews, at: number) => LocatedIn<Container> {
  const made = compiledClass(
    layout,
    label,
    `{
      #of;
      [ADDRESS] = CANNOT_CROSS;
      constructor(of, views, at) {
        this.#of = of;
        this.#views = views;
        this.#at = at;
      }
      [OF]() { return this.#of; }
      [VIEWS]() { return this.#views; }
      [AT]() { return this.#at; }`,
    { ADDRESS, CANNOT_CROSS },
  );
  const plain = (): typeof PlainElement<Container> =>
    withAccessors(class extends PlainElement<Container> {}, layout, label);
  return noted((made as typeof PlainElement<Container> | undefined) ?? plain(), layout);
}

class PlainElement<Container> implements LocatedIn<Container> {
  readonly [ADDRESS]: symbol = CANNOT_CROSS;
  readonly #of: Container;
  readonly #views: MemoryViews;
  readonly #at: number;

  constructor(of: Container, views: MemoryViews, at: number) {
    this.#of = of;
    this.#views = views;
    this.#at = at;
  }

  [OF](): Container {
    return this.#of;
  }

  [VIEWS](): MemoryViews {
    return this.#views;
  }

  [AT](): number {
    return this.#at;
  }
}

function arraysOf({ fields }: RecordLayout): number[] {
  return fields.flatMap(({ form }, i) => (form === "array" ? [i] : []));
}

/** @param begin - how the class begins: what writes `#views` and `#at` */
function compiledClass(
  layout: RecordLayout,
  label: string,
  begin: string,
  names: Readonly<Record<string, unknown>>,
): unknown {
  const { fields, codes } = layout;
  // The names of accessors are computed from `fields`, so none of them stands here.
  const accessors = fields.map((field, i) =>
    field.form === "array"
      ? `get [fields[${i}].name]() { return this.#array${i} ??= arrayInPlace(fields[${i}], this.#views, this.#at); }
         set [fields[${i}].name](value) { refuseArray(fields[${i}], label); }`
      : `get [fields[${i}].name]() { return ${readCode(field, i, "this.#views", "this.#at")}; }
         set [fields[${i}].name](value) {
           if (!(${fitsCode(field, i, "value")})) refuse(fields[${i}], value, label);
           ${writeCode(field, i, "this.#views", "this.#at", "value")}
         }`,
  );
  return compiled(
    `return class ${begin}
      #views;
      #at;
      ${arraysOf(layout)
        .map((i) => `#array${i} = undefined;`)
        .join("\n")}
      ${accessors.join("\n")}
    };`,
    { ...namesOf(fields, codes), VIEWS, AT, RENEW, OF, arrayInPlace, refuseArray, label, ...names },
  );
}

/** Gives a class a record's accessors. An array is another view each time. */
function withAccessors<Class extends { readonly prototype: Located }>(
  made: Class,
  { fields, codes }: RecordLayout,
  label: string,
): Class {
  fields.forEach((field, i) => {
    const code = codes[i];
    const isArray = field.form === "array";
    Object.defineProperty(made.prototype, field.name, {
      configurable: true,
      get(this: Located) {
        const views = this[VIEWS]();
        return isArray ? arrayInPlace(field, views, this[AT]()) : code?.read(views, this[AT]());
      },
      set(this: Located, value: unknown) {
        if (isArray) refuseArray(field, label);
        if (code?.fits(value) !== true) refuse(field, value, label);
        code.write(this[VIEWS](), this[AT](), value);
      },
    });
  });
  return made;
}

function refuseArray({ name }: RecordField, label: string): never {
  const quoted = JSON.stringify(name);
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `field ${quoted} of ${label} is an array in place, which can't be replaced: write its elements, or all of them by assign({ ${quoted}: values })`,
  );
}
