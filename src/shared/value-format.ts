/**
 * The bytes of structured values, on which writer and reader agree. They are read
 * by the same version of the library on the same machine and never stored, so they
 * carry no version and may change at any time.
 *
 * The first byte says whether there is any REFERENCE: HAS_REFERENCES, or else 0. What
 * follows is the value.
 *
 * A value begins with a tag of one byte. Counts and lengths are numbers of 7 bits
 * a byte, the lowest first, the highest bit set in all but the last. A text is a
 * string value. All other numbers have their lowest byte first.
 *
 *   0x00-0x7f      the integer itself
 *   0x80-0xbf      a string of 0 to 63 bytes, a byte for each code unit
 *   INT32          4 bytes
 *   FLOAT64        8 bytes
 *   LATIN1         length, then a byte for each code unit
 *   UTF16          length in code units, then two bytes for each
 *   BIGINT64       8 bytes
 *   BIGINT, NEGATIVE_BIGINT   text: hexadecimal digits of what it is without its sign
 *   DATE           8 bytes, as FLOAT64
 *   REGEXP         text: source; text: flags
 *   BOXED          a primitive
 *   OBJECT, NULL_OBJECT       members: key (a text), value, ...; END
 *   KEYS_FIRST     an object: list of its keys (key-lists.ts); a value for each
 *   SAME_KEYS      an object: number of a list of keys that came before; a value for each
 *   OPEN_KEYS_FIRST, OPEN_SAME_KEYS   as those, of an object that a REFERENCE names
 *   ARRAY          length, elements; or some elements, HOLES, and of those behind
 *                  that exist: index, value, ...; END
 *   MAP            key, value, ...; END
 *   SET            member, ...; END
 *   ERROR          number of its class (error-classes.ts); members that are not
 *                  enumerable; END; those that are; END
 *   BUFFER         length; zeros up to a multiple of 8 bytes from the first byte on, as
 *                  platforms copy shared memory byte by byte if it lies otherwise; bytes
 *   RESIZABLE_BUFFER          8 bytes, as FLOAT64: the length it can have; then as BUFFER
 *   VIEW           index of its class in VIEW_NAMES, byte offset, length plus 1 (in
 *                  elements; 0: up to the end of its buffer); a buffer, or REFERENCE to one
 *   SHARED         a byte: kind; 8 bytes, as FLOAT64: handle
 *   CLASS          text: name; length, and so many bytes: a value of its own, whose
 *                  objects have their own numbers
 *   REFERENCE      number of an object that came before
 *
 * Objects are numbered from 0 in the order in which their tags stand; and so are lists
 * of keys.
 *
 * Writer and reader call themselves for what is inside, so the depth is bounded:
 * what OBJECT, NULL_OBJECT, ARRAY, MAP, SET and ERROR have behind tag, length and class is
 * the object's *content*, and that of an object at depth DEEPEST is not written
 * there, but later (one with its keys first is never so deep). The outermost value done, the contents left over follow, the
 * last left over first, each at depth 0, and each may leave over more.
 */
/** The first byte. Without any, objects need no numbers where they are read. */
export const HAS_REFERENCES = 1;

/** Integers below it are their own tags. */
export const FIRST_SHORT_TEXT = 0x80;
/** Strings below this length have it in their tag. */
export const SHORT_TEXT_LENGTHS = 64;

export const INT32 = 0xc0;
export const FLOAT64 = 0xc1;
export const UNDEFINED = 0xc2;
export const NULL = 0xc3;
export const FALSE = 0xc4;
export const TRUE = 0xc5;
export const LATIN1 = 0xc6;
export const UTF16 = 0xc7;
export const BIGINT64 = 0xc8;
export const BIGINT = 0xc9;
export const NEGATIVE_BIGINT = 0xca;
export const DATE = 0xcb;
export const REGEXP = 0xcc;
export const BOXED = 0xcd;
export const OBJECT = 0xce;
export const NULL_OBJECT = 0xcf;
export const ARRAY = 0xd0;
export const MAP = 0xd1;
export const SET = 0xd2;
export const ERROR = 0xd3;
export const BUFFER = 0xd4;
export const RESIZABLE_BUFFER = 0xd5;
export const VIEW = 0xd6;
export const SHARED = 0xd7;
export const REFERENCE = 0xd8;
/** In an array, in place of an element: it and perhaps others do not exist. */
export const HOLES = 0xd9;
/** An instance of a registered class. */
export const CLASS = 0xda;
/** Objects with their keys in one piece. */
export const KEYS_FIRST = 0xdb;
export const SAME_KEYS = 0xdc;
/** They have to be made before their members are read, which may refer to them. */
export const OPEN_KEYS_FIRST = 0xdd;
export const OPEN_SAME_KEYS = 0xde;
/** In place of a key, a member or an index's element: there are no more. */
export const END = 0xff;

/** Deep enough for nearly all values, and 64 calls fit on any stack. */
export const DEEPEST = 64;

/** What can make a view; `Float16Array` where the platform has it. */
export type ViewConstructor = new (buffer: ArrayBuffer, byteOffset: number, length?: number) => ArrayBufferView;

export const VIEW_NAMES = [
  "DataView",
  "Int8Array",
  "Uint8Array",
  "Uint8ClampedArray",
  "Int16Array",
  "Uint16Array",
  "Int32Array",
  "Uint32Array",
  "Float32Array",
  "Float64Array",
  "BigInt64Array",
  "BigUint64Array",
  "Float16Array",
] as const;
