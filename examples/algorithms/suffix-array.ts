/**
 * The suffixes of a text in order: sorted by their first characters, then by twice as many, and
 * so on. What follows the characters that are sorted by is a suffix, too, with a known rank; so
 * a step sorts pairs of ranks. The rank of a suffix is the first place of those that are equal
 * to it so far, and where there is one of them only that is its place for good: a step has to
 * do with the others alone. Few that are equal after the first step are compared with each other
 * as far as some characters, which mostly tells them apart.
 *
 * Work O(n) a step, span O(log n) a step; O(log n) steps, all but the first of few suffixes where
 * little comes twice. Repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import { SharedArray } from "skein/shared";

import { randomBelow } from "./random.js";
import { GROUPS_BLOCK, orderGroups } from "./suffix-groups.js";
import { itself, Workspace } from "./workspace.js";

type Text = SharedArray<"uint8">;
type Indexes = SharedArray<"uint32">;
type Keys = SharedArray<"float64">;

/** Suffixes whose first characters are put together one from the other. */
const BLOCK = 4096;

/** The first characters of each suffix of a block as one number; the end of the text is less than any. */
const firstCharacters = task(function firstCharacters(
  block: number,
  text: Text,
  codes: readonly number[],
  base: number,
  count: number,
  keys: Keys,
): void {
  const bytes = text.values;
  const end = Math.min(bytes.length, (block + 1) * BLOCK);
  const unit = base ** (count - 1);
  // From the end on: a character comes in front, and the last one is no more among them.
  for (let i = end + count - 1, key = 0; i >= block * BLOCK; i--) {
    key = Math.floor(key / base) + unit * (i < bytes.length ? (codes[bytes[i] as number] as number) : 0);
    if (i < end) keys.values[i] = key;
  }
});

const larger = task(function larger(a: number, b: number): number {
  return a > b ? a : b;
});

/** The place of one that differs from the one before it, and 0 of one that does not. */
const placeIfOther = task(function placeIfOther(i: number, order: Indexes, keys: Keys, places: Indexes): number {
  if (i > 0 && keys.values[order.values[i] as number] === keys.values[order.values[i - 1] as number]) return 0;
  return places.values[i] as number;
});

/** Puts a suffix in its place, and says where those begin that are equal to it. */
const settle = task(function settle(
  i: number,
  order: Indexes,
  suffixes: Indexes,
  places: Indexes,
  firsts: Indexes,
  all: Indexes,
  ranks: Indexes,
): void {
  const suffix = suffixes.values[order.values[i] as number] as number;
  all.values[places.values[i] as number] = suffix;
  ranks.values[suffix] = firsts.values[i] as number;
});

/** Whether there are others equal to the suffix in a place. */
const isOpen = task(function isOpen(place: number, i: number, places: Indexes, firsts: Indexes): boolean {
  const first = firsts.values[i];
  return place !== first || (i + 1 < places.values.length && firsts.values[i + 1] === first);
});

const suffixAt = task(function suffixAt(i: number, places: Indexes, all: Indexes): number {
  return all.values[places.values[i] as number] as number;
});

/** The rank of a suffix, and that of what follows its sorted bytes, as one number. */
const pairOfRanks = task(function pairOfRanks(i: number, suffixes: Indexes, ranks: Indexes, sorted: number): number {
  const { values } = ranks;
  const suffix = suffixes.values[i] as number;
  const following = suffix + sorted < values.length ? (values[suffix + sorted] as number) + 1 : 0;
  return (values[suffix] as number) * (values.length + 1) + following;
});

/** Where the suffixes begin, in their order by bytes. **Throws** a `RangeError` for texts of 64 MB and more. */
export async function suffixArray(text: Text, options: ParallelOptions = {}, cancel?: Cancel): Promise<Indexes> {
  const { length } = text;
  if (length >= 1 << 26)
    throw new RangeError(
      `a text of less than 64 MB is expected, as pairs of ranks must be exact, but one of ${length} bytes came`,
    );
  const space = new Workspace();
  using _ = space;
  const ranks = space.makeToFill("uint32", length);
  const all = space.makeToFill("uint32", length);
  // Bytes that come, numbered from 1 on.
  const counts = await parallel.histogram(text, { ...options, low: 0, high: 256, bins: 256 }, cancel);
  let base = 1;
  const codes = Array.from(counts, (count) => (count === 0 ? 0 : base++));
  // As many characters as are exact in a number, and mostly differ.
  const most = Math.floor(Math.log(Number.MAX_SAFE_INTEGER) / Math.log(Math.max(2, base)));
  let sorted = Math.max(1, Math.min(most, Math.ceil(Math.log(length) / Math.log(base)) + 2));
  let keys = space.makeToFill("float64", length);
  const reading = { ...options, args: [text, codes, base, sorted, keys] as const };
  await parallel.for(0, Math.ceil(length / BLOCK), firstCharacters, reading, cancel);
  // Those whose order is not known yet, and the places that they have among themselves.
  let suffixes = space.keep(await parallel.tabulate(length, itself, { ...options, type: "uint32" }, cancel));
  for (let places = suffixes; places.length > 0; sorted *= 2) {
    using step = new Workspace();
    const order = step.keep(await parallel.argsort(keys, options, cancel));
    const others = { ...options, type: "uint32", args: [order, keys, places] } as const;
    const are = step.keep(await parallel.tabulate(places.length, placeIfOther, others, cancel));
    let firsts = step.keep(await parallel.scan(are, { identity: 0, combine: larger }, options, cancel));
    const settling = { ...options, args: [order, suffixes, places, firsts, all, ranks] as const };
    await parallel.for(0, places.length, settle, settling, cancel);
    if (places.length === length) {
      const finer = step.makeToFill("uint32", length);
      const comparing = { ...options, args: [text, sorted, all, firsts, finer, ranks] as const };
      await parallel.for(0, Math.ceil(length / GROUPS_BLOCK), orderGroups, comparing, cancel);
      firsts = finer;
    }
    const open = space.keep(await parallel.filter(places, isOpen, { ...options, args: [places, firsts] }, cancel));
    space.drop(keys, suffixes, places);
    const at = { ...options, type: "uint32", args: [open, all] } as const;
    suffixes = space.keep(await parallel.tabulate(open.length, suffixAt, at, cancel));
    const pairs = { ...options, args: [suffixes, ranks, sorted] as const };
    keys = space.keep(await parallel.tabulate(open.length, pairOfRanks, pairs, cancel));
    places = open;
  }
  return space.give(all);
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
