/** What a recording holds when it stops: plain data, which can be copied, stored and sent. */
import { type ProbeRecord } from "../core/probe.js";
import type { ProfilePart } from "../core/host-thread-profile.js";
import { type Capability, type Gauge, type KernelFacts, type Stall } from "./kernel-facts.js";

/**
 * A finished recording.
 *
 * Read it through `buildTimeline`; the raw records are here for tools of your own.
 *
 * @since 0.1.0
 */
export interface Trace {
  /** When the recording began, in milliseconds since the epoch, as all times of a trace. */
  readonly startedMs: number;
  readonly stoppedMs: number;
  readonly threads: readonly ThreadTrace[];
  readonly usage: ProcessUsage;
  /** What was seen of single threads from outside; `undefined` if nobody looked. */
  readonly kernel: KernelFacts | undefined;
  /** In order of beginning; empty too if nobody watched. */
  readonly stalls: readonly Stall[];
  /** Parts of the CPU profiles of threads; empty unless the level was "deep" meanwhile. See `hotTasks`. */
  readonly profiles: readonly ProfilePart[];
  /** In order of time; empty or left out if nobody read any. */
  readonly gauges?: readonly Gauge[];
  /** Which sources of facts there were. */
  readonly capabilities: readonly Capability[];
}

/**
 * What one thread reported.
 *
 * @since 0.1.0
 */
export interface ThreadTrace {
  /** 0 for the thread that started the program. */
  readonly index: number;
  readonly name: string;
  /** From here to `toMs` every record of the thread is here, or counted in `gaps`. */
  readonly fromMs: number;
  readonly toMs: number;
  /** True if the thread ended before the recording did. */
  readonly hasEnded: boolean;
  /** Texts that the records refer to by index. */
  readonly texts: readonly string[];
  /** In order of time. */
  readonly records: readonly ProbeRecord[];
  /** In order of `at`. */
  readonly gaps: readonly RecordGap[];
}

/**
 * A place where records are missing.
 *
 * @since 0.1.0
 */
export interface RecordGap {
  /** Index of the record before which they are missing; the number of records if at the end. */
  readonly at: number;
  /** How many. */
  readonly dropped: number;
}

/**
 * What the kernel says of the whole process over the time of a recording;
 * `undefined` where the host does not tell.
 *
 * @since 0.1.0
 */
export interface ProcessUsage {
  /** CPU time of all threads, in user and system mode. */
  readonly cpuMs: number | undefined;
  /**
   * Time that threads stood ready to run and had no core (Linux). Of a thread
   * that ended meanwhile, what was seen of it up to a quarter of a second before.
   */
  readonly coreWaitMs: number | undefined;
  /** Cores that the process may run on. */
  readonly cores: number | undefined;
}
