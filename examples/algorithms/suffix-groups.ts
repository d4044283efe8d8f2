/**
 * Suffixes of a text that are equal as far as they are sorted, where they are few: they are compared with each
 * other as far as some more characters, which mostly tells them apart.
 *
 * Work O(n), as groups and characters are few; span O(1) a block.
 */
import { task } from "skein";
import type { SharedArray } from "skein/shared";

/** So many at most are compared with each other, each two as far as so many characters. */
const MOST_COMPARED = 16;
const MOST_CHARACTERS = 128;
/** Places whose groups of equal ones are looked at together. */
export const GROUPS_BLOCK = 1024;

/** Less than 0, 0 or more, as two suffixes differ from a character on; the end of the text is less than any. */
function compared(bytes: Uint8Array, a: number, b: number, from: number): number {
  const end = Math.min(from + MOST_CHARACTERS, bytes.length - Math.max(a, b));
  for (let i = from; i < end; i++) {
    const more = (bytes[a + i] as number) - (bytes[b + i] as number);
    if (more !== 0) return more;
  }
  // Both have ended, or they are equal as far as this looks.
  return end < from + MOST_CHARACTERS ? b - a : 0;
}

/** Puts few that are equal in order, in place, and says where those begin that still are; the first one is in place `first`. */
function orderFew(bytes: Uint8Array, few: Uint32Array, first: number, from: number, firsts: Uint32Array): void {
  for (let i = 1; i < few.length; i++) {
    const suffix = few[i] as number;
    let place = i;
    for (; place > 0 && compared(bytes, few[place - 1] as number, suffix, from) > 0; place--)
      few[place] = few[place - 1] as number;
    few[place] = suffix;
  }
  firsts[first] = first;
  for (let i = 1; i < few.length; i++) {
    const isOther = compared(bytes, few[i - 1] as number, few[i] as number, from) !== 0;
    firsts[first + i] = isOther ? first + i : (firsts[first + i - 1] as number);
  }
}

/** Looks at the groups of equal ones that begin in a block of places. */
export const orderGroups = task(function orderGroups(
  block: number,
  text: SharedArray<"uint8">,
  sorted: number,
  all: SharedArray<"uint32">,
  firsts: SharedArray<"uint32">,
  finer: SharedArray<"uint32">,
  ranks: SharedArray<"uint32">,
): void {
  const before = firsts.values;
  const end = Math.min(before.length, (block + 1) * GROUPS_BLOCK);
  let first = block * GROUPS_BLOCK;
  // One that began before belongs to another block.
  while (first < end && before[first] !== first) first++;
  while (first < end) {
    let next = first + 1;
    while (next < before.length && before[next] === first) next++;
    if (next - first > MOST_COMPARED) finer.values.fill(first, first, next);
    else if (next === first + 1) finer.values[first] = first;
    else {
      const few = all.values.subarray(first, next);
      orderFew(text.values, few, first, sorted, finer.values);
      for (let i = 0; i < few.length; i++) ranks.values[few[i] as number] = finer.values[first + i] as number;
    }
    first = next;
  }
});
