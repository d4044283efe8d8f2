/** Records as a ring has them, copied out of it: many of them cost a copy of memory, and no objects. */
import type { ProbeKindValue, ProbeRecord } from "./probe-kinds.js";
import { FLOATS_A_RECORD, INTS_A_RECORD, RECORD_BYTES } from "./ring-memory.js";

/**
 * Some records, in order. Made by `ProbeRingReader.take`, which fills it anew each time;
 * what is to be kept of it is copied, or written.
 */
export class RecordBatch {
  readonly floats: Float64Array;
  readonly ints: Int32Array;
  readonly length: number;
  /** What is added to their times, milliseconds. */
  readonly originMs: number;

  constructor(memory: ArrayBuffer, first: number, length: number, originMs: number) {
    this.floats = new Float64Array(memory, first * RECORD_BYTES, length * FLOATS_A_RECORD);
    this.ints = new Int32Array(memory, first * RECORD_BYTES, length * INTS_A_RECORD);
    this.length = length;
    this.originMs = originMs;
  }

  static of(records: readonly ProbeRecord[]): RecordBatch {
    const batch = new RecordBatch(new ArrayBuffer(records.length * RECORD_BYTES), 0, records.length, 0);
    for (const [i, { timeMs, subject, other, kind, value }] of records.entries()) {
      batch.floats.set([timeMs, subject, other], i * FLOATS_A_RECORD);
      batch.ints.set([kind, value], i * INTS_A_RECORD + 6);
    }
    return batch;
  }

  /** Some of these, in the same memory. */
  part(first: number, length: number): RecordBatch {
    const { buffer, byteOffset } = this.floats;
    return new RecordBatch(buffer as ArrayBuffer, byteOffset / RECORD_BYTES + first, length, this.originMs);
  }

  timeMs(i: number): number {
    return this.originMs + (this.floats[i * FLOATS_A_RECORD] as number);
  }

  subject(i: number): number {
    return this.floats[i * FLOATS_A_RECORD + 1] as number;
  }

  other(i: number): number {
    return this.floats[i * FLOATS_A_RECORD + 2] as number;
  }

  kind(i: number): ProbeKindValue {
    return this.ints[i * INTS_A_RECORD + 6] as ProbeKindValue;
  }

  value(i: number): number {
    return this.ints[i * INTS_A_RECORD + 7] as number;
  }

  at(i: number): ProbeRecord {
    return {
      timeMs: this.timeMs(i),
      subject: this.subject(i),
      other: this.other(i),
      kind: this.kind(i),
      value: this.value(i),
    };
  }
}
