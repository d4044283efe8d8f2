import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Advice, adviseOn, type FunctionAdvice, type ObservedProgram } from "#skein/advise/advice";

import { idOn, ThreadScript, traceOf } from "../trace/support/traces.js";

const MODULE = "file:///program.js";

const program = (wallMs: number, tasks: readonly string[], cores = 2): ObservedProgram => ({
  wallMs,
  cores,
  beganUs: 0,
  tasks: Object.fromEntries(tasks.map((key) => [key, { key, module: MODULE }])),
});

/** Jobs spawned at once, which run one after the other. */
function rowOfJobs(script: ThreadScript, name: string, count: number, eachMs: number, first = 1): ThreadScript {
  for (let i = 0; i < count; i++) script.spawn(0, first + i, name);
  for (let i = 0; i < count; i++) {
    script.start(i * eachMs, first + i).stop((i + 1) * eachMs, first + i);
    script.end((i + 1) * eachMs, first + i);
  }
  return script;
}

const of = ({ functions }: Advice, name: string): FunctionAdvice => {
  const found = functions.find((one) => one.name === name);
  assert.ok(found !== undefined, `no advice on ${name}`);
  return found;
};

describe("advice", () => {
  it("sends tasks that compute to threads, and predicts by Amdahl's law what that gains", () => {
    const trace = traceOf(100, [rowOfJobs(new ThreadScript(), "crunch", 8, 10)]);
    const advice = adviseOn(trace, undefined, program(100, ["crunch"]));
    const { kind, nature, calls, cpuMs, suggestion, needsTask, mostAtOnce } = of(advice, "crunch");
    assert.deepEqual([kind, nature, calls, cpuMs], ["task", "computes", 8, 80]);
    assert.deepEqual([suggestion, needsTask, mostAtOnce], ["threads", false, 8]);
    // 20 ms stay, 80 ms are divided by two.
    assert.equal(advice.predictedSpeedUp, 100 / 60);
    assert.equal(advice.dividableShare, 0.8);
  });

  it("predicts no gain for calls that come one at a time", () => {
    const script = new ThreadScript();
    for (let i = 0; i < 4; i++) {
      const atMs = i * 20;
      script
        .spawn(atMs, i + 1, "crunch")
        .start(atMs, i + 1)
        .stop(atMs + 18, i + 1)
        .end(atMs + 18, i + 1);
    }
    const advice = adviseOn(traceOf(80, [script]), undefined, program(80, ["crunch"]));
    assert.equal(of(advice, "crunch").suggestion, "threads");
    assert.equal(advice.predictedSpeedUp, 1);
  });

  it("with one core it advises slices", () => {
    const trace = traceOf(100, [rowOfJobs(new ThreadScript(), "crunch", 8, 10)]);
    const advice = adviseOn(trace, undefined, program(100, ["crunch"], 1));
    assert.equal(of(advice, "crunch").suggestion, "sliced");
    assert.equal(advice.predictedSpeedUp, 1);
  });

  it("tells what is no task that it must become one", () => {
    const trace = traceOf(100, [rowOfJobs(new ThreadScript(), "closure", 8, 10)]);
    const { kind, needsTask } = of(adviseOn(trace, undefined, program(100, [])), "closure");
    assert.deepEqual([kind, needsTask], ["job", true]);
  });

  it("leaves what waits where it is, and calls it back from threads", () => {
    const waiting = (script: ThreadScript, job: number): ThreadScript =>
      script
        .start(1, job)
        .suspend(2, job)
        .wait(2, job + 50, "sleep", 0)
        .wake(90, job + 50)
        .resume(90, job)
        .stop(91, job);
    const main = new ThreadScript().spawn(0, 1, "here").spawn(0, 2, "away").queue(0, 2);
    waiting(main, 1).end(91, 1).end(92, 2);
    const other = waiting(new ThreadScript(1), 2);
    const advice = adviseOn(traceOf(100, [main, other]), undefined, program(100, ["here", "away"]));
    assert.deepEqual([of(advice, "here").nature, of(advice, "here").suggestion], ["waits", "as it is"]);
    assert.deepEqual([of(advice, "away").nature, of(advice, "away").suggestion], ["waits", "here"]);
  });

  it("calls short tasks back from threads: their way there is no waiting", () => {
    const main = new ThreadScript();
    const other = new ThreadScript(1);
    for (let i = 0; i < 10; i++) {
      main
        .spawn(0, i + 1, "add")
        .queue(0, i + 1)
        .end(50 + i, i + 1);
      other.start(10 + i, i + 1).stop(10 + i + 0.001, i + 1);
    }
    const { nature, suggestion, waitingMs, runsOn } = of(
      adviseOn(traceOf(100, [main, other]), undefined, program(100, ["add"])),
      "add",
    );
    assert.deepEqual([nature, suggestion, waitingMs, runsOn], ["short", "here", 0, "threads"]);
  });

  it("takes from samples what went on after an await, and of functions that are no jobs", () => {
    const script = new ThreadScript().spawn(0, idOn(0, 1), "crunch").start(0, idOn(0, 1)).suspend(1, idOn(0, 1));
    script.end(100, idOn(0, 1));
    const frame = (functionName: string): { functionName: string; url: string; lineNumber: number } => ({
      functionName,
      url: functionName === "(root)" ? "" : MODULE,
      lineNumber: 4,
    });
    const samples = [...Array.from({ length: 60 }, () => 2), ...Array.from({ length: 30 }, () => 3), 1];
    const profile = {
      nodes: [
        { id: 1, callFrame: frame("(root)"), children: [2, 3] },
        { id: 2, callFrame: frame("crunch") },
        { id: 3, callFrame: frame("plain") },
      ],
      startTime: 0,
      samples,
      timeDeltas: samples.map(() => 1000),
    };
    const advice = adviseOn(traceOf(100, [script]), profile, program(100, ["crunch"]));
    assert.deepEqual([of(advice, "crunch").cpuMs, of(advice, "crunch").badge], [60, "sampled"]);
    const { kind, selfMs, declaredAt, suggestion } = of(advice, "plain");
    assert.deepEqual([kind, selfMs, declaredAt, suggestion], ["function", 30, `${MODULE}:5`, "threads"]);
    assert.equal(advice.predictionBadge, "inferred");
  });
});
