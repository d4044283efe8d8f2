/**
 * Giving way: what computes without ever waiting still lets timers and I/O have
 * their turns (law 36).
 *
 * `await` alone does not give way: promise jobs run before anything else, so a
 * loop over values that are always ready stops the whole event loop.
 *
 * The measure is the time since the event loop last had a turn. A turn is
 * asked for when a busy stretch is first noticed, the marker, and ends the stretch
 * when it comes: while it has not come, the loop has had no turn. So a
 * flow that waits between its items never pauses, however long it lives.
 *
 * State of the thread, all of it written here alone
 * - `calls`: calls of `pauseIfDue` since the clock was last read
 * - `stretchMs`: when the busy stretch began, `undefined` outside one; set
 *   together with the marker
 */
import { nowMs, setTurn } from "#clock";

import { type Cancel, cancelNodeOf, type CancelNode } from "./cancel.js";
import { WaitQueue } from "./wait-queue.js";

/** How long a loop may keep timers and I/O waiting: under the 16 ms of a screen's frame. */
const BUDGET_MS = 10;

/** Calls between two looks at the clock: a look costs about as much as a small item. */
const CALLS_A_LOOK = 64;

let calls = 0;
let stretchMs: number | undefined;

/** Waits for a turn of the event loop; each has asked for one of its own. */
const giving = new WaitQueue<void, { callOff: (() => void) | undefined }>("a turn of the event loop", (waiter) =>
  waiter.payload.callOff?.(),
);

/**
 * Lets timers and I/O have a turn.
 *
 * For a loop that computes for long on a thread that has other things to do. A
 * flow does this by itself.
 *
 * **Waits** for one turn of the event loop: microseconds, if nothing else is due.
 *
 * **Cancels** The wait ends at once.
 *
 * **Throws** `SKEIN_CANCELLED`.
 *
 * @example
 * ```ts
 * await scope(async (s) => {
 *   for (let round = 0; round < 3; round++) {
 *     for (let i = 0; i < 100_000; i++) Math.sqrt(i);
 *     await yieldNow(s);
 *   }
 * });
 * ```
 *
 * @since 0.1.0
 */
export async function yieldNow(cancel?: Cancel): Promise<void> {
  const node = cancelNodeOf(cancel);
  node?.checkpoint();
  const own: { callOff: (() => void) | undefined } = { callOff: undefined };
  own.callOff = setTurn(turn);
  await giving.wait(node, own);
}

// Wakes all that give way, not only the one that asked for this turn: what was
// asked for together comes in one turn of the event loop, and if each woke a loop with a
// budget of its own, ten loops would hold I/O up for ten budgets.
function turn(): void {
  stretchMs = undefined;
  for (let waiter = giving.claim(); waiter !== undefined; waiter = giving.claim()) {
    waiter.payload.callOff?.();
    waiter.resolve();
  }
}

/**
 * For each round of a loop that may never wait: `undefined` almost always, else
 * the promise of a turn of the event loop, to be awaited.
 *
 * Costs a count, and now and then a look at the clock.
 */
export function pauseIfDue(cancel: CancelNode | undefined): Promise<void> | undefined {
  if (++calls < CALLS_A_LOOK) return undefined;
  calls = 0;
  const now = nowMs();
  // The clock goes back only if another was put in use; then the marker comes by
  // the old one, or never.
  if (stretchMs === undefined || now < stretchMs) {
    stretchMs = now;
    setTurn(endStretch);
    return undefined;
  }
  return now - stretchMs < BUDGET_MS ? undefined : yieldNow(cancel);
}

function endStretch(): void {
  stretchMs = undefined;
}
