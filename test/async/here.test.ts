import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError, here, scope, scopedTask, sleep, task } from "skein";
import { withVirtualClock } from "skein/testing";

import { failureOf } from "../support/failure.js";

export const double = task(function double(value: number): number {
  return value * 2;
});
export const wait = scopedTask(function wait(s, ms: number): Promise<void> {
  return sleep(ms, s);
});

/** What a scope passes when it hands a job out. */
function runOptions(cancel: AbortSignal, onStart: () => void) {
  const graceOver = new AbortController().signal;
  return { jobId: 1, name: "job", cancel, graceOver, priority: 0, spawnSite: new Error("here"), transfer: [], onStart };
}

describe("the executor of this thread", () => {
  it("is that of a job which names none: the scope runs both itself", async () => {
    await scope(async (s) => {
      assert.equal(await s.spawn(double, [2], { on: here }), 4);
      assert.equal(await s.spawn((a: number) => a + 1, [2], { on: here }), 3);
      assert.equal(await s.spawn((inner) => inner.name, [], { on: here, name: "own" }), "own");
    });
  });

  it("runs tasks, with a scope if they take one, and says when they start", () =>
    withVirtualClock(async (clock) => {
      let starts = 0;
      const options = runOptions(new AbortController().signal, () => starts++);
      assert.equal(await here.run(double, [21], options), 42);
      await here.run(wait, [30], options);
      assert.equal(clock.nowMs, 30);
      assert.equal(starts, 2);
    }));

  it("ends a task that it was asked to cancel, and starts none that was cancelled before", () =>
    withVirtualClock(async () => {
      const controller = new AbortController();
      const running = here.run(
        wait,
        [1000],
        runOptions(controller.signal, () => undefined),
      );
      controller.abort("why");
      const error = await failureOf(running);
      assert.ok(error instanceof CancelledError && error.reason === "why");
      const late = here.run(
        double,
        [1],
        runOptions(controller.signal, () => undefined),
      );
      assert.ok((await failureOf(late)) instanceof CancelledError);
    }));
});
