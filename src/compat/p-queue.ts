/**
 * The call shape of the package `p-queue`.
 *
 * Invariants
 * - `pending` counts the jobs whose function was called and has not ended. A job
 *   whose caller has been told of a timeout or an abort is among them until it
 *   ends: its place is not given away before (law 16).
 * - What every change of the two counts entails is told in one place, `#changed`,
 *   after the change.
 */
import { nowMs } from "#clock";

import { CancelNode, cancelNodeOf } from "../async/cancel.js";
import { suspend, WaitQueue, type Waiter } from "../async/wait-queue.js";
import { CancelledError, MisuseError, TimeoutError } from "../core/errors.js";
import { reportToOwner } from "../core/report.js";
import { requireCount, requireFunction, requireMs, requirePriority } from "./arguments.js";
import { Emitter } from "./emitter.js";
import { Failures } from "./failures.js";
import { Gate, type GateRequest } from "./gate.js";
import { IntervalCap } from "./interval-cap.js";

/** Options of a `PQueue`. */
export interface QueueOptions {
  /** How many jobs run at once: a whole number from 1 on; Infinity if omitted. */
  readonly concurrency?: number;
  /** False: jobs wait until `start()`. */
  readonly autoStart?: boolean;
  /** Starts allowed in one interval: a whole number from 1 on; Infinity if omitted. */
  readonly intervalCap?: number;
  /** Length of an interval, in milliseconds. */
  readonly interval?: number;
  /** Jobs that still run when an interval begins count as starts in it. */
  readonly carryoverIntervalCount?: boolean;
  /** Counts starts in each span of `interval`, not from window to window. */
  readonly strict?: boolean;
  /** Milliseconds that a job may take, from its start; unbounded if omitted. */
  readonly timeout?: number;
}

/** Options of one job. */
export interface QueueAddOptions {
  /** Greater ones start earlier; 0 if omitted. */
  readonly priority?: number;
  /** The name by which `setPriority` and `runningTasks` know the job. */
  readonly id?: string;
  /** Takes the job out of the queue; one that runs is told through its own `signal`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the job may take, from its start. */
  readonly timeout?: number;
}

/** What a job is given. */
export interface QueueTaskOptions {
  /** Aborted when the job's caller stops waiting: by its own signal, or by the timeout. */
  readonly signal: AbortSignal;
}

/** A job that runs. */
export interface RunningTask {
  readonly id: string;
  readonly priority: number;
  /** On the clock of `performance.now()`. */
  readonly startTime: number;
  readonly timeout?: number;
  /** Milliseconds left; 0 for a job that has timed out and still runs. */
  readonly timeoutRemaining?: number;
}

/** The events of a `PQueue` and what their listeners are given. */
export interface QueueEvents {
  add: [];
  active: [];
  next: [];
  completed: [result: unknown];
  error: [error: unknown];
  empty: [];
  idle: [];
  pendingZero: [];
  rateLimit: [];
  rateLimitCleared: [];
}

interface QueueRequest extends GateRequest {
  readonly id: string;
}

type QueueTask<Result> = (options: QueueTaskOptions) => PromiseLike<Result> | Result;

/**
 * A queue of jobs with limited concurrency, priorities, a rate limit and timeouts,
 * in the call shape of the package `p-queue`.
 *
 * For code that moves here as it is. In new code a scope with a semaphore says the
 * same and can be cancelled as a whole.
 *
 * **Fairness** By priority, then in the order of `add`. A job runs in the async
 * context of its `add` (law 37), and starts after the code that called `add`, never
 * inside it.
 *
 * **Cancels** `signal` and `clear()` end what waits at once. Of a job that runs only
 * the caller's waiting ends, at once too: with `signal.reason`, or with `TimeoutError`.
 * Its function is told through the `signal` that it was given, and keeps its place
 * until it has ended.
 *
 * @example
 * ```ts
 * import { PQueue } from "skein/compat";
 * const queue = new PQueue({ concurrency: 2 });
 * const text = await queue.add(({ signal }) => load("a", signal), { priority: 1, timeout: 1000 });
 * await queue.onIdle();
 * report(text);
 * ```
 *
 * @since 0.1.0
 */
export class PQueue extends Emitter<QueueEvents> {
  /** Milliseconds that jobs added from now on may take; `undefined`: unbounded. */
  timeout: number | undefined;
  #concurrency: number;
  #isPaused: boolean;
  readonly #cap: IntervalCap;
  readonly #gate: Gate<QueueRequest>;
  readonly #running = new Set<RunningTask>();
  #added = 0;
  // Those let in; `#running` lacks the ones that are about to call their function.
  #pending = 0;
  readonly #onEmpty = new WaitQueue<void>("PQueue to be empty");
  readonly #onIdle = new WaitQueue<void>("PQueue to be idle");
  readonly #onPendingZero = new WaitQueue<void>("PQueue to run nothing");
  readonly #onRateLimit = new WaitQueue<void>("PQueue to reach its rate limit");
  readonly #onRateLimitCleared = new WaitQueue<void>("PQueue to be below its rate limit");
  readonly #onError = new WaitQueue<never>("a failure in PQueue");
  /** By limit. */
  readonly #onSizeLessThan = new Map<number, WaitQueue<void>>();
  // As `#changed` saw them last.
  #lastSize = 0;
  #lastPending = 0;
  #wasRateLimited = false;

  constructor(options: QueueOptions = {}) {
    super();
    if ("queueClass" in options) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        "queueClass is not supported: the order of jobs is that of their `priority`, which add() and setPriority() take",
      );
    }
    this.#concurrency = requireCount("concurrency", options.concurrency ?? Infinity);
    this.#isPaused = options.autoStart === false;
    this.timeout = options.timeout === undefined ? undefined : requireMs("timeout", options.timeout);
    this.#cap = new IntervalCap(
      {
        cap: requireCount("intervalCap", options.intervalCap ?? Infinity),
        intervalMs: requireMs("interval", options.interval ?? 0),
        isSliding: options.strict === true,
        carriedOver: () => (options.carryoverIntervalCount === true ? this.#pending : 0),
      },
      () => this.#turn(),
    );
    this.#gate = new Gate(
      "a place in PQueue",
      () => {
        if (this.#isPaused || this.#pending >= this.#concurrency || !this.#cap.tryTake()) return false;
        this.#pending++;
        return true;
      },
      () => this.#changed(),
    );
  }

  get concurrency(): number {
    return this.#concurrency;
  }

  set concurrency(concurrency: number) {
    this.#concurrency = requireCount("concurrency", concurrency);
    this.#turn();
  }

  /** Jobs that wait. */
  get size(): number {
    return this.#gate.size;
  }

  /** Jobs that run, those among them whose callers no longer wait. */
  get pending(): number {
    return this.#pending;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** True while jobs wait for the next interval. */
  get isRateLimited(): boolean {
    return this.size > 0 && this.#cap.isClosed;
  }

  /** True while jobs wait although the queue is not paused. */
  get isSaturated(): boolean {
    return this.size > 0 && (this.#pending >= this.#concurrency || this.#cap.isClosed);
  }

  /** The jobs that run, in the order of their start. */
  get runningTasks(): readonly RunningTask[] {
    return [...this.#running].map((task) =>
      task.timeout === undefined
        ? task
        : { ...task, timeoutRemaining: Math.max(0, task.startTime + task.timeout - nowMs()) },
    );
  }

  /** How many of the jobs that wait have this priority, this id, or both. */
  sizeBy({ priority, id }: Pick<QueueAddOptions, "priority" | "id">): number {
    return this.#gate
      .requests()
      .filter(
        (request) =>
          (priority === undefined || request.priority === priority) && (id === undefined || request.id === id),
      ).length;
  }

  /** Queues a job and gives its outcome. */
  async add<Result>(fn: QueueTask<Result>, options: QueueAddOptions = {}): Promise<Result> {
    requireFunction("what PQueue runs", fn);
    const { priority = 0, id = String(++this.#added), signal, timeout = this.timeout } = options;
    requirePriority(priority);
    if (timeout !== undefined) requireMs("timeout", timeout);
    signal?.throwIfAborted();
    const node = cancelNodeOf(signal);
    const request: QueueRequest = { priority, id };
    const entering = this.#gate.enter(request, node);
    this.emit("add");
    this.#changed();
    try {
      await entering;
    } catch (error) {
      // As the platform does it: what was given to `abort`.
      if (node?.isOwnCancellation(error) === true) throw signal?.reason as unknown;
      throw error;
    }
    if (node?.isCancelled === true) {
      // Aborted after it was let in and before its turn came: it did not start.
      this.#pending--;
      this.#turn();
      throw signal?.reason as unknown;
    }
    return this.#run(fn, request, timeout, node, signal);
  }

  /**
   * Queues several jobs. Rejects with the first failure, once all have ended.
   */
  async addAll<Result>(fns: readonly QueueTask<Result>[], options?: QueueAddOptions): Promise<Result[]> {
    const failures = new Failures("addAll");
    const results: Result[] = [];
    await Promise.all(
      fns.map(async (fn, index) => {
        try {
          results[index] = await this.add(fn, options);
        } catch (error) {
          failures.add(error);
        }
      }),
    );
    failures.throwFirst();
    return results;
  }

  /** Gives a job that waits another priority. */
  setPriority(id: string, priority: number): void {
    requirePriority(priority);
    if (this.#gate.move((request) => request.id === id, priority) === 0) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `no job with the id "${id}" waits in this queue; it may have started already: see runningTasks`,
      );
    }
    this.#changed();
  }

  /** Lets jobs start, or go on starting. */
  start(): this {
    this.#isPaused = false;
    this.#turn();
    return this;
  }

  /** Starts no more jobs until `start()`. Those that run go on. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Discards what waits: each of those `add`s rejects with `CancelledError`. */
  clear(): void {
    this.#gate.clear(() => new CancelledError("discarded by clear() before it started"));
    this.#changed();
  }

  /** Waits until no job waits. */
  async onEmpty(): Promise<void> {
    if (this.size > 0) await this.#onEmpty.wait(undefined, undefined);
  }

  /** Waits until no job waits and none runs. */
  async onIdle(): Promise<void> {
    if (this.size > 0 || this.#pending > 0) await this.#onIdle.wait(undefined, undefined);
  }

  /** Waits until no job runs. */
  async onPendingZero(): Promise<void> {
    if (this.#pending > 0) await this.#onPendingZero.wait(undefined, undefined);
  }

  /** Waits until fewer than `limit` jobs wait. */
  async onSizeLessThan(limit: number): Promise<void> {
    requireCount("the limit", limit);
    if (this.size < limit) return;
    let queue = this.#onSizeLessThan.get(limit);
    if (queue === undefined)
      this.#onSizeLessThan.set(limit, (queue = new WaitQueue(`PQueue to have less than ${limit}`)));
    await queue.wait(undefined, undefined);
  }

  /** Waits until jobs wait for the next interval. */
  async onRateLimit(): Promise<void> {
    if (!this.isRateLimited) await this.#onRateLimit.wait(undefined, undefined);
  }

  /** Waits until no job waits for the next interval. */
  async onRateLimitCleared(): Promise<void> {
    if (this.isRateLimited) await this.#onRateLimitCleared.wait(undefined, undefined);
  }

  /** Rejects with the next failure of a job; its `add` rejects too. */
  async onError(): Promise<never> {
    return this.#onError.wait(undefined, undefined);
  }

  async #run<Result>(
    fn: QueueTask<Result>,
    { id, priority }: QueueRequest,
    timeout: number | undefined,
    parent: CancelNode | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    const node = new CancelNode(id, parent);
    const startTime = nowMs();
    if (timeout !== undefined) node.setDeadline(startTime + timeout);
    const task: RunningTask =
      timeout === undefined ? { id, priority, startTime } : { id, priority, startTime, timeout };
    this.#running.add(task);
    this.emit("active");
    const { waiter, promise } = suspend<Result>(`job ${id} of PQueue`, node, undefined);
    void this.#work(fn, node, waiter, task);
    try {
      return await promise;
    } catch (thrown) {
      if (!node.isOwnCancellation(thrown)) throw thrown;
      const error: unknown =
        node.origin === node
          ? new TimeoutError(`job ${id} of PQueue took longer than ${timeout} ms; it keeps its place until it ends`)
          : signal?.reason;
      this.#failed(error);
      throw error;
    }
  }

  /** Calls the job's function and gives its place back when it has ended. Never rejects. */
  async #work<Result>(
    fn: QueueTask<Result>,
    node: CancelNode,
    waiter: Waiter<Result>,
    task: RunningTask,
  ): Promise<void> {
    try {
      const result = await fn(new LazySignal(node));
      if (!waiter.isOver) {
        waiter.resolve(result);
        this.emit("completed", result);
      }
    } catch (error) {
      if (!waiter.isOver) {
        waiter.reject(error);
        this.#failed(error);
      } else if (!node.isOwnCancellation(error) && error !== node.reason) {
        reportToOwner(`job ${task.id} of PQueue failed after its caller had stopped waiting`, error);
      }
    }
    node.detach();
    this.#running.delete(task);
    this.#pending--;
    this.#turn();
    this.emit("next");
  }

  #failed(error: unknown): void {
    this.emit("error", error);
    for (let one = this.#onError.claim(); one !== undefined; one = this.#onError.claim()) one.reject(error);
  }

  #turn(): void {
    this.#gate.turn();
    this.#changed();
  }

  #changed(): void {
    const size = this.size;
    const pending = this.#pending;
    const isRateLimited = this.isRateLimited;
    const becameIdle = size + pending === 0 && this.#lastSize + this.#lastPending > 0;
    const becameEmpty = size === 0 && (this.#lastSize > 0 || becameIdle);
    const becameUnoccupied = pending === 0 && this.#lastPending > 0;
    const wasRateLimited = this.#wasRateLimited;
    // Noted before anybody is told: a listener may add jobs.
    this.#lastSize = size;
    this.#lastPending = pending;
    this.#wasRateLimited = isRateLimited;

    if (size === 0) this.#cap.rest();
    for (const [limit, queue] of this.#onSizeLessThan) {
      if (size >= limit) continue;
      this.#onSizeLessThan.delete(limit);
      wakeAll(queue);
    }
    if (becameUnoccupied) this.#tell("pendingZero", this.#onPendingZero);
    if (becameEmpty) this.#tell("empty", this.#onEmpty);
    if (becameIdle) this.#tell("idle", this.#onIdle);
    if (isRateLimited && !wasRateLimited) this.#tell("rateLimit", this.#onRateLimit);
    if (!isRateLimited && wasRateLimited) this.#tell("rateLimitCleared", this.#onRateLimitCleared);
  }

  #tell(event: "pendingZero" | "empty" | "idle" | "rateLimit" | "rateLimitCleared", waiting: WaitQueue<void>): void {
    wakeAll(waiting);
    this.emit(event);
  }
}

/** What a job is given. Most never ask for the signal, and making it costs more than the job. */
class LazySignal implements QueueTaskOptions {
  readonly #node: CancelNode;

  constructor(node: CancelNode) {
    this.#node = node;
  }

  get signal(): AbortSignal {
    return this.#node.signal;
  }
}

function wakeAll(queue: WaitQueue<void>): void {
  for (let waiter = queue.claim(); waiter !== undefined; waiter = queue.claim()) waiter.resolve();
}
