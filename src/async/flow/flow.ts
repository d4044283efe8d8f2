/**
 * Flows: what is to be done with the items of a source, stage by stage, and in
 * what concurrency.
 *
 * Invariants, kept by every stage and tested for each
 * - Nothing starts before the flow is consumed, and each consumption starts anew.
 * - A consumption runs in a scope of its own; when it settles, nothing of it is
 *   left: jobs have ended, sources are closed, whether it was read to the end,
 *   left early, failed or was cancelled (law 38).
 * - Items are handed on, one at a time, when the next stage is ready for them;
 *   what a stage holds is bounded by a number that its documentation states
 *   (law 39).
 */
import { type Cancel, cancelNodeOf } from "../cancel.js";
import type { Channel } from "../channel.js";
import type { ScopedTask, Task } from "../executor.js";
import type { Scope } from "../scope.js";
import type { FlatMapOptions } from "./combine.js";
import type { BatchOptions } from "./gather.js";
import type { GroupByOptions } from "./group-by.js";
import type { MapOnOptions, MapOptions } from "./map.js";
import { Pipeline } from "./pipeline.js";
import type { RetrySchedule } from "../schedule.js";
import { type FlowSource, runOf } from "./source.js";
import type { ItemFunction } from "./stage.js";

/**
 * What is to be done with the items of a source, stage by stage.
 *
 * A flow is lazy and can be used again: each `for await` over it, and each of the
 * operations `run`, `forEach`, `reduce`, `toArray`, `first`, `count` and `into`,
 * reads its source anew.
 *
 * **Order** Items keep their order in every stage, except in `merge`, in `flatMap`
 * with a concurrency, and in `map` with `ordered: false`.
 *
 * **Read-ahead** A stage takes an item only when the one below is done with the
 * last. Beside that, `map` holds `concurrency + buffer` items; `merge` and a
 * concurrent `flatMap` one of each flow they read; `debounce` and `batch` with
 * `maxWaitMs` one.
 *
 * **Cancels** Leaving a `for await`, a failure in a stage and a cancellation each
 * cancel what runs in the consumption, close its sources, also while a `next()` of
 * theirs is pending, and wait until all of it has ended. What does not end in the
 * grace time of the scope is named in a `SKEIN_STUCK`.
 *
 * **Throws** The first failure ends the consumption and is thrown; if others fail
 * while they end, an `AggregateError` holds them all.
 *
 * **Threads** One thread only; `map` with `on` works elsewhere.
 *
 * @since 0.1.0
 */
export interface Flow<T> extends AsyncIterable<T> {
  /**
   * Replaces each item by what `fn` makes of it. `fn` gets the item and the scope
   * that its work belongs to.
   *
   * At most `concurrency` calls run at once, and at most `concurrency + buffer`
   * items have been taken and not handed on. The first call that fails cancels the
   * others and is waited for with them.
   *
   * With `on`, `fn` is a task that runs there with the item as its only argument.
   */
  map<R>(fn: ItemFunction<T, R>, options?: MapOptions & { readonly on?: undefined }): Flow<Awaited<R>>;
  map<R>(fn: Task<[item: T], R> | ScopedTask<[item: T], R>, options: MapOnOptions): Flow<Awaited<R>>;

  /** Keeps the items that pass the test. */
  filter<S extends T>(test: (item: T, scope: Scope) => item is S): Flow<S>;
  filter(test: ItemFunction<T, unknown>): Flow<T>;

  /** Replaces each item by the items of a source made from it: all of them in turn, or `concurrency` at once. */
  flatMap<R>(fn: ItemFunction<T, FlowSource<R>>, options?: FlatMapOptions): Flow<R>;

  /** Calls `look` with each item, waits for it, and passes the item on. */
  tap(look: ItemFunction<T, unknown>): Flow<T>;

  /** The first `count` items; then what is above is closed, without asking for one more. */
  take(count: number): Flow<T>;

  /** The items before the first that fails the test; then what is above is closed. */
  takeWhile(test: ItemFunction<T, unknown>): Flow<T>;

  /** The items after the first `count`. */
  drop(count: number): Flow<T>;

  /** Items, or items with a key, not seen before. Keeps every key until the end. */
  distinct(key?: ItemFunction<T, unknown>): Flow<T>;

  /** The states of a fold: one for each item, the initial one not among them. */
  scan<A>(fn: (state: A, item: T, scope: Scope) => A | PromiseLike<A>, initial: A): Flow<A>;

  /** Arrays of `size` items in turn; the last may be shorter. */
  batch(size: number, options?: BatchOptions): Flow<T[]>;

  /** Arrays of `size` neighbouring items, each beginning `step` items (1 if omitted) after the last. Full ones only. */
  window(size: number, step?: number): Flow<T[]>;

  /** Passes an item, then drops those that come within the next `ms` milliseconds. */
  throttle(ms: number): Flow<T>;

  /** Passes an item when no other has come for `ms` milliseconds; the last one always. */
  debounce(ms: number): Flow<T>;

  /**
   * A flow for each key, passed on when its first item comes; it ends when this
   * one does.
   *
   * Read the groups side by side, `flatMap(group => …, { concurrency: Infinity })`
   * or a job for each: a group that is read alone waits for items that can't come
   * until the next group is taken. A group holds `buffer` items; a full one holds
   * up the flow. Of a group that was left early, later items are dropped. A group
   * can be read once.
   *
   * If this flow fails, so does reading a group, with the same error; if it is
   * cancelled, or left early, with `SKEIN_CANCELLED`.
   */
  groupBy<K>(key: ItemFunction<T, K>, options?: GroupByOptions): Flow<FlowGroup<K, T>>;

  /** The items of this and the other sources as they come. */
  merge<U>(...others: FlowSource<U>[]): Flow<T | U>;

  /** Arrays of one item of each source; ends with the shortest. What was read of the others beyond that is lost. */
  zip<Others extends readonly unknown[]>(
    ...others: { readonly [Index in keyof Others]: FlowSource<Others[Index]> }
  ): Flow<[T, ...Others]>;

  /** The items of this, then those of each other source in turn. */
  concat<U>(...others: FlowSource<U>[]): Flow<T | U>;

  /**
   * Reads what is above anew, from its sources on, when it fails: at most once for
   * each delay of the schedule, after waiting that long. Items passed on before
   * the failure are not taken back, so they may come again. Failures below, and
   * cancellations, are passed on.
   *
   * To try one item again, use the option `retry` of `map`.
   */
  retry(schedule: RetrySchedule): Flow<T>;

  /** Reads to the end and drops the items. */
  run(cancel?: Cancel): Promise<void>;

  /** Calls `fn` with each item, one after the other. */
  forEach(fn: ItemFunction<T, unknown>, cancel?: Cancel): Promise<void>;

  /** Folds the items into one value. */
  reduce<A>(fn: (state: A, item: T, scope: Scope) => A | PromiseLike<A>, initial: A, cancel?: Cancel): Promise<A>;

  /** All items, in an array. */
  toArray(cancel?: Cancel): Promise<T[]>;

  /** The first item, or `undefined` of an empty flow; then what is above is closed. */
  first(cancel?: Cancel): Promise<T | undefined>;

  /** How many items there are. */
  count(cancel?: Cancel): Promise<number>;

  /**
   * Sends every item into a channel, then closes it. If the flow fails or is
   * cancelled the channel stays open: what was cut short must not look complete.
   *
   * **Throws** also `SKEIN_CLOSED` if somebody else closes the channel.
   */
  into(target: Channel<T>, cancel?: Cancel): Promise<void>;

  /** The items, for `for await (const item of flow.values(s))`. */
  values(cancel?: Cancel): AsyncIterableIterator<T>;

  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
}

/**
 * One group of `groupBy`.
 *
 * @since 0.1.0
 */
export interface FlowGroup<K, T> extends Flow<T> {
  readonly key: K;
}

/**
 * Makes a flow of the items of a source.
 *
 * Use it where items are worked on as they come. For an array of which all
 * results are wanted at once, jobs in a scope are simpler; for numbers in shared
 * arrays, use `parallel`.
 *
 * A flow over something that can be read once, such as a generator or a channel,
 * can be consumed once. Give a function to have the source made for each
 * consumption; it gets the scope of that consumption.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` if nothing can be read from `source`.
 *
 * **Cost** A stage that does not wait costs a function call an item, one that
 * waits two promises. Timers and I/O keep getting their turns: a flow that finds
 * everything ready pauses after 10 ms.
 *
 * @param cancel - the scope, or signal, that cancels each consumption for which
 *   none is given; stages put on this flow keep it
 *
 * @example
 * ```ts
 * const sizes = await flow(["a", "b", "c"])
 *   .map(async (name, s) => load(name, s.signal), { concurrency: 2 })
 *   .filter((text) => text !== "")
 *   .batch(10)
 *   .toArray();
 * report(sizes);
 * ```
 *
 * @since 0.1.0
 */
export function flow<T>(source: FlowSource<T>, cancel?: Cancel): Flow<T> {
  cancelNodeOf(cancel);
  return new Pipeline(runOf(source), cancel);
}
