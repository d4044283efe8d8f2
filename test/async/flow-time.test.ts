/** The stages of a flow that depend on time, and giving way to the event loop. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { flow, type Flow } from "#skein/async/flow/flow";
import { pauseIfDue, yieldNow } from "#skein/async/pause";
import { useClock } from "#skein/core/clock";
import { scope, sleep } from "skein";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf } from "../support/failure.js";

/** Items that come at given moments. */
function at(moments: readonly number[]): Flow<number> {
  return flow(async function* timed() {
    let nowMs = 0;
    for (const moment of moments) {
      if (moment > nowMs) await sleep(moment - nowMs);
      nowMs = moment;
      yield moment;
    }
  });
}

describe("a flow in time", () => {
  it("throttle passes an item, then none for the time given", async () => {
    await withVirtualClock(async () => {
      assert.deepEqual(await at([0, 4, 9, 10, 19, 30]).throttle(10).toArray(), [0, 10, 30]);
      assert.deepEqual(await flow([1, 2, 3]).throttle(0).toArray(), [1, 2, 3]);
    });
  });

  it("debounce passes an item after silence, and the last one always", async () => {
    await withVirtualClock(async (clock) => {
      const passed: [number, number][] = [];
      await at([0, 5, 20, 24, 28, 50, 51])
        .debounce(10)
        .forEach((item) => passed.push([item, clock.nowMs]));
      assert.deepEqual(passed, [
        [5, 15],
        [28, 38],
        [51, 51],
      ]);
      assert.deepEqual(await flow<number>([]).debounce(10).toArray(), []);
    });
  });

  it("a batch leaves when it is full, when its first item has waited, and at the end", async () => {
    await withVirtualClock(async (clock) => {
      const passed: [string, number][] = [];
      await at([0, 1, 2, 3, 20, 21, 40])
        .batch(3, { maxWaitMs: 10 })
        .forEach((items) => passed.push([items.join(), clock.nowMs]));
      assert.deepEqual(passed, [
        ["0,1,2", 2],
        ["3", 13],
        ["20,21", 30],
        ["40", 40],
      ]);
    });
  });

  it("a batch does not wait beyond its time although items are always there", async () => {
    // Time goes on while the thread computes, so no alarm rings.
    let nowMs = 0;
    const before = useClock({ nowMs: () => nowMs, setAlarm: () => () => undefined });
    try {
      const batches = flow(FOREVER)
        .tap(() => nowMs++)
        .batch(1000, { maxWaitMs: 5 })
        .take(2)
        .map((items) => items.length);
      // What was read ahead counts: one item each.
      for (const length of await batches.toArray()) assert.ok(length <= 7, `${length} items in 5 ms`);
    } finally {
      useClock(before);
    }
  });

  it("stages with a clock read one item ahead", async () => {
    await withVirtualClock(async () => {
      let pulled = 0;
      const source = function* counting(): Generator<number> {
        for (;;) yield ++pulled;
      };
      const items = flow(source).batch(2, { maxWaitMs: 1000 }).values();
      assert.deepEqual((await items.next()).value, [1, 2]);
      await settled();
      assert.equal(pulled, 3);
      await items.return?.();
    });
  });
});

const FOREVER = function* forever(): Generator<number> {
  for (let item = 0; ; item++) yield item;
};

describe("giving way", () => {
  const endless: Record<string, () => Flow<number>> = {
    "a generator": () => flow(FOREVER),
    "an async generator": () =>
      flow(async function* always() {
        for (let item = 0; ; item++) yield item;
      }),
    "async functions": () => flow(FOREVER).map(async (item) => item),
    "several at once": () => flow(FOREVER).map(async (item) => item, { concurrency: 4 }),
    "inner flows": () => flow(FOREVER).flatMap(() => flow([1])),
    "merged flows": () => flow(FOREVER).merge(FOREVER),
  };
  for (const [what, make] of Object.entries(endless)) {
    it(`timers and I/O have their turns beside a flow that never waits: ${what} (law 36)`, async () => {
      let turns = 0;
      const timer = setInterval(() => turns++, 0);
      const first = make().takeWhile(() => turns < 3);
      await first.run();
      clearInterval(timer);
      assert.equal(turns, 3);
    });
  }

  it("a flow that never waits is ended by its deadline (law 36)", async () => {
    const outcome = scope(async (s) => flow(FOREVER).run(s), { timeoutMs: 5 });
    assert.equal(await codeOf(() => outcome), "SKEIN_TIMEOUT");
  });

  it("is due when a stretch without a turn has used up its budget, and not before", async () => {
    await yieldNow(); // whatever other tests left is over
    const alarms: (() => void)[] = [];
    let nowMs = 1_000_000;
    const before = useClock({
      nowMs: () => nowMs,
      setAlarm(ring) {
        alarms.push(ring);
        return () => {
          const index = alarms.indexOf(ring);
          if (index !== -1) alarms.splice(index, 1);
        };
      },
    });
    try {
      // So many calls look at the clock once.
      const look = (): Promise<void> | undefined => {
        let due: Promise<void> | undefined;
        for (let call = 0; call < 64; call++) due = pauseIfDue(undefined) ?? due;
        return due;
      };
      assert.equal(look(), undefined); // a stretch is noticed, and its marker set
      assert.equal(alarms.length, 1);
      nowMs += 9;
      assert.equal(look(), undefined);
      alarms.shift()?.(); // the event loop had a turn: the stretch is over
      nowMs += 100;
      assert.equal(look(), undefined);
      assert.equal(alarms.length, 1);
      nowMs += 10;
      const due = look();
      assert.notEqual(due, undefined);
      assert.equal(alarms.length, 2);
      alarms.pop()?.();
      await due;
      while (alarms.length > 0) alarms.shift()?.();
    } finally {
      useClock(before);
    }
  });

  it("yieldNow waits for a turn of the event loop, in which all that give way go on together", async () => {
    const order: string[] = [];
    setImmediate(() => order.push("another turn"));
    await Promise.all([1, 2].map(async (who) => yieldNow().then(() => order.push(`yielded ${who}`))));
    assert.deepEqual(order, ["another turn", "yielded 1", "yielded 2"]);
  });

  it("yieldNow is a checkpoint, ends at its cancellation, and leaves no alarm (laws 9 and 40)", async () => {
    assert.equal(await codeOf(() => yieldNow(AbortSignal.abort())), "SKEIN_CANCELLED");
    await withVirtualClock(
      async (clock) => {
        const controller = new AbortController();
        const code = codeOf(() => yieldNow(controller.signal));
        await Promise.resolve();
        assert.equal(clock.pendingAlarms, 1);
        controller.abort();
        assert.equal(await code, "SKEIN_CANCELLED");
        assert.equal(clock.pendingAlarms, 0);
      },
      { autojump: false },
    );
  });
});
