import type { Execution } from "./execution.js";
import type { Failure, FailureKind } from "./failure.js";
import { writeListing } from "./listing.js";

/**
 * A schedule was found on which the program goes wrong.
 *
 * `message` holds all of it: what went wrong, the schedule step by step, and the
 * token that runs it again.
 *
 * @since 0.2.0
 */
export class ExploreError extends Error {
  readonly kind: FailureKind;
  /** Runs the schedule again, as the option `token`. */
  readonly token: string;
  /** The schedule: a column for each thread, a row for each step. */
  readonly listing: string;
  /** What went wrong, and what is known of why. */
  readonly diagnosis: string;
  /** How many schedules were run until this one was found. */
  readonly schedules: number;

  constructor(program: string, failure: Failure, token: string, listing: string, schedules: number) {
    super(
      `${program}: ${failure.kind}, found by schedule ${schedules}\n${failure.message}\n\n${listing}\n\n` +
        `To run this schedule again: token: "${token}"`,
      { cause: failure.cause },
    );
    this.kind = failure.kind;
    this.token = token;
    this.listing = listing;
    this.diagnosis = failure.message;
    this.schedules = schedules;
  }

  override get name(): string {
    return "ExploreError";
  }
}

/** The error for a run that failed. */
export function errorOf(
  program: string,
  execution: Execution,
  failure: Failure,
  token: string,
  schedules: number,
): ExploreError {
  return new ExploreError(program, failure, token, writeListing(execution, failure), schedules);
}
