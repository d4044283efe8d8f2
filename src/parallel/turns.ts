/** Turns of the event loop between slices of work. */
import { nowMs, setAlarm, setTurn } from "#clock";

/** The event loop has its turn after so long. */
export const SLICE_MS = 4;

/** When a call last gave the event loop its turn. */
let turnedMs = -Infinity;

/** Settles in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setTurn(() => {
      turnedMs = nowMs();
      resolve();
    });
  });
}

/** Who awaits one call after another, each of which is soon over, would else keep the event loop from its turns. */
export async function turnIfDue(): Promise<void> {
  const sinceMs = nowMs() - turnedMs;
  // A clock that goes back is another one.
  if (sinceMs < 0 || sinceMs >= SLICE_MS) await nextTurn();
}

/** Settles with what is waited for, or after so long. */
export async function settledWithin(mostMs: number, waited: Promise<unknown>): Promise<void> {
  let stopAlarm = (): void => undefined;
  const isLong = new Promise<void>((resolve) => (stopAlarm = setAlarm(resolve, mostMs)));
  try {
    await Promise.race([waited, isLong]);
  } finally {
    stopAlarm();
  }
}
