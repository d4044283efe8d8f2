/**
 * Single flights: calls with the same key, made while one of them runs, share its
 * run.
 *
 * Invariants
 * - A run in `#flights` has callers, but for the turn in which it starts. The last
 *   one to leave takes it out and cancels it, so a newcomer never joins a run that
 *   is being cancelled.
 * - A run ends before its last caller does, so nothing goes on that nobody waits
 *   for (law 1).
 */
import { deadlockError } from "../core/deadlock.js";
import { type DeadlockError, MisuseError } from "../core/errors.js";
import { type Cancel, cancelNodeOf, type CancelNode, describeKind } from "./cancel.js";
import { isWithin, requireFunction, requireOptions } from "./guard.js";
import { type Scope, TaskScope } from "./scope.js";
import { WaitQueue } from "./wait-queue.js";

/** Counters of a single flight at one moment. */
export interface SingleFlightStatistics {
  /** Runs that callers can join. */
  readonly running: number;
  /** Callers that wait for one of them. */
  readonly waiting: number;
}

/** How a single flight is made. */
export interface SingleFlightOptions {
  /** How dumps, recordings and errors name it. */
  readonly name?: string;
}

/**
 * Runs a function at most once at a time for each key.
 *
 * Use it in front of work that many ask for at once, such as filling a cache.
 * Results are not kept: a call after the run has ended runs again. To keep one,
 * use `once`.
 *
 * **Threads** One thread only.
 *
 * @since 0.1.0
 */
export interface SingleFlight<Args extends readonly unknown[], Result> {
  readonly name: string;

  /**
   * Gives the result of the run for these arguments' key, and starts one if none
   * is on. All callers of a run get its result, or its error: the same object.
   *
   * **Cancels** A cancelled caller leaves alone. The last one to leave cancels the
   * run, and waits until it has ended; what the run then throws besides its
   * cancellation is thrown to that caller.
   *
   * **Throws** what the function throws; `SKEIN_CANCELLED`; `SKEIN_DEADLOCK` if
   * called under the scope of the very run that it would wait for.
   */
  run(args: Args, cancel?: Cancel): Promise<Result>;

  statistics(): SingleFlightStatistics;
}

/**
 * Makes a single flight of a function.
 *
 * @param fn - given a scope of its own, which no caller's cancellation reaches
 *   while another caller is left, and the first caller's arguments
 * @param keyOf - tells which calls ask for the same; keys are compared as a `Map` does
 *
 * @example
 * ```ts
 * const page = singleFlight((s, name: string) => load(name, s.signal), (name) => name);
 * await scope(async (s) => {
 *   const first = s.spawn(() => page.run(["a"], s));
 *   const second = s.spawn(() => page.run(["a"], s));
 *   console.log((await first) === (await second));
 * });
 * ```
 *
 * @since 0.1.0
 */
export function singleFlight<Args extends readonly unknown[], Result>(
  fn: (scope: Scope, ...args: Args) => Result,
  keyOf: (...args: Args) => unknown,
  options: SingleFlightOptions = {},
): SingleFlight<Args, Awaited<Result>> {
  requireFunction("singleFlight", fn);
  requireFunction("singleFlight's keyOf", keyOf);
  requireOptions("singleFlight", options);
  return new KeyedFlights(fn, keyOf, options.name ?? (fn.name === "" ? "singleFlight" : fn.name));
}

/** A caller that waits. */
interface Caller {
  /** True if it left and nobody was left. */
  isLast: boolean;
}

/** A run, and who waits for it. */
interface Flight<Result> {
  readonly scope: TaskScope;
  readonly callers: WaitQueue<Result, Caller>;
  /** Settles, without fail, when the run has ended: with what it threw, if that was not its cancellation. */
  ended: Promise<{ readonly error: unknown } | undefined>;
}

class KeyedFlights<Args extends readonly unknown[], Result> implements SingleFlight<Args, Awaited<Result>> {
  readonly name: string;
  readonly #fn: (scope: Scope, ...args: Args) => Result;
  readonly #keyOf: (...args: Args) => unknown;
  readonly #flights = new Map<unknown, Flight<Awaited<Result>>>();

  constructor(fn: (scope: Scope, ...args: Args) => Result, keyOf: (...args: Args) => unknown, name: string) {
    this.#fn = fn;
    this.#keyOf = keyOf;
    this.name = name;
  }

  async run(args: Args, cancel?: Cancel): Promise<Awaited<Result>> {
    const given: unknown = args;
    if (!Array.isArray(given)) {
      throw new MisuseError(
        "SKEIN_INVALID_ARGUMENT",
        `run of singleFlight "${this.name}" expected the arguments in an array, but ${describeKind(given)} came`,
      );
    }
    const node = cancelNodeOf(cancel);
    node?.checkpoint();
    const key = this.#keyOf(...args);
    const flight = this.#flights.get(key) ?? this.#start(key, args);
    if (isWithin(node, flight.scope)) throw this.#deadlock(node as CancelNode);
    const caller: Caller = { isLast: false };
    try {
      return await flight.callers.wait(node, caller);
    } catch (error) {
      const failure = caller.isLast ? await flight.ended : undefined;
      throw failure === undefined ? error : failure.error;
    }
  }

  statistics(): SingleFlightStatistics {
    let waiting = 0;
    for (const flight of this.#flights.values()) waiting += flight.callers.size;
    return { running: this.#flights.size, waiting };
  }

  #start(key: unknown, args: Args): Flight<Awaited<Result>> {
    const inner = new TaskScope(undefined, { name: this.#nameOf(key) });
    const callers = new WaitQueue<Awaited<Result>, Caller>(`singleFlight "${inner.name}"`, ({ payload }) => {
      if (callers.size > 0) return;
      payload.isLast = true;
      this.#forget(key, flight);
      inner.cancel(`all callers of singleFlight "${this.name}" have left`);
    });
    const flight: Flight<Awaited<Result>> = { scope: inner, callers, ended: Promise.resolve(undefined) };
    // Before the function runs: what it calls at once may ask for the same key.
    this.#flights.set(key, flight);
    flight.ended = inner
      .run((runScope) => this.#fn(runScope, ...args))
      .then(
        (value) => {
          this.#forget(key, flight);
          for (let caller = callers.claim(); caller !== undefined; caller = callers.claim()) caller.resolve(value);
          return undefined;
        },
        (error: unknown) => {
          this.#forget(key, flight);
          for (let caller = callers.claim(); caller !== undefined; caller = callers.claim()) caller.reject(error);
          return inner.isOwnCancellation(error) ? undefined : { error };
        },
      );
    return flight;
  }

  #forget(key: unknown, flight: Flight<Awaited<Result>>): void {
    // Another run for the key may have begun since this one was cancelled.
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }

  #nameOf(key: unknown): string {
    return typeof key === "string" || typeof key === "number" ? `${this.name} ${key}` : this.name;
  }

  #deadlock(node: CancelNode): DeadlockError {
    return deadlockError(
      `${node.kindName} waits for the run "${this.name}" inside that run, which ends after it: that would wait for ever. Ask for another key, or pass the value on inside the run`,
    );
  }
}
