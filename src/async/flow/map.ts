/**
 * The stage that works on items: one after the other, or several at once.
 *
 * Invariants of the concurrent form
 * - `running` counts the items whose function runs, `held` those taken from above
 *   and not yet handed on; `running <= concurrency` and
 *   `held <= concurrency + buffer` (law 39). Both are kept by the same means: the
 *   stage's `emit` does not settle before there is room for one more item, so
 *   above it no item is made that would have to wait.
 * - `results` never holds more than `held` entries, which is what bounds it.
 */
import { MisuseError } from "../../core/errors.js";
import { describeKind } from "../cancel.js";
import { channel } from "../channel.js";
import { type Executor, taskIdentity } from "../executor.js";
import type { Job } from "../job.js";
import type { Scope, SpawnOptions, TaskScope } from "../scope.js";
import { Gate } from "./gate.js";
import { mapInLists } from "./map-lists.js";
import { retrying } from "./retry.js";
import type { RetrySchedule } from "../schedule.js";
import { receiveOrEnd } from "./source.js";
import { type ItemFunction, requireCount, requireFunction, type Run, stageName, whenReady } from "./stage.js";

/**
 * How `map` works on the items of a flow.
 *
 * @since 0.1.0
 */
export interface MapOptions {
  /** How many items are worked on at once: 1 if omitted, one strictly after the other. */
  readonly concurrency?: number;
  /**
   * Results leave in the order of their items: true if omitted. `false`: as they
   * are ready, so that a slow item holds up no other.
   */
  readonly ordered?: boolean;
  /**
   * Results that may wait to be handed on, beside the items being worked on: 0 if
   * omitted. The stage never holds more than `concurrency + buffer` items.
   */
  readonly buffer?: number;
  /** How dumps, recordings and errors name the stage. */
  readonly name?: string;
  /** Works on an item again after it failed, when the schedule says so; items before and behind it do not notice. */
  readonly retry?: RetrySchedule;
}

/**
 * As `MapOptions`, for a task that runs on an executor.
 *
 * On a pool of threads, short items go many in one job, more of them the shorter they
 * are, so that each costs a fraction of what a job does. `concurrency` counts items: the
 * larger it is, the more can go together. With `retry` each is a job of its own.
 */
export interface MapOnOptions extends MapOptions {
  /** Where each item is worked on. The function must then be a task; it gets the item alone. */
  readonly on: Executor;
}

export function map<T, R>(up: Run<T>, fn: ItemFunction<T, R>, options: MapOptions | MapOnOptions): Run<R> {
  requireFunction("map", fn);
  const { concurrency = 1, buffer = 0, ordered = true } = options;
  requireCount("concurrency", concurrency, 1, true);
  requireCount("buffer", buffer, 0, true);
  const on = "on" in options ? options.on : undefined;
  if (on !== undefined && taskIdentity(fn) === undefined) {
    throw new MisuseError(
      "SKEIN_NOT_A_TASK",
      `map with on: can run only tasks, but ${describeKind(fn)} came. Declare it at the top level of a module: const name = task(function name(item) { … })`,
    );
  }
  const name = stageName("map", fn, options.name);
  const work: ItemFunction<T, R> = options.retry === undefined || on !== undefined ? fn : retrying(fn, options.retry);
  if (concurrency === 1 && buffer === 0 && on === undefined) return mapInTurn(up, work, name);
  const ofLists = options.retry === undefined && concurrency > 1 ? on?.ofLists?.(fn as never) : undefined;
  if (on !== undefined && ofLists !== undefined) {
    return mapInLists(up, { task: fn, ofLists, on }, { concurrency, buffer, ordered, name });
  }
  const start: Start<T, R> = on === undefined ? startHere(work, name) : startOn(fn, on, name, options.retry);
  return mapAtOnce(up, start, { concurrency, buffer, ordered, name });
}

function mapInTurn<T, R>(up: Run<T>, fn: ItemFunction<T, R>, name: string): Run<R> {
  return (scope, emit) => up(scope, (item) => whenReady(scope, name, fn(item, scope), emit));
}

type Start<T, R> = (scope: TaskScope, item: T) => Job<R>;

function startHere<T, R>(fn: ItemFunction<T, R>, name: string): Start<T, R> {
  return (scope, item) => scope.spawn(async () => fn(item, scope), [], { name });
}

function startOn<T, R>(task: unknown, on: Executor, name: string, retry: RetrySchedule | undefined): Start<T, R> {
  const options: SpawnOptions = { on, name };
  if (retry === undefined) return (scope, item) => scope.spawn(task, [item], options);
  // A scope for each attempt: a job that fails ends its scope, and here only the
  // last attempt's failure may end the stage.
  const attempt = (item: T, scope: Scope): Promise<R> =>
    scope.scope((own) => (own as TaskScope).spawn(task, [item], options) as Job<R>, { name });
  return startHere(retrying(attempt, retry), name);
}

export interface Bounds {
  readonly concurrency: number;
  readonly buffer: number;
  readonly ordered: boolean;
  readonly name: string;
}

function mapAtOnce<T, R>(up: Run<T>, start: Start<T, R>, { concurrency, buffer, ordered, name }: Bounds): Run<R> {
  return async (scope, emit) => {
    const inner = scope.open({ name });
    let running = 0;
    let held = 0;
    const gate = new Gate(`room in ${name}`);
    const hasRoom = (): boolean => running < concurrency && held < concurrency + buffer;
    // In order: the jobs as they were started; else: the results as they came.
    const results = channel<{ readonly job: Job<R> } | { readonly value: R }>({
      capacity: Infinity,
      name: `results of ${name}`,
    });

    const handOn = async (): Promise<void> => {
      for (
        let next = await receiveOrEnd(results, inner);
        next !== undefined;
        next = await receiveOrEnd(results, inner)
      ) {
        const result = next.value;
        const value = "job" in result ? await result.job.join(inner) : result.value;
        inner.checkpoint();
        held--;
        gate.check();
        const waiting = emit(value);
        if (waiting !== undefined) await waiting;
      }
    };

    const take = (item: T): Promise<void> | undefined => {
      running++;
      held++;
      const job = start(inner, item);
      if (ordered) results.trySend({ job });
      void followUp(job);
      return gate.until(hasRoom, inner);
    };

    const followUp = async (job: Job<R>): Promise<void> => {
      let value: R;
      try {
        value = await job;
      } catch {
        return; // The failure is the scope's, which ends the stage.
      }
      running--;
      if (!ordered) results.trySend({ value });
      gate.check();
    };

    await inner.run(async () => {
      inner.spawn(handOn, [], { name: `hand over of ${name}` });
      await up(inner, take);
      await gate.until(() => running === 0, inner);
      results.close();
    });
  };
}
