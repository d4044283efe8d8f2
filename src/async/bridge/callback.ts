/** Callbacks as promises that a scope can cancel. */
import { MisuseError, suppressed } from "../../core/errors.js";
import { type Cancel, cancelNodeOf, describeKind } from "../cancel.js";
import { suspend } from "../wait-queue.js";

/**
 * Waits for whichever of two callbacks is called first.
 *
 * For what reports by callbacks and can be told to stop; for a function that takes
 * a Node-style callback, use `callback`; for events, `nextEvent`.
 *
 * `start` is called at once with the two callbacks. The function that it may give
 * back, the cleanup, is called once when the wait is over: after an outcome or a
 * cancellation. It is waited for if it gives a promise.
 *
 * **Cancels** The cleanup is called; a later outcome is dropped.
 *
 * **Throws** what `start` throws, what `reject` is called with, what the cleanup
 * throws; `SKEIN_CANCELLED`.
 *
 * @example
 * ```ts
 * const text = await fromCallback<string>((resolve) => {
 *   const timer = setTimeout(() => resolve("done"), 1);
 *   return () => clearTimeout(timer);
 * });
 * report(text);
 * ```
 *
 * @since 0.1.0
 */
export async function fromCallback<T>(
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => (() => unknown) | void,
  cancel?: Cancel,
): Promise<T> {
  if (typeof start !== "function") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `fromCallback expected a function, but ${describeKind(start)} came`,
    );
  }
  const node = cancelNodeOf(cancel);
  node?.checkpoint();
  const { waiter, promise } = suspend<T>("a callback", node, undefined);
  let cleanup: (() => unknown) | void = undefined;
  try {
    cleanup = start(
      (value) => waiter.resolve(value),
      (error) => waiter.reject(error),
    );
  } catch (error) {
    waiter.reject(error);
  }
  let outcome: T;
  try {
    outcome = await promise;
  } catch (error) {
    try {
      await cleanup?.();
    } catch (cleanupError) {
      throw suppressed(cleanupError, error, "the cleanup of a callback failed too");
    }
    throw error;
  }
  await cleanup?.();
  return outcome;
}

/**
 * Waits for a function that takes a Node-style callback, `(error, value)`.
 *
 * Give `done` to the function as its callback. If what it does can be stopped, use
 * `fromCallback`, whose cleanup stops it.
 *
 * **Cancels** Only the wait: the operation goes on, and its outcome is dropped.
 *
 * **Throws** the error that `done` is called with, or that `start` throws;
 * `SKEIN_CANCELLED`.
 *
 * @example
 * ```ts
 * const greet = (name: string, done: (error: Error | null, text?: string) => void) => {
 *   queueMicrotask(() => done(null, `hello ${name}`));
 * };
 * report(await callback<string>((done) => greet("world", done)));
 * ```
 *
 * @since 0.1.0
 */
export async function callback<T = void>(
  start: (done: (error?: unknown, value?: T) => void) => unknown,
  cancel?: Cancel,
): Promise<T> {
  if (typeof start !== "function") {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `callback expected a function, but ${describeKind(start)} came`);
  }
  return fromCallback<T>((resolve, reject) => {
    start((error, value) => {
      if (error === undefined || error === null) resolve(value as T);
      else reject(error);
    });
  }, cancel);
}
