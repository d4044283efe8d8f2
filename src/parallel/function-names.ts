/** Functions of the program by the names that any thread knows them by. */
import { type AnyTask, type TaskIdentity, taskIdentity } from "../async/executor.js";
import { registry } from "../threads/registry.js";
import { noSuchTask } from "../threads/thread-errors.js";
import type { ItemCallback } from "./loops.js";

/** How any thread finds a function of the program. */
export interface FunctionName {
  readonly module: string;
  readonly key: string;
}

/** A function that a thread lacks, and what its module declares there; `undefined` if that was not imported. */
export interface Missing extends FunctionName {
  readonly declared: readonly string[] | undefined;
}

/** What is to be said of one that this thread lacks. */
export function missingHere(name: FunctionName): Missing {
  const module = registry().modules.get(name.module);
  return { ...name, declared: module === undefined ? undefined : [...module.byKey.keys()] };
}

/** The error of a call of these functions, one of which no other thread will ever have: its module was imported there. */
export function undeclared(
  functions: readonly AnyTask[],
  { module, key }: Missing,
  declared: readonly string[],
): Error {
  const identities = functions.map((fn) => taskIdentity(fn) as TaskIdentity);
  return noSuchTask(identities.find((one) => one.module === module && one.key === key) as TaskIdentity, declared);
}

/** The functions by their names on this thread; those that are missing are `undefined`. */
export function functionsOf(names: readonly FunctionName[]): (ItemCallback | undefined)[] {
  return names.map(({ module, key }) => registry().modules.get(module)?.byKey.get(key) as ItemCallback | undefined);
}

/** How other threads find a task; the caller has checked that it is one. */
export function nameOf(fn: unknown): FunctionName {
  const { module, key } = taskIdentity(fn) as NonNullable<ReturnType<typeof taskIdentity>>;
  return { module, key };
}
