/**
 * A reader of `.skein` files that owes nothing to the library's: straight down the bytes,
 * one after the other, with no thought of damage. What the page shows is compared with
 * what this one finds.
 */
const KINDS = { begin: 1, records: 2, end: 6 } as const;

export interface RawRecord {
  readonly kind: number;
  readonly atMs: number;
  readonly subject: number;
  readonly other: number;
  readonly value: number;
  readonly thread: number;
  /** The text that its value names, if it names one. */
  readonly text: string;
}

export interface RawTrace {
  readonly durationMs: number;
  /** By index. */
  readonly threads: ReadonlyMap<number, { readonly name: string; readonly toMs: number }>;
  /** In the order of the file, times since the recording began. */
  readonly records: readonly RawRecord[];
  readonly cpuMs: number;
  readonly coreWaitMs: number;
  readonly cores: number;
}

/** The same file without what was read of single threads, and without stalls. */
export function withoutKernel(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const kept = [bytes.subarray(0, 9)];
  for (let at = 9; at < bytes.length;) {
    const end = at + 9 + view.getUint32(at + 1, true);
    if (Object.values<number>(KINDS).includes(view.getUint8(at))) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}

export function readRawTrace(bytes: Uint8Array): RawTrace {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 9; // behind the mark and the version
  const byte = (): number => view.getUint8(at++);
  const count = (): number => {
    let [value, scale] = [0, 1];
    for (let next = byte(); ; next = byte()) {
      value += (next & 127) * scale;
      scale *= 128;
      if (next < 128) return value;
    }
  };
  const number = (): number => {
    const coded = count();
    if (coded === 1) return view.getFloat64((at += 8) - 8, true);
    const folded = coded / 2;
    return folded % 2 === 0 ? folded / 2 : -(folded + 1) / 2;
  };
  const maybe = (): number => (byte() === 1 ? number() : 0);
  const text = (): string => {
    const length = count();
    at += length;
    return new TextDecoder().decode(bytes.subarray(at - length, at));
  };

  let [startedMs, stoppedMs] = [0, 0];
  let usage: readonly number[] = [];
  const threads = new Map<number, { readonly name: string; readonly toMs: number }>();
  const records: RawRecord[] = [];
  // A step that follows another at once takes that one's time, be there a record between:
  // on a thread nothing happens before what is written before it.
  const lastMs = new Map<number, number>();
  while (at < bytes.length) {
    const kind = byte();
    const end = view.getUint32(at, true) + at + 8;
    at += 8;
    if (kind === KINDS.begin) startedMs = number();
    else if (kind === KINDS.end) {
      stoppedMs = number();
      usage = [maybe(), maybe(), maybe()];
    } else if (kind === KINDS.records) {
      const thread = count();
      const name = text();
      number(); // since when its records are known, and until when
      threads.set(thread, { name, toMs: number() - startedMs });
      at++; // whether it has ended
      count(); // how many are missing
      const texts = Array.from({ length: count() }, text);
      let [ticks, subject] = [0, 0];
      for (let left = count(); left > 0; left--) {
        const what = byte();
        ticks += number();
        subject += number();
        const other = byte() === 0 ? 0 : subject + number();
        const value = number();
        const atMs = Math.max(lastMs.get(thread) ?? 0, ticks / 4096 - startedMs);
        lastMs.set(thread, atMs);
        records.push({
          kind: what,
          atMs,
          subject,
          other,
          value,
          thread,
          text: texts[value] ?? "",
        });
      }
    }
    at = end;
  }
  const [cpuMs = 0, coreWaitMs = 0, cores = 0] = usage;
  return { durationMs: stoppedMs - startedMs, threads, records, cpuMs, coreWaitMs, cores };
}
