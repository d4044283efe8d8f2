/**
 * Mutexes that threads share: a lock word, the memory of a holder that died, and
 * guards.
 *
 * Layout of its own cells
 *   0, 1  the lock word
 *   2     INCONSISTENT: 1 after a holder's thread has ended, until somebody says
 *         that what the mutex protects is in order again. Written only by who holds
 *         the lock, or by who puts in order what the holder left.
 */
import { compareExchange, load, type SharedCells, store } from "#atomics";

import { type Cancel, cancelNodeOf, describeKind } from "../async/cancel.js";
import { Blocks, type Guard, requireFunction } from "../async/guard.js";
import type { Scope } from "../async/scope.js";
import type { Selectable } from "../async/select.js";
import { MisuseError, OwnerDiedError } from "../core/errors.js";
import { probe, ProbedResource, ProbeResource } from "../core/probe.js";
import { type LockHold, openBlocks } from "./held.js";
import { asksFor, blocksFor, holdBegins, tookBlocking } from "./lock-order.js";
import { LOCK_CELLS, LockWord } from "./lock-word.js";
import { type Hold, Kind, Place, SharedObject, type SharedOptions } from "./object.js";
import { WATCHES } from "./order-table.js";
import { sleepOf } from "./sleep.js";
import { SharedWaits, waitBlocked } from "./waiting.js";

const LOCK = 0;
const INCONSISTENT = LOCK_CELLS;
const CELLS = LOCK_CELLS + 1;

const MOST_HOLDS = 2 ** 30 - 1;

/** A mutex held, until it is released; released on the thread that took it. */
export interface SharedMutexGuard extends Guard {
  readonly mutex: Mutex;
}

/** Counters of a mutex at one moment. */
export interface SharedMutexStatistics {
  readonly isLocked: boolean;
  /** Index of the thread that holds it. */
  readonly owner: number | undefined;
  /** Jobs of this thread that wait for it. */
  readonly waitingHere: number;
  readonly isConsistent: boolean;
}

/**
 * Lets one job of all threads at a time do something that takes several steps.
 *
 * Use it around shared memory that is changed in more than one step. For jobs of
 * one thread alone `mutex()` of `skein/async` is lighter.
 *
 * **Fairness** A newcomer may take it ahead of those who wait; one who has waited
 * for a millisecond, was woken and found it taken gets it at the next release. The
 * jobs of one thread get it in order of arrival.
 *
 * **A holder that dies** If a thread ends while it holds the mutex, the mutex is
 * free, but taking it fails with `SKEIN_OWNER_DIED`: what it protects may be half
 * changed. Take it by `recover`, put things in order, call `markConsistent`.
 *
 * **Threads** Any; a guard is released on the thread that took it.
 *
 * **Cost** Taking and releasing it with nobody waiting: bench `shared-mutex`.
 *
 * @example
 * ```ts
 * const lock = new Mutex();
 * using guard = lock.lockSync();
 * console.log(lock.statistics().isLocked); // true
 * ```
 *
 * @since 0.1.0
 */
export class Mutex extends SharedObject {
  readonly #lock: LockWord;
  // What taking and releasing look at when nobody waits, at hand: each step from
  // object to object, behind an atomic operation, costs as much as a check (bench
  // `shared-mutex`).
  readonly #own: SharedCells;
  readonly #resource: ProbedResource;
  readonly #held: number;
  readonly #heapCells: SharedCells;
  readonly #waits: SharedWaits<true, void>;
  readonly #blocks = new Blocks(openBlocks);
  /** Number of the hold that this thread has, 0 if it has none. */
  #hold = 0;
  #lastHold = 0;

  constructor(options: SharedOptions | Place = {}) {
    super(Kind.mutex, CELLS, options);
    const label = `lock of shared mutex "${this.name}"`;
    this.#resource = new ProbedResource(ProbeResource.mutex, this.name, -this.offset);
    this.#lock = new LockWord(this.heap, this.cells, LOCK, this.offset, label, 1, this.#resource);
    this.#waits = new SharedWaits(this.#lock);
    this.#own = this.cells;
    this.#held = this.#lock.held;
    this.#heapCells = this.heap.cells; // begin with the heap's header, which stays where it is when the heap grows
    if (!(options instanceof Place)) this.made();
  }

  /**
   * Takes the mutex if it is free, else gives `undefined`.
   *
   * **Throws** `SKEIN_OWNER_DIED`.
   */
  tryLock(): SharedMutexGuard | undefined {
    return this.#lock.tryTake() ? holdBegins(this.heap, this.#taken()) : undefined;
  }

  /**
   * Takes the mutex, waiting for it.
   *
   * **Cancels** A cancelled caller holds nothing and waits no more.
   *
   * **Throws** `SKEIN_CANCELLED`; `SKEIN_OWNER_DIED`; inside a block whose function
   * has a scope `SKEIN_ALREADY_HELD` if that is of this mutex, and `SKEIN_DEADLOCK`
   * if the mutex can't be released before that block has ended.
   */
  async lock(cancel?: Cancel): Promise<SharedMutexGuard> {
    await this.#wait(cancel);
    return this.#taken();
  }

  /**
   * Takes the mutex, blocking this thread until it has it or `cancel` is cancelled.
   *
   * **Throws** as `lock`; `SKEIN_ALREADY_HELD` if this thread holds it, as then
   * nobody could release it; `SKEIN_DEADLOCK` after a second if the holder waits for
   * what this thread holds and none in the circle has a deadline;
   * `SKEIN_CANNOT_BLOCK` on the main thread of a page.
   */
  lockSync(cancel?: Cancel): SharedMutexGuard {
    // `tryTake`, spelled out; the rest is apart so that the compiler can inline this.
    if (cancel !== undefined || compareExchange(this.#own, LOCK, 0, this.#held) !== 0) this.#block(cancel);
    const guard = this.#taken();
    return this.#heapCells[WATCHES] === 0 ? guard : tookBlocking(this.heap, guard);
  }

  /**
   * Runs `fn` while holding the mutex. A function that declares a parameter is
   * given a scope of its own, and the mutex is released when that has ended.
   *
   * **Throws** what `fn` throws; what `lock` throws.
   */
  async withLock<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>> {
    requireFunction("withLock", fn);
    await this.#wait(cancel);
    const guard = holdBegins(this.heap, this.#taken());
    return this.#blocks.run(guard, `lock of ${this.name}`, fn, cancel, this.#resource);
  }

  /**
   * Runs `fn`, which must not be async, while holding the mutex, blocking this
   * thread until it has it.
   *
   * **Throws** what `fn` throws; what `lockSync` throws.
   */
  withLockSync<Result>(fn: () => Result, cancel?: Cancel): Result {
    requireFunction("withLockSync", fn);
    const guard = this.lockSync(cancel);
    try {
      const result = fn();
      if (result instanceof Promise) {
        throw new MisuseError(
          "SKEIN_INVALID_ARGUMENT",
          `withLockSync expected a function that ends when it returns, but it returned ${describeKind(result)}: use withLock`,
        );
      }
      return result;
    } finally {
      guard.release();
    }
  }

  /** The locking as a case of `select`; throws as `lock`. */
  locking(): Selectable<SharedMutexGuard> {
    return this.#waits.selectable(
      undefined,
      () => this.#lock.tryGrant(),
      () => this.#taken(),
    );
  }

  /**
   * Releases the mutex, as its guard's `release` does.
   *
   * **Throws** `SKEIN_NOT_HELD` if this thread does not hold it.
   */
  unlock(): void {
    if (this.#hold !== 0) {
      this.letGo();
      return;
    }
    const { owner } = this.statistics();
    const held = owner === undefined ? "nobody holds it" : `thread ${owner} holds it`;
    throw new MisuseError("SKEIN_NOT_HELD", `mutex "${this.name}" can't be unlocked here: ${held}, not this thread`);
  }

  /** Whether what the mutex protects is in order: no thread has died holding it, or that has been put right. */
  get isConsistent(): boolean {
    return load(this.cells, INCONSISTENT) === 0;
  }

  /**
   * Takes the mutex whether or not a holder has died, to put things in order.
   *
   * **Cancels**, **throws** as `lock`.
   */
  async recover(cancel?: Cancel): Promise<SharedMutexGuard> {
    await this.#wait(cancel);
    return this.#begin();
  }

  /** As `recover`, blocking this thread. */
  recoverSync(cancel?: Cancel): SharedMutexGuard {
    this.#block(cancel);
    return tookBlocking(this.heap, this.#begin());
  }

  /**
   * Says that what the mutex protects is in order again.
   *
   * **Throws** `SKEIN_NOT_HELD` if this thread does not hold the mutex.
   */
  markConsistent(): void {
    if (!this.#lock.isOwn) {
      throw new MisuseError(
        "SKEIN_NOT_HELD",
        `mutex "${this.name}" can't be marked consistent by a thread that does not hold it: take it by recover() first`,
      );
    }
    store(this.cells, INCONSISTENT, 0);
  }

  statistics(): SharedMutexStatistics {
    const { owner } = this.#lock;
    return {
      isLocked: owner !== 0,
      owner: owner === 0 ? undefined : this.heap.threadIndexOf(owner),
      waitingHere: this.#waits.size,
      isConsistent: this.isConsistent,
    };
  }

  /** @internal */
  override threadEnded(slot: number): boolean {
    if (this.#lock.forget(slot)) {
      store(this.cells, INCONSISTENT, 1);
      this.#lock.releaseFor(slot);
    }
    return true;
  }

  /** @internal */
  override get room(): number {
    return 1;
  }

  /** @internal */
  override holds(): readonly Hold[] {
    const slot = this.#lock.owner;
    // A sleeper to which it was granted has yet to wake up and take it; any other
    // thread that sleeps for it does not hold it, as the verbs see to.
    if (slot === 0 || sleepOf(this.heap, slot)?.wanted === this.offset) return [];
    return [{ slot, amount: 1 }];
  }

  async #wait(cancel: Cancel | undefined): Promise<void> {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    asksFor(this.heap, this, node);
    if (this.#waits.size === 0 && this.#lock.tryTake()) return;
    this.requireAlive();
    const block = this.#blocks.around(node)[0];
    if (block !== undefined) {
      throw new MisuseError(
        "SKEIN_ALREADY_HELD",
        `shared mutex "${this.name}" is locked inside ${block.node.kindName}, which holds it until all inside it has ended: ` +
          "that would wait for ever. Lock once, outside, and call code that expects the mutex to be held",
      );
    }
    await this.#waits.wait(undefined, node);
  }

  #block(cancel: Cancel | undefined): void {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    if (this.#lock.tryTake()) return;
    this.requireAlive();
    if (this.#lock.isOwn) {
      throw new MisuseError(
        "SKEIN_ALREADY_HELD",
        `this thread holds shared mutex "${this.name}" already and would block itself for ever: ` +
          "lock once, outside, and call code that expects the mutex to be held",
      );
    }
    blocksFor(this.heap, this);
    waitBlocked(this.#lock, undefined, node);
  }

  #taken(): LockGuard {
    if (this.#own[INCONSISTENT] !== 0) this.#refuse();
    return this.#begin();
  }

  /** The lock is held, but a holder has died. */
  #refuse(): never {
    this.#lock.release();
    throw new OwnerDiedError(
      `a thread ended while it held shared mutex "${this.name}", so what that protects may be half changed: ` +
        "take the mutex by recover(), put things in order and call markConsistent()",
    );
  }

  /** The lock has been taken. */
  #begin(): LockGuard {
    // Comes round after 2^30 holds; no guard is kept for so long.
    const hold = this.#lastHold === MOST_HOLDS ? 1 : this.#lastHold + 1;
    this.#lastHold = hold;
    this.#hold = hold;
    probe.ring?.acquired(this.#resource, probe.ring.running);
    return new LockGuard(this, hold);
  }

  /** @internal Takes the mutex again for a guard that a condition released; not to be cancelled. */
  async relock(guard: SharedMutexGuard): Promise<void> {
    await this.#wait(undefined);
    this.#takenAgain(guard as LockGuard);
  }

  /** @internal As `relock`, blocking this thread. */
  relockSync(guard: SharedMutexGuard): void {
    this.#block(undefined);
    this.#takenAgain(guard as LockGuard);
    tookBlocking(this.heap, guard as LockGuard);
  }

  #takenAgain(guard: LockGuard): void {
    if (this.#own[INCONSISTENT] !== 0) this.#refuse();
    this.#begin();
    guard.holdAgain(this.#hold);
  }

  /** @internal Number of the hold that this thread has, 0 if it has none. */
  get hold(): number {
    return this.#hold;
  }

  /** @internal Called by the guard that holds it. */
  letGo(): void {
    this.#hold = 0;
    probe.ring?.released(this.#resource, probe.ring.running);
    if (compareExchange(this.#own, LOCK, this.#held, 0) !== this.#held) this.#lock.release();
  }
}

/**
 * Holds the mutex if the mutex's hold is its own: a number, so that the mutex keeps
 * no reference to it.
 */
class LockGuard implements SharedMutexGuard, LockHold {
  readonly #mutex: Mutex;
  #hold: number;

  constructor(mutex: Mutex, hold: number) {
    this.#mutex = mutex;
    this.#hold = hold;
  }

  get mutex(): Mutex {
    return this.#mutex;
  }

  get lock(): Mutex {
    return this.#mutex;
  }

  get amount(): number {
    return 1;
  }

  get isOrdered(): boolean {
    return true;
  }

  get isHeld(): boolean {
    return this.#mutex.hold === this.#hold;
  }

  /** A condition has taken the mutex for it again. */
  holdAgain(hold: number): void {
    this.#hold = hold;
  }

  release(): void {
    if (this.#mutex.hold === this.#hold) this.#mutex.letGo();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
