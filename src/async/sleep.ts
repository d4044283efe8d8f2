import { setAlarm } from "#clock";

import { MisuseError } from "../core/errors.js";
import { type Cancel, cancelNodeOf, describeKind } from "./cancel.js";
import { suspend } from "./wait-queue.js";

/**
 * Suspends the caller for at least `delayMs` milliseconds.
 *
 * `sleep(0)` lets timers and I/O have a turn. To wait for something that happens,
 * wait for that thing instead; to bound a wait, use a scope with `timeoutMs`.
 *
 * **Cancels** The sleep ends at once.
 *
 * **Throws** `SKEIN_CANCELLED`; `SKEIN_INVALID_ARGUMENT` for a delay that is no
 * number or negative.
 *
 * @since 0.1.0
 */
export async function sleep(delayMs: number, cancel?: Cancel): Promise<void> {
  if (typeof delayMs !== "number" || !(delayMs >= 0)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `a delay must be a number of milliseconds from 0 on, but ${describeKind(delayMs)} came`,
    );
  }
  const node = cancelNodeOf(cancel);
  node?.checkpoint();
  let stopAlarm: (() => void) | undefined;
  const { waiter, promise } = suspend<void>("sleep", node, undefined, () => stopAlarm?.());
  if (delayMs !== Infinity) stopAlarm = setAlarm(() => waiter.resolve(), delayMs);
  await promise;
}
