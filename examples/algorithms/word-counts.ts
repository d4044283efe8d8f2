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

import { type Counts, countsOf, type Text, Words } from "./in-turn/word-counts.js";

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

/** How often each word comes in a text of UTF-8. Words are what stands between white space of ASCII. */
export async function wordCounts(text: Text, options: WordCountOptions = {}, cancel?: Cancel): Promise<Counts> {
  const pieces = PIECES_A_CORE * availableParallelism();
  const { leastBytes = Math.max(LEAST_BYTES, Math.ceil(text.length / pieces)), ...others } = options;
  const args: [Text, number, number, number] = [text, 0, text.length, Math.max(1, leastBytes)];
  return countsOf(text, await parallel.run(countWords, args, others, cancel));
}
