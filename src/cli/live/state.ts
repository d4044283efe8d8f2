/**
 * What the live table shows of a program at a moment: plain data, made from a recording
 * under way or from the kernel's files, and turned into lines by `screen.ts`.
 *
 * Shares are from 0 to 1, rates are per second. `undefined` is what is not known.
 */
import type { Badge, KernelThreadKind, Sentence, Severity, ThreadState } from "../../trace/index.js";

export interface LiveThread {
  /** The operating system's number of it. */
  readonly tid: number | undefined;
  readonly name: string;
  readonly role: KernelThreadKind;
  /** Of the window, on a core. */
  readonly cpuShare: number | undefined;
  /** Of the window, ready and without a core. */
  readonly waitShare: number | undefined;
  readonly core: number | undefined;
  readonly state: ThreadState;
  /** The kernel's own name of what it sleeps in. */
  readonly waitsIn: string | undefined;
  /** By how much its event loop was late, at most, in the window. */
  readonly loopDelayMs: number | undefined;
  /** Gave its core back by itself, and had it taken away. */
  readonly voluntaryRate: number | undefined;
  readonly involuntaryRate: number | undefined;
}

export interface LiveTask {
  readonly name: string;
  readonly inFlight: number;
  /** Ended in the window. */
  readonly runRate: number;
  /** Of those that ended in the window: from the first step to the last. */
  readonly meanMs: number | undefined;
  readonly p99Ms: number | undefined;
}

export interface LiveTotals {
  /** Cores that threads wanted, and that they got. */
  readonly demand: number | undefined;
  readonly parallelism: number | undefined;
  readonly cores: number | undefined;
  readonly inFlight: number | undefined;
  readonly queued: number | undefined;
  readonly stealRate: number | undefined;
  readonly wakeRate: number | undefined;
}

/** Work that the platform has under way for the program, by its kind. */
export interface LiveWork {
  readonly name: string;
  readonly count: number;
}

export interface LiveFinding {
  readonly severity: Severity;
  readonly text: Sentence;
}

/** Where a figure comes from, by the column that shows it. */
export interface LiveSource {
  readonly what: Sentence;
  readonly badge: Badge;
  /** Why it is not there, or what else is to be known of it. */
  readonly why: Sentence | undefined;
}

export interface LiveState {
  /** The program: a file's name, or what its process is called. */
  readonly title: string;
  readonly pid: number;
  readonly atMs: number;
  /** Since it was first looked at. */
  readonly elapsedMs: number;
  readonly totals: LiveTotals;
  readonly threads: readonly LiveThread[];
  /** `undefined` if it is not known which there are. */
  readonly tasks: readonly LiveTask[] | undefined;
  readonly work: readonly LiveWork[] | undefined;
  /** The worst first. */
  readonly findings: readonly LiveFinding[] | undefined;
  readonly sources: readonly LiveSource[];
  /** How it has ended, if it has: its exit code, the name of a signal, or "" if that is not known. */
  readonly ended: string | undefined;
}
