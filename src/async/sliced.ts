/**
 * Time slicing on one thread: jobs written as generators take turns, each for a
 * quantum, as threads do on one core. Context switching in plain sight.
 *
 * States of a job here, and what moves it:
 *   ready   -> running  it has had the least time of all ready jobs, by priority
 *   running -> ready    at a `yield`, once its quantum is used up
 *   running -> waiting  at a `yield` of a promise
 *   waiting -> ready    the promise settled, or the job was cancelled
 *   running -> over     its code returned or threw
 *
 * Fairness: each job has a virtual time, which grows while it runs, more slowly
 * the higher its priority. The ready job with the least runs next. A job that
 * becomes ready starts from the least virtual time among those here, so that one
 * which waited long can't shut the others out afterwards. So ready jobs of equal
 * priority get equal time, within one quantum; no ready job starves.
 *
 * The event loop gets a turn after `budgetMs` of slices (law 36).
 */
import { nowMs, setTurn } from "#clock";

import { deferred } from "../core/deferred.js";
import { MisuseError } from "../core/errors.js";
import { probe } from "../core/probe.js";
import { CancelListener, cancelNodeOf, type CancelNode, describeKind } from "./cancel.js";
import { type AnyTask, type Executor, type RunOptions, taskIdentity } from "./executor.js";
import { TaskScope } from "./scope.js";
import { isSteps, requireSteps, settled, Stepper, type Steps } from "./steps.js";

/** Options of a time-slicing executor. */
export interface SlicedOptions {
  /** The quantum: how long a job runs before another ready one gets its turn. 5 by default. */
  readonly sliceMs?: number;
  /** How long slices may keep timers and I/O waiting. 10 by default. */
  readonly budgetMs?: number;
  readonly name?: string;
}

/** Counters of a time-slicing executor at one moment. */
export interface SlicedStatistics {
  /** Jobs here, running, ready or waiting. */
  readonly jobs: number;
  readonly ready: number;
  readonly waiting: number;
  /** Jobs settled since it was made. */
  readonly settled: number;
  /** Slices run. */
  readonly slices: number;
  /** Context switches: slices of another job than the slice before. */
  readonly switches: number;
  /** Slices that ended because the quantum was used up. */
  readonly preemptions: number;
}

/**
 * An executor that runs generator tasks in time slices on this thread.
 *
 * @since 0.1.0
 */
export interface SlicedExecutor extends Executor {
  statistics(): SlicedStatistics;
}

/** A job in the hands of the executor. */
class SlicedJob extends CancelListener {
  readonly jobId: number;
  readonly weight: number;
  readonly stepper: Stepper;
  readonly settling = deferred<unknown>();
  virtualMs = 0;
  /** Breaks ties: the job that became ready first goes first. */
  readySince = 0;
  isOver = false;
  isReady = false;
  readonly #onWake: (job: SlicedJob) => void;

  constructor(
    jobId: number,
    priority: number,
    steps: Steps<unknown>,
    cancel: CancelNode | undefined,
    onWake: (job: SlicedJob) => void,
  ) {
    super();
    this.jobId = jobId;
    this.weight = 2 ** priority;
    this.stepper = new Stepper(steps, cancel);
    this.#onWake = onWake;
  }

  override onCancel(): void {
    this.#onWake(this);
  }
}

class Slicer implements SlicedExecutor {
  readonly name: string;
  readonly #sliceMs: number;
  readonly #budgetMs: number;
  readonly #ready: SlicedJob[] = [];
  #leastVirtualMs = 0;
  #arrivals = 0;
  #jobs = 0;
  #settled = 0;
  #slices = 0;
  #switches = 0;
  #preemptions = 0;
  #last: SlicedJob | undefined = undefined;
  #isScheduled = false;

  constructor(sliceMs: number, budgetMs: number, name: string) {
    this.#sliceMs = sliceMs;
    this.#budgetMs = budgetMs;
    this.name = name;
  }

  async run<Result>(task: AnyTask, args: readonly unknown[], options: RunOptions): Promise<Result> {
    const cancel = cancelNodeOf(options.cancel);
    cancel?.checkpoint();
    const fn = task as unknown as (...args: readonly unknown[]) => unknown;
    const own = taskIdentity(task)?.takesScope === true ? new TaskScope(cancel, { name: options.name }) : undefined;
    if (own === undefined)
      return this.#runSteps(requireSteps(fn(...args), options.name), options, cancel) as Promise<Result>;
    return own.run((s) => {
      const made = fn(s, ...args);
      return isSteps(made) ? this.#runSteps(made, options, own) : requireSteps(made, options.name);
    }) as Promise<Result>;
  }

  #runSteps(steps: Steps<unknown>, options: RunOptions, cancel: CancelNode | undefined): Promise<unknown> {
    const job = new SlicedJob(options.jobId, options.priority, steps, cancel, (woken) => this.#makeReady(woken));
    cancel?.listen(job);
    const stop = (): void => this.#stop(job, cancel);
    options.graceOver.addEventListener("abort", stop, { once: true });
    this.#jobs++;
    options.onStart();
    this.#makeReady(job);
    return job.settling.promise.finally(() => options.graceOver.removeEventListener("abort", stop));
  }

  #makeReady(job: SlicedJob): void {
    if (job.isOver || job.isReady) return;
    job.isReady = true;
    job.readySince = this.#arrivals++;
    job.virtualMs = Math.max(job.virtualMs, this.#leastVirtualMs);
    push(this.#ready, job);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#runSlices());
  }

  #runSlices(): void {
    // It stays scheduled while it runs: a job made ready by a slice is found below,
    // and a microtask for it would come before the event loop's turn.
    const begun = nowMs();
    for (let job = pop(this.#ready); job !== undefined; job = pop(this.#ready)) {
      job.isReady = false;
      this.#leastVirtualMs = Math.max(this.#leastVirtualMs, job.virtualMs);
      const ended = this.#runSlice(job);
      if (ended - begun < this.#budgetMs || this.#ready.length === 0) continue;
      // A microtask would come before timers and I/O.
      setTurn(() => this.#runSlices());
      return;
    }
    this.#isScheduled = false;
  }

  /** @returns when the slice ended */
  #runSlice(job: SlicedJob): number {
    this.#slices++;
    if (this.#last !== job) this.#switches++;
    this.#last = job;
    probe.ring?.started(job.jobId, false);
    const begun = nowMs();
    let wasPreempted = false;
    try {
      let outcome = job.stepper.step();
      while (outcome.kind === "ready" && nowMs() - begun < this.#sliceMs) outcome = job.stepper.step();
      if (outcome.kind === "done") {
        this.#settle(job);
        job.settling.resolve(outcome.value);
      } else if (outcome.kind === "waiting") {
        void this.#resumeAfter(job, outcome.until);
      } else {
        wasPreempted = true;
      }
    } catch (error) {
      this.#settle(job);
      job.settling.reject(error);
    }
    const ended = nowMs();
    job.virtualMs += (ended - begun) / job.weight;
    if (wasPreempted) {
      this.#preemptions++;
      this.#makeReady(job);
    }
    if (job.isOver) probe.ring?.stopped(job.jobId);
    else probe.ring?.suspended(job.jobId);
    return ended;
  }

  async #resumeAfter(job: SlicedJob, promise: Promise<unknown>): Promise<void> {
    job.stepper.resumeWith(await settled(promise));
    this.#makeReady(job);
  }

  #settle(job: SlicedJob): void {
    job.isOver = true;
    job.stopListening();
    this.#jobs--;
    this.#settled++;
    if (this.#jobs === 0) this.#last = undefined;
  }

  /** Its time for cleanup is over: it does not get another slice. */
  #stop(job: SlicedJob, cancel: CancelNode | undefined): void {
    if (job.isOver) return;
    this.#settle(job);
    try {
      job.stepper.stop();
    } catch (error) {
      job.settling.reject(error);
      return;
    }
    job.settling.reject(cancel?.makeErrorForWait());
  }

  statistics(): SlicedStatistics {
    const ready = this.#ready.filter((job) => !job.isOver).length;
    return {
      jobs: this.#jobs,
      ready,
      waiting: this.#jobs - ready,
      settled: this.#settled,
      slices: this.#slices,
      switches: this.#switches,
      preemptions: this.#preemptions,
    };
  }
}

// A binary heap by virtual time, then by arrival. A job that is over stays until
// it comes up, and is passed over.

function isBefore(first: SlicedJob, second: SlicedJob): boolean {
  return (
    first.virtualMs < second.virtualMs || (first.virtualMs === second.virtualMs && first.readySince < second.readySince)
  );
}

function push(heap: SlicedJob[], job: SlicedJob): void {
  let at = heap.length;
  heap.push(job);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent] as SlicedJob;
    if (!isBefore(job, above)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = job;
}

function pop(heap: SlicedJob[]): SlicedJob | undefined {
  for (;;) {
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) return undefined;
    if (heap.length > 0) sink(heap, last);
    if (!top.isOver) return top;
  }
}

function sink(heap: SlicedJob[], job: SlicedJob): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    const right = heap[child + 1];
    if (right !== undefined && isBefore(right, heap[child] as SlicedJob)) child++;
    const below = heap[child];
    if (below === undefined || !isBefore(below, job)) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = job;
}

/**
 * Makes an executor that runs generator tasks in time slices on this thread:
 * `s.spawn(task, args, { on: sliced() })`.
 *
 * A task is sliced at its `yield`s; `yield` of a promise waits for it. Of ready
 * jobs the one that has had the least time, weighted by priority, goes next.
 *
 * **Fairness** Ready jobs of one priority get equal time, within one quantum; a
 * priority higher by 1 gets twice as much.
 *
 * **Cancels** At the next `yield`.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`; a job whose task is no generator fails
 * with it.
 *
 * @example
 * ```ts
 * const countTo = task("countTo", function* (limit: number) {
 *   let count = 0;
 *   while (count < limit) {
 *     count++;
 *     yield;
 *   }
 *   return count;
 * });
 * const on = sliced({ sliceMs: 1 });
 * console.log(await scope((s) => Promise.all([s.spawn(countTo, [10], { on }), s.spawn(countTo, [20], { on })])));
 * ```
 *
 * @since 0.1.0
 */
export function sliced(options: SlicedOptions = {}): SlicedExecutor {
  const { sliceMs = 5, budgetMs = 10, name = "sliced" } = options;
  for (const [option, value] of Object.entries({ sliceMs, budgetMs })) {
    if (typeof value !== "number" || !(value >= 0)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `${option} must be a number of milliseconds from 0 on, but ${describeKind(value)} came`,
      );
    }
  }
  return new Slicer(sliceMs, budgetMs, name);
}
