/**
 * Several bodies at once, in a scope of their own: what the platform's `Promise.race`
 * and its kin do, except that a loser is cancelled, and awaited, before the result
 * is given (law 1). Nothing runs on behind the caller's back.
 */
import { MisuseError } from "../core/errors.js";
import { type Cancel, describeKind } from "./cancel.js";
import { type Scope, scope } from "./scope.js";

/** A body, as `scope` takes it. */
export type Body<T> = (scope: Scope) => T | PromiseLike<T>;

type Results<Bodies extends readonly Body<unknown>[]> = {
  -readonly [Index in keyof Bodies]: Awaited<ReturnType<Bodies[Index]>>;
};

/**
 * Runs all bodies and gives the outcome, result or error, of the first to end.
 *
 * **Cancels** All bodies. The losers are cancelled when the first has ended.
 *
 * **Throws** the error of the first body, if it failed; what a loser's cleanup
 * throws.
 *
 * @example
 * ```ts
 * const winner = await race([(s) => sleep(5, s).then(() => "slow"), () => "quick"]);
 * console.log(winner); // quick
 * ```
 *
 * @since 0.1.0
 */
export async function race<T>(bodies: readonly Body<T>[], cancel?: Cancel): Promise<T> {
  requireBodies("race", bodies);
  if (bodies.length === 0) {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", "race expected at least one body: with none it would never end");
  }
  return first("race", bodies, () => true, cancel);
}

/**
 * Runs all bodies and gives the result of the first to succeed.
 *
 * **Cancels** All bodies. The losers are cancelled when one has succeeded.
 *
 * **Throws** an `AggregateError` with all errors, in order of the bodies, if none
 * succeeds. Once one has succeeded, the failures of the others are passed over,
 * those of their cleanups too.
 *
 * @since 0.1.0
 */
export async function any<T>(bodies: readonly Body<T>[], cancel?: Cancel): Promise<T> {
  requireBodies("any", bodies);
  return first("any", bodies, (succeeded) => succeeded, cancel);
}

async function first<T>(
  name: string,
  bodies: readonly Body<T>[],
  decides: (succeeded: boolean) => boolean,
  cancel: Cancel | undefined,
): Promise<T> {
  let winner: { readonly value: T } | { readonly error: unknown } | undefined;
  const errors: unknown[] = [];
  await scope(
    (s) => {
      bodies.forEach((body, index) => {
        s.spawn(
          async function contend() {
            try {
              const value = await s.scope(body, { name: `${name} ${index}` });
              if (winner !== undefined || !decides(true)) return;
              winner = { value };
            } catch (error) {
              // `any` passes failures over, whether they come just before the success
              // or just after it: which of both is a matter of promise jobs.
              if (winner !== undefined && !decides(false)) return;
              // Decided, or cancelled from outside: then this is a loser's end, and
              // the scope tells its cancellation from a failure.
              if (winner !== undefined || s.isCancelled) throw error;
              errors[index] = error;
              if (!decides(false)) return;
              winner = { error };
            }
            s.cancel(`${name}: body ${index} decided it`);
          },
          [],
          { name: `${name} ${index}` },
        );
      });
    },
    { name },
    cancel,
  );
  if (winner === undefined)
    throw new AggregateError(errors, `none of the ${bodies.length} bodies of ${name} succeeded`);
  if ("error" in winner) throw winner.error;
  return winner.value;
}

/**
 * Runs all bodies and gives all results. The first failure cancels the others.
 *
 * **Cancels** All bodies.
 *
 * **Throws** what the bodies threw, as `scope` does.
 *
 * @example
 * ```ts
 * const [word, number] = await all([() => "one", async () => 1]);
 * console.log(word, number); // one 1
 * ```
 *
 * @since 0.1.0
 */
export async function all<const Bodies extends readonly Body<unknown>[]>(
  bodies: Bodies,
  cancel?: Cancel,
): Promise<Results<Bodies>> {
  requireBodies("all", bodies);
  return scope(
    async (s) => (await Promise.all(bodies.map((body) => s.spawn((one) => body(one))))) as Results<Bodies>,
    { name: "all" },
    cancel,
  );
}

/**
 * Runs all bodies to their ends and gives all outcomes, as `Promise.allSettled`.
 *
 * **Cancels** All bodies; then it throws, as a cancelled scope does.
 *
 * @since 0.1.0
 */
export async function allSettled<const Bodies extends readonly Body<unknown>[]>(
  bodies: Bodies,
  cancel?: Cancel,
): Promise<{ -readonly [Index in keyof Bodies]: PromiseSettledResult<Awaited<ReturnType<Bodies[Index]>>> }> {
  requireBodies("allSettled", bodies);
  return scope(
    async (s) => {
      const outcomes = await Promise.allSettled(bodies.map((body) => s.spawn((one) => body(one))));
      s.checkpoint(); // outcomes cut short by a cancellation are none
      return outcomes as {
        -readonly [Index in keyof Bodies]: PromiseSettledResult<Awaited<ReturnType<Bodies[Index]>>>;
      };
    },
    { name: "allSettled", supervise: true },
    cancel,
  );
}

function requireBodies(verb: string, bodies: readonly unknown[]): void {
  if (!Array.isArray(bodies)) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      `${verb} expected an array of functions, but ${describeKind(bodies)} came`,
    );
  }
  const wrong = bodies.findIndex((body) => typeof body !== "function");
  if (wrong === -1) return;
  throw new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `${verb} expected functions, but ${describeKind(bodies[wrong])} came at index ${wrong}. ` +
      "A promise runs already and can't be cancelled: give the function that makes it",
  );
}
