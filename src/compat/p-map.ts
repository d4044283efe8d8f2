/**
 * The call shape of the package `p-map`.
 *
 * One job reads the input: it takes a place, reads an item, and spawns a job that
 * maps it and gives the place back. So no more is read than can be mapped at once
 * (law 39), and a million items are never a million jobs.
 */
import { cancelNodeOf, type CancelNode, describeKind } from "../async/cancel.js";
import { scope } from "../async/scope.js";
import { suspend } from "../async/wait-queue.js";
import { MisuseError } from "../core/errors.js";
import { reportToOwner } from "../core/report.js";
import { requireCount, requireFunction } from "./arguments.js";
import { Failures } from "./failures.js";
import { Gate } from "./gate.js";

/** Returned by a mapper: leave this item out of the result. */
export const pMapSkip: unique symbol = Symbol("pMapSkip");

/** Options of `pMap`. */
export interface MapOptions {
  /** How many mappers run at once: a whole number from 1 on; Infinity if omitted. */
  readonly concurrency?: number;
  /**
   * False: a failure stops nothing, and at the end all failures are thrown in an
   * `AggregateError`, in the order of the items. True if omitted.
   */
  readonly stopOnError?: boolean;
  /** Stops the mapping; it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Maps one item. */
export type Mapper<Input, Output> = (
  item: Input,
  index: number,
) => Output | typeof pMapSkip | PromiseLike<Output | typeof pMapSkip>;

/**
 * Maps the items of an iterable, sync or async, with limited concurrency, in the
 * call shape of the package `p-map`. Results are in the order of the items.
 *
 * For code that moves here as it is.
 *
 * **Cancels** With `signal`, and by the first failure: nothing more is read, the
 * source is closed, mappers that wait do not start. It rejects once those that run
 * have ended, because a mapper can't be stopped from outside.
 *
 * **Throws** the first failure of a mapper or of the source; later ones are
 * reported as warnings. `signal.reason`. `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * import { pMap } from "skein/compat";
 * const texts = await pMap(["a", "b", "c"], async (name) => load(name), { concurrency: 2 });
 * ```
 *
 * @since 0.1.0
 */
export async function pMap<Input, Output>(
  input: AsyncIterable<Input | PromiseLike<Input>> | Iterable<Input | PromiseLike<Input>>,
  mapper: Mapper<Input, Output>,
  options: MapOptions = {},
): Promise<Exclude<Output, typeof pMapSkip>[]> {
  requireFunction("the mapper", mapper);
  const concurrency = requireCount("concurrency", options.concurrency ?? Infinity);
  const { signal, stopOnError = true } = options;
  signal?.throwIfAborted();
  const iterator = iteratorOf(input);

  const results: (Output | typeof pMapSkip)[] = [];
  const failures = new Failures("pMap");
  const collected: { readonly index: number; readonly error: unknown }[] = [];
  let active = 0;
  const gate = new Gate("a place in pMap", () => {
    if (active >= concurrency) return false;
    active++;
    return true;
  });

  const mapOne = async (item: Input | PromiseLike<Input>, index: number): Promise<void> => {
    try {
      results[index] = await mapper(await item, index);
    } catch (error) {
      if (stopOnError) {
        failures.add(error);
        throw error;
      }
      collected.push({ index, error });
    } finally {
      active--;
      gate.turn();
    }
  };

  try {
    await scope(
      async (s) => {
        const node = cancelNodeOf(s) as CancelNode;
        const source = new Source(iterator);
        try {
          for (let index = 0; ; index++) {
            await gate.enter({ priority: 0 }, node);
            const item = await source.next(node);
            if (item === undefined) return;
            s.spawn(mapOne, [item.value, index], { name: `item ${index}` });
          }
        } catch (error) {
          if (!node.isOwnCancellation(error)) failures.add(error);
          throw error;
        } finally {
          await source.close();
        }
      },
      // Mappers were never told to end, so none is stuck that merely goes on.
      { name: "pMap", graceMs: Infinity },
      signal,
    );
  } catch (error) {
    failures.throwFirst();
    // As the platform does it: what was given to `abort`.
    if (signal?.aborted === true) throw signal.reason as unknown;
    throw error;
  }
  if (collected.length > 0) {
    throw new AggregateError(
      collected.toSorted((first, second) => first.index - second.index).map(({ error }) => error),
    );
  }
  return results.filter((result) => result !== pMapSkip) as Exclude<Output, typeof pMapSkip>[];
}

type AnyIterator<T> = Iterator<T> | AsyncIterator<T>;

function iteratorOf<T>(input: AsyncIterable<T> | Iterable<T>): AnyIterator<T> {
  const given = input as Partial<AsyncIterable<T> & Iterable<T>> | null | undefined;
  const iterator = given?.[Symbol.asyncIterator]?.() ?? given?.[Symbol.iterator]?.();
  if (iterator !== undefined) return iterator;
  throw new MisuseError("SKEIN_INVALID_ARGUMENT", `pMap expected something iterable, but ${describeKind(input)} came`);
}

/** An iterator whose reading can be cancelled and which is closed once. */
class Source<T> {
  readonly #iterator: AnyIterator<T>;
  #isReading = false;
  #isDone = false;

  constructor(iterator: AnyIterator<T>) {
    this.#iterator = iterator;
  }

  /** The next item in an object, or `undefined` at the end. */
  async next(node: CancelNode): Promise<{ readonly value: T } | undefined> {
    node.checkpoint();
    let step: IteratorResult<T> | PromiseLike<IteratorResult<T>>;
    try {
      step = this.#iterator.next();
      if ("then" in step) step = await this.#waitFor(step, node);
    } catch (error) {
      // An iterator that threw is closed; one whose reading was cut short is not.
      if (!node.isOwnCancellation(error)) this.#isDone = true;
      throw error;
    }
    if (step.done !== true) return { value: step.value };
    this.#isDone = true;
    return undefined;
  }

  async #waitFor(step: PromiseLike<IteratorResult<T>>, node: CancelNode): Promise<IteratorResult<T>> {
    const { waiter, promise } = suspend<IteratorResult<T>>("the next item of pMap", node, undefined);
    this.#isReading = true;
    const answered = (tell: () => void): void => {
      this.#isReading = false;
      tell();
    };
    // A foreign thenable may misbehave (settle twice, throw); a promise can't.
    void Promise.resolve(step).then(
      (result) => answered(() => waiter.resolve(result)),
      (error: unknown) => answered(() => waiter.reject(error)),
    );
    return promise;
  }

  async close(): Promise<void> {
    if (this.#isDone) return;
    this.#isDone = true;
    const closing = this.#iterator.return?.();
    if (closing === undefined || !("then" in closing)) return;
    // A generator answers `return` only after the `next` that is still pending,
    // which may be never: then the request alone must do (law 38).
    if (!this.#isReading) await closing;
    else
      closing.then(undefined, (error: unknown) => reportToOwner("the source of pMap failed when it was closed", error));
  }
}
