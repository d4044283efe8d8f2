/**
 * Sources: whatever items can be read from, as the first stage of a flow.
 *
 * Invariants
 * - An iterator that has given its end, or thrown, is not touched again. Any
 *   other is closed by one `return()`: at its scope's cancellation, within the
 *   same turn's promise jobs and even while its `next()` is pending, or when
 *   those below have failed (law 38).
 * - The run of a source ends after its closing has. A closing that does not end
 *   is given the grace time, then abandoned and named.
 */
import { MisuseError, ClosedError, suppressed } from "../../core/errors.js";
import { CancelListener, type CancelNode, describeKind } from "../cancel.js";
import type { Channel } from "../channel.js";
import { pauseIfDue } from "../pause.js";
import type { Scope, TaskScope } from "../scope.js";
import { suspend } from "../wait-queue.js";
import { isReadable, isWebReadable, readableIterator, webIterator } from "./stream-sources.js";
import { type Emit, isThenable, type Run } from "./stage.js";

/**
 * What a flow can read from: an iterable or async iterable, another flow, a
 * channel, a stream of the web or of Node, or a function that makes one of these
 * for each consumption.
 *
 * @since 0.1.0
 */
export type FlowSource<T> =
  | Iterable<T | PromiseLike<T>>
  | AsyncIterable<T>
  | ReadableStream<T>
  | ((scope: Scope) => Iterable<T | PromiseLike<T>> | AsyncIterable<T> | ReadableStream<T>);

/** What has a run already: a flow. One of another copy of the library is an async iterable like any other. */
export class Runnable<T> {
  readonly stages: Run<T>;

  constructor(stages: Run<T>) {
    this.stages = stages;
  }
}

/** The run that reads `source`. */
export function runOf<T>(source: FlowSource<T>): Run<T> {
  const kind = runOfKind(source);
  if (kind !== undefined) return kind;
  if (typeof source === "function") {
    return async (scope, emit) => runOf(source(scope) as FlowSource<T>)(scope, emit);
  }
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `a flow reads from an iterable, an async iterable, a channel, a stream, or a function that makes one, but ${describeKind(source)} came`,
  );
}

function runOfKind<T>(source: FlowSource<T>): Run<T> | undefined {
  if ((typeof source !== "object" && typeof source !== "string") || source === null) return undefined;
  if (typeof source === "object") {
    if (source instanceof Runnable) return source.stages as Run<T>;
    if (isChannel(source)) return (scope, emit) => runChannel(source as Channel<T>, scope, emit);
    if (isWebReadable(source)) return fromIterator(source, () => webIterator(source));
    if (isReadable(source)) return fromIterator(source, () => readableIterator(source) as AsyncIterator<T>);
    if (Symbol.asyncIterator in source) return fromIterator(source, () => source[Symbol.asyncIterator]());
  }
  if (typeof source === "string" || Symbol.iterator in source) {
    return (scope, emit) => runIterable(source as Iterable<T | PromiseLike<T>>, scope, emit);
  }
  return undefined;
}

function isChannel(source: object): boolean {
  return "receive" in source && typeof source.receive === "function" && "isClosed" in source;
}

function fromIterator<T>(source: object, make: () => AsyncIterator<T>): Run<T> {
  return (scope, emit) => runIterator(`source ${source.constructor?.name ?? "object"}`, make, scope, emit);
}

/** Reads what `make` gives, with the care that a hand-written iterator needs. */
export async function runIterator<T>(
  name: string,
  make: () => AsyncIterator<T>,
  scope: TaskScope,
  emit: Emit<T>,
): Promise<void> {
  // A scope of its own, so that a source that can't be closed is named by it.
  const node = scope.open({ name });
  await node.run(async () => {
    node.checkpoint();
    const iterator = make();
    const reader = new Reader(node, iterator);
    try {
      for (;;) {
        node.checkpoint();
        const pause = pauseIfDue(node);
        if (pause !== undefined) await pause;
        const step = await reader.pull();
        if (step.done === true) return;
        const waiting = emit(step.value);
        if (waiting !== undefined) await waiting;
      }
    } catch (error) {
      // As a cleanup of this scope: it has the grace time, and its failure does
      // not hide this one.
      node.defer(() => reader.close());
      throw error;
    }
  });
}

async function runIterable<T>(source: Iterable<T | PromiseLike<T>>, scope: TaskScope, emit: Emit<T>): Promise<void> {
  scope.checkpoint();
  const reader = new Reader(scope, source[Symbol.iterator]());
  try {
    for (;;) {
      scope.checkpoint();
      const pause = pauseIfDue(scope);
      if (pause !== undefined) await pause;
      const step = reader.pullSync();
      if (step.done === true) return;
      const item = isThenable(step.value) ? await reader.ready(step.value) : step.value;
      const waiting = emit(item);
      if (waiting !== undefined) await waiting;
    }
  } catch (error) {
    try {
      await reader.close();
    } catch (closeError) {
      if (scope.isOwnCancellation(error)) throw closeError;
      throw suppressed(closeError, error, "closing the source of a flow failed too");
    }
    throw error;
  }
}

async function runChannel<T>(source: Channel<T>, scope: TaskScope, emit: Emit<T>): Promise<void> {
  for (;;) {
    const pause = pauseIfDue(scope);
    if (pause !== undefined) await pause;
    // The channel's own wait, not one around it: then a value is received or the
    // wait is cancelled, never both (law 10).
    const received = await receiveOrEnd(source, scope);
    if (received === undefined) return;
    const waiting = emit(received.value);
    if (waiting !== undefined) await waiting;
  }
}

/** The next value, in an object; `undefined` once the channel is closed and drained. */
export async function receiveOrEnd<T>(
  source: Channel<T>,
  scope: TaskScope,
): Promise<{ readonly value: T } | undefined> {
  try {
    return { value: await source.receive(scope) };
  } catch (error) {
    if (error instanceof ClosedError && source.isClosed) return undefined;
    throw error;
  }
}

/** One iterator being read: closes it once, however its end comes. */
class Reader<T> extends CancelListener {
  readonly #node: CancelNode;
  readonly #iterator: Iterator<T> | AsyncIterator<T>;
  /** True once the iterator must not be touched again. */
  #isOver = false;
  #pending: Promise<unknown> | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;

  constructor(node: CancelNode, iterator: Iterator<T> | AsyncIterator<T>) {
    super();
    this.#node = node;
    this.#iterator = iterator;
    // Making the iterator ran code that may have cancelled the scope.
    if (!node.isCancelled) node.listen(this);
  }

  override onCancel(): void {
    // Not now: the canceller may be the iterator's own code, and a generator that
    // runs can't be closed.
    queueMicrotask(() => {
      // Whoever ran the iterator awaits the closing and is told of its failure.
      this.close().catch(() => undefined);
    });
  }

  pullSync(): IteratorResult<T> {
    try {
      const step = (this.#iterator as Iterator<T>).next();
      if (step.done === true) this.#end();
      return step;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async pull(): Promise<IteratorResult<T>> {
    let given: Promise<IteratorResult<T>>;
    try {
      given = (this.#iterator as AsyncIterator<T>).next();
    } catch (error) {
      this.#end();
      throw error;
    }
    const settled = Promise.resolve(given);
    this.#pending = settled;
    const step = await this.ready(settled, () => this.#end());
    this.#pending = undefined;
    if (typeof step !== "object" || step === null) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `next() of a source must give a promise of an object, but ${describeKind(step)} came`,
      );
    }
    if (step.done === true) this.#end();
    return step;
  }

  /** Awaits what the source gave; a cancellation cuts the wait short. */
  async ready<V>(given: PromiseLike<V>, onError?: () => void): Promise<V> {
    // If the code that gave it cancelled the scope, the listener has been told,
    // and a wait that began now would not be.
    const { waiter, promise } = this.#node.isCancelled
      ? { waiter: undefined, promise: undefined }
      : suspend<V>("the next item of its source", this.#node, undefined);
    given.then(
      (value) => waiter?.resolve(value),
      (error: unknown) => {
        onError?.();
        waiter?.reject(error);
      },
    );
    this.#node.checkpoint();
    return promise as Promise<V>;
  }

  #end(): void {
    this.#isOver = true;
    this.stopListening();
  }

  /** Closes the iterator unless it is over, and waits until it is closed; the same closing for all who call. */
  async close(): Promise<void> {
    if (!this.#isOver) {
      this.#end();
      this.#closing = this.#callReturn();
    }
    await this.#closing;
  }

  async #callReturn(): Promise<void> {
    if (typeof this.#iterator.return === "function") {
      await this.#iterator.return();
      return;
    }
    // It can't be told to stop, so what it does now is waited for (law 16).
    try {
      await this.#pending;
    } catch {}
  }
}
