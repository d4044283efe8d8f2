import type { AnyTask, Executor, RunOptions } from "./executor.js";
import { taskIdentity } from "./executor.js";
import { scope } from "./scope.js";

/**
 * The executor of this very thread: jobs run interleaved on its event loop. A job
 * without `on` runs here too; naming it lets a program choose.
 *
 * @since 0.1.0
 */
export const here: Executor = {
  name: "here",
  runsHere: true,
  run<Result>(task: AnyTask, args: readonly unknown[], options: RunOptions): Promise<Result> {
    const fn = task as unknown as (...args: readonly unknown[]) => Result | Promise<Result>;
    options.onStart();
    return scope(
      async (s) => (taskIdentity(task)?.takesScope === true ? fn(s, ...args) : fn(...args)),
      { name: options.name },
      options.cancel,
    );
  },
};
