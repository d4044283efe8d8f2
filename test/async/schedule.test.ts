import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { flow } from "#skein/async/flow/flow";
import { exponential, fibonacci, linear, type RetrySchedule, Schedule, spaced } from "#skein/async/schedule";
import { seedRandom } from "#skein/core/random";
import * as fc from "fast-check";
import { withVirtualClock } from "skein/testing";

import { failureOf } from "../support/failure.js";

/** The first delays, at most so many. */
function first(schedule: RetrySchedule, count: number): number[] {
  const delays: number[] = [];
  for (const delay of schedule.delays()) {
    if (delays.push(delay) >= count) break;
  }
  return delays;
}

describe("a schedule", () => {
  it("grows as its kind says", () => {
    assert.deepEqual(first(spaced(7), 4), [7, 7, 7, 7]);
    assert.deepEqual(first(linear(10), 4), [10, 20, 30, 40]);
    assert.deepEqual(first(linear(10, 5), 4), [10, 15, 20, 25]);
    assert.deepEqual(first(exponential(10), 5), [10, 20, 40, 80, 160]);
    assert.deepEqual(first(exponential(10, 1.5), 3), [10, 15, 22.5]);
    assert.deepEqual(first(fibonacci(10), 7), [10, 10, 20, 30, 50, 80, 130]);
  });

  it("never comes to a delay without end", () => {
    for (const schedule of [
      exponential(1e300, 1e10),
      fibonacci(1e308),
      linear(1e308),
      exponential(1e308).jittered(1),
    ]) {
      assert.ok(first(schedule, 2000).every((delay) => Number.isFinite(delay)));
    }
  });

  it("limited to n attempts has n - 1 delays", () => {
    for (const attempts of [1, 2, 5]) assert.equal(first(spaced(1).limitedTo(attempts), 100).length, attempts - 1);
  });

  it("capped has no longer delay", () => {
    assert.deepEqual(first(exponential(1).cappedAt(5), 5), [1, 2, 4, 5, 5]);
  });

  it("up to a total ends before the delay that would exceed it", () => {
    assert.deepEqual(first(exponential(1).upTo(7), 100), [1, 2, 4]);
    assert.deepEqual(first(exponential(1).upTo(8), 100), [1, 2, 4]);
    assert.deepEqual(first(exponential(1).upTo(0), 100), []);
    assert.deepEqual(first(spaced(0).upTo(0), 3), [0, 0, 0]);
  });

  it("goes on with another where it ends", () => {
    const both = spaced(1).limitedTo(3).andThen(linear(10).limitedTo(3)).andThen(spaced(5).limitedTo(2));
    assert.deepEqual(first(both, 100), [1, 1, 10, 20, 5]);
  });

  it("is a value: what is made from it, and drawn from it, leaves it as it was", () => {
    const base = exponential(1).limitedTo(4);
    const drawn = base.delays();
    drawn.next();
    base.cappedAt(1).andThen(base);
    const derived = base.upTo(3);
    assert.deepEqual(first(derived, 100), [1, 2]);
    assert.deepEqual(first(derived, 100), [1, 2]);
    assert.deepEqual(first(base, 100), [1, 2, 4]);
    assert.deepEqual([...drawn], [2, 4]);
  });

  it("once at its end stays there", () => {
    const delays = spaced(1).limitedTo(2).delays();
    assert.deepEqual(delays.next(), { done: false, value: 1 });
    for (let i = 0; i < 2; i++) assert.deepEqual(delays.next(), { done: true, value: undefined });
    const left = spaced(1).delays();
    left.return?.();
    assert.equal(left.next().done, true);
  });

  it("judges the failures that it is told of, and none without one", () => {
    const schedule = spaced(1).while((error) => error === "temporary");
    assert.deepEqual(first(schedule, 3), [1, 1, 1]);
    const delays = schedule.delays();
    assert.equal(delays.next("temporary").done, false);
    assert.equal(delays.next("final").done, true);
    assert.equal(delays.next("temporary").done, true);
    assert.equal(schedule.delays().next(undefined).done, true);
  });

  it("that ended because of a failure hands that failure on", () => {
    const schedule = spaced(1)
      .while((error) => error === "a")
      .andThen(spaced(2).while((error) => error === "b"));
    const delays = schedule.delays();
    const told = ["a", "b", "a"].map((error) => delays.next(error).value);
    assert.deepEqual(told, [1, 2, undefined]);
    assert.equal(schedule.delays().next("neither").done, true);
  });

  it("jittered stays within its spread, and repeats with the seed (law 42)", () => {
    seedRandom(7);
    const delays = first(spaced(100).jittered(0.2), 500);
    assert.ok(delays.every((delay) => delay >= 80 && delay <= 120));
    assert.ok(Math.min(...delays) < 85 && Math.max(...delays) > 115);
    seedRandom(7);
    assert.deepEqual(first(spaced(100).jittered(0.2), 500), delays);
    const full = first(spaced(100).jittered(), 500);
    assert.ok(full.every((delay) => delay >= 0 && delay < 100));
    assert.ok(Math.min(...full) < 5 && Math.max(...full) > 95);
    assert.deepEqual(first(spaced(100).jittered(0), 3), [100, 100, 100]);
  });

  it("is told of the failures in a flow too", () =>
    withVirtualClock(async () => {
      let attempts = 0;
      const failure = failureOf(
        flow([1])
          .map(
            () => {
              attempts++;
              throw new Error(attempts === 3 ? "final" : "temporary");
            },
            { retry: spaced(1).while((error) => (error as Error).message === "temporary") },
          )
          .toArray(),
      );
      assert.deepEqual([((await failure) as Error).message, attempts], ["final", 3]);
    }));

  it("can be one's own", () => {
    const halving = new Schedule(() => {
      let delay = 16;
      return () => (delay > 1 ? (delay /= 2) : undefined);
    });
    assert.deepEqual(first(halving.cappedAt(6), 100), [6, 4, 2, 1]);
  });
});

type Change = (of: { schedule: Schedule; model: number[] }) => { schedule: Schedule; model: number[] };

const changes: fc.Arbitrary<Change> = fc.oneof(
  fc.integer({ min: 1, max: 12 }).map((attempts): Change => ({ schedule, model }) => ({
    schedule: schedule.limitedTo(attempts),
    model: model.slice(0, attempts - 1),
  })),
  fc.nat({ max: 50 }).map((cap): Change => ({ schedule, model }) => ({
    schedule: schedule.cappedAt(cap),
    model: model.map((delay) => Math.min(delay, cap)),
  })),
  fc.nat({ max: 200 }).map((total): Change => ({ schedule, model }) => {
    let sum = 0;
    const end = model.findIndex((delay) => (sum += delay) > total);
    return { schedule: schedule.upTo(total), model: end === -1 ? model : model.slice(0, end) };
  }),
  fc.nat({ max: 9 }).map((delay): Change => ({ schedule, model }) => ({
    schedule: schedule.andThen(spaced(delay).limitedTo(4)),
    model: [...model, delay, delay, delay],
  })),
);

it("operations on a schedule are operations on its list of delays", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(changes, { maxLength: 6 }), (base, list) => {
      let pair = { schedule: linear(base).limitedTo(21), model: Array.from({ length: 20 }, (_, i) => base * (i + 1)) };
      for (const change of list) pair = change(pair);
      assert.deepEqual([...pair.schedule.delays()], pair.model);
    }),
  );
});

describe("misuse of a schedule", () => {
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["a negative delay", () => spaced(-1)],
    ["a delay without end", () => spaced(Infinity)],
    ["NaN", () => fibonacci(Number.NaN)],
    ["a step that is no number", () => linear(1, "2" as unknown as number)],
    ["a factor below 1", () => exponential(1, 0.5)],
    ["a factor without end", () => exponential(1, Infinity)],
    ["a spread above 1", () => spaced(1).jittered(1.5)],
    ["an unknown spread", () => spaced(1).jittered("half" as "full")],
    ["0 attempts", () => spaced(1).limitedTo(0)],
    ["half an attempt", () => spaced(1).limitedTo(1.5)],
    ["a negative total", () => spaced(1).upTo(-1)],
    ["a cap that is no number", () => spaced(1).cappedAt(undefined as unknown as number)],
    ["a predicate that is none", () => spaced(1).while(true as unknown as () => boolean)],
    ["a list in the place of a schedule", () => spaced(1).andThen([1] as unknown as Schedule)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, () => {
      assert.throws(call, { code: "SKEIN_INVALID_ARGUMENT" });
    });
  }
});
