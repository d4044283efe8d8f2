import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { GapMeter } from "#skein/trace/kernel/index";

describe("a loop that looks at the clock", () => {
  it("was on a core while its readings lie close, and off in the gaps", () => {
    const meter = new GapMeter(10);
    for (const atMs of [10.02, 10.04, 10.06]) meter.look(atMs);
    for (const atMs of [14.06, 14.08]) meter.look(atMs);
    assert.deepEqual(meter.runs(), [
      { beginMs: 10, endMs: 10.06 },
      { beginMs: 14.06, endMs: 14.08 },
    ]);
    assert.ok(Math.abs(meter.onMs - 0.08) < 1e-9);
    assert.ok(Math.abs(meter.offMs - 4) < 1e-9);
    assert.equal(meter.gaps, 1);
  });

  it("may pause by itself: that is neither", () => {
    const meter = new GapMeter(0, { gapMs: 1 });
    meter.look(1);
    meter.pause();
    meter.resume(100);
    meter.look(101);
    assert.deepEqual(meter.runs(), [
      { beginMs: 0, endMs: 1 },
      { beginMs: 100, endMs: 101 },
    ]);
    assert.deepEqual([meter.onMs, meter.offMs], [2, 0]);
  });

  it("keeps the last runs, and the time of all", () => {
    const meter = new GapMeter(0, { gapMs: 1, mostRuns: 2 });
    for (let i = 1; i <= 10; i++) {
      meter.look(i * 10);
      meter.look(i * 10 + 1);
    }
    meter.look(200);
    assert.deepEqual(
      meter.runs().map(({ beginMs }) => beginMs),
      [90, 100],
    );
    assert.equal(meter.onMs, 10);
  });
});
