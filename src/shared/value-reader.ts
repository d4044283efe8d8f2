/**
 * Structured values from bytes; see value-format.ts for what is read.
 *
 * The bytes may be anything: what makes no sense ends with `SKEIN_INTERNAL`. Every
 * step takes at least a byte, and whatever memory it asks for is in proportion to
 * bytes that were seen to be there; so any bytes are done with in time and room in
 * proportion to their number.
 */
import { describeKind } from "../async/cancel.js";
import { describeThrown, InternalError, MisuseError, SkeinError, withoutStack } from "../core/errors.js";
import { ERROR_PROTOTYPES } from "./error-classes.js";
import { findKeys, giveMember, keepKeys, type KnownKeys, LIST_HEAD_BYTES, MOST_LIST_WORDS } from "./key-lists.js";
import { type LongText, longTextIn } from "./long-text.js";
import type { Address, SharedObject } from "./object.js";
import { copyBytes } from "./payload.js";
import { joined, MOST_JOINED } from "./short-text.js";
import { MOST_CACHED, TextCache } from "./text-cache.js";
import { classNamed } from "./value-classes.js";
import * as tag from "./value-format.js";

/** Up to so many bytes are copied to memory of this thread first; for more, views of where they are cost less. */
const MOST_COPIED_BYTES = 16 * 1024;
/** Places from here on are numbers of another kind to the engine. */
const FAR = 2 ** 31 - 1;

/** Strings that are no keys are looked for among those made before up to this length; longer ones seldom repeat. */
const MOST_REPEATED = 8;

/** Holes that an array may have without being made as a sparse one. */
const MOST_HOLES = 1024;

/** Longest array there can be. */
const LONGEST = 2 ** 32 - 1;

const viewTypes = tag.VIEW_NAMES.map((name) => (globalThis as Record<string, unknown>)[name]) as readonly (
  | tag.ViewConstructor
  | undefined
)[];

const { slice } = Uint8Array.prototype;

/** What the compiler's library for ES2023 does not tell of buffers. */
const ResizableBuffer = ArrayBuffer as new (byteLength: number, options?: { maxByteLength: number }) => ArrayBuffer;

/** An object whose content is left over. */
interface LeftOver {
  readonly kind: number;
  readonly object: object;
  /** Of an array. */
  readonly length: number;
}

/** Bytes, and what reads them. */
interface Source {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly longText: LongText;
}

function sourceOf(bytes: Uint8Array): Source {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), longText: longTextIn(bytes) };
}

export class ValueReader {
  readonly #own: Source = sourceOf(new Uint8Array(MOST_COPIED_BYTES));
  /** Bytes that values came in again and again: those are read in place. */
  #usual: Source = this.#own;
  #last: Uint8Array = this.#own.bytes;
  readonly #keys = new TextCache();
  readonly #texts = new TextCache();
  #bytes: Uint8Array = this.#own.bytes;
  #view: DataView = this.#own.view;
  #longText: LongText = this.#own.longText;
  #begin = 0;
  #at = 0;
  #end = 0;
  /** Whether objects are referred to by their numbers. */
  #hasReferences = false;
  /** If so, objects made so far, by their numbers. */
  readonly #made: (object | undefined)[] = [];
  #madeCount = 0;
  /** Lists of keys so far, by their numbers. */
  readonly #lists: (KnownKeys | undefined)[] = [];
  #listCount = 0;
  readonly #leftOver: LeftOver[] = [];
  #arrive: (address: Address) => SharedObject = noArrival;
  /** For what instances of registered classes left; kept if they stand in a value themselves. */
  #inner: ValueReader | undefined = undefined;
  readonly #isInner: boolean;

  constructor(isInner = false) {
    this.#isInner = isInner;
  }

  /** Reads the one value that so many bytes from there on are. */
  read(bytes: Uint8Array, from: number, length: number, arrive: (address: Address) => SharedObject): unknown {
    this.#look(bytes, from, length);
    this.#arrive = arrive;
    try {
      const flags = this.#byte();
      if (flags > tag.HAS_REFERENCES) throw this.#damaged("unknown flags");
      this.#hasReferences = flags === tag.HAS_REFERENCES;
      const value = this.value(0);
      for (let rest = this.#leftOver.pop(); rest !== undefined; rest = this.#leftOver.pop()) {
        if (rest.kind === tag.ARRAY) this.#elements(rest.object as unknown[], rest.length, 0);
        else this.#content(rest.kind, rest.object, 0);
      }
      if (this.#at !== this.#end) throw this.#damaged("more follows");
      return value;
    } catch (thrown) {
      if (thrown instanceof SkeinError) throw thrown;
      // A constructor of the language would not take what the bytes say.
      throw this.#damaged(String(thrown).slice(0, 200), { cause: thrown });
    } finally {
      this.#forget();
    }
  }

  #look(bytes: Uint8Array, from: number, length: number): void {
    if (!(length >= 0 && from >= 0 && from + length <= bytes.length)) {
      throw new InternalError(`${length} bytes from ${from} on are not within ${bytes.length}`);
    }
    const isUsual = bytes === this.#usual.bytes;
    if (!isUsual && bytes === this.#last) this.#usual = sourceOf(bytes);
    this.#last = bytes;
    if (bytes === this.#usual.bytes && from + length < FAR) {
      this.#use(this.#usual, from, length);
    } else if (length <= MOST_COPIED_BYTES) {
      copyBytes(bytes, from, length, this.#own.bytes, 0);
      this.#use(this.#own, 0, length);
    } else {
      this.#use(sourceOf(bytes.subarray(from, from + length)), 0, length);
    }
  }

  #use({ bytes, view, longText }: Source, begin: number, length: number): void {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = view;
      this.#longText = longText;
    }
    this.#begin = begin;
    this.#at = begin;
    this.#end = begin + length;
  }

  #forget(): void {
    for (let i = 0; i < this.#madeCount; i++) this.#made[i] = undefined;
    if (this.#madeCount > 1000) this.#made.length = 0;
    this.#madeCount = 0;
    this.#listCount = 0;
    // Setting a length is a call into the engine, even to what it was.
    if (this.#leftOver.length > 0) this.#leftOver.length = 0;
    this.#arrive = noArrival;
    // What came once may be large.
    if (this.#bytes !== this.#usual.bytes) this.#use(this.#own, 0, 0);
  }

  #damaged(what: string, options?: ErrorOptions): InternalError {
    return new InternalError(
      `the bytes of a structured value are damaged at ${this.#at - this.#begin} of ${this.#end - this.#begin}: ${what}`,
      options,
    );
  }

  /** The place of so many bytes, which are then behind. */
  #take(byteLength: number): number {
    const at = this.#at;
    if (byteLength > this.#end - at) throw this.#damaged(`${byteLength} bytes expected`);
    this.#at = at + byteLength;
    return at;
  }

  #byte(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  #count(): number {
    let count = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.#byte();
      count += (byte & 127) * scale;
      if (byte < 128) return count;
    }
    throw this.#damaged("a count too large");
  }

  #float64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** @internal The value that comes next. */
  value(depth: number): unknown {
    const at = this.#at;
    if (at >= this.#end) throw this.#damaged("a value expected");
    const byte = this.#bytes[at] as number;
    this.#at = at + 1;
    if (byte < tag.FIRST_SHORT_TEXT) return byte;
    if (byte < tag.INT32) return this.#shortText(byte & (tag.SHORT_TEXT_LENGTHS - 1));
    // In the order of how often they come: the engine compares one after the other.
    switch (byte) {
      case tag.KEYS_FIRST:
        return this.#listed(this.#newList(), depth);
      case tag.SAME_KEYS:
        return this.#listed(this.#list(), depth);
      case tag.ARRAY:
        return this.#array(depth);
      case tag.FLOAT64:
        return this.#float64();
      case tag.INT32:
        return this.#view.getInt32(this.#take(4), true);
      case tag.TRUE:
        return true;
      case tag.FALSE:
        return false;
      case tag.NULL:
        return null;
      case tag.UNDEFINED:
        return undefined;
      case tag.OBJECT:
        return this.#container(byte, {}, depth);
      case tag.REFERENCE:
        return this.#reference();
      case tag.LATIN1:
      case tag.UTF16:
        return this.#longer(byte);
      case tag.BIGINT64:
        return this.#view.getBigInt64(this.#take(8), true);
      case tag.BIGINT:
        return BigInt(`0x${this.#text()}`);
      case tag.NEGATIVE_BIGINT:
        return -BigInt(`0x${this.#text()}`);
      default:
        return this.#rarer(byte, depth);
    }
  }

  #rarer(byte: number, depth: number): object {
    switch (byte) {
      case tag.OPEN_KEYS_FIRST:
        return this.#open(this.#newList(), depth);
      case tag.OPEN_SAME_KEYS:
        return this.#open(this.#list(), depth);
      case tag.NULL_OBJECT:
        return this.#container(byte, Object.create(null) as object, depth);
      case tag.MAP:
        return this.#container(byte, new Map(), depth);
      case tag.SET:
        return this.#container(byte, new Set(), depth);
      case tag.ERROR:
        return this.#container(byte, this.#error(), depth);
      case tag.DATE:
        return this.#number(new Date(this.#float64()));
      case tag.REGEXP: {
        const source = this.#text();
        return this.#number(new RegExp(source, this.#text()));
      }
      case tag.BOXED: {
        const primitive = this.value(0);
        if (primitive === undefined || typeof primitive === "object") throw this.#damaged("a primitive expected");
        return this.#number(Object(primitive) as object);
      }
      case tag.BUFFER:
        return this.#number(this.#buffer(undefined));
      case tag.RESIZABLE_BUFFER:
        return this.#number(this.#buffer(this.#float64()));
      case tag.VIEW:
        return this.#bufferView();
      case tag.CLASS:
        return this.#number(this.#instance());
      case tag.SHARED: {
        const kind = this.#byte();
        return this.#number(this.#arrive({ kind, handle: this.#float64() }));
      }
      default:
        this.#at--;
        throw this.#damaged(`${byte} is no value's tag`);
    }
  }

  // Text

  /** A string that stands where a value would. */
  #text(): string {
    const byte = this.#byte();
    if (byte >= tag.FIRST_SHORT_TEXT && byte < tag.INT32) return this.#shortText(byte & (tag.SHORT_TEXT_LENGTHS - 1));
    return this.#longer(byte);
  }

  #shortText(length: number): string {
    const at = this.#take(length);
    if (length > MOST_JOINED) return this.#longText.readLatin1(at, length);
    if (length > MOST_REPEATED) return joined(this.#bytes, at, length);
    const found = this.#texts.find(this.#bytes, at, length);
    if (found !== undefined) return found;
    const text = joined(this.#bytes, at, length);
    this.#texts.keep(text);
    return text;
  }

  #longer(byte: number): string {
    if (byte !== tag.LATIN1 && byte !== tag.UTF16) {
      this.#at--;
      throw this.#damaged(`${byte} is no string's tag`);
    }
    const length = this.#count();
    return byte === tag.LATIN1
      ? this.#longText.readLatin1(this.#take(length), length)
      : this.#longText.readUtf16(this.#take(2 * length), length);
  }

  // Objects

  /** Gives the object the next number. */
  #number<Made extends object>(object: Made): Made {
    if (this.#hasReferences) this.#made[this.#madeCount++] = object;
    return object;
  }

  #reference(): object {
    const number = this.#count();
    const object = number < this.#madeCount ? this.#made[number] : undefined;
    if (object === undefined) throw this.#damaged(`no object has the number ${number}`);
    return object;
  }

  // With their keys first

  /** The list that stands here, which gets the next number. */
  #newList(): KnownKeys {
    const head = this.#take(LIST_HEAD_BYTES);
    const hash = this.#view.getInt32(head, true);
    const length = this.#view.getInt32(head + 4, true);
    if (length <= 0 || length > MOST_LIST_WORDS) throw this.#damaged("keys expected");
    const at = this.#take(4 * length);
    const list = findKeys(hash, this.#view, at, length) ?? this.#unknownList(hash, at, length);
    this.#lists[this.#listCount++] = list;
    return list;
  }

  #unknownList(hash: number, at: number, length: number): KnownKeys {
    const words = Int32Array.from({ length }, (_, i) => this.#view.getInt32(at + 4 * i, true));
    const end = this.#end;
    this.#at = at;
    this.#end = at + 4 * length;
    const keys: string[] = [];
    while (this.#at < this.#end && this.#bytes[this.#at] !== 0) keys.push(internalized(this.#text()));
    this.#at = this.#end;
    this.#end = end;
    return keepKeys(hash, words, keys);
  }

  #list(): KnownKeys {
    const number = this.#count();
    const list = number < this.#listCount ? this.#lists[number] : undefined;
    if (list === undefined) throw this.#damaged(`no list of keys has the number ${number}`);
    return list;
  }

  #listed(list: KnownKeys, depth: number): object {
    if (depth >= tag.DEEPEST) throw this.#damaged("nested too deep");
    if (!this.#hasReferences) return list.make(this, depth + 1);
    // It has its number before those inside, but nothing refers to it before it is made.
    const number = this.#madeCount++;
    this.#made[number] = undefined;
    return (this.#made[number] = list.make(this, depth + 1));
  }

  #open(list: KnownKeys, depth: number): object {
    if (depth >= tag.DEEPEST) throw this.#damaged("nested too deep");
    const object = this.#number({});
    list.give(object, this, depth + 1);
    return object;
  }

  #container(kind: number, object: object, depth: number): object {
    this.#number(object);
    if (depth < tag.DEEPEST) this.#content(kind, object, depth + 1);
    else this.#leftOver.push({ kind, object, length: 0 });
    return object;
  }

  #array(depth: number): unknown[] {
    const length = this.#count();
    // Each element takes a byte at least. An array that says it has more elements
    // than there are bytes has holes, or is damaged: no room is taken on its word.
    // oxlint-disable-next-line unicorn/no-new-array -- at its length at once, or it would grow by steps
    const array: unknown[] = length <= this.#end - this.#at ? new Array<unknown>(length) : [];
    this.#number(array);
    if (depth < tag.DEEPEST) this.#elements(array, length, depth + 1);
    else this.#leftOver.push({ kind: tag.ARRAY, object: array, length });
    return array;
  }

  #error(): Error {
    const prototype = ERROR_PROTOTYPES[this.#byte()];
    if (prototype === undefined) throw this.#damaged("an unknown class of errors");
    const error = withoutStack(() => new Error());
    if (prototype !== Error.prototype) Object.setPrototypeOf(error, prototype);
    return error;
  }

  #instance(): object {
    const known = classNamed(this.#text());
    const length = this.#count();
    const at = this.#take(length);
    const inner = this.#inner ?? new ValueReader(true);
    if (!this.#isInner) this.#inner = inner;
    const data = inner.read(this.#bytes.subarray(at, at + length), 0, length, this.#arrive);
    let made: unknown;
    try {
      made = known.arrive(data);
    } catch (error) {
      throw new MisuseError(
        "SKEIN_NOT_CLONEABLE",
        `an instance of class "${known.name}" could not be made anew: ${describeThrown(error)}`,
        {
          cause: error,
        },
      );
    }
    if (typeof made === "object" && made !== null) return made;
    throw new MisuseError(
      "SKEIN_NOT_CLONEABLE",
      `what makes instances of class "${known.name}" anew gave ${describeKind(made)}: arrive has to return an instance`,
    );
  }

  #buffer(maxByteLength: number | undefined): ArrayBuffer {
    const byteLength = this.#count();
    this.#take(-(this.#at - this.#begin) & 7);
    const at = this.#take(byteLength);
    // Of this thread alone, also if the bytes are in shared memory.
    if (maxByteLength === undefined) return slice.call(this.#bytes, at, at + byteLength).buffer;
    const buffer = new ResizableBuffer(byteLength, { maxByteLength });
    new Uint8Array(buffer).set(this.#bytes.subarray(at, at + byteLength));
    return buffer;
  }

  #bufferView(): ArrayBufferView {
    const View = viewTypes[this.#byte()];
    if (View === undefined) throw this.#damaged("an unknown class of views");
    // The view's own number is before that of its buffer.
    const number = this.#hasReferences ? this.#madeCount++ : -1;
    if (number !== -1) this.#made[number] = undefined;
    const byteOffset = this.#count();
    const lengthPlus1 = this.#count();
    const buffer = this.value(tag.DEEPEST);
    if (!(buffer instanceof ArrayBuffer)) throw this.#damaged("a buffer expected");
    const view = new View(buffer, byteOffset, lengthPlus1 === 0 ? undefined : lengthPlus1 - 1);
    if (number !== -1) this.#made[number] = view;
    return view;
  }

  // Contents

  #content(kind: number, object: object, depth: number): void {
    switch (kind) {
      case tag.MAP:
        while (!this.#isEnd()) {
          const key = this.value(depth);
          (object as Map<unknown, unknown>).set(key, this.value(depth));
        }
        break;
      case tag.SET:
        while (!this.#isEnd()) (object as Set<unknown>).add(this.value(depth));
        break;
      case tag.ERROR:
        while (!this.#isEnd()) hide(object, this.#text(), this.value(depth));
        this.#members(object, depth);
        break;
      default:
        this.#members(object, depth);
    }
  }

  #isEnd(): boolean {
    if (this.#at >= this.#end) throw this.#damaged("an end expected");
    if (this.#bytes[this.#at] !== tag.END) return false;
    this.#at++;
    return true;
  }

  #members(object: object, depth: number): void {
    const members = object as Record<string, unknown>;
    for (;;) {
      const at = this.#at;
      if (at >= this.#end) throw this.#damaged("an end expected");
      const byte = this.#bytes[at] as number;
      if (byte === tag.END) {
        this.#at = at + 1;
        return;
      }
      const length = byte ^ tag.FIRST_SHORT_TEXT;
      // Whether the key is there in full shows with its value, which stands behind it.
      if (length <= MOST_CACHED) {
        const known = this.#keys.find(this.#bytes, at + 1, length);
        if (known !== undefined) {
          this.#at = at + 1 + length;
          members[known] = this.value(depth);
          continue;
        }
      }
      this.#newMember(members, length <= MOST_CACHED, depth);
    }
  }

  /** A member whose key is none of those that were kept. */
  #newMember(object: Record<string, unknown>, isShort: boolean, depth: number): void {
    const key = this.#text();
    // A key that objects inherit is never kept: it has to be defined.
    if (isShort && !(key in Object.prototype)) this.#keys.keep(internalized(key));
    giveMember(object, key, this.value(depth));
  }

  #elements(array: unknown[], length: number, depth: number): void {
    for (let i = 0; i < length; i++) {
      // Past the end there is no byte, which is neither.
      const byte = this.#at < this.#end ? (this.#bytes[this.#at] as number) : tag.END;
      if (byte < tag.FIRST_SHORT_TEXT) {
        this.#at++;
        array[i] = byte;
      } else if (byte === tag.HOLES) {
        this.#at++;
        this.#elementsAfter(array, i, length, depth);
        return;
      } else {
        array[i] = this.value(depth);
      }
    }
  }

  #elementsAfter(array: unknown[], hole: number, length: number, depth: number): void {
    // Engines take room for holes in an array that is not very long. One that was
    // is taken to have few elements, and stays so when it is made shorter.
    if (length - hole > MOST_HOLES) array.length = LONGEST;
    if (array.length !== length) array.length = length;
    let last = hole;
    while (!this.#isEnd()) {
      const index = this.#count();
      if (index <= last || index >= length) throw this.#damaged(`no element ${index} can be behind element ${last}`);
      array[index] = this.value(depth);
      last = index;
    }
  }
}

function hide(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: false, writable: true, configurable: true });
}

/** The string as engines keep it for a property's name: with any other they would look for that at each use. */
function internalized(key: string): string {
  return Object.keys({ [key]: 0 })[0] as string;
}

function noArrival(): never {
  throw new InternalError("a shared object was read outside of a value");
}
