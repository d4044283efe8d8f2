import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { buildTimeline, computeFigures, type Figures, type JobSpan, type StepSpan, type Timeline } from "skein/trace";

import { idOn, NO_USAGE, START_MS, ThreadScript, traceOf } from "./support/traces.js";

function figuresOf(durationMs: number, threads: readonly ThreadScript[], usage = {}): Figures {
  return computeFigures(buildTimeline(traceOf(durationMs, threads, usage)));
}

void describe("figures", () => {
  // Two jobs on main, one after the other, while one runs on a worker.
  const main = new ThreadScript()
    .spawn(0, 1, "a")
    .spawn(0, 2, "b")
    .spawn(1, 3, "c")
    .queue(1, 3)
    .start(1, 1)
    .stop(4, 1)
    .end(4, 1)
    .start(4, 2)
    .stop(6, 2)
    .end(6, 2, "failed")
    .end(9, 3);
  const worker = new ThreadScript(1).start(3, 3).stop(8, 3);
  const figures = figuresOf(10, [main, worker], { cpuMs: 15, coreWaitMs: 5, cores: 2 });

  void it("count jobs and how they ended", () => {
    assert.deepEqual(figures.jobs, { badge: "measured", value: 3 });
    assert.deepEqual(figures.outcomes.value, { done: 2, failed: 1, cancelled: 0, abandoned: 0, unfinished: 0 });
  });

  void it("give concurrency over time, at most, and on average by time", () => {
    assert.deepEqual(figures.inFlight.value, [
      { atMs: 0, count: 2 },
      { atMs: 1, count: 3 },
      { atMs: 4, count: 2 },
      { atMs: 6, count: 1 },
      { atMs: 9, count: 0 },
    ]);
    assert.equal(figures.mostInFlight.value, 3);
    assert.equal(figures.meanInFlight.value, (2 + 3 * 3 + 2 * 2 + 3) / 10);
  });

  void it("give parallelism over time, and the time at each level", () => {
    assert.deepEqual(figures.running.value, [
      { atMs: 0, count: 0 },
      { atMs: 1, count: 1 },
      { atMs: 3, count: 2 },
      { atMs: 6, count: 1 },
      { atMs: 8, count: 0 },
    ]);
    assert.deepEqual(figures.timeAtParallelism, { badge: "measured", value: [3, 4, 3] });
    assert.equal(figures.mostRunning.value, 2);
    assert.equal(figures.meanRunning.value, 1);
  });

  void it("give no time at a level that was skipped", () => {
    const starts = [1, 2].map((thread) => new ThreadScript(thread).start(3, thread).stop(8, thread));
    assert.deepEqual(figuresOf(10, starts).timeAtParallelism.value, [5, 0, 5]);
  });

  void it("give run and wait times", () => {
    const { buckets, ...runTime } = figures.runTime.value ?? assert.fail();
    assert.deepEqual(runTime, { count: 3, totalMs: 10, p50Ms: 3, p99Ms: 5, p999Ms: 5, mostMs: 5 });
    assert.deepEqual(buckets, [
      { upToMs: 2.048, count: 1 },
      { upToMs: 4.096, count: 1 },
      { upToMs: 8.192, count: 1 },
    ]);
    const { buckets: waits, ...waitTime } = figures.waitTime.value ?? assert.fail();
    assert.deepEqual(waitTime, { count: 3, totalMs: 7, p50Ms: 2, p99Ms: 4, p999Ms: 4, mostMs: 4 });
    assert.equal(
      waits.reduce((sum, { count }) => sum + count, 0),
      3,
    );
  });

  void it("name the busiest thread", () => {
    assert.deepEqual(figures.busiestThread.value, { index: 0, name: "main", busyMs: 5, share: 0.5 });
    assert.deepEqual(
      figures.threads.value?.map(({ name, busyMs }) => [name, busyMs]),
      [
        ["main", 5],
        ["worker-1", 5],
      ],
    );
  });

  void it("take what the kernel counts as exact", () => {
    assert.deepEqual(figures.coresBusy, { badge: "exact", value: 1.5 });
    assert.deepEqual(figures.coresWanted, { badge: "sampled", value: 2 });
    assert.deepEqual(figures.coresAllowed, { badge: "exact", value: 2 });
    assert.deepEqual(figures.coresTaken, { badge: "sampled", value: 0.5 });
  });

  void it("say that a figure is not available where the host does not tell", () => {
    const { coresBusy, coreWaitMs, coresWanted, coresAllowed, coresTaken } = figuresOf(10, [main]);
    for (const figure of [coresBusy, coreWaitMs, coresWanted, coresAllowed, coresTaken]) {
      assert.deepEqual(figure, { badge: "not available", value: undefined });
    }
  });

  void it("say that they are inferred once records were dropped", () => {
    const { jobs, inFlight, running, droppedRecords } = figuresOf(10, [
      new ThreadScript().spawn(1, 1, "a").drop(5).end(9, 1),
    ]);
    assert.deepEqual([jobs.badge, inFlight.badge, running.badge], ["inferred", "inferred", "inferred"]);
    assert.deepEqual(droppedRecords, { badge: "measured", value: 5 });
  });

  void it("say that what rests on steps is inferred once a job went on after an await", () => {
    const { jobs, running, runTime } = figuresOf(10, [
      new ThreadScript().spawn(1, 1, "a").start(2, 1).suspend(3, 1).end(9, 1),
    ]);
    assert.deepEqual([jobs.badge, running.badge, runTime.badge], ["measured", "inferred", "inferred"]);
  });

  void it("do not count the bodies of scopes as jobs in flight", () => {
    const { mostInFlight, mostRunning } = figuresOf(10, [
      new ThreadScript()
        .open(1, 5, "main")
        .start(1, 5)
        .open(2, 6, "inner", 5)
        .start(2, 6)
        .stop(3, 6)
        .stop(4, 5)
        .close(5, 6)
        .close(6, 5),
    ]);
    assert.equal(mostInFlight.value, 0);
    assert.equal(mostRunning.value, 1);
  });

  void it("exist for a recording of nothing", () => {
    const figure = figuresOf(0, [new ThreadScript()]);
    assert.equal(figure.jobs.value, 0);
    assert.equal(figure.meanInFlight.badge, "not available");
    assert.equal(figure.runTime.badge, "not available");
    assert.deepEqual(figure.inFlight.value, []);
  });
});

// Properties, against the obvious way to say it

const DURATION_MS = 50;

interface Piece {
  readonly beginMs: number;
  readonly endMs: number;
}

const piece = fc
  .tuple(fc.nat({ max: DURATION_MS * 4 }), fc.nat({ max: DURATION_MS * 4 }))
  .map(([a, b]): Piece => ({ beginMs: Math.min(a, b) / 4, endMs: Math.max(a, b) / 4 }));

const job = fc.record({ span: piece, thread: fc.nat({ max: 2 }), waits: fc.option(fc.nat({ max: 9 })) });

/** Steps of a job lie where they will here; figures must not care how records come to be. */
function timelineOf(
  jobs: readonly { readonly span: Piece; readonly thread: number; readonly waits: number | null }[],
): Timeline {
  const untilMs = new Map<number, number>();
  const steps: StepSpan[] = [];
  const spans = jobs.map(({ span, thread, waits }, index): JobSpan => {
    const common = { ...span, begin: "seen", end: "seen" } as const;
    // On one thread steps nest; these even stand one after the other.
    const isFree = span.beginMs >= (untilMs.get(thread) ?? 0);
    const own: StepSpan[] = isFree ? [{ ...common, subject: index + 1, thread, isSuspended: false }] : [];
    if (isFree) untilMs.set(thread, span.endMs);
    steps.push(...own);
    return {
      ...common,
      id: idOn(0, index + 1),
      name: "job",
      spawnSite: undefined,
      scope: 0,
      thread: 0,
      queuedMs: undefined,
      startedMs: undefined,
      ranOn: thread,
      waitMs: waits ?? undefined,
      outcome: "done",
      steps: own,
    };
  });
  return {
    durationMs: DURATION_MS,
    startedMs: START_MS,
    threads: [0, 1, 2].map((index) => ({
      index,
      name: String(index),
      fromMs: 0,
      toMs: DURATION_MS,
      hasEnded: false,
      gaps: [],
    })),
    jobs: spans,
    scopes: [],
    waits: [],
    steps,
    cancels: [],
    parks: [],
    steals: [],
    pools: [],
    pauses: [],
    droppedRecords: 0,
    usage: NO_USAGE,
  };
}

/** The middle of every quarter of a millisecond: nothing begins or ends there. */
const MOMENTS = Array.from({ length: DURATION_MS * 4 }, (_, index) => index / 4 + 0.125);

function countAt(spans: readonly Piece[], atMs: number): number {
  return spans.filter(({ beginMs, endMs }) => beginMs < atMs && atMs < endMs).length;
}

function levelAt(levels: readonly { readonly atMs: number; readonly count: number }[], atMs: number): number {
  return levels.findLast((level) => level.atMs <= atMs)?.count ?? Number.NaN;
}

function close(actual: number | undefined, expected: number): void {
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) < 1e-9, `${actual} is not ${expected}`);
}

void describe("figures of random timelines", () => {
  const timelines = fc
    .array(job, { maxLength: 30 })
    .map((jobs) => timelineOf(jobs.sort((a, b) => a.span.beginMs - b.span.beginMs)));

  void it("tell for each moment how many jobs were in flight and how many threads ran", () => {
    fc.assert(
      fc.property(timelines, (timeline) => {
        const figures = computeFigures(timeline);
        const inFlight = MOMENTS.map((atMs) => countAt(timeline.jobs, atMs));
        const running = MOMENTS.map(
          (atMs) =>
            new Set(timeline.steps.filter((step) => countAt([step], atMs) > 0).map(({ thread }) => thread)).size,
        );
        assert.deepEqual(
          MOMENTS.map((atMs) => levelAt(figures.inFlight.value ?? [], atMs)),
          inFlight,
        );
        assert.deepEqual(
          MOMENTS.map((atMs) => levelAt(figures.running.value ?? [], atMs)),
          running,
        );
        assert.equal(figures.mostInFlight.value, Math.max(...inFlight));
        assert.equal(figures.mostRunning.value, Math.max(...running));
        const mean = (counts: readonly number[]): number =>
          counts.reduce((sum, count) => sum + count, 0) / counts.length;
        close(figures.meanInFlight.value, mean(inFlight));
        close(figures.meanRunning.value, mean(running));
        for (const level of figures.timeAtParallelism.value?.keys() ?? []) {
          close(figures.timeAtParallelism.value?.[level], running.filter((count) => count === level).length / 4);
        }
        close(
          figures.threads.value?.reduce((sum, { busyMs }) => sum + busyMs, 0),
          (figures.meanRunning.value ?? 0) * DURATION_MS,
        );
      }),
    );
  });

  void it("are levels that change, in order of time", () => {
    fc.assert(
      fc.property(timelines, (timeline) => {
        const levels = computeFigures(timeline).inFlight.value ?? [];
        assert.equal(levels[0]?.atMs, 0);
        levels.slice(1).forEach(({ atMs, count }, index) => {
          assert.ok(atMs > (levels[index]?.atMs ?? Infinity));
          assert.notEqual(count, levels[index]?.count);
        });
      }),
    );
  });

  void it("have percentiles below which that share of the values lies", () => {
    fc.assert(
      fc.property(timelines, (timeline) => {
        const waits = timeline.jobs.flatMap(({ waitMs }) => waitMs ?? []);
        const { waitTime } = computeFigures(timeline);
        assert.equal(waitTime.value === undefined, waits.length === 0);
        if (waitTime.value === undefined) return;
        for (const [part, value] of [
          [0.5, waitTime.value.p50Ms],
          [0.99, waitTime.value.p99Ms],
          [1, waitTime.value.mostMs],
        ] as const) {
          assert.ok(waits.includes(value));
          assert.ok(waits.filter((wait) => wait <= value).length >= part * waits.length);
          assert.ok(waits.filter((wait) => wait < value).length < part * waits.length);
        }
        close(
          waitTime.value.totalMs,
          waits.reduce((sum, wait) => sum + wait, 0),
        );
      }),
    );
  });
});
