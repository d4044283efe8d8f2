/**
 * Watches: a value that changes, of which only the latest counts.
 *
 * Invariants
 * - Each setting raises the version. A watcher knows the version that it was given
 *   last, so it can tell whether it has missed something without having been
 *   waiting when it came: no wake-up is lost (law 25).
 * - Whoever waits has been given the latest version; closed implies that nobody
 *   waits.
 */
import { ClosedError } from "../core/errors.js";
import { type Cancel, cancelNodeOf, type CancelNode } from "./cancel.js";
import { requireFunction, requireOptions } from "./guard.js";
import { SELECTABLE, type Selectable } from "./select.js";
import { SelectableIterator } from "./selectable-iterator.js";
import { WaitQueue } from "./wait-queue.js";

/**
 * How a watch is made.
 *
 * @since 0.1.0
 */
export interface WatchOptions {
  /** How dumps, recordings and errors name the watch. */
  readonly name?: string;
}

/** Counters of a watch at one moment. */
export interface WatchStatistics {
  /** How often it was set since it was made. */
  readonly changes: number;
  /** Callers that wait for the next change. */
  readonly waiting: number;
  readonly isClosed: boolean;
}

/**
 * A value that changes, and that jobs can follow at their own pace.
 *
 * Use it for state: a configuration, a progress, a connection's condition. Values
 * that are set while a watcher is busy are skipped, but the last never is. Where
 * each value counts use a broadcast.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface Watch<T> {
  readonly name: string;
  /** The latest value; it stays after closing. */
  readonly value: T;
  readonly isClosed: boolean;

  /** Sets the value and tells all who wait. An equal value counts as a change. Throws `SKEIN_CLOSED` if it is closed. */
  set(value: T): void;

  /** Sets the value to what `change` makes of the latest. Throws as `set` does, and what `change` throws. */
  update(change: (latest: T) => T): void;

  /** Someone to follow it, who has not been given any value yet. It need not be closed. */
  watcher(): Watcher<T>;

  /** Says that the value will not change any more. Watchers are given the last one, then end. Closing again does nothing. */
  close(): void;

  statistics(): WatchStatistics;
}

/**
 * One who follows a watch, and knows which value it was given last.
 *
 * @since 0.1.0
 */
export interface Watcher<T> extends AsyncIterable<T> {
  /** True if there is a value that it was not given yet. */
  readonly hasChanged: boolean;
  /** True once the value will not change any more; the last may still have to be given. */
  readonly isClosed: boolean;

  /**
   * Waits for a value that it was not given yet, and gives the latest. The first
   * call gives the value at that moment.
   *
   * **Cancels** Nothing was given: the next call gives it.
   *
   * **Throws** `SKEIN_CLOSED` once the watch is closed and its last value was given.
   * `SKEIN_CANCELLED`.
   */
  changed(cancel?: Cancel): Promise<T>;

  /** The latest value in an object, if it was not given yet; never waits. */
  tryChanged(): { readonly value: T } | undefined;

  /** The change as a case of `select`: `done` once the watch is closed and its last value was given. */
  changing(): Selectable<IteratorResult<T, undefined>>;

  /** Gives the latest value, time after time, until the watch is closed and its last value was given. */
  values(cancel?: Cancel): AsyncIterableIterator<T>;
}

/**
 * Makes a watch.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * **Cost** Setting it is O(watchers that wait); a watcher that does not wait costs
 * nothing.
 *
 * @param cancel - the scope, or signal, that cancels each wait for which none is given
 *
 * @example
 * ```ts
 * await scope(async (s) => {
 *   const percent = watch(0);
 *   s.spawn(async () => {
 *     for await (const done of percent.watcher()) console.log(`${done} %`);
 *   });
 *   for (const done of [25, 50, 100]) {
 *     await sleep(1, s);
 *     percent.set(done);
 *   }
 *   percent.close();
 * });
 * ```
 *
 * @since 0.1.0
 */
export function watch<T>(initial: T, options: WatchOptions = {}, cancel?: Cancel): Watch<T> {
  requireOptions("watch", options);
  return new VersionedWatch(initial, options.name ?? "watch", cancelNodeOf(cancel));
}

class VersionedWatch<T> implements Watch<T> {
  readonly name: string;
  readonly cancel: CancelNode | undefined;
  /** Each with the watcher that waits. */
  readonly waiting: WaitQueue<T, VersionWatcher<T>>;
  value: T;
  version = 1;
  isClosed = false;

  constructor(initial: T, name: string, cancel: CancelNode | undefined) {
    this.value = initial;
    this.name = name;
    this.cancel = cancel;
    this.waiting = new WaitQueue(`change of watch "${name}"`);
  }

  set(value: T): void {
    if (this.isClosed) throw this.closedError();
    this.value = value;
    this.version++;
    for (let waiter = this.waiting.claim(); waiter !== undefined; waiter = this.waiting.claim()) {
      waiter.payload.seen = this.version;
      waiter.resolve(value);
    }
  }

  update(change: (latest: T) => T): void {
    requireFunction("update", change);
    if (this.isClosed) throw this.closedError();
    this.set(change(this.value));
  }

  watcher(): Watcher<T> {
    return new VersionWatcher(this);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    // They have been given the last value.
    for (let waiter = this.waiting.claim(); waiter !== undefined; waiter = this.waiting.claim()) {
      waiter.reject(this.closedError());
    }
  }

  closedError(): ClosedError {
    return new ClosedError(`watch "${this.name}" is closed`);
  }

  statistics(): WatchStatistics {
    return { changes: this.version - 1, waiting: this.waiting.size, isClosed: this.isClosed };
  }
}

class VersionWatcher<T> implements Watcher<T> {
  /** The version given last. */
  seen = 0;
  readonly #watch: VersionedWatch<T>;

  constructor(watched: VersionedWatch<T>) {
    this.#watch = watched;
  }

  get hasChanged(): boolean {
    return this.seen !== this.#watch.version;
  }

  get isClosed(): boolean {
    return this.#watch.isClosed;
  }

  tryChanged(): { readonly value: T } | undefined {
    if (!this.hasChanged) return undefined;
    this.seen = this.#watch.version;
    return { value: this.#watch.value };
  }

  async changed(cancel?: Cancel): Promise<T> {
    const node = cancelNodeOf(cancel) ?? this.#watch.cancel;
    node?.checkpoint();
    const latest = this.tryChanged();
    if (latest !== undefined) return latest.value;
    if (this.isClosed) throw this.#watch.closedError();
    return this.#watch.waiting.wait(node, this);
  }

  changing(): Selectable<IteratorResult<T, undefined>> {
    return {
      [SELECTABLE]: {
        attempt: () => {
          const latest = this.tryChanged();
          if (latest !== undefined) return { value: { done: false, value: latest.value } };
          return this.isClosed ? { value: { done: true, value: undefined } } : undefined;
        },
        park: (won) =>
          this.#watch.waiting.park(
            this,
            (value) => won({ done: false, value }),
            () => won({ done: true, value: undefined }),
          ),
      },
    };
  }

  values(cancel?: Cancel): AsyncIterableIterator<T> {
    const node = cancelNodeOf(cancel) ?? this.#watch.cancel;
    return new SelectableIterator(`change of watch "${this.#watch.name}"`, this.changing(), node);
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this.values();
  }
}
