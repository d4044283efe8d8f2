import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { buildTimeline, type CriticalPath, criticalPath, type Trace } from "skein/trace";

import { damages, programs, recordingOf } from "./support/damages.js";
import { ThreadScript, traceOf } from "./support/traces.js";

function pathOf(trace: Trace, subject: number): CriticalPath {
  return criticalPath(trace, buildTimeline(trace), subject) ?? assert.fail("there is none");
}

function told({ stretches }: CriticalPath): readonly (readonly unknown[])[] {
  return stretches.map(({ subject, way, beginMs, endMs, next }) => [
    subject,
    way,
    Math.round(beginMs),
    Math.round(endMs),
    next,
  ]);
}

void describe("the critical path", () => {
  void it("follows a job on a thread back to who spawned it", () => {
    const main = new ThreadScript()
      .open(0, 21, "all")
      .start(0, 21)
      .spawn(10, 11, "long", 21)
      .queue(10, 11)
      .spawn(10, 12, "short", 21)
      .queue(10, 12)
      .suspend(12, 21)
      .end(40, 12)
      .end(92, 11)
      .close(92, 21);
    const workers = [new ThreadScript(1).start(15, 11).stop(90, 11), new ThreadScript(2).start(15, 12).stop(39, 12)];
    const path = pathOf(traceOf(100, [main, ...workers]), 21);
    assert.deepEqual(told(path), [
      [21, "running", 0, 10, "spawns"],
      [11, "ready", 10, 15, "goes on"],
      [11, "running", 15, 90, "goes on"],
      [11, "ready", 90, 92, "ends in"],
    ]);
    assert.deepEqual(path.byWay, { running: 85, ready: 7, io: 0, lock: 0, channel: 0, jobs: 0 });
    assert.equal(path.isComplete, true);
    assert.equal(path.badge, "measured");
  });

  void it("goes over to who held the lock that a job waited for", () => {
    const main = new ThreadScript()
      .make(0, 501, "mutex", "money")
      .spawn(0, 11, "holds")
      .spawn(0, 12, "waits")
      .start(1, 11)
      .acquire(2, 501, 11)
      .suspend(3, 11)
      .start(4, 12)
      .waitFor(5, 600, 501, 'lock of mutex "money"')
      .suspend(6, 12)
      .start(40, 11)
      .release(50, 501, 11)
      .wake(50, 600)
      .acquire(50, 501, 12)
      .stop(51, 11)
      .end(51, 11)
      .start(52, 12)
      .stop(60, 12)
      .end(60, 12);
    const path = pathOf(traceOf(100, [main]), 12);
    assert.deepEqual(told(path), [
      [11, "ready", 0, 1, "goes on"],
      [11, "running", 1, 3, "goes on"],
      [11, "io", 3, 40, "goes on"],
      [11, "running", 40, 50, "unblocks"],
      [12, "ready", 50, 52, "goes on"],
      [12, "running", 52, 60, "is the end"],
    ]);
    assert.equal(path.badge, "inferred"); // what `holds` waited for in between was not seen
  });

  void it("stays in a wait that nobody of the program ended", () => {
    const main = new ThreadScript()
      .spawn(0, 11, "sleeps")
      .start(1, 11)
      .wait(2, 600, "sleep")
      .suspend(3, 11)
      .wake(50, 600)
      .start(50, 11)
      .stop(55, 11)
      .end(55, 11);
    assert.deepEqual(told(pathOf(traceOf(100, [main]), 11)), [
      [11, "ready", 0, 1, "goes on"],
      [11, "running", 1, 3, "goes on"],
      [11, "io", 3, 50, "goes on"],
      [11, "running", 50, 55, "is the end"],
    ]);
  });

  void it("goes into a job that was joined, and into who sent what was received", () => {
    const main = new ThreadScript()
      .make(0, 501, "channel", "orders")
      .spawn(0, 11, "asks")
      .spawn(0, 12, "answers")
      .start(1, 11)
      .waitFor(2, 600, 12, 'join job "answers"')
      .suspend(3, 11)
      .start(4, 12)
      .waitFor(5, 601, 501, 'receive from channel "orders"')
      .suspend(6, 12)
      .spawn(7, 13, "sends")
      .start(10, 13)
      .wake(29, 601)
      .stop(30, 13)
      .end(30, 13)
      .start(31, 12)
      .stop(40, 12)
      .end(40, 12)
      .wake(40, 600)
      .start(41, 11)
      .stop(45, 11)
      .end(45, 11);
    const path = pathOf(traceOf(100, [main]), 11);
    assert.deepEqual(told(path), [
      [13, "ready", 7, 10, "goes on"],
      [13, "running", 10, 29, "unblocks"],
      [12, "ready", 29, 31, "goes on"],
      [12, "running", 31, 40, "ends in"],
      [11, "ready", 40, 41, "goes on"],
      [11, "running", 41, 45, "is the end"],
    ]);
    // Who spawned the sender was not seen.
    assert.equal(path.isComplete, false);
    assert.equal(path.beginMs, 7);
  });

  void it("is undefined of what is not in the timeline", () => {
    assert.equal(criticalPath(traceOf(1, []), buildTimeline(traceOf(1, [])), 11), undefined);
  });

  void it("covers its time without a break, within its target, whatever was recorded", () => {
    fc.assert(
      fc.property(programs, damages, fc.boolean(), (program, damage, tellsGaps) => {
        const trace = recordingOf(program, damage, tellsGaps);
        const timeline = buildTimeline(trace);
        for (const target of [...timeline.jobs, ...timeline.scopes]) {
          const path = criticalPath(trace, timeline, target.id) ?? assert.fail("there is none");
          assert.ok(path.beginMs >= target.beginMs - 1e-9 || path.stretches.length === 0);
          let untilMs = path.beginMs;
          for (const { beginMs, endMs } of path.stretches) {
            assert.equal(beginMs, untilMs);
            assert.ok(endMs > beginMs);
            untilMs = endMs;
          }
          assert.equal(untilMs, path.stretches.length === 0 ? path.beginMs : target.endMs);
          const sumMs = Object.values(path.byWay).reduce((sum, ms) => sum + ms, 0);
          assert.ok(Math.abs(sumMs - (path.endMs - path.beginMs)) < 1e-6);
        }
      }),
    );
  });
});
