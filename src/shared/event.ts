/**
 * Events and latches that threads share: waits for something to have happened.
 *
 * Layout of its own cells, behind the monitor's
 *   COUNT  how much is still to happen; who waits goes on when it is 0
 */
import { type Cancel, cancelNodeOf } from "../async/cancel.js";
import { requireOptions, requireWhole } from "../async/guard.js";
import type { Selectable } from "../async/select.js";
import { MisuseError } from "../core/errors.js";
import { ProbedResource, ProbeResource } from "../core/probe.js";
import { Monitor, MONITOR_CELLS } from "./monitor.js";
import { Kind, type KindValue, Place, SharedObject, type SharedOptions } from "./object.js";
import { SharedWaits, type Waitable, waitBlocked } from "./waiting.js";

const COUNT = MONITOR_CELLS;
const CELLS = MONITOR_CELLS + 1;

const MOST_COUNT = 2 ** 31 - 1;

/** What events and latches share. */
abstract class Countdown extends SharedObject {
  readonly #monitor: Monitor;
  readonly #over: Waitable<true, undefined>;
  readonly #waits: SharedWaits<true, undefined>;

  protected constructor(kind: KindValue, what: "event" | "latch", count: number, options: SharedOptions | Place) {
    super(kind, CELLS, options);
    this.#monitor = new Monitor(this.heap, this.cells, this.offset, this.name);
    const isOver = (): true | undefined => (this.cells[COUNT] === 0 ? true : undefined);
    this.#over = this.#monitor.waitable(`shared ${what} "${this.name}"`, isOver, {
      competes: false,
      resource: new ProbedResource(ProbeResource[what], this.name, -this.offset),
    });
    this.#waits = new SharedWaits(this.#over);
    if (options instanceof Place) return;
    this.cells[COUNT] = count;
    this.made();
  }

  /**
   * Waits until it has happened.
   *
   * **Cancels** The wait ends at once.
   *
   * **Throws** `SKEIN_CANCELLED`.
   */
  async wait(cancel?: Cancel): Promise<void> {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    this.requireAlive();
    await this.#waits.wait(undefined, node);
  }

  /** As `wait`, blocking this thread; throws `SKEIN_CANNOT_BLOCK` on the main thread of a page. */
  waitSync(cancel?: Cancel): void {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    this.requireAlive();
    waitBlocked(this.#over, undefined, node);
  }

  /** The wait as a case of `select`. */
  waiting(): Selectable<undefined> {
    return this.#waits.selectable(
      undefined,
      () => this.#over.tryGrant(undefined),
      () => undefined,
    );
  }

  /** How much is to happen now. */
  protected get left(): number {
    return this.#monitor.inside(() => this.cells[COUNT] as number);
  }

  /** Changes how much is to happen. @returns how much it was */
  protected change(next: (count: number) => number): number {
    this.requireAlive();
    const before = this.#monitor.inside(() => {
      const count = this.cells[COUNT] as number;
      this.cells[COUNT] = next(count);
      return count;
    });
    this.#monitor.changed();
    return before;
  }

  /** @internal */
  override threadEnded(slot: number): boolean {
    return this.#monitor.threadEnded(slot, () => undefined);
  }
}

/** How a shared event is made. */
export interface SharedEventOptions extends SharedOptions {
  /** False by default. */
  readonly isSet?: boolean;
}

/**
 * Something that happens, for any number of threads to wait for. It can be cleared,
 * to happen again.
 *
 * **Threads** Any.
 *
 * @example
 * ```ts
 * const ready = new Event();
 * setTimeout(() => ready.set(), 1);
 * await ready.wait();
 * console.log(ready.isSet); // true
 * ```
 *
 * @since 0.1.0
 */
export class Event extends Countdown {
  constructor(options: SharedEventOptions | Place = {}) {
    super(Kind.event, "event", !(options instanceof Place) && options?.isSet === true ? 0 : 1, options);
  }

  get isSet(): boolean {
    return this.left === 0;
  }

  /** Lets all go on who wait, and all who come. */
  set(): void {
    this.change(() => 0);
  }

  /** From now on callers wait again. Who was let go on before goes on. */
  clear(): void {
    this.change(() => 1);
  }
}

/** How a shared latch is made. */
export interface SharedLatchOptions extends SharedOptions {
  /** How much is to happen, from 0 on. */
  readonly count: number;
}

/**
 * Opens once so much has happened, and stays open.
 *
 * A thread that ends does not count down: give what it may leave undone to another.
 *
 * **Threads** Any.
 *
 * @example
 * ```ts
 * const started = new Latch({ count: 2 });
 * started.countDown();
 * started.countDown();
 * await started.wait();
 * console.log(started.isOpen); // true
 * ```
 *
 * @since 0.1.0
 */
export class Latch extends Countdown {
  constructor(options: SharedLatchOptions | Place) {
    if (!(options instanceof Place)) {
      requireOptions("a shared latch", options);
      requireWhole("a shared latch's count", options.count, 0, MOST_COUNT);
    }
    super(Kind.latch, "latch", options instanceof Place ? 0 : options.count, options);
  }

  /** How much is to happen still. */
  get count(): number {
    return this.left;
  }

  get isOpen(): boolean {
    return this.left === 0;
  }

  /**
   * Says that so much has happened.
   *
   * **Throws** `SKEIN_OVERFLOW` if more would have happened than was to: then
   * nothing is counted.
   */
  countDown(step = 1): void {
    requireWhole("a step", step, 1);
    const before = this.change((count) => (count >= step ? count - step : count));
    if (before >= step) return;
    throw new MisuseError(
      "SKEIN_OVERFLOW",
      `shared latch "${this.name}" was counted down by ${step}, but only ${before} was left to happen`,
    );
  }
}
