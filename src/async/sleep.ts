import { Alarm, nowMs, startAlarm, stopAlarm } from "#clock";

import { MisuseError } from "../core/errors.js";
import { type Cancel, cancelNodeOf, type CancelNode, describeKind } from "./cancel.js";
import { suspend, type Waiter } from "./wait-queue.js";

/** The alarm of one sleep, and what the sleep's wait holds. */
class SleepAlarm extends Alarm {
  waiter: Waiter<void, SleepAlarm> | undefined = undefined;

  override ring(): void {
    this.waiter?.resolve();
  }
}

/**
 * Suspends the caller for at least `delayMs` milliseconds.
 *
 * `sleep(0)` lets timers and I/O have a turn. To wait for something that happens,
 * wait for that thing instead; to bound a wait, use a scope with `timeoutMs`; to
 * do something time after time, use `interval`, which does not drift.
 *
 * **Order** Sleepers wake in order of the moments they wait for; of those who wait
 * for the same, whoever called first wakes first.
 *
 * **Cancels** The sleep ends at once.
 *
 * **Throws** `SKEIN_CANCELLED`; `SKEIN_INVALID_ARGUMENT` for a delay that is no
 * number or negative.
 *
 * @example
 * ```ts
 * await sleep(5);
 * console.log("5 ms later");
 * ```
 *
 * @since 0.1.0
 */
// Not an async function, as with a hundred thousand sleepers the frame of each
// would weigh as much as the sleep; all that it throws still comes as a rejection.
export function sleep(delayMs: number, cancel?: Cancel): Promise<void> {
  try {
    if (typeof delayMs !== "number" || !(delayMs >= 0)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `a delay must be a number of milliseconds from 0 on, but ${describeKind(delayMs)} came`,
      );
    }
    return asleep(cancel, delayMs);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Suspends the caller until a moment on the clock of `performance.now()`, which is
 * also the clock of a scope's `deadlineMs`.
 *
 * For a moment that has passed it does what `sleep(0)` does.
 *
 * **Cancels** The sleep ends at once.
 *
 * **Throws** `SKEIN_CANCELLED`; `SKEIN_INVALID_ARGUMENT` for what is no number.
 *
 * @example
 * ```ts
 * const startMs = performance.now();
 * await load("a");
 * await sleepUntil(startMs + 10); // however long that took
 * ```
 *
 * @since 0.1.0
 */
export function sleepUntil(deadlineMs: number, cancel?: Cancel): Promise<void> {
  try {
    if (typeof deadlineMs !== "number" || Number.isNaN(deadlineMs)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `a deadline must be a number of milliseconds, but ${describeKind(deadlineMs)} came`,
      );
    }
    return asleep(cancel, Math.max(0, deadlineMs - nowMs()));
  } catch (error) {
    return Promise.reject(error);
  }
}

function asleep(cancel: Cancel | undefined, delayMs: number): Promise<void> {
  const node = cancelNodeOf(cancel);
  node?.checkpoint();
  return beginSleep(node, delayMs);
}

function beginSleep(node: CancelNode | undefined, delayMs: number): Promise<void> {
  const alarm = new SleepAlarm();
  const { waiter, promise } = suspend<void, SleepAlarm>("sleep", node, alarm, endSleep, undefined, true);
  alarm.waiter = waiter;
  if (delayMs !== Infinity) startAlarm(alarm, delayMs);
  return promise;
}

function endSleep(waiter: Waiter<void, SleepAlarm>): void {
  stopAlarm(waiter.payload);
}
