/**
 * How often each word comes in a text: the text in halves, these in halves, and so on; the
 * words of two halves are put together. Words are known by where they stand in the text, and
 * become strings at the very end.
 *
 * Work O(n + pieces × words), span O(n / pieces + words × log pieces). Repeatable.
 */
import { availableParallelism } from "node:os";

import { task, type Task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { randomBelow } from "./random.js";
import { COLUMNS, COUNT, FIRST, LENGTH, SPACE, Words } from "./word-table.js";

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
/** Words of a part of a text, column by column as `Words` has them. */
const countWords: Task<[text: Text, from: number, to: number, leastBytes: number], Uint32Array> = task(
  "countWords",
  (text, from, to, leastBytes): Uint32Array => wordsOf(text, from, to, leastBytes).columns(),
);

function wordsOf(text: Text, from: number, to: number, leastBytes: number): Words {
  const words = new Words(text.values);
  if (to - from <= leastBytes) {
    words.addText(from, to);
    return words;
  }
  const middle = Math.floor((from + to) / 2);
  const halves = parallel.join(
    [countWords, [text, from, middle, leastBytes]],
    [countWords, [text, middle, to, leastBytes]],
  );
  for (const half of halves) words.addAll(half);
  return words;
}

/** Words and how often they come. */
function countsOf(text: Text, columns: Uint32Array): Counts {
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
export async function wordCounts(text: Text, options: WordCountOptions = {}, cancel?: Cancel): Promise<Counts> {
  const pieces = PIECES_A_CORE * availableParallelism();
  const { leastBytes = Math.max(LEAST_BYTES, Math.ceil(text.length / pieces)), ...others } = options;
  const args: [Text, number, number, number] = [text, 0, text.length, Math.max(1, leastBytes)];
  return countsOf(text, await parallel.run(countWords, args, others, cancel));
}

/** The same on one thread. */
export function sequentialWordCounts(text: Text): Counts {
  const words = new Words(text.values);
  words.addText(0, text.length);
  return countsOf(text, words.columns());
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
