/** Functions of the program by the names that any thread knows them by. */
import { taskIdentity } from "../async/executor.js";
import { registry } from "../threads/registry.js";
import type { ItemCallback } from "./loops.js";

/** How any thread finds a function of the program. */
export interface FunctionName {
  readonly module: string;
  readonly key: string;
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
