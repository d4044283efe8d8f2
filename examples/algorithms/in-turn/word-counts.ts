/**
 * How often each word comes in a text, on one thread: words are known by where they stand in the
 * text, in a hash table, and become strings at the very end.
 */
import type { SharedArray } from "skein/shared";

import { mixed } from "../support/random.js";

export type Text = SharedArray<"uint8">;
export type Counts = Map<string, number>;

/** So many bytes are looked at in one go: a loop that is begun often is compiled, and stays so. */
const STRIDE_BYTES = 1 << 15;
/** Up to this byte, in ASCII, there is nothing that belongs to words. */
const SPACE = 32;
/** What there is of each word: where it stands first, its length, its hash, how often it comes. */
const FIRST = 0;
const LENGTH = 1;
const HASH = 2;
const COUNT = 3;
const COLUMNS = 4;

/** Different words of a text, by hashing. */
export class Words {
  readonly #bytes: Uint8Array;
  /** Of each word its columns. */
  #words = new Uint32Array(COLUMNS << 11);
  #size = 0;
  /** Numbers of words, counted from 1, at places by their hash; a power of two of them, at least twice as many as words. */
  #table = new Uint32Array(1 << 12);

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Of each word its columns. */
  columns(): Uint32Array {
    return this.#words.slice(0, this.#size * COLUMNS);
  }

  /** Adds the words that begin at bytes `from` to `to`. */
  addText(from: number, to: number): void {
    const bytes = this.#bytes;
    let at = from;
    // A word that began before is not ours.
    if (from > 0 && (bytes[from - 1] as number) > SPACE) while ((bytes[at] as number) > SPACE) at++;
    while (at < to) {
      const end = Math.min(to, at + STRIDE_BYTES);
      at = this.#addUpTo(at, end);
    }
  }

  /** @returns where the last word that begins before `end` ends */
  #addUpTo(from: number, end: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (; at < end; at++) {
      if ((bytes[at] as number) <= SPACE) continue;
      const first = at;
      let hash = 0;
      for (; (bytes[at] as number) > SPACE; at++) hash = Math.imul(hash, 31) + (bytes[at] as number);
      this.#add(first, at - first, hash >>> 0, 1);
    }
    return at;
  }

  /** Adds words of the same text. */
  addAll(columns: Uint32Array): void {
    for (let word = 0; word < columns.length; word += COLUMNS) {
      this.#add(
        columns[word + FIRST] as number,
        columns[word + LENGTH] as number,
        columns[word + HASH] as number,
        columns[word + COUNT] as number,
      );
    }
  }

  #add(first: number, length: number, hash: number, count: number): void {
    const table = this.#table;
    const words = this.#words;
    const mask = table.length - 1;
    let slot = mixed(hash) & mask;
    for (; table[slot] !== 0; slot = (slot + 1) & mask) {
      const word = ((table[slot] as number) - 1) * COLUMNS;
      if (words[word + HASH] !== hash || words[word + LENGTH] !== length) continue;
      if (!this.#areSame(words[word + FIRST] as number, first, length)) continue;
      words[word + COUNT] = (words[word + COUNT] as number) + count;
      return;
    }
    const word = this.#size * COLUMNS;
    words[word + FIRST] = first;
    words[word + LENGTH] = length;
    words[word + HASH] = hash;
    words[word + COUNT] = count;
    table[slot] = ++this.#size;
    if (2 * this.#size >= table.length) this.#grow();
  }

  #areSame(a: number, b: number, length: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
    return true;
  }

  #grow(): void {
    const words = new Uint32Array(2 * this.#words.length);
    words.set(this.#words);
    const table = new Uint32Array(2 * this.#table.length);
    const mask = table.length - 1;
    for (let word = 0; word < this.#size; word++) {
      let slot = mixed(words[word * COLUMNS + HASH] as number) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = word + 1;
    }
    this.#words = words;
    this.#table = table;
  }
}

/** Words and how often they come. */
export function countsOf(text: Text, columns: Uint32Array): Counts {
  const { buffer, byteOffset, byteLength } = text.values;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  const counts: Counts = new Map();
  for (let word = 0; word < columns.length; word += COLUMNS) {
    const first = columns[word + FIRST] as number;
    const end = first + (columns[word + LENGTH] as number);
    counts.set(bytes.toString("utf8", first, end), columns[word + COUNT] as number);
  }
  return counts;
}

/** How often each word comes in a text of UTF-8. Words are what stands between white space of ASCII. */
export function sequentialWordCounts(text: Text): Counts {
  const words = new Words(text.values);
  words.addText(0, text.length);
  return countsOf(text, words.columns());
}
