/** Strings made before, found by their bytes: making one costs several times what a look does. */

const SLOTS = 512;

/** Longest string that is kept. */
export const MOST_CACHED = 32;

/** One table; a string takes the place of the one that was in its slot. */
export class TextCache {
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => "");
  /** The bytes of each: to compare with them is faster than with the string. */
  readonly #bytes = new Uint8Array(SLOTS * MOST_CACHED);
  #slot = 0;

  /** The string with a code unit for each of these bytes, if it is here. */
  find(bytes: Uint8Array, at: number, length: number): string | undefined {
    let hash = length;
    for (let i = at; i < at + length; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    const slot = (hash ^ (hash >>> 9)) & (SLOTS - 1);
    this.#slot = slot;
    const text = this.#texts[slot] as string;
    if (text.length !== length) return undefined;
    const own = this.#bytes;
    const first = slot * MOST_CACHED;
    for (let i = 0; i < length; i++) if (own[first + i] !== bytes[at + i]) return undefined;
    return text;
  }

  /** Keeps the string that the last `find` did not find. */
  keep(text: string): void {
    this.#texts[this.#slot] = text;
    const first = this.#slot * MOST_CACHED;
    for (let i = 0; i < text.length; i++) this.#bytes[first + i] = text.charCodeAt(i);
  }
}
