/**
 * A part of one thread's records, with all that is needed to read it alone: who wrote
 * them, the texts that they name, and how many are missing before them.
 *
 * Layout: index, name, from, to and whether the thread has ended; how many records are
 * missing before the first; the texts; the number of records; then of each its kind, the
 * time since the one before, its subject and its other as differences, its value. Most
 * records take 5 to 9 bytes.
 */
import { ProbeKind, type ProbeRecord, RecordBatch } from "../../core/probe.js";
import { type ByteReader, type ByteWriter } from "./bytes.js";

/** Who wrote the records, and since and until when all of them are known. */
export interface SegmentThread {
  readonly index: number;
  readonly name: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly hasEnded: boolean;
}

/** Records in columns, as many of them are best held. */
export interface RecordColumns {
  readonly thread: SegmentThread;
  /** Missing before the first; if there is no first, at the end. */
  readonly dropped: number;
  readonly texts: readonly string[];
  readonly count: number;
  readonly timesMs: Float64Array;
  readonly kinds: Uint8Array;
  readonly subjects: Float64Array;
  readonly others: Float64Array;
  /** Of records that name a text, its index in `texts`. */
  readonly values: Float64Array;
}

/** Kinds whose value is the index of a text. */
const NAMES_TEXT: ReadonlySet<number> = new Set([
  ProbeKind.jobSpawn,
  ProbeKind.spawnedAt,
  ProbeKind.scopeOpen,
  ProbeKind.waitBegin,
  ProbeKind.poolGrow,
  ProbeKind.resourceMade,
  ProbeKind.waitAt,
  ProbeKind.placed,
  ProbeKind.mark,
]);

const TEXT_KINDS = Uint8Array.from({ length: 256 }, (_, kind) => (NAMES_TEXT.has(kind) ? 1 : 0));
const namesText = (kind: number): boolean => TEXT_KINDS[kind] === 1;

/** A kind, and four numbers of a byte at least. */
const LEAST_RECORD_BYTES = 5;

/** What a double holds exactly of a time since the epoch: a quarter of a microsecond. */
const TICKS_A_MS = 4096;

export function writeRecords(
  to: ByteWriter,
  thread: SegmentThread,
  dropped: number,
  records: RecordBatch | readonly ProbeRecord[],
  texts: readonly string[],
): void {
  writeThread(to, thread);
  to.count(dropped);
  const batch = records instanceof RecordBatch ? records : RecordBatch.of(records);
  // The texts that these records name, in the order of their being named first.
  const indexes = new Map<number, number>();
  for (let i = 0; i < batch.length; i++) {
    if (!namesText(batch.kind(i))) continue;
    const value = batch.value(i);
    if (texts[value] !== undefined && !indexes.has(value)) indexes.set(value, indexes.size);
  }
  to.count(indexes.size);
  for (const index of indexes.keys()) to.text(texts[index] as string);
  to.count(batch.length);
  let lastTicks = 0;
  let lastSubject = 0;
  for (let i = 0; i < batch.length; i++) {
    const kind = batch.kind(i);
    to.byte(kind);
    const ticks = batch.timeMs(i) * TICKS_A_MS;
    to.number(ticks - lastTicks);
    lastTicks = ticks;
    const subject = batch.subject(i);
    to.number(subject - lastSubject);
    lastSubject = subject;
    // Nothing, or something near: the scope of a job, or the job of a wait.
    const other = batch.other(i);
    to.byte(other === 0 ? 0 : 1);
    if (other !== 0) to.number(other - subject);
    const value = batch.value(i);
    // One that names a text which is not there names none that is.
    to.number(namesText(kind) ? (indexes.get(value) ?? indexes.size) : value);
  }
}

function writeThread(to: ByteWriter, { index, name, fromMs, toMs, hasEnded }: SegmentThread): void {
  to.count(index);
  to.text(name);
  to.number(fromMs);
  to.number(toMs);
  to.byte(hasEnded ? 1 : 0);
}

export function readRecords(from: ByteReader): RecordColumns {
  const thread = {
    index: from.count(),
    name: from.text(),
    fromMs: finite(from, from.number()),
    toMs: finite(from, from.number()),
    hasEnded: from.byte() === 1,
  };
  const dropped = from.count();
  const texts = Array.from({ length: from.countOf("texts", 1) }, () => from.text());
  const count = from.countOf("records", LEAST_RECORD_BYTES);
  const timesMs = new Float64Array(count);
  const kinds = new Uint8Array(count);
  const subjects = new Float64Array(count);
  const others = new Float64Array(count);
  const values = new Float64Array(count);
  let ticks = 0;
  let subject = 0;
  for (let i = 0; i < count; i++) {
    kinds[i] = from.byte();
    ticks += from.number();
    timesMs[i] = finite(from, ticks / TICKS_A_MS);
    subject += from.number();
    subjects[i] = finite(from, subject);
    others[i] = from.byte() === 0 ? 0 : finite(from, subject + from.number());
    values[i] = finite(from, from.number());
  }
  return { thread, dropped, texts, count, timesMs, kinds, subjects, others, values };
}

function finite(from: ByteReader, value: number): number {
  if (Number.isFinite(value)) return value;
  throw from.damaged(`a number is ${value}`);
}

/** The records one by one. Those that name a text have its index as `indexOf` gives it. */
export function recordsOf(columns: RecordColumns, indexOf: (text: string) => number): ProbeRecord[] {
  const { count, kinds, others, subjects, texts, timesMs, values } = columns;
  const indexes = texts.map(indexOf);
  const records: ProbeRecord[] = [];
  for (let i = 0; i < count; i++) {
    const kind = kinds[i] as ProbeRecord["kind"];
    const value = values[i] as number;
    records.push({
      timeMs: timesMs[i] as number,
      kind,
      subject: subjects[i] as number,
      other: others[i] as number,
      value: namesText(kind) ? (indexes[value] ?? -1) : value,
    });
  }
  return records;
}
