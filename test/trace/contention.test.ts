import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { buildTimeline, contention, type ResourceUse } from "skein/trace";
import { overtakings } from "#skein/trace/contention";

import { ThreadScript, traceOf } from "./support/traces.js";

const LOCK = 501;

function useOf(script: ThreadScript, durationMs = 100, fromMs?: number, toMs?: number): ResourceUse {
  const trace = traceOf(durationMs, [script]);
  const [use, ...more] = contention(trace, buildTimeline(trace), fromMs, toMs);
  assert.deepEqual(more, []);
  return use as ResourceUse;
}

void describe("contention of a lock", () => {
  const script = new ThreadScript()
    .make(0, LOCK, "mutex", "money")
    .acquire(10, LOCK, 11)
    .waitFor(12, 600, LOCK, 'lock of mutex "money"', 12)
    .waitFor(14, 601, LOCK, 'lock of mutex "money"', 13)
    .release(20, LOCK, 11)
    .wake(20, 600)
    .acquire(20, LOCK, 12)
    .release(50, LOCK, 12)
    .wake(50, 601)
    .acquire(50, LOCK, 13)
    .release(55, LOCK, 13)
    .acquire(80, LOCK, 11)
    .release(85, LOCK, 11);

  void it("tells how long it was held and waited for, by how many", () => {
    const use = useOf(script);
    assert.equal(use.title, 'mutex "money"');
    assert.equal(use.acquired, 4);
    assert.deepEqual([use.hold?.count, use.hold?.totalMs, use.hold?.mostMs], [4, 50, 30]);
    assert.deepEqual([use.wait?.count, use.wait?.totalMs, use.wait?.mostMs], [2, 44, 36]);
    assert.equal(use.contendedShare, 0.5);
    assert.equal(use.heldShare, 0.5);
    assert.deepEqual(use.waiting, [
      { atMs: 0, count: 0 },
      { atMs: 12, count: 1 },
      { atMs: 14, count: 2 },
      { atMs: 20, count: 1 },
      { atMs: 50, count: 0 },
    ]);
    assert.deepEqual([use.mostWaiting, use.meanWaiting], [2, 0.44]);
    assert.deepEqual([use.fairness, use.mostOvertaken], [1, 0]);
    assert.equal(use.badge, "measured");
  });

  void it("tells so within a range", () => {
    const use = useOf(script, 100, 15, 35);
    assert.deepEqual([use.acquired, use.heldShare, use.mostWaiting], [1, 1, 2]);
  });

  void it("tells who was overtaken", () => {
    const unfair = new ThreadScript().make(0, LOCK, "semaphore", "slots").waitFor(1, 600, LOCK, "acquire");
    for (let number = 1; number <= 3; number++) {
      unfair.waitFor(1 + number, 600 + number, LOCK, "acquire").wake(10 + number, 600 + number);
    }
    const { fairness, mostOvertaken } = useOf(unfair.wake(20, 600));
    assert.deepEqual([fairness, mostOvertaken], [0.75, 3]);
  });

  void it("takes a lock for held no longer than is sure", () => {
    const lost = new ThreadScript().make(0, LOCK, "mutex", "money").acquire(10, LOCK, 11).drop(5).release(90, LOCK, 11);
    const use = useOf(lost);
    assert.equal(use.heldShare, 0);
    assert.equal(use.badge, "inferred");
  });

  void it("knows it to be held from before the recording once it is let go", () => {
    assert.equal(useOf(new ThreadScript().release(40, LOCK, 11)).heldShare, 0.4);
  });

  void it("takes no more memory for a channel that says it holds more than there is", () => {
    const use = useOf(new ThreadScript().make(0, LOCK, "channel", "news").level(0, LOCK, 1e15).level(50, LOCK, 0));
    assert.deepEqual([use.mostLevel, use.meanLevel], [1e15, 5e14]);
  });

  void it("tells how full a channel is", () => {
    const channel = new ThreadScript()
      .make(0, LOCK, "channel", "orders")
      .level(10, LOCK, 1)
      .level(20, LOCK, 3)
      .level(60, LOCK, 0);
    const use = useOf(channel);
    assert.deepEqual([use.mostLevel, use.meanLevel], [3, 1.3]);
    assert.deepEqual(useOf(channel, 100, 15, 25).level, [
      { atMs: 0, count: 1 },
      { atMs: 5, count: 3 },
    ]);
  });
});

void describe("overtakings", () => {
  void it("are what comparing each with each gives", () => {
    const stretch = fc
      .tuple(fc.nat({ max: 30 }), fc.nat({ max: 30 }))
      .map(([begin, length]) => ({ beginMs: begin, endMs: begin + length }));
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 40 }), (stretches) => {
        const expected = stretches.map(
          (one) => stretches.filter(({ beginMs, endMs }) => beginMs > one.beginMs && endMs < one.endMs).length,
        );
        assert.deepEqual(overtakings(stretches), expected);
      }),
    );
  });
});
