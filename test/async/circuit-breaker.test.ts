import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { circuitBreaker, type CircuitBreakerOptions } from "#skein/async/circuit-breaker";
import { CircuitOpenError } from "#skein/core/errors";
import * as fc from "fast-check";
import { CancelledError, MisuseError, scope, sleep } from "skein";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";

const fail = async (): Promise<never> => {
  throw new Error("down");
};

const ok = async (): Promise<string> => "up";

describe("a circuit breaker", () => {
  it("opens after so many failures in a row, and then refuses without calling", () =>
    withVirtualClock(async () => {
      const breaker = circuitBreaker({ failures: 3, openMs: 100, name: "backend" });
      for (const call of [fail, fail, ok, fail, fail]) await breaker.run(call).catch(() => undefined);
      assert.equal(breaker.state, "closed");
      await assert.rejects(breaker.run(fail), /down/);
      assert.equal(breaker.state, "open");
      await sleep(40);
      const error = await failureOf(breaker.run(() => assert.fail("it ran")));
      assert.ok(error instanceof CircuitOpenError);
      assert.deepEqual([error.code, error.retryAfterMs], ["SKEIN_CIRCUIT_OPEN", 60]);
      assert.match(error.message, /"backend" is open for another 60 ms/);
      assert.deepEqual(breaker.statistics(), { state: "open", failures: 0, running: 0, refused: 1, opened: 1 });
    }));

  it("opens after so many failures of the latest calls", async () => {
    const breaker = circuitBreaker({ failures: 2, outOf: 4 });
    for (const call of [fail, ok, ok, ok, fail, ok, ok]) await breaker.run(call).catch(() => undefined);
    assert.equal(breaker.statistics().failures, 1);
    assert.equal(breaker.state, "closed");
    await breaker.run(fail).catch(() => undefined);
    assert.equal(breaker.state, "open");
  });

  it("opens after so many failures within the latest stretch of time", () =>
    withVirtualClock(async () => {
      const breaker = circuitBreaker({ failures: 2, withinMs: 10 });
      for (let i = 0; i < 3; i++) {
        await breaker.run(fail).catch(() => undefined);
        await breaker.run(ok);
        await sleep(10);
      }
      assert.deepEqual([breaker.state, breaker.statistics().failures], ["closed", 0]);
      await breaker.run(fail).catch(() => undefined);
      await sleep(9);
      await breaker.run(fail).catch(() => undefined);
      assert.equal(breaker.state, "open");
    }));

  it("half-open lets exactly one call through, whose success closes it", () =>
    withVirtualClock(async () => {
      const breaker = circuitBreaker({ failures: 1, openMs: 100 });
      await breaker.run(fail).catch(() => undefined);
      await sleep(99);
      assert.equal(breaker.state, "open");
      await sleep(1);
      assert.equal(breaker.state, "half-open");
      const probe = breaker.run(() => sleep(50));
      const error = await failureOf(breaker.run(() => assert.fail("it ran")));
      assert.ok(error instanceof CircuitOpenError);
      assert.equal(error.retryAfterMs, 0);
      assert.equal(breaker.state, "half-open");
      await probe;
      assert.equal(breaker.state, "closed");
      await Promise.all([breaker.run(ok), breaker.run(ok)]);
    }));

  it("half-open is opened anew, for as long, by the failure of its one call", () =>
    withVirtualClock(async () => {
      const breaker = circuitBreaker({ failures: 1, openMs: 100 });
      await breaker.run(fail).catch(() => undefined);
      await sleep(250);
      await assert.rejects(breaker.run(fail), /down/);
      assert.equal(breaker.state, "open");
      await sleep(99);
      assert.equal(await codeOf(() => breaker.run(ok)), "SKEIN_CIRCUIT_OPEN");
      await sleep(1);
      assert.equal(await breaker.run(ok), "up");
      assert.deepEqual(breaker.statistics(), { state: "closed", failures: 0, running: 0, refused: 1, opened: 2 });
    }));

  it("learns nothing from a cancelled call: a cancelled probe leaves room for another (law 10)", () =>
    withVirtualClock(async () => {
      const breaker = circuitBreaker({ failures: 1, openMs: 100 });
      const controller = new AbortController();
      const cancelled = codeOf(() => breaker.run((s) => sleep(1000, s), controller.signal));
      await Promise.resolve();
      controller.abort();
      assert.equal(await cancelled, "SKEIN_CANCELLED");
      assert.equal(breaker.state, "closed");
      await breaker.run(fail).catch(() => undefined);
      await sleep(100);
      const sayingNothing: readonly unknown[] = [
        new CancelledError(),
        new MisuseError("SKEIN_INVALID_ARGUMENT", "wrong"),
        new DOMException("aborted", "AbortError"),
      ];
      for (const error of sayingNothing) {
        assert.equal(
          await failureOf(
            breaker.run(() => {
              throw error;
            }),
          ),
          error,
        );
        assert.equal(breaker.state, "half-open");
      }
      assert.equal(await breaker.run(ok), "up");
      assert.equal(breaker.state, "closed");
    }));

  it("is a checkpoint, and a cancelled caller is no probe (law 9)", () =>
    withVirtualClock(async () => {
      const breaker = circuitBreaker({ failures: 1, openMs: 100 });
      await breaker.run(fail).catch(() => undefined);
      await sleep(100);
      assert.equal(await codeOf(() => breaker.run(ok, AbortSignal.abort())), "SKEIN_CANCELLED");
      assert.equal(await breaker.run(ok), "up");
    }));

  it("is not moved by calls that began before its present state", () =>
    withVirtualClock(async () => {
      const breaker = circuitBreaker({ failures: 1, openMs: 100 });
      const lateSuccess = breaker.run(() => sleep(50));
      const lateFailure = codeOf(() => breaker.run((s) => s.scope((inner) => sleep(300, inner), { timeoutMs: 150 })));
      await breaker.run(fail).catch(() => undefined);
      await lateSuccess;
      assert.equal(breaker.state, "open");
      await sleep(60);
      assert.equal(await breaker.run(ok), "up");
      assert.equal(breaker.state, "closed");
      assert.equal(await lateFailure, "SKEIN_TIMEOUT");
      assert.equal(breaker.state, "closed");
    }));

  it("asks which errors are failures; the others show that the other side is well", () =>
    withVirtualClock(async () => {
      const isFailure = (error: unknown): boolean => (error as Error).message !== "not found";
      const breaker = circuitBreaker({ failures: 2, openMs: 100, isFailure });
      const notFound = (): never => {
        throw new Error("not found");
      };
      for (const call of [fail, notFound, fail]) await failureOf(breaker.run(call));
      assert.equal(breaker.state, "closed");
      await failureOf(breaker.run(fail));
      assert.equal(breaker.state, "open");
      await sleep(100);
      await failureOf(breaker.run(notFound));
      assert.equal(breaker.state, "closed");
    }));

  it("counts a call as failed if asking that fails", async () => {
    const breaker = circuitBreaker({
      failures: 1,
      isFailure: () => {
        throw new Error("the judge failed");
      },
    });
    await assert.rejects(breaker.run(fail), /the judge failed/);
    assert.equal(breaker.state, "open");
  });

  it("counts a timeout as a failure, and gives the call a scope that ends with it (law 1)", () =>
    withVirtualClock(async () => {
      const breaker = circuitBreaker({ failures: 1 });
      let ended = false;
      const code = await codeOf(() =>
        breaker.run((s) => {
          s.spawn(async () => {
            try {
              await sleep(1000, s);
            } finally {
              ended = true;
            }
          });
          s.deadlineMs = 10;
        }),
      );
      assert.deepEqual([code, ended, breaker.state], ["SKEIN_TIMEOUT", true, "open"]);
    }));

  it("wraps a function", async () => {
    const breaker = circuitBreaker({ failures: 1 });
    const half = breaker.wrap((value: number) => {
      if (value % 2 === 1) throw new Error("odd");
      return value / 2;
    });
    assert.equal(await half(4), 2);
    await assert.rejects(half(3), /odd/);
    assert.equal(await codeOf(() => half(4)), "SKEIN_CIRCUIT_OPEN");
  });

  it("counts the calls that run", () =>
    withVirtualClock(
      async (clock) => {
        const breaker = circuitBreaker();
        const running = [breaker.run(() => sleep(5)), breaker.run(() => sleep(5))];
        await settled();
        assert.equal(breaker.statistics().running, 2);
        await clock.advance(5);
        await Promise.all(running);
        assert.equal(breaker.statistics().running, 0);
      },
      { autojump: false },
    ));
});

describe("misuse of a circuit breaker", () => {
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["a function in the place of options", () => circuitBreaker(1 as unknown as CircuitBreakerOptions)],
    ["0 failures", () => circuitBreaker({ failures: 0 })],
    ["fewer calls than failures", () => circuitBreaker({ failures: 3, outOf: 2 })],
    ["both ways to count", () => circuitBreaker({ outOf: 9, withinMs: 10 })],
    ["no time", () => circuitBreaker({ withinMs: 0 })],
    ["a pause without end", () => circuitBreaker({ openMs: Infinity })],
    ["isFailure that is no function", () => circuitBreaker({ isFailure: true as unknown as () => boolean })],
    ["run and no function", () => circuitBreaker().run(Promise.resolve() as unknown as () => void)],
    ["wrap and no function", () => circuitBreaker().wrap(1 as unknown as () => void)],
    ["a number in the place of a scope", () => circuitBreaker().run(ok, 1 as unknown as AbortSignal)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => {
      assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT");
    });
  }
});

/** What a circuit breaker should do, with every outcome remembered. */
class Model {
  outcomes: { readonly atMs: number; readonly failed: boolean }[] = [];
  state = "closed";
  openedMs = 0;
  readonly options: { readonly failures: number; readonly outOf?: number; readonly withinMs?: number };
  constructor(options: Model["options"]) {
    this.options = options;
  }
  begin(nowMs: number): string | undefined {
    if (this.state === "open" && nowMs >= this.openedMs + 20) this.state = "half-open";
    if (this.state === "open" || this.state === "probing") return undefined;
    if (this.state === "half-open") this.state = "probing";
    return this.state;
  }
  end(nowMs: number, outcome: "ok" | "failed" | "cancelled"): void {
    if (outcome === "cancelled") {
      if (this.state === "probing") this.state = "half-open";
      return;
    }
    this.outcomes.push({ atMs: nowMs, failed: outcome === "failed" });
    const { failures, outOf, withinMs } = this.options;
    const counted =
      withinMs === undefined
        ? this.outcomes.slice(-(outOf ?? failures))
        : this.outcomes.filter(({ atMs }) => atMs > nowMs - withinMs);
    const isTooMany = counted.filter(({ failed }) => failed).length >= failures;
    const opens = this.state === "probing" ? outcome === "failed" : isTooMany;
    if (opens) this.openedMs = nowMs;
    if (opens || this.state === "probing") this.outcomes = [];
    this.state = opens ? "open" : "closed";
  }
}

it("a circuit breaker does what its model does", () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom({ failures: 2 }, { failures: 2, outOf: 4 }, { failures: 2, withinMs: 15 }),
      fc.array(
        fc.record({ outcome: fc.constantFrom("ok", "failed", "failed", "cancelled"), gapMs: fc.nat({ max: 12 }) }),
        { maxLength: 30, size: "max" },
      ),
      (options, list) =>
        withVirtualClock(async (clock) => {
          const breaker = circuitBreaker({ ...options, openMs: 20 });
          const model = new Model(options);
          for (const { outcome, gapMs } of list) {
            await sleep(gapMs);
            const expected = model.begin(clock.nowMs);
            let ran = false;
            const thrown = await breaker
              .run(() => {
                ran = true;
                if (outcome === "failed") throw new Error("failed");
                if (outcome === "cancelled") throw new CancelledError();
              })
              .catch((error: unknown) => error);
            assert.equal(ran, expected !== undefined);
            assert.equal(thrown instanceof CircuitOpenError, !ran);
            if (ran) model.end(clock.nowMs, outcome);
            const isHalfOpen = model.state === "open" && clock.nowMs >= model.openedMs + 20;
            assert.equal(breaker.state, isHalfOpen ? "half-open" : model.state);
          }
        }),
    ),
    { numRuns: 100 },
  ));

it("many calls at once on a half-open circuit breaker: one runs, the others are refused", () =>
  withVirtualClock(async () => {
    const breaker = circuitBreaker({ failures: 1, openMs: 10 });
    await breaker.run(fail).catch(() => undefined);
    await sleep(10);
    let ran = 0;
    const outcomes = await scope((s) =>
      Promise.allSettled(
        Array.from({ length: 50 }, () =>
          s.spawn(() => breaker.run(() => void ran++, s).catch((error: unknown) => error)),
        ),
      ),
    );
    assert.equal(ran, 1);
    assert.equal(
      outcomes.filter((one) => one.status === "fulfilled" && one.value instanceof CircuitOpenError).length,
      49,
    );
  }));
