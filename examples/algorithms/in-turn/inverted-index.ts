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

/** Calls `found` with each different word of each of some documents. */
export function eachWord(
  corpus: Documents,
  { from, end }: { readonly from: number; readonly end: number },
  found: (word: number, document: number) => void,
): void {
  const [offsets, words] = [corpus.offsets.values, corpus.words.values];
  const last = new Int32Array(corpus.vocabulary).fill(-1);
  for (let document = from; document < end; document++) {
    const behind = offsets[document + 1] as number;
    for (let i = offsets[document] as number; i < behind; i++) {
      const word = words[i] as number;
      if (last[word] === document) continue;
      last[word] = document;
      found(word, document);
    }
  }
}

/** The index of some documents. */
export function sequentialInvertedIndex(corpus: Documents): InvertedIndex<Uint32Array> {
  const { vocabulary } = corpus;
  const all = { from: 0, end: corpus.offsets.length - 1 };
  const offsets = new Uint32Array(vocabulary + 1);
  eachWord(corpus, all, (word) => (offsets[word + 1] as number)++);
  for (let word = 1; word <= vocabulary; word++) (offsets[word] as number) += offsets[word - 1] as number;
  const next = offsets.slice();
  const documents = new Uint32Array(offsets[vocabulary] as number);
  eachWord(corpus, all, (word, document) => (documents[(next[word] as number)++] = document));
  return { offsets, documents };
}
