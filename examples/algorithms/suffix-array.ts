/**
 * The suffixes of a text in order: sorted by their first characters, then by twice as many, and
 * so on. What follows the characters that are sorted by is a suffix, too, with a known rank: the
 * first place of those that are equal to it so far. So a step looks at those alone that are equal,
 * and sorts them by the rank of what follows.
 *
 * Work O(n) for the first characters, then O(n + those that are equal × log n) a step; O(log n)
 * steps, few where little comes twice. Span O(most that are equal × log n) a step. Repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import type { SharedArray } from "skein/shared";

import { LONGEST, refineFrom, type SuffixViews } from "./in-turn/equal-suffixes.js";
import { blocksOf, itemsOf, larger, type Numbers, Workspace } from "./support/workspace.js";

type Text = SharedArray<"uint8">;
/** As `SuffixViews` has them. */
type Suffixes = Readonly<Record<keyof SuffixViews, Numbers>>;

/** The first characters of a suffix as one number; the end of the text is less than any. */
const firstCharacters = task(
  "firstCharacters",
  (suffix: number, text: Text, codes: readonly number[], base: number, count: number): number => {
    const bytes = text.values;
    let key = 0;
    for (let i = suffix; i < suffix + count; i++)
      key = key * base + (i < bytes.length ? (codes[bytes[i] as number] as number) : 0);
    return key;
  },
);

/** The place of one that differs from the one before it, and 0 of one that does not. */
const placeIfOther = task(function placeIfOther(place: number, all: Numbers, keys: SharedArray<"float64">): number {
  const [own, before] = [all.values[place] as number, all.values[place - 1] ?? -1];
  return keys.values[own] === keys.values[before] ? 0 : place;
});

const isEqualToOther = task(function isEqualToOther(first: number, place: number): boolean {
  return first !== place;
});

const rankOne = task(function rankOne(place: number, { all, ranks, firsts }: Suffixes): void {
  ranks.values[all.values[place] as number] = (firsts.values[place] as number) + 1;
});

/** Sorts those that are equal, where they begin in a block of places. */
const refine = task(function refine(block: number, { all, ranks, firsts, finer }: Suffixes, sorted: number): void {
  const { from, end } = itemsOf(block, all.length);
  const views = { all: all.values, ranks: ranks.values, firsts: firsts.values, finer: finer.values };
  refineFrom(from, end, views, sorted);
});

/** Where the suffixes begin, in their order by bytes. **Throws** a `RangeError` for texts of 64 MB and more. */
export async function suffixArray(text: Text, options: ParallelOptions = {}, cancel?: Cancel): Promise<Numbers> {
  const { length } = text;
  if (length >= LONGEST)
    throw new RangeError(
      `a text of less than 64 MB is expected, as pairs of ranks must be exact, but one of ${length} bytes came`,
    );
  using space = new Workspace();
  // Bytes that come, numbered from 1 on.
  const counts = await parallel.histogram(text, { ...options, low: 0, high: 256, bins: 256 }, cancel);
  let base = 1;
  const codes = Array.from(counts, (count) => (count === 0 ? 0 : base++));
  // As many characters as are exact in a number, and mostly differ.
  const bits = Math.log2(Math.max(2, base));
  let sorted = Math.max(1, Math.min(Math.floor(52 / bits), Math.ceil(Math.log2(length) / bits) + 2));
  const reading = { ...options, args: [text, codes, base, sorted] as const };
  const keys = space.keep(await parallel.tabulate(length, firstCharacters, reading, cancel));
  const all = space.keep(await parallel.argsort(keys, options, cancel));
  const others = { ...options, type: "uint32", args: [all, keys] } as const;
  const places = space.keep(await parallel.tabulate(length, placeIfOther, others, cancel));
  let firsts = space.keep(await parallel.scan(places, { identity: 0, combine: larger }, options, cancel));
  let finer = places;
  const ranks = space.makeToFill("uint32", length);
  for (; ; sorted *= 2) {
    const suffixes = { all, ranks, firsts, finer };
    await parallel.for(0, length, rankOne, { ...options, args: [suffixes] }, cancel);
    if ((await parallel.find(firsts, isEqualToOther, options, cancel)) === -1) return space.give(all);
    await parallel.for(0, blocksOf(length), refine, { ...options, args: [suffixes, sorted] }, cancel);
    [firsts, finer] = [finer, firsts];
  }
}
