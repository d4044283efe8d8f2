import assert from "node:assert/strict";

import { SkeinError } from "skein";

/** What the promise fails with; a promise that does not fail is a failure here. */
export async function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  return assert.fail("it was expected to fail");
}

/** The code of what a call throws, or its promise fails with. */
export async function codeOf(call: () => unknown): Promise<string> {
  const error = await failureOf((async () => call())());
  assert.ok(error instanceof SkeinError, `expected an error of the library, but got ${String(error)}`);
  return error.code;
}
