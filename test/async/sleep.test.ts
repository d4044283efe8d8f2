import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { scope, sleep } from "skein";
import { sleepUntil } from "#skein/async/sleep";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf } from "../support/failure.js";

describe("sleep", () => {
  it("ends when its time has passed, and not before", () =>
    withVirtualClock(
      async (clock) => {
        let isOver = false;
        const sleeping = sleep(100).then(() => (isOver = true));
        await clock.advance(99);
        assert.equal(isOver, false);
        await clock.advance(1);
        assert.equal(isOver, true);
        await sleeping;
      },
      { autojump: false },
    ));

  it("of no time lets what is ready run first", async () => {
    const seen: string[] = [];
    setImmediate(() => seen.push("immediate"));
    void Promise.resolve().then(() => seen.push("microtask"));
    await sleep(0);
    seen.push("slept");
    assert.deepEqual(seen.slice(0, 1), ["microtask"]);
    assert.equal(seen.at(-1), "slept");
  });

  it("without end sets no alarm, and can still be cancelled", () =>
    withVirtualClock(async (clock) => {
      const code = await codeOf(() =>
        scope(async (s) => {
          const sleeping = sleep(Infinity, s);
          await settled();
          assert.equal(clock.pendingAlarms, 0);
          s.cancel();
          await sleeping;
        }),
      );
      assert.equal(code, "SKEIN_CANCELLED");
    }));

  it("that is cancelled ends at once and leaves no alarm (laws 10 and 40)", () =>
    withVirtualClock(async (clock) => {
      const controller = new AbortController();
      const code = codeOf(() => sleep(1000, controller.signal));
      await settled();
      assert.equal(clock.pendingAlarms, 1);
      controller.abort();
      assert.equal(clock.pendingAlarms, 0);
      assert.equal(await code, "SKEIN_CANCELLED");
      assert.equal(clock.nowMs, 0);
    }));

  it("whose end and cancellation come in one turn has the outcome that came first (law 11)", () =>
    withVirtualClock(
      async (clock) => {
        const controller = new AbortController();
        const first = sleep(5).then(() => controller.abort());
        const second = codeOf(() => sleep(5, controller.signal));
        const third = new AbortController();
        const fourth = sleep(7, third.signal).then(() => "slept");
        void sleep(7).then(() => third.abort());
        await clock.advance(10);
        await first;
        assert.equal(await second, "SKEIN_CANCELLED");
        assert.equal(await fourth, "slept");
      },
      { autojump: false },
    ));
});

describe("sleepUntil", () => {
  it("ends at the moment given, whatever has happened since it was worked out", () =>
    withVirtualClock(async (clock) => {
      const deadlineMs = clock.nowMs + 10;
      await sleep(4);
      await sleepUntil(deadlineMs);
      assert.equal(clock.nowMs, 10);
    }));

  it("for a moment that has passed waits for a turn, and no time", () =>
    withVirtualClock(async (clock) => {
      await sleep(5);
      for (const past of [5, 1, -Infinity]) {
        let isOver = false;
        const sleeping = sleepUntil(past).then(() => (isOver = true));
        await Promise.resolve();
        assert.equal(isOver, false);
        await sleeping;
      }
      assert.equal(clock.nowMs, 5);
    }));

  it("is a checkpoint and can be cancelled, leaving no alarm (laws 9 and 10)", () =>
    withVirtualClock(async (clock) => {
      const controller = new AbortController();
      const code = codeOf(() => sleepUntil(1000, controller.signal));
      await settled();
      controller.abort();
      assert.equal(await code, "SKEIN_CANCELLED");
      assert.equal(clock.pendingAlarms, 0);
      assert.equal(await codeOf(() => sleepUntil(-1, controller.signal)), "SKEIN_CANCELLED");
    }));
});

describe("misuse of sleep", () => {
  const wrong: readonly [what: string, call: () => Promise<void>][] = [
    ["a negative delay", () => sleep(-1)],
    ["NaN", () => sleep(Number.NaN)],
    ["a delay that is no number", () => sleep("5" as unknown as number)],
    ["a number in the place of a scope", () => sleep(5, 5 as unknown as AbortSignal)],
    ["NaN as a deadline", () => sleepUntil(Number.NaN)],
    ["a date as a deadline", () => sleepUntil(new Date() as unknown as number)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused, by a rejection: ${what}`, async () => {
      const sleeping = call();
      assert.equal(await codeOf(() => sleeping), "SKEIN_INVALID_ARGUMENT");
    });
  }
});
