/** Durations by their quantiles, against those of the sorted list. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { Histogram } from "#skein/threads/histogram";

describe("a histogram", () => {
  it("tells quantiles at most an eighth above what they are", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 1e5, noNaN: true }), { minLength: 1, maxLength: 200 }),
        (list) => {
          const histogram = new Histogram();
          for (const ms of list) histogram.add(ms);
          const sorted = list.toSorted((a, b) => a - b);
          const { count, p50Ms, p99Ms, p999Ms, maxMs, meanMs } = histogram.statistics();
          assert.equal(count, list.length);
          assert.equal(maxMs, sorted.at(-1));
          assert.ok(Math.abs(meanMs - list.reduce((sum, ms) => sum + ms, 0) / count) <= 1e-9 * maxMs);
          for (const [share, told] of [
            [0.5, p50Ms],
            [0.99, p99Ms],
            [0.999, p999Ms],
          ] as const) {
            const exact = sorted[Math.ceil(share * count) - 1] as number;
            // A step is an eighth of what it begins at, and 62.5 ns at least.
            assert.ok(told >= exact - 1e-9 && told <= exact * 1.125 + 0.0001, `${told} for ${exact}`);
          }
        },
      ),
    );
  });

  it("of nothing is all zeros", () => {
    assert.deepEqual(new Histogram().statistics(), { count: 0, meanMs: 0, p50Ms: 0, p99Ms: 0, p999Ms: 0, maxMs: 0 });
  });

  it("takes what is outside its range", () => {
    const histogram = new Histogram();
    histogram.add(-1);
    histogram.add(0);
    histogram.add(1e12);
    assert.equal(histogram.statistics().maxMs, 1e12);
    assert.equal(histogram.statistics().count, 3);
  });

  it("takes another's in", () => {
    const one = new Histogram();
    const other = new Histogram();
    one.add(1);
    other.add(3);
    one.addAll(other);
    const { count, meanMs, maxMs } = one.statistics();
    assert.deepEqual({ count, meanMs, maxMs }, { count: 2, meanMs: 2, maxMs: 3 });
  });
});
