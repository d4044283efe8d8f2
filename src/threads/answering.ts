/** Questions of jobs: calls of functions that stay on the pool's thread; see `remotes.ts`. */
import { ClosedError, describeThrown } from "../core/errors.js";
import { reportToOwner } from "../core/report.js";
import { adopt } from "../shared/crossing.js";
import { leaveForPool } from "../shared/object.js";
import { decodeThrown, type EncodedValue, encodeThrown } from "./error-codec.js";
import type { FromThread, ToThread } from "./messages.js";
import type { Callback } from "./remotes.js";
import type { PoolThread } from "./thread.js";

export type Question = Extract<FromThread, { readonly kind: "question" }>;
type Reply = Extract<ToThread, { readonly kind: "reply" }>;

/** @param fn - `undefined` once the job that was given it has ended */
export function answerQuestion(
  thread: PoolThread,
  fn: Callback<readonly unknown[], unknown> | undefined,
  { number, args, hasShared }: Question,
): void {
  const answer = async (): Promise<unknown> => {
    if (fn === undefined) throw new ClosedError("the job that was given this function has ended");
    return fn(...(hasShared ? adopt(args) : args));
  };
  const post = (outcome: (hasShared: () => boolean) => Reply["outcome"]): void =>
    leaveForPool((hasSharedNow) => thread.post({ kind: "reply", number, outcome: outcome(hasSharedNow) }, []));
  void answer()
    .then((value) =>
      post((hasSharedNow) => ({
        value,
        // Behind `value`: read when that has been copied.
        get hasShared() {
          return hasSharedNow();
        },
      })),
    )
    .catch((error: unknown) => post(() => ({ thrown: encodeThrown(error) })));
}

/** A question failed, and the job did not await the answer. */
export function reportUnheard(thread: PoolThread, thrown: EncodedValue): void {
  const error = decodeThrown(thrown, (stack) => stack);
  reportToOwner(
    `a function called by a job on thread "${thread.name}" failed, and the job did not await it: ${describeThrown(error)}`,
    error,
  );
}
