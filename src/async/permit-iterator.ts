/** An iterator each of whose steps holds a permit of a semaphore. */
import { MisuseError } from "../core/errors.js";
import { type Cancel, describeKind } from "./cancel.js";

/** The part of a semaphore that is used here. */
interface Permits {
  with<Result>(fn: () => Result, cancel?: Cancel): Promise<Awaited<Result>>;
}

export class PermitIterator<T> implements AsyncIterableIterator<T> {
  readonly #permits: Permits;
  readonly #next: () => Promise<IteratorResult<T>>;
  readonly #return: () => unknown;
  readonly #cancel: Cancel | undefined;
  #isOver = false;

  constructor(permits: Permits, source: AsyncIterable<T> | Iterable<T | PromiseLike<T>>, cancel: Cancel | undefined) {
    this.#permits = permits;
    this.#cancel = cancel;
    const given = source as Partial<AsyncIterable<T> & Iterable<T | PromiseLike<T>>> | null | undefined;
    const asyncIterator = given?.[Symbol.asyncIterator]?.();
    const iterator = asyncIterator === undefined ? given?.[Symbol.iterator]?.() : undefined;
    if (asyncIterator !== undefined) {
      this.#next = () => asyncIterator.next();
      this.#return = () => asyncIterator.return?.();
    } else if (iterator !== undefined) {
      this.#next = () => awaitedStep(iterator);
      this.#return = () => iterator.return?.();
    } else {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `wrapIterator expected an iterable or an async iterable, but ${describeKind(source)} came`,
      );
    }
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    if (this.#isOver) return { done: true, value: undefined };
    return this.#permits.with(() => this.#step(), this.#cancel);
  }

  async #step(): Promise<IteratorResult<T, undefined>> {
    // Another step, or `return`, may have ended it while this one waited.
    if (this.#isOver) return { done: true, value: undefined };
    try {
      const result = await this.#next();
      if (result.done !== true) return result;
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
    this.#isOver = true;
    return { done: true, value: undefined };
  }

  // Without a permit, and not behind a pending `next`: who leaves the loop wants
  // the source closed now.
  async return(): Promise<IteratorResult<T, undefined>> {
    if (!this.#isOver) {
      this.#isOver = true;
      await this.#return();
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return this;
  }
}

async function awaitedStep<T>(iterator: Iterator<T | PromiseLike<T>>): Promise<IteratorResult<T>> {
  const result = iterator.next();
  if (result.done === true) return { done: true, value: undefined };
  try {
    return { done: false, value: await result.value };
  } catch (error) {
    // The iterator doesn't know that a promise it gave has failed.
    iterator.return?.();
    throw error;
  }
}
