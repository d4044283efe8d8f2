import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import {
  CoveredTime,
  intersection,
  lastUpTo,
  type Stretch,
  StretchList,
  timeWithin,
  totalOf,
  union,
} from "#skein/trace/stretches";

const MOST_MS = 40;
const moment = fc.nat({ max: MOST_MS });
const stretch = fc.tuple(moment, moment).map(([a, b]): Stretch => ({ beginMs: Math.min(a, b), endMs: Math.max(a, b) }));
const stretches = fc.array(stretch, { maxLength: 12 });

/** Whether each whole millisecond is covered. */
function covered(list: readonly Stretch[]): readonly boolean[] {
  return Array.from({ length: MOST_MS }, (_, ms) => list.some(({ beginMs, endMs }) => beginMs <= ms && ms < endMs));
}

void describe("stretches of time", () => {
  void it("joined cover the same, once and in order", () => {
    fc.assert(
      fc.property(stretches, (list) => {
        const joined = union(list);
        assert.deepEqual(covered(joined), covered(list));
        assert.equal(totalOf(joined), covered(list).filter(Boolean).length);
        joined.forEach(({ beginMs }, place) =>
          assert.ok(place === 0 || beginMs > (joined[place - 1] as Stretch).endMs),
        );
      }),
    );
  });

  void it("have in common what both cover", () => {
    fc.assert(
      fc.property(stretches, stretches, (some, others) => {
        const [a, b] = [covered(some), covered(others)];
        assert.deepEqual(
          covered(intersection(union(some), union(others))),
          a.map((is, ms) => is && b[ms] === true),
        );
      }),
    );
  });

  void it("lie within a range for as long as it is covered", () => {
    fc.assert(
      fc.property(stretches, moment, moment, (list, a, b) => {
        const joined = union(list);
        const expected = covered(list).filter((is, ms) => is && ms >= a && ms < b).length;
        assert.equal(timeWithin(joined, a, Math.max(a, b)), expected);
        assert.equal(new CoveredTime(joined).within(a, b), expected);
      }),
    );
  });

  void it("are found by a moment", () => {
    fc.assert(
      fc.property(stretches, moment, fc.boolean(), (list, atMs, isAtToo) => {
        const byBegin = list.toSorted((a, b) => a.beginMs - b.beginMs);
        const found = new StretchList(byBegin);
        const around = list.filter(({ beginMs, endMs }) => beginMs < atMs && endMs >= atMs);
        const firstEndMs = around.reduce((first, { endMs }) => Math.min(first, endMs), Infinity);
        assert.equal(found.under(atMs)?.endMs ?? Infinity, firstEndMs);
        const over = list.filter(({ endMs }) => endMs < atMs || (isAtToo && endMs === atMs));
        const lastEndMs = over.reduce((last, { endMs }) => Math.max(last, endMs), -Infinity);
        assert.equal(found.endedBefore(atMs, isAtToo)?.endMs ?? -Infinity, lastEndMs);
        const begun = byBegin.filter(({ beginMs }) => beginMs <= atMs).length;
        assert.equal(
          lastUpTo(byBegin, ({ beginMs }) => beginMs, atMs),
          begun - 1,
        );
      }),
    );
  });
});
