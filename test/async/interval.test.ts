import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { useClock } from "#skein/core/clock";
import { interval, type MissedTicks, type Tick } from "#skein/async/interval";
import * as fc from "fast-check";
import { scope, sleep } from "skein";
import { withVirtualClock } from "skein/testing";

import { codeOf } from "../support/failure.js";

/** Ticks with the moments at which they came, for a body that takes `busyMs[i]` with the i-th. */
async function ticks(
  options: { periodMs: number; missed?: MissedTicks },
  busyMs: readonly number[],
): Promise<(Tick & { atMs: number })[]> {
  const seen: (Tick & { atMs: number })[] = [];
  await withVirtualClock(async (clock) => {
    for await (const tick of interval(options)) {
      seen.push({ ...tick, atMs: clock.nowMs });
      if (seen.length > busyMs.length) break;
      await sleep(busyMs[seen.length - 1] ?? 0);
    }
  });
  return seen;
}

const moments = (seen: readonly { atMs: number; beat: number; missed: number }[]): number[][] =>
  seen.map(({ atMs, beat, missed }) => [atMs, beat, missed]);

describe("an interval", () => {
  it("ticks at equal distances, however long the body takes, without drift", async () => {
    assert.deepEqual(moments(await ticks({ periodMs: 10 }, [3, 9, 0, 9.5])), [
      [10, 1, 0],
      [20, 2, 0],
      [30, 3, 0],
      [40, 4, 0],
      [50, 5, 0],
    ]);
  });

  it("skips beats that were missed but the latest, says how many, and keeps its grid", async () => {
    assert.deepEqual(moments(await ticks({ periodMs: 10 }, [35, 0, 0])), [
      [10, 1, 0],
      [45, 4, 2],
      [50, 5, 0],
      [60, 6, 0],
    ]);
  });

  it("in bursts gives every beat, the missed ones at once", async () => {
    assert.deepEqual(moments(await ticks({ periodMs: 10, missed: "burst" }, [35, 0, 0, 0])), [
      [10, 1, 0],
      [45, 2, 0],
      [45, 3, 0],
      [45, 4, 0],
      [50, 5, 0],
    ]);
  });

  it("with delay leaves a whole period after a late tick", async () => {
    assert.deepEqual(moments(await ticks({ periodMs: 10, missed: "delay" }, [35, 0, 0])), [
      [10, 1, 0],
      [45, 4, 2],
      [55, 5, 0],
      [65, 6, 0],
    ]);
  });

  it("begins anew with each loop over it", () =>
    withVirtualClock(async (clock) => {
      const every = interval(10);
      for (const expected of [10, 25]) {
        for await (const { beat } of every) {
          assert.deepEqual([clock.nowMs, beat], [expected, 1]);
          break;
        }
        await sleep(5);
      }
    }));

  it("ends at once when the loop is left, with a tick pending too (law 38)", () =>
    withVirtualClock(async (clock) => {
      const iterator = interval(1000)[Symbol.asyncIterator]();
      const pending = iterator.next();
      const another = iterator.next();
      await Promise.resolve();
      assert.equal(clock.pendingAlarms, 1);
      assert.deepEqual(await iterator.return?.(), { done: true, value: undefined });
      assert.deepEqual(await pending, { done: true, value: undefined });
      assert.deepEqual(await another, { done: true, value: undefined });
      assert.deepEqual(await iterator.next(), { done: true, value: undefined });
      assert.deepEqual([clock.nowMs, clock.pendingAlarms], [0, 0]);
    }));

  it("gives overlapping calls of next one beat each, in order", () =>
    withVirtualClock(async (clock) => {
      const iterator = interval(10)[Symbol.asyncIterator]();
      const beats = await Promise.all(
        [1, 2, 3].map(async () => {
          const { value } = (await iterator.next()) as { value: Tick };
          return [value.beat, clock.nowMs];
        }),
      );
      assert.deepEqual(beats, [
        [1, 10],
        [2, 20],
        [3, 30],
      ]);
      await iterator.return?.();
    }));

  it("whose alarm is late lets nobody pass those who wait", async () => {
    let now = 0;
    const alarms: (() => void)[] = [];
    const before = useClock({
      nowMs: () => now,
      setAlarm: (ring) => {
        alarms.push(ring);
        return () => undefined;
      },
    });
    try {
      const iterator = interval({ periodMs: 10, missed: "burst" })[Symbol.asyncIterator]();
      const first = iterator.next();
      now = 25;
      const second = iterator.next();
      for (let ring = alarms.shift(); ring !== undefined; ring = alarms.shift()) ring();
      const beats = [await first, await second].map(({ value }) => (value as Tick).beat);
      assert.deepEqual(beats, [1, 2]);
    } finally {
      useClock(before);
    }
  });

  it("that is cancelled gives no beat and leaves no alarm; each later next is refused too (laws 8, 9, 10)", () =>
    withVirtualClock(async (clock) => {
      const controller = new AbortController();
      const iterator = interval(10, controller.signal)[Symbol.asyncIterator]();
      const pending = codeOf(() => iterator.next());
      await Promise.resolve();
      controller.abort();
      assert.equal(await pending, "SKEIN_CANCELLED");
      assert.equal(clock.pendingAlarms, 0);
      await sleep(30);
      assert.equal(await codeOf(() => iterator.next()), "SKEIN_CANCELLED");
    }));

  it("whose beats are always due still lets I/O have its turn (law 36)", async () => {
    let immediates = 0;
    const count = (): void => {
      immediates++;
      handle = setImmediate(count);
    };
    let handle = setImmediate(count);
    for await (const { beat } of interval({ periodMs: 1e-6, missed: "burst" })) {
      if (immediates > 2 || beat > 1e7) break;
    }
    clearImmediate(handle);
    assert.ok(immediates > 2);
  });

  it("in a scope ends with it", () =>
    withVirtualClock(async (clock) => {
      const code = await codeOf(() =>
        scope(
          async (s) => {
            for await (const tick of interval(10, s)) assert.ok(tick.beat <= 3);
          },
          { timeoutMs: 35 },
        ),
      );
      assert.equal(code, "SKEIN_TIMEOUT");
      assert.equal(clock.nowMs, 35);
    }));
});

describe("misuse of interval", () => {
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["a period of 0", () => interval(0)],
    ["a period without end", () => interval(Infinity)],
    ["NaN", () => interval(Number.NaN)],
    ["no options", () => interval(null as unknown as number)],
    ["no period", () => interval({} as { periodMs: number })],
    ["an unknown policy", () => interval({ periodMs: 1, missed: "drop" as "skip" })],
    ["a number in the place of a scope", () => interval(1, 1 as unknown as AbortSignal)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused at once: ${what}`, () => {
      assert.throws(call, { code: "SKEIN_INVALID_ARGUMENT" });
    });
  }
});

/** What comes of a body that is ready for tick `i` at `ready(i)`, worked out beat by beat. */
function model(missed: MissedTicks, periodMs: number, busyMs: readonly number[]): number[][] {
  const seen: number[][] = [];
  let readyMs = 0;
  let beat = 0;
  let dueMs = 0;
  for (let i = 0; i <= busyMs.length; i++) {
    const before = beat;
    beat++;
    dueMs += periodMs;
    const lateMs = missed === "burst" ? 0 : readyMs - dueMs;
    for (let left = lateMs; left >= periodMs; left -= periodMs) {
      beat++;
      dueMs += periodMs;
    }
    const atMs = Math.max(readyMs, dueMs);
    seen.push([atMs, beat, beat - before - 1]);
    if (missed === "delay") dueMs = atMs;
    readyMs = atMs + (busyMs[i] ?? 0);
  }
  return seen;
}

it("an interval does what its model does, whatever the body takes", () =>
  fc.assert(
    fc.asyncProperty(
      fc.constantFrom<MissedTicks>("skip", "burst", "delay"),
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.nat({ max: 30 }), { maxLength: 8 }),
      async (missed, periodMs, busyMs) => {
        assert.deepEqual(moments(await ticks({ periodMs, missed }, busyMs)), model(missed, periodMs, busyMs));
      },
    ),
    { numRuns: 100 },
  ));
