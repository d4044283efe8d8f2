/**
 * What was seen of threads from outside: by the kernel, by the sampler that asks it,
 * and by the watch on event loops. Plain data, as all of a trace.
 *
 * Times are milliseconds since the epoch, comparable with those of probe records.
 */

/**
 * What a thread does at a moment, as the kernel has it: "running" is on a core or ready
 * for one, which one reading can't tell apart; "lock" sleeps on a futex (a lock, or
 * `Atomics.wait`); "io" sleeps in its event loop, for I/O, timers and messages;
 * "blocked" is in another call of the system, as a synchronous read.
 *
 * @since 0.1.0
 */
export type ThreadState = "running" | "lock" | "io" | "blocked" | "unknown";

/**
 * What a thread of the operating system is for. "loop" is the program's own, "pool" and
 * "dedicated" are ours, "worker" any other that runs JavaScript, "engine" compiles and
 * collects garbage, "io" does file and name look-ups for the platform.
 *
 * @since 0.1.0
 */
export type KernelThreadKind = "loop" | "pool" | "dedicated" | "worker" | "observer" | "engine" | "io" | "unknown";

/**
 * One reading of one thread. Counts are since the thread began; what the platform does
 * not tell is `undefined`.
 *
 * @since 0.1.0
 */
export interface KernelSample {
  readonly atMs: number;
  /** On a core. Of a thread that runs it may lag by a tick of the kernel, 4 ms. */
  readonly cpuMs: number | undefined;
  /** Ready, and waiting for a core. Exact. */
  readonly coreWaitMs: number | undefined;
  readonly state: ThreadState;
  /** The core it ran on last. */
  readonly core: number | undefined;
  /** Gave its core back by itself, as to wait; had it taken away. */
  readonly voluntarySwitches: number | undefined;
  readonly involuntarySwitches: number | undefined;
}

/**
 * A thread of the operating system.
 *
 * @since 0.1.0
 */
export interface KernelThread {
  /** The operating system's number of it. */
  readonly tid: number;
  /** Index of the thread as probe records have it; `undefined` if it writes none. */
  readonly index: number | undefined;
  readonly name: string;
  readonly kind: KernelThreadKind;
  /** In order of time. */
  readonly samples: readonly KernelSample[];
}

/**
 * A stretch in which a thread was on a core; exact, from the kernel's switches.
 *
 * @since 0.1.0
 */
export interface CoreRun {
  readonly core: number;
  readonly tid: number;
  readonly beginMs: number;
  readonly endMs: number;
  /** True if the core was taken from it, false if it gave it back. */
  readonly wasPreempted: boolean;
}

/**
 * What the kernel told over the time of a recording.
 *
 * @since 0.1.0
 */
export interface KernelFacts {
  /** How often threads were read; 0 if never. */
  readonly sampleEveryMs: number;
  readonly threads: readonly KernelThread[];
  /** In order of beginning; `undefined` if the kernel's switches were not recorded. */
  readonly coreRuns: readonly CoreRun[] | undefined;
}

/**
 * A frame of a stack.
 *
 * @since 0.1.0
 */
export interface StackFrame {
  /** Name of the function; empty at the top level and where it has none. */
  readonly name: string;
  /** URL or path of the script. */
  readonly url: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/**
 * A time in which a thread's event loop could not turn.
 *
 * @since 0.1.0
 */
export interface Stall {
  /** Index of the thread. */
  readonly thread: number;
  readonly beginMs: number;
  readonly endMs: number;
  /** False if it lasted to the end of the recording. */
  readonly isOver: boolean;
  /** CPU time of the thread meanwhile: near the whole, it computed; near none, it was blocked, or had no core. */
  readonly cpuMs: number | undefined;
  /** Meanwhile ready, and without a core. */
  readonly coreWaitMs: number | undefined;
  /** Where it was, innermost first, at one moment of it; `undefined` if that could not be had. */
  readonly stack: readonly StackFrame[] | undefined;
}

/**
 * A figure at a moment, of a thread or of the whole program: "loop-delay", by how many
 * milliseconds the thread's event loop was late at most since the reading before;
 * "work:…", how many operations of that kind the platform has under way.
 *
 * @since 0.1.0
 */
export interface Gauge {
  /** Index of the thread. */
  readonly thread: number;
  readonly name: string;
  readonly atMs: number;
  readonly value: number;
}

/**
 * A source of facts, whether it is there, and if not, why and what would mend it.
 *
 * @since 0.1.0
 */
export interface Capability {
  /** For programs: "schedstat", "core-lanes". */
  readonly name: string;
  readonly isAvailable: boolean;
  /** What it gives. */
  readonly gives: string;
  /** What it rests on, or why it is missing. */
  readonly why: string;
  /** How to get it, if it is missing and can be had. */
  readonly remedy: string | undefined;
}
