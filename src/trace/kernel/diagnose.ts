/**
 * Busy or blocked: what an event loop did that did not idle.
 *
 * The loop's own figure, the share of time in which it was active, can't tell: it is 1
 * for a loop that computes, and 1 for one that sits in a synchronous read. Its CPU time
 * can, and where that is not known its switches: who computes has its core taken away,
 * who blocks gives it back.
 */
import type { Stall } from "../kernel-facts.js";

/** Differences over a stretch of time; `undefined` for what is not known. */
export interface LoopUse {
  readonly elapsedMs: number;
  /** Time in which the loop did not wait for events, as `eventLoopUtilization` has it. */
  readonly activeMs: number;
  readonly cpuMs: number | undefined;
  readonly coreWaitMs: number | undefined;
  readonly voluntarySwitches: number | undefined;
  readonly involuntarySwitches: number | undefined;
}

/**
 * "idle": mostly waited for events. Else by what most of its active time went to:
 * "busy" computed, "starved" stood ready without a core, "blocked" slept in a
 * synchronous call or a lock, "mixed" did no one thing for more than half of it.
 */
export type LoopDiagnosis = "idle" | "busy" | "blocked" | "starved" | "mixed" | "unknown";

/** A loop is idle that was active for less. */
const IDLE_SHARE = 0.5;
/** So much of the active time makes a diagnosis. */
const MOST_SHARE = 0.5;
/** Below this many switches their kinds say nothing. */
const FEWEST_SWITCHES = 5;
/** One kind must be so many times the other. */
const CLEAR_RATIO = 3;

export function diagnoseLoop(use: LoopUse): LoopDiagnosis {
  const { elapsedMs, activeMs, cpuMs, coreWaitMs, voluntarySwitches, involuntarySwitches } = use;
  if (!(elapsedMs > 0)) return "unknown";
  if (activeMs < elapsedMs * IDLE_SHARE) return "idle";
  if (cpuMs !== undefined) {
    if (cpuMs >= activeMs * MOST_SHARE) return "busy";
    const waitMs = coreWaitMs ?? 0;
    if (waitMs >= activeMs * MOST_SHARE) return "starved";
    if (activeMs - cpuMs - waitMs >= activeMs * MOST_SHARE) return "blocked";
    return "mixed";
  }
  if (voluntarySwitches === undefined || involuntarySwitches === undefined) return "unknown";
  if (voluntarySwitches + involuntarySwitches < FEWEST_SWITCHES) return "unknown";
  if (voluntarySwitches > involuntarySwitches * CLEAR_RATIO) return "blocked";
  if (involuntarySwitches > voluntarySwitches * CLEAR_RATIO) return "busy";
  return "mixed";
}

/** What a stall was: "busy" if the thread computed for most of it, "starved" if it had no core, else "blocked". */
export function diagnoseStall({
  beginMs,
  endMs,
  cpuMs,
  coreWaitMs,
}: Pick<Stall, "beginMs" | "endMs" | "cpuMs" | "coreWaitMs">): LoopDiagnosis {
  const elapsedMs = endMs - beginMs;
  return diagnoseLoop({
    elapsedMs,
    activeMs: elapsedMs,
    cpuMs,
    coreWaitMs,
    voluntarySwitches: undefined,
    involuntarySwitches: undefined,
  });
}
