/**
 * The flight recorder: the latest segments of a recording, for so long and of so many
 * bytes, whatever is recorded. What is given up is counted, by thread, and the names of
 * what is not over are kept.
 */
import { ProbeKind } from "../../core/probe.js";
import { recordSegment } from "../trace-file.js";
import { KeptNames, type OpenNames } from "./open-names.js";
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
  /** What of its records bears on later ones; nothing of other facts. */
  readonly names: OpenNames;
}

interface Lost {
  thread: SegmentThread;
  count: number;
  readonly names: KeptNames;
}

export class SegmentStore {
  #segments: KeptSegment[] = [];
  /** Index of the oldest that is kept; those before it are let go together now and then. */
  #first = 0;
  #bytes = 0;
  readonly #keptBytes: number;
  readonly #keptMs: number;
  readonly #lost = new Map<number, Lost>();

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

  #giveUp({ bytes, thread, count, names }: KeptSegment): void {
    this.#bytes -= bytes.length;
    if (thread === undefined || count === 0) return;
    let lost = this.#lost.get(thread.index);
    if (lost === undefined) {
      lost = { thread, count: 0, names: new KeptNames() };
      this.#lost.set(thread.index, lost);
    }
    lost.thread = thread;
    lost.count += count;
    lost.names.giveUp(names);
  }

  /** What is kept, in order; first what says how many records of each thread were given up, and what of them is not over. */
  *[Symbol.iterator](): Generator<Uint8Array> {
    for (const lost of this.#lost.values()) yield* lostSegments(lost);
    for (let i = this.#first; i < this.#segments.length; i++) yield (this.#segments[i] as KeptSegment).bytes;
  }
}

/**
 * What began, when it did; then the gap; then the same once more, at the end of it. For
 * after a gap nobody knows of a thing whether it is over, unless there is a sign of it.
 */
function* lostSegments({ thread, count, names }: Lost): Generator<Uint8Array> {
  const { records, texts } = names.records();
  if (records.length > 0) yield recordSegment(thread, 0, records, texts);
  const again = records
    .filter(({ kind }) => kind !== ProbeKind.poolGrow)
    .map((record) => ({ ...record, timeMs: thread.toMs }));
  yield recordSegment(thread, count - names.count, again, texts);
}
