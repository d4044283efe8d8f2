/**
 * How often each word comes in a text: the text in halves, these in halves, and so on; the
 * counts of two halves are put together, those of fewer words into those of more.
 *
 * Work O(n + pieces × words), span O(n / pieces + words × log pieces). Repeatable.
 */
import { availableParallelism } from "node:os";

import { task, type Task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { mixed, randomBelow } from "./random.js";

type Text = SharedArray<"uint8">;
export type Counts = Map<string, number>;

export interface WordCountOptions extends ParallelOptions {
  /** What is no longer than this is not halved; as much as makes two pieces for each core if omitted, 2 MB at least. */
  readonly leastBytes?: number;
}

/** So many bytes take some ten milliseconds to count, and their counts a part of one to be passed on. */
const LEAST_BYTES = 1 << 21;
/** Each piece has all frequent words once more, to be put together with those of others: so there are few. */
const PIECES_A_CORE = 2;
/** Up to this byte, in ASCII, there is nothing that belongs to words. */
const SPACE = 32;

/** The words that begin at bytes `from` to `to`. */
const countWords: Task<[text: Text, from: number, to: number, leastBytes: number], Counts> = task(
  "countWords",
  (text, from, to, leastBytes): Counts => {
    if (to - from <= leastBytes) return countHere(text, from, to);
    const middle = Math.floor((from + to) / 2);
    const [first, second] = parallel.join(
      [countWords, [text, from, middle, leastBytes]],
      [countWords, [text, middle, to, leastBytes]],
    );
    const [more, fewer] = first.size > second.size ? [first, second] : [second, first];
    for (const [word, count] of fewer) more.set(word, (more.get(word) ?? 0) + count);
    return more;
  },
);

/** Counts words by their bytes, each of which becomes a string once. */
function countHere(text: Text, from: number, to: number): Counts {
  const bytes = text.values;
  const words: { readonly first: number; readonly length: number; readonly hash: number; count: number }[] = [];
  // Places in `words`, counted from 1.
  let table = new Uint32Array(1 << 12);
  let at = from;
  // A word that began before is not ours.
  if (from > 0 && (bytes[from - 1] as number) > SPACE) while ((bytes[at] as number) > SPACE) at++;
  for (; at < to; at++) {
    if ((bytes[at] as number) <= SPACE) continue;
    const first = at;
    let hash = 0;
    for (; (bytes[at] as number) > SPACE; at++) hash = Math.imul(hash, 31) + (bytes[at] as number);
    const length = at - first;
    let slot = mixed(hash) % table.length;
    for (; table[slot] !== 0; slot = (slot + 1) % table.length) {
      const known = words[(table[slot] as number) - 1] as (typeof words)[number];
      if (known.hash === hash && known.length === length && areSame(bytes, known.first, first, length)) {
        known.count++;
        break;
      }
    }
    if (table[slot] !== 0) continue;
    words.push({ first, length, hash, count: 1 });
    table[slot] = words.length;
    if (2 * words.length > table.length) table = larger(table, words);
  }
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new Map(words.map(({ first, length, count }) => [buffer.toString("utf8", first, first + length), count]));
}

function areSame(bytes: Uint8Array, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}

function larger(table: Uint32Array, words: readonly { readonly hash: number }[]): Uint32Array<ArrayBuffer> {
  const made = new Uint32Array(2 * table.length);
  for (const [index, { hash }] of words.entries()) {
    let slot = mixed(hash) % made.length;
    while (made[slot] !== 0) slot = (slot + 1) % made.length;
    made[slot] = index + 1;
  }
  return made;
}

/** How often each word comes in a text of UTF-8. Words are what stands between white space of ASCII. */
export async function wordCounts(text: Text, options: WordCountOptions = {}, cancel?: Cancel): Promise<Counts> {
  const pieces = PIECES_A_CORE * availableParallelism();
  const { leastBytes = Math.max(LEAST_BYTES, Math.ceil(text.length / pieces)), ...others } = options;
  return parallel.run(countWords, [text, 0, text.length, Math.max(1, leastBytes)], others, cancel);
}

/** The same on one thread. */
export function sequentialWordCounts(text: Text): Counts {
  return countHere(text, 0, text.length);
}

/** So many bytes of words that come the more often the lower their number is. */
export function input(size: number, seed: number): Text {
  const below = randomBelow(seed);
  const text = new SharedArray({ type: "uint8", length: size });
  for (let at = 0; at < size;) {
    let number = Math.floor(20_000 ** (below(2 ** 32) / 2 ** 32));
    for (; number > 0 && at < size; number = Math.floor(number / 8)) {
      text.values[at++] = "eantirod".charCodeAt(number % 8);
      if (at < size) text.values[at++] = "sluchkmp".charCodeAt(number % 7);
    }
    if (at < size) text.values[at++] = SPACE;
  }
  return text;
}
