/** `join`, and `run`, within which other threads help with joins. */
import { type Cancel, CancelListener, cancelNodeOf, describeKind } from "../async/cancel.js";
import type { Task } from "../async/executor.js";
import { type Scope, scope, type SpawnOptions } from "../async/scope.js";
import { sleep } from "../async/sleep.js";
import { MisuseError, QueueFullError } from "../core/errors.js";
import { SharedArray } from "../shared/array.js";
import { ownTask } from "../threads/task.js";
import { asked, callbackOf, type ParallelOptions } from "./asked.js";
import { type Branch, currentForks, forkCells, Forks, within } from "./forks.js";
import type { ItemCallback } from "./loops.js";
import { type FunctionName, functionsOf, nameOf } from "./function-names.js";
import { whenReady } from "./team.js";
import { nameOfPart } from "./traced.js";
import { askingPool } from "../threads/wanted.js";

/** Where a pool has all the jobs that it may have, helpers ask again after so long. */
const ASK_AGAIN_MS = 10;

/** A call: a task, and its arguments. */
export type JoinBranch<Args extends readonly unknown[] = readonly unknown[], Result = unknown> = readonly [
  task: Task<Args, Result>,
  args: Args,
];

function branchOf(which: string, branch: unknown): Branch {
  if (Array.isArray(branch) && branch.length === 2 && Array.isArray(branch[1])) {
    callbackOf("parallel.join", `${which} branch`, branch[0]);
    return branch as unknown as Branch;
  }
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `parallel.join expected a task and its arguments as ${which} branch, as [fibonacci, [n - 1]], but ${describeKind(branch)} came`,
  );
}

/**
 * Calls two tasks, and gives both results. Inside of `parallel.run` another thread does the
 * second one if it has nothing else to do; else, and outside, both are plain calls here, one
 * after the other.
 *
 * The tasks must not depend on what the other does. What crosses is copied, as a job's
 * arguments and results; shared objects arrive as themselves.
 *
 * **Throws** what a branch throws, the first one's before the second's, when neither goes on
 * any more; `SKEIN_NOT_A_TASK`; `SKEIN_INVALID_ARGUMENT`; `SKEIN_WORKER_LOST`.
 *
 * **Cost** If nobody helps, that of two calls and of two looks at one word. If somebody does,
 * arguments and result are copied, and he may have to be woken: make the smallest branches
 * some tens of microseconds long.
 *
 * @example
 * ```ts
 * export const fibonacci: Task<[n: number], number> = task("fibonacci", (n): number => {
 *   if (n < 20) return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
 *   const [a, b] = parallel.join([fibonacci, [n - 1]], [fibonacci, [n - 2]]);
 *   return a + b;
 * });
 * main(async () => {
 *   console.log(await parallel.run(fibonacci, [25])); // 75025
 * });
 * ```
 *
 * @since 0.2.0
 */
export function join<ArgsA extends readonly unknown[], A, ArgsB extends readonly unknown[], B>(
  a: JoinBranch<ArgsA, A>,
  b: JoinBranch<ArgsB, B>,
): [A, B] {
  const first = branchOf("its first", a);
  const second = branchOf("its second", b);
  const forks = currentForks();
  if (forks !== undefined) return forks.join(first, second) as [A, B];
  const [call, args] = first;
  const [other, otherArgs] = second;
  return [call(...args), other(...otherArgs)] as [A, B];
}

/** On a thread of a pool: helps with the joins of a call. Gives whether it left for other calls that wait for its thread. */
const helpWithForks: Task<[cells: SharedArray<"int32">, participant: number, givesWay: boolean], boolean> = ownTask(
  import.meta,
  helpWithForksOfCall,
);

function helpWithForksOfCall(cells: SharedArray<"int32">, participant: number, givesWay: boolean): boolean {
  const forks = new Forks(cells.values, participant);
  return within(forks, () => forks.serve(givesWay ? () => askingPool()?.hasCalls() === true : undefined));
}

/** On a thread of a pool: the call itself. */
const takeForks: Task<[cells: SharedArray<"int32">, root: readonly [FunctionName, readonly unknown[]]], unknown> =
  ownTask(import.meta, takeForksOfCall);

function takeForksOfCall(cells: SharedArray<"int32">, root: readonly [FunctionName, readonly unknown[]]): unknown {
  const forks = new Forks(cells.values, 0);
  const [name, args] = root;
  const [call] = functionsOf([name]) as [ItemCallback];
  try {
    return within(forks, () => call(...args));
  } finally {
    forks.close();
  }
}

/** Has no join go on when its scope is cancelled. */
class Close extends CancelListener {
  readonly #forks: Forks;

  constructor(forks: Forks) {
    super();
    this.#forks = forks;
  }

  override onCancel(): void {
    this.#forks.close();
  }
}

/** Has a thread help, in a scope of its own, so that one that is not let in is no failure of the call. @returns false if it is not to help again */
async function helpOnce(s: Scope, args: Parameters<typeof helpWithForks>, options: SpawnOptions): Promise<boolean> {
  try {
    return await scope(async (own) => own.spawn(helpWithForks, args, options), {}, s);
  } catch (error) {
    if (!(error instanceof QueueFullError)) throw error;
    // Others wait for the pool's threads: it asks again later.
    await sleep(ASK_AGAIN_MS, s);
    return true;
  }
}

/**
 * Runs a task on a thread, and has the pool's other threads help with its `parallel.join`s,
 * at whatever depth.
 *
 * **Cancels** At the next join. **Throws** what the task throws; else as `parallel.for`.
 *
 * @since 0.2.0
 */
export async function run<Args extends readonly unknown[], Result>(
  fn: Task<Args, Result>,
  args: Args,
  options: ParallelOptions = {},
  cancel?: Cancel,
): Promise<Result> {
  const { call } = callbackOf("parallel.run", "what it runs", fn);
  const { name, team } = asked("run", options, fn);
  cancelNodeOf(cancel)?.checkpoint();
  const { pool } = team;
  if (pool === undefined || team.alone === 0) return call(...args) as Result;
  return (await scope(
    async (s) => {
      await whenReady(team, [takeForks, fn]);
      const cells = new SharedArray({ type: "int32", length: forkCells(team.alone), name: "joins" });
      s.defer(() => cells.dispose());
      const forks = new Forks(cells.values, 0);
      forks.expectAll();
      const closing = new Close(forks);
      cancelNodeOf(s)?.listen(closing);
      const root = s.spawn(takeForks, [cells, [nameOf(fn), args]], { on: pool, name });
      const helpers = Array.from({ length: team.alone - 1 }, (_, helper) => {
        const participant = helper + 1;
        const helping = { on: pool, name: nameOfPart(name, participant) };
        const asking = async (own: Scope): Promise<void> => {
          while (!forks.isClosed && (await helpOnce(own, [cells, participant, true], helping)));
        };
        return s.spawn(asking, [], { name: `${helping.name}, asked for` });
      });
      try {
        return await root;
      } finally {
        closing.stopListening();
        forks.close();
        // Those that are here leave. Others may wait behind long calls, and are not waited for.
        for (const helper of helpers) helper.cancel();
      }
    },
    { name },
    cancel,
  )) as Result;
}

/** As `parallel.run`, but runs the task here and blocks this thread until it has returned. */
export function runSync<Args extends readonly unknown[], Result>(
  fn: Task<Args, Result>,
  args: Args,
  options: ParallelOptions = {},
): Result {
  const { call } = callbackOf("parallel.runSync", "what it runs", fn);
  const { team } = asked("run", options, fn);
  const { pool } = team;
  const isReady = pool !== undefined && team.helpers > 0 && whenReady(team, [takeForks, fn]) === undefined;
  if (!isReady) return call(...args) as Result;
  const cells = new SharedArray({ type: "int32", length: forkCells(team.helpers + 1), name: "joins" });
  const forks = new Forks(cells.values, 0);
  forks.expectAll();
  const calls: Promise<unknown>[] = [];
  try {
    for (let helper = 1; helper <= team.helpers; helper++)
      calls.push(pool.run(helpWithForks, [cells, helper, false]).catch(() => undefined));
    pool.publish?.();
    return within(forks, () => call(...args)) as Result;
  } finally {
    forks.close();
    void Promise.all(calls).then(() => cells.dispose());
  }
}
