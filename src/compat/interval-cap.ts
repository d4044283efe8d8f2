/**
 * At most so many starts in a span of time.
 *
 * Invariant: an alarm is set exactly while a start was refused and none has been
 * made possible since; so an idle queue keeps no process alive.
 */
import { nowMs, setAlarm } from "#clock";

/** How starts are counted. */
export interface IntervalCapOptions {
  /** Starts allowed in one interval. */
  readonly cap: number;
  readonly intervalMs: number;
  /** Count in each span of `intervalMs`, not in fixed windows, where two bursts may touch. */
  readonly isSliding: boolean;
  /** What a new window starts with: the jobs that still run, if they are carried over. */
  readonly carriedOver: () => number;
}

export class IntervalCap {
  readonly #options: IntervalCapOptions;
  readonly #onOpen: () => void;
  /** Fixed windows: when the present one began, and starts counted in it. */
  #windowStartMs = -Infinity;
  #count = 0;
  /** Sliding: moments of the last `cap` starts, as a ring whose oldest is at `#oldest`. */
  readonly #starts: number[] = [];
  #oldest = 0;
  #stopAlarm: (() => void) | undefined = undefined;

  /** @param onOpen - called when, after a refusal, a start is possible again */
  constructor(options: IntervalCapOptions, onOpen: () => void) {
    this.#options = options;
    this.#onOpen = onOpen;
  }

  /** True from a refused start until one is possible again. */
  get isClosed(): boolean {
    return this.#stopAlarm !== undefined;
  }

  /** Counts a start if one is allowed now. */
  tryTake(): boolean {
    if (this.#options.cap === Infinity || this.#options.intervalMs === 0) return true;
    const now = nowMs();
    const opensMs = this.#options.isSliding ? this.#slidingOpensMs() : this.#windowOpensMs(now);
    if (now < opensMs) {
      this.#stopAlarm ??= setAlarm(() => {
        this.#stopAlarm = undefined;
        this.#onOpen();
      }, opensMs - now);
      return false;
    }
    if (this.#options.isSliding) {
      this.#starts[this.#oldest] = now;
      this.#oldest = (this.#oldest + 1) % this.#options.cap;
    } else {
      this.#count++;
    }
    return true;
  }

  /** Nothing waits any more. */
  rest(): void {
    this.#stopAlarm?.();
    this.#stopAlarm = undefined;
  }

  #slidingOpensMs(): number {
    const oldest = this.#starts[this.#oldest];
    return oldest === undefined ? -Infinity : oldest + this.#options.intervalMs;
  }

  #windowOpensMs(now: number): number {
    const { cap, intervalMs, carriedOver } = this.#options;
    if (now >= this.#windowStartMs + intervalMs) {
      this.#windowStartMs = now;
      this.#count = carriedOver();
    }
    return this.#count < cap ? -Infinity : this.#windowStartMs + intervalMs;
  }
}
