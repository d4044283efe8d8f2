import { describeKind } from "../async/cancel.js";
import { type ScopedTask, TASK, type Task, type TaskIdentity } from "../async/executor.js";
import type { Scope } from "../async/scope.js";
import { MisuseError } from "../core/errors.js";
import { workerMarker } from "../core/thread.js";
import { type CallerPlace, callerOf } from "./call-site.js";
import { type AnyFunction, registry } from "./registry.js";
import { serve } from "./runner.js";

// On a thread of a pool the boot code waits for this: the first module it imports
// for a task brings the library along.
if (workerMarker !== undefined) registry().serve ??= serve;

/**
 * The front door as a script, which brings all this along; `undefined` if a bundler has
 * made it part of a program, which nobody but its user may run.
 */
export const libraryScript: string | undefined = /\/dist\/(?:bundle\/part-thread|threads\/task)\.js$/.test(
  import.meta.url,
)
  ? import.meta.url.replace(/(?:part-thread|threads\/task)\.js$/, "index.js")
  : undefined;

/**
 * Declares a function as a task, which may run on another thread.
 *
 * Declare it at the top level of a module: a thread imports that module and finds
 * the task there by its name, else by its position among the module's unnamed
 * tasks. The result is the very function that was given: calling it is an
 * ordinary call, here.
 *
 * The top level of the module runs on each thread too. Keep the program's own
 * work in `main`, which does nothing there.
 *
 * **Throws** `SKEIN_TASK_DUPLICATE` if the module has another task of that name;
 * `SKEIN_INVALID_ARGUMENT`.
 *
 * @param meta - `import.meta` of the declaring module: only for wrappers that call
 *   `task` for another module
 *
 * @example
 * ```ts
 * export const square = task(function square(x: number) {
 *   return x * x;
 * });
 * console.log(square(4));
 * ```
 *
 * @since 0.1.0
 */
export function task<Args extends readonly unknown[], Result>(fn: (...args: Args) => Result): Task<Args, Result>;
export function task<Args extends readonly unknown[], Result>(
  name: string,
  fn: (...args: Args) => Result,
): Task<Args, Result>;
export function task<Args extends readonly unknown[], Result>(
  meta: { readonly url: string },
  fn: (...args: Args) => Result,
): Task<Args, Result>;
export function task(...given: readonly unknown[]): unknown {
  return declare(given, false, callerOf(task), "task");
}

/**
 * Declares a task whose first parameter is the scope of its job: on a thread too
 * it can spawn jobs, see its cancellation and call `checkpoint()`.
 *
 * Otherwise as `task`. A direct call must pass a scope.
 *
 * @since 0.1.0
 */
export function scopedTask<Args extends readonly unknown[], Result>(
  fn: (scope: Scope, ...args: Args) => Result,
): ScopedTask<Args, Result>;
export function scopedTask<Args extends readonly unknown[], Result>(
  name: string,
  fn: (scope: Scope, ...args: Args) => Result,
): ScopedTask<Args, Result>;
export function scopedTask<Args extends readonly unknown[], Result>(
  meta: { readonly url: string },
  fn: (scope: Scope, ...args: Args) => Result,
): ScopedTask<Args, Result>;
export function scopedTask(...given: readonly unknown[]): unknown {
  return declare(given, true, callerOf(scopedTask), "scopedTask");
}

function declare(
  given: readonly unknown[],
  takesScope: boolean,
  place: CallerPlace | undefined,
  verb: string,
): unknown {
  const [first, second] = given;
  const fn = given.length === 1 ? first : second;
  const name = typeof first === "string" ? first : undefined;
  const url = given.length > 1 && name === undefined ? (first as { url?: unknown } | null)?.url : undefined;
  if (typeof fn !== "function" || (given.length > 1 && name === undefined && typeof url !== "string") || name === "") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${verb} expected a function, a name and a function, or import.meta and a function, but ${given.map(describeKind).join(", ")} came`,
    );
  }
  if (TASK in fn) {
    throw new MisuseError("SKEIN_TASK_DUPLICATE", `${describeKind(fn)} is a task already; declare it once`);
  }
  const module = typeof url === "string" ? url : place?.module;
  if (module === undefined) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `this engine does not tell which module calls ${verb}; pass it: ${verb}(import.meta, function name() { … })`,
    );
  }
  const modules = registry().modules;
  let tasks = modules.get(module);
  if (tasks === undefined) {
    tasks = { byKey: new Map(), unnamed: 0 };
    modules.set(module, tasks);
  }
  const key = name ?? (fn.name === "" ? `#${tasks.unnamed++}` : fn.name);
  if (tasks.byKey.has(key)) {
    throw new MisuseError(
      "SKEIN_TASK_DUPLICATE",
      `${module} declares two tasks named "${key}" (the second at ${place?.text ?? "an unknown place"}). ` +
        `Give one another name: ${verb}("another-name", fn). If the declaration is inside a function, move it to the top level of the module`,
    );
  }
  tasks.byKey.set(key, fn as AnyFunction);
  const identity: TaskIdentity = { module, key, takesScope, declaredIn: place?.insideFunction };
  Object.defineProperty(fn, TASK, { value: identity });
  return fn;
}
