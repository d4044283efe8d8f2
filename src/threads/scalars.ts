/**
 * Values that stand in a record as they are: numbers, booleans, `null`, `undefined`
 * and texts of up to seven Latin-1 characters, in 8 bytes each with a tag of 4 bits.
 */
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

const MOST_TEXT = 7;

/** How many values a record has room for. */
const MOST_SCALARS = 5;
const COUNT_SHIFT: number = MOST_SCALARS * TAG_BITS;
// Counts beyond those: what is there instead of values.
/** The first two cells say where the bytes of the list of all values are. */
export const IN_PAYLOAD: number = 6 << COUNT_SHIFT;
/** They come by the port. */
export const BY_PORT: number = 7 << COUNT_SHIFT;
const HOW_MASK: number = 7 << COUNT_SHIFT;

/** `IN_PAYLOAD` or `BY_PORT`, if the record has its values so. */
export const howTagged = (tags: number): number => tags & HOW_MASK;

/** Writes a value if it is a scalar. @returns its tag, -1 if it is none */
function write(line: Line, cell: number, value: unknown): number {
  switch (typeof value) {
    case "number":
      // Not -0, which is no int32.
      if ((value | 0) === value && (value !== 0 || 1 / value > 0)) {
        line.cells[cell] = value;
        return INT32;
      }
      line.float64[cell >> 1] = value;
      return FLOAT64;
    case "boolean":
      return value ? TRUE : FALSE;
    case "undefined":
      return UNDEFINED;
    case "string":
      return writeText(line, cell, value);
    default:
      return value === null ? NULL : -1;
  }
}

// The length stands in the lowest byte, the characters follow.
function writeText(line: Line, cell: number, text: string): number {
  const { length } = text;
  if (length > MOST_TEXT) return -1;
  let low = length;
  let high = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) return -1;
    if (i < 3) low |= code << (8 * (i + 1));
    else high |= code << (8 * (i - 3));
  }
  line.cells[cell] = low;
  line.cells[cell + 1] = high;
  return TEXT;
}

function readText(line: Line, cell: number): string {
  const low = line.cells[cell] as number;
  const high = line.cells[cell + 1] as number;
  const length = low & 7;
  let text = "";
  for (let i = 0; i < length; i++) {
    text += String.fromCharCode(i < 3 ? (low >>> (8 * (i + 1))) & 255 : (high >>> (8 * (i - 3))) & 255);
  }
  return text;
}

function read(line: Line, cell: number, tag: number): unknown {
  switch (tag) {
    case INT32:
      return line.cells[cell];
    case FLOAT64:
      return line.float64[cell >> 1];
    case TEXT:
      return readText(line, cell);
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

/** Writes a value into two cells. @returns what to read it with, -1 if it is no scalar */
export const writeScalar = (line: Line, cell: number, value: unknown): number => write(line, cell, value);

export const readScalar = (line: Line, cell: number, tags: number): unknown => read(line, cell, tags & TAG_MASK);

/** Writes values from `cell` on. @returns what to read them with, -1 if they are not all scalars, or too many */
export function writeScalars(line: Line, cell: number, values: readonly unknown[]): number {
  const { length } = values;
  if (length > MOST_SCALARS) return -1;
  let tags = length << COUNT_SHIFT;
  for (let i = 0; i < length; i++) {
    const tag = write(line, cell + 2 * i, values[i]);
    if (tag === -1) return -1;
    tags |= tag << (TAG_BITS * i);
  }
  return tags;
}

export function readScalars(line: Line, cell: number, tags: number): unknown[] {
  const count = tags >>> COUNT_SHIFT;
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) values.push(read(line, cell + 2 * i, (tags >>> (TAG_BITS * i)) & TAG_MASK));
  return values;
}
