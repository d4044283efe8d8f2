/**
 * The suffixes of a text in order, on one thread, in linear time: by induced sorting. A suffix is
 * of type S if it is less than the next one, else of type L. Once those of type S that follow one
 * of type L are in order (the marked ones), each other one follows from the one behind it.
 */
import type { SharedArray } from "skein/shared";

/** Where the suffixes begin, in their order by bytes. */
export function sequentialSuffixArray(text: SharedArray<"uint8">): Int32Array {
  const symbols = new Int32Array(text.length + 1);
  for (let i = 0; i < text.length; i++) symbols[i] = (text.values[i] as number) + 1;
  return orderOf(symbols, 257).subarray(1);
}

/** Of symbols from 0 on, of which the last one alone is 0. */
function orderOf(symbols: Int32Array, kinds: number): Int32Array {
  const { length } = symbols;
  const isS = new Uint8Array(length);
  isS[length - 1] = 1;
  for (let i = length - 2; i >= 0; i--) {
    const own = symbols[i] as number;
    const next = symbols[i + 1] as number;
    isS[i] = own < next || (own === next && isS[i + 1] === 1) ? 1 : 0;
  }
  const marked: number[] = [];
  for (let i = 1; i < length; i++) if (isS[i] === 1 && isS[i - 1] === 0) marked.push(i);
  const ends = new Int32Array(kinds);
  for (const symbol of symbols) (ends[symbol] as number)++;
  for (let symbol = 1; symbol < kinds; symbol++) (ends[symbol] as number) += ends[symbol - 1] as number;

  // In any order at first: that is enough to sort what is between marks.
  const order = new Int32Array(length);
  induce(symbols, isS, ends, marked, order);
  const names = namesOf(symbols, isS, marked, order);
  if (names.kinds < marked.length) {
    const inOrder = orderOf(names.ofMarked, names.kinds);
    induce(
      symbols,
      isS,
      ends,
      Array.from(inOrder, (index) => marked[index] as number),
      order,
    );
  } else {
    const byName: number[] = [];
    for (const [index, name] of names.ofMarked.entries()) byName[name] = marked[index] as number;
    induce(symbols, isS, ends, byName, order);
  }
  return order;
}

/** Puts marked suffixes at the ends of their symbols' ranges, then each of type L, then each of type S, before it. */
function induce(
  symbols: Int32Array,
  isS: Uint8Array,
  ends: Int32Array,
  marked: readonly number[],
  order: Int32Array,
): void {
  order.fill(-1);
  let next = ends.slice();
  for (let i = marked.length - 1; i >= 0; i--) {
    const suffix = marked[i] as number;
    order[--(next[symbols[suffix] as number] as number)] = suffix;
  }
  // A range begins where the one before it ends.
  next = new Int32Array(ends.length);
  next.set(ends.subarray(0, -1), 1);
  for (let place = 0; place < order.length; place++) {
    const suffix = (order[place] as number) - 1;
    if (suffix >= 0 && isS[suffix] === 0) order[(next[symbols[suffix] as number] as number)++] = suffix;
  }
  next = ends.slice();
  for (let place = order.length - 1; place >= 0; place--) {
    const suffix = (order[place] as number) - 1;
    if (suffix >= 0 && isS[suffix] === 1) order[--(next[symbols[suffix] as number] as number)] = suffix;
  }
}

/** Numbers what is between marks by its order; what is equal has the same number. */
function namesOf(
  symbols: Int32Array,
  isS: Uint8Array,
  marked: readonly number[],
  order: Int32Array,
): { readonly ofMarked: Int32Array; readonly kinds: number } {
  const isMarked = (suffix: number): boolean => suffix > 0 && isS[suffix] === 1 && isS[suffix - 1] === 0;
  const names = new Int32Array(symbols.length);
  let name = -1;
  let before = -1;
  for (const suffix of order) {
    if (!isMarked(suffix)) continue;
    if (before === -1 || !areSame(symbols, isMarked, before, suffix)) name++;
    names[suffix] = name;
    before = suffix;
  }
  return { ofMarked: Int32Array.from(marked, (suffix) => names[suffix] as number), kinds: name + 1 };
}

function areSame(symbols: Int32Array, isMarked: (suffix: number) => boolean, a: number, b: number): boolean {
  for (let i = 0; ; i++) {
    if (symbols[a + i] !== symbols[b + i]) return false;
    if (i === 0) continue;
    const endsA = isMarked(a + i);
    const endsB = isMarked(b + i);
    if (endsA || endsB) return endsA && endsB;
  }
}
