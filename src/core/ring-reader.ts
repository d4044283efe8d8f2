/** Reading what a thread records, on any other thread. */
import { add, load, type SharedCells } from "#atomics";

import type { ProbeRecord } from "./probe-kinds.js";
import { RecordBatch } from "./record-batch.js";
import {
  capacityOf,
  FLOATS_A_RECORD,
  HEAD,
  HEADER_BYTES,
  NO_ROOM,
  RECORD_BYTES,
  TEXT_BYTES,
  textsOf,
  TIME_ORIGIN,
} from "./ring-memory.js";

/** Six stores a record: more than any processor's store buffer holds. Small rings are for tests, on processors without this. */
const MOST_EARLY = 64;

const decoder = new TextDecoder();

/** Reads a ring that any thread writes, while it writes. */
export class ProbeRingReader {
  readonly #cells: SharedCells;
  readonly #floats: Float64Array<SharedArrayBuffer>;
  readonly #capacity: number;
  /** Records that may be under the writer's hand although HEAD does not say so yet. */
  readonly #early: number;
  readonly #textBytes: Uint8Array<SharedArrayBuffer>;
  readonly #texts: string[] = [NO_ROOM];
  #textBytesRead = 0;
  #read = 0;
  /** Room for what was read last. */
  #copied = new ArrayBuffer(0);

  constructor(memory: SharedArrayBuffer) {
    this.#capacity = capacityOf(memory);
    this.#early = Math.min(MOST_EARLY, this.#capacity >> 7);
    const end = HEADER_BYTES + this.#capacity * RECORD_BYTES;
    this.#cells = new Int32Array(memory, 0, end / 4);
    this.#floats = new Float64Array(memory, 0, end / 8);
    this.#textBytes = textsOf(memory);
  }

  /** The texts that the records drained so far refer to, and perhaps more. The same array each time. */
  get texts(): readonly string[] {
    const end = load(this.#cells, TEXT_BYTES);
    while (this.#textBytesRead < end) {
      const at = this.#textBytesRead;
      const length = (this.#textBytes[at] as number) | ((this.#textBytes[at + 1] as number) << 8);
      // A copy, as decoders of browsers refuse shared memory.
      this.#texts.push(decoder.decode(this.#textBytes.slice(at + 2, at + 2 + length)));
      this.#textBytesRead = at + 2 + length;
    }
    return this.#texts;
  }

  /**
   * The records written since the last call, oldest first, and how many were overwritten
   * before they could be read. They are valid until the next call.
   */
  take(): { readonly records: RecordBatch; readonly dropped: number } {
    const head = load(this.#cells, HEAD);
    const originMs = this.#floats[TIME_ORIGIN] as number;
    let first = this.#read;
    if (((head - first) | 0) > this.#capacity) first = (head - this.#capacity) | 0;
    const count = (head - first) | 0;
    this.#copy(first, count);
    // The writer may have lapped the copy above: while HEAD is h, it may be in
    // the middle of overwriting record h - capacity. So a copied record counts
    // only if its number exceeds h - capacity for an h read after the copy. A
    // plain load could be satisfied before the copy's reads; a read-modify-write
    // cannot pass them. And the writer's plain writes may be seen before the HEAD
    // that was stored before them, as nothing orders these two on some processors:
    // by as many records as its store buffer holds.
    const after = add(this.#cells, HEAD, 0);
    const oldestWhole = (after - this.#capacity + 1 + this.#early) | 0;
    const torn = Math.min(Math.max(0, (oldestWhole - first) | 0), count);
    const dropped = ((first - this.#read) | 0) + torn;
    this.#read = head;
    return { records: new RecordBatch(this.#copied, torn, count - torn, originMs), dropped };
  }

  /** Copies records as they stand, in two pieces where they go over the end of the ring. */
  #copy(first: number, count: number): void {
    if (this.#copied.byteLength < count * RECORD_BYTES) this.#copied = new ArrayBuffer(count * RECORD_BYTES);
    const from = first & (this.#capacity - 1);
    const toEnd = Math.min(count, this.#capacity - from);
    const to = new Float64Array(this.#copied);
    const records = HEADER_BYTES / 8;
    to.set(this.#floats.subarray(records + from * FLOATS_A_RECORD, records + (from + toEnd) * FLOATS_A_RECORD));
    const rest = (count - toEnd) * FLOATS_A_RECORD;
    to.set(this.#floats.subarray(records, records + rest), toEnd * FLOATS_A_RECORD);
  }

  /**
   * Appends the records written since the last call to `into`, oldest first.
   *
   * @returns how many records were overwritten before they could be read
   */
  drain(into: ProbeRecord[]): number {
    const { records, dropped } = this.take();
    for (let i = 0; i < records.length; i++) into.push(records.at(i));
    return dropped;
  }
}
