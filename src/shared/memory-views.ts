/** The heap's memory as numbers of every width. */
import type { SharedCells } from "#atomics";

import type { Heap } from "./heap.js";
import { type LongText, longTextIn } from "./long-text.js";

/**
 * A view of each element type over the whole heap, as long as the heap was when it
 * was made. When the heap has grown there are new ones; these stay good for what
 * they reach, so an object may keep those that it began with.
 */
export class MemoryViews {
  readonly buffer: SharedArrayBuffer;
  readonly int8: Int8Array<SharedArrayBuffer>;
  readonly uint8: Uint8Array<SharedArrayBuffer>;
  readonly int16: Int16Array<SharedArrayBuffer>;
  readonly uint16: Uint16Array<SharedArrayBuffer>;
  readonly int32: SharedCells;
  readonly uint32: Uint32Array<SharedArrayBuffer>;
  readonly float32: Float32Array<SharedArrayBuffer>;
  readonly float64: Float64Array<SharedArrayBuffer>;
  readonly bigint64: BigInt64Array<SharedArrayBuffer>;
  readonly biguint64: BigUint64Array<SharedArrayBuffer>;
  #longText: LongText | undefined = undefined;

  /** @param cells - all of a memory; its length is a multiple of 8 bytes */
  constructor(cells: SharedCells) {
    const { buffer } = cells;
    this.buffer = buffer;
    this.int8 = new Int8Array(buffer);
    this.uint8 = new Uint8Array(buffer);
    this.int16 = new Int16Array(buffer);
    this.uint16 = new Uint16Array(buffer);
    this.int32 = cells;
    this.uint32 = new Uint32Array(buffer);
    this.float32 = new Float32Array(buffer);
    this.float64 = new Float64Array(buffer);
    this.bigint64 = new BigInt64Array(buffer);
    this.biguint64 = new BigUint64Array(buffer);
  }

  get longText(): LongText {
    return (this.#longText ??= longTextIn(this.uint8));
  }
}

let latest: MemoryViews | undefined;

/** The views of all that this thread has seen of a heap so far. */
export function viewsOf(inHeap: Heap): MemoryViews {
  const { cells } = inHeap;
  // One bundle is kept: but for tests there is one heap.
  return latest?.int32 === cells ? latest : (latest = new MemoryViews(cells));
}
