/** Suffixes that are equal so far, in some places of their order, by what follows: the part of one thread. */
import { parallel } from "skein/parallel";

/** Texts are shorter, so that a rank and a suffix are exact as one number. */
export const LONGEST = 2 ** 26;
/** So many are sorted by insertion. */
const FEW = 64;

/** What is known of suffixes, as far as they are sorted. */
export interface SuffixViews {
  /** They themselves, in order so far. */
  readonly all: Uint32Array;
  /** Of each the first place of those that are equal to it, counted from 1: what is behind the end has none. */
  readonly ranks: Uint32Array;
  /** For each place the first one of those that are equal. */
  readonly firsts: Uint32Array;
  /** The same after this step. */
  readonly finer: Uint32Array;
}

/** Refines what is equal, where that begins in one of some places. */
export function refineFrom(from: number, end: number, views: SuffixViews, sorted: number): void {
  const { all, ranks, firsts, finer } = views;
  let first = from;
  // What began before belongs to others.
  while (first < end && firsts[first] !== first) first++;
  for (let next = first; first < end; first = next) {
    do next++;
    while (next < all.length && firsts[next] === first);
    if (next - first > FEW) sortMany(all.subarray(first, next), ranks, sorted);
    else insert(all, first, next, ranks, sorted);
    finer[first] = first;
    for (let i = first + 1; i < next; i++) {
      const isEqual = ranks[(all[i] as number) + sorted] === ranks[(all[i - 1] as number) + sorted];
      finer[i] = isEqual ? (finer[i - 1] as number) : i;
    }
  }
}

/** Sorts by the rank of what follows. Of very many others help: those of the pool whose thread this is, or of the program's. */
function sortMany(suffixes: Uint32Array, ranks: Uint32Array, sorted: number): void {
  const keys = new Float64Array(suffixes.length);
  for (const [i, suffix] of suffixes.entries()) keys[i] = (ranks[suffix + sorted] ?? 0) * LONGEST + suffix;
  const inOrder = parallel.sortSync(keys);
  for (let i = 0; i < keys.length; i++) suffixes[i] = (inOrder[i] as number) % LONGEST;
}

/** The same of those from a place on, without memory. */
function insert(all: Uint32Array, first: number, end: number, ranks: Uint32Array, sorted: number): void {
  for (let i = first + 1; i < end; i++) {
    const suffix = all[i] as number;
    const rank = ranks[suffix + sorted] ?? 0;
    let place = i;
    for (; place > first && (ranks[(all[place - 1] as number) + sorted] ?? 0) > rank; place--)
      all[place] = all[place - 1] as number;
    all[place] = suffix;
  }
}
