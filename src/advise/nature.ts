/** What calls are like, by what they computed and waited for, and where such calls belong. Pure. */

export type Nature = "computes" | "waits" | "both" | "short";
export type Suggestion = "here" | "threads" | "sliced" | "as it is";

/** A call that computes less is not worth the way (bench `dispatch`). */
const SHORT_MS = 0.02;
/** A call that waits less waited for its turn. */
const SHORT_WAIT_MS = 0.5;
/** Less than this share of the run is not worth advice. */
const LEAST_SHARE = 0.02;
/** Fewer samples than that say nothing. */
export const LEAST_SAMPLED_MS = 10;

/** @param typicalMs - what a call computes; the mean would be that of the few that were held up */
export function natureOf(cpuMs: number, waitingMs: number, calls: number, typicalMs: number): Nature {
  const share = cpuMs / Math.max(1e-9, cpuMs + waitingMs);
  if (typicalMs < SHORT_MS && waitingMs / calls < SHORT_WAIT_MS) return "short";
  if (share < 0.3) return "waits";
  return share > 0.7 ? "computes" : "both";
}

/** Whether what all calls of a kind computed is enough of the run to say something of it. */
export function isWorthAdvice(cpuMs: number, wallMs: number): boolean {
  return cpuMs >= Math.max(LEAST_SAMPLED_MS, wallMs * LEAST_SHARE);
}

export function suggest(
  nature: Nature,
  runsOn: "here" | "threads" | "both",
  isWorthIt: boolean,
  cores: number,
): Suggestion {
  if (nature === "waits" || nature === "short") return runsOn === "here" ? "as it is" : "here";
  if (runsOn === "threads" || !isWorthIt) return "as it is";
  return cores > 1 ? "threads" : "sliced";
}
