/** Reading what a thread records, on any other thread. */
import { add, load, type SharedCells } from "#atomics";

import { type ProbeKindValue, type ProbeRecord } from "./probe-kinds.js";
import {
  capacityOf,
  FLOATS_A_RECORD,
  HEAD,
  HEADER_BYTES,
  INTS_A_RECORD,
  NO_ROOM,
  RECORD_BYTES,
  TEXT_BYTES,
  textsOf,
  TIME_ORIGIN,
} from "./ring-memory.js";

const decoder = new TextDecoder();

/** Reads a ring that any thread writes, while it writes. */
export class ProbeRingReader {
  readonly #cells: SharedCells;
  readonly #floats: Float64Array<SharedArrayBuffer>;
  readonly #capacity: number;
  readonly #textBytes: Uint8Array<SharedArrayBuffer>;
  readonly #texts: string[] = [NO_ROOM];
  #textBytesRead = 0;
  #read = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#capacity = capacityOf(memory);
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
   * Appends the records written since the last call to `into`, oldest first.
   *
   * @returns how many records were overwritten before they could be read
   */
  drain(into: ProbeRecord[]): number {
    const head = load(this.#cells, HEAD);
    const origin = this.#floats[TIME_ORIGIN] ?? 0;
    let first = this.#read;
    if (((head - first) | 0) > this.#capacity) first = (head - this.#capacity) | 0;
    const start = into.length;
    for (let number = first; number !== head; number = (number + 1) | 0) {
      const slot = number & (this.#capacity - 1);
      const float = HEADER_BYTES / 8 + slot * FLOATS_A_RECORD;
      const int = HEADER_BYTES / 4 + slot * INTS_A_RECORD;
      into.push({
        timeMs: origin + (this.#floats[float] ?? 0),
        subject: this.#floats[float + 1] ?? 0,
        other: this.#floats[float + 2] ?? 0,
        kind: (this.#cells[int + 6] ?? 0) as ProbeKindValue,
        value: this.#cells[int + 7] ?? 0,
      });
    }
    // The writer may have lapped the copy above: while HEAD is h, it may be in
    // the middle of overwriting record h - capacity. So a copied record counts
    // only if its number exceeds h - capacity for an h read after the copy. A
    // plain load could be satisfied before the copy's reads; a read-modify-write
    // cannot pass them.
    const after = add(this.#cells, HEAD, 0);
    const oldestWhole = (after - this.#capacity + 1) | 0;
    const torn = Math.min(Math.max(0, (oldestWhole - first) | 0), into.length - start);
    into.splice(start, torn);
    const dropped = ((first - this.#read) | 0) + torn;
    this.#read = head;
    return dropped;
  }
}
