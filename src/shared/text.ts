/**
 * Texts in the shared heap.
 *
 * Layout of its own cells
 *   LENGTH   characters; never changes
 *   IS_WIDE  1 if a character takes two bytes, else each is below 256 and takes one
 *   behind them the characters
 */
import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { Kind, Place, SharedObject, type SharedOptions } from "./object.js";

const LENGTH = 0;
const IS_WIDE = 1;
const CELLS = 2;

/** Characters given to `fromCharCode` at a time: so many arguments no engine refuses. */
const PIECE = 4096;

/**
 * A string that all threads have without copies being sent: each makes its own of it
 * when it first asks for it. It never changes.
 *
 * **Threads** Any.
 *
 * @example
 * ```ts
 * const template = new SharedText("<p>hello</p>");
 * console.log(template.value, template.length); // <p>hello</p> 12
 * ```
 *
 * @since 0.1.0
 */
export class SharedText extends SharedObject {
  readonly #characters: Uint8Array | Uint16Array;
  #value: string | undefined = undefined;

  constructor(text: string | Place, options: SharedOptions = {}) {
    const facts = text instanceof Place ? found(text) : factsOf(text);
    const { length, isWide } = facts;
    super(Kind.text, CELLS, text instanceof Place ? text : options, length * (isWide ? 2 : 1));
    const { buffer, byteOffset, byteLength } = this.cells;
    const at = byteOffset + byteLength;
    this.#characters = isWide ? new Uint16Array(buffer, at, length) : new Uint8Array(buffer, at, length);
    if (text instanceof Place) return;
    this.cells[LENGTH] = length;
    this.cells[IS_WIDE] = isWide ? 1 : 0;
    for (let i = 0; i < length; i++) this.#characters[i] = text.charCodeAt(i);
    this.#value = text;
    this.made();
  }

  /** Characters, as a string counts them. */
  get length(): number {
    return this.cells[LENGTH] as number;
  }

  get value(): string {
    if (this.#value !== undefined) return this.#value;
    this.requireAlive();
    let value = "";
    for (let at = 0; at < this.length; at += PIECE) {
      value += String.fromCharCode(...this.#characters.subarray(at, at + PIECE));
    }
    this.#value = value;
    return value;
  }

  override toString(): string {
    return this.value;
  }
}

interface Facts {
  readonly length: number;
  readonly isWide: boolean;
}

function factsOf(text: unknown): Facts {
  if (typeof text !== "string") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `a shared text is made of a string, but ${describeKind(text)} came`,
    );
  }
  let all = 0;
  for (let i = 0; i < text.length; i++) all |= text.charCodeAt(i);
  return { length: text.length, isWide: all > 255 };
}

function found({ inHeap, offset }: Place): Facts {
  const isWide = SharedObject.cellAt(inHeap, offset, IS_WIDE) === 1;
  return { length: SharedObject.cellAt(inHeap, offset, LENGTH), isWide };
}
