/**
 * Values that stand in a record as they are: numbers, booleans, `null`, `undefined`
 * and texts of up to 24 Latin-1 characters. A record has five places of 8 bytes for
 * them, and a tag of 4 bits for each value. A text takes as many places as it needs:
 * a byte for its length, then its characters.
 */
import { joined } from "../shared/short-text.js";
import type { Line } from "./line.js";

const UNDEFINED = 0;
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const INT32 = 4;
const FLOAT64 = 5;
const TEXT = 6;
const TAG_BITS = 4;
const TAG_MASK = 15;

/** So many characters are put together at once where they are read. */
const MOST_TEXT = 24;

const PLACES = 5;
const PLACE_CELLS = 2;
const ROOM_CELLS: number = PLACES * PLACE_CELLS;
const COUNT_SHIFT: number = PLACES * TAG_BITS;
// Counts beyond those: what is there instead of values.
/** They stand elsewhere as bytes; the first two cells say where. */
export const IN_PAYLOAD: number = 6 << COUNT_SHIFT;
/** They come by the port. */
export const BY_PORT: number = 7 << COUNT_SHIFT;
/** Added to `IN_PAYLOAD`: they are values of the shapes that the task declares. */
export const SHAPED = 1;
const HOW_MASK: number = 7 << COUNT_SHIFT;

/** `IN_PAYLOAD` or `BY_PORT`, if the record has its values so. */
export const howTagged = (tags: number): number => tags & HOW_MASK;

/** Writes a value if it is a scalar for which there is room. @returns its tag, -1 if it is none */
function write(line: Line, cell: number, end: number, value: unknown): number {
  // One question after another: a switch would have the engine ask for the type's name.
  if (typeof value === "number") {
    // Not -0, which is no int32.
    if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
      line.cells[cell] = value;
      return INT32;
    }
    line.float64[cell >> 1] = value;
    return FLOAT64;
  }
  if (typeof value === "string") return writeText(line, cell, end, value);
  if (typeof value === "boolean") return value ? TRUE : FALSE;
  if (value === undefined) return UNDEFINED;
  return value === null ? NULL : -1;
}

function writeText({ bytes }: Line, cell: number, end: number, text: string): number {
  const { length } = text;
  if (length > MOST_TEXT || cell + cellsOfText(length) > end) return -1;
  const at = 4 * cell;
  bytes[at] = length;
  let over = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    bytes[at + 1 + i] = code;
    over |= code;
  }
  return over > 255 ? -1 : TEXT;
}

/** Whole places: a byte for the length, one for each character. */
const cellsOfText = (length: number): number => ((length + 8) >> 3) * PLACE_CELLS;

function read(line: Line, cell: number, tag: number): unknown {
  switch (tag) {
    case INT32:
      return line.cells[cell];
    case FLOAT64:
      return line.float64[cell >> 1];
    case TEXT:
      return joined(line.bytes, 4 * cell + 1, line.bytes[4 * cell] as number);
    case NULL:
      return null;
    case FALSE:
      return false;
    case TRUE:
      return true;
    default:
      return undefined;
  }
}

/** Writes one value. @returns what to read it with, -1 if it is no scalar, or too long */
export const writeScalar = (line: Line, cell: number, value: unknown): number =>
  write(line, cell, cell + ROOM_CELLS, value);

export const readScalar = (line: Line, cell: number, tags: number): unknown => read(line, cell, tags & TAG_MASK);

/** Writes values from `cell` on. @returns what to read them with, -1 if they are not all scalars, or too many or long */
export function writeScalars(line: Line, cell: number, values: readonly unknown[]): number {
  const { length } = values;
  if (length > PLACES) return -1;
  const end = cell + ROOM_CELLS;
  let tags = length << COUNT_SHIFT;
  let next = cell;
  for (let i = 0; i < length; i++) {
    if (next === end) return -1;
    const tag = write(line, next, end, values[i]);
    if (tag === -1) return -1;
    tags |= tag << (TAG_BITS * i);
    next += tag === TEXT ? cellsOfText(line.bytes[4 * next] as number) : PLACE_CELLS;
  }
  return tags;
}

export function readScalars(line: Line, cell: number, tags: number): unknown[] {
  const count = tags >>> COUNT_SHIFT;
  const values: unknown[] = [];
  let next = cell;
  for (let i = 0; i < count; i++) {
    const tag = (tags >>> (TAG_BITS * i)) & TAG_MASK;
    values.push(read(line, next, tag));
    next += tag === TEXT ? cellsOfText(line.bytes[4 * next] as number) : PLACE_CELLS;
  }
  return values;
}
