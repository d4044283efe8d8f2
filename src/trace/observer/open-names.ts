/**
 * What the flight recorder must not forget with the records that it gives up: the
 * beginnings of what is not over, with their names. A job that lives for an hour is
 * otherwise a number after the first minute.
 *
 * Each segment of records tells what begins in it and what ends in it. When it is given
 * up, its beginnings are kept here, and what ended in it is forgotten. So what stands
 * here began in what was given up and had not ended by its end.
 */
import { ProbeKind, type ProbeRecord, RecordBatch } from "../../core/probe.js";

/** More are not kept of one thread: what a program makes without end, as a lock for each request, is not to fill the memory. */
const MOST_KEPT = 10_000;

/** What it is about: its identity, and of threads of pools, which have none, their index in words. */
type Key = number | string;

interface Beginning {
  readonly key: Key;
  readonly record: ProbeRecord;
  readonly text: string | undefined;
}

/** What of a segment bears on later ones. */
export interface OpenNames {
  readonly begun: readonly Beginning[];
  readonly ended: readonly Key[];
}

export const NO_NAMES: OpenNames = { begun: [], ended: [] };

const BEGINNINGS = flags([
  ProbeKind.jobSpawn,
  ProbeKind.spawnedAt,
  ProbeKind.scopeOpen,
  ProbeKind.waitBegin,
  ProbeKind.waitOn,
  ProbeKind.waitAt,
  ProbeKind.resourceMade,
  ProbeKind.poolGrow,
]);
const ENDINGS = flags([ProbeKind.jobEnd, ProbeKind.scopeEnd, ProbeKind.waitEnd, ProbeKind.poolShrink]);
/** Of these the value is no text. */
const WITHOUT_TEXT: ReadonlySet<number> = new Set([ProbeKind.waitOn]);

/** By kind, as a look into a set for each of a million records takes long. */
function flags(kinds: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, kind) => (kinds.includes(kind) ? 1 : 0));
}

function keyOf(batch: RecordBatch, i: number): Key {
  const kind = batch.kind(i);
  return kind === ProbeKind.poolGrow || kind === ProbeKind.poolShrink
    ? `thread ${batch.other(i)} of a pool`
    : batch.subject(i);
}

/** What begins in these records and does not end in them, and what ends in them. */
export function openNamesIn(records: RecordBatch | readonly ProbeRecord[], texts: readonly string[]): OpenNames {
  const batch = records instanceof RecordBatch ? records : RecordBatch.of(records);
  const ended = new Set<Key>();
  const over = new Set<Key>();
  for (let i = 0; i < batch.length; i++) if (ENDINGS[batch.kind(i)] === 1) ended.add(keyOf(batch, i));
  const begun: Beginning[] = [];
  for (let i = 0; i < batch.length; i++) {
    if (BEGINNINGS[batch.kind(i)] !== 1) continue;
    const key = keyOf(batch, i);
    // Over within the segment: nobody needs to know of it before or after.
    if (ended.has(key)) {
      over.add(key);
      continue;
    }
    const record = batch.at(i);
    begun.push({ key, record, text: WITHOUT_TEXT.has(record.kind) ? undefined : texts[record.value] });
  }
  return { begun, ended: [...ended].filter((key) => !over.has(key)) };
}

/** The beginnings in one thread's records that were given up. */
export class KeptNames {
  readonly #kept = new Map<Key, Beginning[]>();
  #count = 0;

  /** A segment is given up. */
  giveUp({ begun, ended }: OpenNames): void {
    for (const key of ended) this.#forget(key);
    for (const beginning of begun) {
      const known = this.#kept.get(beginning.key);
      if (known === undefined) this.#kept.set(beginning.key, [beginning]);
      else known.push(beginning);
      this.#count++;
    }
    // The oldest first, as a map has them.
    for (const key of this.#kept.keys()) {
      if (this.#count <= MOST_KEPT) break;
      this.#forget(key);
    }
  }

  #forget(key: Key): void {
    this.#count -= this.#kept.get(key)?.length ?? 0;
    this.#kept.delete(key);
  }

  get count(): number {
    return this.#count;
  }

  /** As records and their texts, in order of time. */
  records(): { readonly records: readonly ProbeRecord[]; readonly texts: readonly string[] } {
    const texts: string[] = [];
    const records = [...this.#kept.values()].flat().map(({ record, text }) => {
      return text === undefined ? record : { ...record, value: texts.push(text) - 1 };
    });
    return { records: records.sort((a, b) => a.timeMs - b.timeMs), texts };
  }
}
