import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import {
  buildTimeline,
  computeFigures,
  contention,
  criticalPath,
  findFindings,
  type FindingKind,
  type ProbeRecord,
  reportText,
  splitOfJob,
  splitOfThread,
  type Trace,
  verdict,
} from "skein/trace";
import { ProbeKind } from "#skein/core/probe";

import { damages, programs, recordingOf } from "../support/damages.js";
import { findingsOf, kindsIn } from "../support/found.js";
import { type LockProgram, makeLockProgram } from "../support/lock-programs.js";
import { idOn, START_MS, ThreadScript, traceOf } from "../support/traces.js";

function lockPrograms(inOrder: boolean): fc.Arbitrary<LockProgram> {
  return fc
    .record({
      choices: fc.array(fc.nat({ max: 1000 }), { minLength: 50, maxLength: 600 }),
      jobs: fc.integer({ min: 2, max: 6 }),
      turns: fc.integer({ min: 5, max: 80 }),
    })
    .map(({ choices, jobs, turns }) => {
      let next = 0;
      const random = (below: number): number => (choices[next++ % choices.length] ?? 0) % below;
      return makeLockProgram(random, jobs, turns, inOrder);
    });
}

/** What only records of locks can show. */
const OF_LOCKS: ReadonlySet<FindingKind> = new Set(["deadlock", "orphaned-lock", "lost-wake-up", "starving-queue"]);

void describe("in any program", () => {
  void it("nothing is found that is short and does its work", () => {
    fc.assert(
      fc.property(programs, damages, (program, damage) => {
        for (const kind of kindsIn(recordingOf(program, damage, true))) {
          // The program does have jobs that are given up, at random.
          assert.equal(kind, "leaked-job");
        }
      }),
    );
  });

  void it("no deadlock is found where locks are taken in one order, whatever is lost of the recording", () => {
    fc.assert(
      fc.property(lockPrograms(true), damages, (program, damage) => {
        assert.equal(program.inCircles.size, 0);
        const whole = traceOf(program.durationMs, program.threads);
        const recorded = recordingOf({ ...program, spans: new Map(), steps: [] }, damage, true);
        for (const trace of [whole, recorded]) {
          assert.deepEqual(
            kindsIn(trace).filter((kind) => OF_LOCKS.has(kind)),
            [],
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  void it("a deadlock is found if and only if there is one", () => {
    let count = 0;
    fc.assert(
      fc.property(lockPrograms(false), (program) => {
        const found = findingsOf(traceOf(program.durationMs, program.threads)).filter(
          ({ kind }) => kind === "deadlock",
        );
        assert.deepEqual(
          found.flatMap(({ jobs }) => jobs).toSorted((a, b) => a - b),
          [...program.inCircles].toSorted((a, b) => a - b),
        );
        if (found.length > 0) {
          count++;
          assert.equal(Math.max(...found.map(({ fromMs }) => fromMs)), program.circleSinceMs);
        }
      }),
      { numRuns: 300 },
    );
    assert.ok(count > 20, `only ${count} programs had one`);
  });

  void it("no deadlock is found that there is not, whatever is lost of the recording", () => {
    fc.assert(
      fc.property(lockPrograms(false), damages, (program, damage) => {
        const trace = recordingOf({ ...program, spans: new Map(), steps: [] }, damage, true);
        const isToTheEnd = trace.stoppedMs - START_MS >= program.durationMs - 0.25;
        for (const { kind, jobs } of findingsOf(trace)) {
          if (kind !== "deadlock" || !isToTheEnd) continue;
          for (const job of jobs) assert.ok(program.inCircles.has(job));
        }
      }),
      { numRuns: 300 },
    );
  });

  void it("records that mean nothing give an answer all the same", () => {
    const id = fc.oneof(
      fc.nat({ max: 6 }),
      fc.nat({ max: 6 }).map((number) => idOn(1, number)),
    );
    const record = fc.record({
      timeMs: fc.double({ min: START_MS - 10, max: START_MS + 110, noNaN: true }),
      kind: fc.constantFrom(...Object.values(ProbeKind), 99) as fc.Arbitrary<ProbeRecord["kind"]>,
      subject: id,
      other: id,
      value: fc.integer({ min: -1, max: 5 }),
    });
    const sample = fc.record({
      atMs: fc.double({ min: START_MS - 10, max: START_MS + 110, noNaN: true }),
      cpuMs: fc.option(fc.double({ min: 0, max: 1000, noNaN: true }), { nil: undefined }),
      coreWaitMs: fc.option(fc.double({ min: 0, max: 1000, noNaN: true }), { nil: undefined }),
      state: fc.constantFrom("running", "lock", "io", "blocked", "unknown" as const),
      core: fc.option(fc.nat({ max: 4 }), { nil: undefined }),
      voluntarySwitches: fc.constant(undefined),
      involuntarySwitches: fc.constant(undefined),
    });
    const kernelThread = fc.record({
      tid: fc.nat({ max: 9 }),
      index: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
      name: fc.string(),
      kind: fc.constantFrom("loop", "pool", "observer", "engine", "io", "unknown" as const),
      samples: fc.array(sample, { maxLength: 8 }),
    });
    const thread = fc.record({
      records: fc.array(record, { maxLength: 60 }),
      gaps: fc.array(fc.record({ at: fc.nat({ max: 12 }), dropped: fc.nat() }), { maxLength: 3 }),
      texts: fc.array(fc.constantFrom('lock of mutex "x"', 'receive from channel "y" (blocked)', 'join job "z"', "z")),
    });
    const stall = fc.record({
      thread: fc.nat({ max: 3 }),
      beginMs: fc.double({ min: START_MS - 10, max: START_MS + 110, noNaN: true }),
      endMs: fc.double({ min: START_MS - 10, max: START_MS + 310, noNaN: true }),
      isOver: fc.boolean(),
      cpuMs: fc.constant(undefined),
      coreWaitMs: fc.constant(undefined),
      stack: fc.constant(undefined),
    });
    fc.assert(
      fc.property(
        fc.array(thread, { maxLength: 3 }),
        fc.array(kernelThread, { maxLength: 4 }),
        fc.array(stall, { maxLength: 3 }),
        (threads, kernelThreads, stalls) => {
          const trace: Trace = {
            ...traceOf(100, [], { cores: 2 }),
            threads: threads.map(({ records, gaps, texts }, index) => ({
              ...new ThreadScript(index).toThread(100),
              records,
              texts,
              gaps: gaps.sort((a, b) => a.at - b.at),
            })),
            kernel: { sampleEveryMs: 20, threads: kernelThreads, coreRuns: undefined },
            stalls,
          };
          const timeline = buildTimeline(trace);
          const ids = findFindings(trace, timeline).map((finding) => finding.id);
          assert.equal(new Set(ids).size, ids.length, ids.join(", "));
          contention(trace, timeline);
          verdict(computeFigures(timeline, trace), "ru");
          for (const { id: subject } of [...timeline.jobs, ...timeline.scopes]) criticalPath(trace, timeline, subject);
          for (const job of timeline.jobs) splitOfJob(trace, timeline, job);
          for (const { index } of timeline.threads) splitOfThread(trace, timeline, index);
          assert.ok(reportText(trace).length > 0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
