/**
 * The pulse of a thread's event loop: a timer writes that the loop still turns, into
 * memory where a watcher on another thread sees it (`trace/kernel/loop-watch.ts`).
 *
 * Memory of one thread, 128 bytes. Only the thread itself writes; anybody reads.
 *
 * Invariants
 * - WRITES is odd while the other cells are being written. A reader that finds it even
 *   before and unchanged after has read cells that belong together.
 * - RESTING is 1 only while the thread blocks because it has nothing to do. A loop
 *   that rests does not turn, and nothing is wrong.
 */
import { add, load, type SharedCells } from "#atomics";

import { isInspected, kernelThreadId, ownCpuMs, platformThreadId } from "./host-thread.js";

// Int32 indexes:
/** Begins and ends of writing, together. Wraps. */
const WRITES = 0;
/** Beats so far. Wraps. */
const BEATS = 1;
/** Beats, and rests, that came too late. Wraps. */
const LATES = 2;
/** 1 while the thread rests. */
const RESTING = 3;
/** 1 if a debugger may be at the process, as of the last beat. */
const INSPECTED = 4;
/** The kernel's number of the thread and the platform's; -1 if there is none. */
const KERNEL_THREAD = 5;
const PLATFORM_THREAD = 6;
// Float64 indexes; moments are milliseconds since the epoch:
/** The last beat, and the thread's CPU time then; NaN if the platform does not tell. */
const AT = 4;
const CPU = 5;
/** The end of the last rest. */
const AWAKE_AT = 6;
/** The last late one: when it was due, when it came, CPU time since the beat before or NaN. */
const LATE_DUE = 7;
const LATE_AT = 8;
const LATE_CPU = 9;
/** Milliseconds from beat to beat, and by how much one must be late to count. Written by who makes the memory. */
const EVERY = 10;
const LIMIT = 11;
const PULSE_BYTES = 128;

const DEFAULT_EVERY_MS = 25; // 40 beats a second: some 0.05 % of a core
const DEFAULT_LIMIT_MS = 100;

export interface PulseOptions {
  /** Milliseconds from beat to beat; 25 by default. */
  readonly everyMs?: number;
  /**
   * A beat that comes later than this says that the loop stood still; 100 by default.
   * So a loop that stands still for `limitMs` may be noticed, for `limitMs + everyMs`
   * is.
   */
  readonly limitMs?: number;
}

/** Makes the memory for the pulse of one thread. */
export function makePulseMemory({
  everyMs = DEFAULT_EVERY_MS,
  limitMs = DEFAULT_LIMIT_MS,
}: PulseOptions = {}): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(PULSE_BYTES);
  const moments = new Float64Array(memory);
  moments[EVERY] = everyMs;
  moments[LIMIT] = limitMs;
  return memory;
}

/** Makes the memory as it was before its first beat, for another thread; its own must have ended. */
export function clearPulseMemory(memory: SharedArrayBuffer): void {
  new Float64Array(memory).fill(0, 0, EVERY);
}

/** The beating of this thread, under way. */
class Pulse {
  readonly #cells: SharedCells;
  readonly #moments: Float64Array<SharedArrayBuffer>;
  readonly #everyMs: number;
  readonly #limitMs: number;
  readonly #stopTimer: () => void;
  #lastMs = 0;
  #lastCpuMs = Number.NaN;
  #awakeMs = 0;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
    this.#moments = new Float64Array(memory);
    this.#everyMs = this.#moments[EVERY] as number;
    this.#limitMs = this.#moments[LIMIT] as number;
    this.#write(() => {
      this.#cells[KERNEL_THREAD] = kernelThreadId() ?? -1;
      this.#cells[PLATFORM_THREAD] = platformThreadId() ?? -1;
      this.#cells[RESTING] = 0;
      this.#beat(epochMs());
    });
    this.#stopTimer = repeat(() => this.#write(() => this.#timerBeat()), this.#everyMs);
  }

  #timerBeat(): void {
    const nowMs = epochMs();
    const dueMs = this.#dueMs;
    const lastCpuMs = this.#lastCpuMs;
    this.#beat(nowMs);
    if (nowMs - dueMs >= this.#limitMs) this.#late(dueMs, nowMs, this.#lastCpuMs - lastCpuMs);
  }

  /** When the next beat is due: the loop may rest until long after the timer would ring. */
  get #dueMs(): number {
    return Math.max(this.#lastMs + this.#everyMs, this.#awakeMs);
  }

  #late(dueMs: number, nowMs: number, cpuMs: number): void {
    this.#moments[LATE_DUE] = dueMs;
    this.#moments[LATE_AT] = nowMs;
    this.#moments[LATE_CPU] = cpuMs;
    this.#cells[LATES] = ((this.#cells[LATES] as number) + 1) | 0;
  }

  #beat(nowMs: number): void {
    this.#lastMs = nowMs;
    this.#lastCpuMs = ownCpuMs() ?? Number.NaN;
    this.#moments[AT] = this.#lastMs;
    this.#moments[CPU] = this.#lastCpuMs;
    this.#cells[INSPECTED] = isInspected() ? 1 : 0;
    this.#cells[BEATS] = ((this.#cells[BEATS] as number) + 1) | 0;
  }

  /** Read-modify-writes, not stores: no plain write of `action` can pass either of them. */
  #write(action: () => void): void {
    add(this.#cells, WRITES, 1);
    action();
    add(this.#cells, WRITES, 1);
  }

  /** A beat too: who has nothing to do has turned. Often called, so the rest of a beat is left out. */
  rest(): void {
    const nowMs = epochMs();
    const dueMs = this.#dueMs;
    add(this.#cells, WRITES, 1);
    if (nowMs - dueMs >= this.#limitMs) this.#late(dueMs, nowMs, Number.NaN);
    this.#cells[RESTING] = 1;
    add(this.#cells, WRITES, 1);
  }

  wake(): void {
    this.#awakeMs = epochMs();
    add(this.#cells, WRITES, 1);
    this.#cells[RESTING] = 0;
    this.#moments[AWAKE_AT] = this.#awakeMs;
    add(this.#cells, WRITES, 1);
  }

  stop(): void {
    this.#stopTimer();
  }
}

let current: Pulse | undefined;

/**
 * Starts the pulse of this thread, in place of an earlier one; the result stops it.
 *
 * The timer keeps no process alive. It is the platform's own: the loop is seen as it
 * really turns, under a virtual clock too.
 *
 * **Cost** 40 times a second 6 µs at most, on a thread that does nothing else too.
 */
export function startPulse(memory: SharedArrayBuffer): () => void {
  current?.stop();
  const pulse = new Pulse(memory);
  current = pulse;
  return () => {
    pulse.stop();
    if (current === pulse) current = undefined;
  };
}

/** Stops the pulse of this thread, if it has one. */
export function stopPulse(): void {
  current?.stop();
  current = undefined;
}

/** This thread is about to block for want of work; `wakePulse` must follow. */
export function restPulse(): void {
  current?.rest();
}

/** The rest is over. */
export function wakePulse(): void {
  current?.wake();
}

/** What a pulse says at a moment. */
export interface PulseReading {
  /** Numbers of the thread, the kernel's and the platform's. */
  readonly kernelThread: number | undefined;
  readonly platformThread: number | undefined;
  readonly beats: number;
  readonly lates: number;
  /** The last beat. */
  readonly atMs: number;
  /** CPU time of the thread then; `undefined` if the platform does not tell. */
  readonly cpuMs: number | undefined;
  readonly isResting: boolean;
  /** The end of the last rest; 0 without one. */
  readonly awakeMs: number;
  readonly isInspected: boolean;
  /** The last late beat; meaningless while there are none. */
  readonly late: { readonly dueMs: number; readonly atMs: number; readonly cpuMs: number | undefined };
}

/** Reads the pulse of a thread, on any other. */
export class PulseReader {
  readonly #cells: SharedCells;
  readonly #moments: Float64Array<SharedArrayBuffer>;
  readonly everyMs: number;
  readonly limitMs: number;

  constructor(memory: SharedArrayBuffer) {
    this.#cells = new Int32Array(memory);
    this.#moments = new Float64Array(memory);
    this.everyMs = this.#moments[EVERY] as number;
    this.limitMs = this.#moments[LIMIT] as number;
  }

  /** @returns `undefined` before the first beat, and while the thread writes */
  read(): PulseReading | undefined {
    const writes = load(this.#cells, WRITES);
    if (writes === 0 || (writes & 1) === 1) return undefined;
    const cell = (index: number): number => this.#cells[index] as number;
    const moment = (index: number): number => this.#moments[index] as number;
    const reading: PulseReading = {
      kernelThread: cell(KERNEL_THREAD) < 0 ? undefined : cell(KERNEL_THREAD),
      platformThread: cell(PLATFORM_THREAD) < 0 ? undefined : cell(PLATFORM_THREAD),
      beats: cell(BEATS),
      lates: cell(LATES),
      atMs: moment(AT),
      cpuMs: told(moment(CPU)),
      isResting: cell(RESTING) === 1,
      awakeMs: moment(AWAKE_AT),
      isInspected: cell(INSPECTED) === 1,
      late: { dueMs: moment(LATE_DUE), atMs: moment(LATE_AT), cpuMs: told(moment(LATE_CPU)) },
    };
    // A plain load could be satisfied before the reads above; a read-modify-write
    // cannot pass them.
    return add(this.#cells, WRITES, 0) === writes ? reading : undefined;
  }
}

function told(value: number): number | undefined {
  return Number.isNaN(value) ? undefined : value;
}

// The clock of the records.
function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Does `action` again and again, without keeping the process alive. The result ends it. */
function repeat(action: () => void, everyMs: number): () => void {
  // oxlint-disable-next-line no-restricted-globals -- whether the loop really turns, under a virtual clock too
  const timer = setInterval(action, everyMs);
  (timer as { unref?(): void }).unref?.(); // a number in browsers
  return () => clearInterval(timer);
}
