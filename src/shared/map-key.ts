/**
 * Keys of shared maps: how they are hashed, written into a node, and compared with
 * what stands there, without making a string.
 *
 * What a node keeps of a key: its hash, and a word, its kind and length; then the
 * bytes: 8 of a number, one for each character of a string if all are below 256,
 * else two.
 */
import type { SharedCells } from "#atomics";

import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";

/** What a shared map is asked by. */
export type SharedMapKey = string | number;

// Kinds, in bits 0 and 1 of the word; the length in characters stands above.
const NUMBER = 0;
const NARROW = 1;
const WIDE = 2;

const MOST_CHARACTERS = 2 ** 28;

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** A key made ready to be looked for. One is used again and again: it is good until the next `prepare`. */
export class PreparedKey {
  hash = 0;
  /** Kind and length. */
  word = 0;
  #text = "";
  #low = 0;
  #high = 0;

  /** @param whose - the map, for the message */
  prepare(key: unknown, whose: string): void {
    if (typeof key === "string" && key.length <= MOST_CHARACTERS) {
      this.#text = key;
      let hash = 0;
      let all = 0;
      for (let i = 0; i < key.length; i++) {
        const code = key.charCodeAt(i);
        all |= code;
        hash = Math.imul(hash ^ code, 0x01000193);
      }
      this.word = (key.length << 2) | (all < 256 ? NARROW : WIDE);
      this.hash = mixed(hash ^ key.length);
    } else if (typeof key === "number") {
      // As a Map does: -0 is 0, and NaN is NaN.
      double[0] = key === 0 ? 0 : Number.isNaN(key) ? NaN : key;
      this.#low = halves[0] as number;
      this.#high = halves[1] as number;
      this.word = NUMBER;
      this.hash = mixed(this.#low ^ Math.imul(this.#high, 0x01000193));
    } else {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `a key of ${whose} must be a number, or a string of at most 2^28 characters, but ${typeof key === "string" ? `one of ${key.length}` : describeKind(key)} came`,
      );
    }
  }

  /** Bytes that the key takes in a node. */
  get byteLength(): number {
    const length = this.word >>> 2;
    return (this.word & 3) === NUMBER ? 8 : (this.word & 3) === NARROW ? length : 2 * length;
  }

  /** Writes the bytes from byte `at` on, a multiple of 4. */
  write(cells: SharedCells, bytes: Uint8Array, at: number): void {
    const kind = this.word & 3;
    const text = this.#text;
    if (kind === NUMBER) {
      cells[at / 4] = this.#low;
      cells[at / 4 + 1] = this.#high;
    } else if (kind === NARROW) {
      for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
    } else {
      for (let i = 0; i < text.length; i++) {
        const code = text.charCodeAt(i);
        bytes[at + 2 * i] = code & 255;
        bytes[at + 2 * i + 1] = code >>> 8;
      }
    }
  }

  /** Whether this key's bytes stand from byte `at` on, where a key of the same hash and word does. */
  isAt(cells: SharedCells, bytes: Uint8Array, at: number): boolean {
    const kind = this.word & 3;
    const text = this.#text;
    if (kind === NUMBER) return cells[at / 4] === this.#low && cells[at / 4 + 1] === this.#high;
    if (kind === NARROW) {
      for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
      return true;
    }
    for (let i = 0; i < text.length; i++) {
      const code = (bytes[at + 2 * i] as number) | ((bytes[at + 2 * i + 1] as number) << 8);
      if (code !== text.charCodeAt(i)) return false;
    }
    return true;
  }
}

/** Characters given to `fromCharCode` at a time: so many arguments no engine refuses. */
const PIECE = 4096;

/** The key of that word whose bytes stand from byte `at` on. */
export function keyAt(cells: SharedCells, bytes: Uint8Array, at: number, word: number): SharedMapKey {
  const kind = word & 3;
  if (kind === NUMBER) {
    halves[0] = cells[at / 4] as number;
    halves[1] = cells[at / 4 + 1] as number;
    return double[0] as number;
  }
  const length = word >>> 2;
  let text = "";
  for (let from = 0; from < length; from += PIECE) {
    const codes: number[] = [];
    for (let i = from; i < Math.min(length, from + PIECE); i++) {
      codes.push(
        kind === NARROW
          ? (bytes[at + i] as number)
          : (bytes[at + 2 * i] as number) | ((bytes[at + 2 * i + 1] as number) << 8),
      );
    }
    text += String.fromCharCode(...codes);
  }
  return text;
}

/** Spreads a hash over all its bits: stripes take the low ones, buckets the others. After MurmurHash3's last step. */
function mixed(hash: number): number {
  let spread = hash ^ (hash >>> 16);
  spread = Math.imul(spread, 0x85ebca6b);
  spread ^= spread >>> 13;
  spread = Math.imul(spread, 0xc2b2ae35);
  return spread ^ (spread >>> 16);
}
