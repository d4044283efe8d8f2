/**
 * What of a call's arguments stays on the pool's thread and is reached from the job:
 * functions to call, and signals to follow. And values of async context, which a job
 * takes along.
 *
 * A call that has any begins its values with a header, which says where they stand.
 */
import { describeKind } from "../async/cancel.js";
import { MisuseError } from "../core/errors.js";
import { encodeThrown, type EncodedValue } from "./error-codec.js";

const CALLBACK: unique symbol = Symbol.for("skein.callback") as never;

/** A function that jobs on other threads may call. */
export type Callback<Args extends readonly unknown[], Result> = (...args: Args) => Promise<Awaited<Result>>;

/**
 * Makes a function that can be passed to a task, as an argument itself: wherever the
 * job runs, a call runs `fn` here, and gives a promise of its result there. For
 * progress, questions back, and whatever only this thread can do.
 *
 * Calls of one job run in order. A job that does not await a call goes on at once; if
 * `fn` then fails, that is reported as a warning. The job ends when all its calls have
 * been answered; later calls fail with `SKEIN_CLOSED`.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` for what is no function.
 *
 * @example
 * ```ts
 * export const importRows = task(function importRows(rows: readonly string[], tell: (count: number) => unknown) {
 *   for (let count = 1; count <= rows.length; count++) void tell(count);
 * });
 * main(async () => {
 *   const counts: number[] = [];
 *   await threads().run(importRows, [["a", "b"], callback((count: number) => counts.push(count))]);
 *   console.log(counts); // [ 1, 2 ]
 * });
 * ```
 *
 * @since 0.1.0
 */
export function callback<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
): Callback<Args, Result> {
  if (typeof fn !== "function") {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `callback expected a function, but ${describeKind(fn)} came`);
  }
  // Where the job runs on this thread, it is called directly.
  const called = async (...args: Args): Promise<Awaited<Result>> => await fn(...args);
  return Object.assign(called, { [CALLBACK]: true });
}

function isCallback(value: unknown): value is Callback<readonly unknown[], unknown> {
  try {
    return typeof value === "function" && CALLBACK in value;
  } catch {
    return false; // a proxy that has been revoked
  }
}

function isSignal(value: unknown): value is AbortSignal {
  try {
    return value instanceof AbortSignal;
  } catch {
    return false; // a proxy that has been revoked
  }
}

/** What an `AsyncLocalStorage` is, as far as it is used here. */
export interface ContextStorage<T> {
  getStore(): T | undefined;
  run<Result>(store: T, fn: () => Result): Result;
}

const carried = new Map<string, ContextStorage<unknown>>();

/**
 * Has the value of an `AsyncLocalStorage` go along with each job to its thread: there
 * `getStore()` gives what it gave where the job was spawned. Declare it at the top
 * level of a module that the task's module imports, so that both sides know it.
 *
 * Meant for plain data, such as the `traceparent` of W3C trace context, or the number
 * of a request. What can't be passed to a thread fails the job.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`; `SKEIN_TASK_DUPLICATE` if another storage has that name.
 *
 * @example
 * ```ts
 * import { AsyncLocalStorage } from "node:async_hooks";
 *
 * export const traceparent = carryContext("traceparent", new AsyncLocalStorage<string>());
 * ```
 *
 * @since 0.1.0
 */
export function carryContext<Storage extends ContextStorage<unknown>>(name: string, storage: Storage): Storage {
  const given: ContextStorage<unknown> | null = storage;
  if (typeof name !== "string" || typeof given?.getStore !== "function" || typeof given.run !== "function") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `carryContext expected a name and an AsyncLocalStorage, but ${describeKind(name)} and ${describeKind(storage)} came`,
    );
  }
  const known = carried.get(name);
  if (known !== undefined && known !== given) {
    throw new MisuseError("SKEIN_TASK_DUPLICATE", `two storages are to be carried by the name "${name}": rename one`);
  }
  carried.set(name, given);
  return storage;
}

/** Values by the names of their storages; `undefined` if none is set here. */
export type Context = readonly (readonly [name: string, value: unknown])[];

export function contextHere(): Context | undefined {
  if (carried.size === 0) return undefined;
  const context: [string, unknown][] = [];
  for (const [name, storage] of carried) {
    const value = storage.getStore();
    if (value !== undefined) context.push([name, value]);
  }
  return context.length === 0 ? undefined : context;
}

/** Runs `fn` with the values that came along. A storage that this thread does not know is left out. */
export function runWithContext<Result>(context: Context, fn: () => Result): Result {
  let run = fn;
  for (const [name, value] of context) {
    const storage = carried.get(name);
    if (storage === undefined) continue;
    const inner = run;
    run = () => storage.run(value, inner);
  }
  return run();
}

/** Where in the arguments what stands that is reached from afar. */
export interface Header {
  readonly context: Context;
  /** Places in the arguments, with the numbers of what stays here. */
  readonly callbacks: readonly (readonly [place: number, id: number])[];
  readonly signals: readonly (readonly [
    place: number,
    id: number,
    aborted: { readonly reason: EncodedValue } | undefined,
  ])[];
}

/** A signal that calls have among their arguments. */
interface Followed {
  readonly id: number;
  /** Calls that have it and have not settled, one for each place. */
  uses: number;
  /** What it aborted with, once it did. */
  reason: EncodedValue | undefined;
  readonly stopListening: () => void;
}

/** What calls of a pool have left on its thread. */
export class RemoteTable {
  readonly #functions = new Map<number, Callback<readonly unknown[], unknown>>();
  /** One for all calls that have it: platforms warn of a signal that many listen to. */
  readonly #signals = new Map<AbortSignal, Followed>();
  #lastId = 0;
  readonly #tellAborted: (id: number, reason: EncodedValue) => void;
  readonly #tellForgotten: (ids: readonly number[]) => void;

  /** @param tellAborted - tells all threads; `tellForgotten` likewise */
  constructor(
    tellAborted: (id: number, reason: EncodedValue) => void,
    tellForgotten: (ids: readonly number[]) => void,
  ) {
    this.#tellAborted = tellAborted;
    this.#tellForgotten = tellForgotten;
  }

  /**
   * Takes out of a call's arguments what stays here.
   *
   * @returns the values to send instead, the header first, and what lets go of it;
   *   `undefined` if all of it can go
   */
  leave(
    values: readonly unknown[],
    context: Context | undefined,
  ): { readonly values: readonly unknown[]; readonly letGo: () => void } | undefined {
    if (context === undefined && !values.some((value) => isCallback(value) || isSignal(value))) {
      return undefined;
    }
    const callbacks: [number, number][] = [];
    const signals: [number, number, { readonly reason: EncodedValue } | undefined][] = [];
    const leaves: (() => void)[] = [];
    const letGo = (): void => {
      for (const leave of leaves) leave();
    };
    const leaveOne = (value: unknown, place: number): unknown => {
      if (isCallback(value)) {
        const id = ++this.#lastId;
        this.#functions.set(id, value);
        leaves.push(() => this.#functions.delete(id));
        callbacks.push([place, id]);
        return undefined;
      }
      if (!isSignal(value)) return value;
      const followed = this.#signals.get(value) ?? this.#follow(value);
      followed.uses++;
      const { id, reason } = followed;
      leaves.push(() => this.#unfollow(value, followed));
      signals.push([place, id, reason === undefined ? undefined : { reason }]);
      return undefined;
    };
    let sent: readonly unknown[];
    try {
      sent = values.map(leaveOne);
    } catch (error) {
      letGo(); // what is no signal but for its prototype
      throw error;
    }
    const header: Header = { context: context ?? [], callbacks, signals };
    return { values: [header, ...sent], letGo };
  }

  #follow(signal: AbortSignal): Followed {
    const aborts = (): void => {
      followed.reason = encodeThrown(signal.reason);
      this.#tellAborted(followed.id, followed.reason);
    };
    const followed: Followed = {
      id: ++this.#lastId,
      uses: 0,
      reason: signal.aborted ? encodeThrown(signal.reason) : undefined,
      stopListening: () => signal.removeEventListener("abort", aborts),
    };
    if (followed.reason === undefined) signal.addEventListener("abort", aborts, { once: true });
    this.#signals.set(signal, followed);
    return followed;
  }

  #unfollow(signal: AbortSignal, followed: Followed): void {
    if (--followed.uses > 0) return;
    followed.stopListening();
    this.#signals.delete(signal);
    this.#tellForgotten([followed.id]);
  }

  /**
   * Tells a thread that has just been started of the signals that aborted before: it may get
   * a call that was put on a line before they did.
   */
  catchUp(tellAborted: (id: number, reason: EncodedValue) => void): void {
    for (const { id, reason } of this.#signals.values()) if (reason !== undefined) tellAborted(id, reason);
  }

  /** The function that a job calls; `undefined` once the job has ended. */
  functionOf(id: number): Callback<readonly unknown[], unknown> | undefined {
    return this.#functions.get(id);
  }
}
