import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { threads } from "skein";
import { buildTimeline, decodeTrace, encodeTrace, record, type Span } from "skein/trace";

import { meet } from "./fixtures/tasks.js";
import { idOn, ThreadScript, traceOf } from "./support/traces.js";

const POOL = idOn(0, 9);

function facts({ beginMs, endMs, begin, end }: Span): unknown[] {
  return [beginMs, endMs, begin, end];
}

void describe("a thread of a pool in a timeline", () => {
  void it("sleeps from where it parks to where it is awake", () => {
    const worker = new ThreadScript(1)
      .add(2, "threadPark", 1)
      .add(5, "threadUnpark", 1)
      .start(5, 7)
      .stop(6, 7)
      .add(7, "threadPark", 1);
    const { parks } = buildTimeline(traceOf(10, [worker]));
    assert.deepEqual(parks.map(facts), [
      [2, 5, "seen", "seen"],
      [7, 10, "seen", "outside"],
    ]);
  });

  void it("slept since the recording began if it wakes first of all, and not if it did something else before", () => {
    const asleep = new ThreadScript(1).add(4, "threadUnpark", 1);
    const awake = new ThreadScript(2).start(1, 7).add(4, "threadUnpark", 2);
    const { parks } = buildTimeline(traceOf(10, [asleep, awake]));
    assert.deepEqual(
      parks.map((park) => [park.thread, ...facts(park)]),
      [[1, 0, 4, "outside", "seen"]],
    );
  });

  void it("is taken to sleep only up to where its records are missing", () => {
    const worker = new ThreadScript(1).add(2, "threadPark", 1).drop(3).add(8, "threadUnpark", 1);
    const { parks } = buildTimeline(traceOf(10, [worker]));
    assert.deepEqual(parks.map(facts), [[2, 2, "seen", "dropped"]]);
  });

  void it("takes jobs over from others", () => {
    const worker = new ThreadScript(2).add(3, "steal", idOn(0, 5), 1).add(4, "steal", 0, 1);
    const { steals, jobs } = buildTimeline(traceOf(10, [worker]));
    assert.deepEqual(steals, [
      { atMs: 3, thread: 2, job: idOn(0, 5), from: 1 },
      { atMs: 4, thread: 2, job: 0, from: 1 },
    ]);
    assert.deepEqual(jobs, []);
  });

  void it("pauses for the garbage collector as long before as its record says", () => {
    const worker = new ThreadScript(1).add(9, "gcPause", 1, 2, 5000).add(9.5, "gcPause", 77, 2, 5000);
    const { pauses } = buildTimeline(traceOf(10, [worker]));
    assert.deepEqual(pauses, [{ thread: 1, kind: "major", beginMs: 4, endMs: 6, begin: "seen", end: "seen" }]);
  });
});

void describe("a pool in a timeline", () => {
  void it("has the jobs that wait for a thread, and the threads that come and go", () => {
    const main = new ThreadScript();
    main
      .add(1, "poolGrow", POOL, 1, main.text("threads"))
      .add(2, "poolQueue", POOL, 0, 3)
      .add(3, "poolQueue", POOL, 0, 3)
      .add(4, "poolQueue", POOL, 0, 0)
      .add(8, "poolShrink", POOL, 1);
    const { pools } = buildTimeline(decodeTrace(encodeTrace(traceOf(10, [main]))));
    assert.deepEqual(pools, [
      {
        id: POOL,
        name: "threads",
        queued: [
          { atMs: 2, count: 3 },
          { atMs: 4, count: 0 },
        ],
        changes: [
          { atMs: 1, thread: 1, isMore: true },
          { atMs: 8, thread: 1, isMore: false },
        ],
      },
    ]);
  });

  void it("that was recorded shows its threads", async () => {
    const { trace } = await record(async () => {
      const pool = threads({ size: 2, name: "seen" });
      await pool.ready(meet);
      const cells = new Int32Array(new SharedArrayBuffer(4));
      await Promise.all([pool.run(meet, [cells, 2]), pool.run(meet, [cells, 2])]);
      await pool.close();
    });
    const { pools, threads: lanes } = buildTimeline(trace);
    const [pool] = pools;
    assert.equal(pools.length, 1);
    assert.equal(pool?.name, "seen");
    const named = new Set(lanes.filter(({ name }) => name.startsWith("seen-")).map(({ index }) => index));
    assert.equal(named.size, 2);
    assert.deepEqual(
      pool.changes.map(({ thread, isMore }) => [named.has(thread), isMore]),
      [
        [true, true],
        [true, true],
        [true, false],
        [true, false],
      ],
    );
  });
});
