import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError, type Executor, type Job, type Scope, scope, sleep, StuckError, TimeoutError } from "skein";
import { settled } from "skein/testing";

import { failureOf } from "../support/failure.js";
import { timed } from "../support/timed.js";

describe("a job on an executor", () => {
  /** An executor that leaves everything to the test. */
  function manual() {
    const runs: {
      readonly options: Parameters<Executor["run"]>[2];
      readonly resolve: (value: unknown) => void;
      readonly reject: (error: unknown) => void;
    }[] = [];
    const on: Executor = {
      name: "manual",
      run: (_task, _args, options) =>
        new Promise((resolve, reject) => runs.push({ options, resolve: resolve as never, reject })),
    };
    return { on, runs };
  }

  it("is queued until the executor says that it runs, and ends as the executor says", async () => {
    const { on, runs } = manual();
    await scope(async (s) => {
      const job = s.spawn(() => 1, [], { on });
      assert.equal(job.state, "created");
      await settled();
      assert.equal(job.state, "queued");
      runs[0]?.options.onStart();
      assert.equal(job.state, "running");
      runs[0]?.resolve("result");
      assert.equal(await job, "result");
      assert.equal(job.state, "done");
    });
  });

  it("that was cancelled before it was handed over never is", async () => {
    const { on, runs } = manual();
    await scope(async (s) => {
      const job = s.spawn(() => 1, [], { on });
      job.cancel();
      await settled();
      assert.equal(job.state, "cancelled");
    });
    assert.equal(runs.length, 0);
  });

  it(
    "is told of cancellation, and of force when the grace time is over (law 13)",
    timed(async (clock) => {
      const { on, runs } = manual();
      const error = await failureOf(
        scope(
          async (s) => {
            s.spawn(() => 1, [], { on, name: "elsewhere" });
            s.spawn(() => new Promise(() => undefined), [], { name: "deaf" });
            await settled();
            const [{ options, reject }] = runs as [(typeof runs)[0]];
            options.onStart();
            options.graceOver.addEventListener("abort", () => reject(new CancelledError("stopped", { origin: s })));
            s.cancel("enough");
            assert.equal((options.cancel as Scope).isCancelled, true);
            await clock.advance(99);
            assert.equal(options.graceOver.aborted, false);
            await clock.advance(1);
            assert.equal(options.graceOver.aborted, true);
          },
          { graceMs: 100, name: "s" },
        ),
      );
      // The one on this thread can't be stopped. The other is not stuck: it is gone,
      // and tells so; an executor has its error deliver the scope's cancellation.
      assert.ok(error instanceof StuckError);
      assert.deepEqual(error.jobs, ["s > deaf"]);
    }),
  );

  it(
    "that does not end even by force is abandoned, and named (law 13)",
    timed(async (clock) => {
      const { on, runs } = manual();
      let job: Job<unknown> | undefined;
      const error = await failureOf(
        scope(
          async (s) => {
            job = s.spawn(() => 1, [], { on, name: "elsewhere" });
            await settled();
            s.cancel();
          },
          { graceMs: 100, name: "s" },
        ),
      );
      assert.ok(error instanceof StuckError);
      assert.deepEqual(error.jobs, ["s > elsewhere"]);
      assert.equal(clock.nowMs, 2100);
      assert.equal(job?.state, "abandoned");
      runs[0]?.resolve("late");
      await settled();
      assert.equal(job.state, "abandoned");
    }),
  );

  it(
    "that was cancelled by itself and does not end even by force fails its scope (law 13)",
    timed(async (clock) => {
      const { on } = manual();
      const error = await failureOf(
        scope(
          async (s) => {
            const job = s.spawn(() => 1, [], { on, name: "elsewhere" });
            await settled();
            job.cancel("enough");
            await sleep(1e6, s);
          },
          { graceMs: 100, name: "s" },
        ),
      );
      assert.ok(error instanceof StuckError);
      assert.deepEqual(error.jobs, ["s > elsewhere"]);
      assert.match(error.message, /job "elsewhere" was cancelled/);
      assert.equal(clock.nowMs, 2100);
      assert.equal(clock.pendingAlarms, 0);
    }),
  );

  for (const [how, end] of [
    ["its own timeout", undefined],
    ["its own cancellation", (job: Job<unknown>) => job.cancel()],
  ] as const) {
    it(
      `is stopped by force when it does not end after ${how} (law 13)`,
      timed(async (clock) => {
        const { on, runs } = manual();
        const running = scope(
          async (s) => {
            const job = s.spawn(() => 1, [], {
              on,
              name: "elsewhere",
              ...(end === undefined ? { timeoutMs: 10 } : {}),
            });
            await settled();
            const [{ options, reject }] = runs as [(typeof runs)[0]];
            options.onStart();
            options.graceOver.addEventListener("abort", () =>
              reject(new CancelledError("stopped", { origin: options.cancel })),
            );
            await clock.advance(10);
            end?.(job);
            await clock.advance(100);
            assert.equal(options.graceOver.aborted, true);
            return "result";
          },
          { graceMs: 100, name: "s" },
        );
        if (end === undefined) assert.ok((await failureOf(running)) instanceof TimeoutError);
        else assert.equal(await running, "result");
        assert.equal(clock.pendingAlarms, 0);
      }),
    );
  }
});
