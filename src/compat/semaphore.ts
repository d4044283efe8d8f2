/**
 * The call shape of the semaphore of the package `async-mutex`.
 *
 * Invariants
 * - What an `acquire` took is given back by its own releaser, once, and by nothing
 *   else (law 33).
 * - Watchers (`waitForUnlock`) take nothing and stand in nobody's way: they have a
 *   gate of their own, with the least demanding first.
 */
import { type Cancel, cancelNodeOf, describeKind } from "../async/cancel.js";
import { CancelledError, MisuseError } from "../core/errors.js";
import { requireFunction, requirePriority } from "./arguments.js";
import { Gate, type GateRequest } from "./gate.js";

/** Gives back what an `acquire` took; calling it again does nothing. */
export type Releaser = () => void;

/** What a semaphore, and one with a time limit, offers. */
export interface SemaphoreInterface {
  /**
   * Waits until `weight` can be taken, and takes it. Gives the value before that,
   * and the function that gives it back.
   *
   * **Cancels** The request leaves the queue at once; nothing was taken.
   */
  acquire(weight?: number, priority?: number, cancel?: Cancel): Promise<[value: number, release: Releaser]>;
  /** Runs `callback(value)` between an `acquire` and its release. */
  runExclusive<Result>(
    callback: (value: number) => PromiseLike<Result> | Result,
    weight?: number,
    priority?: number,
    cancel?: Cancel,
  ): Promise<Result>;
  /** Waits until `weight` could be taken, and takes nothing. */
  waitForUnlock(weight?: number, priority?: number, cancel?: Cancel): Promise<void>;
  /** True if the value is 0 or less. */
  isLocked(): boolean;
  getValue(): number;
  /** Sets the value; what can go on then does. */
  setValue(value: number): void;
  /** Always throws: who calls can't be told. Call the releaser that `acquire` gave. */
  release(weight?: number): never;
  /** Discards all that wait to acquire. */
  cancel(): void;
}

interface AcquireRequest extends GateRequest {
  readonly weight: number;
  /** The value before this request was admitted. */
  seen: number;
}

interface WatchRequest extends GateRequest {
  readonly weight: number;
  readonly asPriority: number;
}

/**
 * A counting semaphore in the call shape of the package `async-mutex`.
 *
 * For code that moves here as it is; `skein/async` has the semaphore for new code.
 *
 * **Fairness** By priority, then in order of arrival. Nobody overtakes the first,
 * so a large request is not starved by small ones.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT`; `SKEIN_CANCELLED` from what waits when
 * `cancel()` is called, unless the constructor was given another error for that.
 *
 * @example
 * ```ts
 * import { Semaphore } from "skein/compat";
 * const semaphore = new Semaphore(2);
 * await semaphore.runExclusive(async (value) => console.log("free before:", value));
 * const [, release] = await semaphore.acquire();
 * release();
 * ```
 *
 * @since 0.1.0
 */
export class Semaphore implements SemaphoreInterface {
  #value: number;
  readonly #cancelError: Error | undefined;
  readonly #gate: Gate<AcquireRequest>;
  readonly #watchers: Gate<WatchRequest>;

  constructor(value: number, cancelError?: Error) {
    this.#value = requireValue(value);
    this.#cancelError = cancelError;
    this.#gate = new Gate(
      "a semaphore of compat",
      (request) => {
        if (request.weight > this.#value) return false;
        request.seen = this.#value;
        this.#value -= request.weight;
        return true;
      },
      // Whoever left may have been all that stood before them.
      () => this.#watchers.turn(),
    );
    this.#watchers = new Gate(
      "a semaphore of compat to be free",
      ({ weight, asPriority }) => weight <= this.#value && !this.#gate.mustWait(asPriority),
    );
  }

  async acquire(weight = 1, priority = 0, cancel?: Cancel): Promise<[value: number, release: Releaser]> {
    requireWeight(weight);
    const request: AcquireRequest = { priority: requirePriority(priority), weight, seen: 0 };
    await this.#gate.enter(request, cancelNodeOf(cancel));
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.setValue(this.#value + weight);
    };
    return [request.seen, release];
  }

  async runExclusive<Result>(
    callback: (value: number) => PromiseLike<Result> | Result,
    weight = 1,
    priority = 0,
    cancel?: Cancel,
  ): Promise<Result> {
    requireFunction("what runs exclusively", callback);
    const [value, release] = await this.acquire(weight, priority, cancel);
    try {
      return await callback(value);
    } finally {
      release();
    }
  }

  async waitForUnlock(weight = 1, priority = 0, cancel?: Cancel): Promise<void> {
    requireWeight(weight);
    await this.#watchers.enter(
      { priority: -weight, weight, asPriority: requirePriority(priority) },
      cancelNodeOf(cancel),
    );
  }

  isLocked(): boolean {
    return this.#value <= 0;
  }

  getValue(): number {
    return this.#value;
  }

  setValue(value: number): void {
    this.#value = requireValue(value);
    this.#gate.turn();
    this.#watchers.turn();
  }

  release(): never {
    throw unscopedRelease("semaphore", "`const [, release] = await semaphore.acquire()`; to add permits, setValue()");
  }

  cancel(): void {
    this.#gate.clear(() => this.#cancelError ?? new CancelledError("discarded by cancel() while it waited"));
    this.#watchers.turn();
  }
}

/** Why there is no release without its `acquire` (law 33). */
export function unscopedRelease(what: string, instead: string): MisuseError {
  return new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${what}.release() can't tell who calls, and called twice it would free what somebody else holds; call what acquire() gave: ${instead}`,
  );
}

function requireWeight(weight: unknown): void {
  if (typeof weight === "number" && weight > 0 && weight !== Infinity) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `a weight must be a finite number above 0, but ${describeKind(weight)} came`,
  );
}

function requireValue(value: unknown): number {
  if (typeof value === "number" && !Number.isNaN(value)) return value;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `a semaphore's value must be a number, but ${describeKind(value)} came`,
  );
}
