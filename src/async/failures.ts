/** How a scope's failures become the one error that it settles with (law 4). */
import { suppressed } from "../core/errors.js";
import { withoutCarried } from "./carried-errors.js";
import type { ScopeJob } from "./job.js";

/** Something that went wrong in a scope. */
export interface Failure {
  /** Identities grow, so that of a job tells when it was spawned. */
  readonly order: number;
  readonly error: unknown;
  /** The job of a supervised scope, which may have someone who awaits it. */
  readonly job?: ScopeJob;
}

/** All that went wrong, as one error; `undefined` if nothing did. */
export function joinFailures(
  scopeName: string,
  all: readonly Failure[],
  cleanupErrors: readonly unknown[],
): { readonly error: unknown } | undefined {
  const failures: unknown[] = [];
  for (const { error, job } of all.toSorted((first, second) => first.order - second.order)) {
    // Supervised and awaited: whoever awaited it has it.
    if (job?.isObserved !== true) failures.push(error);
  }
  const errors = withoutCarried(failures);
  let failure: { readonly error: unknown } | undefined;
  if (errors.length === 1) failure = { error: errors[0] };
  else if (errors.length > 1)
    failure = { error: new AggregateError(errors, `${errors.length} jobs of scope "${scopeName}" failed`) };
  for (const error of cleanupErrors) {
    failure = {
      error:
        failure === undefined
          ? error
          : suppressed(error, failure.error, `a cleanup of scope "${scopeName}" failed too`),
    };
  }
  return failure;
}
