/** The memory that a thread writes its records into, and others read them from. */
import { store } from "#atomics";

// Layout of a ring: a header of 64 bytes, then records of 32 bytes each, then the texts
// that records refer to by their number, one behind the other: two bytes of length and
// as many of UTF-8. Texts are not overwritten: a text that finds no room is number 0.
//
// Header, as Int32 indexes:
/** Records written since the ring was made; the owner thread alone writes it. Wraps. */
export const HEAD = 0;
/** Records it has room for, a power of two. Written once, by who makes the memory. */
export const CAPACITY = 1;
/** Bytes of texts written; the owner thread alone writes it. */
export const TEXT_BYTES = 4;
/** 1 if the thread is to note what takes long to note; whoever records writes it, at any time. */
export const DEEP = 5;
// Header, as Float64 indexes:
/** The thread's time origin, so that times of several threads compare. Written once, before use. */
export const TIME_ORIGIN = 1;
export const HEADER_BYTES = 64;
// Record: Float64 time, subject, other; then Int32 kind, value.
export const RECORD_BYTES = 32;
export const FLOATS_A_RECORD: number = RECORD_BYTES / 8;
export const INTS_A_RECORD: number = RECORD_BYTES / 4;

/** What stands for a text that found no room. */
export const NO_ROOM = "(a name that found no room)";
/** Of a longer text the rest is left out. */
export const MOST_TEXT = 500;
/** Names of some ten thousand jobs; pages are given to the process when they are written. */
const DEFAULT_TEXT_BYTES = 524_288;
/** The length of a text, and three bytes for each of its characters at most. */
export const roomFor = (text: string): number => 2 + 3 * text.length;

/** Makes the memory for a ring of `capacity` records, a power of two. */
export function makeRingMemory(capacity: number, textBytes: number = DEFAULT_TEXT_BYTES): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(HEADER_BYTES + capacity * RECORD_BYTES + textBytes);
  new Int32Array(memory, 0, HEADER_BYTES / 4)[CAPACITY] = capacity;
  return memory;
}

/** Has the thread of a ring note what takes long to note, such as where jobs are spawned, or no more. */
export function setDeep(memory: SharedArrayBuffer, isDeep: boolean): void {
  store(new Int32Array(memory, 0, HEADER_BYTES / 4), DEEP, isDeep ? 1 : 0);
}

export const capacityOf = (memory: SharedArrayBuffer): number =>
  new Int32Array(memory, 0, HEADER_BYTES / 4)[CAPACITY] as number;

export function textsOf(memory: SharedArrayBuffer): Uint8Array<SharedArrayBuffer> {
  return new Uint8Array(memory, HEADER_BYTES + capacityOf(memory) * RECORD_BYTES);
}
