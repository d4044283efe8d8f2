/**
 * The suffixes of a text in order: sorted by their first characters, then by twice as many, and
 * so on. What follows the characters that are sorted by is a suffix, too, with a known rank; so
 * a step sorts pairs of ranks, and counts how many different ones there are up to each.
 *
 * Work O(n) a step, span O(log n) a step; O(log n) steps, few where little comes twice. Repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { randomBelow } from "./random.js";
import { add, Workspace } from "./workspace.js";

type Text = SharedArray<"uint8">;
type Indexes = SharedArray<"uint32">;
type Keys = SharedArray<"float64">;

/** The first characters of a suffix as one number; the end of the text is less than any. */
const firstCharacters = task(function firstCharacters(
  suffix: number,
  text: Text,
  codes: readonly number[],
  base: number,
  count: number,
): number {
  const bytes = text.values;
  let key = 0;
  for (let i = suffix; i < suffix + count; i++)
    key = key * base + (i < bytes.length ? (codes[bytes[i] as number] as number) : 0);
  return key;
});

/** The bytes of a text, numbered from 1 on, so that as many as can fit in one exact number. */
async function codesOf(
  text: Text,
  options: ParallelOptions,
  cancel?: Cancel,
): Promise<{ codes: number[]; base: number }> {
  const counts = await parallel.histogram(text, { ...options, low: 0, high: 256, bins: 256 }, cancel);
  let base = 1;
  return { codes: Array.from(counts, (count) => (count === 0 ? 0 : base++)), base };
}

/** The rank of a suffix, and that of what follows its sorted bytes, as one number. */
const pairOfRanks = task(function pairOfRanks(suffix: number, ranks: Indexes, sorted: number): number {
  const { length } = ranks;
  const following = suffix + sorted < length ? (ranks.values[suffix + sorted] as number) + 1 : 0;
  return (ranks.values[suffix] as number) * (length + 1) + following;
});

const isOther = task(function isOther(place: number, order: Indexes, keys: Keys): number {
  if (place === 0) return 0;
  return keys.values[order.values[place] as number] === keys.values[order.values[place - 1] as number] ? 0 : 1;
});

const setRank = task(function setRank(place: number, order: Indexes, others: Indexes, ranks: Indexes): void {
  ranks.values[order.values[place] as number] = others.values[place] as number;
});

/** Where the suffixes begin, in their order by bytes. **Throws** a `RangeError` for texts of 64 MB and more. */
export async function suffixArray(text: Text, options: ParallelOptions = {}, cancel?: Cancel): Promise<Indexes> {
  const { length } = text;
  if (length >= 1 << 26)
    throw new RangeError(
      `a text of less than 64 MB is expected, as pairs of ranks must be exact, but one of ${length} bytes came`,
    );
  const ranks = new SharedArray({ type: "uint32", length });
  using _ = ranks;
  const { codes, base } = await codesOf(text, options, cancel);
  const first = Math.max(1, Math.floor(Math.log(Number.MAX_SAFE_INTEGER) / Math.log(base)));
  let keys: Keys = await parallel.tabulate(
    length,
    firstCharacters,
    { ...options, args: [text, codes, base, first] },
    cancel,
  );
  for (let sorted = first; ; sorted *= 2) {
    using space = new Workspace();
    space.keep(keys);
    const order = space.keep(await parallel.argsort(keys, options, cancel));
    const are = space.keep(
      await parallel.tabulate(length, isOther, { ...options, type: "uint32", args: [order, keys] }, cancel),
    );
    const others = space.keep(await parallel.scan(are, { identity: 0, combine: add }, options, cancel));
    if (length === 0 || others.values[length - 1] === length - 1) return space.give(order);
    await parallel.for(0, length, setRank, { ...options, args: [order, others, ranks] }, cancel);
    keys = await parallel.tabulate(length, pairOfRanks, { ...options, args: [ranks, sorted] }, cancel);
  }
}

/** A text of four letters, in which some passages come again. */
export function input(size: number, seed: number): Text {
  const below = randomBelow(seed);
  const text = new SharedArray({ type: "uint8", length: size });
  for (let at = 0; at < size;) {
    if (at > 100 && below(500) === 0) {
      const from = below(at - 100);
      text.values.copyWithin(at, from, Math.min(from + 100, from + size - at));
      at += 100;
    } else text.values[at++] = "acgt".charCodeAt(below(4));
  }
  return text;
}
