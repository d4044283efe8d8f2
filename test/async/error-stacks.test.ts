/** A stack tells who waited, not how this library works inside. */
import assert from "node:assert/strict";
import { it } from "node:test";

import { CancelledError, scope, sleep, TimeoutError } from "skein";

async function caughtFrom(run: () => Promise<unknown>): Promise<Error> {
  try {
    await run();
  } catch (error) {
    return error as Error;
  }
  throw new assert.AssertionError({ message: "nothing was thrown" });
}

/** Frames in which our own modules stand. */
function ownFrames(error: Error): string[] {
  return (error.stack ?? "").split("\n").filter((line) => /[/\\](?:dist|src)[/\\]/.test(line));
}

async function loadTooSlowly(): Promise<void> {
  await scope(async (s) => sleep(1000, s), { timeoutMs: 1, name: "load" });
}

it("a scope's timeout names the function that waited for the scope", async () => {
  const error = await caughtFrom(loadTooSlowly);
  assert.ok(error instanceof TimeoutError);
  assert.match(
    error.stack ?? "",
    /^TimeoutError: scope "load" did not end before its deadline\n.*at async loadTooSlowly/,
  );
  assert.deepEqual(ownFrames(error), []);
});

it("a scope in a scope names the function that waited for it", async () => {
  const error = await caughtFrom(async () => scope(async () => loadTooSlowly()));
  assert.match(error.stack ?? "", /at async loadTooSlowly/);
  assert.deepEqual(ownFrames(error), []);
});

it("a cancelled scope names the function that waited for it", async () => {
  async function waitForCancelled(): Promise<void> {
    await scope(async (s) => {
      s.cancel("enough");
      await sleep(1000, s);
    });
  }
  const error = await caughtFrom(waitForCancelled);
  assert.ok(error instanceof CancelledError);
  assert.match(error.stack ?? "", /at async waitForCancelled/);
  assert.deepEqual(ownFrames(error), []);
});

it("a job's timeout names the place that spawned it", async () => {
  async function spawnSlow(): Promise<void> {
    await scope(async (s) => {
      await s.spawn(async (inner) => sleep(1000, inner), [], { timeoutMs: 1, name: "slow" });
    });
  }
  const error = await caughtFrom(spawnSlow);
  assert.ok(error instanceof TimeoutError);
  assert.match(error.stack ?? "", /^TimeoutError: scope "slow" did not end before its deadline\n.*error-stacks\.test/);
});

it("an error of the body keeps the stack that it had", async () => {
  const thrown = new TimeoutError("mine");
  const { stack } = thrown;
  const error = await caughtFrom(async () =>
    scope(async () => {
      throw thrown;
    }),
  );
  assert.equal(error, thrown);
  assert.equal(error.stack, stack);
});
