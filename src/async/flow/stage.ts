/**
 * What a stage of a flow is: a function that runs everything up to itself and
 * pushes each item on.
 *
 * Contract of a `Run`
 * - It settles when no more items come and everything it started, sources
 *   included, has ended or was closed. Nothing outlives it (law 38).
 * - It calls `emit` for one item at a time: not again before the promise that
 *   `emit` gave, if it gave one, has settled. That promise is the backpressure.
 * - An error of `emit` belongs to whoever is below: the run closes what it has
 *   and passes that very error on.
 * - It stops at the next checkpoint once its scope is cancelled.
 *
 * Pushing, not pulling, because stages that never wait then cost a function call
 * an item instead of a promise, and because scopes nest the way stages do: a
 * stage that ends early, or fails, ends all above it by ending its own scope.
 */
import { CancelledError, MisuseError } from "../../core/errors.js";
import { CancelListener, describeKind } from "../cancel.js";
import type { Scope, TaskScope } from "../scope.js";

/** Takes an item. A promise if it can't take the next at once; `undefined` if it can. May throw. */
export type Emit<T> = (item: T) => Promise<void> | undefined;

/** Runs a flow up to one of its stages; see the contract above. */
export type Run<T> = (scope: TaskScope, emit: Emit<T>) => Promise<void>;

/** A function that a stage calls with each item, and with the scope that its work belongs to. */
export type ItemFunction<T, R> = (item: T, scope: Scope) => R | PromiseLike<R>;

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

/**
 * Goes on with a user function's result: at once, or after it has been awaited.
 *
 * @param label - what names the function if it does not end after a cancellation
 */
export function whenReady<V>(
  scope: TaskScope,
  label: string,
  value: V | PromiseLike<V>,
  goOn: (value: V) => Promise<void> | undefined,
): Promise<void> | undefined {
  return isThenable(value) ? awaitAndGoOn(scope, label, value, goOn) : goOn(value);
}

async function awaitAndGoOn<V>(
  scope: TaskScope,
  label: string,
  value: PromiseLike<V>,
  goOn: (value: V) => Promise<void> | undefined,
): Promise<void> {
  const ready = await named(scope, label, value);
  scope.checkpoint();
  const waiting = goOn(ready);
  if (waiting !== undefined) await waiting;
}

/** Awaits a user's promise. Cancellation does not cut it short: what runs is waited for (law 16). */
async function named<V>(scope: TaskScope, label: string, value: PromiseLike<V>): Promise<V> {
  if (scope.isCancelled) return value;
  const overdue = new Overdue(scope, label, value);
  scope.listen(overdue);
  try {
    return await value;
  } finally {
    overdue.stopListening();
  }
}

/**
 * Gives a promise that is pending when its scope is cancelled a scope of its own,
 * so that the report of what did not end in the grace time names it. Only then:
 * a scope for each item would cost more than most items.
 */
class Overdue extends CancelListener {
  readonly #scope: TaskScope;
  readonly #label: string;
  readonly #value: PromiseLike<unknown>;

  constructor(scope: TaskScope, label: string, value: PromiseLike<unknown>) {
    super();
    this.#scope = scope;
    this.#label = label;
    this.#value = value;
  }

  override onCancel(): void {
    if (this.#scope.state !== "open") return;
    // Its outcome reaches whoever awaits it; here only its end matters.
    const ended = async (): Promise<void> => {
      try {
        await this.#value;
      } catch {}
    };
    this.#scope
      .open({ name: this.#label })
      .run(ended)
      .catch(() => undefined);
  }
}

/**
 * Runs `body` in a scope inside `scope` that it may end early: `finish` cancels
 * what is still under way there, and that is a success.
 */
export async function endingEarly(
  scope: TaskScope,
  name: string,
  body: (inner: TaskScope, finish: () => void) => Promise<void>,
): Promise<void> {
  const inner = scope.open({ name });
  let isFinished = false;
  const finish = (): void => {
    // Cancelled from outside, it did not finish: that cancellation must stand.
    isFinished = inner.cancelTree(`${name} has all it needs`) || isFinished;
  };
  try {
    await inner.run(() => body(inner, finish));
  } catch (error) {
    if (!isFinished || CancelledError.originOf(error) !== inner) throw error;
  }
}

/** How a stage is named: after what it does and the function it was given. */
export function stageName(kind: string, fn: unknown, name?: string): string {
  if (name !== undefined) return name;
  return typeof fn !== "function" || fn.name === "" ? kind : `${kind} ${fn.name}`;
}

export function requireFunction(verb: string, fn: unknown): void {
  if (typeof fn === "function") return;
  throw new MisuseError("SKEIN_INVALID_ARGUMENT", `${verb} expected a function, but ${describeKind(fn)} came`);
}

/** @param least - the smallest number allowed */
export function requireCount(what: string, count: unknown, least: number, infinityToo = false): void {
  if (
    typeof count === "number" &&
    count >= least &&
    (Number.isSafeInteger(count) || (infinityToo && count === Infinity))
  )
    return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${what} must be a whole number from ${least} on${infinityToo ? ", or Infinity" : ""}, but ${describeKind(count)} came`,
  );
}

export function requireMs(what: string, ms: unknown): void {
  if (typeof ms === "number" && ms >= 0) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${what} must be a number of milliseconds from 0 on, but ${describeKind(ms)} came`,
  );
}
