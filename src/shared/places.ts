/**
 * Places of a container for values of other types than numbers: a value goes in as
 * bytes, in the place itself if it is short, else as a payload that the place names.
 *
 * Layout of a place for values of different lengths: 64 bytes
 *   0  LENGTH   of the bytes
 *   1  PAYLOAD  offset of the payload in units of 16, or 0 if the bytes follow here
 * Values of one length, as records have, stand in places of that size, and nothing
 * else does.
 */
import type { SharedCells } from "#atomics";

import type { Heap } from "./heap.js";
import { bytesOfPayload, freePayload, makePayload, takeInHand } from "./payload.js";

const LENGTH = 0;
const PAYLOAD = 1;
const HEAD_CELLS = 2;

const UNIT_BYTES = 16;
const PLACE_BYTES = 64;
/** Bytes that a place itself holds: what fits into a cache line with the two cells. */
const INLINE_BYTES: number = PLACE_BYTES - HEAD_CELLS * 4;

/** How values become bytes, and values again. */
export interface Codec<T> {
  /** Length of the bytes of every value, a multiple of 4; `undefined` if they differ. */
  readonly fixedBytes: number | undefined;
  /** The bytes of a value, good until the next call. Throws if it can't be carried. */
  encode(value: T): Uint8Array;
  /** @param bytes - in shared or ordinary memory; nobody changes them meanwhile */
  decode(bytes: Uint8Array): T;
}

/** A value on its way: its bytes, or the payload that has them. */
export class Packed {
  byteLength = 0;
  /** Offset of the payload, 0 if the bytes are here. */
  payload = 0;
  readonly cells: Int32Array;
  readonly bytes: Uint8Array;

  constructor(mostBytes: number) {
    this.cells = new Int32Array(Math.ceil(mostBytes / 4));
    this.bytes = new Uint8Array(this.cells.buffer);
  }
}

export class Places<T> {
  /** Cells of one place. */
  readonly placeCells: number;
  readonly #codec: Codec<T>;
  readonly #heap: Heap;
  readonly #container: number;
  readonly #mostInline: number;
  /** Cells before the bytes. */
  readonly #headCells: number;
  /** What is on its way now; `keep` makes another of it. */
  readonly #passing: Packed;

  /** @param container - offset of the object that the places are of */
  constructor(codec: Codec<T>, inHeap: Heap, container: number) {
    const { fixedBytes } = codec;
    this.placeCells = (fixedBytes ?? PLACE_BYTES) / 4;
    this.#codec = codec;
    this.#heap = inHeap;
    this.#container = container;
    this.#mostInline = fixedBytes ?? INLINE_BYTES;
    this.#headCells = fixedBytes === undefined ? HEAD_CELLS : 0;
    this.#passing = new Packed(this.#mostInline);
  }

  /** Makes a value ready to be put; good until the next call. Throws if it can't be carried. */
  pack(value: T): Packed {
    const bytes = this.#codec.encode(value);
    const packed = this.#passing;
    packed.byteLength = bytes.length;
    if (bytes.length <= this.#mostInline) {
      packed.payload = 0;
      packed.bytes.set(bytes);
    } else {
      packed.payload = makePayload(this.#heap, this.#container, bytes);
    }
    return packed;
  }

  /** The same, good until it is put or dropped. */
  keep(packed: Packed): Packed {
    const kept = new Packed(packed.payload === 0 ? this.#mostInline : 0);
    kept.byteLength = packed.byteLength;
    kept.payload = packed.payload;
    if (packed.payload === 0) kept.cells.set(packed.cells);
    return kept;
  }

  /** Gives up what was packed and will not be put. */
  drop(packed: Packed): void {
    if (packed.payload !== 0) freePayload(this.#heap, packed.payload, this.#heap.slot);
  }

  /** Writes into the place that begins at `at`. */
  put(cells: SharedCells, at: number, packed: Packed): void {
    if (this.#headCells > 0) {
      cells[at + LENGTH] = packed.byteLength;
      cells[at + PAYLOAD] = packed.payload / UNIT_BYTES;
      if (packed.payload !== 0) return;
    }
    const from = packed.cells;
    const first = at + this.#headCells;
    const count = (packed.byteLength + 3) >> 2;
    for (let i = 0; i < count; i++) cells[first + i] = from[i] as number;
  }

  /** Takes what stands in the place at `at`, before that is anybody else's. Good until the next call. */
  take(cells: SharedCells, at: number): Packed {
    const packed = this.#passing;
    packed.byteLength = this.#headCells > 0 ? (cells[at + LENGTH] as number) : this.#mostInline;
    packed.payload = this.#headCells > 0 ? (cells[at + PAYLOAD] as number) * UNIT_BYTES : 0;
    if (packed.payload !== 0) {
      takeInHand(this.#heap, packed.payload);
      return packed;
    }
    const to = packed.cells;
    const first = at + this.#headCells;
    const count = (packed.byteLength + 3) >> 2;
    for (let i = 0; i < count; i++) to[i] = cells[first + i] as number;
    return packed;
  }

  /** The value of what was taken, which is given up by that. */
  unpack(packed: Packed): T {
    if (packed.payload === 0) return this.#codec.decode(packed.bytes.subarray(0, packed.byteLength));
    try {
      return this.#codec.decode(bytesOfPayload(this.#heap, packed.payload, packed.byteLength));
    } finally {
      this.drop(packed);
    }
  }

  /** Offset of the payload that the place at `at` names, 0 if none. */
  payloadAt(cells: SharedCells, at: number): number {
    return this.#headCells === 0 ? 0 : (cells[at + PAYLOAD] as number) * UNIT_BYTES;
  }
}
