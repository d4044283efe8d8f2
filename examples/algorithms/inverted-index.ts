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

import {
  countDocuments,
  type Documents,
  type InvertedIndex,
  placeDocuments,
  type Range,
} from "./in-turn/inverted-index.js";
import { add, blocksOf, itemsOf, type Numbers, Workspace } from "./support/workspace.js";

/** A block has so many documents at least: tables of all words are made for each, so there are few. */
const leastIn = (documents: number): number => Math.max(16, Math.ceil(documents / 16));

function documentsOf(block: number, { offsets }: Documents): Range {
  return itemsOf(block, offsets.length - 1, leastIn(offsets.length - 1));
}

/** `counts[word × blocks + block]`: in the order in which places are given. */
const countWords = task(function countWords(block: number, blocks: number, corpus: Documents, counts: Numbers): void {
  const inBlock = new Uint32Array(corpus.vocabulary);
  countDocuments(corpus, documentsOf(block, corpus), inBlock);
  for (let word = 0; word < inBlock.length; word++) counts.values[word * blocks + block] = inBlock[word] as number;
});

const placeBlock = task(function placeBlock(
  block: number,
  blocks: number,
  corpus: Documents,
  places: Numbers,
  documents: Numbers,
): void {
  const next = new Uint32Array(corpus.vocabulary);
  for (let word = 0; word < next.length; word++) next[word] = places.values[word * blocks + block] as number;
  placeDocuments(corpus, documentsOf(block, corpus), next, documents.values);
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
  const blocks = blocksOf(count, leastIn(count));
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
