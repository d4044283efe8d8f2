/**
 * The CPU time of a synchronous step, exact although the kernel's own count is not.
 *
 * The kernel adds to a running thread's CPU time at its ticks, some 4 ms apart, so
 * the difference over a step of a millisecond says nothing. What it knows to the
 * nanosecond is how long the thread stood ready without a core, and how often it was
 * given one. A step that never slept was on a core for its whole length less that
 * wait. One that slept, as in a synchronous read, shows by a CPU count that is behind
 * by more than a tick, and then that count is the better figure.
 */
import { type HostFiles, hostModule } from "./host-thread.js";

/** The three counts of the kernel, since the thread began. */
export interface CoreCounts {
  /** On a core; lags by up to a tick. */
  readonly cpuMs: number;
  /** Ready, without a core; exact. */
  readonly waitMs: number;
  /** How often it was given a core; exact. */
  readonly turns: number;
}

/** CPU time of a step, and how far it can be trusted. */
export interface StepCpu {
  readonly cpuMs: number;
  /** False if the step slept: then the time may be wrong by a tick, 4 ms on most systems. */
  readonly isExact: boolean;
}

/** By so much the CPU count of a running thread may lag. */
const TICK_MS = 4;
/** Steps shorter than this are not worth a reading, which takes 1 µs: 0.5 %. */
export const SHORTEST_STEP_MS = 0.2;
const LONGEST_TEXT = 128;

/**
 * Reads the counts of the thread that made it; no other thread may use it.
 *
 * **Cost** 1.2 µs a reading (Node 20, November 2026).
 */
export class CoreClock {
  readonly #files: HostFiles;
  readonly #bytes = new Uint8Array(LONGEST_TEXT);
  #file: number | undefined;
  #recent: CoreCounts | undefined;
  #recentMs = -Infinity;

  private constructor(files: HostFiles, file: number) {
    this.#files = files;
    this.#file = file;
  }

  /** @returns `undefined` where the kernel does not count so */
  static open(path = "/proc/thread-self/schedstat"): CoreClock | undefined {
    const files = hostModule("node:fs") as HostFiles | undefined;
    if (files === undefined) return undefined;
    try {
      // The link is followed now, by this thread, so the file stays this thread's.
      const clock = new CoreClock(files, files.openSync(path, "r"));
      if (clock.read() !== undefined) return clock;
      clock.close();
    } catch {
      // not Linux, or a kernel without these counts
    }
    return undefined;
  }

  /** The counts as of now. */
  read(): CoreCounts | undefined {
    if (this.#file === undefined) return undefined;
    try {
      const length = this.#files.readSync(this.#file, this.#bytes, 0, LONGEST_TEXT, 0);
      return parseCounts(this.#bytes, length);
    } catch {
      this.close();
      return undefined;
    }
  }

  /**
   * The counts as of a moment at most `SHORTEST_STEP_MS` ago: for the beginning of a
   * step, so that many short ones in a row need no reading each. What the thread
   * waited in between then counts for the step: its CPU time is too small by that, at
   * most by `SHORTEST_STEP_MS`.
   */
  recent(nowMs: number): CoreCounts | undefined {
    if (nowMs - this.#recentMs >= SHORTEST_STEP_MS) {
      this.#recent = this.read();
      this.#recentMs = nowMs;
    }
    return this.#recent;
  }

  close(): void {
    if (this.#file === undefined) return;
    this.#files.closeSync(this.#file);
    this.#file = undefined;
  }
}

/** "time on a core" "time waiting for one" "turns", in nanoseconds and as bytes. */
function parseCounts(bytes: Uint8Array, length: number): CoreCounts | undefined {
  const numbers = [0, 0, 0];
  let field = 0;
  let hasDigits = false;
  for (let at = 0; at < length && field < 3; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit >= 0 && digit <= 9) {
      numbers[field] = (numbers[field] as number) * 10 + digit;
      hasDigits = true;
    } else if (hasDigits) {
      field++;
      hasDigits = false;
    }
  }
  if (hasDigits) field++;
  if (field < 3) return undefined;
  return { cpuMs: (numbers[0] as number) / 1e6, waitMs: (numbers[1] as number) / 1e6, turns: numbers[2] as number };
}

/** The CPU time of a step of `wallMs`, from the counts at its begin and end. */
export function stepCpu(wallMs: number, begin: CoreCounts, end: CoreCounts): StepCpu {
  const onCoreMs = Math.min(wallMs, Math.max(0, wallMs - (end.waitMs - begin.waitMs)));
  if (end.turns === begin.turns) return { cpuMs: onCoreMs, isExact: true }; // it never left its core
  const countedMs = Math.max(0, end.cpuMs - begin.cpuMs);
  if (onCoreMs - countedMs > TICK_MS) return { cpuMs: countedMs, isExact: false };
  return { cpuMs: onCoreMs, isExact: true };
}
