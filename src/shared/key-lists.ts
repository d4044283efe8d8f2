/**
 * The keys of plain objects, all of one object together, in their order. Most objects
 * have the keys of others that came before, so both sides keep lists of them: the
 * writer, to write all keys in one piece; the reader, to make the object by code that
 * was compiled for just those keys.
 *
 * What is kept is never referred to: a value's bytes have all keys in full, once. So
 * any thread can read them, in any order and any number of times, and what one side
 * has forgotten costs time alone.
 *
 *   list     words of 4 bytes: hash; how many words the keys are; those, each key a text
 *            as a value's, and zeros up to the end of the last word
 */
import { memberStep } from "../core/value-path.js";
import { compiled } from "./compiling.js";
import { FIRST_SHORT_TEXT, SHORT_TEXT_LENGTHS } from "./value-format.js";
import { refusedInside } from "./value-refusal.js";

/** Of what is before the keys. */
export const LIST_HEAD_BYTES = 8;

/** Objects with more keys are seldom alike. */
const MOST_KEYS = 64;
/** The words of so many keys. */
export const MOST_LIST_WORDS: number = (MOST_KEYS * SHORT_TEXT_LENGTHS) / 4;

/** Code is compiled for a list from so many uses on, which pays for that; and for so many lists, as code stays. */
const USES_TO_COMPILE = 64;
const MOST_COMPILED = 1024;

let compiledCount = 0;

// What the writer keeps

/** Lists the writer may add before it finds some again: dictionaries have ever new ones, of which none is worth keeping. */
const MOST_IN_ADVANCE = 256;
/** With so many, all are forgotten. */
const MOST_LISTS = 8192;
/** A list is written in one piece from so many uses on. */
const USES_TO_KEEP = 2;

/** After so many that it may not add, it may add some. */
const REFUSED_IN_A_ROW = 64;

let mayAdd = MOST_IN_ADVANCE;
let refused = 0;
let added = 0;

const NO_WORDS = new Int32Array(0);

/** What writes one value after another. */
interface ValuesOut {
  /** Begins an object with these keys, whose values are to follow. */
  keys(list: KeyList): void;
  value(value: unknown, depth: number): void;
}

/** @returns false if the object is no plain one; then nothing was written */
type Write = (object: object, list: KeyList, values: ValuesOut, depth: number) => boolean;

// The engine knows the prototype of an object of which it has just read a member by
// code that met no others; else to ask for it is a call.
function compiledWrite(keys: readonly string[]): Write | undefined {
  if (compiledCount === MOST_COMPILED) return undefined;
  compiledCount++;
  const reads = keys.map((key, i) => `i = ${i}; const v${i} = object[${JSON.stringify(key)}];`);
  const writes = keys.map((_, i) => `i = ${i}; values.value(v${i}, depth);`);
  return compiled(
    `return (object, list, values, depth) => {
      let i = 0;
      try {
        ${reads.join("\n")}
        if (getPrototypeOf(object) !== plain) return false;
        values.keys(list);
        ${writes.join("\n")}
      } catch (thrown) {
        throw refusedInside(thrown, memberStep(list.keys[i]));
      }
      return true;
    }`,
    { getPrototypeOf: Object.getPrototypeOf, plain: Object.prototype, refusedInside, memberStep },
  ) as Write | undefined;
}

/** A list of keys, and those that continue it. */
export class KeyList {
  readonly keys: readonly string[];
  /** Which one continued it last. A string from the start, as the engine compares strings alone faster. */
  lastKey = "";
  last: KeyList | undefined = undefined;
  /** The value in which it was written last, and its number there. */
  value = 0;
  number = 0;
  /** Its bytes; none while it is not known to come often. */
  words: Int32Array = NO_WORDS;
  /** Writes an object with these keys; `undefined` while it does not come very often. */
  write: Write | undefined = undefined;
  readonly #next = new Map<string, KeyList>();
  #uses = 0;

  constructor(keys: readonly string[]) {
    this.keys = keys;
  }

  /** The list with one more key; `undefined` if it is none to keep. */
  with(key: string): KeyList | undefined {
    let next = this.#next.get(key);
    if (next === undefined) {
      if (this.keys.length === MOST_KEYS || !isListed(key) || !takeLeave()) return undefined;
      next = new KeyList([...this.keys, key]);
      this.#next.set(key, next);
    }
    this.lastKey = key;
    this.last = next;
    return next;
  }

  /** The keys are all of an object. @returns whether they come often enough to be written in one piece */
  use(): boolean {
    if (this.write !== undefined) return true;
    this.#uses++;
    if (this.#uses === USES_TO_KEEP && this.keys.length > 0) {
      mayAdd = MOST_IN_ADVANCE;
      this.words = wordsOf(this.keys);
    }
    if (this.#uses === USES_TO_COMPILE && this.keys.length > 0) this.write = compiledWrite(this.keys);
    return this.words !== NO_WORDS;
  }
}

let allLists = new KeyList([]);

/** The list without keys, which all others continue. */
export const emptyList = (): KeyList => allLists;

/** Whether a list may be added. */
function takeLeave(): boolean {
  if (mayAdd > 0) {
    mayAdd--;
  } else {
    // Few that came first may have been none to keep.
    if (++refused < REFUSED_IN_A_ROW) return false;
    refused = 0;
    mayAdd = MOST_KEYS;
  }
  if (++added > MOST_LISTS) {
    allLists = new KeyList([]);
    added = 0;
  }
  return true;
}

function isListed(key: string): boolean {
  if (key === "" || key.length >= SHORT_TEXT_LENGTHS) return false;
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) > 255) return false;
  return true;
}

function wordsOf(keys: readonly string[]): Int32Array {
  const texts = keys.flatMap((key) => [
    FIRST_SHORT_TEXT | key.length,
    ...Array.from(key, (unit) => unit.charCodeAt(0)),
  ]);
  const words: number[] = [];
  let hash = keys.length;
  for (let at = 0; at < texts.length; at += 4) {
    const [a = 0, b = 0, c = 0, d = 0] = texts.slice(at, at + 4);
    words.push(a | (b << 8) | (c << 16) | (d << 24));
  }
  for (const word of words) hash = Math.imul(hash ^ word, 0x9e_37_79_b1);
  return Int32Array.from([hash ^ (hash >>> 15), words.length, ...words]);
}

// What the reader keeps

const SLOTS = 512;

/** What reads one value after another. */
interface Values {
  value(depth: number): unknown;
}

type Make = (values: Values, depth: number) => object;

/** A list of keys as the reader knows it. */
export class KnownKeys {
  readonly #hash: number;
  readonly #words: Int32Array;
  readonly #keys: readonly string[];
  #uses = 0;
  #make: Make | undefined = undefined;

  constructor(hash: number, words: Int32Array, keys: readonly string[]) {
    this.#hash = hash;
    this.#words = words;
    this.#keys = keys;
  }

  /** Whether it is the list with that hash and those keys, so many words from there on. */
  is(hash: number, view: DataView, at: number, length: number): boolean {
    const words = this.#words;
    if (this.#hash !== hash || words.length !== length) return false;
    for (let i = 0; i < length; i++) if (words[i] !== view.getInt32(at + 4 * i, true)) return false;
    return true;
  }

  /** An object with these keys and the values that come next. */
  make(values: Values, depth: number): object {
    if (this.#make !== undefined) return this.#make(values, depth);
    if (++this.#uses === USES_TO_COMPILE) this.#compile();
    const object = {};
    this.give(object, values, depth);
    return object;
  }

  /** Gives an object these keys, with the values that come next. */
  give(object: object, values: Values, depth: number): void {
    for (const key of this.#keys) giveMember(object, key, values.value(depth));
  }

  #compile(): void {
    if (compiledCount === MOST_COMPILED || this.#keys.length > MOST_KEYS) return;
    compiledCount++;
    const reading = this.#keys.map((_, i) => `const v${i} = values.value(depth);`);
    // In brackets, as `__proto__` would not be a key otherwise.
    const members = this.#keys.map((key, i) => `${key === "__proto__" ? '["__proto__"]' : JSON.stringify(key)}: v${i}`);
    const code = `return (values, depth) => { ${reading.join(" ")} return { ${members.join(", ")} }; };`;
    this.#make = compiled(code, {}) as Make | undefined;
  }
}

const knownKeys: (KnownKeys | undefined)[] = Array.from({ length: SLOTS }, () => undefined);

/** The list with that hash and those keys, so many words from there on; `undefined` if it is not kept. */
export function findKeys(hash: number, view: DataView, at: number, length: number): KnownKeys | undefined {
  const slot = hash & (SLOTS - 1);
  const known = knownKeys[slot];
  if (known?.is(hash, view, at, length) === true) return known;
  const other = knownKeys[slot ^ 1];
  return other?.is(hash, view, at, length) === true ? other : undefined;
}

/** Keeps a list, in place of that which gave way in its slot before. */
export function keepKeys(hash: number, words: Int32Array, keys: readonly string[]): KnownKeys {
  const slot = hash & (SLOTS - 1);
  knownKeys[slot ^ 1] = knownKeys[slot];
  return (knownKeys[slot] = new KnownKeys(hash, words, keys));
}

/** Gives an object a member of its own, also if it inherits one of that name: assigning could reach a setter. */
export function giveMember(object: object, key: string, value: unknown): void {
  if (key in Object.prototype) Object.defineProperty(object, key, { value, ...ORDINARY });
  else (object as Record<string, unknown>)[key] = value;
}

const ORDINARY = { enumerable: true, configurable: true, writable: true } as const;
