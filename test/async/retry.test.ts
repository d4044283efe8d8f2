import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { retry } from "#skein/async/retry";
import { exponential, type RetrySchedule, spaced } from "#skein/async/schedule";
import * as fc from "fast-check";
import { CancelledError, ClosedError, MisuseError, scope, sleep, StuckError } from "skein";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";

/** Fails so many times with `failure 1`, `failure 2`, … and then gives the number of calls. */
function failing(times: number): () => Promise<number> {
  let calls = 0;
  return async () => {
    calls++;
    if (calls <= times) throw new Error(`failure ${calls}`);
    return calls;
  };
}

const messages = (errors: unknown): string[] => (errors as Error[]).map((error) => error.message);

describe("retry", () => {
  it("gives the first result, with the schedule's delays between attempts", () =>
    withVirtualClock(async (clock) => {
      const attempts: number[][] = [];
      const result = await retry(async (attempt) => {
        attempts.push([attempt, clock.nowMs]);
        if (attempt < 4) throw new Error("not yet");
        return "done";
      }, exponential(10));
      assert.equal(result, "done");
      assert.deepEqual(attempts, [
        [1, 0],
        [2, 10],
        [3, 30],
        [4, 70],
      ]);
    }));

  it("does not wait, nor ask the schedule, if the first attempt succeeds", async () => {
    const schedule: RetrySchedule = {
      delays: () => ({ [Symbol.iterator]: () => ({ next: () => assert.fail("asked") }) }),
    };
    assert.equal(await retry(() => 1, schedule), 1);
  });

  it("at the end of the schedule throws the last failure, which carries those before it", () =>
    withVirtualClock(async () => {
      const error = (await failureOf(retry(failing(9), spaced(1).limitedTo(3)))) as Error & { errors: unknown };
      assert.equal(error.message, "failure 3");
      assert.deepEqual(messages(error.errors), ["failure 1", "failure 2"]);
      assert.deepEqual(Object.keys(error), []);
    }));

  it("that failed once throws that failure as it was", async () => {
    const error = new Error("only");
    const thrown = await failureOf(retry(() => Promise.reject(error), spaced(1).limitedTo(1)));
    assert.equal(thrown, error);
    assert.equal("errors" in error, false);
  });

  it("loses no failure to a last one that can't carry others", () =>
    withVirtualClock(async () => {
      const cases: readonly unknown[] = [
        "a string",
        Object.freeze(new Error("frozen")),
        new AggregateError([], "several"),
      ];
      for (const last of cases) {
        const thrown = await failureOf(
          retry((attempt) => {
            throw attempt === 1 ? new Error("first") : last;
          }, spaced(1).limitedTo(2)),
        );
        assert.ok(thrown instanceof AggregateError);
        assert.equal(thrown.cause, last);
        assert.equal(thrown.errors.at(-1), last);
        assert.equal((thrown.errors[0] as Error).message, "first");
      }
    }));

  it("that fails with the same error each time throws it, not a circle of itself", () =>
    withVirtualClock(async () => {
      const error = new Error("always the same");
      assert.equal(await failureOf(retry(() => Promise.reject(error), spaced(1).limitedTo(3))), error);
      assert.equal("errors" in error, false);
    }));

  it("keeps the last hundred failures, however many attempts", () =>
    withVirtualClock(async () => {
      let calls = 0;
      const schedule: RetrySchedule = { delays: () => Array.from({ length: 249 }, () => 0) };
      const error = (await failureOf(
        retry(() => {
          throw new Error(`failure ${++calls}`);
        }, schedule),
      )) as Error & { errors: Error[] };
      assert.equal(error.message, "failure 250");
      assert.deepEqual([error.errors.length, error.errors[0]?.message], [100, "failure 150"]);
    }));

  it("does not try again what would not come out differently", async () => {
    const final: readonly unknown[] = [
      new CancelledError(),
      new MisuseError("SKEIN_INVALID_ARGUMENT", "wrong"),
      new StuckError("still running", ["job"]),
      new DOMException("aborted", "AbortError"),
    ];
    for (const error of final) {
      let attempts = 0;
      const thrown = await failureOf(
        retry(() => {
          attempts++;
          throw error;
        }, spaced(0)),
      );
      assert.deepEqual([thrown, attempts], [error, 1]);
    }
  });

  it("tries again what the schedule says it should, and a timeout of the attempt", () =>
    withVirtualClock(async (clock) => {
      const codes: string[] = [];
      const thrown = await failureOf(
        retry(
          async (attempt, s) => {
            if (attempt === 3) throw new ClosedError();
            await s.scope((inner) => sleep(100, inner), { timeoutMs: 5 });
          },
          spaced(10).while((error) => {
            codes.push((error as { code: string }).code);
            return !(error instanceof ClosedError);
          }),
        ),
      );
      assert.ok(thrown instanceof ClosedError);
      assert.deepEqual(codes, ["SKEIN_TIMEOUT", "SKEIN_TIMEOUT", "SKEIN_CLOSED"]);
      assert.equal(clock.nowMs, 30);
    }));

  it("loses no failure to a schedule that throws", async () => {
    const thrown = (await failureOf(
      retry(
        failing(2),
        spaced(1).while(() => {
          throw new Error("the judge failed");
        }),
      ),
    )) as Error & { errors: unknown };
    assert.equal(thrown.message, "the judge failed");
    assert.deepEqual(messages(thrown.errors), ["failure 1"]);
  });

  it("gives each attempt a scope that has ended before the next begins (law 1)", () =>
    withVirtualClock(async () => {
      const seen: string[] = [];
      await retry(async (attempt, s) => {
        s.spawn(async () => {
          try {
            await sleep(1000, s);
          } finally {
            seen.push(`job ${attempt} ended`);
          }
        });
        await sleep(1, s);
        seen.push(`attempt ${attempt}`);
        if (attempt < 2) throw new Error("again");
        s.cancel();
      }, spaced(5));
      assert.deepEqual(seen, ["attempt 1", "job 1 ended", "attempt 2", "job 2 ended"]);
    }));

  it("tells the schedule that it needs no more delays", async () => {
    let returned = 0;
    const schedule: RetrySchedule = {
      delays: function* delays() {
        try {
          for (;;) yield 0;
        } finally {
          returned++;
        }
      },
    };
    await retry(failing(1), schedule);
    assert.equal(returned, 1);
  });
});

describe("retry that is cancelled", () => {
  it("in a pause ends at once, leaves no alarm, and loses no failure (laws 10 and 40)", () =>
    withVirtualClock(
      async (clock) => {
        let attempts = 0;
        const controller = new AbortController();
        const failure = failureOf(
          retry(
            () => {
              attempts++;
              throw new Error("down");
            },
            spaced(100),
            controller.signal,
          ),
        );
        await settled();
        assert.equal(clock.pendingAlarms, 1);
        controller.abort();
        const error = (await failure) as CancelledError & { errors: unknown };
        assert.ok(error instanceof CancelledError);
        assert.deepEqual(messages(error.errors), ["down"]);
        assert.deepEqual([attempts, clock.pendingAlarms], [1, 0]);
      },
      { autojump: false },
    ));

  it("in an attempt cancels the attempt's scope, and no other begins", () =>
    withVirtualClock(async (clock) => {
      let attempts = 0;
      const code = await codeOf(() =>
        scope(
          (s) =>
            retry(
              async (attempt, inner) => {
                attempts = attempt;
                await sleep(100, inner);
              },
              spaced(1),
              s,
            ),
          { timeoutMs: 10 },
        ),
      );
      assert.deepEqual([code, attempts, clock.nowMs], ["SKEIN_TIMEOUT", 1, 10]);
    }));

  it("during an attempt that then fails by itself throws that failure, and does not try again", async () => {
    const controller = new AbortController();
    let attempts = 0;
    const error = await failureOf(
      retry(
        async () => {
          attempts++;
          controller.abort();
          throw new Error("its own");
        },
        spaced(0),
        controller.signal,
      ),
    );
    assert.deepEqual([(error as Error).message, attempts], ["its own", 1]);
  });

  it("before it begins makes no attempt (law 9)", async () => {
    const code = await codeOf(() => retry(() => assert.fail("it ran"), spaced(1), AbortSignal.abort()));
    assert.equal(code, "SKEIN_CANCELLED");
  });
});

it("retry makes as many attempts as its model, and every failure is found in what it throws", () =>
  fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 6 }),
      fc.array(fc.nat({ max: 20 }), { maxLength: 6 }),
      fc.option(fc.nat({ max: 60 }), { nil: undefined }),
      (failures, delays, cancelAtMs) =>
        withVirtualClock(async (clock) => {
          const controller = new AbortController();
          if (cancelAtMs !== undefined) void sleep(cancelAtMs + 0.5).then(() => controller.abort());
          let attempts = 0;
          const seen = new Set<unknown>();
          const call = failing(failures);
          let outcome = "";
          try {
            await retry(
              () => {
                attempts++;
                return call();
              },
              { delays: () => delays },
              controller.signal,
            );
            outcome = "result";
          } catch (error) {
            outcome = error instanceof CancelledError ? "cancelled" : "failure";
            for (const one of [...((error as { errors?: Error[] }).errors ?? []), error as Error])
              seen.add(one.message);
          }
          // The model: attempt i begins at the sum of the delays before it.
          let atMs = 0;
          let expected = "";
          let count = 0;
          while (expected === "") {
            count++;
            if (count > failures) expected = "result";
            else if (count > delays.length) expected = "failure";
            else if (cancelAtMs !== undefined && atMs + (delays[count - 1] ?? 0) > cancelAtMs + 0.5)
              expected = "cancelled";
            else atMs += delays[count - 1] ?? 0;
          }
          assert.deepEqual([outcome, attempts], [expected, count]);
          if (outcome !== "result") for (let i = 1; i <= count; i++) assert.ok(seen.has(`failure ${i}`));
          assert.ok(clock.nowMs >= atMs);
        }),
    ),
    { numRuns: 100 },
  ));

describe("misuse of retry", () => {
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["no function", () => retry(5 as unknown as () => void, spaced(1))],
    ["a promise in the place of the function", () => retry(Promise.resolve() as unknown as () => void, spaced(1))],
    ["a list of delays in the place of a schedule", () => retry(() => 1, [1, 2] as unknown as RetrySchedule)],
    ["no schedule", () => retry(() => 1, undefined as unknown as RetrySchedule)],
    ["options in the place of a scope", () => retry(() => 1, spaced(1), {} as unknown as AbortSignal)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => {
      assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT");
    });
  }
});
