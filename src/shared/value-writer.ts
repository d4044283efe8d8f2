/**
 * Structured values to bytes; see value-format.ts for what is written.
 *
 * A writer is used for one value after another, and keeps its memory for the next.
 */
import { describeKind } from "../async/cancel.js";
import { entryStep, indexStep, keyStep, memberOfSetStep, memberStep } from "../core/value-path.js";
import { errorNumberOf, ERROR_PROTOTYPES, HIDDEN_ERROR_MEMBERS } from "./error-classes.js";
import { emptyList, type KeyList } from "./key-lists.js";
import { type LongText, longTextIn } from "./long-text.js";
import { SharedObject } from "./object.js";
import { classWith, type KnownClass } from "./value-classes.js";
import * as tag from "./value-format.js";
import { isRootOfRealm, misuseOf, refusal, refusedInside, refusedObject, requireOwnClass } from "./value-refusal.js";

const FIRST_BYTES = 4096;

/** A writer that grew beyond this shrinks again when it is used for small values. */
const MOST_KEPT_BYTES = 1024 * 1024;

/** What 31 bits reach: longer ones would make every position a number of another kind to the engine. */
const MOST_BYTES = 2 ** 31 - 8;

/** Of values shorter than this the view is kept. */
const MOST_VIEWS = 256;

/** Of so many objects the room for where they are is kept. */
const MOST_KEPT_TAGS = 4096;

/** Up to so many objects, looking through a list is faster than keeping a map. */
const FEW = 32;

/** Room for a tag with a number or a count: checked for once, before either is written. */
const HEAD_BYTES = 16;
/** There is room for two heads whenever a value begins. */
const SLACK_BYTES: number = 2 * HEAD_BYTES;

/** Longer strings are written by the platform: a loop takes longer. */
const MOST_LOOPED = 20;

const NOT_LATIN1 = /[^\0-\u00ff]/;

const PLAIN = Object.prototype;
const { hasOwnProperty, toString } = Object.prototype;
const mapSize = Object.getOwnPropertyDescriptor(Map.prototype, "size")?.get as () => number;
const setSize = Object.getOwnPropertyDescriptor(Set.prototype, "size")?.get as () => number;
const typedArrayName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype) as object,
  Symbol.toStringTag,
)?.get as () => string | undefined;

/** By prototypes. */
const viewNumbers: ReadonlyMap<object, number> = new Map(
  tag.VIEW_NAMES.map((name, number) => [
    (globalThis as unknown as Record<string, { readonly prototype: object } | undefined>)[name]?.prototype ?? {},
    number,
  ]),
);

/** Of a view of a class of its own, or of another realm. */
function viewNumberByName(view: ArrayBufferView): number {
  return (tag.VIEW_NAMES as readonly string[]).indexOf(typedArrayName.call(view) ?? "DataView");
}

/** What the compiler's library for ES2023 does not tell of buffers. */
interface MaybeResizable extends ArrayBuffer {
  readonly resizable?: boolean;
  readonly maxByteLength?: number;
}

function emptyViews(): (Uint8Array<ArrayBuffer> | undefined)[] {
  return Array.from({ length: MOST_VIEWS }, () => undefined);
}

/** An object whose content is left over. */
interface LeftOver {
  readonly kind: number;
  readonly object: object;
  /** Of an array, as it was written. */
  readonly length: number;
}

/** Instances of registered classes that are being written: each within the one before. */
const leaving = new Set<object>();

/** Bytes in memory of this thread, good until the next value is written. */
export interface Encoded {
  readonly byteLength: number;
  /** They begin at 0, and more may follow. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same memory. */
  readonly words: Int32Array<ArrayBuffer>;
  /** They alone. */
  readonly view: Uint8Array<ArrayBuffer>;
}

/** The number of the value that was written last, of all that this thread has written. */
let values = 0;

export class ValueWriter implements Encoded {
  #bytes = new Uint8Array(FIRST_BYTES);
  #words = new Int32Array(this.#bytes.buffer);
  #view = new DataView(this.#bytes.buffer);
  /** What was returned for short values, by length: making a view costs a third of writing a small object. */
  #views = emptyViews();
  #longText: LongText = longTextIn(this.#bytes);
  #at = 0;
  /** The place up to which a value may begin. */
  #mostAt = FIRST_BYTES - SLACK_BYTES;
  /** Objects written so far, by their numbers, while they are few. */
  readonly #few: (object | undefined)[] = Array.from({ length: FEW }, () => undefined);
  #objectCount = 0;
  /** All of them, once they are not. */
  readonly #seen = new Set<object>();
  /** Their numbers, once one of many has come again. */
  #numbers: Map<object, number> | undefined;
  /** Where the tags of objects are, by their numbers. */
  readonly #tags: number[] = [];
  /** The number of this value, and of how many lists of keys it has. */
  #valueNumber = 0;
  #listCount = 0;
  readonly #leftOver: LeftOver[] = [];
  /** For what instances of registered classes leave; kept if they stand in a value themselves. */
  #inner: ValueWriter | undefined = undefined;
  readonly #isInner: boolean;

  constructor(isInner = false) {
    this.#isInner = isInner;
  }

  get byteLength(): number {
    return this.#at;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  get words(): Int32Array<ArrayBuffer> {
    return this.#words;
  }

  get view(): Uint8Array<ArrayBuffer> {
    const known = this.#views[this.#at];
    if (known !== undefined) return known;
    const view = this.#bytes.subarray(0, this.#at);
    if (this.#at < MOST_VIEWS) this.#views[this.#at] = view;
    return view;
  }

  /**
   * Writes a value; it is then what this writer has.
   *
   * **Throws** `SKEIN_NOT_CLONEABLE`; the writer can be used again after that.
   */
  write(value: unknown): this {
    if (this.#bytes.length > MOST_KEPT_BYTES && this.#at < MOST_KEPT_BYTES) this.#resize(FIRST_BYTES);
    this.#bytes[0] = 0;
    this.#at = 1;
    this.#valueNumber = ++values;
    this.#listCount = 0;
    let root = "$";
    try {
      this.value(value, 0);
      for (let rest = this.#leftOver.pop(); rest !== undefined; rest = this.#leftOver.pop()) {
        root = "$…";
        if (rest.kind === tag.ARRAY) this.#elements(rest.object as unknown[], rest.length, 0);
        else this.#content(rest.kind, rest.object, 0);
      }
    } catch (thrown) {
      throw misuseOf(thrown, root);
    } finally {
      this.#forgetObjects();
    }
    return this;
  }

  #forgetObjects(): void {
    for (let i = 0; i < this.#objectCount && i < FEW; i++) this.#few[i] = undefined;
    this.#objectCount = 0;
    if (this.#tags.length > MOST_KEPT_TAGS) this.#tags.length = 0;
    if (this.#seen.size > 0) this.#seen.clear();
    this.#numbers = undefined;
    // Setting a length is a call into the engine, even to what it was.
    if (this.#leftOver.length > 0) this.#leftOver.length = 0;
  }

  #resize(byteLength: number): void {
    // Whole words, with as many bytes.
    const bytes = new Uint8Array((byteLength + 7) & ~7);
    if (byteLength > this.#bytes.length) bytes.set(this.#bytes);
    this.#bytes = bytes;
    this.#words = new Int32Array(bytes.buffer);
    this.#view = new DataView(bytes.buffer);
    this.#views = emptyViews();
    this.#longText = longTextIn(bytes);
    this.#mostAt = byteLength - SLACK_BYTES;
  }

  /** Makes sure that so many bytes fit. */
  #room(byteLength: number): void {
    const needed = this.#at + byteLength;
    if (needed <= this.#bytes.length) return;
    if (needed > MOST_BYTES) throw refusal("makes the value longer than 2 GiB", "Pass it in parts");
    this.#resize(Math.min(MOST_BYTES, Math.max(needed, 2 * this.#bytes.length)));
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#bytes[this.#at++] = byte;
  }

  /** A whole number below 2^32, 7 bits a byte; there is room. */
  #count(count: number): void {
    let rest = count;
    while (rest > 127) {
      this.#bytes[this.#at++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  #float64(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  /** @internal */
  value(value: unknown, depth: number): void {
    if (this.#at > this.#mostAt) this.#room(SLACK_BYTES);
    // One question after another: a switch would have the engine ask for the type's name.
    if (typeof value === "string") this.#text(value);
    else if (typeof value === "number") this.#number(value);
    else if (typeof value === "object") {
      if (value === null) this.#bytes[this.#at++] = tag.NULL;
      else this.#object(value, depth);
    } else if (typeof value === "boolean") this.#bytes[this.#at++] = value ? tag.TRUE : tag.FALSE;
    else if (value === undefined) this.#bytes[this.#at++] = tag.UNDEFINED;
    else if (typeof value === "bigint") this.#bigint(value);
    else throw refusal(`is ${describeKind(value)}`, "Pass plain data: no functions or symbols");
  }

  #number(value: number): void {
    const int = value | 0;
    const bytes = this.#bytes;
    const at = this.#at;
    // -0 is equal to 0, but no integer.
    if (int !== value || (int === 0 && 1 / value < 0)) {
      bytes[at] = tag.FLOAT64;
      this.#view.setFloat64(at + 1, value, true);
      this.#at = at + 9;
    } else if (int >= 0 && int < tag.FIRST_SHORT_TEXT) {
      bytes[at] = int;
      this.#at = at + 1;
    } else {
      bytes[at] = tag.INT32;
      this.#view.setInt32(at + 1, int, true);
      this.#at = at + 5;
    }
  }

  #bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.#bytes[this.#at++] = tag.BIGINT64;
      this.#view.setBigInt64(this.#at, value, true);
      this.#at += 8;
    } else {
      this.#bytes[this.#at++] = value < 0n ? tag.NEGATIVE_BIGINT : tag.BIGINT;
      this.#text((value < 0n ? -value : value).toString(16));
    }
  }

  #text(text: string): void {
    const { length } = text;
    if (length > MOST_LOOPED) {
      this.#longer(text);
      return;
    }
    this.#room(SLACK_BYTES + length);
    const bytes = this.#bytes;
    const at = this.#at;
    bytes[at] = tag.FIRST_SHORT_TEXT | length;
    let over = 0;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      bytes[at + 1 + i] = unit;
      over |= unit;
    }
    if (over > 255) this.#longer(text);
    else this.#at = at + 1 + length;
  }

  #longer(text: string): void {
    const { length } = text;
    this.#room(SLACK_BYTES + 2 * length);
    const isLatin1 = !NOT_LATIN1.test(text);
    if (isLatin1 && length < tag.SHORT_TEXT_LENGTHS) {
      this.#bytes[this.#at++] = tag.FIRST_SHORT_TEXT | length;
    } else {
      this.#bytes[this.#at++] = isLatin1 ? tag.LATIN1 : tag.UTF16;
      this.#count(length);
    }
    if (isLatin1) this.#longText.writeLatin1(text, this.#at);
    else this.#longText.writeUtf16(text, this.#at);
    this.#at += isLatin1 ? length : 2 * length;
  }

  // Objects

  /** Gives the object the next number; or, if it has one, writes that. */
  #isReference(object: object): boolean {
    const number = this.#numberOf(object);
    if (number === -1) return false;
    this.#bytes[0] = tag.HAS_REFERENCES;
    this.#openUp(this.#tags[number] as number);
    this.#room(HEAD_BYTES);
    this.#bytes[this.#at++] = tag.REFERENCE;
    this.#count(number);
    return true;
  }

  #numberOf(object: object): number {
    const count = this.#objectCount;
    if (count < FEW) {
      for (let i = 0; i < count; i++) if (this.#few[i] === object) return i;
      this.#few[count] = object;
    } else {
      const number = this.#numberAmongMany(object);
      if (number !== -1) return number;
    }
    this.#tags[count] = this.#at;
    this.#objectCount = count + 1;
    return -1;
  }

  // To see that an object is new takes half as long with a set as with a map of numbers.
  #numberAmongMany(object: object): number {
    const count = this.#objectCount;
    if (this.#numbers !== undefined) {
      const number = this.#numbers.get(object);
      if (number !== undefined) return number;
      this.#numbers.set(object, count);
      return -1;
    }
    const seen = this.#seen;
    if (count === FEW) for (const few of this.#few) seen.add(few as object);
    seen.add(object);
    if (seen.size > count) return -1;
    const numbers = new Map<object, number>();
    for (const one of seen) numbers.set(one, numbers.size);
    this.#numbers = numbers;
    return numbers.get(object) as number;
  }

  /** Something refers to the object whose tag is there, perhaps from inside: it has to be made before what is in it. */
  #openUp(at: number): void {
    const byte = this.#bytes[at];
    if (byte === tag.KEYS_FIRST) this.#bytes[at] = tag.OPEN_KEYS_FIRST;
    else if (byte === tag.SAME_KEYS) this.#bytes[at] = tag.OPEN_SAME_KEYS;
  }

  #object(object: object, depth: number): void {
    if (this.#isReference(object)) return;
    if (Array.isArray(object)) {
      this.#array(object, depth);
      return;
    }
    // Others may have as many keys as elements.
    if (depth < tag.DEEPEST && object.constructor === Object && this.#plain(object, depth + 1)) return;
    const kind = this.#head(object);
    if (kind === 0) return;
    if (depth < tag.DEEPEST) this.#content(kind, object, depth + 1);
    else this.#leftOver.push({ kind, object, length: 0 });
  }

  /** Writes an object of which the keys may come often. @returns false if it is no plain one; then nothing was written */
  #plain(object: object, depth: number): boolean {
    let list: KeyList | undefined = emptyList();
    for (const key in object) {
      if (!hasOwnProperty.call(object, key)) continue;
      if (list !== undefined) {
        const next: KeyList | undefined = list.lastKey === key ? list.last : list.with(key);
        if (next !== undefined) {
          list = next;
          continue;
        }
        if (Object.getPrototypeOf(object) !== PLAIN) return false;
        this.#bytes[this.#at++] = tag.OBJECT;
        for (const before of list.keys) this.#member(object, before, depth);
        list = undefined;
      }
      this.#member(object, key, depth);
    }
    if (list === undefined) {
      this.#byte(tag.END);
      return true;
    }
    return list.use() && this.#listed(object, list, depth);
  }

  #member(object: object, key: string, depth: number): void {
    this.#text(key);
    try {
      this.value((object as Record<string, unknown>)[key], depth);
    } catch (thrown) {
      throw refusedInside(thrown, memberStep(key));
    }
  }

  /** Writes an object with its keys first. @returns false if it is no plain one; then nothing was written */
  #listed(object: object, list: KeyList, depth: number): boolean {
    if (list.write !== undefined) return list.write(object, list, this, depth);
    if (Object.getPrototypeOf(object) !== PLAIN) return false;
    this.keys(list);
    const { keys } = list;
    let written = 0;
    try {
      for (const key in object) {
        if (key === keys[written]) {
          this.value((object as Record<string, unknown>)[key], depth);
          written++;
          // If one is missing, a getter or a proxy has changed which keys there are.
        } else if (hasOwnProperty.call(object, key)) break;
      }
      for (; written < keys.length; written++) {
        this.value((object as Record<string, unknown>)[keys[written] as string], depth);
      }
    } catch (thrown) {
      throw refusedInside(thrown, memberStep(keys[written] as string));
    }
    return true;
  }

  /** @internal Begins an object with these keys; their values are to follow. */
  keys(list: KeyList): void {
    let at = this.#at;
    if (list.value === this.#valueNumber) {
      this.#bytes[at] = tag.SAME_KEYS;
      this.#at = at + 1;
      this.#count(list.number);
      return;
    }
    list.value = this.#valueNumber;
    list.number = this.#listCount++;
    const { words } = list;
    this.#room(SLACK_BYTES + 4 * words.length);
    const view = this.#view;
    this.#bytes[at++] = tag.KEYS_FIRST;
    for (let i = 0; i < words.length; i++, at += 4) view.setInt32(at, words[i] as number, true);
    this.#at = at;
  }

  #array(array: readonly unknown[], depth: number): void {
    // To ask for the prototype costs as much as to write three elements.
    if (array.constructor !== Array) requireOwnClass(array, Object.getPrototypeOf(array) as object | null);
    const { length } = array;
    this.#bytes[this.#at++] = tag.ARRAY;
    this.#count(length);
    if (depth < tag.DEEPEST) this.#elements(array, length, depth + 1);
    else this.#leftOver.push({ kind: tag.ARRAY, object: array, length });
  }

  /** Writes what stands before the content, and gives the tag; 0 if that was all. */
  #head(object: object): number {
    const prototype = Object.getPrototypeOf(object) as object | null;
    if (prototype === PLAIN) return (this.#bytes[this.#at++] = tag.OBJECT);
    if (prototype === null) return (this.#bytes[this.#at++] = tag.NULL_OBJECT);
    const known = classWith(prototype);
    if (known !== undefined) {
      this.#instance(object, known);
      return 0;
    }
    if (ArrayBuffer.isView(object)) {
      this.#bufferView(object, prototype);
      return 0;
    }
    const type = toString.call(object);
    if (type === "[object Map]" || type === "[object Set]") {
      const isMap = type === "[object Map]";
      requireOwnClass(object, prototype);
      (isMap ? mapSize : setSize).call(object); // fails for what only calls itself so
      return (this.#bytes[this.#at++] = isMap ? tag.MAP : tag.SET);
    }
    if (type === "[object Error]" || object instanceof Error) {
      this.#bytes[this.#at++] = tag.ERROR;
      this.#bytes[this.#at++] = errorNumberOf(prototype);
      return tag.ERROR;
    }
    if (isRootOfRealm(prototype)) return (this.#bytes[this.#at++] = tag.OBJECT);
    this.#leaf(object, prototype, type);
    return 0;
  }

  #instance(object: object, known: KnownClass): void {
    if (leaving.has(object)) throw refusal(`has itself in what it leaves as a ${known.name}`, "Leave that out of it");
    leaving.add(object);
    try {
      const left = known.leave(object);
      const inner = this.#inner ?? new ValueWriter(true);
      if (!this.#isInner) this.#inner = inner;
      const bytes = inner.write(left).view;
      this.#bytes[this.#at++] = tag.CLASS;
      this.#text(known.name);
      this.#room(HEAD_BYTES + bytes.length);
      this.#count(bytes.length);
      this.#bytes.set(bytes, this.#at);
      this.#at += bytes.length;
    } finally {
      leaving.delete(object);
    }
  }

  /** An object that has no others inside. */
  #leaf(object: object, prototype: object, type: string): void {
    if (object instanceof SharedObject) {
      const { kind, handle } = object.leave();
      this.#bytes[this.#at++] = tag.SHARED;
      this.#bytes[this.#at++] = kind;
      this.#float64(handle);
      return;
    }
    switch (type) {
      case "[object ArrayBuffer]":
        requireOwnClass(object, prototype);
        this.#buffer(object as ArrayBuffer);
        return;
      case "[object Date]":
        requireOwnClass(object, prototype);
        this.#bytes[this.#at++] = tag.DATE;
        this.#float64(Date.prototype.getTime.call(object));
        return;
      case "[object RegExp]":
        requireOwnClass(object, prototype);
        this.#bytes[this.#at++] = tag.REGEXP;
        this.#text((object as RegExp).source);
        this.#text((object as RegExp).flags);
        return;
      case "[object Number]":
        return this.#boxed(object, prototype, Number.prototype.valueOf.call(object));
      case "[object String]":
        return this.#boxed(object, prototype, String.prototype.valueOf.call(object));
      case "[object Boolean]":
        return this.#boxed(object, prototype, Boolean.prototype.valueOf.call(object));
      case "[object BigInt]":
        return this.#boxed(object, prototype, BigInt.prototype.valueOf.call(object));
      default:
        throw refusedObject(object, type);
    }
  }

  #boxed(object: object, prototype: object, primitive: unknown): void {
    requireOwnClass(object, prototype);
    this.#bytes[this.#at++] = tag.BOXED;
    this.value(primitive, 0);
  }

  #buffer(buffer: ArrayBuffer): void {
    const { byteLength, resizable = false, maxByteLength = 0 } = buffer as MaybeResizable;
    // Fails if the buffer has been transferred away.
    const bytes = new Uint8Array(buffer);
    this.#room(2 * HEAD_BYTES + byteLength);
    if (resizable) {
      this.#bytes[this.#at++] = tag.RESIZABLE_BUFFER;
      this.#float64(maxByteLength);
    } else {
      this.#bytes[this.#at++] = tag.BUFFER;
    }
    this.#count(byteLength);
    while ((this.#at & 7) !== 0) this.#bytes[this.#at++] = 0;
    this.#bytes.set(bytes, this.#at);
    this.#at += byteLength;
  }

  #bufferView(view: ArrayBufferView, prototype: object): void {
    const { buffer, byteOffset, byteLength } = view as ArrayBufferView & { readonly buffer: MaybeResizable };
    const number = viewNumbers.get(prototype) ?? viewNumberByName(view);
    const elements = view as { readonly length?: number; readonly BYTES_PER_ELEMENT?: number };
    // The language does not tell whether a view grows with its buffer; one that
    // reaches up to the end is taken to.
    const rest = buffer.byteLength - byteOffset - byteLength;
    const growsAlong = buffer.resizable === true && rest < (elements.BYTES_PER_ELEMENT ?? 1);
    if (number === -1) throw refusedObject(view, "");
    this.#bytes[this.#at++] = tag.VIEW;
    this.#bytes[this.#at++] = number;
    this.#count(byteOffset);
    this.#count(growsAlong ? 0 : (elements.length ?? byteLength) + 1);
    if (this.#isReference(buffer)) return;
    if (toString.call(buffer) !== "[object ArrayBuffer]") throw refusedObject(buffer, "[object SharedArrayBuffer]");
    this.#buffer(buffer);
  }

  // Contents

  #content(kind: number, object: object, depth: number): void {
    switch (kind) {
      case tag.MAP:
        this.#entries(object as Map<unknown, unknown>, depth);
        break;
      case tag.SET:
        this.#setMembers(object as Set<unknown>, depth);
        break;
      case tag.ERROR:
        this.#hiddenMembers(object as Error, depth);
        this.#members(object, depth);
        break;
      default:
        this.#members(object, depth);
    }
  }

  #members(object: object, depth: number): void {
    let key: string | undefined;
    try {
      for (key in object) {
        if (!hasOwnProperty.call(object, key)) continue;
        this.#text(key);
        this.value((object as Record<string, unknown>)[key], depth);
      }
    } catch (thrown) {
      throw refusedInside(thrown, key === undefined ? "" : memberStep(key));
    }
    this.#byte(tag.END);
  }

  #hiddenMembers(error: Error, depth: number): void {
    const known = ERROR_PROTOTYPES[errorNumberOf(Object.getPrototypeOf(error) as object)] as object;
    let key: string | undefined;
    try {
      for (key of HIDDEN_ERROR_MEMBERS) {
        const descriptor = Object.getOwnPropertyDescriptor(error, key);
        if (descriptor?.enumerable === true) continue;
        const member = (error as unknown as Record<string, unknown>)[key];
        // A stack may be anything that the program makes of it, and is for people.
        if (typeof member !== "string" && (descriptor === undefined || key === "stack")) continue;
        // What it inherits it has again where it arrives, if from the class that it
        // arrives as. Engines differ in whose the stack is.
        if (descriptor === undefined && member === (known as Record<string, unknown>)[key]) continue;
        this.#text(key);
        this.value(key === "message" ? String(member) : member, depth);
      }
    } catch (thrown) {
      throw refusedInside(thrown, key === undefined ? "" : memberStep(key));
    }
    this.#byte(tag.END);
  }

  #elements(array: readonly unknown[], length: number, depth: number): void {
    let i = 0;
    try {
      for (; i < length; i++) {
        const element = array[i];
        if (typeof element === "number") {
          if (this.#at > this.#mostAt) this.#room(SLACK_BYTES);
          this.#number(element);
          continue;
        }
        if (element === undefined && !hasOwnProperty.call(array, i)) break;
        this.value(element, depth);
      }
    } catch (thrown) {
      throw refusedInside(thrown, indexStep(i));
    }
    if (i < length) this.#elementsAfter(array, i, length, depth);
  }

  /** The elements behind a hole, by their keys: an array can be long and have few. */
  #elementsAfter(array: readonly unknown[], hole: number, length: number, depth: number): void {
    this.#byte(tag.HOLES);
    for (const key of Object.keys(array)) {
      const index = Number(key) >>> 0;
      if (String(index) !== key || index <= hole || index >= length) continue;
      this.#room(HEAD_BYTES);
      this.#count(index);
      try {
        this.value(array[index], depth);
      } catch (thrown) {
        throw refusedInside(thrown, indexStep(index));
      }
    }
    this.#byte(tag.END);
  }

  #entries(map: Map<unknown, unknown>, depth: number): void {
    let key: unknown;
    let isAtKey = true;
    try {
      // A getter inside may add entries; those would never end if each brought its like.
      let left = mapSize.call(map);
      for (const entry of Map.prototype.entries.call(map) as MapIterator<[unknown, unknown]>) {
        if (left-- === 0) break;
        key = entry[0];
        isAtKey = true;
        this.value(key, depth);
        isAtKey = false;
        this.value(entry[1], depth);
      }
    } catch (thrown) {
      throw refusedInside(thrown, isAtKey ? keyStep : entryStep(key));
    }
    this.#byte(tag.END);
  }

  #setMembers(set: Set<unknown>, depth: number): void {
    try {
      let left = setSize.call(set); // as above
      for (const member of Set.prototype.values.call(set) as SetIterator<unknown>) {
        if (left-- === 0) break;
        this.value(member, depth);
      }
    } catch (thrown) {
      throw refusedInside(thrown, memberOfSetStep);
    }
    this.#byte(tag.END);
  }
}
