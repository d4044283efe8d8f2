/**
 * Time that moves only when a test says so, or when nothing else can.
 *
 * Invariants
 * - Time never goes back, and stands still while any job can go on.
 * - Alarms ring one at a time, in order of the moment they are due, then of
 *   setting; between two of them every job runs until it is blocked. So what a
 *   woken job sets is relative to the moment of its waking (law 20).
 */
import { type Clock, useClock } from "#clock";

import { describeKind } from "../async/cancel.js";
import { Alarm, AlarmQueue } from "../core/alarm-queue.js";
import { MisuseError } from "../core/errors.js";
import { type IdleAction, settled, useIdleAction, watchAnew } from "./quiescence.js";

/** Options of a virtual clock. */
export interface VirtualClockOptions {
  /**
   * Whether time jumps to the next alarm once every job is blocked; true by
   * default. With false it moves by `advance` alone.
   */
  readonly autojump?: boolean;
}

/**
 * A clock that a test moves.
 *
 * @since 0.1.0
 */
export interface VirtualClock extends Disposable {
  /** Milliseconds since the clock was made. */
  readonly nowMs: number;
  /** Alarms that have yet to ring: sleeps, deadlines, grace times. */
  readonly pendingAlarms: number;

  /**
   * Moves time on, ringing each alarm that falls due at its moment, and waits
   * until every job is blocked again.
   *
   * A call made while another is under way begins after it.
   *
   * **Throws** `SKEIN_INVALID_ARGUMENT` for what is no finite number from 0 on.
   *
   * **Cost** Some turns of the event loop for each alarm.
   */
  advance(ms: number): Promise<void>;

  /**
   * Puts the clock that was in use before back. Alarms set on this one stay with
   * it: only `advance` rings them now. Doing it again does nothing.
   */
  uninstall(): void;
}

class VirtualAlarm extends Alarm {
  override readonly ring: () => void;

  constructor(ring: () => void) {
    super();
    this.ring = ring;
  }
}

class InstalledClock implements VirtualClock {
  readonly #alarms = new AlarmQueue();
  readonly #clockBefore: Clock;
  readonly #idleActionBefore: IdleAction | undefined;
  #nowMs = 0;
  #advances: Promise<void> = Promise.resolve();
  #isInstalled = true;

  constructor(autojump: boolean) {
    this.#clockBefore = useClock({
      nowMs: () => this.#nowMs,
      setAlarm: (ring, delayMs) => this.#setAlarm(ring, delayMs),
    });
    // Without autojump too: a clock put in use before must not jump meanwhile.
    this.#idleActionBefore = useIdleAction({
      isWanted: () => autojump && this.#alarms.size > 0,
      act: () => this.#ringFirst(),
    });
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  get pendingAlarms(): number {
    return this.#alarms.size;
  }

  async advance(ms: number): Promise<void> {
    if (!Number.isFinite(ms) || ms < 0) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `advance expected a finite number of milliseconds from 0 on, but ${describeKind(ms)} came`,
      );
    }
    this.#advances = this.#advances.then(() => this.#advanceTo(this.#nowMs + ms));
    return this.#advances;
  }

  async #advanceTo(targetMs: number): Promise<void> {
    // Jobs that have not run yet set their alarms first, relative to now.
    await settled();
    while (this.#alarms.firstDueMs <= targetMs) {
      this.#ringFirst();
      // While somebody waits for jobs to settle, time does not jump by itself.
      await settled();
    }
    this.#nowMs = targetMs;
  }

  #setAlarm(ring: () => void, delayMs: number): () => void {
    const alarm = new VirtualAlarm(ring);
    // A moment that never comes is none to jump to.
    if (delayMs !== Infinity) this.#alarms.add(alarm, this.#nowMs + Math.max(0, delayMs));
    watchAnew();
    return () => this.#alarms.remove(alarm);
  }

  #ringFirst(): void {
    const dueMs = this.#alarms.firstDueMs;
    const alarm = this.#alarms.takeDue(dueMs);
    if (alarm === undefined) return;
    this.#nowMs = dueMs;
    alarm.ring();
  }

  uninstall(): void {
    if (!this.#isInstalled) return;
    this.#isInstalled = false;
    useClock(this.#clockBefore);
    useIdleAction(this.#idleActionBefore);
  }

  [Symbol.dispose](): void {
    this.uninstall();
  }
}

/**
 * Puts a virtual clock in use for this thread: sleeps, deadlines and grace times
 * take no real time, and come in the same order on every run.
 *
 * Use it in tests of anything that involves time; `withVirtualClock` puts the real
 * clock back by itself. Time starts at 0 and jumps to the next alarm when every
 * job is blocked, as `settled` has it. A socket's data is not foreseen: a test
 * that waits for some should use `autojump: false`. `performance.now()`, `Date`
 * and `setTimeout` themselves stay real.
 *
 * Alarms ring in order of the moment they are due; of two due at once the one set
 * first. Between two of them every job runs until it is blocked.
 *
 * **Threads** The calling thread only; jobs on other threads keep real time.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` if the options are no object.
 *
 * **Cost** Some turns of the event loop for each alarm; O(log n) to set one.
 *
 * @example
 * ```ts
 * using clock = virtualClock({ autojump: false });
 * let rang = false;
 * const sleeper = sleep(1000).then(() => (rang = true));
 * await clock.advance(999);
 * console.log(rang); // false
 * await clock.advance(1);
 * console.log(rang); // true
 * await sleeper;
 * ```
 *
 * @since 0.1.0
 */
export function virtualClock(options: VirtualClockOptions = {}): VirtualClock {
  if (typeof options !== "object" || options === null) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `virtualClock expected options, but ${describeKind(options)} came`);
  }
  return new InstalledClock(options.autojump ?? true);
}

/**
 * Runs `body` under a virtual clock, and puts the real one back when it has ended.
 *
 * Use it around the whole of a test; use `virtualClock` with `using` where a block
 * reads worse. Waits that the body leaves behind never end.
 *
 * **Throws** what the body throws.
 *
 * @example
 * ```ts
 * await withVirtualClock(async (clock) => {
 *   await sleep(60_000); // jumps: nothing else can go on
 *   console.log(clock.nowMs); // 60000
 * });
 * ```
 *
 * @since 0.1.0
 */
export async function withVirtualClock<Result>(
  body: (clock: VirtualClock) => Result,
  options?: VirtualClockOptions,
): Promise<Awaited<Result>> {
  const clock = virtualClock(options);
  try {
    return await body(clock);
  } finally {
    clock.uninstall();
  }
}
