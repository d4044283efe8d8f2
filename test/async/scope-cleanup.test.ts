import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError, type Job, scope, sleep, StuckError, TimeoutError } from "skein";
import { settled } from "skein/testing";

import { ENDINGS, outcomeOf } from "../support/endings.js";
import { failureOf } from "../support/failure.js";
import { timed } from "../support/timed.js";

describe("cleanups", () => {
  for (const { name, options, body, outcome } of ENDINGS) {
    it(
      `run once, the last one first, after all jobs, on ${name} (law 7)`,
      timed(async () => {
        const seen: string[] = [];
        const running = scope(async (s) => {
          for (const cleanup of ["a", "b", "c"]) {
            s.defer(async () => {
              seen.push(`${cleanup} begins`);
              await sleep(1);
              s.cancel("again"); // during the cleanup, and without effect on it
              seen.push(`${cleanup} ends`);
            });
          }
          s.spawn(async () => {
            await sleep(100, s).catch(() => undefined);
            seen.push("job");
          });
          await settled();
          return body(s);
        }, options);
        assert.equal(await outcomeOf(running), outcome);
        assert.deepEqual(seen, ["job", "c begins", "c ends", "b begins", "b ends", "a begins", "a ends"]);
      }),
    );
  }

  it(
    "have a scope of their own that is not cancelled with theirs (law 7)",
    timed(async (clock) => {
      const seen: string[] = [];
      await failureOf(
        scope(async (s) => {
          s.defer(async (inner) => {
            await sleep(10, inner);
            await inner.spawn(() => sleep(10, inner));
            seen.push(`${inner.isCancelled}`, `${s.isCancelled}`);
          });
          s.cancel();
          s.checkpoint();
        }),
      );
      assert.deepEqual(seen, ["false", "true"]);
      assert.equal(clock.nowMs, 20);
    }),
  );

  it("that fail are told, and hide neither each other nor the failure before them", async () => {
    type Suppressed = Error & { readonly error: Error; readonly suppressed: Suppressed };
    const fail = (message: string) => () => Promise.reject(new Error(message));
    const alone = await failureOf(scope((s) => s.defer(fail("cleanup"))));
    assert.equal((alone as Error).message, "cleanup");
    const thrown = (await failureOf(
      scope((s) => {
        s.defer(fail("runs second"));
        s.defer(fail("runs first"));
        throw new Error("body");
      }),
    )) as Suppressed;
    assert.deepEqual([thrown.name, thrown.error.message], ["SuppressedError", "runs second"]);
    assert.deepEqual([thrown.suppressed.name, thrown.suppressed.error.message], ["SuppressedError", "runs first"]);
    assert.equal(thrown.suppressed.suppressed.message, "body");
  });

  it("that fail do not keep the others from running", async () => {
    const seen: string[] = [];
    await failureOf(
      scope((s) => {
        s.defer(() => seen.push("outer"));
        s.defer(() => {
          throw new Error("inner");
        });
      }),
    );
    assert.deepEqual(seen, ["outer"]);
  });

  it(
    "are told to end when the grace time of a cancelled scope is over, and that is told (law 13)",
    timed(async (clock) => {
      const thrown = await failureOf(
        scope(
          (s) => {
            s.defer((inner) => sleep(1e6, inner));
            s.cancel();
          },
          { graceMs: 100 },
        ),
      );
      assert.ok(thrown instanceof TimeoutError);
      assert.match(thrown.message, /cleanup of scope/);
      assert.equal(clock.nowMs, 100);
    }),
  );

  it(
    "have no limit in a scope that is not cancelled",
    timed(async (clock) => {
      await scope((s) => s.defer((inner) => sleep(1e6, inner)), { graceMs: 100 });
      assert.equal(clock.nowMs, 1e6);
    }),
  );

  it(
    "get a limit when their scope is cancelled while they run",
    timed(async (clock) => {
      const outer = new AbortController();
      const running = scope((s) => s.defer((inner) => sleep(1e6, inner)), { graceMs: 100 }, outer.signal);
      await clock.advance(30);
      outer.abort();
      assert.ok((await failureOf(running)) instanceof TimeoutError);
      assert.equal(clock.nowMs, 130);
    }),
  );

  it(
    "of a scope inside are told to end too before they are given up (law 13)",
    timed(async (clock) => {
      const seen: string[] = [];
      const thrown = await failureOf(
        scope(
          async (outer) => {
            outer.spawn((inner) => {
              inner.defer(async (cleanup) => {
                await failureOf(sleep(1e6, cleanup));
                seen.push("told");
              });
              // It takes a part of the grace time to end: the cleanup begins late,
              // and its own grace time would end after that of the scope around it.
              return failureOf(sleep(1e6, inner)).then(() => sleep(50));
            });
            await settled();
            outer.cancel("enough");
            outer.checkpoint();
          },
          { graceMs: 100 },
        ),
      );
      assert.deepEqual(seen, ["told"]);
      assert.equal(clock.nowMs, 100);
      assert.ok(thrown instanceof CancelledError);
      assert.equal(clock.pendingAlarms, 0);
    }),
  );

  it(
    "of a scope inside that go on when told are stuck, and named by their path (law 13)",
    timed(async (clock) => {
      const thrown = await failureOf(
        scope(
          async (outer) => {
            outer.spawn((inner) => inner.defer(() => new Promise(() => undefined)), [], { name: "job" });
            await settled();
            outer.cancel("enough");
          },
          { graceMs: 10_000, name: "outer" },
        ),
      );
      assert.ok(thrown instanceof StuckError);
      assert.deepEqual(thrown.jobs, ["outer > job > cleanup"]);
      assert.equal(clock.nowMs, 12_000);
    }),
  );

  it(
    "that go on after their time are stuck, and are named (law 13)",
    timed(async () => {
      const thrown = await failureOf(
        scope(
          (s) => {
            s.defer(() => new Promise(() => undefined));
            s.cancel();
          },
          { graceMs: 100, name: "server" },
        ),
      );
      assert.ok(thrown instanceof StuckError);
      assert.match(thrown.jobs.join(), /cleanup of server/);
    }),
  );
});

describe("grace time", () => {
  it(
    "ends with an error that names the jobs that went on, by their path (law 13)",
    timed(async (clock) => {
      const deaf = () => new Promise(() => undefined);
      const error = await failureOf(
        scope(
          (s) => {
            s.spawn(deaf, [], { name: "one" });
            s.spawn((inner) => inner.spawn(deaf, [], { name: "two" }), [], { name: "group" });
            s.spawn((inner) => sleep(1e6, inner), [], { name: "hears" });
            return sleep(1e6, s);
          },
          { graceMs: 100, timeoutMs: 10, name: "server" },
        ),
      );
      assert.ok(error instanceof StuckError);
      assert.deepEqual(error.jobs, ["server > one", "server > group > two"]);
      assert.match(error.message, /server > one, server > group > two/);
      assert.equal(clock.nowMs, 110);
    }),
  );

  it(
    "names the body if nothing else goes on (law 13)",
    timed(async () => {
      const error = await failureOf(scope(() => new Promise(() => undefined), { timeoutMs: 1, name: "server" }));
      assert.ok(error instanceof StuckError);
      assert.deepEqual(error.jobs, ["server > body"]);
    }),
  );

  it(
    "ends a scope of which only a scope inside it goes on (law 13)",
    timed(async (clock) => {
      let inner: Promise<unknown> | undefined;
      const error = await failureOf(
        scope(
          (s) => {
            inner = s.scope(() => new Promise(() => undefined), { name: "inner" });
            s.cancel();
          },
          { graceMs: 100, name: "outer" },
        ),
      );
      assert.ok(error instanceof StuckError);
      assert.deepEqual(error.jobs, ["outer > inner > body"]);
      assert.equal(clock.nowMs, 100);
      assert.ok(inner !== undefined);
    }),
  );

  it(
    "tells the failures before it as well",
    timed(async () => {
      const failure = new Error("first");
      const error = await failureOf(
        scope(
          async (s) => {
            s.spawn(() => new Promise(() => undefined), [], { name: "deaf" });
            s.spawn(() => Promise.reject(failure));
          },
          { graceMs: 100 },
        ),
      );
      assert.ok(error instanceof AggregateError);
      assert.equal(error.errors[0], failure);
      assert.ok(error.errors[1] instanceof StuckError);
    }),
  );

  it(
    "is over for each job once: who ends in time is not named",
    timed(async (clock) => {
      const error = await failureOf(
        scope(
          async (s) => {
            s.spawn(async () => {
              await failureOf(sleep(1e6, s));
              await sleep(99); // its cleanup
            });
            await sleep(1e6, s);
          },
          { graceMs: 100, timeoutMs: 10 },
        ),
      );
      assert.ok(error instanceof TimeoutError);
      assert.equal(clock.nowMs, 109);
    }),
  );

  it(
    "is inherited, and a scope's own comes first",
    timed(async (clock) => {
      const deaf = () => new Promise(() => undefined);
      const error = await failureOf(
        scope(
          async (s) => {
            s.spawn((inner) => inner.scope(deaf, { graceMs: 20, name: "short" }), [], { name: "job" });
            await settled();
            s.cancel();
          },
          { graceMs: 100, name: "outer" },
        ),
      );
      assert.ok(error instanceof StuckError);
      assert.deepEqual(error.jobs, ["short > body"]);
      assert.equal(clock.nowMs, 20);
    }),
  );

  it(
    "without end waits for ever",
    timed(async (clock) => {
      let release: (() => void) | undefined;
      let isOver = false;
      const running = scope(() => new Promise<void>((resolve) => (release = resolve)), {
        graceMs: Infinity,
        timeoutMs: 1,
      });
      void running.then(() => (isOver = true));
      await clock.advance(1e9);
      assert.equal(isOver, false);
      release?.();
      await running;
      assert.equal(clock.pendingAlarms, 0);
    }),
  );

  it(
    "leaves a job that was abandoned unheard but for its own failure, which is reported",
    timed(async () => {
      let fail: ((error: Error) => void) | undefined;
      let job: Job<unknown> | undefined;
      const warnings: Error[] = [];
      const onWarning = (warning: Error) => warnings.push(warning);
      process.on("warning", onWarning);
      try {
        const error = await failureOf(
          scope(
            async (s) => {
              job = s.spawn(() => new Promise((_resolve, reject) => (fail = reject)), [], { name: "deaf" });
              await settled();
              s.cancel();
            },
            { graceMs: 10 },
          ),
        );
        assert.ok(error instanceof StuckError);
        assert.equal(job?.state, "abandoned");
        assert.equal(await failureOf(job), error);
        const late = new Error("late");
        fail?.(late);
        await settled();
        assert.deepEqual(
          warnings.map(({ name, cause }) => [name, cause]),
          [["SkeinWarning", late]],
        );
        assert.equal(job?.state, "abandoned");
      } finally {
        process.off("warning", onWarning);
      }
    }),
  );

  it(
    "has one alarm for the whole tree, and none is left behind (law 40)",
    timed(async (clock) => {
      await failureOf(
        scope(async (s) => {
          for (let i = 0; i < 10; i++) s.spawn((inner) => inner.scope((innermost) => sleep(1e6, innermost)));
          await settled();
          s.cancel();
          assert.equal(clock.pendingAlarms, 1);
          s.checkpoint();
        }),
      );
      assert.equal(clock.pendingAlarms, 0);
    }),
  );
});
