/**
 * The flight recorder: the latest segments of a recording, for so long and of so many
 * bytes, whatever is recorded. What is given up is counted, by thread.
 */
import { recordSegment } from "../trace-file.js";
import type { SegmentThread } from "../file/record-segment.js";

/** A segment of records, or of other facts. */
export interface KeptSegment {
  readonly bytes: Uint8Array;
  /** The moment of the last that is in it. */
  readonly toMs: number;
  /** Who wrote its records, if it has any. */
  readonly thread: SegmentThread | undefined;
  /** Its records, with those that were lost before it. */
  readonly count: number;
}

export class SegmentStore {
  #segments: KeptSegment[] = [];
  /** Index of the oldest that is kept; those before it are let go together now and then. */
  #first = 0;
  #bytes = 0;
  readonly #keptBytes: number;
  readonly #keptMs: number;
  readonly #lost = new Map<number, { thread: SegmentThread; count: number }>();

  constructor(keptBytes: number, keptMs: number) {
    this.#keptBytes = keptBytes;
    this.#keptMs = keptMs;
  }

  get byteLength(): number {
    return this.#bytes;
  }

  push(segment: KeptSegment): void {
    this.#segments.push(segment);
    this.#bytes += segment.bytes.length;
    // The newest stays, whatever its size.
    while (
      this.#first < this.#segments.length - 1 &&
      this.#mustGo(this.#segments[this.#first] as KeptSegment, segment)
    ) {
      this.#giveUp(this.#segments[this.#first++] as KeptSegment);
    }
    if (this.#first * 2 <= this.#segments.length) return;
    this.#segments = this.#segments.slice(this.#first);
    this.#first = 0;
  }

  #mustGo(oldest: KeptSegment, newest: KeptSegment): boolean {
    return this.#bytes > this.#keptBytes || oldest.toMs < newest.toMs - this.#keptMs;
  }

  #giveUp({ bytes, thread, count }: KeptSegment): void {
    this.#bytes -= bytes.length;
    if (thread === undefined || count === 0) return;
    const lost = this.#lost.get(thread.index);
    if (lost === undefined) this.#lost.set(thread.index, { thread, count });
    else lost.count += count;
  }

  /** What is kept, in order; first what says how many records of each thread were given up. */
  *[Symbol.iterator](): Generator<Uint8Array> {
    for (const { thread, count } of this.#lost.values()) yield recordSegment(thread, count, [], []);
    for (let i = this.#first; i < this.#segments.length; i++) yield (this.#segments[i] as KeptSegment).bytes;
  }
}
