/** What is known of a program after its searches: there are several if the file calls `explore` for it again. */
import type { Coverage, ExploreError, ExploreOptions } from "../../explore/index.js";
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
  schedules = 0;
  steps = 0;
  tookMs = 0;
  coverage: Coverage | undefined;
  readonly outcomes: Record<string, number> = {};
  readonly warnings: Set<string> = new Set();
  found: ExploreError | undefined;
  /** The search could not be made: a mistake in how it was asked for. */
  misuse: Error | undefined;
  passedBy: PassedBy | undefined;
  isStopped = false;

  constructor(name: string, options: ExploreOptions) {
    this.name = name;
    this.isReplay = options.token !== undefined;
  }

  add({ state, report, error, passedBy }: SearchEnd, tookMs: number): void {
    if (passedBy !== undefined) {
      this.passedBy ??= "token";
      return;
    }
    this.passedBy = undefined;
    this.tookMs += tookMs;
    this.#addState(state);
    for (const [outcome, count] of Object.entries(report?.outcomes ?? {})) {
      this.outcomes[outcome] = (this.outcomes[outcome] ?? 0) + count;
    }
    for (const warning of report?.warnings ?? []) this.warnings.add(warning);
    if (isExploreError(error)) this.found = error;
    else if (error !== undefined) this.misuse ??= error instanceof Error ? error : new Error(String(error));
  }

  /** A search was stopped before it had come to its end. */
  stop(state: SearchState, tookMs: number): void {
    this.isStopped = true;
    this.tookMs += tookMs;
    this.#addState(state);
  }

  #addState({ schedules, steps, coverage }: SearchState): void {
    this.schedules += schedules;
    this.steps = Math.max(this.steps, steps);
    // What all of them cover is what the weakest does.
    const isWeaker = this.coverage === undefined || KINDS.indexOf(coverage.kind) > KINDS.indexOf(this.coverage.kind);
    if (isWeaker) this.coverage = coverage;
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
      schedules: this.schedules,
      steps: this.steps,
      tookMs: Math.round(this.tookMs),
      outcomes: this.outcomes,
      warnings: [...this.warnings],
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
