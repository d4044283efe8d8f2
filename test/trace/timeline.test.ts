import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { buildTimeline, type ProbeRecord, type Span, type StepSpan, type Timeline, type Trace } from "skein/trace";

import { damages, programs, recordingOf } from "./support/damages.js";
import { idOn, START_MS, ThreadScript, traceOf } from "./support/traces.js";

const JOB = 7;
const SCOPE = 3;
const REMOTE = 8;

/** What a span covers and rests on, briefly. */
function facts({ beginMs, endMs, begin, end }: Span): unknown[] {
  return [beginMs, endMs, begin, end];
}

void describe("a timeline", () => {
  void it("has a job with its scope, times, outcome and step", () => {
    const main = new ThreadScript()
      .open(1, SCOPE, "main")
      .spawn(2, JOB, "parse", SCOPE)
      .start(4, JOB)
      .stop(9, JOB)
      .end(9, JOB);
    const { jobs, steps } = buildTimeline(traceOf(20, [main]));
    assert.deepEqual(jobs, [
      {
        id: JOB,
        name: "parse",
        spawnSite: undefined,
        scope: SCOPE,
        thread: 0,
        beginMs: 2,
        endMs: 9,
        begin: "seen",
        end: "seen",
        queuedMs: undefined,
        startedMs: 4,
        ranOn: 0,
        waitMs: 2,
        outcome: "done",
        steps,
      },
    ]);
    assert.deepEqual(steps, [
      { subject: JOB, thread: 0, beginMs: 4, endMs: 9, begin: "seen", end: "seen", isSuspended: false },
    ]);
  });

  void it("joins what two threads report of a job", () => {
    const main = new ThreadScript().spawn(1, REMOTE, "resize").queue(2, REMOTE).end(9, REMOTE, "failed");
    const worker = new ThreadScript(1).start(4, REMOTE).stop(8, REMOTE);
    const [job] = buildTimeline(traceOf(10, [main, worker])).jobs;
    assert.equal(job?.thread, 0);
    assert.equal(job.ranOn, 1);
    assert.equal(job.queuedMs, 2);
    assert.equal(job.waitMs, 3);
    assert.equal(job.outcome, "failed");
    assert.deepEqual(job.steps.map(facts), [[4, 8, "seen", "seen"]]);
  });

  void it("counts a job that goes on at the stop as unfinished, not as ended", () => {
    const main = new ThreadScript().spawn(1, JOB, "serve").start(2, JOB).suspend(3, JOB);
    const [job] = buildTimeline(traceOf(10, [main])).jobs;
    assert.deepEqual(facts(job as Span), [1, 10, "seen", "outside"]);
    assert.equal(job?.outcome, undefined);
    assert.deepEqual(job?.steps.map(facts), [[2, 3, "seen", "seen"]]);
  });

  void it("shows a job that was there before the recording from its start on, without a name", () => {
    const main = new ThreadScript().end(5, JOB);
    const [job] = buildTimeline(traceOf(10, [main])).jobs;
    assert.deepEqual(facts(job as Span), [0, 5, "outside", "seen"]);
    assert.equal(job?.name, undefined);
    assert.equal(job?.waitMs, undefined);
  });

  void it("takes the end of a suspended job for no step", () => {
    const main = new ThreadScript().spawn(1, JOB, "fetch").start(2, JOB).suspend(3, JOB).stop(8, JOB).end(8, JOB);
    const { steps } = buildTimeline(traceOf(10, [main]));
    assert.deepEqual(steps.map(facts), [[2, 3, "seen", "seen"]]);
    assert.equal(steps[0]?.isSuspended, true);
  });

  void it("does not count the body of a scope as a job", () => {
    const main = new ThreadScript()
      .open(1, SCOPE, "main")
      .start(1, SCOPE)
      .suspend(2, SCOPE)
      .stop(8, SCOPE)
      .close(9, SCOPE);
    const { jobs, scopes, steps } = buildTimeline(traceOf(10, [main]));
    assert.deepEqual(jobs, []);
    assert.deepEqual(scopes.map(facts), [[1, 9, "seen", "seen"]]);
    assert.deepEqual(scopes[0]?.steps, steps);
  });

  void it("knows the scope that a job opens as its first act as the job's own", () => {
    const main = new ThreadScript()
      .open(1, SCOPE, "main")
      .spawn(2, JOB, "crawl", SCOPE)
      .start(3, JOB)
      .open(3, 10, "crawl", SCOPE)
      .start(3, 10)
      .suspend(4, 10)
      .suspend(4, JOB)
      .open(5, 11, "crawl", SCOPE);
    assert.deepEqual(
      buildTimeline(traceOf(10, [main])).scopes.map(({ id, job }) => [id, job]),
      [
        [SCOPE, undefined],
        [10, JOB],
        [11, undefined],
      ],
    );
  });

  void it("takes no other scope for a job's own", () => {
    const scopeOf = (main: ThreadScript): unknown => buildTimeline(traceOf(10, [main])).scopes.at(-1)?.job;
    const inJob = (): ThreadScript => new ThreadScript().spawn(2, JOB, "crawl", SCOPE).start(3, JOB);
    assert.equal(scopeOf(inJob().open(3, 10, "crawl", SCOPE)), JOB);
    assert.equal(scopeOf(inJob().open(3, 10, "another", SCOPE)), undefined);
    assert.equal(scopeOf(inJob().open(3, 10, "crawl", 99)), undefined);
    assert.equal(scopeOf(inJob().open(3, 10, "crawl")), undefined);
    assert.equal(scopeOf(inJob().drop(1).open(3, 10, "crawl", SCOPE)), undefined);
    // The body of a scope is no job.
    assert.equal(
      scopeOf(new ThreadScript().open(1, 9, "same", SCOPE).start(1, 9).open(2, 10, "same", SCOPE)),
      undefined,
    );
  });

  void it("shows a job of which nothing is known but that another thread ran it", () => {
    const worker = new ThreadScript(1).start(3, REMOTE).stop(4, REMOTE);
    const [job] = buildTimeline(traceOf(10, [new ThreadScript(), worker])).jobs;
    assert.deepEqual(facts(job as Span), [0, 10, "outside", "outside"]);
    assert.equal(job?.ranOn, 1);
  });

  void it("knows the scope of a job on another thread", () => {
    const main = new ThreadScript().spawn(1, REMOTE, "crawl", SCOPE);
    const inner = idOn(1, 5);
    const worker = new ThreadScript(1).start(3, REMOTE).open(3, inner, "crawl");
    assert.equal(buildTimeline(traceOf(10, [main, worker])).scopes[0]?.job, REMOTE);
  });

  void it("has waits and cancellations", () => {
    const main = new ThreadScript()
      .open(1, SCOPE, "main")
      .wait(2, 20, "sleep", SCOPE)
      .add(2, "waitOn", 20, 44)
      .cancel(5, SCOPE)
      .wake(5, 20, "cancelled");
    const { waits, cancels } = buildTimeline(traceOf(10, [main]));
    assert.deepEqual(waits, [
      {
        id: 20,
        name: "sleep",
        scope: SCOPE,
        target: 44,
        thread: 0,
        beginMs: 2,
        endMs: 5,
        begin: "seen",
        end: "seen",
        outcome: "cancelled",
      },
    ]);
    assert.deepEqual(cancels, [{ atMs: 5, subject: SCOPE, thread: 0 }]);
  });

  void it("ignores kinds of records that it does not know", () => {
    const main = new ThreadScript().spawn(1, JOB, "parse").end(2, JOB);
    main.records.push({ timeMs: START_MS + 3, kind: 99 as ProbeRecord["kind"], subject: 77, other: 0, value: 0 });
    const timeline = buildTimeline(traceOf(10, [main]));
    assert.equal(timeline.jobs.length, 1);
  });
});

void describe("records that can't be", () => {
  void it("make no job end before it starts", () => {
    const main = new ThreadScript().spawn(1, REMOTE, "a").end(4, REMOTE);
    const [job] = buildTimeline(traceOf(10, [main, new ThreadScript(1).start(5, REMOTE)])).jobs;
    assert.deepEqual(facts(job as Span), [1, 5, "seen", "seen"]);
    const [other] = buildTimeline(traceOf(10, [main, new ThreadScript(1).start(0.5, REMOTE)])).jobs;
    assert.equal(other?.waitMs, 0);
  });

  void it("make no step leave the one around it", () => {
    const main = new ThreadScript().start(1, JOB).suspend(3, SCOPE).suspend(5, JOB);
    assert.deepEqual(buildTimeline(traceOf(10, [main])).steps.map(facts), [
      [0, 5, "outside", "seen"],
      [0, 3, "outside", "seen"],
      [1, 1, "seen", "dropped"],
    ]);
  });

  void it("make nothing last longer than its thread", () => {
    const worker = { ...new ThreadScript(1).start(1, REMOTE).stop(8, REMOTE).toThread(5), hasEnded: true };
    const { steps, threads } = buildTimeline({ ...traceOf(10, []), threads: [worker] });
    assert.deepEqual(steps.map(facts), [[1, 5, "seen", "seen"]]);
    assert.equal(threads[0]?.toMs, 5);
  });
});

void describe("records that were dropped", () => {
  void it("stand as gaps between the records around them", () => {
    const main = new ThreadScript().spawn(2, JOB, "a").drop(5).end(6, JOB).drop(3);
    const { threads, droppedRecords } = buildTimeline(traceOf(10, [main]));
    assert.deepEqual(threads[0]?.gaps, [
      { beginMs: 2, endMs: 6, dropped: 5 },
      { beginMs: 6, endMs: 10, dropped: 3 },
    ]);
    assert.equal(droppedRecords, 8);
  });

  void it("leave no ghost: a job whose end may be among them is cut there", () => {
    const main = new ThreadScript().spawn(2, JOB, "a").spawn(3, 9, "b").drop(5).end(6, 9).spawn(7, 11, "c");
    const { jobs } = buildTimeline(traceOf(100, [main]));
    assert.deepEqual(jobs.map(facts), [
      [2, 3, "seen", "dropped"],
      [3, 6, "seen", "seen"],
      [7, 100, "seen", "outside"],
    ]);
  });

  void it("cut a job that is later seen on another thread only there", () => {
    const main = new ThreadScript().spawn(2, REMOTE, "a").drop(5).add(50, "cancel", 99);
    const worker = new ThreadScript(1).start(20, REMOTE).stop(30, REMOTE);
    const [job] = buildTimeline(traceOf(100, [main, worker])).jobs;
    assert.deepEqual(facts(job as Span), [2, 30, "seen", "dropped"]);
  });

  void it("cut a job whose spawning is among them at the end of the gap", () => {
    const main = new ThreadScript().add(1, "cancel", 99).drop(4).add(5, "cancel", 99).end(8, JOB);
    const [job] = buildTimeline(traceOf(10, [main])).jobs;
    assert.deepEqual(facts(job as Span), [5, 8, "dropped", "seen"]);
  });

  void it("cut a step whose end may be among them", () => {
    const gone = new ThreadScript().start(1, JOB).drop(2).start(6, 9).stop(7, 9);
    assert.deepEqual(buildTimeline(traceOf(10, [gone])).steps.map(facts), [
      [1, 1, "seen", "dropped"],
      [6, 7, "seen", "seen"],
    ]);
  });

  void it("cut a step that ends after them: meanwhile it may have given the thread back, and gone on", () => {
    const main = new ThreadScript().start(1, JOB).drop(2).start(6, 9).stop(7, 9).suspend(8, JOB);
    assert.deepEqual(buildTimeline(traceOf(10, [main])).steps.map(facts), [
      [1, 1, "seen", "dropped"],
      [6, 8, "dropped", "seen"],
      [6, 7, "seen", "seen"],
    ]);
  });

  void it("cut the steps around one that is cut", () => {
    const main = new ThreadScript().start(1, SCOPE).start(2, JOB).drop(2).suspend(6, JOB).suspend(7, SCOPE);
    assert.deepEqual(buildTimeline(traceOf(10, [main])).steps.map(facts), [
      [1, 2, "seen", "dropped"],
      [2, 2, "seen", "dropped"],
      [6, 7, "dropped", "seen"],
      [6, 6, "dropped", "seen"],
    ]);
  });

  void it("cut a step at the first gap after its beginning", () => {
    const main = new ThreadScript().start(1, SCOPE).drop(1).start(5, JOB).drop(1).suspend(8, JOB);
    assert.deepEqual(buildTimeline(traceOf(10, [main])).steps.map(facts), [
      [1, 1, "seen", "dropped"],
      [5, 5, "seen", "dropped"],
      [8, 8, "dropped", "seen"],
    ]);
  });

  void it("begin a step whose start is among them where the records begin again", () => {
    const main = new ThreadScript().drop(3).add(4, "cancel", 99).start(5, 9).stop(6, 9).suspend(8, JOB);
    assert.deepEqual(buildTimeline(traceOf(10, [main])).steps.map(facts), [
      [4, 8, "dropped", "seen"],
      [5, 6, "seen", "seen"],
    ]);
  });
});

// Properties

/** Holds whatever came in. */
function checkSound(timeline: Timeline): void {
  const { durationMs } = timeline;
  for (const span of [...timeline.jobs, ...timeline.scopes, ...timeline.waits, ...timeline.steps]) {
    assert.ok(
      span.beginMs >= 0 && span.beginMs <= span.endMs && span.endMs <= durationMs,
      JSON.stringify({ span, durationMs }),
    );
  }
  for (const { startedMs, waitMs, beginMs, endMs } of timeline.jobs) {
    assert.ok(startedMs === undefined || (startedMs >= beginMs && startedMs <= endMs));
    assert.ok(waitMs === undefined || waitMs >= 0);
  }
  for (const { atMs } of timeline.cancels) assert.ok(atMs >= 0 && atMs <= durationMs);
  for (const { gaps } of timeline.threads) {
    for (const { beginMs, endMs } of gaps) assert.ok(beginMs >= 0 && beginMs <= endMs && endMs <= durationMs);
  }
  for (const thread of new Set(timeline.steps.map((step) => step.thread))) {
    checkNested(timeline.steps.filter((step) => step.thread === thread));
  }
}

function checkNested(steps: readonly StepSpan[]): void {
  const open: number[] = [];
  for (const { beginMs, endMs } of steps) {
    while ((open.at(-1) ?? Infinity) <= beginMs) open.pop();
    const around = open.at(-1) ?? Infinity;
    assert.ok(endMs <= around, `a step from ${beginMs} to ${endMs} leaves the one around it, which ends at ${around}`);
    open.push(endMs);
  }
}

/** A span claims no time in which the thing was not there, and says of its edges what is so. */
function checkTrue(span: Span, truth: { readonly beginMs: number; readonly endMs: number }, fromMs: number): void {
  const trueBegin = truth.beginMs - fromMs;
  const trueEnd = truth.endMs - fromMs;
  const context = JSON.stringify({ span, trueBegin, trueEnd });
  if (span.begin === "seen") assert.equal(span.beginMs, trueBegin, context);
  else assert.ok(span.beginMs >= trueBegin, context);
  if (span.begin === "outside") assert.ok(trueBegin < 0, context);
  if (span.end === "seen") assert.equal(span.endMs, trueEnd, context);
  else assert.ok(span.endMs <= Math.max(trueEnd, span.beginMs), context);
}

void describe("timelines of random programs", () => {
  void it("tell the whole truth of a whole recording", () => {
    fc.assert(
      fc.property(programs, (program) => {
        const timeline = buildTimeline(traceOf(program.durationMs, program.threads));
        checkSound(timeline);
        const spans = [
          ...timeline.jobs.map((job) => ({ what: "job", around: job.scope, ...job, job: undefined })),
          ...timeline.scopes.map((scope) => ({
            what: "scope",
            around: scope.parent,
            startedMs: undefined,
            ranOn: undefined,
            ...scope,
          })),
          ...timeline.waits.map((wait) => ({
            what: "wait",
            around: wait.scope,
            startedMs: undefined,
            ranOn: undefined,
            job: undefined,
            ...wait,
          })),
        ].map(({ what, id, name, around, thread, beginMs, endMs, outcome, startedMs, ranOn, job }) => ({
          what,
          id,
          name,
          around,
          thread,
          beginMs,
          endMs,
          outcome,
          startedMs,
          ranOn,
          job,
        }));
        const byId = (a: { readonly id: number }, b: { readonly id: number }): number => a.id - b.id;
        assert.deepEqual(
          spans.sort(byId),
          [...program.spans.values()]
            .map((span) => ({ ...span }))
            .sort(byId)
            .map(({ id, what, ...rest }) => ({ what, id, ...rest })),
        );
        const steps = timeline.steps.map(({ subject, thread, beginMs, endMs }) => ({
          subject,
          thread,
          beginMs,
          endMs,
        }));
        const byThread = (a: (typeof steps)[0], b: (typeof steps)[0]): number =>
          a.thread - b.thread || a.beginMs - b.beginMs;
        assert.deepEqual(steps.sort(byThread), program.steps.map((step) => ({ ...step })).sort(byThread));
      }),
    );
  });

  void it("tell nothing but the truth of a recording with losses", () => {
    fc.assert(
      fc.property(programs, damages, (program, damage) => {
        const trace = recordingOf(program, damage, true);
        const timeline = buildTimeline(trace);
        checkSound(timeline);
        const fromMs = trace.startedMs - START_MS;
        for (const [what, spans] of [
          ["job", timeline.jobs],
          ["scope", timeline.scopes],
          ["wait", timeline.waits],
        ] as const) {
          for (const span of spans) {
            const truth = program.spans.get(span.id);
            assert.equal(truth?.what, what);
            checkTrue(span, truth, fromMs);
            assert.ok(span.name === undefined || span.name === truth.name);
            assert.ok(span.outcome === undefined || span.outcome === truth.outcome);
            assert.equal(span.outcome === undefined, span.end !== "seen");
          }
        }
        for (const { id, startedMs, ranOn } of timeline.jobs) {
          const truth = program.spans.get(id);
          assert.ok(startedMs === undefined || startedMs === (truth?.startedMs ?? Number.NaN) - fromMs);
          assert.ok(ranOn === undefined || ranOn === truth?.ranOn);
        }
        for (const { job, id } of timeline.scopes) assert.ok(job === undefined || job === program.spans.get(id)?.job);
        for (const step of timeline.steps) {
          const truth = program.steps.findLast(
            ({ subject, thread, beginMs }) =>
              subject === step.subject && thread === step.thread && beginMs - fromMs <= step.beginMs,
          );
          checkTrue(step, truth ?? assert.fail(`step of ${step.subject}`), fromMs);
        }
      }),
      { numRuns: 300 },
    );
  });

  void it("keep everything whose record of beginning is left", () => {
    fc.assert(
      fc.property(programs, damages, (program, damage) => {
        const trace = recordingOf(program, damage, true);
        const { jobs, scopes, waits } = buildTimeline(trace);
        const shown = new Set([...jobs, ...scopes, ...waits].map(({ id }) => id));
        const begun = trace.threads
          .flatMap(({ records }) => records)
          .filter(({ kind }) => kind === 1 || kind === 7 || kind === 10);
        for (const { subject } of begun) assert.ok(shown.has(subject));
      }),
    );
  });

  void it("stay sound when records are missing and nobody says so", () => {
    fc.assert(
      fc.property(programs, damages, (program, damage) => {
        checkSound(buildTimeline(recordingOf(program, damage, false)));
      }),
      { numRuns: 300 },
    );
  });

  void it("stay sound with records that mean nothing", () => {
    const record = fc.record({
      timeMs: fc.double({ min: START_MS - 10, max: START_MS + 110, noNaN: true }),
      kind: fc.integer({ min: 0, max: 12 }) as fc.Arbitrary<ProbeRecord["kind"]>,
      subject: fc.oneof(
        fc.nat({ max: 5 }),
        fc.nat({ max: 5 }).map((number) => idOn(1, number)),
      ),
      other: fc.nat({ max: 5 }),
      value: fc.integer({ min: -1, max: 5 }),
    });
    const thread = fc.record({
      records: fc.array(record),
      gaps: fc.array(fc.record({ at: fc.nat({ max: 12 }), dropped: fc.nat() })),
    });
    fc.assert(
      fc.property(fc.array(thread, { maxLength: 3 }), (threads) => {
        const trace: Trace = {
          ...traceOf(100, []),
          threads: threads.map(({ records, gaps }, index) => ({
            ...new ThreadScript(index).toThread(100),
            records,
            gaps: gaps.sort((a, b) => a.at - b.at),
          })),
        };
        checkSound(buildTimeline(trace));
      }),
    );
  });
});
