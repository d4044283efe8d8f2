/**
 * The pool: decides which thread runs which job.
 *
 * Invariants
 * - A job is in the queue, on one thread, or settled. It waits in the queue only
 *   while no thread is free and no more may be started.
 * - A thread has one job at a time, and keeps the process alive only while it has.
 * - Queued jobs start in order of submission.
 */
import { host } from "#host";

import { CancelListener, cancelNodeOf, type CancelNode, describeKind } from "../async/cancel.js";
import { here } from "../async/here.js";
import { type AnyTask, type Executor, type RunOptions, taskIdentity } from "../async/executor.js";
import { deferred } from "../core/deferred.js";
import { CancelledError, ClosedError, describeThrown, MisuseError, WorkerLostError } from "../core/errors.js";
import { workerMarker } from "../core/thread.js";
import { startPortThread } from "./port-transport.js";
import type { Call, StartThread, ThreadTransport } from "./transport.js";

/** Options of a pool. */
export interface ThreadPoolOptions {
  /** Threads at most; the cores that this process may keep busy by default. */
  readonly size?: number;
  /** Its threads are called by this name and a number. */
  readonly name?: string;
}

/** Counters of a pool at one moment. */
export interface ThreadPoolStatistics {
  readonly name: string;
  /** Threads at most. */
  readonly size: number;
  /** Threads alive. */
  readonly alive: number;
  /** Jobs on threads. */
  readonly running: number;
  /** Jobs that wait for a thread. */
  readonly queued: number;
  /** Jobs settled since the pool was made, however they ended. */
  readonly settled: number;
  /** Threads that ended although the pool did not close. */
  readonly lost: number;
}

/**
 * Runs tasks on OS threads, as many as it has at the same time.
 *
 * Threads start when jobs need them and stay. An idle pool does not keep the
 * process alive.
 *
 * **Fairness** Jobs start in order of submission.
 *
 * @since 0.1.0
 */
export interface ThreadPool extends Executor {
  readonly size: number;
  statistics(): ThreadPoolStatistics;
  /**
   * Takes no more jobs, waits for those it has, and stops its threads.
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A job in the hands of the pool. */
class Submission extends CancelListener implements Call {
  readonly jobId: number;
  readonly name: string;
  readonly task: Call["task"];
  readonly args: readonly unknown[];
  readonly transfer: readonly object[];
  readonly spawnSite: Error;
  readonly promise: Promise<unknown>;
  /** Set while it is on a thread. */
  thread: ThreadTransport | undefined = undefined;
  readonly #pool: Pool;
  readonly #cancel: CancelNode | undefined;
  readonly #options: RunOptions;
  readonly #settling = deferred<unknown>();
  readonly #stopByForce = (): void => {
    // The thread's end settles this job; one that is not on a thread has been
    // settled by the cancellation.
    if (this.thread !== undefined) void this.thread.terminate();
  };

  constructor(pool: Pool, task: Call["task"], args: readonly unknown[], options: RunOptions) {
    super();
    this.#pool = pool;
    this.task = task;
    this.args = args;
    this.jobId = options.jobId;
    this.name = options.name;
    this.transfer = options.transfer;
    this.spawnSite = options.spawnSite;
    this.#options = options;
    this.#cancel = cancelNodeOf(options.cancel);
    this.promise = this.#settling.promise;
    this.#cancel?.listen(this);
    options.graceOver.addEventListener("abort", this.#stopByForce, { once: true });
  }

  override onCancel(node: CancelNode): void {
    if (this.thread !== undefined) {
      this.thread.cancel(node.makeErrorForWait().message);
      return;
    }
    this.#pool.withdraw(this);
    this.#settled();
    this.#settling.reject(node.makeErrorForWait());
  }

  started(): void {
    this.#options.onStart();
  }

  succeeded(value: unknown): void {
    this.#settled();
    this.#settling.resolve(value);
  }

  failed(error: unknown): void {
    this.#settled();
    // However a cancelled job came to an end short of its own error (its scope
    // on the thread, the thread's end), it was cancelled. The error is made anew
    // because the one from the thread does not know this thread's scopes.
    const wasCancelled =
      this.#cancel?.isCancelled === true && (error instanceof CancelledError || this.#options.graceOver.aborted);
    this.#settling.reject(wasCancelled ? this.#cancel.makeErrorForWait() : error);
  }

  #settled(): void {
    this.stopListening();
    this.#options.graceOver.removeEventListener("abort", this.#stopByForce);
  }
}

class Pool implements ThreadPool {
  readonly name: string;
  readonly size: number;
  readonly #start: StartThread;
  /** In order of submission: a set, so that a cancelled one leaves at no cost. */
  readonly #queue = new Set<Submission>();
  /** Alive and without a job; the one used last stands last and is taken first, as its caches are warm. */
  readonly #free: ThreadTransport[] = [];
  readonly #alive = new Set<ThreadTransport>();
  #running = 0;
  #settledCount = 0;
  #lost = 0;
  #lastNumber = 0;
  #isClosing = false;
  #whenEmpty: (() => void) | undefined = undefined;

  constructor(size: number, name: string, start: StartThread) {
    this.size = size;
    this.name = name;
    this.#start = start;
  }

  async run<Result>(task: AnyTask, args: readonly unknown[], options: RunOptions): Promise<Result> {
    const identity = taskIdentity(task);
    if (identity === undefined) {
      throw new MisuseError(
        "SKEIN_NOT_A_TASK",
        `a thread can run only tasks, but ${describeKind(task)} came. Declare it at the top level of a module: const name = task(function name() { … })`,
      );
    }
    if (this.#isClosing) throw new ClosedError(`thread pool "${this.name}" is closed`);
    cancelNodeOf(options.cancel)?.checkpoint();
    const submission = new Submission(this, identity, args, options);
    this.#queue.add(submission);
    this.#dispatch();
    return submission.promise as Promise<Result>;
  }

  /** Takes a job that has not started out of the queue. */
  withdraw(submission: Submission): void {
    this.#queue.delete(submission);
    this.#settledCount++;
    this.#tellIfEmpty();
  }

  #dispatch(): void {
    for (const submission of this.#queue) {
      let thread: ThreadTransport | undefined;
      try {
        thread = this.#free.pop() ?? this.#startThread();
        if (thread === undefined) return;
      } catch (error) {
        // The platform refuses threads. This job pays for the try; the next one tries again.
        this.withdraw(submission);
        submission.failed(
          new WorkerLostError(
            "SKEIN_WORKER_LOST",
            `no thread could be started for task "${submission.task.key}": ${describeThrown(error)}`,
            { cause: error },
          ),
        );
        continue;
      }
      this.#queue.delete(submission);
      this.#send(thread, submission);
    }
  }

  #send(thread: ThreadTransport, submission: Submission): void {
    this.#running++;
    submission.thread = thread;
    thread.keepAlive(true);
    void submission.promise.then(
      () => this.#jobSettled(thread),
      () => this.#jobSettled(thread),
    );
    thread.send(submission);
  }

  #jobSettled(thread: ThreadTransport): void {
    this.#running--;
    this.#settledCount++;
    // A thread that has ended is on its way out of `#alive`.
    if (thread.isAlive) {
      thread.keepAlive(false);
      this.#free.push(thread);
    }
    this.#dispatch();
    this.#tellIfEmpty();
  }

  #startThread(): ThreadTransport | undefined {
    if (this.#alive.size >= this.size) return undefined;
    const thread = this.#start(`${this.name}-${++this.#lastNumber}`, () => {
      this.#alive.delete(thread);
      const place = this.#free.indexOf(thread);
      if (place !== -1) this.#free.splice(place, 1);
      if (!this.#isClosing) this.#lost++;
      // Its place is free: a queued job may start a thread anew. Each start is
      // paid for by a job that is then settled, so there is no storm of them.
      this.#dispatch();
    });
    this.#alive.add(thread);
    return thread;
  }

  #tellIfEmpty(): void {
    if (this.#running === 0 && this.#queue.size === 0) this.#whenEmpty?.();
  }

  statistics(): ThreadPoolStatistics {
    return {
      name: this.name,
      size: this.size,
      alive: this.#alive.size,
      running: this.#running,
      queued: this.#queue.size,
      settled: this.#settledCount,
      lost: this.#lost,
    };
  }

  #closing: Promise<void> | undefined = undefined;

  close(): Promise<void> {
    this.#isClosing = true;
    this.#closing ??= this.#drainAndStop();
    return this.#closing;
  }

  async #drainAndStop(): Promise<void> {
    if (this.#running > 0 || this.#queue.size > 0) {
      await new Promise<void>((resolve) => {
        this.#whenEmpty = resolve;
      });
    }
    await Promise.all([...this.#alive].map((thread) => thread.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** On a thread of a pool: its jobs' own jobs run on that thread. */
const onThisThread: ThreadPool = {
  ...here,
  name: "threads",
  size: 1,
  statistics: () => ({ name: "threads", size: 1, alive: 1, running: 1, queued: 0, settled: 0, lost: 0 }),
  close: async () => undefined,
  [Symbol.asyncDispose]: async () => undefined,
};

let shared: ThreadPool | undefined;

/**
 * A pool of OS threads as an executor: `s.spawn(task, args, { on: threads() })`.
 *
 * Without options: the pool that the whole program shares, made when first asked
 * for. With options: a new pool, to be closed by whoever made it.
 *
 * On a thread of a pool, `threads()` is that thread: jobs of a job run where it
 * runs, so that they can't wait for a thread that waits for them.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * @since 0.1.0
 */
export function threads(options?: ThreadPoolOptions): ThreadPool {
  if (options !== undefined && (typeof options !== "object" || options === null)) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `threads expected options, but ${describeKind(options)} came`);
  }
  const size = options?.size ?? host.allowedCores();
  if (!Number.isSafeInteger(size) || size < 1) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `the size of a pool must be a whole number from 1 on, but ${describeKind(size)} came`,
    );
  }
  if (workerMarker !== undefined) return onThisThread;
  if (options !== undefined) return new Pool(size, options.name ?? "threads", startPortThread);
  shared ??= new Pool(size, "threads", startPortThread);
  return shared;
}

/**
 * Cores that this process may keep busy: the machine's, less what the container's
 * CPU quota and the process's affinity take away. At least 1.
 *
 * @since 0.1.0
 */
export function availableCores(): number {
  return host.allowedCores();
}
