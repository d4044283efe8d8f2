import { SkeinError } from "skein";
import { settled } from "skein/testing";

/** A promise that is looked at from outside: `waiting`, its value, or the code (else the name) of its error. */
export interface Followed {
  outcome: unknown;
}

export function follow(promise: PromiseLike<unknown>): Followed {
  const followed: Followed = { outcome: "waiting" };
  promise.then(
    (value) => (followed.outcome = value),
    (error: unknown) => (followed.outcome = error instanceof SkeinError ? error.code : (error as Error).name),
  );
  return followed;
}

/** What has become of each once all jobs have come to rest. */
export async function outcomesOf(followed: readonly Followed[]): Promise<unknown[]> {
  await settled();
  return followed.map(({ outcome }) => outcome);
}
