/**
 * The one place that reads time and sets timers; reached as `#clock`.
 *
 * Everything goes through the clock in use, so a virtual clock put in its place
 * (`skein/testing`) governs sleeps, deadlines and grace times alike.
 *
 * The system's clock keeps all alarms in one queue behind one timer of the host.
 *
 * Invariants
 * - While alarms are pending and none is ringing, the host's timer is set, for the
 *   moment when the first is due or before. So it keeps the process alive, and
 *   calling off the first alarm need not move it: it then finds nothing due.
 * - While none is pending, no timer is set.
 * - An alarm rings in a turn of the event loop that began after it was set.
 */
import { Alarm, AlarmQueue } from "./alarm-queue.js";

export { Alarm } from "./alarm-queue.js";

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

/**
 * How long one turn may ring alarms while more are due, the first step of what
 * they wake included; then I/O has a turn. The same as for a busy loop (`pause.ts`).
 */
const BUDGET_MS = 10;

/** Alarms that ring before what they have woken has its first step: a look at the clock for each would cost as much as the ring. */
const RINGS_A_SLICE = 64;

class FunctionAlarm extends Alarm {
  readonly #ring: () => void;

  constructor(ring: () => void) {
    super();
    this.#ring = ring;
  }

  override ring(): void {
    this.#ring();
  }
}

/**
 * Node gives the global by a getter, which takes a third of the time of a look at the clock. Timers that a test
 * puts in place of the host's come with a clock of their own, so as long as the timer is the same, the clock is.
 */
const hostPerformance = globalThis.performance;
const hostTimeout = setTimeout;

function hostMs(): number {
  // By its bare name, which the engine knows to be a constant as long as it is.
  return setTimeout === hostTimeout ? hostPerformance.now() : performance.now();
}

class SystemClock implements Clock {
  readonly #queue = new AlarmQueue();
  #timer: ReturnType<typeof setTimeout> | undefined = undefined;
  /** The moment for which the timer is set; Infinity if it is not. */
  #armedMs = Infinity;
  #isRinging = false;
  // The turn that rings now: when it began, and the last alarm set before it.
  #turnMs = 0;
  #turnOrder = 0;

  nowMs(): number {
    return hostMs();
  }

  setAlarm(ring: () => void, delayMs: number): () => void {
    const alarm = new FunctionAlarm(ring);
    this.start(alarm, delayMs);
    return () => this.stop(alarm);
  }

  start(alarm: Alarm, delayMs: number): void {
    const now = hostMs();
    const dueMs = now + Math.max(0, delayMs);
    this.#queue.add(alarm, dueMs);
    if (dueMs < this.#armedMs && !this.#isRinging) this.#arm(now);
  }

  stop(alarm: Alarm): void {
    if (this.#queue.remove(alarm) && this.#queue.size === 0) this.#disarm();
  }

  #arm(now: number): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#armedMs = this.#queue.firstDueMs;
    this.#timer = setTimeout(this.#onTimer, Math.min(Math.max(0, Math.ceil(this.#armedMs - now)), LONGEST_DELAY_MS));
  }

  #disarm(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#armedMs = Infinity;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#armedMs = Infinity;
    this.#turnMs = hostMs();
    this.#turnOrder = this.#queue.lastOrder;
    this.#isRinging = true;
    this.#ringSlice();
  };

  // The host counts in whole milliseconds and may be up to one early; then this
  // finds nothing due and sets the timer again.
  readonly #ringSlice = (): void => {
    for (let rings = 0; rings < RINGS_A_SLICE; rings++) {
      // Not what is due now: what was due when the turn began, or those who sleep
      // for no time would ring each other without end.
      const alarm = this.#queue.takeDue(this.#turnMs, this.#turnOrder);
      if (alarm === undefined) return this.#endTurn();
      try {
        alarm.ring();
      } catch (error) {
        // Nobody is left to receive it, and the others are to ring all the same.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
    // As a promise job, behind the first steps of those just woken, so that the
    // time they take counts.
    if (hostMs() - this.#turnMs < BUDGET_MS) queueMicrotask(this.#ringSlice);
    else this.#endTurn();
  };

  #endTurn(): void {
    this.#isRinging = false;
    if (this.#queue.size > 0) this.#arm(hostMs());
  }
}

const systemClock = new SystemClock();

let inUse: Clock = systemClock;

/** Milliseconds on the clock in use. */
export function nowMs(): number {
  return inUse.nowMs();
}

/**
 * Sets a one-shot alarm on the clock in use; the result calls it off.
 *
 * Alarms that are due ring in order of their moments, then of setting. When the
 * event loop was held up several ring in one turn: promise jobs run only between
 * some of them, and after 10 ms I/O has its turn before the rest. What `ring`
 * throws is reported as uncaught; the others ring all the same.
 */
export function setAlarm(ring: () => void, delayMs: number): () => void {
  return inUse.setAlarm(ring, delayMs);
}

/**
 * Sets an alarm for work that may as well never be done: unlike another, it does not
 * keep the process alive. On a clock put in use it is an alarm like any other.
 */
export function setIdleAlarm(ring: () => void, delayMs: number): () => void {
  if (inUse !== systemClock) return inUse.setAlarm(ring, delayMs);
  const timer = setTimeout(ring, Math.min(delayMs, LONGEST_DELAY_MS));
  (timer as { unref?: () => void }).unref?.();
  return () => clearTimeout(timer);
}

/**
 * Sets an alarm that is an object of the caller's, as `setAlarm` does, without
 * allocating anything for it. It must not be set now; it may be set again later.
 */
export function startAlarm(alarm: Alarm, delayMs: number): void {
  if (inUse === systemClock) systemClock.start(alarm, delayMs);
  else startAlarmBy(setAlarm, alarm, delayMs);
}

/** Sets an alarm that is an object by a function that takes none. */
export function startAlarmBy(set: typeof setAlarm, alarm: Alarm, delayMs: number): void {
  alarm.stop = set(() => {
    alarm.stop = undefined;
    alarm.ring();
  }, delayMs);
}

/** Calls an alarm off, on the clock that it was set on; does nothing if it is not set. */
export function stopAlarm(alarm: Alarm): void {
  if (alarm.stop === undefined) {
    systemClock.stop(alarm);
  } else {
    alarm.stop();
    alarm.stop = undefined;
  }
}

/**
 * Calls `run` in a turn of the event loop after this one, when timers that are due
 * and I/O that is ready have had theirs; the result calls it off.
 *
 * Some 1 µs where the host has `setImmediate`; elsewhere, and on a clock put in
 * use, it is an alarm of no delay, as such a clock knows no turns.
 */
export function setTurn(run: () => void): () => void {
  if (inUse !== systemClock || typeof setImmediate !== "function") return inUse.setAlarm(run, 0);
  const immediate = setImmediate(run);
  return () => clearImmediate(immediate);
}

/** Of the host, where it has it. Asked for once: who puts other timers in place of the host's may do so with this, too. */
const { nextTick } = (globalThis as { process?: { nextTick?: (run: () => void) => void } }).process ?? {};

/**
 * Has `run` called in this turn, and from a promise job when those have all run, their own included.
 *
 * @returns false if nothing of the host's tells of that: then it is not called
 */
export function atEndOfTurn(run: () => void): boolean {
  if (nextTick === undefined) return false;
  nextTick(run);
  return true;
}

/** Whether the time that `nowMs` gives is the host's, and goes on by itself. */
export function isHostTime(): boolean {
  return inUse === systemClock && setTimeout === hostTimeout;
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

let holds = 0;
let holding: ReturnType<typeof setInterval> | undefined;

/**
 * Keeps the process, or this thread, alive until the result is called: for waits
 * that the host does not count, as those on shared memory.
 */
export function holdProcess(): () => void {
  if (holds++ === 0) {
    // Made once: who waits again and again for short times pays for a flag then.
    if (holding === undefined) holding = setInterval(() => undefined, LONGEST_DELAY_MS);
    else holding.ref?.();
  }
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    if (--holds > 0) return;
    holding?.unref?.();
  };
}
