/**
 * The call shape of the package `p-limit`.
 *
 * Invariant: `active` counts the functions that were let in and have not ended;
 * the gate's waits are the others. Whoever ends gives its place to the gate in
 * the same turn.
 */
import { CancelNode, describeKind } from "../async/cancel.js";
import { CancelledError, MisuseError } from "../core/errors.js";
import { requireCount, requireFunction } from "./arguments.js";
import { Failures } from "./failures.js";
import { Gate } from "./gate.js";

/** Options of `pLimit`. */
export interface LimitOptions {
  /** How many may run at once: a whole number from 1 on, or Infinity. */
  readonly concurrency: number;
  /** Accepted and without effect: what `clearQueue` discards always rejects. */
  readonly rejectOnClear?: boolean;
}

/** What `pLimit` gives: call it with a function to run that within the limit. */
export interface LimitFunction {
  /** Runs `fn(...args)` once there is a place, and gives its outcome. */
  <Args extends unknown[], Result>(fn: (...args: Args) => PromiseLike<Result> | Result, ...args: Args): Promise<Result>;
  /** How many run now. */
  readonly activeCount: number;
  /** How many wait for a place. */
  readonly pendingCount: number;
  /** How many may run at once; raising it lets waiting ones in at once. */
  concurrency: number;
  /** Discards what waits: each of those calls rejects with `CancelledError`. */
  clearQueue(): void;
  /**
   * Runs `mapper(item, index)` for each item within the limit.
   *
   * The first failure discards what this call has waiting. It rejects with that
   * failure once those of its mappers that run have ended.
   */
  map<Input, Result>(
    items: Iterable<Input>,
    mapper: (item: Input, index: number) => PromiseLike<Result> | Result,
  ): Promise<Result[]>;
}

/**
 * Limits how many asynchronous functions run at once, in the call shape of the
 * package `p-limit`.
 *
 * For code that moves here as it is. In new code a scope with a semaphore says the
 * same and can be cancelled.
 *
 * **Fairness** Calls start in the order in which they were made.
 *
 * **Cancels** `clearQueue()` rejects what waits with `SKEIN_CANCELLED`; what runs
 * goes on.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`.
 *
 * @example
 * ```ts
 * import { pLimit } from "skein/compat";
 * const limit = pLimit(2);
 * const [a, b] = await Promise.all([limit(() => load("a")), limit(load, "b")]);
 * ```
 *
 * @since 0.1.0
 */
export function pLimit(options: number | LimitOptions): LimitFunction {
  let concurrency = concurrencyOf("pLimit", options);
  let active = 0;
  const gate = new Gate("a place in pLimit", () => {
    if (active >= concurrency) return false;
    active++;
    return true;
  });

  async function run<Args extends unknown[], Result>(
    node: CancelNode | undefined,
    fn: (...args: Args) => PromiseLike<Result> | Result,
    args: Args,
  ): Promise<Awaited<Result>> {
    requireFunction("what pLimit runs", fn);
    await gate.enter({ priority: 0 }, node);
    try {
      node?.checkpoint(); // it may have been cancelled since it was let in
      return await fn(...args);
    } finally {
      active--;
      gate.turn();
    }
  }

  async function map<Input, Result>(
    items: Iterable<Input>,
    mapper: (item: Input, index: number) => PromiseLike<Result> | Result,
  ): Promise<Result[]> {
    requireFunction("the mapper", mapper);
    const node = new CancelNode("limit.map", undefined);
    const failures = new Failures("limit.map");
    const fail = (error: unknown): void => {
      if (node.isOwnCancellation(error)) return;
      failures.add(error);
      node.cancelTree(error);
    };
    const results: Result[] = [];
    const running: Promise<void>[] = [];
    const runOne = async (item: Input, index: number): Promise<void> => {
      try {
        results[index] = await run(node, mapper, [item, index]);
      } catch (error) {
        fail(error);
      }
    };
    try {
      for (const item of items) running.push(runOne(item, running.length));
    } catch (error) {
      fail(error);
    }
    await Promise.all(running);
    failures.throwFirst();
    return results;
  }

  const limit = (fn: (...args: unknown[]) => unknown, ...args: unknown[]): Promise<unknown> => run(undefined, fn, args);
  Object.defineProperties(limit, {
    activeCount: { get: () => active },
    pendingCount: { get: () => gate.size },
    concurrency: {
      get: () => concurrency,
      set(value: unknown) {
        concurrency = requireCount("concurrency", value);
        gate.turn();
      },
    },
    clearQueue: {
      value() {
        gate.clear(() => new CancelledError("discarded by clearQueue() before it started"));
      },
    },
    map: { value: map },
  });
  return limit as unknown as LimitFunction;
}

/**
 * Gives `fn` with a limit of its own on how many of its calls run at once.
 *
 * @example
 * ```ts
 * import { limitFunction } from "skein/compat";
 * const loadOne = limitFunction(load, { concurrency: 1 });
 * await Promise.all(["a", "b"].map((name) => loadOne(name)));
 * ```
 *
 * @since 0.1.0
 */
export function limitFunction<Args extends unknown[], Result>(
  fn: (...args: Args) => PromiseLike<Result>,
  options: LimitOptions,
): ((...args: Args) => Promise<Result>) & Pick<LimitFunction, "clearQueue"> {
  requireFunction("what limitFunction limits", fn);
  const limit = pLimit(options);
  const limited = async (...args: Args): Promise<Result> => limit<Args, Result>(fn, ...args);
  return Object.assign(limited, { clearQueue: () => limit.clearQueue() });
}

function concurrencyOf(who: string, options: number | LimitOptions): number {
  if (typeof options === "object" && options !== null) return requireCount("concurrency", options.concurrency);
  if (typeof options === "number") return requireCount("concurrency", options);
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${who} expected a concurrency, as a number or as { concurrency }, but ${describeKind(options)} came`,
  );
}
