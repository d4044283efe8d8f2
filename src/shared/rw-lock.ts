/**
 * Reader-writer locks that threads share.
 *
 * Layout of its own cells, behind the monitor's
 *   WRITER        slot of the thread that writes, or 0
 *   INCONSISTENT  1 after a writer's thread has ended, until somebody says that what
 *                 the lock protects is in order again
 *   READERS       for each slot, how many jobs of its thread read
 *   ALL_READERS   the sum of these, outside the monitor
 *
 * Invariant: while WRITER is not 0, ALL_READERS is 0. READERS is what counts: the
 * sum is computed anew when a thread was stopped inside.
 */
import { load } from "#atomics";

import { type Cancel, cancelNodeOf } from "../async/cancel.js";
import { Blocks, type Guard, requireFunction } from "../async/guard.js";
import type { Scope } from "../async/scope.js";
import type { Selectable } from "../async/select.js";
import { MisuseError, OwnerDiedError } from "../core/errors.js";
import { probe, ProbedResource, ProbeResource } from "../core/probe.js";
import { MOST_SLOTS } from "./heap.js";
import { type LockHold, openBlocks } from "./held.js";
import { asksFor, blocksFor, holdBegins, tookBlocking } from "./lock-order.js";
import { Monitor, MONITOR_CELLS } from "./monitor.js";
import { type Hold, Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { SharedWaits, type Waitable, waitBlocked } from "./waiting.js";

const WRITER = MONITOR_CELLS;
const INCONSISTENT = MONITOR_CELLS + 1;
const ALL_READERS = MONITOR_CELLS + 2;
const READERS = MONITOR_CELLS + 3;
const CELLS = READERS + MOST_SLOTS;

type Wish = "read" | "write";

/** How much of the lock's room each takes: readers fit beside each other, and nobody beside a writer. */
const AMOUNTS = { read: 1, write: 2 } as const;
const ROOM = 2;

/** Counters of a lock at one moment. */
export interface SharedRwLockStatistics {
  readonly readers: number;
  readonly isWriting: boolean;
  /** Jobs of this thread that wait. */
  readonly waitingHere: number;
  readonly isConsistent: boolean;
}

/**
 * Lets many jobs of all threads read at a time, or one write.
 *
 * Use it where reading takes long and is much more frequent than writing; else a
 * `Mutex` costs less.
 *
 * **Fairness** A newcomer may read or write ahead of those who wait; one who has
 * waited for a millisecond, was woken and did not get the lock keeps all newcomers
 * out until it has it. So neither readers nor writers starve.
 *
 * **A holder that dies** A reader's share is given back. After a writer's death
 * taking the lock fails with `SKEIN_OWNER_DIED`: take it by `recover`, put things in
 * order, call `markConsistent`.
 *
 * **Threads** Any; a guard is released on the thread that took it.
 *
 * @example
 * ```ts
 * const lock = new RwLock();
 * using reading = await lock.read();
 * console.log(lock.tryRead() !== undefined, lock.tryWrite() !== undefined); // true false
 * ```
 *
 * @since 0.1.0
 */
export class RwLock extends SharedObject {
  readonly #resource: ProbedResource;
  readonly #monitor: Monitor;
  readonly #wanted: Waitable<true, Wish>;
  readonly #waits: SharedWaits<true, Wish>;
  readonly #blocks = new Blocks(openBlocks);

  constructor(options: SharedOptions | Place = {}) {
    super(Kind.rwLock, CELLS, options);
    this.#resource = new ProbedResource(ProbeResource.rwLock, this.name, -this.offset);
    this.#monitor = new Monitor(this.heap, this.cells, this.offset, this.name);
    const label = `shared reader-writer lock "${this.name}"`;
    const amountOf = (wish: Wish): number => AMOUNTS[wish];
    this.#wanted = this.#monitor.waitable(label, (wish) => this.#grant(wish), { amountOf, resource: this.#resource });
    this.#waits = new SharedWaits(this.#wanted);
    if (!(options instanceof Place)) this.made();
  }

  /**
   * Begins to read if nobody writes, else gives `undefined`.
   *
   * **Throws** `SKEIN_OWNER_DIED`.
   */
  tryRead(): Guard | undefined {
    return this.#wanted.tryGrant("read") === undefined ? undefined : holdBegins(this.heap, this.#granted("read"));
  }

  /** Begins to write if nobody reads or writes; else, and for errors, as `tryRead`. */
  tryWrite(): Guard | undefined {
    return this.#wanted.tryGrant("write") === undefined ? undefined : holdBegins(this.heap, this.#granted("write"));
  }

  /**
   * Begins to read, waiting until nobody writes.
   *
   * **Cancels** A cancelled caller holds nothing and waits no more.
   *
   * **Throws** `SKEIN_CANCELLED`; `SKEIN_OWNER_DIED`; `SKEIN_DEADLOCK` as a mutex.
   */
  async read(cancel?: Cancel): Promise<Guard> {
    await this.#wait("read", cancel);
    return this.#granted("read");
  }

  /** Begins to write, waiting until nobody reads or writes; otherwise as `read`. */
  async write(cancel?: Cancel): Promise<Guard> {
    await this.#wait("write", cancel);
    return this.#granted("write");
  }

  /** As `read`, blocking this thread; throws as `lockSync` of a mutex. */
  readSync(cancel?: Cancel): Guard {
    this.#block("read", cancel);
    return tookBlocking(this.heap, this.#granted("read"));
  }

  /** As `write`, blocking this thread; throws `SKEIN_ALREADY_HELD` if this thread reads or writes, as it would block itself. */
  writeSync(cancel?: Cancel): Guard {
    this.#block("write", cancel);
    return tookBlocking(this.heap, this.#granted("write"));
  }

  /** To begin to read as a case of `select`; throws as `read`. */
  reading(): Selectable<Guard> {
    return this.#selectable("read");
  }

  /** To begin to write as a case of `select`; throws as `write`. */
  writing(): Selectable<Guard> {
    return this.#selectable("write");
  }

  /** Runs `fn` while reading; as `withLock` of a mutex. */
  async withRead<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>> {
    requireFunction("withRead", fn);
    await this.#wait("read", cancel);
    const guard = holdBegins(this.heap, this.#granted("read"));
    return this.#blocks.run(guard, `reading under ${this.name}`, fn, cancel, this.#resource);
  }

  /** Runs `fn` while writing; as `withLock` of a mutex. */
  async withWrite<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>> {
    requireFunction("withWrite", fn);
    await this.#wait("write", cancel);
    const guard = holdBegins(this.heap, this.#granted("write"));
    return this.#blocks.run(guard, `writing under ${this.name}`, fn, cancel, this.#resource);
  }

  /** Begins to write whether or not a writer has died, to put things in order. */
  async recover(cancel?: Cancel): Promise<Guard> {
    await this.#wait("write", cancel);
    return new RwGuard(this, "write");
  }

  /**
   * Says that what the lock protects is in order again.
   *
   * **Throws** `SKEIN_NOT_HELD` if this thread does not write.
   */
  markConsistent(): void {
    const isOwn = this.#monitor.inside(() => {
      if (this.cells[WRITER] !== this.heap.slot) return false;
      this.cells[INCONSISTENT] = 0;
      return true;
    });
    if (isOwn) return;
    throw new MisuseError(
      "SKEIN_NOT_HELD",
      `lock "${this.name}" can't be marked consistent by a thread that does not write: take it by recover() first`,
    );
  }

  statistics(): SharedRwLockStatistics {
    return this.#monitor.inside(() => ({
      readers: this.cells[ALL_READERS] as number,
      isWriting: this.cells[WRITER] !== 0,
      waitingHere: this.#waits.size,
      isConsistent: this.cells[INCONSISTENT] === 0,
    }));
  }

  async #wait(wish: Wish, cancel: Cancel | undefined): Promise<void> {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    this.requireAlive();
    asksFor(this.heap, this, node);
    await this.#waits.wait(wish, node);
  }

  #block(wish: Wish, cancel: Cancel | undefined): void {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    this.requireAlive();
    const isOwn = this.#monitor.inside(
      () =>
        this.cells[WRITER] === this.heap.slot ||
        (wish === "write" && (this.cells[READERS + this.heap.slot] as number) > 0),
    );
    if (isOwn) {
      throw new MisuseError(
        "SKEIN_ALREADY_HELD",
        `this thread holds shared lock "${this.name}" already and would block itself for ever: release it first, or use the verb without "Sync"`,
      );
    }
    blocksFor(this.heap, this);
    waitBlocked(this.#wanted, wish, node);
  }

  #selectable(wish: Wish): Selectable<Guard> {
    return this.#waits.selectable(
      wish,
      () => this.#wanted.tryGrant(wish),
      () => this.#granted(wish),
    );
  }

  #grant(wish: Wish): true | undefined {
    const { cells } = this;
    if (cells[WRITER] !== 0) return undefined;
    if (wish === "write") {
      if (cells[ALL_READERS] !== 0) return undefined;
      cells[WRITER] = this.heap.slot;
    } else {
      const own = READERS + this.heap.slot;
      cells[own] = (cells[own] as number) + 1;
      cells[ALL_READERS] = (cells[ALL_READERS] as number) + 1;
    }
    return true;
  }

  #granted(wish: Wish): RwGuard {
    const guard = new RwGuard(this, wish);
    // Whoever sets it waits for all who hold the lock, so it does not change now.
    if (this.cells[INCONSISTENT] === 0) return guard;
    guard.release();
    throw new OwnerDiedError(
      `a thread ended while it wrote under shared lock "${this.name}", so what that protects may be half changed: ` +
        "take the lock by recover(), put things in order and call markConsistent()",
    );
  }

  /** @internal Called once by each guard. */
  taken(): void {
    probe.ring?.acquired(this.#resource, probe.ring.running);
  }

  /** @internal Called once by each guard. */
  giveBack(wish: Wish): void {
    probe.ring?.released(this.#resource, probe.ring.running);
    const { cells } = this;
    this.#monitor.inside(() => {
      if (wish === "write") {
        cells[WRITER] = 0;
      } else {
        const own = READERS + this.heap.slot;
        cells[own] = (cells[own] as number) - 1;
        cells[ALL_READERS] = (cells[ALL_READERS] as number) - 1;
      }
    });
    this.#monitor.changed();
  }

  /** @internal */
  override get room(): number {
    return ROOM;
  }

  /** @internal */
  override holds(): readonly Hold[] {
    const { cells } = this;
    const holds: Hold[] = [];
    const writer = load(cells, WRITER);
    if (writer !== 0) holds.push({ slot: writer, amount: AMOUNTS.write });
    for (let slot = 1; slot < MOST_SLOTS; slot++) {
      if (load(cells, READERS + slot) > 0) holds.push({ slot, amount: AMOUNTS.read });
    }
    return holds;
  }

  /** @internal */
  override get insisting(): number {
    return this.#monitor.insisting;
  }

  /** @internal */
  override threadEnded(slot: number): boolean {
    const { cells } = this;
    return this.#monitor.threadEnded(slot, () => {
      if (cells[WRITER] === slot) {
        cells[INCONSISTENT] = 1;
        cells[WRITER] = 0;
      }
      cells[READERS + slot] = 0;
      let readers = 0;
      for (let other = 0; other < MOST_SLOTS; other++) readers += cells[READERS + other] as number;
      cells[ALL_READERS] = readers;
    });
  }
}

class RwGuard implements LockHold {
  readonly #lock: RwLock;
  readonly #wish: Wish;
  #isHeld = true;

  constructor(lock: RwLock, wish: Wish) {
    this.#lock = lock;
    this.#wish = wish;
    lock.taken();
  }

  get lock(): RwLock {
    return this.#lock;
  }

  get amount(): number {
    return AMOUNTS[this.#wish];
  }

  get isOrdered(): boolean {
    return true;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#lock.giveBack(this.#wish);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
