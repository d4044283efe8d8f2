/** The ready handshake: a job that its parent waits for until it says it is ready. */
import { MisuseError } from "../core/errors.js";
import { cancelNodeOf, describeKind } from "./cancel.js";
import type { Scope } from "./scope.js";
import { suspend } from "./wait-queue.js";

/** Says that the job is ready, and hands over what the parent gets; called once. */
export type Ready<T> = (value: T) => void;

/**
 * Spawns a job in `parent` and waits until it says it is ready.
 *
 * Until then its failure is the caller's; from then on it is a job of the scope
 * like any other, and its failure fails the scope.
 */
export async function startJob<T>(
  parent: Scope,
  body: (scope: Scope, ready: Ready<T>) => unknown,
  name: string | undefined,
): Promise<T> {
  if (typeof body !== "function") {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `start expected a function, but ${describeKind(body)} came`);
  }
  parent.checkpoint();
  const called = name ?? (body.name === "" ? "job" : body.name);
  const { waiter, promise } = suspend<T>(`"${called}" to be ready`, cancelNodeOf(parent), undefined);
  let isReady = false;
  const ready: Ready<T> = (value) => {
    if (isReady) throw new MisuseError("SKEIN_INVALID_ARGUMENT", `"${called}" said twice that it is ready`);
    isReady = true;
    waiter.resolve(value);
  };
  parent.spawn(
    async (own) => {
      try {
        await own.scope((inner) => body(inner, ready), { name: called });
      } catch (error) {
        // A failure before it was ready goes to the caller, and to nobody else. A
        // cancelled caller has its own error already, so then the scope gets it.
        if (isReady || waiter.isOver) throw error;
        waiter.reject(error);
        return;
      }
      if (isReady) return;
      waiter.reject(
        new MisuseError(
          "SKEIN_INVALID_ARGUMENT",
          `"${called}" ended without saying that it is ready: call ready(value)`,
        ),
      );
    },
    [],
    { name: called },
  );
  return promise;
}
