/**
 * Iterates over what an operation gives, time after time: the loop behind
 * `for await` over channels, subscriptions and watchers.
 *
 * Not an async generator: its `return` would queue behind a pending `next`. Here
 * `return` takes a pending `next` back, so that it can't swallow a value that
 * comes after the loop was left (law 38).
 */
import type { CancelNode } from "./cancel.js";
import { SELECTABLE, type Selectable } from "./select.js";
import { suspend } from "./wait-queue.js";

export class SelectableIterator<T> implements AsyncIterableIterator<T, undefined> {
  readonly #label: string;
  readonly #operation: Selectable<IteratorResult<T, undefined>>;
  readonly #cancel: CancelNode | undefined;
  /** Steps that wait: one, unless somebody calls `next` before the last has ended. */
  readonly #pending = new Set<() => void>();
  /** True once the loop was left. */
  #isOver = false;

  /** @param operation - `done` when there is nothing more, and from then on */
  constructor(label: string, operation: Selectable<IteratorResult<T, undefined>>, cancel: CancelNode | undefined) {
    this.#label = label;
    this.#operation = operation;
    this.#cancel = cancel;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#isOver) return { done: true, value: undefined };
    this.#cancel?.checkpoint();
    const now = this.#operation[SELECTABLE].attempt();
    return now === undefined ? this.#wait() : now.value;
  }

  async #wait(): Promise<IteratorResult<T, undefined>> {
    const { waiter, promise } = suspend<IteratorResult<T, undefined>>(this.#label, this.#cancel, undefined, () =>
      takeBack(),
    );
    const parked = this.#operation[SELECTABLE].park(
      (value) => waiter.resolve(value),
      (error) => waiter.reject(error),
    );
    const takeBack = (): void => {
      parked.leave();
      parked.left?.();
    };
    const end = (): void => {
      takeBack();
      waiter.resolve({ done: true, value: undefined });
    };
    this.#pending.add(end);
    try {
      return await promise;
    } finally {
      this.#pending.delete(end);
    }
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    this.#isOver = true;
    for (const end of this.#pending) end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
