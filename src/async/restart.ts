/** Jobs that are started again when they fail, one for one. */
import { nowMs } from "#clock";

import { MisuseError } from "../core/errors.js";
import { describeKind } from "./cancel.js";
import type { Scope } from "./scope.js";
import { sleep } from "./sleep.js";

/** How a job is started again. */
export interface RestartOptions {
  /** Restarts allowed within `withinMs`; one more failure ends it for good. 3 by default. */
  readonly mostRestarts?: number;
  /** The window that the restarts are counted in; 5000 by default. */
  readonly withinMs?: number;
  /** Pauses before each restart, for instance a retry schedule; at once by default. When they end, so does restarting. */
  readonly backoff?: { delays(): Iterable<number> };
  /** Told each failure that is answered with a restart, so that none goes unseen. */
  readonly onRestart?: (error: unknown, restarts: number) => void;
}

/**
 * Makes a body that runs `body` in a scope of its own and, whenever that fails,
 * runs it again.
 *
 * For jobs that serve for as long as the program runs: `s.spawn(restarting(serve))`.
 * To repeat one operation until it succeeds, use `retry`.
 *
 * **Cancels** The run of `body`; a cancelled one is not restarted.
 *
 * **Throws** when the limit is reached: an `AggregateError` with the failures in
 * the window, oldest first; `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * let runs = 0;
 * const result = await scope((s) =>
 *   s.spawn(
 *     restarting(() => {
 *       if (++runs < 3) throw new Error("not yet");
 *       return "served";
 *     }),
 *   ),
 * );
 * console.log(result, runs); // served 3
 * ```
 *
 * @since 0.1.0
 */
export function restarting<T>(
  body: (scope: Scope) => T | PromiseLike<T>,
  options: RestartOptions = {},
): (scope: Scope) => Promise<T> {
  const { mostRestarts = 3, withinMs = 5000, backoff, onRestart } = options;
  for (const [name, value] of Object.entries({ mostRestarts, withinMs })) {
    if (typeof value !== "number" || !(value >= 0)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `${name} must be a number from 0 on, but ${describeKind(value)} came`,
      );
    }
  }
  return async (s) => {
    const failures: { readonly atMs: number; readonly error: unknown }[] = [];
    const pauses = backoff?.delays()[Symbol.iterator]();
    for (let restarts = 1; ; restarts++) {
      try {
        return await s.scope((inner) => body(inner) as Promise<T>, {
          name: body.name === "" ? "restarting" : body.name,
        });
      } catch (error) {
        if (s.isCancelled) throw error;
        const now = nowMs();
        failures.push({ atMs: now, error });
        while (failures[0] !== undefined && failures[0].atMs <= now - withinMs) failures.shift();
        const pause = pauses?.next();
        if (failures.length > mostRestarts || pause?.done === true) {
          throw new AggregateError(
            failures.map((failure) => failure.error),
            `failed ${failures.length} times within ${withinMs} ms, so it is not started again`,
            { cause: error },
          );
        }
        onRestart?.(error, restarts);
        await sleep(pause?.value ?? 0, s);
      }
    }
  };
}
