/**
 * Trying again what failed.
 *
 * Invariants
 * - One attempt at a time: the next begins after the last has ended, and after its
 *   scope has, if it was given one.
 * - Each failure is either the one thrown or stands in its `errors`, but for those
 *   more than `KEPT_FAILURES` attempts ago.
 */
import { CancelledError, MisuseError, StuckError } from "../core/errors.js";
import { type Cancel, cancelNodeOf, type CancelNode } from "./cancel.js";
import { requireFunction } from "./guard.js";
import { requireSchedule, type RetrySchedule } from "./schedule.js";
import { type Scope, scope } from "./scope.js";
import { sleep } from "./sleep.js";

/** What `retry` runs: given the attempt's number from 1 on and, if it declares a second parameter, a scope. */
export type Attempt<Result> = (attempt: number, scope: Scope) => Result;

/** Failures that the last one carries. A schedule without end must not fill the memory. */
const KEPT_FAILURES = 100;

/**
 * Runs `fn`, and runs it again after a failure for as long as `schedule` has
 * delays.
 *
 * Not tried again, because that would be no use or do harm: a cancellation, a
 * misuse of this library, and work that was abandoned as stuck, which still runs.
 * What else should not be, the schedule says: `exponential(100).while(isTemporary)`.
 * For a time limit on each attempt use a scope with `timeoutMs` inside `fn`; for
 * one on the whole, around `retry`.
 *
 * A function that declares a second parameter is given a scope of its own for each
 * attempt: whatever it starts there has ended before the next attempt begins.
 *
 * **Cancels** The attempt's scope, if it has one; a pause ends at once. No further
 * attempt begins.
 *
 * **Throws** the last failure, as it is, or the cancellation that came instead.
 * Earlier failures stand in its `errors`, oldest first: the last 100 of them. If
 * the failure can't be given that property, an `AggregateError` of all has it as
 * its cause.
 *
 * @param schedule - for instance `exponential(100).jittered().limitedTo(5)`
 *
 * @example
 * ```ts
 * const page = await retry(async (attempt, s) => {
 *   if (attempt < 3) throw new Error(`attempt ${attempt} failed`);
 *   return load("page", s.signal);
 * }, exponential(1).jittered(0.2).limitedTo(5));
 * console.log(page);
 * ```
 *
 * @since 0.1.0
 */
export async function retry<Result>(
  fn: Attempt<Result>,
  schedule: RetrySchedule,
  cancel?: Cancel,
): Promise<Awaited<Result>> {
  requireFunction("retry", fn);
  requireSchedule("retry", schedule);
  const node = cancelNodeOf(cancel);
  node?.checkpoint();
  const delays: Iterator<number, unknown, unknown> = schedule.delays()[Symbol.iterator]();
  const failures: unknown[] = [];
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await runAttempt(fn, attempt, node);
      } catch (error) {
        if (node?.isCancelled === true || !mayRetry(error)) throw error;
        // Before the schedule is asked, which may throw something else.
        if (failures.push(error) > KEPT_FAILURES + 1) failures.shift();
        const next = delays.next(error);
        if (next.done === true) throw error;
        await sleep(next.value, node);
      }
    }
  } catch (error) {
    throw withEarlier(error, failures);
  } finally {
    delays.return?.();
  }
}

async function runAttempt<Result>(
  fn: Attempt<Result>,
  attempt: number,
  node: CancelNode | undefined,
): Promise<Awaited<Result>> {
  if (fn.length < 2) return await (fn as (attempt: number) => Result)(attempt);
  return scope((inner) => fn(attempt, inner), { name: `attempt ${attempt}` }, node);
}

/** False for what would not come out differently, or is not over. */
function mayRetry(error: unknown): boolean {
  if (error instanceof CancelledError || error instanceof MisuseError || error instanceof StuckError) return false;
  // How the platform says that somebody called `abort()`.
  return !(error instanceof Error && error.name === "AbortError");
}

/** What is thrown at last, together with the failures before it. */
function withEarlier(last: unknown, failures: readonly unknown[]): unknown {
  const others = failures.filter((error) => error !== last);
  if (others.length === 0) return last;
  if (last instanceof Error && !("errors" in last) && Object.isExtensible(last)) {
    Object.defineProperty(last, "errors", { value: others, configurable: true, writable: true });
    return last;
  }
  return new AggregateError([...others, last], `all ${others.length + 1} attempts failed`, { cause: last });
}
