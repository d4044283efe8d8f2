/** Arguments that all algorithms take: callbacks and options. */
import { describeKind } from "../async/cancel.js";
import { type AnyTask, type Task, type TaskIdentity, taskIdentity } from "../async/executor.js";
import { requireOptions } from "../async/guard.js";
import { MisuseError } from "../core/errors.js";
import type { ThreadPool } from "../threads/thread-pool.js";
import type { ItemCallback } from "./loops.js";
import { requirePool, type Team, teamOf } from "./team.js";

/** Options of all algorithms. */
export interface ParallelOptions {
  /** Whose threads help; the program's own pool if omitted, of which one less, as this thread works too. */
  readonly on?: ThreadPool;
  /** How explanations, dumps and recordings name the call. */
  readonly name?: string;
}

/** Options of those that call a function with each item. */
export interface CallbackOptions<More extends readonly unknown[] = readonly unknown[]> extends ParallelOptions {
  /** Further arguments of the function, behind the item and its index. Shared objects arrive as themselves, others as copies. */
  readonly args?: Readonly<More>;
}

/** What was asked of a call. Its name and team are made when they are asked for: most short calls never need them. */
export class Asked {
  readonly more: readonly unknown[];
  readonly #algorithm: string;
  readonly #name: string | undefined;
  readonly #on: ThreadPool | undefined;
  readonly #fn: unknown;

  constructor(algorithm: string, { on, name, args = NOTHING_MORE }: CallbackOptions, fn: unknown) {
    this.#algorithm = algorithm;
    this.#on = on;
    this.#name = name;
    this.#fn = fn;
    // Its own: an awaited call goes on after its caller may have changed the list.
    this.more = args.length === 0 ? NOTHING_MORE : [...args];
  }

  get name(): string {
    if (this.#name !== undefined) return this.#name;
    const key = taskIdentity(this.#fn)?.key;
    return key === undefined ? this.#algorithm : `${this.#algorithm} ${key}`;
  }

  get team(): Team {
    return teamOf(this.#on);
  }
}

/** Of a call without `args`. */
export const NOTHING_MORE: readonly unknown[] = [];

/** Further arguments are for the function of an option, which was not given. */
export function requireNoMore(whose: string, option: string, more: readonly unknown[]): void {
  if (more.length === 0) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${whose}'s args are for its option ${option}, which has to be given with them, but only args came`,
  );
}

/** How figures, dumps and recordings name a call, or a step of one. */
export function titleOf(call: { readonly asked: Asked; readonly phase?: string | undefined }): string {
  const { name } = call.asked;
  return call.phase === undefined ? name : `${name}, ${call.phase}`;
}

/** Reads options. **Throws** `SKEIN_INVALID_ARGUMENT` for what are none. */
export function asked(algorithm: string, options: unknown, fn?: unknown): Asked {
  requireAsked(algorithm, options);
  return new Asked(algorithm, options as CallbackOptions, fn);
}

/** Refuses options that are none, as `asked` does. */
export function requireAsked(algorithm: string, options: unknown): void {
  // The name is put together only for who needs it.
  if (typeof options !== "object" || options === null) requireOptions(`parallel.${algorithm}`, options);
  const { on, name, args } = options as CallbackOptions;
  if (name !== undefined && typeof name !== "string") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${algorithm}'s option name expected a string, but ${describeKind(name)} came`,
    );
  }
  if (args !== undefined && !Array.isArray(args)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${algorithm}'s option args expected an array, but ${describeKind(args)} came`,
    );
  }
  if (on !== undefined) requirePool(algorithm, on);
}

/**
 * The function of a task that other threads can call with single items.
 *
 * **Throws** `SKEIN_NOT_A_TASK` for other functions, also where nobody else would call them,
 * as that depends on how much there is to do; `SKEIN_INVALID_ARGUMENT` for one that takes a
 * scope, or is asynchronous or a generator: its results would be promises.
 */
export function callbackOf(
  algorithm: string,
  what: string,
  fn: unknown,
): { readonly task: AnyTask; readonly call: ItemCallback } {
  const identity = taskIdentity(fn);
  if (identity === undefined) {
    throw new MisuseError(
      "SKEIN_NOT_A_TASK",
      `${algorithm} expected a task as ${what}, which other threads can find, but ${describeKind(fn)} came. ` +
        "Declare it at the top level of a module: const name = task(function name(item) { … })",
    );
  }
  if (!computesAtOnce(fn as AnyTask, identity)) {
    const kind = (fn as { readonly constructor: { readonly name: string } }).constructor.name;
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${algorithm} expected a function that computes its result at once as ${what}, but task "${identity.key}" ` +
        `${identity.takesScope ? "takes its scope" : `is a ${kind}`}. For such there is mapConcurrent(items, task, { on: threads(), concurrency })`,
    );
  }
  return { task: fn as AnyTask, call: fn as ItemCallback };
}

/** Functions that are known to: to find out takes as long as a short call. */
const known = new WeakSet<AnyTask>();

function computesAtOnce(fn: AnyTask, { takesScope }: TaskIdentity): boolean {
  if (known.has(fn)) return true;
  if (
    takesScope ||
    (fn as unknown as { readonly constructor: { readonly name: string } }).constructor.name !== "Function"
  )
    return false;
  known.add(fn);
  return true;
}

/** A task that is called with values, and gives one. */
export type Callback<Args extends readonly unknown[], Result> = Task<Args, Result>;
