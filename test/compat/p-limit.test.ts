import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, it } from "node:test";

import { CancelledError, sleep } from "skein";
import { limitFunction, pLimit } from "skein/compat";
import { withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { settled } from "../support/model-run.js";

describe("pLimit", () => {
  it("gives each call its own outcome", async () => {
    const limit = pLimit(1);
    const error = new Error("mine");
    const failing = limit(async () => Promise.reject(error));
    const [sum, failure] = await Promise.all([limit((a: number, b: number) => a + b, 1, 2), failureOf(failing)]);
    assert.equal(sum, 3);
    assert.equal(failure, error);
    assert.equal(limit.activeCount, 0);
  });

  it("runs at most so many at once, in the order of the calls", () =>
    withVirtualClock(async () => {
      const limit = pLimit({ concurrency: 3 });
      const started: number[] = [];
      let running = 0;
      let most = 0;
      const call = (index: number): Promise<void> =>
        limit(async () => {
          started.push(index);
          most = Math.max(most, ++running);
          await sleep(10 - (index % 4));
          running--;
        });
      await Promise.all(Array.from({ length: 20 }, (_, index) => call(index)));
      assert.equal(most, 3);
      assert.deepEqual(
        started,
        started.toSorted((first, second) => first - second),
      );
    }));

  it("counts what runs and what waits at once", async () => {
    const limit = pLimit(2);
    const calls = Array.from({ length: 5 }, () => limit(settled));
    assert.deepEqual([limit.activeCount, limit.pendingCount], [2, 3]);
    await Promise.all(calls);
    assert.deepEqual([limit.activeCount, limit.pendingCount], [0, 0]);
  });

  it("never starts a function inside the call, though there is a place", async () => {
    let isStarted = false;
    const call = pLimit(1)(() => {
      isStarted = true;
    });
    assert.equal(isStarted, false);
    await call;
    assert.equal(isStarted, true);
  });

  it("lets waiting calls in as soon as the limit is raised", async () => {
    const limit = pLimit(1);
    const calls = Array.from({ length: 3 }, () => limit(settled));
    assert.equal(limit.activeCount, 1);
    limit.concurrency = 3;
    assert.equal(limit.activeCount, 3);
    limit.concurrency = 1;
    assert.equal(limit.activeCount, 3, "what runs goes on");
    await Promise.all(calls);
  });

  it("rejects what clearQueue discards, and nothing else (law 41)", async () => {
    const limit = pLimit(1);
    const running = limit(async () => "ran");
    const waiting = [limit(settled), limit(settled)].map((call) => failureOf(call));
    limit.clearQueue();
    const errors = await Promise.all(waiting);
    assert.ok(errors.every((error) => error instanceof CancelledError));
    assert.notEqual(errors[0], errors[1], "each has an error of its own");
    assert.equal(await running, "ran");
    assert.equal(await limit(() => "usable"), "usable");
  });

  it("runs each function in the async context of its call (law 37)", async () => {
    const context = new AsyncLocalStorage<string>();
    const limit = pLimit(1);
    const calls = ["a", "b", "c"].map((name) => context.run(name, () => limit(async () => context.getStore())));
    assert.deepEqual(await Promise.all(calls), ["a", "b", "c"]);
  });

  it("keeps a place until its function has really ended, whoever still waits for it (law 16)", async () => {
    const limit = pLimit(1);
    let end = (): void => assert.fail("it has not started");
    const deaf = limit(() => new Promise<void>((resolve) => (end = resolve)));
    const next = limit(() => "next");
    await Promise.race([deaf, settled()]);
    assert.deepEqual([limit.activeCount, limit.pendingCount], [1, 1]);
    end();
    assert.equal(await next, "next");
  });
});

describe("limit.map", () => {
  it("gives the results in the order of the items", () =>
    withVirtualClock(async () => {
      const mapped = await pLimit(2).map(new Set([30, 20, 10]), async (ms, index) => {
        await sleep(ms);
        return [ms, index];
      });
      assert.deepEqual(mapped, [
        [30, 0],
        [20, 1],
        [10, 2],
      ]);
    }));

  it("with the first failure discards its own waiting items alone, and rejects when its running ones have ended (laws 1 and 39)", () =>
    withVirtualClock(async (clock) => {
      const limit = pLimit(2);
      const first = new Error("first");
      const started: number[] = [];
      const mapping = limit.map([0, 1, 2, 3], async (item) => {
        started.push(item);
        await sleep(item === 0 ? 10 : 50);
        if (item === 0) throw first;
      });
      const other = limit(() => "other");
      assert.equal(await failureOf(mapping), first);
      assert.equal(clock.nowMs, 50);
      assert.deepEqual(started, [0, 1]);
      assert.equal(await other, "other");
      assert.equal(limit.activeCount, 0);
    }));

  it("tells the owner of failures after the first (law 4)", async () => {
    const told: Error[] = [];
    const onWarning = (warning: Error): void => void told.push(warning);
    process.on("warning", onWarning);
    try {
      const [first, second] = [new Error("first"), new Error("second")];
      const failed = await failureOf(
        pLimit(2).map([first, second], async (error) => {
          await settled();
          throw error;
        }),
      );
      assert.equal(failed, first);
      await settled();
      assert.deepEqual(
        told.map(({ cause }) => (cause as AggregateError).errors as unknown[]),
        [[second]],
      );
    } finally {
      process.off("warning", onWarning);
    }
  });

  it("rejects with the failure of the iterable", async () => {
    const error = new Error("no more");
    function* items(): Generator<number> {
      yield 1;
      throw error;
    }
    assert.equal(await failureOf(pLimit(1).map(items(), (item) => item)), error);
  });
});

describe("limitFunction", () => {
  it("limits the calls of one function", async () => {
    let running = 0;
    const limited = limitFunction(
      async (item: number) => {
        assert.equal(++running, 1);
        await settled();
        running--;
        return item * 2;
      },
      { concurrency: 1 },
    );
    assert.deepEqual(await Promise.all([1, 2, 3].map((item) => limited(item))), [2, 4, 6]);
  });

  it("has a clearQueue of its own (law 41)", async () => {
    const limited = limitFunction(settled, { concurrency: 1 });
    const running = limited();
    const waiting = limited();
    limited.clearQueue();
    await assert.rejects(waiting, { code: "SKEIN_CANCELLED" });
    await running;
  });
});

describe("misuse of pLimit", () => {
  const wrong = [
    ["no concurrency", () => pLimit(undefined as never)],
    ["a concurrency of 0", () => pLimit(0)],
    ["a fraction", () => pLimit({ concurrency: 1.5 })],
    ["a string", () => pLimit("2" as never)],
    ["setting the concurrency to NaN", () => void (pLimit(1).concurrency = Number.NaN)],
    ["no function to run", () => pLimit(1)(undefined as never)],
    ["no mapper", () => pLimit(1).map([1], undefined as never)],
    ["no function to limit", () => limitFunction(3 as never, { concurrency: 1 })],
  ] as const;
  for (const [what, call] of wrong) {
    it(`is ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});
