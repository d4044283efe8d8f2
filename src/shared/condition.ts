/**
 * Conditions that threads share: waits, with a mutex given up meanwhile, for others
 * to have changed what the mutex protects.
 *
 * Layout of its own cells, behind the monitor's
 *   MUTEX    the mutex's handle: two cells, high part first
 *   NEXT     the slot from which the next notification looks for a waiter
 *   WAITING  for each slot, how many jobs of its thread wait
 *   SIGNALS  for each slot, how many of these may go on
 *
 * Invariants
 * - SIGNALS of a slot is at most its WAITING: a notification is given to somebody
 *   who waits, or to nobody.
 * - A wait that ends without going on leaves no signal behind: one too many for those
 *   that still wait there goes to another slot.
 */
import { type Cancel, cancelNodeOf } from "../async/cancel.js";
import { requireOptions } from "../async/guard.js";
import { MisuseError } from "../core/errors.js";
import { ProbedResource, ProbeResource } from "../core/probe.js";
import { type Handle, type Heap, MOST_SLOTS } from "./heap.js";
import { Monitor, MONITOR_CELLS } from "./monitor.js";
import { Mutex, type SharedMutexGuard } from "./mutex.js";
import { attached, Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { SharedWaits, type Waitable, waitBlocked } from "./waiting.js";

const MUTEX = MONITOR_CELLS;
const NEXT = MONITOR_CELLS + 2;
const WAITING = MONITOR_CELLS + 3;
const SIGNALS = WAITING + MOST_SLOTS;
const CELLS = SIGNALS + MOST_SLOTS;

const LOW = 2 ** 26;

/** How a shared condition is made. */
export interface SharedConditionOptions extends SharedOptions {
  /** The mutex that protects what is waited for. */
  readonly mutex: Mutex;
}

/**
 * Waits for a change of what a mutex protects.
 *
 * A wait may end although what the caller wants is not so, for another may have
 * come first: look again, in a loop.
 *
 * **Fairness** `notifyOne` serves the threads in turn, the jobs of one in order of
 * arrival.
 *
 * **Threads** Any.
 *
 * @example
 * ```ts
 * const mutex = new Mutex();
 * const changed = new Condition({ mutex });
 * let isReady = false;
 * await scope(async (s) => {
 *   s.spawn(async () => {
 *     const guard = await mutex.lock(s);
 *     while (!isReady) await changed.wait(guard, s);
 *     guard.release();
 *   });
 *   await sleep(1);
 *   await mutex.withLock(() => {
 *     isReady = true;
 *     changed.notifyAll();
 *   });
 * });
 * ```
 *
 * @since 0.1.0
 */
export class Condition extends SharedObject {
  #mutex: Mutex | undefined;
  readonly #monitor: Monitor;
  readonly #signal: Waitable<true, undefined>;
  readonly #waits: SharedWaits<true, undefined>;

  constructor(options: SharedConditionOptions | Place) {
    if (!(options instanceof Place)) {
      requireOptions("a shared condition", options);
      if (!(options.mutex instanceof Mutex)) {
        throw new MisuseError("SKEIN_INVALID_ARGUMENT", "a shared condition expected a shared mutex as `mutex`");
      }
    }
    super(Kind.condition, CELLS, options);
    this.#monitor = new Monitor(this.heap, this.cells, this.offset, this.name);
    this.#signal = this.#monitor.waitable(`shared condition "${this.name}"`, () => this.#take(), {
      competes: false,
      resource: new ProbedResource(ProbeResource.condition, this.name, -this.offset),
    });
    this.#waits = new SharedWaits(this.#signal);
    if (options instanceof Place) return;
    this.#mutex = options.mutex;
    const { handle } = options.mutex.leave();
    this.cells[MUTEX] = Math.floor(handle / LOW);
    this.cells[MUTEX + 1] = handle % LOW;
    this.made();
  }

  /** The mutex that protects what is waited for. Throws `SKEIN_DISPOSED` if it has been disposed of. */
  get mutex(): Mutex {
    // Not before it is asked for: the condition can be put in order without it.
    return (this.#mutex ??= mutexOf(
      this.heap,
      (this.cells[MUTEX] as number) * LOW + (this.cells[MUTEX + 1] as number),
    ));
  }

  /**
   * Gives the mutex up, waits for a notification, and takes the mutex again.
   *
   * **Cancels** The wait ends; the mutex is taken again before the error is thrown,
   * whatever that takes, as the caller's guard says.
   *
   * **Throws** `SKEIN_CANCELLED`; `SKEIN_NOT_HELD`; `SKEIN_OWNER_DIED` if a thread
   * died holding the mutex meanwhile: then the guard holds nothing.
   */
  async wait(guard: SharedMutexGuard, cancel?: Cancel): Promise<void> {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    this.#begin(guard);
    try {
      await this.#waits.wait(undefined, node);
    } catch (error) {
      this.#left();
      await this.mutex.relock(guard);
      throw error;
    }
    await this.mutex.relock(guard);
  }

  /** As `wait`, blocking this thread; throws `SKEIN_CANNOT_BLOCK` on the main thread of a page. */
  waitSync(guard: SharedMutexGuard, cancel?: Cancel): void {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    this.#begin(guard);
    try {
      waitBlocked(this.#signal, undefined, node);
    } catch (error) {
      this.#left();
      this.mutex.relockSync(guard);
      throw error;
    }
    this.mutex.relockSync(guard);
  }

  /** Lets one that waits go on. @returns false if none waits */
  notifyOne(): boolean {
    return this.#notify(1) === 1;
  }

  /** Lets all that wait go on. @returns how many */
  notifyAll(): number {
    return this.#notify(Infinity);
  }

  #notify(most: number): number {
    this.requireAlive();
    const count = this.#monitor.inside(() => this.#give(most));
    this.#monitor.changed();
    return count;
  }

  /** Inside: gives signals to so many that wait. @returns to how many */
  #give(most: number): number {
    const { cells } = this;
    let given = 0;
    const first = cells[NEXT] as number;
    for (let step = 0; step < MOST_SLOTS && given < most; step++) {
      const slot = (first + step) % MOST_SLOTS;
      const signals = cells[SIGNALS + slot] as number;
      const count = Math.min((cells[WAITING + slot] as number) - signals, most === 1 ? 1 : Infinity);
      if (count <= 0) continue;
      cells[SIGNALS + slot] = signals + count;
      cells[NEXT] = (slot + 1) % MOST_SLOTS;
      given += count;
    }
    return given;
  }

  #begin(guard: SharedMutexGuard): void {
    this.requireAlive();
    if (guard.mutex !== this.mutex || !guard.isHeld) {
      throw new MisuseError(
        "SKEIN_NOT_HELD",
        `shared condition "${this.name}" expected a guard that holds its mutex "${this.mutex.name}"`,
      );
    }
    const waiting = WAITING + this.heap.slot;
    // Before the mutex is given up: a change that somebody makes then finds this
    // wait. The other way round its notification would find nobody.
    this.#monitor.inside(() => (this.cells[waiting] = (this.cells[waiting] as number) + 1));
    guard.release();
  }

  /** Inside: a wait of this thread goes on. */
  #take(): true | undefined {
    const { cells } = this;
    const { slot } = this.heap;
    const signals = cells[SIGNALS + slot] as number;
    if (signals === 0) return undefined;
    cells[SIGNALS + slot] = signals - 1;
    cells[WAITING + slot] = (cells[WAITING + slot] as number) - 1;
    return true;
  }

  /** A wait of this thread ended without going on. */
  #left(): void {
    const { cells } = this;
    const { slot } = this.heap;
    this.#monitor.inside(() => {
      const waiting = (cells[WAITING + slot] as number) - 1;
      cells[WAITING + slot] = waiting;
      if ((cells[SIGNALS + slot] as number) <= waiting) return;
      cells[SIGNALS + slot] = waiting;
      this.#give(1);
    });
    this.#monitor.changed();
  }

  /** @internal */
  override threadEnded(slot: number): boolean {
    const { cells } = this;
    return this.#monitor.threadEnded(slot, () => {
      const signals = cells[SIGNALS + slot] as number;
      cells[SIGNALS + slot] = 0;
      cells[WAITING + slot] = 0;
      for (let lost = 0; lost < signals; lost++) this.#give(1);
    });
  }
}

function mutexOf(inHeap: Heap, handle: Handle): Mutex {
  const mutex = attached(inHeap, handle, (place) => new Mutex(place));
  if (mutex !== undefined) return mutex as Mutex;
  throw new MisuseError("SKEIN_DISPOSED", "the mutex of a shared condition that came has been disposed of");
}
