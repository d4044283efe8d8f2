import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { scope, sleep, TimeoutError } from "skein";
import { settled } from "skein/testing";

import { ENDINGS, outcomeOf } from "../support/endings.js";
import { failureOf } from "../support/failure.js";
import { timed } from "../support/timed.js";

describe("a deadline", () => {
  it(
    "is the earliest of the scope's own and those around it (law 17)",
    timed(async (clock) => {
      await clock.advance(1000);
      await scope(
        async (outer) => {
          assert.equal(outer.deadlineMs, 1100);
          await outer.scope((inner) => assert.equal(inner.deadlineMs, 1100), { timeoutMs: 500 });
          await outer.scope((inner) => assert.equal(inner.deadlineMs, 1050), { timeoutMs: 50 });
          await outer.scope((inner) => assert.equal(inner.deadlineMs, 1020), { deadlineMs: 1020, timeoutMs: 50 });
          await outer.spawn((inner) => assert.equal(inner.deadlineMs, 1100));
        },
        { timeoutMs: 100 },
      );
      await scope((s) => assert.equal(s.deadlineMs, Infinity));
    }),
  );

  it(
    "of a scope around ends the scope inside, and is the outer's timeout (law 17)",
    timed(async (clock) => {
      const names: string[] = [];
      const error = await failureOf(
        scope(
          async (outer) => {
            const inner = await failureOf(outer.scope((s) => sleep(1000, s), { timeoutMs: 500 }));
            names.push((inner as Error).name);
            throw inner;
          },
          { timeoutMs: 100, name: "outer" },
        ),
      );
      assert.deepEqual(names, ["CancelledError"]);
      assert.ok(error instanceof TimeoutError);
      assert.match(error.message, /scope "outer"/);
      assert.equal(clock.nowMs, 100);
    }),
  );

  it(
    "can be moved earlier and later, and taken away (law 17)",
    timed(async (clock) => {
      const endedAt = async (first: number, moveAtMs: number, toMs: number): Promise<number> => {
        const startMs = clock.nowMs;
        await failureOf(
          scope(
            async (s) => {
              await sleep(moveAtMs, s);
              s.deadlineMs = startMs + toMs;
              await sleep(1000, s);
              throw new Error("reached the end");
            },
            { timeoutMs: first },
          ),
        );
        return clock.nowMs - startMs;
      };
      assert.equal(await endedAt(100, 10, 50), 50);
      assert.equal(await endedAt(100, 10, 500), 500);
      assert.equal(await endedAt(100, 10, Infinity), 1010);
      assert.equal(await endedAt(100, 10, 5), 10);
      assert.equal(clock.pendingAlarms, 0);
    }),
  );

  it(
    "waits for the body's cleanup before it is told, and what it ended no longer runs (law 18)",
    timed(async (clock) => {
      let lastStepMs = 0;
      const error = await failureOf(
        scope(
          async (s) => {
            try {
              for (;;) {
                await sleep(7, s);
                lastStepMs = clock.nowMs;
              }
            } finally {
              await sleep(25);
            }
          },
          { timeoutMs: 50 },
        ),
      );
      assert.ok(error instanceof TimeoutError);
      assert.equal(clock.nowMs, 75);
      await clock.advance(1000);
      assert.equal(lastStepMs, 49);
    }),
  );

  it(
    "that has passed cancels at the first checkpoint, and not before it (law 19)",
    timed(async (clock) => {
      await clock.advance(100);
      for (const options of [{ deadlineMs: 50 }, { deadlineMs: -Infinity }, { timeoutMs: 0 }]) {
        const seen: string[] = [];
        const error = await failureOf(
          scope((s) => {
            seen.push(`${s.isCancelled}`);
            s.checkpoint();
            seen.push("went on");
          }, options),
        );
        assert.ok(error instanceof TimeoutError);
        assert.deepEqual(seen, ["false"]);
        // Without a checkpoint nothing is cut short.
        assert.equal(await scope(() => "result", options), "result");
      }
    }),
  );

  it(
    "is seen by a loop that computes, at its checkpoints (law 19)",
    timed(async () => {
      // The alarm can't ring while the loop runs: only the checkpoint can tell.
      let steps = 0;
      const error = await failureOf(
        scope(
          (outer) =>
            outer.scope((s) => {
              for (; steps < 1000; steps++) {
                s.checkpoint();
                if (steps === 10) outer.deadlineMs = -1;
              }
            }),
          { timeoutMs: 1000 },
        ),
      );
      assert.ok(error instanceof TimeoutError);
      assert.equal(steps, 11);
    }),
  );

  it(
    "that passes after everything was done cuts nothing short",
    timed(async () => {
      assert.equal(
        await scope(
          async () => {
            await sleep(100); // not with the scope
            return "result";
          },
          { timeoutMs: 50 },
        ),
        "result",
      );
    }),
  );

  it(
    "is not blamed for a job that was cancelled by itself",
    timed(async () => {
      const result = await scope(
        async (s) => {
          const job = s.spawn(async (inner) => {
            await failureOf(sleep(1e6, inner));
            await sleep(80); // its cleanup goes on past the deadline
            inner.checkpoint();
          });
          await settled();
          job.cancel();
          await sleep(100); // not with the scope
          return "result";
        },
        { timeoutMs: 50 },
      );
      assert.equal(result, "result");
    }),
  );

  it(
    "of a job is that job's own, counted from when its code starts, and a failure",
    timed(async (clock) => {
      const error = await failureOf(
        scope((s) => void s.spawn((inner) => sleep(1000, inner), [], { timeoutMs: 30, name: "slow" })),
      );
      assert.ok(error instanceof TimeoutError);
      assert.match(error.message, /"slow"/);
      assert.equal(clock.nowMs, 30);
      await scope((s) => void s.spawn((ms: number) => sleep(ms), [20], { timeoutMs: 30 }));
    }),
  );

  it(
    "leaves no alarm behind, however the scope ends (law 40)",
    timed(async (clock) => {
      for (const { body } of ENDINGS) {
        await outcomeOf(scope((s) => s.scope(body, { timeoutMs: 10_000 }), { timeoutMs: 20_000 }));
        assert.equal(clock.pendingAlarms, 0);
      }
    }),
  );
});
