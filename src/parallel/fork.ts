/** `join`, and `run`, within which other threads help with joins. */
import { nowMs } from "#clock";

import { type Cancel, CancelListener, cancelNodeOf, describeKind } from "../async/cancel.js";
import type { AnyTask, Task } from "../async/executor.js";
import { type Scope, scope } from "../async/scope.js";
import { sleep } from "../async/sleep.js";
import { MisuseError, QueueFullError } from "../core/errors.js";
import { threadIndex } from "../core/thread.js";
import { SharedArray } from "../shared/array.js";
import { ownTask } from "../threads/task.js";
import { asked, callbackOf, type ParallelOptions } from "./asked.js";
import { type Explanation, explaining } from "./explain.js";
import { begins, countCallHere, ends, type Underway } from "./figures.js";
import {
  type Branch,
  currentForks,
  forkCells,
  type ForkFigures,
  forkFigures,
  Forks,
  measurePaths,
  within,
} from "./forks.js";
import { type FunctionName, functionsOf, type Missing, missingHere, nameOf, undeclared } from "./function-names.js";
import { forgetModule, helpFrom, READY_MS, type Team, whenReady } from "./team.js";
import { nameOfPart } from "./traced.js";
import { settledWithin } from "./turns.js";
import type { Helping, ThreadPool } from "../threads/thread-pool.js";
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
 * any more; `SKEIN_CANCELLED` once the call around it is not to go on; `SKEIN_NOT_TRANSFERABLE` and
 * `SKEIN_OUT_OF_SHARED_MEMORY` for what another thread can't pass on; `SKEIN_NOT_A_TASK`;
 * `SKEIN_INVALID_ARGUMENT`; `SKEIN_WORKER_LOST`.
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

/** How a helper has left. */
interface HelpEnd {
  /** For other calls that wait for its thread: it is to come again. */
  readonly gaveWay: boolean;
  /** A function that its thread lacks. */
  readonly missing: Missing | undefined;
}

/** On a thread of a pool: helps with the joins of a call. */
const helpWithForks: Task<[cells: SharedArray<"int32">, participant: number, givesWay: boolean], HelpEnd> = ownTask(
  import.meta,
  helpWithForksOfCall,
);

function helpWithForksOfCall(cells: SharedArray<"int32">, participant: number, givesWay: boolean): HelpEnd {
  const forks = new Forks(cells.values, participant);
  const isToLeave = givesWay ? () => askingPool()?.hasCalls() === true : undefined;
  const gaveWay = within(forks, () => forks.serve(isToLeave));
  return { gaveWay, missing: forks.missing };
}

/** What the call gave; or the function of it that its thread lacks. */
type RootEnd = { readonly value: unknown } | { readonly missing: Missing };

/** On a thread of a pool: the call itself. */
const takeForks: Task<[cells: SharedArray<"int32">, root: readonly [FunctionName, readonly unknown[]]], RootEnd> =
  ownTask(import.meta, takeForksOfCall);

function takeForksOfCall(cells: SharedArray<"int32">, root: readonly [FunctionName, readonly unknown[]]): RootEnd {
  const forks = new Forks(cells.values, 0);
  const [name, args] = root;
  const [call] = functionsOf([name]);
  if (call === undefined) return { missing: missingHere(name) };
  try {
    return { value: within(forks, () => forks.whole(() => call(...args))) };
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

/** Who is told what came of a call, if anybody is: asked for when it begins. */
type Note = ReturnType<typeof explaining>;

/** A call as figures, dumps and explanations show it. */
class Seen implements Underway {
  readonly #name: string;
  readonly #cells: SharedArray<"int32">;
  readonly #participants: number;
  readonly #note: Note;
  readonly #beganMs = nowMs();

  constructor(name: string, cells: SharedArray<"int32">, participants: number, note: Note) {
    this.#name = name;
    this.#cells = cells;
    this.#participants = participants;
    this.#note = note;
    if (this.#note !== undefined) measurePaths(cells.values);
    begins(this);
  }

  describe(): string {
    const { joins, participants } = forkFigures(this.#cells.values);
    const stolen = participants.reduce((sum, { steals }) => sum + steals, 0);
    return `${this.#name}: ${joins} joins so far, ${stolen} branches done by others, ${this.#participants} participants`;
  }

  /** It is over. Its cells are there yet. */
  end(): void {
    const figures = forkFigures(this.#cells.values);
    const { participants, spanMs } = figures;
    const parts = participants.reduce((sum, one) => sum + one.parts, 0);
    const steals = participants.reduce((sum, one) => sum + one.steals, 0);
    ends(this, parts, steals);
    const workedMs = participants.reduce((sum, { ms }) => sum + ms, 0);
    this.#note?.({
      call: this.#name,
      items: 1,
      itemUs: workedMs * 1000,
      place: steals > 0 || participants.some(({ thread }) => thread !== threadIndex) ? "threads" : "here",
      why: whyOf(figures, steals, this.#participants),
      itemsBefore: 0,
      partItems: 1,
      participants: participants.toSorted((a, b) => b.ms - a.ms),
      ms: nowMs() - this.#beganMs,
      spanMs,
    });
  }
}

function whyOf({ joins, refused, participants }: ForkFigures, steals: number, called: number): string {
  if (participants.length === 0)
    return joins === 0 ? "it ended before its task had begun" : `it was stopped, after ${joins} joins`;
  if (joins === 0) return "it has no joins";
  if (steals > 0) return `it has ${joins} joins, and others did the second branches of ${steals}`;
  if (called < 2) return `it has ${joins} joins, and there is no other thread`;
  if (refused > 0) return `it has ${joins} joins, and a second branch could not be passed to another thread`;
  return `it has ${joins} joins, and nobody had nothing to do when one began or its first branch ended`;
}

/** A call that is a plain one. */
function callHere<Result>(name: string, why: string, note: Note, call: () => Result): Result {
  const beganMs = nowMs();
  try {
    return call();
  } finally {
    countCallHere();
    const ms = nowMs() - beganMs;
    const explanation: Explanation = {
      call: name,
      items: 1,
      itemUs: ms * 1000,
      place: "here",
      why,
      itemsBefore: 1,
      partItems: 0,
      participants: [],
      ms: 0,
      spanMs: 0,
    };
    note?.(explanation);
  }
}

/** A thread that was started later lacks what others have imported. @returns false if that is in vain */
async function imports(team: Team, missing: Missing): Promise<boolean> {
  const [fn] = functionsOf([missing]);
  if (missing.declared !== undefined || fn === undefined) return false;
  forgetModule(team, missing.module);
  await readyWithin(team, [fn as unknown as AnyTask]);
  return true;
}

/** Waits until all threads are ready, but not for one that has something else to do for long. */
async function readyWithin(team: Team, functions: readonly AnyTask[]): Promise<void> {
  const ready = whenReady(team, functions);
  if (ready !== undefined) await settledWithin(READY_MS, ready);
}

/**
 * Has a thread help for as long as the call goes on. Each time in a scope of its own: a helper that fails
 * is no failure of the call. Of one that ends with a branch in its hands its owner learns by itself.
 */
async function askForHelp(s: Scope, team: Team, forks: Forks, args: Parameters<typeof helpWithForks>, name: string) {
  while (!forks.isClosed) {
    try {
      const end = await scope(
        async (own) => own.spawn(helpWithForks, args, { on: team.pool as ThreadPool, name }),
        {},
        s,
      );
      // What its module does not declare there, no other thread will ever have: the owners of such branches do them.
      if (end.missing === undefined ? !end.gaveWay : !(await imports(team, end.missing))) return;
    } catch (error) {
      // Never again under the same number: who waits for the one that has ended would look for another.
      if (!(error instanceof QueueFullError)) return;
      // Others wait for the pool's threads: it asks again later.
      await sleep(ASK_AGAIN_MS, s);
    }
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
  const note = explaining();
  const { pool } = team;
  if (pool === undefined || team.alone === 0)
    return callHere(name, "there are no threads that could run it", note, () => call(...args) as Result);
  return (await scope(
    async (s) => {
      await readyWithin(team, [takeForks, fn]);
      cancelNodeOf(s)?.checkpoint();
      const cells = new SharedArray({ type: "int32", length: forkCells(team.alone), name: "joins" });
      s.defer(() => cells.dispose());
      const seen = new Seen(name, cells, team.alone, note);
      const forks = new Forks(cells.values, 0);
      forks.expectAll();
      const closing = new Close(forks);
      cancelNodeOf(s)?.listen(closing);
      const root = async (): Promise<unknown> => {
        for (;;) {
          const end = await s.spawn(takeForks, [cells, [nameOf(fn), args]], { on: pool, name });
          if ("value" in end) return end.value;
          const { missing } = end;
          if (!(await imports(team, missing))) throw undeclared([fn], missing, missing.declared ?? []);
        }
      };
      const rooted = root();
      rooted.catch(() => undefined);
      const helpers = Array.from({ length: team.alone - 1 }, (_, helper) => {
        const participant = helper + 1;
        const part = nameOfPart(name, participant);
        const asking = async (own: Scope): Promise<void> =>
          askForHelp(own, team, forks, [cells, participant, true], part);
        return s.spawn(asking, [], { name: `${part}, asked for` });
      });
      try {
        return await rooted;
      } finally {
        closing.stopListening();
        forks.close();
        seen.end();
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
  const { name, team } = asked("run", options, fn);
  const note = explaining();
  const { pool } = team;
  const isReady = pool !== undefined && team.helpers > 0 && whenReady(team, [takeForks, fn]) === undefined;
  if (!isReady) return callHere(name, "no thread is there, and ready, to help", note, () => call(...args) as Result);
  const cells = new SharedArray({ type: "int32", length: forkCells(team.helpers + 1), name: "joins" });
  const seen = new Seen(name, cells, team.helpers + 1, note);
  const forks = new Forks(cells.values, 0);
  forks.expectAll();
  const helping: Helping[] = [];
  try {
    for (let helper = 1; helper <= team.helpers; helper++)
      helping.push(helpFrom(pool, helpWithForks as never, [cells, helper, false]));
    pool.publish?.();
    return within(forks, () => forks.whole(() => call(...args))) as Result;
  } finally {
    forks.close();
    seen.end();
    // Those that no thread has taken would stand in the way of others.
    const ended = helping.map(async (one) => {
      // One that is taken back fails, too.
      const over = one.ended.catch(() => undefined) as Promise<HelpEnd | undefined>;
      const end = one.takeBack() ? undefined : await over;
      if (end?.missing !== undefined && end.missing.declared === undefined) forgetModule(team, end.missing.module);
    });
    void Promise.all(ended).then(() => cells.dispose());
  }
}
