import { describeKind } from "../async/cancel.js";
import { type ScopedTask, TASK, type Task, type TaskIdentity } from "../async/executor.js";
import type { Scope } from "../async/scope.js";
import { MisuseError } from "../core/errors.js";
import { workerMarker } from "../core/thread.js";
import { type CallerPlace, callerOf } from "./call-site.js";
import { type AnyFunction, registry } from "./registry.js";
import { serve } from "./runner.js";
import { type FitsShapes, requireShapes, type ShapedArgs, type ShapedResult, type TaskShapes } from "./task-shapes.js";

// On a thread of a pool the boot code waits for this: the first module it imports
// for a task brings the library along.
if (workerMarker !== undefined) registry().serve ??= serve;

/** A function that fits the shapes it is declared with. */
export type ShapedFunction<Shapes> = (...args: ShapedArgs<Shapes>) => ShapedResult<Shapes>;

/** The same of a task that takes its scope. */
export type ShapedScopedFunction<Shapes> = (scope: Scope, ...args: ShapedArgs<Shapes>) => ShapedResult<Shapes>;

type WithoutScope<Fn> = Fn extends (scope: never, ...args: infer Args extends readonly unknown[]) => unknown
  ? Args
  : never;

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
 * **Shapes** say what the arguments and the result are. They then cross by code that is
 * compiled for them, where others are looked at anew each time; parameters that nothing
 * else types have the types of their shapes. What crosses is a copy without identity: an
 * object that is at two places arrives twice, and one that has itself inside fits no
 * shape. A value that does not fit is refused, with its path: the job fails with
 * `SKEIN_NOT_TRANSFERABLE`. Direct calls, and jobs that run here, are not checked.
 *
 * **Throws** `SKEIN_TASK_DUPLICATE` if the module has another task of that name;
 * `SKEIN_INVALID_ARGUMENT`.
 *
 * @param meta - `import.meta` of the declaring module: only for wrappers that call
 *   `task` for another module
 * @param shapes - `args`: a shape for each parameter; `result`: that of what the function
 *   returns, or of what its promise gives
 *
 * @example
 * ```ts
 * export const square = task(function square(x: number) {
 *   return x * x;
 * });
 * console.log(square(4));
 * ```
 *
 * @example
 * ```ts
 * const Order = shape({ id: "uint32", prices: arrayOf("float64"), note: optional("string") });
 * export const total = task(
 *   function total(order) {
 *     return order.prices.reduce((sum, price) => sum + price, 0);
 *   },
 *   { args: [Order], result: "float64" },
 * );
 * main(async () => {
 *   console.log(await threads().run(total, [{ id: 7, prices: [1.5, 2] }])); // 3.5
 *   const wrong = { id: 7, prices: [1.5, "2" as never] };
 *   const error: Error = await threads().run(total, [wrong]).catch((reason) => reason);
 *   console.log(error.message.includes('args[0].prices[1] is the string "2"')); // true
 * });
 * ```
 *
 * @since 0.1.0
 */
export function task<Args extends readonly unknown[], Result>(fn: (...args: Args) => Result): Task<Args, Result>;
export function task<const Shapes extends TaskShapes, Fn extends ShapedFunction<Shapes>>(
  fn: Fn & FitsShapes<Parameters<Fn>, Shapes>,
  shapes: Shapes,
): Task<Parameters<Fn>, ReturnType<Fn>>;
export function task<Args extends readonly unknown[], Result>(
  name: string,
  fn: (...args: Args) => Result,
): Task<Args, Result>;
export function task<const Shapes extends TaskShapes, Fn extends ShapedFunction<Shapes>>(
  name: string,
  fn: Fn & FitsShapes<Parameters<Fn>, Shapes>,
  shapes: Shapes,
): Task<Parameters<Fn>, ReturnType<Fn>>;
export function task<Args extends readonly unknown[], Result>(
  meta: { readonly url: string },
  fn: (...args: Args) => Result,
): Task<Args, Result>;
export function task<const Shapes extends TaskShapes, Fn extends ShapedFunction<Shapes>>(
  meta: { readonly url: string },
  fn: Fn & FitsShapes<Parameters<Fn>, Shapes>,
  shapes: Shapes,
): Task<Parameters<Fn>, ReturnType<Fn>>;
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
export function scopedTask<const Shapes extends TaskShapes, Fn extends ShapedScopedFunction<Shapes>>(
  fn: Fn & FitsShapes<WithoutScope<Fn>, Shapes>,
  shapes: Shapes,
): ScopedTask<WithoutScope<Fn>, ReturnType<Fn>>;
export function scopedTask<Args extends readonly unknown[], Result>(
  name: string,
  fn: (scope: Scope, ...args: Args) => Result,
): ScopedTask<Args, Result>;
export function scopedTask<const Shapes extends TaskShapes, Fn extends ShapedScopedFunction<Shapes>>(
  name: string,
  fn: Fn & FitsShapes<WithoutScope<Fn>, Shapes>,
  shapes: Shapes,
): ScopedTask<WithoutScope<Fn>, ReturnType<Fn>>;
export function scopedTask<Args extends readonly unknown[], Result>(
  meta: { readonly url: string },
  fn: (scope: Scope, ...args: Args) => Result,
): ScopedTask<Args, Result>;
export function scopedTask<const Shapes extends TaskShapes, Fn extends ShapedScopedFunction<Shapes>>(
  meta: { readonly url: string },
  fn: Fn & FitsShapes<WithoutScope<Fn>, Shapes>,
  shapes: Shapes,
): ScopedTask<WithoutScope<Fn>, ReturnType<Fn>>;
export function scopedTask(...given: readonly unknown[]): unknown {
  return declare(given, true, callerOf(scopedTask), "scopedTask");
}

function declare(
  given: readonly unknown[],
  takesScope: boolean,
  place: CallerPlace | undefined,
  verb: string,
): unknown {
  const [first] = given;
  // A name, or import.meta, may stand before the function; shapes behind it.
  const [fn, shapes, ...more] = typeof first === "function" ? given : given.slice(1);
  const name = typeof first === "string" ? first : undefined;
  const url = typeof first === "object" && first !== null && "url" in first ? first.url : undefined;
  const isCalledSomehow = typeof first === "function" || typeof url === "string" || (name !== undefined && name !== "");
  if (typeof fn !== "function" || !isCalledSomehow || more.length > 0 || !isObjectIfAny(shapes)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${verb} expected a function, a name and a function, or import.meta and a function, and then perhaps shapes, but ${given.map(describeKind).join(", ")} came`,
    );
  }
  if (shapes !== undefined) requireShapes(shapes);
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
  identify(fn, { module, key, takesScope, shapes, declaredIn: place?.insideFunction, isOfLists: false });
  return fn;
}

/** The function is that task from now on. */
function identify(fn: object, identity: TaskIdentity): void {
  Object.defineProperty(fn, TASK, { value: identity });
}

/**
 * As `task`, for a task of the library itself: a function declared by name, as a bundler may
 * take names from expressions. A program may have two copies of the
 * library from one file, as where some of its modules import it and others require it. Then
 * the first one's is found, which does the same.
 */
export function ownTask<Args extends readonly unknown[], Result>(
  meta: { readonly url: string },
  fn: (...args: Args) => Result,
): Task<Args, Result> {
  if (registry().modules.get(meta.url)?.byKey.has(fn.name) !== true) {
    return declare([meta, fn], false, undefined, "task") as Task<Args, Result>;
  }
  const { name: key } = fn;
  identify(fn, {
    module: meta.url,
    key,
    takesScope: false,
    shapes: undefined,
    declaredIn: undefined,
    isOfLists: false,
  });
  return fn as Task<Args, Result>;
}

function isObjectIfAny(shapes: unknown): shapes is TaskShapes | undefined {
  return shapes === undefined || (typeof shapes === "object" && shapes !== null);
}
