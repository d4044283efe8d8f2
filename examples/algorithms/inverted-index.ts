/**
 * Which documents have a word, for each word: documents are counted in blocks, the counts added
 * up to places, documents put in their places.
 *
 * Work O(words of all documents + blocks × different words), span O(words of a block + blocks + different
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
import {
  add,
  addUpBlocks,
  blocksOf,
  itemsOf,
  type Numbers,
  tableLength,
  tableOf,
  Workspace,
} from "./support/workspace.js";

/** A block has so many documents at least: tables of all words are made for each, so there are few. */
const leastIn = (documents: number): number => Math.max(16, Math.ceil(documents / 32));

function documentsOf(block: number, { offsets }: Documents): Range {
  return itemsOf(block, offsets.length - 1, leastIn(offsets.length - 1));
}

/** Of each block how many of its documents have each word. One more word is in none, so its place is where all end. */
const kindsOf = ({ vocabulary }: Documents): number => vocabulary + 1;

const countWords = task(function countWords(block: number, corpus: Documents, tables: Numbers): void {
  countDocuments(corpus, documentsOf(block, corpus), tableOf(block, kindsOf(corpus), tables).fill(0));
});

const placeBlock = task(function placeBlock(
  block: number,
  corpus: Documents,
  tables: Numbers,
  offsets: Numbers,
  documents: Numbers,
): void {
  const next = tableOf(block, kindsOf(corpus), tables);
  for (let word = 0; word < next.length; word++) (next[word] as number) += offsets.values[word] as number;
  placeDocuments(corpus, documentsOf(block, corpus), next, documents.values);
});

/** The index of some documents. */
export async function invertedIndex(
  corpus: Documents,
  options: ParallelOptions = {},
  cancel?: Cancel,
): Promise<InvertedIndex> {
  using space = new Workspace();
  const count = corpus.offsets.length - 1;
  const blocks = blocksOf(count, leastIn(count));
  const kinds = kindsOf(corpus);
  const tables = space.makeToFill("uint32", tableLength(kinds) * blocks);
  await parallel.for(0, blocks, countWords, { ...options, args: [corpus, tables] }, cancel);
  const adding = { ...options, type: "uint32", args: [tableLength(kinds), tables] } as const;
  using totals = await parallel.tabulate(kinds, addUpBlocks, adding, cancel);
  const sums = { ...options, inclusive: false };
  const offsets = space.keep(await parallel.scan(totals, { identity: 0, combine: add }, sums, cancel));
  const documents = space.makeToFill("uint32", offsets.values.at(-1) as number);
  await parallel.for(0, blocks, placeBlock, { ...options, args: [corpus, tables, offsets, documents] }, cancel);
  return { offsets: space.give(offsets), documents: space.give(documents) };
}
