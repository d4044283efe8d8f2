/**
 * Structured values to bytes and back, for structures that hold them in memory
 * that threads share.
 *
 * What crosses, and how, is as with `structuredClone`, except:
 * - An instance of a class is refused, where that would drop its class silently.
 *   Errors and views of buffers (a `Buffer` is one) arrive as the nearest class of
 *   the language.
 * - Errors keep their own enumerable properties, `errors`, a name of their own, and
 *   the classes of this library.
 * - An object without a prototype arrives without one.
 * - Shared objects arrive as themselves.
 * - Of an array the elements cross, not what else was set on it: looking for that
 *   costs several times all the rest.
 * - A value can be nested as deep as memory reaches.
 */
import type { Address, SharedObject } from "./object.js";
import { ValueReader } from "./value-reader.js";
import { type Encoded, ValueWriter } from "./value-writer.js";

// Getters and proxies run while a value is written, and may write another. So who
// uses one of these takes it away and puts it back.
let idleWriter: ValueWriter | undefined;
let idleReader: ValueReader | undefined;

/**
 * The bytes of a value, in memory of this thread: good until the next call.
 *
 * **Throws** `SKEIN_NOT_CLONEABLE`, with the path to what can't be copied.
 *
 * **Cost** In proportion to the value. A buffer is copied whole, however little of
 * it a view in the value sees.
 */
export function encodeValue(value: unknown): Uint8Array<ArrayBuffer> {
  return encode(value).view;
}

/** As `encodeValue`, for who copies the bytes word by word: of few that takes a fraction of the time. */
export function encode(value: unknown): Encoded {
  const writer = idleWriter ?? new ValueWriter();
  idleWriter = undefined;
  try {
    return writer.write(value);
  } finally {
    idleWriter = writer;
  }
}

/**
 * The value that the bytes are of.
 *
 * @param bytes - may view shared memory, of which no thread writes that part meanwhile
 * @param from - where the value's bytes begin, and how many they are; all if omitted
 * @param arrive - gives the shared object of an address
 *
 * **Throws** what `arrive` throws; `SKEIN_INTERNAL` if they are no value's bytes.
 */
export function decodeValue(
  bytes: Uint8Array,
  arrive: (address: Address) => SharedObject,
  from = 0,
  length: number = bytes.length,
): unknown {
  const reader = idleReader ?? new ValueReader();
  idleReader = undefined;
  try {
    return reader.read(bytes, from, length, arrive);
  } finally {
    idleReader = reader;
  }
}
