import { makePool } from "#pool";

import { describeKind } from "../async/cancel.js";
import type { Task } from "../async/executor.js";
import { ClosedError, describeThrown, MisuseError } from "../core/errors.js";
import { reportToOwner } from "../core/report.js";
import { workerMarker } from "../core/thread.js";
import type { ResourceLimits } from "./host/host.js";
import type { Pool } from "./pool.js";
import { planOf, type PoolThreadStatistics } from "./thread-pool.js";

/** Options of a thread of its own. */
export interface SpawnThreadOptions {
  /** How dumps and errors name it; its task's name if omitted. */
  readonly name?: string;
  /** Cores on which it may run, by their numbers. Only on Linux, with `taskset` installed. */
  readonly cores?: readonly number[];
  readonly resourceLimits?: ResourceLimits;
}

/**
 * A thread that runs one task.
 *
 * @since 0.1.0
 */
export interface DedicatedThread<Result> extends AsyncDisposable {
  readonly name: string;
  /** The task's result, or its error, once its thread has ended. */
  join(): Promise<Result>;
  /** Stops the thread, whatever it does: `join` then fails with `SKEIN_CLOSED`. Settles when it has ended. */
  stop(): Promise<void>;
  /** Figures of the thread; `undefined` before it has started and after it has ended. */
  statistics(): PoolThreadStatistics | undefined;
  /** As `stop`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a thread for one task: for work that runs as long as the program does, or
 * that must not wait behind other jobs, nor hold them up.
 *
 * It holds the process until the task has ended. If nobody calls `join`, a failure is
 * reported as a warning.
 *
 * **Threads** The program's own: a thread of a pool can't start threads.
 *
 * **Cost** Some 15 ms to start.
 *
 * **Throws** `SKEIN_NOT_A_TASK`; `SKEIN_INVALID_ARGUMENT`; `SKEIN_WRONG_THREAD`.
 *
 * @example
 * ```ts
 * export const collect = task(function collect(what: string) {
 *   return `${what} collected`;
 * });
 * main(async () => {
 *   const thread = spawnThread(collect, ["metrics"], { name: "collector" });
 *   console.log(await thread.join()); // metrics collected
 * });
 * ```
 *
 * @since 0.1.0
 */
export function spawnThread<Args extends readonly unknown[], Result>(
  task: Task<Args, Result>,
  args: Args,
  options: SpawnThreadOptions = {},
): DedicatedThread<Awaited<Result>> {
  if (typeof options !== "object" || options === null) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `spawnThread expected options, but ${describeKind(options)} came`);
  }
  if (workerMarker !== undefined || makePool === undefined) {
    throw new MisuseError(
      "SKEIN_WRONG_THREAD",
      "a thread can't start threads of its own: call spawnThread on the program's first thread",
    );
  }
  return new Dedicated(makePool, task, args, options);
}

class Dedicated<Args extends readonly unknown[], Result> implements DedicatedThread<Awaited<Result>> {
  readonly name: string;
  readonly #pool: Pool;
  readonly #ended: Promise<Awaited<Result>>;
  #isAwaited = false;

  constructor(
    makeOne: NonNullable<typeof makePool>,
    task: Task<Args, Result>,
    args: Args,
    { name, ...rest }: SpawnThreadOptions,
  ) {
    this.name = name ?? (typeof task === "function" && task.name !== "" ? task.name : "thread");
    this.#pool = makeOne(planOf({ ...rest, name: this.name, size: 1, idleMs: Infinity }));
    this.#pool.requireTask(task);
    this.#ended = this.#run(task, args);
    // Somebody may join later.
    this.#ended.catch((error: unknown) => {
      if (this.#isAwaited || error instanceof ClosedError) return;
      reportToOwner(`thread "${this.name}" failed and nobody joined it: ${describeThrown(error)}`, error);
    });
  }

  async #run(task: Task<Args, Result>, args: Args): Promise<Awaited<Result>> {
    try {
      return await this.#pool.run(task, args);
    } finally {
      await this.#pool.close();
    }
  }

  join(): Promise<Awaited<Result>> {
    this.#isAwaited = true;
    return this.#ended;
  }

  async stop(): Promise<void> {
    await this.#pool.destroy();
  }

  statistics(): PoolThreadStatistics | undefined {
    return this.#pool.statistics().threads[0];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
