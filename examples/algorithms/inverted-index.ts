/**
 * Which documents have a word, for each word: documents are counted in blocks, the counts added
 * up to places, documents put in their places.
 *
 * Work O(words of all documents + blocks × different words), span O(words of a block + different
 * words). Repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { randomBelow } from "./random.js";
import { add, blocksOf, itemsOf, type Numbers, Workspace } from "./workspace.js";

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

/** A block has so many documents at least: tables of all words are made for each, so there are few. */
const leastDocuments = (documents: number): number => Math.max(16, Math.ceil(documents / 16));

/** Calls `found` with each different word of each document of a block, or of all. */
function eachWord(corpus: Documents, block: number | "all", found: (word: number, document: number) => void): void {
  const [offsets, words] = [corpus.offsets.values, corpus.words.values];
  const count = offsets.length - 1;
  const { from, end } = block === "all" ? { from: 0, end: count } : itemsOf(block, count, leastDocuments(count));
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

/** `counts[word × blocks + block]`: in the order in which places are given. */
const countWords = task(function countWords(block: number, blocks: number, corpus: Documents, counts: Numbers): void {
  const inBlock = new Uint32Array(corpus.vocabulary);
  eachWord(corpus, block, (word) => (inBlock[word] as number)++);
  for (let word = 0; word < inBlock.length; word++) counts.values[word * blocks + block] = inBlock[word] as number;
});

const placeBlock = task(function placeBlock(
  block: number,
  blocks: number,
  corpus: Documents,
  places: Numbers,
  documents: Numbers,
): void {
  const placed = documents.values;
  const next = new Uint32Array(corpus.vocabulary);
  for (let word = 0; word < next.length; word++) next[word] = places.values[word * blocks + block] as number;
  eachWord(corpus, block, (word, document) => (placed[(next[word] as number)++] = document));
});

const beginOf = task(function beginOf(word: number, blocks: number, places: Numbers): number {
  return places.values[word * blocks] as number;
});

/** The index of some documents. */
export async function invertedIndex(
  corpus: Documents,
  options: ParallelOptions = {},
  cancel?: Cancel,
): Promise<InvertedIndex> {
  using space = new Workspace();
  const { vocabulary } = corpus;
  const count = corpus.offsets.length - 1;
  const blocks = blocksOf(count, leastDocuments(count));
  // One more, which is 0, so that its place is the number of all.
  const counts = space.make("uint32", vocabulary * blocks + 1);
  await parallel.for(0, blocks, countWords, { ...options, args: [blocks, corpus, counts] }, cancel);
  const sums = { ...options, inclusive: false };
  const places = space.keep(await parallel.scan(counts, { identity: 0, combine: add }, sums, cancel));
  const begins = { ...options, type: "uint32", args: [blocks, places] } as const;
  const offsets = space.keep(await parallel.tabulate(vocabulary + 1, beginOf, begins, cancel));
  const documents = space.makeToFill("uint32", places.values.at(-1) as number);
  await parallel.for(0, blocks, placeBlock, { ...options, args: [blocks, corpus, places, documents] }, cancel);
  return { offsets: space.give(offsets), documents: space.give(documents) };
}

/** The same on one thread. */
export function sequentialInvertedIndex(corpus: Documents): InvertedIndex<Uint32Array> {
  const { vocabulary } = corpus;
  const offsets = new Uint32Array(vocabulary + 1);
  eachWord(corpus, "all", (word) => (offsets[word + 1] as number)++);
  for (let word = 1; word <= vocabulary; word++) (offsets[word] as number) += offsets[word - 1] as number;
  const next = offsets.slice();
  const documents = new Uint32Array(offsets[vocabulary] as number);
  eachWord(corpus, "all", (word, document) => (documents[(next[word] as number)++] = document));
  return { offsets, documents };
}

/** So many words in documents of 50 to 450, words that come the more often the lower their number is. */
export function input(size: number, seed: number): Documents {
  const below = randomBelow(seed);
  const vocabulary = 1 + Math.min(20_000, Math.floor(size / 10));
  const words = new SharedArray({ type: "uint32", length: size });
  for (let i = 0; i < size; i++) words.values[i] = Math.floor(vocabulary ** (below(2 ** 32) / 2 ** 32)) - 1;
  const ends = [0];
  while ((ends.at(-1) as number) < size) ends.push(Math.min(size, (ends.at(-1) as number) + 50 + below(400)));
  return { vocabulary, words, offsets: SharedArray.from("uint32", ends) };
}
