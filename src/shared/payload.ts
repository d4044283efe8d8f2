/**
 * Payloads: blocks that a container holds for its users, such as a message that is
 * too long for a channel's ring.
 *
 * Layout
 *   0  HOLDER     slot of the thread that had it in its hands last
 *   1  CONTAINER  the offset of the container that it is for, in units of 16; 0 if there is none
 *   from byte 8   the bytes
 *
 * Invariant: a payload is attached to its container, or in the hands of the thread
 * that HOLDER names, or both. Who takes one out writes HOLDER first and detaches it
 * then; so when a thread has ended, those are nobody's that name it and are not
 * attached. They are freed; nothing is lost by a thread that is stopped between
 * making a payload and attaching it, or between detaching and freeing it. One that has
 * no container is in its holder's hands alone: whoever makes it for another hands it over.
 */
import type { Heap } from "./heap.js";
import { Kind } from "./kinds.js";
import { viewsOf } from "./memory-views.js";
import type { Encoded } from "./value-writer.js";

const HOLDER = 0;
const CONTAINER = 1;
export const PAYLOAD_HEADER_BYTES = 8;

const UNIT_BYTES = 16;

/** Makes a payload of these bytes, in the hands of this thread. @returns its offset */
export function makePayload(inHeap: Heap, container: number, bytes: Uint8Array): number {
  const offset = inHeap.allocate(
    PAYLOAD_HEADER_BYTES + bytes.length,
    Kind.payload,
    inHeap.slot,
    container / UNIT_BYTES,
  );
  copyBytes(bytes, 0, bytes.length, bytesWith(inHeap, offset), offset + PAYLOAD_HEADER_BYTES);
  return offset;
}

/** Makes one for so many float64, which is about to be filled. */
export function makePayloadOfNumbers(inHeap: Heap, container: number, count: number): number {
  const byteLength = PAYLOAD_HEADER_BYTES + 8 * count;
  const containerUnits = container / UNIT_BYTES;
  const offset = inHeap.allocate(byteLength, Kind.payload, inHeap.slot, containerUnits, PAYLOAD_HEADER_BYTES);
  inHeap.cellsWith(offset);
  return offset;
}

/** As `makePayload`, of bytes that are copied word by word. */
export function makePayloadOf(inHeap: Heap, container: number, encoded: Encoded): number {
  const offset = inHeap.allocate(
    PAYLOAD_HEADER_BYTES + encoded.byteLength,
    Kind.payload,
    inHeap.slot,
    container / UNIT_BYTES,
  );
  copyWords(encoded, inHeap.cellsWith(offset), (offset + PAYLOAD_HEADER_BYTES) / 4);
  return offset;
}

/** Copies so few words one by one: a call into the engine takes as long. */
const FEW_WORDS = 64;

/** Copies all bytes, and those up to the end of the last word. */
export function copyWords({ words, byteLength }: Encoded, to: Int32Array, at: number): void {
  const count = (byteLength + 3) >> 2;
  if (count > FEW_WORDS) to.set(words.subarray(0, count), at);
  else for (let i = 0; i < count; i++) to[at + i] = words[i] as number;
}

/** All of the heap's memory as bytes, at least to the end of the block at `offset`; those of a payload are behind its header. */
function bytesWith(inHeap: Heap, offset: number): Uint8Array<SharedArrayBuffer> {
  inHeap.cellsWith(offset);
  return viewsOf(inHeap).uint8;
}

/** As `bytesWith`, at least to the byte before `end`. */
export function bytesUpTo(inHeap: Heap, end: number): Uint8Array<SharedArrayBuffer> {
  inHeap.reach(end);
  return viewsOf(inHeap).uint8;
}

/** The bytes of a payload, in place. */
export function bytesOfPayload(inHeap: Heap, offset: number, byteLength: number): Uint8Array {
  const begin = offset + PAYLOAD_HEADER_BYTES;
  return bytesWith(inHeap, offset).subarray(begin, begin + byteLength);
}

/** Copies so few bytes one by one: a call into the engine takes as long. */
const FEW_BYTES = 64;

export function copyBytes(from: Uint8Array, at: number, length: number, to: Uint8Array, toAt: number): void {
  if (length > FEW_BYTES) to.set(from.subarray(at, at + length), toAt);
  else for (let i = 0; i < length; i++) to[toAt + i] = from[at + i] as number;
}

/** This thread is about to detach a payload. */
export function takeInHand(inHeap: Heap, offset: number): void {
  handOver(inHeap, offset, inHeap.slot);
}

/** This thread gives a payload into the hands of that of another slot. */
export function handOver(inHeap: Heap, offset: number, slot: number): void {
  inHeap.cellsWith(offset)[offset / 4 + HOLDER] = slot;
}

/** Slot of the thread that had a payload last. */
export function holderOf(inHeap: Heap, offset: number): number {
  return inHeap.cellsWith(offset)[offset / 4 + HOLDER] as number;
}

/** Offset of the container that a payload is for. */
export function containerOf(inHeap: Heap, offset: number): number {
  return (inHeap.cellsWith(offset)[offset / 4 + CONTAINER] as number) * UNIT_BYTES;
}

/** Frees a payload, if the thread of `slot` had it last. */
export function freePayload(inHeap: Heap, offset: number, slot: number): void {
  const handle = inHeap.handleOf(offset);
  if (holderOf(inHeap, offset) === slot) inHeap.free(handle);
}
