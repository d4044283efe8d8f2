/** Strings made before, found by their bytes: making one costs several times what a look does. */

const SLOTS = 1024;

/** One table; a string takes the place of the one that was in its slot. */
export class TextCache {
  readonly #texts: string[] = Array.from({ length: SLOTS }, () => "");
  #slot = 0;

  /** The string with a code unit for each of these bytes, if it is here. */
  find(bytes: Uint8Array, at: number, length: number): string | undefined {
    let hash = length;
    for (let i = at; i < at + length; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    this.#slot = (hash ^ (hash >>> 10)) & (SLOTS - 1);
    const text = this.#texts[this.#slot] as string;
    if (text.length !== length) return undefined;
    for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[at + i]) return undefined;
    return text;
  }

  /** Keeps the string that the last `find` did not find. */
  keep(text: string): void {
    this.#texts[this.#slot] = text;
  }
}
