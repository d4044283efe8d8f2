/**
 * The parts of shapes that take more than a word or two: how their bytes are written
 * and read, for compiled code and for that which goes by the form alike. For the bytes
 * see `shape-form.ts`; places are words.
 *
 * What is written has room. What is read may be anything: it lies between `at` and
 * `end`, which are within the memory, or it is damaged.
 */
import { InternalError } from "../core/errors.js";
import type { MemoryViews } from "./memory-views.js";
import { arrival } from "./object.js";
import { copyWords } from "./payload.js";
import { ELEMENTS } from "./record-schema.js";
import { VIEW_TYPES, type ViewName, VIEWS } from "./shape-form.js";
import { joined, MOST_JOINED } from "./short-text.js";
import { decodeValue } from "./value-codec.js";
import type { Encoded } from "./value-writer.js";

/** Longer strings are written by the platform: a loop takes longer. */
const MOST_LOOPED = 20;
/** So few elements are copied one by one: a call to the platform takes as long. */
const FEW_ELEMENTS = 32;

const NOT_LATIN1 = /[^\0-\u00ff]/;

export function damaged(): InternalError {
  return new InternalError("the bytes of a value of a declared shape are damaged");
}

/** The place where a float64 may be, there or behind. */
export const aligned = (at: number): number => (at + 1) & ~1;

// Each of these gives the place behind what it wrote.

export function writeText(memory: MemoryViews, at: number, text: string): number {
  const { length } = text;
  if (length > MOST_LOOPED) return writeLonger(memory, at, text);
  const { uint8 } = memory;
  const first = 4 * at + 4;
  let over = 0;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    uint8[first + i] = unit;
    over |= unit;
  }
  if (over > 255) return writeLonger(memory, at, text);
  memory.int32[at] = length << 1;
  return at + 1 + ((length + 3) >> 2);
}

function writeLonger({ int32, longText }: MemoryViews, at: number, text: string): number {
  const { length } = text;
  const isWide = NOT_LATIN1.test(text);
  int32[at] = (length << 1) | (isWide ? 1 : 0);
  if (isWide) longText.writeUtf16(text, 4 * at + 4);
  else longText.writeLatin1(text, 4 * at + 4);
  return at + 1 + (((isWide ? 2 * length : length) + 3) >> 2);
}

export function writeEncoded({ int32 }: MemoryViews, at: number, encoded: Encoded): number {
  int32[at] = encoded.byteLength;
  const first = aligned(at + 1);
  copyWords(encoded, int32, first);
  return first + ((encoded.byteLength + 3) >> 2);
}

/** An array as all are, as far as this file goes. */
type Elements = Float64Array;

export function writeView(memory: MemoryViews, at: number, name: ViewName, view: ArrayLike<number>): number {
  const { length } = view;
  memory.int32[at] = length;
  const first = aligned(at + 1);
  const type = VIEWS[name];
  const elements = memory[type] as unknown as Elements;
  const { byteLength } = ELEMENTS[type];
  const index = (4 * first) / byteLength;
  if (length > FEW_ELEMENTS) elements.set(view, index);
  else for (let i = 0; i < length; i++) elements[index + i] = view[i] as number;
  return first + ((byteLength * length + 3) >> 2);
}

// Each of these reads what begins at the place, and `behind…` says where that ends.

/** The place behind a text whose first word that is. */
export function behindText(at: number, end: number, head: number): number {
  const byteLength = (head >>> 1) * ((head & 1) + 1);
  if (byteLength > 4 * (end - at - 1)) throw damaged();
  return at + 1 + ((byteLength + 3) >>> 2);
}

export function readText(memory: MemoryViews, at: number, head: number): string {
  const length = head >>> 1;
  const first = 4 * at + 4;
  if ((head & 1) === 1) return memory.longText.readUtf16(first, length);
  return length > MOST_JOINED ? memory.longText.readLatin1(first, length) : joined(memory.uint8, first, length);
}

/** The place behind so many bytes that begin where a float64 may. */
export function behindBytes(at: number, end: number, byteLength: number): number {
  const first = aligned(at + 1);
  if (!(byteLength >= 0 && byteLength <= 4 * (end - first))) throw damaged();
  return first + ((byteLength + 3) >>> 2);
}

export function readEncoded(memory: MemoryViews, at: number, byteLength: number): unknown {
  return decodeValue(memory.uint8, arrival as never, 4 * aligned(at + 1), byteLength);
}

const { slice } = Float64Array.prototype;

/** A typed array of this thread's own. */
export function readView(memory: MemoryViews, at: number, name: ViewName, length: number): unknown {
  const type = VIEWS[name];
  const elements = memory[type] as unknown as Elements;
  const index = (4 * aligned(at + 1)) / ELEMENTS[type].byteLength;
  if (length > FEW_ELEMENTS && name !== "Uint8ClampedArray") return slice.call(elements, index, index + length);
  const view = new VIEW_TYPES[name](length) as unknown as Elements;
  if (length > FEW_ELEMENTS) view.set(elements.subarray(index, index + length));
  else for (let i = 0; i < length; i++) view[i] = elements[index + i] as number;
  return view;
}
