/**
 * Sources that count how often they were opened and closed. A source has ended if
 * it gave its end or its error; else it must be closed by exactly one `return()`.
 */
import { sleep } from "skein";

/** How a source behaves. */
export type SourceKind = "sync" | "generator" | "async" | "async generator" | "timed" | "silent" | "no return";

export const SOURCE_KINDS: readonly SourceKind[] = [
  "sync",
  "generator",
  "async",
  "async generator",
  "timed",
  "silent",
  "no return",
];

interface Step<T> {
  readonly done: boolean;
  readonly value: T;
}

export class TrackedSource<T> {
  readonly kind: SourceKind;
  readonly items: readonly T[];
  /** Thrown instead of the item with this index. */
  readonly failAt: number;
  opened = 0;
  /** Gave their end, or failed, by themselves. */
  ended = 0;
  /** Were closed by `return()`, or by the `finally` of a generator. */
  closed = 0;
  /** Items asked for. */
  pulled = 0;

  constructor(kind: SourceKind, items: readonly T[], failAt = -1) {
    this.kind = kind;
    this.items = items;
    this.failAt = failAt;
  }

  /** What a flow reads; each reading opens the source anew. */
  readonly open = (): Iterable<T> | AsyncIterable<T> => {
    switch (this.kind) {
      case "sync":
        return { [Symbol.iterator]: () => this.#sync() };
      case "generator":
        return this.#generator();
      case "async generator":
        return this.#asyncGenerator();
      default:
        return { [Symbol.asyncIterator]: () => this.#async() };
    }
  };

  /** Readings that have neither ended nor been closed. */
  get unclosed(): number {
    // Nothing can close one without `return`, so nobody has to.
    if (this.kind === "no return") return 0;
    return this.opened - this.ended - this.closed;
  }

  #step(index: number): Step<T> {
    this.pulled++;
    if (index === this.failAt) {
      this.ended++;
      throw new Error(`item ${index} failed`);
    }
    if (index < this.items.length) return { done: false, value: this.items[index] as T };
    this.ended++;
    return { done: true, value: undefined as T };
  }

  #sync(): Iterator<T> {
    this.opened++;
    let index = 0;
    return {
      next: () => this.#step(index++) as IteratorResult<T>,
      return: () => {
        this.closed++;
        return { done: true, value: undefined };
      },
    };
  }

  *#generator(): Generator<T> {
    this.opened++;
    let isOver = false;
    try {
      for (let index = 0; ; index++) {
        isOver = true;
        const step = this.#step(index);
        isOver = step.done;
        if (isOver) return;
        yield step.value;
      }
    } finally {
      if (!isOver) this.closed++;
    }
  }

  async *#asyncGenerator(): AsyncGenerator<T> {
    this.opened++;
    let isOver = false;
    try {
      for (let index = 0; ; index++) {
        isOver = true;
        const step = this.#step(index);
        isOver = step.done;
        if (isOver) return;
        yield step.value;
        await Promise.resolve();
      }
    } finally {
      if (!isOver) this.closed++;
    }
  }

  #async(): AsyncIterator<T> {
    this.opened++;
    let index = 0;
    let isOver = false;
    const closing = new AbortController();
    const iterator: AsyncIterator<T> = {
      next: async () => {
        if (this.kind === "timed") await sleep(3, closing.signal);
        // After its items it is silent: a `next()` that only `return()` ends.
        if (this.kind === "silent" && index === this.items.length) {
          this.pulled++;
          return new Promise(() => undefined);
        }
        isOver = true;
        const step = this.#step(index++);
        isOver = step.done;
        return step as IteratorResult<T>;
      },
      return: async () => {
        // Who closes it while a `next()` is pending can't know that it is the last.
        if (!isOver) this.closed++;
        isOver = false; // a second closing counts in any case
        closing.abort();
        await Promise.resolve();
        return { done: true, value: undefined };
      },
    };
    if (this.kind === "no return") delete iterator.return;
    return iterator;
  }
}
