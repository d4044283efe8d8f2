/** Whether a run on real threads came to the same as the run that it followed. */
import { describeOperation } from "../describe.js";
import type { Execution } from "../execution.js";
import type { Failure } from "../failure.js";
import { stepTexts } from "../listing.js";
import { State } from "../virtual-thread.js";
import { Over } from "./line.js";
import type { Ending, Remark } from "./real-threads.js";

/** What a run on real threads has to come to. */
export interface Expected {
  /** What the run that is followed has shown to be wrong. */
  readonly failure: Failure | undefined;
  readonly outcome: string | undefined;
}

/** Kinds that mean: nobody goes on. */
const STUCK: ReadonlySet<string> = new Set(["deadlock", "leak", "livelock", "lost wake-up"]);

/** @returns what was different, in a sentence or two; `undefined` if nothing was */
export function difference(run: Execution, expected: Expected, ending: Ending): string | undefined {
  const different = differenceOf(run, expected, ending);
  const lost = ending.remarks.findIndex(({ hasLostResult }) => hasLostResult === true);
  if (different === undefined || lost === -1) return different;
  return `${different}. What "${nameOf(run, lost)}" returned did not come to the main thread: it has to be clonable, of 16 KiB at most`;
}

function differenceOf(run: Execution, expected: Expected, ending: Ending): string | undefined {
  const awake = ending.remarks.findIndex(({ wasAwake }) => wasAwake === true);
  if (awake !== -1) return `"${nameOf(run, awake)}" slept, and was not among those who sleep any more`;
  if (ending.how === Over.differs) return differsAt(run, ending);
  const { failure } = expected;
  if (failure !== undefined && STUCK.has(failure.kind) && failure.cause === undefined) return notStuck(run, ending);
  if (failure !== undefined && isThrown(failure)) return notThrown(failure, ending);
  if (ending.how === Over.threw) {
    return `all ${ending.step} steps went the same way, and then ${failureText(ending.remarks[ending.role])}`;
  }
  if (ending.how === Over.stood || ending.pending.some(({ hasEnded }) => !hasEnded)) return standing(run, ending);
  const outcome = ending.remarks[0]?.outcome;
  if (outcome !== expected.outcome) {
    return `the outcome was ${JSON.stringify(outcome)}, not ${JSON.stringify(expected.outcome)}. ${HOW_TO_SHARE}`;
  }
  return undefined;
}

function nameOf(run: Execution, role: number): string {
  return run.threads[role]?.name ?? "main";
}

/** Races and outcomes are judged by a run that has come to its end; all else has been thrown. */
function isThrown(failure: Failure): boolean {
  return failure.kind !== "race" && failure.kind !== "outcome";
}

const HOW_TO_SHARE =
  "Real threads share cells and shared objects alone: a variable that one of them sets is another's on each thread. " +
  "Let threads return what the program's own function is to look at";

function differsAt(run: Execution, { role, step, remarks }: Ending): string {
  const remark = remarks[role] as Remark;
  const name = nameOf(run, role);
  if (remark.isMissing === true) {
    const why = typeof remark.failure === "string" ? `: ${remark.failure}` : "";
    return `the program came to no thread "${name}" when its own function was run on the thread${why}`;
  }
  const planned = stepTexts(run)[step] ?? "end";
  if (remark.gave !== undefined) return `step ${step + 1} of "${name}" was "${planned}", and gave ${remark.gave}`;
  const came = remark.kind === undefined ? "the end" : describeOperation(run, remark.kind, remark.place ?? 0);
  return `step ${step + 1} of "${name}" was "${planned}", and came to be ${came}`;
}

function notStuck(run: Execution, ending: Ending): string | undefined {
  if (ending.how === Over.threw) {
    return `after the last step nobody should have gone on, but ${failureText(ending.remarks[ending.role])}`;
  }
  for (let role = 0; role < run.threadCount; role++) {
    const { kind, place, hasEnded } = ending.pending[role] as Ending["pending"][number];
    const { state, pendingKind, pendingPlace, name } = run.threads[role] as Execution["main"];
    if (hasEnded !== (state === State.finished)) {
      return `"${name}" ${hasEnded ? "had ended" : "went on"} where it ${hasEnded ? "should have waited" : "should have ended"}`;
    }
    if (!hasEnded && (kind !== pendingKind || place !== pendingPlace)) {
      return `"${name}" stood before ${describeOperation(run, kind, place)}, not ${describeOperation(run, pendingKind, pendingPlace)}`;
    }
  }
  return undefined;
}

function notThrown(failure: Failure, ending: Ending): string | undefined {
  if (ending.how !== Over.threw)
    return `all ${ending.step} steps went the same way, but nothing was thrown. ${HOW_TO_SHARE}`;
  const remark = ending.remarks[ending.role];
  const thrown = typeof remark?.failure === "object" ? remark.failure : undefined;
  if (thrown?.kind === failure.kind && thrown.message === failure.message) return undefined;
  return `all ${ending.step} steps went the same way, but ${failureText(remark)}`;
}

function standing(run: Execution, { pending, step }: Ending): string {
  const role = pending.findIndex(({ hasEnded }) => !hasEnded);
  const { kind, place } = pending[role] as Ending["pending"][number];
  return `after all ${step} steps "${nameOf(run, role)}" stood before ${describeOperation(run, kind, place)} instead of having ended`;
}

function failureText(remark: Remark | undefined): string {
  const failure = remark?.failure;
  return typeof failure === "object" ? `it failed by ${failure.kind}: ${failure.message}` : "it failed";
}
