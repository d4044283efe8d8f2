import { MisuseError } from "../core/errors.js";
import { describeKind } from "./cancel.js";
import { type Job, ScopeJob } from "./job.js";
import { SELECTABLE, type Selectable } from "./select.js";

/**
 * The end of a job as a case of `select`: it wins with the job's result, or throws
 * the job's error. A job that has ended wins at once.
 *
 * **Cancels** Losing leaves nothing behind, and the job runs on. A failure that a
 * losing case did not see reaches the job's scope as if nobody had waited for it.
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` for anything but a job: that a promise is
 * waited for can't be taken back.
 *
 * @example
 * ```ts
 * await scope(async (s) => {
 *   const words = channel<string>(0, s);
 *   const job = s.spawn(() => 42);
 *   const won = await select({ word: words.receiving(), job: joining(job) }, s);
 *   if (won.case === "job") console.log(won.value); // 42
 * });
 * ```
 *
 * @since 0.1.0
 */
export function joining<Result>(job: Job<Result>): Selectable<Result> {
  if (!(job instanceof ScopeJob)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `joining expected a job, as spawn gives it, but ${describeKind(job)} came; run other work as a job: s.spawn(() => work)`,
    );
  }
  const ended: ScopeJob = job;
  return {
    [SELECTABLE]: {
      attempt: () => ended.tryJoin() as { readonly value: Result } | undefined,
      park: (won, failed) => ended.parkJoin(won as (value: unknown) => void, failed),
    },
  };
}
