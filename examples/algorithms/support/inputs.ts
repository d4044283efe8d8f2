/** Inputs of the algorithms, the same ones for the same seed. */
import { SharedArray } from "skein/shared";

import type { Points as PlanePoints } from "../in-turn/convex-hull.js";
import type { Complex } from "../in-turn/fourier-transform.js";
import type { KeyedValues } from "../in-turn/integer-sort.js";
import type { Documents } from "../in-turn/inverted-index.js";
import type { Matrix } from "../in-turn/matrix-multiply.js";
import type { Bodies } from "../in-turn/n-body.js";
import type { Points } from "../in-turn/nearest-neighbours.js";
import { mixed, randomBelow } from "./random.js";

type Text = SharedArray<"uint8">;

/** Keys below a quarter of their number, each with its index. */
export function keysWithIndexes(size: number, seed: number): KeyedValues {
  const below = randomBelow(seed);
  const keys = new SharedArray({ type: "uint32", length: size });
  const values = new SharedArray({ type: "uint32", length: size });
  for (let i = 0; i < size; i++) {
    keys.values[i] = below(Math.ceil(size / 4));
    values.values[i] = i;
  }
  return { keys, values };
}

/** So many words in documents of 50 to 450, words that come the more often the lower their number is. */
export function documents(size: number, seed: number): Documents {
  const below = randomBelow(seed);
  const vocabulary = 1 + Math.min(20_000, Math.floor(size / 10));
  const words = new SharedArray({ type: "uint32", length: size });
  for (let i = 0; i < size; i++) words.values[i] = Math.floor(vocabulary ** (below(2 ** 32) / 2 ** 32)) - 1;
  const ends = [0];
  while ((ends.at(-1) as number) < size) ends.push(Math.min(size, (ends.at(-1) as number) + 50 + below(400)));
  return { vocabulary, words, offsets: SharedArray.from("uint32", ends) };
}

/** Two square matrices of whole numbers. */
export function matrices(size: number, seed: number): { readonly a: Matrix; readonly b: Matrix } {
  const below = randomBelow(seed);
  const matrix = (): Matrix => {
    const values = new SharedArray({ type: "float64", length: size * size });
    for (let i = 0; i < values.length; i++) values.values[i] = below(1000) - 500;
    return { rows: size, columns: size, values };
  };
  return { a: matrix(), b: matrix() };
}

/** Bodies in a cube. */
export function bodies(size: number, seed: number): Bodies {
  const below = randomBelow(seed);
  const made = new SharedArray({ type: "float64", length: 4 * size });
  for (let i = 0; i < made.length; i++) made.values[i] = below(1e6) / 1e6;
  return made;
}

/** Points in the unit square. */
export function pointsInSquare(size: number, seed: number): Points {
  const below = randomBelow(seed);
  const column = (): SharedArray<"float64"> => {
    const made = new SharedArray({ type: "float64", length: size });
    for (let i = 0; i < size; i++) made.values[i] = below(2 ** 32) / 2 ** 32;
    return made;
  };
  return { x: column(), y: column() };
}

/** A quarter as many different numbers, of all 32 bits. */
export function repeatedNumbers(size: number, seed: number): SharedArray<"uint32"> {
  const below = randomBelow(seed);
  const numbers = new SharedArray({ type: "uint32", length: size });
  for (let i = 0; i < size; i++) numbers.values[i] = mixed(below(Math.ceil(size / 4)));
  return numbers;
}

/** So many bytes of words that come the more often the lower their number is. */
export function textOfWords(size: number, seed: number): Text {
  const below = randomBelow(seed);
  const text = new SharedArray({ type: "uint8", length: size });
  for (let at = 0; at < size;) {
    let number = Math.floor(20_000 ** (below(2 ** 32) / 2 ** 32));
    for (; number > 0 && at < size; number = Math.floor(number / 8)) {
      text.values[at++] = "eantirod".charCodeAt(number % 8);
      if (at < size) text.values[at++] = "sluchkmp".charCodeAt(number % 7);
    }
    if (at < size) text.values[at++] = " ".charCodeAt(0);
  }
  return text;
}

/** Points in a disc. */
export function pointsInDisc(size: number, seed: number): PlanePoints {
  const below = randomBelow(seed);
  const radius = 1 << 23;
  const x = new SharedArray({ type: "int32", length: size });
  const y = new SharedArray({ type: "int32", length: size });
  for (let i = 0; i < size;) {
    const [toRight, up] = [below(2 * radius) - radius, below(2 * radius) - radius];
    if (Math.hypot(toRight, up) > radius) continue;
    x.values[i] = toRight;
    y.values[i++] = up;
  }
  return { x, y };
}

/** As many numbers as the greatest power of two that is not more than `size`. */
export function complexNumbers(size: number, seed: number): Complex {
  const below = randomBelow(seed);
  const length = 2 ** Math.floor(Math.log2(Math.max(1, size)));
  const part = (): SharedArray<"float64"> => {
    const numbers = new SharedArray({ type: "float64", length });
    for (let i = 0; i < length; i++) numbers.values[i] = below(2001) / 1000 - 1;
    return numbers;
  };
  return { real: part(), imaginary: part() };
}

/** A text of four letters, in which some passages come again. */
export function textOfLetters(size: number, seed: number): Text {
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
