/** The flows themselves: stages put together, and the operations that run them. */
import { MisuseError } from "../../core/errors.js";
import { type Cancel, cancelNodeOf, describeKind } from "../cancel.js";
import type { Channel } from "../channel.js";
import { scope, type Scope, type TaskScope } from "../scope.js";
import { concat, flatMap, type FlatMapOptions, merge, zip } from "./combine.js";
import type { Flow, FlowGroup } from "./flow.js";
import { batch, type BatchOptions, scan, window } from "./gather.js";
import { groupBy, type GroupByOptions } from "./group-by.js";
import { FlowIterator } from "./hand-over.js";
import { map, type MapOnOptions, type MapOptions } from "./map.js";
import { distinct, drop, filter, take, takeWhile, tap } from "./pick.js";
import { retry } from "./retry.js";
import type { RetrySchedule } from "../schedule.js";
import { type FlowSource, Runnable, runOf } from "./source.js";
import { type Emit, type ItemFunction, requireFunction, type Run, stageName, whenReady } from "./stage.js";
import { debounce, throttle } from "./time.js";

export class Pipeline<T> extends Runnable<T> implements Flow<T> {
  readonly #cancel: Cancel | undefined;

  constructor(stages: Run<T>, cancel: Cancel | undefined) {
    super(stages);
    this.#cancel = cancel;
  }

  #stage<R>(run: Run<R>): Flow<R> {
    return new Pipeline(run, this.#cancel);
  }

  map<R>(fn: unknown, options: MapOptions | MapOnOptions = {}): Flow<Awaited<R>> {
    return this.#stage(map(this.stages, fn as ItemFunction<T, Awaited<R>>, options));
  }

  filter<S extends T>(test: ItemFunction<T, unknown>): Flow<S> {
    return this.#stage(filter(this.stages, test)) as Flow<unknown> as Flow<S>;
  }

  flatMap<R>(fn: ItemFunction<T, FlowSource<R>>, options: FlatMapOptions = {}): Flow<R> {
    return this.#stage(flatMap(this.stages, fn, options));
  }

  tap(look: ItemFunction<T, unknown>): Flow<T> {
    return this.#stage(tap(this.stages, look));
  }

  take(count: number): Flow<T> {
    return this.#stage(take(this.stages, count));
  }

  takeWhile(test: ItemFunction<T, unknown>): Flow<T> {
    return this.#stage(takeWhile(this.stages, test));
  }

  drop(count: number): Flow<T> {
    return this.#stage(drop(this.stages, count));
  }

  distinct(key?: ItemFunction<T, unknown>): Flow<T> {
    return this.#stage(distinct(this.stages, key));
  }

  scan<A>(fn: (state: A, item: T, scope: Scope) => A | PromiseLike<A>, initial: A): Flow<A> {
    return this.#stage(scan(this.stages, fn, initial));
  }

  batch(size: number, options: BatchOptions = {}): Flow<T[]> {
    return this.#stage(batch(this.stages, size, options));
  }

  window(size: number, step = 1): Flow<T[]> {
    return this.#stage(window(this.stages, size, step));
  }

  throttle(ms: number): Flow<T> {
    return this.#stage(throttle(this.stages, ms));
  }

  debounce(ms: number): Flow<T> {
    return this.#stage(debounce(this.stages, ms));
  }

  groupBy<K>(key: ItemFunction<T, K>, options: GroupByOptions = {}): Flow<FlowGroup<K, T>> {
    const makeGroup = (run: Run<T>, itemKey: K): FlowGroup<K, T> => new GroupPipeline(run, this.#cancel, itemKey);
    return this.#stage(groupBy(this.stages, key, options, makeGroup));
  }

  merge<U>(...others: FlowSource<U>[]): Flow<T | U> {
    return this.#stage(merge<T | U>([this.stages, ...others.map(runOf)] as Run<T | U>[]));
  }

  zip<Others extends readonly unknown[]>(...others: readonly FlowSource<unknown>[]): Flow<[T, ...Others]> {
    return this.#stage(zip([this.stages as Run<unknown>, ...others.map(runOf)])) as Flow<unknown> as Flow<
      [T, ...Others]
    >;
  }

  concat<U>(...others: FlowSource<U>[]): Flow<T | U> {
    return this.#stage(concat<T | U>([this.stages, ...others.map(runOf)] as Run<T | U>[]));
  }

  retry(schedule: RetrySchedule): Flow<T> {
    return this.#stage(retry(this.stages, schedule));
  }

  async run(cancel?: Cancel): Promise<void> {
    await this.#consume(() => () => undefined, cancel);
  }

  async forEach(fn: ItemFunction<T, unknown>, cancel?: Cancel): Promise<void> {
    requireFunction("forEach", fn);
    const name = stageName("forEach", fn);
    await this.#consume((own) => (item) => whenReady(own, name, fn(item, own), () => undefined), cancel);
  }

  async reduce<A>(
    fn: (state: A, item: T, scope: Scope) => A | PromiseLike<A>,
    initial: A,
    cancel?: Cancel,
  ): Promise<A> {
    requireFunction("reduce", fn);
    let state = initial;
    const keep = (next: A): undefined => {
      state = next;
    };
    const name = stageName("reduce", fn);
    await this.#consume((own) => (item) => whenReady(own, name, fn(state, item, own), keep), cancel);
    return state;
  }

  async toArray(cancel?: Cancel): Promise<T[]> {
    const items: T[] = [];
    const keep = (item: T): undefined => {
      items.push(item);
    };
    await this.#consume(() => keep, cancel);
    return items;
  }

  async first(cancel?: Cancel): Promise<T | undefined> {
    const [item] = await new Pipeline(take(this.stages, 1), this.#cancel).toArray(cancel);
    return item;
  }

  async count(cancel?: Cancel): Promise<number> {
    let count = 0;
    const keep = (): undefined => {
      count++;
    };
    await this.#consume(() => keep, cancel);
    return count;
  }

  async into(target: Channel<T>, cancel?: Cancel): Promise<void> {
    if (typeof target !== "object" || target === null || typeof target.send !== "function") {
      throw new MisuseError("SKEIN_INVALID_ARGUMENT", `into expected a channel, but ${describeKind(target)} came`);
    }
    await this.#consume((own) => (item) => target.send(item, own), cancel);
    target.close();
  }

  values(cancel?: Cancel): AsyncIterableIterator<T> {
    const used = cancel ?? this.#cancel;
    cancelNodeOf(used); // a mistake is reported here, not at the first item
    return new FlowIterator(this.stages, used);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.values();
  }

  async #consume(receiver: (own: TaskScope) => Emit<T>, cancel: Cancel | undefined): Promise<void> {
    const body = (own: Scope): Promise<void> => this.stages(own as TaskScope, receiver(own as TaskScope));
    await scope(body, { name: "flow" }, cancel ?? this.#cancel);
  }
}

class GroupPipeline<K, T> extends Pipeline<T> implements FlowGroup<K, T> {
  readonly key: K;

  constructor(run: Run<T>, cancel: Cancel | undefined, key: K) {
    super(run, cancel);
    this.key = key;
  }
}
