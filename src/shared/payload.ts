/**
 * Payloads: blocks that a container holds for its users, such as a message that is
 * too long for a channel's ring.
 *
 * Layout
 *   0  HOLDER     slot of the thread that had it in its hands last
 *   1  CONTAINER  the offset of the container that it is for, in units of 16
 *   from byte 8   the bytes
 *
 * Invariant: a payload is attached to its container, or in the hands of the thread
 * that HOLDER names, or both. Who takes one out writes HOLDER first and detaches it
 * then; so when a thread has ended, those are nobody's that name it and are not
 * attached. They are freed; nothing is lost by a thread that is stopped between
 * making a payload and attaching it, or between detaching and freeing it.
 */
import type { Heap } from "./heap.js";
import { Kind } from "./kinds.js";

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
  bytesOfPayload(inHeap, offset, bytes.length).set(bytes);
  return offset;
}

/** The bytes of a payload, in place. */
export function bytesOfPayload(inHeap: Heap, offset: number, byteLength: number): Uint8Array {
  return new Uint8Array(inHeap.cellsWith(offset).buffer, offset + PAYLOAD_HEADER_BYTES, byteLength);
}

/** This thread is about to detach a payload. */
export function takeInHand(inHeap: Heap, offset: number): void {
  inHeap.cellsWith(offset)[offset / 4 + HOLDER] = inHeap.slot;
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
