/**
 * Calls that are put off and put together: what `debounce` and `throttle` share.
 *
 * A window opens with the first call. In it at most two runs of the function begin:
 * one at its opening, if `leading`, and one at its end for all calls since, if
 * `trailing`. Debouncing moves the end with each call; throttling opens a new window
 * with a run at the end of one.
 *
 * Invariants
 * - `#alarm` is set if, and only if, a window is open. It may ring before the
 *   window's end, which calls move, and is then set again.
 * - A pending run implies an open window.
 * - Each call has a run that stands for it, pending or begun, whose promise it
 *   returns; a run settles when the function has, or when it is discarded, so no
 *   call hangs (law 41).
 */
import { Alarm, nowMs, startAlarm, stopAlarm } from "#clock";

import { CancelledError, MisuseError } from "../core/errors.js";
import { deferred } from "../core/deferred.js";
import { type Cancel, CancelListener, cancelNodeOf, type CancelNode, describeKind } from "./cancel.js";
import { requireFunction, requireOptions } from "./guard.js";
import { TaskScope } from "./scope.js";
import { suspend, type Suspension } from "./wait-queue.js";

/** A function whose calls are put off and put together. */
export interface PutOff<Args extends readonly unknown[], Result> {
  /**
   * Asks for a run with these arguments; those of the latest call count.
   *
   * Gives the result of the run that stands for the call. Several calls may share
   * one, and then get the same promise.
   *
   * **Throws** what the function throws; `SKEIN_CANCELLED` if the run was discarded.
   * A discarded call need not be awaited: it counts as handled.
   */
  (...args: Args): Promise<Result>;
  /** True while a run is put off. */
  readonly isPending: boolean;
  /**
   * Begins the run that is put off, and gives its result; `undefined` if none is.
   *
   * **Throws** what the function throws.
   */
  flush(): Promise<Result | undefined>;
  /**
   * Discards the run that is put off: its calls fail with `SKEIN_CANCELLED`. The
   * next call is as the first. One that has begun goes on.
   *
   * @returns false if none was put off
   */
  cancel(reason?: unknown): boolean;
}

/** How a window behaves. */
export interface WindowRules {
  readonly name: string;
  readonly lengthMs: number;
  readonly leading: boolean;
  readonly trailing: boolean;
  /** Whether each call moves the window's end, for at most so long. */
  readonly extendsForMs: number | undefined;
}

/** One run of the function, and the calls that it stands for. */
interface Run<Result> {
  readonly suspension: Suspension<Result>;
  /** Begins it with the latest call's arguments, and in that call's async context (law 37). */
  begin: () => void;
  /** Settles, without fail, when the function has ended. */
  ended: Promise<void>;
}

class WindowAlarm extends Alarm {
  readonly #window: { ring(): void };

  constructor(window: { ring(): void }) {
    super();
    this.#window = window;
  }

  override ring(): void {
    this.#window.ring();
  }
}

class WindowLink extends CancelListener {
  readonly #window: { discard(makeError: () => unknown): void };

  constructor(window: { discard(makeError: () => unknown): void }) {
    super();
    this.#window = window;
  }

  override onCancel(node: CancelNode): void {
    this.#window.discard(() => node.makeErrorForWait());
  }
}

class CallWindow<Args extends readonly unknown[], Result> {
  readonly #fn: (...args: Args) => Result | PromiseLike<Result>;
  readonly #rules: WindowRules;
  readonly #node: CancelNode | undefined;
  readonly #alarm: WindowAlarm;
  readonly #link: WindowLink;
  readonly #running = new Set<Run<Result>>();
  #isOpen = false;
  /** When the window ends, if no call comes. */
  #endMs = 0;
  /** When the first of the calls since the last run came. */
  #pendingSinceMs = 0;
  #pending: Run<Result> | undefined = undefined;
  /** The run at the window's opening: stands for the others in it, if there is none at its end. */
  #last: Run<Result> | undefined = undefined;
  #isOwned = false;

  constructor(fn: (...args: Args) => Result | PromiseLike<Result>, rules: WindowRules, node: CancelNode | undefined) {
    this.#fn = fn;
    this.#rules = rules;
    this.#node = node;
    this.#alarm = new WindowAlarm(this);
    this.#link = new WindowLink(this);
  }

  get isPending(): boolean {
    return this.#pending !== undefined;
  }

  call(args: Args): Promise<Result> {
    try {
      this.#node?.checkpoint();
    } catch (error) {
      return handled(Promise.reject(error));
    }
    try {
      this.#beOwned();
    } catch (error) {
      return Promise.reject(error);
    }
    const { leading, trailing, lengthMs, extendsForMs } = this.#rules;
    const now = nowMs();
    if (!this.#isOpen) {
      this.#open(now);
      if (leading) return this.#begin(args);
    } else if (extendsForMs !== undefined) {
      this.#endMs = now + lengthMs;
    }
    if (!trailing) return (this.#last as Run<Result>).suspension.promise;
    if (this.#pending === undefined) {
      this.#pending = this.#newRun();
      this.#pendingSinceMs = now;
    }
    const pending = this.#pending;
    const turn = deferred<void>();
    pending.begin = turn.resolve;
    pending.ended = turn.promise.then(() => this.#run(pending, args));
    this.#endMs = Math.min(this.#endMs, this.#pendingSinceMs + (extendsForMs ?? Infinity));
    return pending.suspension.promise;
  }

  flush(): Promise<Result | undefined> {
    const pending = this.#pending;
    if (pending === undefined) return Promise.resolve(undefined);
    this.#beginPending();
    return pending.suspension.promise;
  }

  cancel(reason: unknown): boolean {
    const { name } = this.#rules;
    const wasPending = this.isPending;
    this.discard(() => new CancelledError(`the call put off by ${name} was discarded`, { reason }));
    return wasPending;
  }

  /** Closes the window, and ends what is pending with an error. */
  discard(makeError: () => unknown): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#close();
    if (pending === undefined) return;
    void handled(pending.suspension.promise);
    pending.suspension.waiter.reject(makeError());
  }

  ring(): void {
    const now = nowMs();
    if (now < this.#endMs) {
      startAlarm(this.#alarm, this.#endMs - now);
    } else {
      this.#beginPending();
    }
  }

  /** At the end of a window, or before. */
  #beginPending(): void {
    const pending = this.#pending;
    this.#pending = undefined;
    this.#close();
    if (pending === undefined) return;
    // Between runs, not only between calls, throttling leaves its time.
    if (this.#rules.extendsForMs === undefined) this.#open(nowMs());
    this.#running.add(pending);
    pending.begin();
  }

  #begin(args: Args): Promise<Result> {
    const run = this.#newRun();
    this.#last = run;
    this.#running.add(run);
    run.ended = this.#run(run, args);
    return run.suspension.promise;
  }

  // Never rejects: what the function throws is the calls' outcome.
  async #run(run: Run<Result>, args: Args): Promise<void> {
    const { waiter } = run.suspension;
    try {
      const result = await this.#fn(...args);
      this.#running.delete(run);
      waiter.resolve(result);
    } catch (error) {
      this.#running.delete(run);
      waiter.reject(error);
    }
  }

  #newRun(): Run<Result> {
    return {
      // Of no node: the calls of a run that has begun end with it, and those of one
      // that is pending are ended by `discard`.
      suspension: suspend<Result>(`run of ${this.#rules.name}`, undefined, undefined),
      begin: () => undefined,
      ended: Promise.resolve(),
    };
  }

  #open(now: number): void {
    this.#isOpen = true;
    this.#endMs = now + this.#rules.lengthMs;
    startAlarm(this.#alarm, this.#rules.lengthMs);
    if (this.#link.listensTo === undefined) this.#node?.listen(this.#link);
  }

  #close(): void {
    this.#isOpen = false;
    this.#last = undefined;
    stopAlarm(this.#alarm);
    this.#link.stopListening();
  }

  /** With the first call: a scope that ends has what is put off begin at once, and waits for what has begun. */
  #beOwned(): void {
    if (this.#isOwned || !(this.#node instanceof TaskScope)) return;
    this.#node.defer(() => this.#finish());
    this.#isOwned = true;
  }

  async #finish(): Promise<void> {
    this.#isOwned = false; // a later call finds the scope closed, and is refused
    if (this.isPending) this.#beginPending();
    this.#close();
    // Not the promises of the calls: to await those here would pass for somebody's
    // having seen to their failures.
    await Promise.all(Array.from(this.#running, ({ ended }) => ended));
  }
}

/** Makes a function of which the calls are put off by the rules. */
export function putOff<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
  rules: WindowRules,
  cancel: Cancel | undefined,
): PutOff<Args, Awaited<Result>> {
  type Settled = Awaited<Result>;
  const window = new CallWindow<Args, Settled>(
    fn as (...args: Args) => Settled | PromiseLike<Settled>,
    rules,
    cancelNodeOf(cancel),
  );
  const made = (...args: Args): Promise<Settled> => window.call(args);
  Object.defineProperty(made, "name", { value: rules.name });
  Object.defineProperty(made, "isPending", { get: () => window.isPending });
  return Object.assign(made, {
    flush: () => window.flush(),
    cancel: (reason?: unknown) => window.cancel(reason),
  }) as PutOff<Args, Settled>;
}

/** Refuses wrong arguments of `debounce` and `throttle`. */
export function requireWindow(maker: string, fn: unknown, lengthMs: unknown, options: unknown): void {
  requireFunction(maker, fn);
  requireLength(`${maker}'s time`, lengthMs);
  requireOptions(maker, options);
}

/** Refuses a window without a run. */
export function requireRun(maker: string, leading: boolean, trailing: boolean): void {
  if (leading || trailing) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${maker} expected "leading" or "trailing" to be on, but both are off: the function would never run`,
  );
}

export function requireLength(what: string, value: unknown): void {
  if (typeof value === "number" && value >= 0 && value < Infinity) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${what} must be a finite number of milliseconds from 0 on, but ${describeKind(value)} came`,
  );
}

/** A promise whose rejection is nobody's fault: it need not be awaited. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
