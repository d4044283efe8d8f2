import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import {
  buildTimeline,
  cpuOfStep,
  type JobSpan,
  phasesOf,
  splitOfJob,
  splitOfThread,
  type TimeSplit,
  type Trace,
} from "skein/trace";

import { damages, programs, recordingOf } from "./support/damages.js";
import { idOn, readings, ThreadReadings, ThreadScript, traceOf } from "./support/traces.js";

type Ways = Partial<Record<"running" | "ready" | "io" | "lock" | "channel" | "jobs", number>>;

function waysOf(split: TimeSplit): Ways {
  const { runningMs, readyMs, ioMs, lockMs, channelMs, jobsMs } = split;
  const ways = { running: runningMs, ready: readyMs, io: ioMs, lock: lockMs, channel: channelMs, jobs: jobsMs };
  return Object.fromEntries(
    Object.entries(ways)
      .filter(([, ms]) => ms > 1e-9)
      .map(([way, ms]) => [way, round(ms)]),
  );
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function splitOf(trace: Trace, job: number, fromMs?: number, toMs?: number): TimeSplit {
  const timeline = buildTimeline(trace);
  const span = timeline.jobs.find(({ id }) => id === job) as JobSpan;
  return splitOfJob(trace, timeline, span, fromMs, toMs);
}

/** Spawned at 0, starts at 10; runs, waits for a lock, a channel, a timer and a job; over at 100. */
const job = new ThreadScript()
  .spawn(0, 11, "work")
  .start(10, 11)
  .waitFor(19.5, 600, 501, 'lock of mutex "money"')
  .suspend(20, 11)
  .wake(30, 600)
  .start(35, 11)
  .waitFor(39.5, 601, 502, 'receive from channel "orders"')
  .suspend(40, 11)
  .wake(55, 601)
  .start(55, 11)
  .wait(59.5, 602, "sleep")
  .suspend(60, 11)
  .wake(80, 602)
  .start(80, 11)
  .waitFor(84.5, 603, 12, 'join job "other"')
  .suspend(85, 11)
  .wake(95, 603)
  .start(95, 11)
  .stop(100, 11)
  .end(100, 11);
const trace = traceOf(100, [job]);

void describe("the time of a job", () => {
  void it("divides into running, ready, and what it waited for", () => {
    const split = splitOf(trace, 11);
    assert.deepEqual(waysOf(split), { running: 30, ready: 15, lock: 10, channel: 15, io: 20, jobs: 10 });
    assert.equal(split.totalMs, 100);
    assert.equal(split.badge, "measured");
  });

  void it("divides within a range", () => {
    assert.deepEqual(waysOf(splitOf(trace, 11, 15, 33)), { running: 5, lock: 10, ready: 3 });
    assert.deepEqual(waysOf(splitOf(trace, 11, 200, 300)), {});
    assert.deepEqual(waysOf(splitOf(trace, 11, 50, 50)), {});
  });

  void it("is told as phases without a break", () => {
    const timeline = buildTimeline(trace);
    const phases = phasesOf(trace, timeline, timeline.jobs[0] as JobSpan);
    assert.deepEqual(
      phases.map(({ way, beginMs, endMs }) => [way, round(beginMs), round(endMs)]),
      [
        ["ready", 0, 10],
        ["running", 10, 20],
        ["lock", 20, 30],
        ["ready", 30, 35],
        ["running", 35, 40],
        ["channel", 40, 55],
        ["running", 55, 60],
        ["io", 60, 80],
        ["running", 80, 85],
        ["jobs", 85, 95],
        ["running", 95, 100],
      ],
    );
  });

  void it("is waiting for I/O, as far as is known, where nothing is known", () => {
    const unknown = traceOf(100, [new ThreadScript().spawn(0, 11, "work").start(1, 11).suspend(5, 11).end(90, 11)]);
    const split = splitOf(unknown, 11);
    assert.deepEqual(waysOf(split), { ready: 1, running: 4, io: 85 });
    assert.equal(split.badge, "inferred");
  });

  void it("is ready for all of its life if it never started", () => {
    const queued = traceOf(100, [new ThreadScript().spawn(10, 11, "work").queue(11, 11)]);
    assert.deepEqual(waysOf(splitOf(queued, 11)), { ready: 90 });
  });

  void it("counts bodies of scopes that it opened as its own", () => {
    const main = new ThreadScript()
      .spawn(0, 11, "work")
      .start(0, 11)
      .open(1, 21, "inner")
      .start(1.1, 21)
      .wait(4, 600, "sleep", 21)
      .suspend(5, 21)
      .suspend(6, 11)
      .wake(50, 600)
      .start(50, 21)
      .stop(60, 21)
      .close(60, 21)
      .end(61, 11);
    assert.deepEqual(waysOf(splitOf(traceOf(100, [main]), 11)), { running: 16, io: 45 });
  });

  void it("has less of running by what its thread waited for a core in its steps", () => {
    const main = new ThreadScript().spawn(0, 11, "work").start(0, 11).stop(1000, 11).end(1000, 11);
    const kernel = readings(new ThreadReadings(1, "loop", 0).spend(1000, 0.4, 0.6));
    const split = splitOf({ ...traceOf(1000, [main]), kernel }, 11);
    assert.deepEqual(waysOf(split), { running: 400, ready: 600 });
    assert.equal(split.badge, "sampled");
  });
});

void describe("CPU time of a step", () => {
  const kernel = readings(new ThreadReadings(1, "loop", 0).spend(200, 0.25, 0.75).spend(300, 1));
  const withKernel = { ...traceOf(500, [new ThreadScript()]), kernel };

  void it("is its length less the wait for a core", () => {
    const timeline = buildTimeline(withKernel);
    assert.equal(round(cpuOfStep(withKernel, timeline, { thread: 0, beginMs: 100, endMs: 300 }) ?? 0), 125);
  });

  void it("is not known beyond the readings, or without them", () => {
    const timeline = buildTimeline(withKernel);
    assert.equal(cpuOfStep(withKernel, timeline, { thread: 0, beginMs: 400, endMs: 501 }), undefined);
    assert.equal(cpuOfStep(withKernel, timeline, { thread: 1, beginMs: 0, endMs: 1 }), undefined);
    assert.equal(cpuOfStep(trace, buildTimeline(trace), { thread: 0, beginMs: 0, endMs: 1 }), undefined);
  });
});

void describe("the time of a thread", () => {
  void it("comes from the records where nobody asked the kernel", () => {
    const worker = new ThreadScript(1)
      .start(10, 11)
      .waitFor(20, idOn(1, 1), 501, 'lock of shared mutex "money" (blocked)')
      .wake(50, idOn(1, 1))
      .waitFor(60, idOn(1, 2), 502, 'value from shared channel "orders" (blocked)')
      .wake(65, idOn(1, 2))
      .stop(90, 11);
    const blocked = traceOf(100, [worker]);
    const split = splitOfThread(blocked, buildTimeline(blocked), 1);
    assert.deepEqual(waysOf(split), { running: 45, lock: 30, channel: 5, io: 20 });
    assert.deepEqual(waysOf(splitOfThread(blocked, buildTimeline(blocked), 1, 40, 70)), {
      running: 15,
      lock: 10,
      channel: 5,
    });
    assert.equal(split.totalMs, 100);
  });

  void it("comes from the kernel's counts where it was asked", () => {
    const kernel = readings(
      new ThreadReadings(1, "loop", 0).spend(1000, 0.25, 0.5),
      new ThreadReadings(2, "pool", 1).spend(600, 0, 0, "lock").spend(400, 0, 0, "lock"),
    );
    const worker = new ThreadScript(1).start(600, 11).stop(1000, 11);
    const sampled = { ...traceOf(1000, [new ThreadScript(), worker]), kernel };
    const timeline = buildTimeline(sampled);
    assert.deepEqual(waysOf(splitOfThread(sampled, timeline, 0)), { running: 250, ready: 500, io: 250 });
    // Asleep in a job it waits for a lock; outside of one it has nothing to do.
    assert.deepEqual(waysOf(splitOfThread(sampled, timeline, 1)), { io: 600, lock: 400 });
    assert.equal(splitOfThread(sampled, timeline, 0).badge, "sampled");
  });

  void it("is not available of a thread that is not there", () => {
    assert.equal(splitOfThread(trace, buildTimeline(trace), 7).badge, "not available");
  });
});

void describe("any division of time", () => {
  void it("adds up to the time that was divided", () => {
    fc.assert(
      fc.property(programs, damages, fc.nat({ max: 50 }), fc.nat({ max: 50 }), (program, damage, a, b) => {
        const recorded = recordingOf(program, damage, true);
        const timeline = buildTimeline(recorded);
        const [fromMs, toMs] = [Math.min(a, b), Math.max(a, b)];
        for (const span of timeline.jobs) {
          const { totalMs } = splitOfJob(recorded, timeline, span, fromMs, toMs);
          const wantedMs = Math.max(0, Math.min(toMs, span.endMs) - Math.max(fromMs, span.beginMs));
          assert.ok(Math.abs(totalMs - wantedMs) < 1e-6, `${totalMs} of ${wantedMs}`);
          let untilMs = span.beginMs;
          for (const { beginMs, endMs } of phasesOf(recorded, timeline, span)) {
            assert.equal(beginMs, untilMs);
            assert.ok(endMs > beginMs);
            untilMs = endMs;
          }
          assert.equal(untilMs, span.endMs);
        }
        for (const lane of timeline.threads) {
          const split = splitOfThread(recorded, timeline, lane.index, fromMs, toMs);
          const wantedMs = Math.max(0, Math.min(toMs, lane.toMs) - Math.max(fromMs, lane.fromMs));
          assert.ok(Math.abs(split.totalMs - wantedMs) < 1e-6);
          for (const ms of Object.values(waysOf(split))) assert.ok(ms >= 0);
        }
      }),
    );
  });
});
