/** What an advisor is to its users: options, decisions, figures. */
import type { Executor } from "../async/executor.js";
import type { ThreadPoolStatistics } from "../threads/thread-pool.js";
import type { Language } from "../trace/words/language.js";
import type { Place, Reason } from "./placement.js";

/**
 * Options of an advisor.
 *
 * @since 0.1.0
 */
export interface AutoOptions {
  /** Where calls go that do not run here; the shared `threads()` by default. */
  readonly pool?: Executor & { readonly size?: number; statistics?(): ThreadPoolStatistics };
  readonly name?: string;
}

/**
 * Where an advisor has the calls of one task run now, and what it knows of them.
 *
 * @since 0.1.0
 */
export interface Decision {
  readonly task: string;
  /** URL of the module that declares it. */
  readonly module: string;
  readonly place: Place;
  readonly why: Reason;
  /** `why` in words. */
  readonly reason: string;
  /** Calls so far, and of how many of them something was measured. */
  readonly calls: number;
  readonly samples: number;
  /** What a call computes, for how long it holds the event loop here, and for how long it waits; `undefined` until measured. */
  readonly cpuMs: number | undefined;
  readonly loopMs: number | undefined;
  readonly waitingMs: number | undefined;
  /** Calls under way at a time. */
  readonly width: number;
  /** What a call costs the whole, here and on threads: time divided by calls. */
  readonly hereMs: number | undefined;
  readonly threadsMs: number | undefined;
  /** Of `threadsMs`, what is not the call itself: the way there and back, waking, copying. */
  readonly dispatchMs: number | undefined;
}

/**
 * Figures of an advisor at one moment.
 *
 * @since 0.1.0
 */
export interface AutoStatistics {
  readonly name: string;
  /** Calls that ran here, and elsewhere. */
  readonly here: number;
  readonly elsewhere: number;
  readonly tasks: readonly Decision[];
}

/**
 * An executor that places each call by what it has measured of its task.
 *
 * @since 0.1.0
 */
export interface AutoExecutor extends Executor {
  /** What was decided, task by task; the reasons in English by default. */
  decisions(language?: Language): readonly Decision[];
  statistics(): AutoStatistics;
}
