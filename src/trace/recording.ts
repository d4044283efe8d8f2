/**
 * Recording: gives every thread a ring for its probe records, empties the rings
 * while the program runs, and hands over what they held.
 *
 * Ownership: a ring is written by its thread alone; only the collector of that
 * thread, on the thread that records, reads it. So what stands in a ring can be
 * read without the thread's help, while it computes and after it has ended.
 *
 * What is lost is counted where it is lost: in a ring that its thread filled
 * faster than it was emptied, and at the front of what is kept if that grows too
 * large. Both become gaps of the trace.
 */
import { MisuseError } from "../core/errors.js";
import { makeRingMemory, type ProbeRecord, ProbeRingReader, setDeep } from "../core/probe.js";
import {
  onThread,
  parkIfImporting,
  runningThreads,
  threadIndex,
  type ThreadRecord,
  workerMarker,
} from "../core/thread.js";
import { UsageMeter } from "./host-node.js";
import type { RecordGap, ThreadTrace, Trace } from "./trace.js";

const DEFAULT_RING_CAPACITY = 65_536; // 2 MiB a thread; full after 3 ms at the fastest that records can be written
const LARGEST_RING_CAPACITY = 2 ** 24; // 512 MiB
const DEFAULT_COLLECT_EVERY_MS = 50;
const DEFAULT_RECORD_LIMIT = 2_000_000; // some 250 MB once collected

/**
 * Options of a recording.
 *
 * @since 0.1.0
 */
export interface RecordingOptions {
  /**
   * Records that a thread can write before they are collected; of more, the
   * oldest are lost. Rounded up to a power of two; 65,536 by default, which takes
   * 2 MiB a thread. A thread that works for long without returning to its event
   * loop needs more if it is the one that records.
   */
  readonly ringCapacity?: number;
  /** How often records are collected; 50 by default. */
  readonly collectEveryMs?: number;
  /** Records kept in all; of more, the oldest are given up. 2,000,000 by default. */
  readonly recordLimit?: number;
  /** Whether dumps are to tell where each job was spawned; takes some 10 µs a job. False by default. */
  readonly notesSpawning?: boolean;
}

/**
 * A recording under way.
 *
 * @since 0.1.0
 */
export interface Recording {
  /**
   * Ends the recording and gives what it holds. Reads what the threads have
   * written up to now, without waiting for them. Called again, it gives the same.
   */
  stop(): Trace;
}

/** Collects the records of one thread. */
class ThreadCollector {
  readonly thread: ThreadRecord;
  #reader: ProbeRingReader | undefined;
  #texts: readonly string[] = [];
  readonly #attachedMs: number;
  /** In order of time, each with how many records are missing before it. */
  readonly #parts: { dropped: number; readonly records: ProbeRecord[] }[] = [];
  /** Missing before the first part. */
  #givenUp = 0;
  #endedMs: number | undefined = undefined;

  constructor(thread: ThreadRecord, ringCapacity: number, notesSpawning: boolean, onHalfFull: () => void) {
    const memory = makeRingMemory(ringCapacity);
    setDeep(memory, notesSpawning);
    this.thread = thread;
    this.#reader = new ProbeRingReader(memory);
    this.#attachedMs = epochMs();
    thread.attachRing(memory, onHalfFull);
  }

  /** @returns how many records there were; `undefined` if there was nothing, not even a loss */
  collect(): number | undefined {
    if (this.#reader === undefined) return undefined;
    // Asked before the ring is read: a thread that has ended writes no more, so
    // then this is the last there is.
    const isAlive = runningThreads().has(this.thread);
    const records: ProbeRecord[] = [];
    const dropped = this.#reader.drain(records);
    this.#texts = this.#reader.texts;
    if (!isAlive) {
      this.#endedMs = epochMs();
      this.#reader = undefined; // and with it the ring's memory
    }
    if (records.length === 0 && dropped === 0) return undefined;
    this.#parts.push({ dropped, records });
    return records.length;
  }

  /** Gives up the oldest part. @returns how many records that were */
  giveUpOldest(): number {
    const oldest = this.#parts.shift();
    if (oldest === undefined) return 0;
    this.#givenUp += oldest.dropped + oldest.records.length;
    return oldest.records.length;
  }

  /** Stops the thread's reporting and gives what was collected; called once, last. */
  finish(stoppedMs: number): ThreadTrace {
    if (this.#endedMs === undefined) this.thread.attachRing(undefined);
    const records: ProbeRecord[] = [];
    const gaps: RecordGap[] = [];
    let dropped = this.#givenUp;
    for (const part of this.#parts) {
      dropped += part.dropped;
      if (part.records.length === 0) continue;
      if (dropped > 0) gaps.push({ at: records.length, dropped });
      dropped = 0;
      for (const collected of part.records) records.push(collected);
    }
    if (dropped > 0) gaps.push({ at: records.length, dropped });
    return {
      index: this.thread.index,
      name: this.thread.name,
      // Another thread takes its ring up when it next looks at its messages; its
      // first record is the first sign that it has.
      fromMs:
        this.thread.index === threadIndex || gaps[0]?.at === 0
          ? this.#attachedMs
          : (records[0]?.timeMs ?? this.#endedMs ?? stoppedMs),
      toMs: this.#endedMs ?? stoppedMs,
      hasEnded: this.#endedMs !== undefined,
      texts: this.#texts,
      records,
      gaps,
    };
  }
}

class RunningRecording implements Recording {
  readonly #startedMs = epochMs();
  readonly #meter = new UsageMeter();
  readonly #collectors: ThreadCollector[] = [];
  /** Whose part is the oldest, the second oldest, and so on; one entry a part. */
  readonly #order: ThreadCollector[] = [];
  readonly #recordLimit: number;
  readonly #stopListening: () => void;
  readonly #stopTimer: () => void;
  #count = 0;
  #trace: Trace | undefined = undefined;

  constructor(ringCapacity: number, collectEveryMs: number, recordLimit: number, notesSpawning: boolean) {
    this.#recordLimit = recordLimit;
    const attach = (thread: ThreadRecord): void => {
      this.#collectors.push(new ThreadCollector(thread, ringCapacity, notesSpawning, () => this.#collect()));
    };
    for (const thread of runningThreads()) attach(thread);
    this.#stopListening = onThread(attach);
    this.#stopTimer = repeat(() => {
      this.#collect();
      this.#meter.sample();
    }, collectEveryMs);
  }

  #collect(): void {
    for (const collector of this.#collectors) {
      const count = collector.collect();
      if (count === undefined) continue;
      this.#count += count;
      this.#order.push(collector);
    }
    while (this.#count > this.#recordLimit && this.#order.length > 1) {
      this.#count -= this.#order.shift()?.giveUpOldest() ?? 0;
    }
  }

  stop(): Trace {
    if (this.#trace !== undefined) return this.#trace;
    this.#stopTimer();
    this.#stopListening();
    this.#collect();
    const stoppedMs = epochMs();
    this.#trace = {
      startedMs: this.#startedMs,
      stoppedMs,
      threads: this.#collectors.map((collector) => collector.finish(stoppedMs)),
      usage: this.#meter.read(),
      kernel: undefined,
      stalls: [],
      profiles: [],
      capabilities: [],
    };
    underWay = undefined;
    return this.#trace;
  }
}

let underWay: RunningRecording | undefined;

/** Does `action` again and again, without keeping the process alive. The result ends it. */
function repeat(action: () => void, everyMs: number): () => void {
  // oxlint-disable-next-line no-restricted-globals -- rings fill in real time, under a virtual clock too
  const timer = setInterval(action, everyMs);
  (timer as { unref?(): void }).unref?.(); // a number in browsers
  return () => clearInterval(timer);
}

// The clock of the records.
function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Starts to record every thread of the program, those that start later too.
 *
 * For a part of a program that is one function, `record` is shorter.
 *
 * **Threads** Only the thread that started the program records, and it records
 * all of them. One recording at a time. A thread that is busy when the recording
 * starts is recorded from the end of its current job on.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` for options out of range, if a recording is
 * under way, and on a thread of a pool; `SKEIN_TASK_AT_IMPORT` if a thread calls
 * it while it imports the module for its tasks.
 *
 * **Cost** Nothing while nobody records. A job leaves some five records; a program
 * of 200,000 jobs that do nothing takes twice as long while it is recorded
 * (Node 20, November 2026).
 *
 * @example
 * ```ts
 * const recording = startRecording();
 * await program();
 * const figures = computeFigures(buildTimeline(recording.stop()));
 * console.log(verdict(figures).text);
 * ```
 *
 * @since 0.1.0
 */
export function startRecording(options: RecordingOptions = {}): Recording {
  requirePlace();
  if (typeof options !== "object" || options === null) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `a recording expected options, but ${String(options)} came`);
  }
  const { ringCapacity = DEFAULT_RING_CAPACITY, collectEveryMs = DEFAULT_COLLECT_EVERY_MS } = options;
  const { recordLimit = DEFAULT_RECORD_LIMIT, notesSpawning = false } = options;
  requireNumber("ringCapacity", ringCapacity, 2, LARGEST_RING_CAPACITY);
  requireNumber("collectEveryMs", collectEveryMs, 1, 2 ** 31 - 1);
  requireNumber("recordLimit", recordLimit, 1, Number.MAX_SAFE_INTEGER);
  if (typeof notesSpawning !== "boolean") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `notesSpawning must be true or false, but ${String(notesSpawning)} came`,
    );
  }
  if (underWay !== undefined) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      "a recording is under way already, and there can be only one: it records every thread. Stop it first",
    );
  }
  underWay = new RunningRecording(2 ** Math.ceil(Math.log2(ringCapacity)), collectEveryMs, recordLimit, notesSpawning);
  return underWay;
}

function requirePlace(): void {
  if (workerMarker === undefined) return;
  if (workerMarker.importing !== undefined && workerMarker.runningJobs === 0) {
    throw new MisuseError(
      "SKEIN_TASK_AT_IMPORT",
      `startRecording() was called at the top level of ${workerMarker.importing}, which each thread that imports it does again. Move it into main(), or the tasks into a module of their own`,
    );
  }
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `a recording was started on thread "${workerMarker.name}", but only the thread that started the program can: it records all of them`,
  );
}

function requireNumber(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === "number" && value >= least && value <= most) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${name} must be a number from ${least} to ${most}, but ${typeof value} ${String(value)} came`,
  );
}

/**
 * Runs `body` and records every thread meanwhile.
 *
 * **Throws** what `body` throws, and then the recording is lost; else as
 * `startRecording`.
 *
 * @example
 * ```ts
 * const { result, trace } = await record(() =>
 *   scope(async (s) => s.spawn(resize, [picture], { on: threads() })),
 * );
 * ```
 *
 * @since 0.1.0
 */
export async function record<Result>(
  body: () => Result,
  options?: RecordingOptions,
): Promise<{ readonly result: Awaited<Result>; readonly trace: Trace }> {
  const parked = parkIfImporting("record");
  if (parked !== undefined) return parked;
  if (typeof body !== "function") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `record expected a function, but ${typeof body} ${String(body)} came`,
    );
  }
  const recording = startRecording(options);
  try {
    const result = await body();
    return { result, trace: recording.stop() };
  } finally {
    recording.stop();
  }
}
