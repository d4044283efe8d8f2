/** Which documents have a word, for each word, on one thread. */
import type { Numbers } from "../support/workspace.js";

/** Document d is `words[offsets[d]]` up to the one before `words[offsets[d + 1]]`: numbers below `vocabulary`. */
export interface Documents {
  readonly vocabulary: number;
  readonly offsets: Numbers;
  readonly words: Numbers;
}

/** Word w is in `documents[offsets[w]]` up to the one before `documents[offsets[w + 1]]`, ascending. */
export interface InvertedIndex<Array = Numbers> {
  readonly offsets: Array;
  readonly documents: Array;
}

/** Some documents, from one up to the one before another. */
export interface Range {
  readonly from: number;
  readonly end: number;
}

/**
 * Adds to `counts` in how many documents of a range each word is. Two loops, here and below, in place of one that
 * calls back: engines do not inline what is called from one place with two functions in turn.
 */
export function countDocuments(corpus: Documents, { from, end }: Range, counts: Uint32Array): void {
  const [offsets, words] = [corpus.offsets.values, corpus.words.values];
  const last = new Int32Array(corpus.vocabulary).fill(-1);
  for (let document = from, i = offsets[from] as number; document < end; document++) {
    for (const behind = offsets[document + 1] as number; i < behind; i++) {
      const word = words[i] as number;
      if (last[word] === document) continue;
      last[word] = document;
      (counts[word] as number)++;
    }
  }
}

/** Puts each document of a range in the next places of its words. */
export function placeDocuments(corpus: Documents, { from, end }: Range, next: Uint32Array, placed: Uint32Array): void {
  const [offsets, words] = [corpus.offsets.values, corpus.words.values];
  const last = new Int32Array(corpus.vocabulary).fill(-1);
  for (let document = from, i = offsets[from] as number; document < end; document++) {
    for (const behind = offsets[document + 1] as number; i < behind; i++) {
      const word = words[i] as number;
      if (last[word] === document) continue;
      last[word] = document;
      placed[(next[word] as number)++] = document;
    }
  }
}

/** The index of some documents. */
export function sequentialInvertedIndex(corpus: Documents): InvertedIndex<Uint32Array> {
  const { vocabulary } = corpus;
  const all = { from: 0, end: corpus.offsets.length - 1 };
  const offsets = new Uint32Array(vocabulary + 1);
  countDocuments(corpus, all, offsets.subarray(1));
  for (let word = 1; word <= vocabulary; word++) (offsets[word] as number) += offsets[word - 1] as number;
  const documents = new Uint32Array(offsets[vocabulary] as number);
  placeDocuments(corpus, all, offsets.slice(), documents);
  return { offsets, documents };
}
