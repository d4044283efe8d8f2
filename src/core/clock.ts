/**
 * The one place that reads time and sets timers; reached as `#clock`.
 *
 * Everything goes through the clock in use, so a virtual clock put in its place
 * (`skein/testing`) governs sleeps, deadlines and grace times alike.
 */

/** A source of time and of one-shot alarms. */
export interface Clock {
  /** Milliseconds since some fixed moment, never going back; fractions allowed. */
  nowMs(): number;
  /**
   * Calls `ring` once, no earlier than `delayMs` from now, and gives a function
   * that calls it off. An alarm keeps the process alive until it rang.
   */
  setAlarm(ring: () => void, delayMs: number): () => void;
}

// Node and browsers keep a delay in a signed 32-bit integer and fire at once
// when it is larger, so a longer one is waited for in stretches.
const LONGEST_DELAY_MS = 2 ** 31 - 1;

const systemClock: Clock = {
  nowMs: () => performance.now(),
  setAlarm(ring, delayMs) {
    const dueMs = performance.now() + delayMs;
    let timer: ReturnType<typeof setTimeout>;
    const arm = (): void => {
      const leftMs = dueMs - performance.now();
      // The host rounds a delay down to whole milliseconds; rounding up keeps
      // "no earlier than" true.
      if (leftMs > LONGEST_DELAY_MS) timer = setTimeout(arm, LONGEST_DELAY_MS);
      else timer = setTimeout(ring, Math.max(0, Math.ceil(leftMs)));
    };
    arm();
    return () => clearTimeout(timer);
  },
};

let inUse: Clock = systemClock;

/** Milliseconds on the clock in use. */
export function nowMs(): number {
  return inUse.nowMs();
}

/** Sets a one-shot alarm on the clock in use; the result calls it off. */
export function setAlarm(ring: () => void, delayMs: number): () => void {
  return inUse.setAlarm(ring, delayMs);
}

/**
 * Puts another clock in use for this thread and gives the one that was. Alarms
 * already set stay with the clock that set them.
 */
export function useClock(clock: Clock): Clock {
  const before = inUse;
  inUse = clock;
  return before;
}
