/**
 * Semaphores: permits of which only so many are held at a time.
 *
 * Invariants
 * - Permits free and permits held by tokens add up to `permits`.
 * - The oldest waiting request needs more than is free. Every change of either
 *   (release, and the oldest leaving unclaimed) restores this in the same turn, so
 *   nobody waits for what is there, and whoever finds the queue not empty can't
 *   have passed it (laws 31 and 32).
 * - A permit granted to a waiting request is not free any more, although the
 *   request's code has not run on yet (law 11).
 */
import { deadlockError } from "../core/deadlock.js";
import { type DeadlockError, MisuseError } from "../core/errors.js";
import { probe, ProbedResource, ProbeResource } from "../core/probe.js";
import { type Cancel, cancelNodeOf, type CancelNode, describeKind } from "./cancel.js";
import { type Block, Blocks, type Guard, HeldGuard, requireFunction, requireOptions, requireWhole } from "./guard.js";
import { isDeadlock, type PermitRequest, permitRequest } from "./permit-deadlock.js";
import { PermitIterator } from "./permit-iterator.js";
import type { Scope } from "./scope.js";
import { SELECTABLE, type Selectable } from "./select.js";
import { type Waiter, WaitQueue } from "./wait-queue.js";

/** Counters of a semaphore at one moment. */
export interface SemaphoreStatistics {
  readonly permits: number;
  /** Permits that no token holds. A waiting request that needs more of them keeps them from others. */
  readonly free: number;
  /** Permits that tokens hold. */
  readonly held: number;
  /** Requests that wait. */
  readonly waiting: number;
}

/** How a semaphore is made, where a number of permits alone does not say it. */
export interface SemaphoreOptions {
  /** Permits that may be held at a time: a whole number from 1 on, or Infinity. */
  readonly permits: number;
  /** How dumps, recordings and errors name the semaphore. */
  readonly name?: string;
}

/** Permits taken from a semaphore, until they are released. */
export interface SemaphoreToken extends Guard {
  /** How many permits it holds, or held. */
  readonly count: number;
}

/**
 * Lets at most so many jobs of one thread do something at a time.
 *
 * Use it to bound how much runs at once: requests to a server, open files, memory
 * in megabytes (a request may take several permits). For one at a time use a
 * mutex; to pass values, a channel.
 *
 * **Fairness** First come, first served, whatever the counts: a large request is
 * not starved by small ones, which wait behind it; nobody, `tryAcquire` included,
 * passes a request that waits. A released permit belongs at once to the request
 * that waits longest.
 *
 * **Nested use** A request made inside a block of `with`, under the block's scope,
 * can't have the block's own permit. If it, and others like it, can therefore
 * never be granted, the last of them fails with `SKEIN_DEADLOCK` instead of
 * waiting for ever. Only what is certain is reported: permits held by tokens that
 * `acquire` gave may be released by any code, and requests that a signal or a
 * deadline inside the block may end are taken to end.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Semaphore {
  readonly name: string;
  /** Permits that may be held at a time. */
  readonly permits: number;

  /**
   * Takes permits if they are free and nobody waits; else gives `undefined`. Never
   * waits.
   *
   * **Throws** `SKEIN_INVALID_ARGUMENT` for a count that is no whole number from 1
   * on; nothing else.
   */
  tryAcquire(count?: number): SemaphoreToken | undefined;

  /**
   * Takes permits, waiting for them.
   *
   * **Cancels** A cancelled request holds nothing, and lets those behind it go on.
   *
   * **Throws** `SKEIN_CANCELLED`; `SKEIN_DEADLOCK`, see nested use;
   * `SKEIN_INVALID_ARGUMENT` for a count that is no whole number, or above
   * `permits`.
   */
  acquire(count?: number, cancel?: Cancel): Promise<SemaphoreToken>;

  /**
   * Runs `fn` while holding one permit. A function that declares a parameter is
   * given a scope of its own, and the permit is released when that has ended.
   *
   * **Cancels** While it waits: `fn` never runs. Then: `fn`'s scope.
   *
   * **Throws** what `fn` throws; what `acquire` throws.
   */
  with<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>>;

  /** Gives a function that does what `fn` does, each call holding one permit. */
  wrap<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
    cancel?: Cancel,
  ): (...args: Args) => Promise<Awaited<Result>>;

  /**
   * Gives the values of `source`, each `next` holding one permit until its value
   * is there. Calls of `next` may overlap. Values that are promises are awaited.
   */
  wrapIterator<T>(source: AsyncIterable<T> | Iterable<T | PromiseLike<T>>, cancel?: Cancel): AsyncIterableIterator<T>;

  /** The taking of `count` permits as a case of `select`. It is never reported as a deadlock. */
  acquiring(count?: number): Selectable<SemaphoreToken>;

  statistics(): SemaphoreStatistics;
}

/**
 * Makes a semaphore.
 *
 * **Cost** A permit handed to a waiting request takes two promise jobs.
 *
 * @param options - the number of permits, or that and a name
 *
 * @example
 * ```ts
 * const atMostTwo = semaphore(2);
 * await scope(async (s) => {
 *   for (const name of ["a", "b", "c"]) s.spawn(() => atMostTwo.with(() => load(name, s.signal), s));
 * });
 * using token = await atMostTwo.acquire(2);
 * console.log(token.count, atMostTwo.statistics().free);
 * ```
 *
 * @since 0.1.0
 */
export function semaphore(options: number | SemaphoreOptions): Semaphore {
  const given = typeof options === "number" ? { permits: options } : options;
  requireOptions("semaphore", given);
  const { permits, name = "semaphore" } = given;
  if (permits !== Infinity) requireWhole("a semaphore's permits", permits, 1);
  return new FifoSemaphore(permits, name);
}

class FifoSemaphore implements Semaphore {
  readonly name: string;
  readonly permits: number;
  #held = 0;
  readonly #waiting: WaitQueue<SemaphoreToken, PermitRequest>;
  readonly #blocks = new Blocks();
  readonly #resource: ProbedResource;
  /** No waiting request is larger. */
  #largestCount = 0;

  constructor(permits: number, name: string) {
    this.permits = permits;
    this.name = name;
    this.#resource = new ProbedResource(ProbeResource.semaphore, name);
    const onLeave = (waiter: Waiter<SemaphoreToken, PermitRequest>): void => {
      this.#blocks.waitEnds(waiter.payload.around);
      this.#handOver();
    };
    this.#waiting = new WaitQueue(`acquire of semaphore "${name}"`, onLeave, this.#resource);
  }

  tryAcquire(count = 1): SemaphoreToken | undefined {
    requireWhole("a count of permits", count, 1);
    if (this.#waiting.size > 0 || count > this.permits - this.#held) return undefined;
    return this.#take(count, probe.ring?.running ?? 0);
  }

  async acquire(count = 1, cancel?: Cancel): Promise<SemaphoreToken> {
    if (typeof count === "object") {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `acquire expected a count of permits first, but ${describeKind(count)} came; for one permit write acquire(1, s)`,
      );
    }
    this.#requireObtainable(count);
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    const token = this.tryAcquire(count);
    if (token !== undefined) return token;
    return this.#waiting.wait(node, this.#request(count, node));
  }

  async with<Result>(fn: (scope: Scope) => Result, cancel?: Cancel): Promise<Awaited<Result>> {
    requireFunction("with", fn);
    const token = await this.acquire(1, cancel);
    return this.#blocks.run(token, `with ${this.name}`, fn, cancel, this.#resource);
  }

  wrap<Args extends readonly unknown[], Result>(
    fn: (...args: Args) => Result,
    cancel?: Cancel,
  ): (...args: Args) => Promise<Awaited<Result>> {
    requireFunction("wrap", fn);
    return (...args) => this.with(() => fn(...args), cancel);
  }

  wrapIterator<T>(source: AsyncIterable<T> | Iterable<T | PromiseLike<T>>, cancel?: Cancel): AsyncIterableIterator<T> {
    return new PermitIterator(this, source, cancel);
  }

  acquiring(count = 1): Selectable<SemaphoreToken> {
    this.#requireObtainable(count);
    return {
      [SELECTABLE]: {
        attempt: () => {
          const value = this.tryAcquire(count);
          return value === undefined ? undefined : { value };
        },
        park: (won, failed) => {
          this.#largestCount = Math.max(this.#largestCount, count);
          return this.#waiting.park({ count, around: [], mayLeave: true }, won, failed);
        },
      },
    };
  }

  statistics(): SemaphoreStatistics {
    return {
      permits: this.permits,
      free: this.permits - this.#held,
      held: this.#held,
      waiting: this.#waiting.size,
    };
  }

  #requireObtainable(count: number): void {
    requireWhole("a count of permits", count, 1);
    if (count <= this.permits) return;
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${count} permits were asked of semaphore "${this.name}", which has ${this.permits}: that could never be granted`,
    );
  }

  #take(count: number, holder: number): SemaphoreToken {
    this.#held += count;
    probe.ring?.acquired(this.#resource, holder);
    return new Token(count, () => {
      this.#held -= count;
      probe.ring?.released(this.#resource, holder);
      this.#handOver();
    });
  }

  /** Grants, in order of arrival, all that can be granted. */
  #handOver(): void {
    for (let oldest = this.#waiting.oldest; oldest !== undefined; oldest = this.#waiting.oldest) {
      const { count, around } = oldest.payload;
      if (count > this.permits - this.#held) return;
      this.#waiting.claim();
      this.#blocks.waitEnds(around);
      // Taken before it settles: to settle a case of `select` makes others leave,
      // and that comes back to here.
      oldest.resolve(this.#take(count, oldest.subject));
    }
  }

  /** Makes a request ready to wait; refuses it if that would be for ever. */
  #request(count: number, node: CancelNode | undefined): PermitRequest {
    const around = this.#blocks.around(node);
    const request = permitRequest(count, node, around);
    if (this.#waiting.size === 0) this.#largestCount = 0;
    this.#largestCount = Math.max(this.#largestCount, count);
    this.#blocks.waitBegins(request.around);
    // A request inside no block holds nobody up but those behind it. And with as
    // many permits obtainable as the largest request needs, all can be granted.
    const obtainable = this.permits - this.#blocks.blocked;
    if (request.around.length === 0 || obtainable >= this.#largestCount) return request;
    if (!isDeadlock(this.#requestsAnd(request), obtainable)) return request;
    const error = this.#deadlock(request, node as CancelNode);
    this.#blocks.waitEnds(request.around);
    throw error;
  }

  *#requestsAnd(newest: PermitRequest): Generator<PermitRequest> {
    type Waiting = Waiter<SemaphoreToken, PermitRequest> | undefined;
    for (let waiter: Waiting = this.#waiting.oldest; waiter !== undefined; waiter = waiter.next as Waiting) {
      yield waiter.payload;
    }
    yield newest;
  }

  #deadlock(request: PermitRequest, node: CancelNode): DeadlockError {
    const outer = request.around[0] as Block;
    return deadlockError(
      `${node.kindName} asks for ${request.count} more of semaphore "${this.name}" inside ${outer.node.kindName}, which holds a permit. ` +
        `Of its ${this.permits} permits ${this.#blocks.blocked} are held around requests for more, so these could never be granted. ` +
        "Take all that is needed with one acquire(count, s), or guard the inner work with a semaphore of its own",
    );
  }
}

class Token extends HeldGuard implements SemaphoreToken {
  readonly count: number;
  protected readonly giveBack: () => void;

  constructor(count: number, giveBack: () => void) {
    super();
    this.count = count;
    this.giveBack = giveBack;
  }
}
