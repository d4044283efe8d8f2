/**
 * Mutexes: one holder at a time.
 *
 * Invariants
 * - Somebody waits only while somebody holds: a release hands the mutex to the
 *   oldest wait in the same turn, so there is no moment in which a newcomer could
 *   take it instead (law 31).
 * - At most one guard has `isHeld`, and that is `#holder`. Releasing is a matter
 *   of the guard alone, so nobody frees what another holds (law 33).
 */
import { MisuseError } from "../core/errors.js";
import { probe, ProbedResource, ProbeResource } from "../core/probe.js";
import { type Cancel, cancelNodeOf, type CancelNode } from "./cancel.js";
import { Blocks, type Guard, HeldGuard, requireFunction, requireOptions } from "./guard.js";
import type { Scope } from "./scope.js";
import { SELECTABLE, type Selectable } from "./select.js";
import { WaitQueue } from "./wait-queue.js";

/** Counters of a mutex at one moment. */
export interface MutexStatistics {
  readonly isLocked: boolean;
  /** Callers that wait for it. */
  readonly waiting: number;
}

/** How a mutex is made. */
export interface MutexOptions {
  /** How dumps, recordings and errors name the mutex. */
  readonly name?: string;
}

/** A mutex held, until it is released. */
export interface MutexGuard extends Guard {
  /** The mutex that it is of. */
  readonly mutex: Mutex;
}

/**
 * Lets one job of a thread at a time do something that takes several steps.
 *
 * Use it around code that awaits between reading a state and writing it. Code
 * that awaits nothing needs none: nothing else of the thread runs meanwhile.
 *
 * **Fairness** First come, first served; nobody, `tryLock` included, passes a
 * caller that waits. One who releases and locks again at once goes behind them.
 *
 * **Nested use** Locking it again inside a block of `withLock`, under the block's
 * scope, fails with `SKEIN_ALREADY_HELD`. A guard that `lock` gave is another
 * matter: any code may release it, so a second `lock` waits for that, under the
 * same scope too.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Mutex {
  readonly name: string;
  readonly isLocked: boolean;

  /** Takes the mutex if it is free, else gives `undefined`. Never waits and never throws. */
  tryLock(): MutexGuard | undefined;

  /**
   * Takes the mutex, waiting for it.
   *
   * **Cancels** A cancelled caller holds nothing and has left the queue.
   *
   * **Throws** `SKEIN_CANCELLED`; `SKEIN_ALREADY_HELD`, see nested use.
   */
  lock(cancel?: Cancel): Promise<MutexGuard>;

  /**
   * Runs `fn` while holding the mutex. A function that declares a parameter is
   * given a scope of its own, and the mutex is released when that has ended; the
   * guard that comes with it is for a condition.
   *
   * **Cancels** While it waits: `fn` never runs. Then: `fn`'s scope.
   *
   * **Throws** what `fn` throws; what `lock` throws.
   */
  withLock<Result>(fn: (scope: Scope, guard: MutexGuard) => Result, cancel?: Cancel): Promise<Awaited<Result>>;

  /** The taking of the mutex as a case of `select`. */
  locking(): Selectable<MutexGuard>;

  statistics(): MutexStatistics;
}

/**
 * Makes a mutex.
 *
 * **Cost** Handing it over takes two promise jobs.
 *
 * @example
 * ```ts
 * const balance = { euros: 10 };
 * const lock = mutex();
 * await scope(async (s) => {
 *   for (const euros of [6, 6]) {
 *     const pay = async () => {
 *       if (balance.euros < euros) return;
 *       await sleep(1, s);
 *       balance.euros -= euros;
 *     };
 *     s.spawn(() => lock.withLock(pay, s));
 *   }
 * });
 * console.log(balance.euros); // 4
 * ```
 *
 * @since 0.1.0
 */
export function mutex(options: MutexOptions = {}): Mutex {
  requireOptions("mutex", options);
  return new FifoMutex(options.name ?? "mutex");
}

export class FifoMutex implements Mutex {
  readonly name: string;
  #holder: FifoMutexGuard | undefined = undefined;
  /** Each with the guard that will hold the mutex. */
  readonly #resource: ProbedResource;
  readonly #waiting: WaitQueue<MutexGuard, FifoMutexGuard>;
  readonly #blocks = new Blocks();

  constructor(name: string) {
    this.name = name;
    this.#resource = new ProbedResource(ProbeResource.mutex, name);
    this.#waiting = new WaitQueue(`lock of mutex "${name}"`, undefined, this.#resource);
  }

  get isLocked(): boolean {
    return this.#holder !== undefined;
  }

  tryLock(): MutexGuard | undefined {
    return this.isLocked ? undefined : this.#take(new FifoMutexGuard(this), probe.ring?.running ?? 0);
  }

  async lock(cancel?: Cancel): Promise<MutexGuard> {
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    const guard = this.tryLock();
    if (guard !== undefined) return guard;
    this.#requireNotAround(node);
    return this.#waiting.wait(node, new FifoMutexGuard(this));
  }

  async withLock<Result>(fn: (scope: Scope, guard: MutexGuard) => Result, cancel?: Cancel): Promise<Awaited<Result>> {
    requireFunction("withLock", fn);
    const guard = await this.lock(cancel);
    const inner = fn.length === 0 ? (fn as () => Result) : (scope: Scope) => fn(scope, guard);
    return this.#blocks.run(guard, `lock of ${this.name}`, inner, cancel, this.#resource);
  }

  locking(): Selectable<MutexGuard> {
    return {
      [SELECTABLE]: {
        attempt: () => {
          const value = this.tryLock();
          return value === undefined ? undefined : { value };
        },
        park: (won, failed) => this.#waiting.park(new FifoMutexGuard(this), won, failed),
      },
    };
  }

  statistics(): MutexStatistics {
    return { isLocked: this.isLocked, waiting: this.#waiting.size };
  }

  /** Takes the mutex again for a guard that a condition released; not to be cancelled. */
  async relock(guard: FifoMutexGuard): Promise<void> {
    if (this.isLocked) await this.#waiting.wait(undefined, guard);
    else this.#take(guard, probe.ring?.running ?? 0);
  }

  /** Called by the holder, whose guard holds nothing any more. */
  handOver(): void {
    probe.ring?.released(this.#resource, this.#holder?.subject ?? 0);
    this.#holder = undefined;
    const next = this.#waiting.claim();
    if (next !== undefined) next.resolve(this.#take(next.payload, next.subject));
  }

  #take(guard: FifoMutexGuard, subject: number): FifoMutexGuard {
    this.#holder = guard;
    guard.isHeld = true;
    guard.subject = subject;
    probe.ring?.acquired(this.#resource, subject);
    return guard;
  }

  #requireNotAround(node: CancelNode | undefined): void {
    const block = this.#blocks.around(node)[0];
    if (block === undefined) return;
    throw new MisuseError(
      "SKEIN_ALREADY_HELD",
      `${(node as CancelNode).kindName} locks mutex "${this.name}" inside ${block.node.kindName}, which holds it until all inside it has ended: ` +
        "that would wait for ever. Lock once, outside, and call code that expects the mutex to be held",
    );
  }
}

export class FifoMutexGuard extends HeldGuard implements MutexGuard {
  readonly mutex: FifoMutex;
  override isHeld = false;
  /** The job or scope that holds it, as a recording knows it. */
  subject = 0;

  constructor(of: FifoMutex) {
    super();
    this.mutex = of;
  }

  protected override giveBack(): void {
    this.mutex.handOver();
  }
}
