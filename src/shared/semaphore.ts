/**
 * Semaphores that threads share.
 *
 * Layout of its own cells, behind the monitor's
 *   PERMITS  how many there are; never changes
 *   FREE     how many nobody holds
 *   HELD     for each slot, how many its thread holds
 *
 * Invariant: outside the monitor FREE is PERMITS less the sum of HELD. HELD is what
 * counts: a thread stopped between the two writes of a change has made the change
 * if it wrote HELD, and FREE is computed anew.
 */
import { load } from "#atomics";

import { type Cancel, cancelNodeOf } from "../async/cancel.js";
import { Blocks, type Guard, requireFunction, requireOptions, requireWhole } from "../async/guard.js";
import type { Scope } from "../async/scope.js";
import type { Selectable } from "../async/select.js";
import { MisuseError } from "../core/errors.js";
import { probe, ProbedResource, ProbeResource } from "../core/probe.js";
import { MOST_SLOTS } from "./heap.js";
import { type LockHold, openBlocks } from "./held.js";
import { asksFor, blocksFor, holdBegins, tookBlocking } from "./lock-order.js";
import { Monitor, MONITOR_CELLS } from "./monitor.js";
import { type Hold, Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { SharedWaits, type Waitable, waitBlocked } from "./waiting.js";

const PERMITS = MONITOR_CELLS;
const FREE = MONITOR_CELLS + 1;
const HELD = MONITOR_CELLS + 2;
const CELLS = HELD + MOST_SLOTS;

const MOST_PERMITS = 2 ** 31 - 1;

/** How a shared semaphore is made. */
export interface SharedSemaphoreOptions extends SharedOptions {
  /** How many there are, from 1 on. */
  readonly permits: number;
}

/** Permits held, until they are released; on the thread that took them. */
export interface SharedSemaphoreToken extends Guard {
  readonly count: number;
}

/** Counters of a semaphore at one moment. */
export interface SharedSemaphoreStatistics {
  readonly permits: number;
  readonly free: number;
  /** Permits that this thread holds. */
  readonly heldHere: number;
  /** Jobs of this thread that wait. */
  readonly waitingHere: number;
}

/**
 * Bounds how much the jobs of all threads do at a time.
 *
 * **Fairness** A newcomer may take permits ahead of those who wait; one who has
 * waited for a millisecond, was woken and did not get its permits gets the next
 * that are free, however many it wants. The jobs of one thread are served in order
 * of arrival.
 *
 * **A holder that dies** Its permits are free again.
 *
 * **Threads** Any; a token is released on the thread that took it.
 *
 * @example
 * ```ts
 * const connections = new Semaphore({ permits: 10 });
 * using token = await connections.acquire();
 * console.log(connections.statistics().free); // 9
 * ```
 *
 * @since 0.1.0
 */
export class Semaphore extends SharedObject {
  readonly #resource: ProbedResource;
  readonly #monitor: Monitor;
  readonly #wanted: Waitable<true, number>;
  readonly #waits: SharedWaits<true, number>;
  readonly #blocks = new Blocks(openBlocks);

  constructor(options: SharedSemaphoreOptions | Place) {
    if (!(options instanceof Place)) {
      requireOptions("a shared semaphore", options);
      requireWhole("a shared semaphore's permits", options.permits, 1, MOST_PERMITS);
    }
    super(Kind.semaphore, CELLS, options);
    this.#resource = new ProbedResource(ProbeResource.semaphore, this.name, -this.offset);
    this.#monitor = new Monitor(this.heap, this.cells, this.offset, this.name);
    const label = `permits of shared semaphore "${this.name}"`;
    const amountOf = (count: number): number => count;
    const resource = this.#resource;
    this.#wanted = this.#monitor.waitable(label, (count) => this.#grant(count), { amountOf, resource });
    this.#waits = new SharedWaits(this.#wanted);
    if (options instanceof Place) return;
    this.cells[PERMITS] = options.permits;
    this.cells[FREE] = options.permits;
    this.made();
  }

  /** How many permits there are. */
  get permits(): number {
    return this.cells[PERMITS] as number;
  }

  /** Takes permits if they are free, else gives `undefined`; never waits for any. */
  tryAcquire(count = 1): SharedSemaphoreToken | undefined {
    this.#requireCount(count);
    return this.#wanted.tryGrant(count) === undefined ? undefined : holdBegins(this.heap, new Token(this, count));
  }

  /**
   * Takes permits, waiting for them.
   *
   * **Cancels** A cancelled caller holds nothing and waits no more.
   *
   * **Throws** `SKEIN_CANCELLED`; `SKEIN_INVALID_ARGUMENT` for more than there are;
   * `SKEIN_DEADLOCK` inside a block whose function has a scope, if what another
   * thread or block holds leaves too few and can't be given back before that block
   * has ended.
   */
  async acquire(count = 1, cancel?: Cancel): Promise<SharedSemaphoreToken> {
    this.#requireCount(count);
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    this.requireAlive();
    if (this.isOrdered) asksFor(this.heap, this, node);
    await this.#waits.wait(count, node);
    return new Token(this, count);
  }

  /**
   * Takes permits, blocking this thread until it has them.
   *
   * **Throws** as `acquire`, `SKEIN_DEADLOCK` after a second; `SKEIN_CANNOT_BLOCK` on
   * the main thread of a page.
   */
  acquireSync(count = 1, cancel?: Cancel): SharedSemaphoreToken {
    this.#requireCount(count);
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    this.requireAlive();
    if (this.isOrdered) blocksFor(this.heap, this);
    waitBlocked(this.#wanted, count, node);
    const token = new Token(this, count);
    return this.isOrdered ? tookBlocking(this.heap, token) : token;
  }

  /**
   * Runs `fn` while holding one permit. A function that declares a parameter is
   * given a scope of its own, and the permit is released when that has ended.
   *
   * **Throws** what `fn` throws; what `acquire` throws.
   */
  async with<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>> {
    requireFunction("with", fn);
    const token = holdBegins(this.heap, (await this.acquire(1, cancel)) as Token);
    return this.#blocks.run(token, `permit of ${this.name}`, fn, cancel, this.#resource);
  }

  /** The taking of permits as a case of `select`. */
  acquiring(count = 1): Selectable<SharedSemaphoreToken> {
    this.#requireCount(count);
    return this.#waits.selectable(
      count,
      () => this.#wanted.tryGrant(count),
      () => new Token(this, count),
    );
  }

  statistics(): SharedSemaphoreStatistics {
    return this.#monitor.inside(() => ({
      permits: this.permits,
      free: this.cells[FREE] as number,
      heldHere: this.cells[HELD + this.heap.slot] as number,
      waitingHere: this.#waits.size,
    }));
  }

  #grant(count: number): true | undefined {
    const { cells } = this;
    const free = cells[FREE] as number;
    if (free < count) return undefined;
    const held = HELD + this.heap.slot;
    cells[held] = (cells[held] as number) + count;
    cells[FREE] = free - count;
    return true;
  }

  /** @internal Called once by each token. */
  taken(): void {
    probe.ring?.acquired(this.#resource, probe.ring.running);
  }

  /** @internal Called once by each token. */
  giveBack(count: number): void {
    probe.ring?.released(this.#resource, probe.ring.running);
    const { cells } = this;
    const held = HELD + this.heap.slot;
    this.#monitor.inside(() => {
      cells[held] = (cells[held] as number) - count;
      cells[FREE] = (cells[FREE] as number) + count;
    });
    this.#monitor.changed();
  }

  /** @internal */
  override get room(): number {
    return this.permits;
  }

  /** @internal */
  override holds(): readonly Hold[] {
    const holds: Hold[] = [];
    for (let slot = 1; slot < MOST_SLOTS; slot++) {
      const amount = load(this.cells, HELD + slot);
      if (amount > 0) holds.push({ slot, amount });
    }
    return holds;
  }

  /** @internal */
  override get insisting(): number {
    return this.#monitor.insisting;
  }

  /** @internal Whether it is a lock: of several permits, one that is held keeps nobody up. */
  get isOrdered(): boolean {
    return this.permits === 1;
  }

  /** @internal */
  override threadEnded(slot: number): boolean {
    const { cells } = this;
    return this.#monitor.threadEnded(slot, () => {
      cells[HELD + slot] = 0;
      let free = this.permits;
      for (let other = 0; other < MOST_SLOTS; other++) free -= cells[HELD + other] as number;
      cells[FREE] = free;
    });
  }

  #requireCount(count: number): void {
    requireWhole("a number of permits", count, 1);
    if (count <= this.permits) return;
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${count} permits of shared semaphore "${this.name}" were asked for, which has ${this.permits}: that would wait for ever`,
    );
  }
}

class Token implements SharedSemaphoreToken, LockHold {
  readonly #semaphore: Semaphore;
  readonly #count: number;
  #isHeld = true;

  constructor(semaphore: Semaphore, count: number) {
    this.#semaphore = semaphore;
    this.#count = count;
    semaphore.taken();
  }

  get count(): number {
    return this.#count;
  }

  get lock(): Semaphore {
    return this.#semaphore;
  }

  get amount(): number {
    return this.#count;
  }

  get isOrdered(): boolean {
    return this.#semaphore.isOrdered;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#semaphore.giveBack(this.#count);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
