/** What an observation may be told. */
import { MisuseError } from "../../core/errors.js";
import { LEVELS, type ObserverLevel } from "./observer-level.js";
import { requireSignal } from "./triggers.js";

/**
 * Options of observing.
 *
 * @since 0.1.0
 */
export interface ObserverOptions {
  /** "normal" by default. */
  readonly level?: ObserverLevel;
  /** Of what is recorded, the last so many milliseconds are kept; all by default. */
  readonly keptMs?: number;
  /** Bytes of the recording that are kept; 64 MiB by default, some 8 million records. */
  readonly keptBytes?: number;
  /** Records that a thread can write before they are collected; 65,536 by default. */
  readonly ringCapacity?: number;
  /** How often records are collected; 50 by default. */
  readonly collectEveryMs?: number;
  /** An event loop that stands still for longer has stalled; 100 by default. */
  readonly stallMs?: number;
  /**
   * When a loop stalls, a deadlock is found, jobs wait for what can't come, or an error or
   * a rejection is not handled, what led to it is written there: at most once in 10
   * seconds for each of these.
   */
  readonly snapshotFolder?: string;
  /**
   * When the process gets this signal, such as "SIGUSR2", what is kept is written into
   * `snapshotFolder`, or into the working folder if there is none.
   */
  readonly snapshotSignal?: string;
  /** Told of each snapshot that was written by itself, or could not be. */
  readonly onSnapshot?: (path: string, problem: string | undefined) => void;
}

export function requireOptions(options: ObserverOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `observe() expected options, but ${String(options)} came`);
  }
  for (const [name, least] of [
    ["keptMs", 1],
    ["keptBytes", 1],
    ["ringCapacity", 2],
    ["collectEveryMs", 1],
    ["stallMs", 1],
  ] as const) {
    const value = options[name];
    if (value === undefined || (typeof value === "number" && value >= least)) continue;
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${name} must be a number from ${least} on, but ${String(value)} came`,
    );
  }
  const { snapshotFolder } = options;
  if (snapshotFolder !== undefined && (typeof snapshotFolder !== "string" || snapshotFolder === "")) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `snapshotFolder must be the path of a folder, which need not be there yet, but ${JSON.stringify(snapshotFolder)} came`,
    );
  }
  if (options.level !== undefined) requireLevel(options.level);
  requireSignal(options.snapshotSignal);
}

export function requireLevel(level: unknown): asserts level is ObserverLevel {
  if (LEVELS.includes(level as ObserverLevel)) return;
  throw new MisuseError("SKEIN_INVALID_ARGUMENT", `a level is one of ${LEVELS.join(", ")}, but ${String(level)} came`);
}
