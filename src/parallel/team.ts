/** Who helps: the threads of a pool, once they have what a call needs. */
import { type AnyTask, taskIdentity } from "../async/executor.js";
import { MisuseError } from "../core/errors.js";
import { describeKind } from "../async/cancel.js";
import type { ThreadPool } from "../threads/thread-pool.js";
import { threads } from "../threads/threads.js";
import { takeParts } from "./part.js";
import { MOST_PARTICIPANTS } from "./shares.js";

/** The threads that may help with a call. */
export interface Team {
  readonly pool: ThreadPool;
  /** How many of them, at most. */
  readonly helpers: number;
}

/** Modules that all threads of a pool have imported, or the promise of that. */
const imported = new WeakMap<ThreadPool, Map<string, true | Promise<void>>>();

/**
 * The team of a call: a pool of the caller's choice, or the program's own, of which as many
 * threads help as cores are left beside this thread.
 */
export function teamOf(whose: string, on: unknown): Team {
  if (on === undefined) {
    const pool = threads();
    return { pool, helpers: pool.runsHere === true ? 0 : Math.min(pool.size - 1, MOST_PARTICIPANTS - 1) };
  }
  const pool = on as Partial<ThreadPool> | null;
  if (typeof pool !== "object" || typeof pool?.run !== "function" || typeof pool.ready !== "function") {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${whose}'s option on expected a pool of threads, such as threads({ size: 4 }), but ${describeKind(on)} came`,
    );
  }
  const { size = 1, runsHere } = pool as ThreadPool;
  return { pool: pool as ThreadPool, helpers: runsHere === true ? 0 : Math.min(size, MOST_PARTICIPANTS - 1) };
}

/** Whether all threads of the pool have what these functions need; if not, a promise of that, which imports it. */
export function whenReady({ pool }: Team, functions: readonly AnyTask[]): Promise<void> | undefined {
  let modules = imported.get(pool);
  if (modules === undefined) {
    modules = new Map();
    imported.set(pool, modules);
  }
  const known = modules;
  const waits: Promise<void>[] = [];
  for (const fn of [takeParts as AnyTask, ...functions]) {
    const module = taskIdentity(fn)?.module as string;
    const state = known.get(module);
    if (state === true) continue;
    if (state !== undefined) {
      waits.push(state);
      continue;
    }
    const ready = pool.ready(fn).then(
      () => void known.set(module, true),
      (error: unknown) => {
        known.delete(module);
        throw error;
      },
    );
    known.set(module, ready);
    waits.push(ready);
  }
  return waits.length === 0 ? undefined : Promise.all(waits).then(() => undefined);
}

/** A thread lacks a module: one that was started later. */
export function forgetModule({ pool }: Team, module: string): void {
  imported.get(pool)?.delete(module);
}
