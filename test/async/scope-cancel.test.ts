import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError, channel, type Job, scope, sleep, StuckError, TimeoutError } from "skein";
import { settled } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { timed } from "../support/timed.js";

describe("cancellation", () => {
  it(
    "goes on until the scope is left, however often it is swallowed (law 8)",
    timed(async () => {
      const codes: string[] = [];
      await scope(async (s) => {
        const words = channel<string>(1);
        const job = s.spawn(() => sleep(1));
        s.cancel("enough");
        for (const wait of [
          () => s.checkpoint(),
          () => sleep(1, s),
          () => words.send("x", s),
          () => words.receive(s),
          () => job.join(s),
          () => s.scope(() => 1),
          () => s.shield(() => 1),
          () => scope(() => 1, {}, s),
          () => sleep(1, s),
        ]) {
          codes.push(await codeOf(wait));
        }
      });
      assert.deepEqual(new Set(codes), new Set(["SKEIN_CANCELLED"]));
    }),
  );

  it(
    "comes at checkpoints alone: code without one runs to its end (law 9)",
    timed(async () => {
      const seen: string[] = [];
      const result = await scope(async (s) => {
        s.spawn(async () => {
          await sleep(10); // waits, but for no scope
          seen.push("ran on");
        });
        await settled();
        s.cancel();
        seen.push("so did the body");
        return "result";
      });
      assert.deepEqual(seen, ["so did the body", "ran on"]);
      assert.equal(result, "result");
    }),
  );

  it(
    "comes at each wait, also at one that could be done at once, which then did not happen (laws 9 and 10)",
    timed(async () => {
      await scope(async (s) => {
        const words = channel<string>(2);
        await words.send("here");
        const done = s.spawn(() => "done");
        await done;
        s.cancel();
        assert.equal(await codeOf(() => words.receive(s)), "SKEIN_CANCELLED");
        assert.equal(await codeOf(() => words.send("no", s)), "SKEIN_CANCELLED");
        assert.equal(await codeOf(() => done.join(s)), "SKEIN_CANCELLED");
        assert.equal(await codeOf(() => sleep(0, s)), "SKEIN_CANCELLED");
        assert.deepEqual(words.tryReceive(), { value: "here" });
        assert.equal(words.tryReceive(), undefined);
      });
    }),
  );

  it("of a scope that is cancelled, or has ended, changes nothing: the first reason stays (law 14)", async () => {
    const s = await scope((inner) => {
      assert.equal(inner.cancel("first"), true);
      assert.equal(inner.cancel("second"), false);
      assert.throws(() => inner.checkpoint(), { reason: "first" });
      return [inner];
    });
    assert.equal(s[0]?.cancel("third"), false);
    const [ended] = await scope((inner) => [inner]);
    assert.equal(ended?.cancel("late"), false);
    assert.equal(ended?.isCancelled, false);
  });

  it(
    "of a scope inside ends there: those around it go on, and see no cancellation (law 15)",
    timed(async () => {
      const result = await scope(async (outer) => {
        const sibling = outer.spawn((s) => sleep(10, s));
        const error = await failureOf(
          outer.scope(async (inner) => {
            inner.cancel("inner");
            await sleep(1, inner);
          }),
        );
        assert.ok(error instanceof CancelledError);
        assert.equal(outer.isCancelled, false);
        await sleep(1, outer);
        await sibling;
        return "result";
      });
      assert.equal(result, "result");
    }),
  );

  it(
    "of a scope inside is an ordinary failure where it is not caught (law 15)",
    timed(async () => {
      let sibling: Job<void> | undefined;
      const error = await failureOf(
        scope(async (outer) => {
          sibling = outer.spawn((s) => sleep(10, s));
          await settled();
          await outer.scope((inner) => {
            inner.cancel("inner");
            inner.checkpoint();
          });
        }),
      );
      assert.equal((error as CancelledError).reason, "inner");
      assert.equal(sibling?.state, "cancelled");
    }),
  );

  it(
    "of a scope inside is not taken for that of the scope around it, which is cancelled too (law 15)",
    timed(async () => {
      const error = await failureOf(
        scope(async (outer) => {
          const inner = await failureOf(
            outer.scope((s) => {
              s.cancel("inner");
              s.checkpoint();
            }),
          );
          outer.cancel("outer");
          throw inner;
        }),
      );
      assert.equal((error as CancelledError).reason, "inner");
    }),
  );

  it(
    "from around it reaches every scope inside, with its reason (law 15)",
    timed(async () => {
      const reasons: unknown[] = [];
      const error = await failureOf(
        scope(async (outer) => {
          outer.spawn((s) =>
            s.scope((t) =>
              sleep(10, t).catch((cancelled: unknown) => {
                reasons.push((cancelled as CancelledError).reason, CancelledError.originOf(cancelled) === outer);
                throw cancelled;
              }),
            ),
          );
          await settled();
          outer.cancel("outer");
          outer.checkpoint();
        }),
      );
      assert.deepEqual(reasons, ["outer", true]);
      assert.ok(error instanceof CancelledError && error.reason === "outer");
    }),
  );

  it(
    "is recognised through platform calls that take the signal, that of a scope around it too",
    timed(async () => {
      const error = new Error("real");
      // As Node's own functions do it: an AbortError with the signal's reason as its cause.
      const platformWait = (signal: AbortSignal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => {
            const aborted = new Error("The operation was aborted", { cause: signal.reason });
            aborted.name = "AbortError";
            reject(aborted);
          }),
        );
      const thrown = await failureOf(
        scope(async (outer) => {
          outer.spawn(() => platformWait(outer.signal));
          outer.spawn((inner) => platformWait(inner.signal));
          outer.spawn((inner) => inner.scope(() => platformWait(outer.signal)));
          outer.spawn((inner) =>
            inner.scope(
              () =>
                new Promise((_resolve, reject) => {
                  outer.signal.addEventListener("abort", () => reject(outer.signal.reason as Error));
                }),
            ),
          );
          await settled();
          throw error;
        }),
      );
      assert.equal(thrown, error);
    }),
  );

  it("by a signal is recognised where the signal itself was used", async () => {
    const controller = new AbortController();
    const running = scope(
      (s) =>
        void s.spawn(
          () =>
            new Promise((_resolve, reject) =>
              controller.signal.addEventListener("abort", () => reject(controller.signal.reason as Error)),
            ),
        ),
      {},
      controller.signal,
    );
    await settled();
    controller.abort();
    const error = await failureOf(running);
    assert.ok(error instanceof CancelledError, String(error));
    assert.equal(error.reason, controller.signal.reason);
  });

  it("by a signal that was aborted before runs nothing", async () => {
    const reason = new Error("before");
    const error = await failureOf(scope(() => assert.fail("it ran"), {}, AbortSignal.abort(reason)));
    assert.ok(error instanceof CancelledError);
    assert.equal(error.reason, reason);
    assert.match(error.message, /the operation was cancelled: Error: before/);
  });

  it("describes any reason, however hostile, and reaches everybody", async () => {
    const reasons = [
      undefined,
      Object.create(null),
      Symbol("s"),
      Object.defineProperty(new Error("e"), "message", { get: () => assert.fail() }),
    ];
    for (const reason of reasons) {
      const error = await failureOf(
        scope(async (s) => {
          const waits = [sleep(1000, s), sleep(1000, s)];
          s.cancel(reason);
          await Promise.allSettled(waits);
          s.checkpoint();
        }),
      );
      assert.ok(error instanceof CancelledError);
      assert.equal(error.reason, reason);
    }
  });

  it(
    "shows as an AbortSignal, before and after it came",
    timed(async () => {
      await scope(async (s) => {
        const { signal } = s;
        assert.equal(signal.aborted, false);
        s.cancel("why");
        assert.ok(signal.aborted && s.signal === signal);
        assert.ok(signal.reason instanceof CancelledError && signal.reason.reason === "why");
      });
      await scope((s) => {
        s.cancel("why");
        assert.ok(s.signal.aborted);
      });
    }),
  );
});

describe("a shield", () => {
  it(
    "keeps a cancellation from its body and the jobs inside, and delivers it after (law 12)",
    timed(async (clock) => {
      const seen: string[] = [];
      const error = await failureOf(
        scope(async (s) => {
          s.spawn(async () => {
            await sleep(5);
            s.cancel("outer");
          });
          await s.shield(async (shielded) => {
            const job = shielded.spawn((inner) => sleep(20, inner));
            await sleep(10, shielded);
            seen.push(`${s.isCancelled} ${shielded.isCancelled}`);
            await job;
            seen.push("done");
          });
          seen.push("after");
        }),
      );
      assert.deepEqual(seen, ["true false", "done"]);
      assert.equal((error as CancelledError).reason, "outer");
      assert.equal(clock.nowMs, 20);
    }),
  );

  it(
    "keeps a deadline from its body too, while its own still works (law 12)",
    timed(async (clock) => {
      const error = await failureOf(
        scope(
          async (s) => {
            await s.shield(async (shielded) => {
              assert.equal(shielded.deadlineMs, Infinity);
              const own = await failureOf(shielded.scope((inner) => sleep(1000, inner), { timeoutMs: 20 }));
              assert.ok(own instanceof TimeoutError);
              shielded.checkpoint();
            });
          },
          { timeoutMs: 5 },
        ),
      );
      assert.ok(error instanceof TimeoutError);
      assert.equal(clock.nowMs, 20);
    }),
  );

  it(
    "inside a shield is one more (law 12)",
    timed(async () => {
      const seen: string[] = [];
      await failureOf(
        scope(async (s) => {
          await s.shield(async (one) => {
            await failureOf(
              one.scope(async (t) => {
                await t.shield(async (two) => {
                  t.cancel("middle");
                  s.cancel("outer");
                  await sleep(5, two);
                  seen.push("two");
                });
              }),
            );
            await sleep(5, one);
            seen.push("one");
          });
          seen.push("after");
        }),
      );
      assert.deepEqual(seen, ["two", "one"]);
    }),
  );

  it("passes on its body's result and its body's failure", async () => {
    const error = new Error("inside");
    await scope(async (s) => assert.equal(await s.shield(() => 7), 7));
    assert.equal(await failureOf(scope((s) => s.shield(() => Promise.reject(error)))), error);
  });

  it(
    "does not outlive the grace time (law 13)",
    timed(async (clock) => {
      const error = await failureOf(
        scope(
          async (s) => {
            const shielded = s.shield((inner) => sleep(1e6, inner));
            s.cancel();
            await shielded;
          },
          { graceMs: 100, name: "server" },
        ),
      );
      assert.ok(error instanceof StuckError);
      assert.deepEqual(error.jobs, ["server > shield in server > body"]);
      assert.equal(clock.nowMs, 100);
    }),
  );
});
