/** One run of a program, from its first step to its end. */
import { AsyncRun } from "./async-mode.js";
import { control } from "./controlled.js";
import type { Execution } from "./execution.js";
import { failureOf } from "./failure.js";
import { callProgram } from "./nested.js";
import { Exploration } from "./program.js";
import type { Strategy } from "./strategies/strategy.js";
import { SUSPEND } from "./virtual-thread.js";

export type ExploredProgram = (t: Exploration) => unknown;

/** What a run shows besides its steps, which are in the execution. */
export interface RunFacts {
  /** The outcome that the program named last. */
  readonly outcome: string | undefined;
  readonly usesJobs: boolean;
}

const DONE = Promise.resolve();

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === "function";
}

/**
 * Runs the program once; whatever it throws is a failure of the execution.
 *
 * @param isTold - whether the run is to be shown, if it goes wrong
 */
export async function runProgram(
  execution: Execution,
  strategy: Strategy,
  program: ExploredProgram,
  name: string,
  isTold: boolean = false,
): Promise<RunFacts> {
  control(execution);
  execution.reset(strategy);
  const asyncRun = new AsyncRun(execution, isTold);
  const t = new Exploration(execution, asyncRun);
  try {
    asyncRun.begin();
    const result = callProgram(() => program(t));
    if (isPromise(result)) await asyncRun.settle(result);
    execution.finishMain();
    if (asyncRun.usesJobs) await asyncRun.settle(DONE);
  } catch (error) {
    if (error !== SUSPEND) execution.fail(failureOf(error, name));
  } finally {
    control(undefined);
    execution.end();
    asyncRun.end();
  }
  return { outcome: t.namedOutcome, usesJobs: asyncRun.usesJobs };
}
