/** What came of a search; or of several, if the file calls `explore` for a program again, and nothing was found. */
import type { Coverage, ExploreError } from "../../explore/index.js";
import type { SearchEnd, SearchState } from "../../explore/overseer.js";
import { replayOf } from "../../explore/replay-command.js";
import type { ProgramResult } from "./settings.js";

/** From the strongest to the weakest. */
const KINDS = ["complete", "bounded", "sampled"] as const;

/** Why a program was not explored. */
export type PassedBy = "token" | "name" | "unused";

export class ProgramRecord {
  readonly name: string;
  readonly isReplay: boolean;
  searches = 1;
  schedules = 0;
  steps = 0;
  tookMs = 0;
  coverage: Coverage | undefined;
  outcomes: Readonly<Record<string, number>> = {};
  warnings: readonly string[] = [];
  found: ExploreError | undefined;
  /** The search could not be made: a mistake in how it was asked for. */
  misuse: Error | undefined;
  passedBy: PassedBy | undefined;
  isStopped = false;

  constructor(name: string, isReplay: boolean) {
    this.name = name;
    this.isReplay = isReplay;
  }

  /** The search has ended. */
  end({ state, report, error, passedBy }: SearchEnd, tookMs: number): void {
    if (passedBy !== undefined) {
      this.passedBy = "token";
      return;
    }
    this.#take(state, tookMs);
    this.outcomes = report?.outcomes ?? {};
    this.warnings = report?.warnings ?? [];
    if (isExploreError(error)) this.found = error;
    else if (error !== undefined) this.misuse = error instanceof Error ? error : new Error(String(error));
  }

  /** The search was stopped before it had come to its end. */
  stop(state: SearchState, tookMs: number): void {
    this.isStopped = true;
    this.#take(state, tookMs);
  }

  #take({ schedules, steps, coverage }: SearchState, tookMs: number): void {
    this.schedules = schedules;
    this.steps = steps;
    this.coverage = coverage;
    this.tookMs = tookMs;
  }

  /** Another search of the same program counts as one with this. */
  join({ searches, schedules, steps, tookMs, coverage, outcomes, warnings }: ProgramRecord): void {
    this.searches += searches;
    this.schedules += schedules;
    this.steps = Math.max(this.steps, steps);
    this.tookMs += tookMs;
    // What all of them cover is what the weakest does.
    const rank = (of: Coverage | undefined): number => (of === undefined ? -1 : KINDS.indexOf(of.kind));
    if (rank(coverage) > rank(this.coverage)) this.coverage = coverage;
    const sums: Record<string, number> = { ...this.outcomes };
    for (const [outcome, count] of Object.entries(outcomes)) sums[outcome] = (sums[outcome] ?? 0) + count;
    this.outcomes = sums;
    this.warnings = [...new Set([...this.warnings, ...warnings])];
  }

  get result(): ProgramResult["result"] {
    if (this.found !== undefined) return "found";
    if (this.misuse !== undefined) return "misuse";
    if (this.passedBy !== undefined) return "passed by";
    return this.isStopped ? "stopped" : "nothing found";
  }

  /** As `--json` prints it. */
  toResult(file: string): ProgramResult {
    const { found, misuse, passedBy, coverage } = this;
    return {
      program: this.name,
      file,
      result: this.result,
      searches: this.searches,
      schedules: this.schedules,
      steps: this.steps,
      tookMs: Math.round(this.tookMs),
      outcomes: this.outcomes,
      warnings: this.warnings,
      ...(found !== undefined || coverage === undefined
        ? {}
        : { coverage: { kind: coverage.kind, text: coverage.text } }),
      ...(misuse === undefined ? {} : { diagnosis: misuse.message }),
      ...(passedBy === undefined ? {} : { why: passedBy }),
      ...(found === undefined
        ? {}
        : {
            kind: found.kind,
            diagnosis: found.diagnosis,
            ...(found.data === undefined ? {} : { data: found.data }),
            listing: found.listing,
            ...(found.confirmation === undefined ? {} : { confirmation: found.confirmation }),
            token: found.token,
            replay: replayOf(found.token),
          }),
    };
  }
}

/** Of whichever copy of the library. */
export function isExploreError(error: unknown): error is ExploreError {
  return error instanceof Error && error.name === "ExploreError" && "token" in error;
}
