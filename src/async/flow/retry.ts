/**
 * Trying again: an item's function, or the whole of what stands above a stage.
 *
 * A cancellation is never tried again, nor is a mistake in the use of this
 * library: neither would come out differently.
 */
import { CancelledError, MisuseError } from "../../core/errors.js";
import { requireSchedule, type RetrySchedule } from "../schedule.js";
import type { Scope } from "../scope.js";
import { sleep } from "../sleep.js";
import type { Emit, ItemFunction, Run } from "./stage.js";

/** `fn`, called again for the same item while it fails and the schedule has delays. */
export function retrying<T, R>(fn: ItemFunction<T, R>, schedule: RetrySchedule): ItemFunction<T, R> {
  requireSchedule("retry", schedule);
  return (item, scope) => attempts(schedule, scope, async () => fn(item, scope), canRetry);
}

/** The run of `up`, run anew from its sources on while it fails and the schedule has delays. */
export function retry<T>(up: Run<T>, schedule: RetrySchedule): Run<T> {
  requireSchedule("retry", schedule);
  return (scope, emit) => {
    // A failure below comes through `up` too, and is not its own: what is below
    // has failed already and must not be given items again.
    let failedBelow = false;
    const failing = (error: unknown): never => {
      failedBelow = true;
      throw error;
    };
    const watched: Emit<T> = (item) => {
      try {
        return emit(item)?.catch(failing);
      } catch (error) {
        return failing(error);
      }
    };
    return attempts(
      schedule,
      scope,
      () => up(scope, watched),
      (error) => !failedBelow && canRetry(error),
    );
  };
}

function canRetry(error: unknown): boolean {
  return !(error instanceof CancelledError || error instanceof MisuseError);
}

async function attempts<R>(
  schedule: RetrySchedule,
  scope: Scope,
  attempt: () => Promise<R>,
  mayRetry: (error: unknown) => boolean,
): Promise<R> {
  const delays = schedule.delays()[Symbol.iterator]();
  try {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (scope.isCancelled || !mayRetry(error)) throw error;
        const next = delays.next(error);
        if (next.done === true) throw error;
        await sleep(next.value, scope);
      }
    }
  } finally {
    delays.return?.();
  }
}
