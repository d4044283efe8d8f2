import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { cancelNodeOf } from "#skein/async/cancel";
import { throttle, type ThrottleOptions } from "#skein/async/throttle";
import * as fc from "fast-check";
import { scope, type Scope, sleep } from "skein";
import { withVirtualClock } from "skein/testing";

import { codeOf } from "../support/failure.js";

/** Calls at the given moments; gives the runs, and for each call the run that stood for it. */
async function outcome(
  moments: readonly number[],
  everyMs: number,
  options: ThrottleOptions,
): Promise<{ runs: number[][]; results: number[] }> {
  return withVirtualClock(async (clock) => {
    const runs: number[][] = [];
    const throttled = throttle(
      (call: number) => {
        runs.push([call, clock.nowMs]);
        return call;
      },
      everyMs,
      options,
    );
    const results: Promise<number>[] = [];
    for (const [call, atMs] of moments.entries()) {
      await sleep(atMs - clock.nowMs);
      results.push(throttled(call));
    }
    const given = await Promise.all(results);
    await sleep(2 * everyMs);
    assert.equal(clock.pendingAlarms, 0);
    return { runs, results: given };
  });
}

describe("a throttled function", () => {
  it("runs at once, then at most once in its time, with the latest arguments", async () => {
    assert.deepEqual(await outcome([0, 1, 2, 11, 25, 60], 10, {}), {
      runs: [
        [0, 0],
        [2, 10],
        [3, 20],
        [4, 30],
        [5, 60],
      ],
      results: [0, 2, 2, 3, 4, 5],
    });
  });

  it("without leading waits for the end of its time", async () => {
    assert.deepEqual(await outcome([0, 1, 2, 15, 60], 10, { leading: false }), {
      runs: [
        [2, 10],
        [3, 20],
        [4, 70],
      ],
      results: [2, 2, 2, 3, 4],
    });
  });

  it("without trailing drops calls within its time: they get the result of the last run", async () => {
    assert.deepEqual(await outcome([0, 1, 9, 10.5, 12], 10, { trailing: false }), {
      runs: [
        [0, 0],
        [3, 10.5],
      ],
      results: [0, 0, 0, 3, 3],
    });
  });

  it("that is flushed runs now, and leaves its time before the next", () =>
    withVirtualClock(async (clock) => {
      const runs: number[][] = [];
      const throttled = throttle((call: number) => void runs.push([call, clock.nowMs]), 10);
      void throttled(1);
      void throttled(2);
      await sleep(4);
      await throttled.flush();
      await throttled(3);
      assert.deepEqual(runs, [
        [1, 0],
        [2, 4],
        [3, 14],
      ]);
    }));

  it("that is cancelled begins anew: the next call runs at once (law 41)", () =>
    withVirtualClock(async (clock) => {
      const runs: number[][] = [];
      const throttled = throttle((call: number) => void runs.push([call, clock.nowMs]), 10);
      await throttled(1);
      const putOff = codeOf(() => throttled(2));
      assert.equal(throttled.isPending, true);
      throttled.cancel();
      assert.equal(await putOff, "SKEIN_CANCELLED");
      assert.equal(clock.pendingAlarms, 0);
      await throttled(3);
      assert.deepEqual(runs, [
        [1, 0],
        [3, 0],
      ]);
      throttled.cancel();
    }));

  it("of a scope leaves nothing when that ends, with time left or not (laws 1 and 40)", () =>
    withVirtualClock(async (clock) => {
      const runs: number[] = [];
      await scope(async (s: Scope) => {
        const throttled = throttle((call: number) => void runs.push(call), 1000, {}, s);
        await throttled(1);
        void throttled(2);
      });
      assert.deepEqual([runs, clock.nowMs, clock.pendingAlarms], [[1, 2], 0, 0]);
    }));

  it("of a scope that is cancelled between its runs leaves no alarm (law 40)", () =>
    withVirtualClock(async (clock) => {
      const controller = new AbortController();
      const throttled = throttle(() => 1, 1000, {}, controller.signal);
      await throttled();
      assert.equal(clock.pendingAlarms, 1);
      controller.abort();
      assert.equal(clock.pendingAlarms, 0);
    }));

  it("keeps nothing on what can cancel it while nothing is put off (law 40)", () =>
    withVirtualClock(async () => {
      const { signal } = new AbortController();
      const throttled = throttle(() => 1, 10, {}, signal);
      for (let i = 0; i < 3; i++) {
        await throttled();
        assert.equal(cancelNodeOf(signal)?.listeners().length, 1);
        await sleep(10);
        assert.equal(cancelNodeOf(signal)?.listeners().length, 0);
      }
    }));
});

it("a throttled function leaves its time between runs, loses no latest call, and settles all", () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom<ThrottleOptions>({}, { leading: false }, { trailing: false }),
      fc.array(fc.nat({ max: 25 }), { minLength: 1, maxLength: 12 }),
      async (options, gaps) => {
        let at = 0;
        const moments = gaps.map((gap) => (at += gap));
        const { runs, results } = await outcome(moments, 10, options);
        assert.equal(results.length, moments.length);
        for (const [i, [, atMs]] of runs.entries()) {
          const previous = runs[i - 1]?.[1];
          if (previous !== undefined) assert.ok((atMs as number) - previous >= 10);
        }
        const ran = runs.map(([call]) => call as number);
        assert.deepEqual(new Set(results), new Set(ran));
        results.forEach((run, call) => {
          const runAtMs = runs.find(([one]) => one === run)?.[1] as number;
          if (options.trailing === false) assert.ok(run <= call && runAtMs > (moments[call] as number) - 10 - 1e-9);
          else
            assert.ok(run >= call && runAtMs >= (moments[call] as number) && runAtMs <= (moments[call] as number) + 10);
        });
        if (options.trailing !== false) assert.equal(ran.at(-1), moments.length - 1);
      },
    ),
    { numRuns: 100 },
  ));

describe("misuse of throttle", () => {
  const fn = (): void => undefined;
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["no function", () => throttle(5 as unknown as () => void, 5)],
    ["no time", () => throttle(fn, "5" as unknown as number)],
    ["NaN", () => throttle(fn, Number.NaN)],
    ["options that are none", () => throttle(fn, 5, 5 as unknown as ThrottleOptions)],
    ["neither leading nor trailing", () => throttle(fn, 5, { trailing: false, leading: false })],
    ["a number in the place of a scope", () => throttle(fn, 5, {}, 5 as unknown as AbortSignal)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused at once: ${what}`, () => {
      assert.throws(call, { code: "SKEIN_INVALID_ARGUMENT" });
    });
  }
});
