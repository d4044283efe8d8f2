import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { channel, scope, sleep } from "skein";
import { buildTimeline, record, type RecordingOptions, startRecording, type Timeline, type Trace } from "skein/trace";
import { probe, ProbeKind, ProbeRing } from "#skein/core/probe";
import { announceThread, nextIdentity, type ThreadRecord } from "#skein/core/thread";

import { checkChromeTrace } from "./support/chrome-format.js";
import { idOn } from "./support/traces.js";

async function timelineOf(body: () => unknown, options?: RecordingOptions): Promise<Timeline> {
  return buildTimeline((await record(body, options)).trace);
}

/** A program of so many jobs; each leaves four records, its scope five. */
async function jobs(count: number): Promise<void> {
  await scope((s) => {
    for (let i = 0; i < count; i++) s.spawn(() => undefined);
  });
}

/** All records that a trace holds or counts as missing. */
function written({ threads }: Trace): number {
  return threads.reduce(
    (sum, { records, gaps }) => sum + records.length + gaps.reduce((lost, gap) => lost + gap.dropped, 0),
    0,
  );
}

/** A thread of the directory that is none: its records are written by this one. */
function fakeThread(
  index: number,
): ThreadRecord & { readonly rings: (SharedArrayBuffer | undefined)[]; write(): void } {
  const rings: (SharedArrayBuffer | undefined)[] = [];
  let ring: ProbeRing | undefined;
  return {
    index,
    name: `fake-${index}`,
    rings,
    attachRing(memory) {
      rings.push(memory);
      ring = memory === undefined ? undefined : new ProbeRing(memory);
    },
    attachPulse: () => undefined,
    write() {
      ring?.write(ProbeKind.scopeOpen, idOn(index, 1), 0, ring.text("there"));
    },
  };
}

void describe("a recording of a program on one thread", () => {
  void it("has its jobs, scopes, waits and steps", async () => {
    const {
      jobs: spans,
      scopes,
      waits,
      steps,
      droppedRecords,
    } = await timelineOf(() =>
      scope(
        async (s) => {
          const values = channel<number>({ name: "values" });
          s.spawn(async function produce() {
            for (const value of [1, 2]) await values.send(value, s);
            values.close();
          });
          s.spawn(async function consume(own) {
            for await (const value of values.values(own)) assert.ok(value > 0);
          });
          await s.scope(() => sleep(0, s), { name: "pause" });
        },
        { name: "program" },
      ),
    );
    assert.equal(droppedRecords, 0);
    const [program] = scopes;
    assert.deepEqual(
      scopes.map(({ name, parent, outcome }) => [name, parent, outcome]),
      [
        ["program", 0, "done"],
        ["pause", program?.id, "done"],
        ["consume", program?.id, "done"],
      ],
    );
    assert.deepEqual(
      spans.map(({ name, scope: owner, outcome, ranOn, begin, end }) => [name, owner, outcome, ranOn, begin, end]),
      [
        ["produce", program?.id, "done", 0, "seen", "seen"],
        ["consume", program?.id, "done", 0, "seen", "seen"],
      ],
    );
    assert.equal(scopes[2]?.job, spans[1]?.id);
    assert.equal(scopes[1]?.job, undefined);
    assert.ok(waits.some(({ name }) => name === "sleep"));
    assert.ok(waits.some(({ name }) => name === 'send to channel "values"'));
    assert.ok(waits.every(({ outcome }) => outcome === "done"));
    // A step for each body and each job, and all of them nest or follow each other.
    const inOrder = (ids: readonly number[]): readonly number[] => ids.toSorted((a, b) => a - b);
    assert.deepEqual(inOrder(steps.map(({ subject }) => subject)), inOrder([...scopes, ...spans].map(({ id }) => id)));
  });

  void it("has failures and cancellations", async () => {
    const {
      jobs: spans,
      cancels,
      scopes,
    } = await timelineOf(() =>
      scope(
        (s) => {
          s.spawn(function fails() {
            throw new Error("no");
          });
          s.spawn(() => sleep(1e6, s), [], { name: "waits" });
        },
        { name: "program" },
      ).catch(() => undefined),
    );
    assert.deepEqual(
      spans.map(({ name, outcome }) => [name, outcome]),
      [
        ["fails", "failed"],
        ["waits", "cancelled"],
      ],
    );
    assert.deepEqual(
      cancels.map(({ subject }) => subject),
      [scopes[0]?.id],
    );
    assert.equal(scopes[0]?.outcome, "failed");
  });

  void it("begins and ends in the middle of things", async () => {
    const timeline = await scope(async (s) => {
      const before = s.spawn(() => sleep(0, s), [], { name: "before" });
      await sleep(0, s);
      const recording = startRecording();
      await before;
      s.spawn(() => sleep(0, s), [], { name: "after" });
      await Promise.resolve();
      return buildTimeline(recording.stop());
    });
    for (const { name, begin, end, outcome } of timeline.jobs) {
      if (name === "after") assert.deepEqual([begin, end, outcome], ["seen", "outside", undefined]);
      else assert.deepEqual([name, begin, end, outcome], [undefined, "outside", "seen", "done"]);
    }
    assert.ok(timeline.jobs.some(({ name }) => name === "after"));
  });

  void it("gives the result of its body", async () => {
    const { result, trace } = await record(async () => 42);
    assert.equal(result, 42);
    assert.ok(trace.stoppedMs >= trace.startedMs);
  });

  void it("fails with its body, and the next one can start", async () => {
    const failure = new Error("no");
    await assert.rejects(
      record(() => Promise.reject(failure)),
      (error) => error === failure,
    );
    await record(() => undefined);
  });

  void it("takes the rings away at its end, and the next one has texts of its own", async () => {
    await record(() => scope(() => undefined, { name: "first" }));
    assert.equal(probe.ring, undefined);
    const { scopes } = await timelineOf(() => scope(() => undefined, { name: "second" }));
    assert.deepEqual(
      scopes.map(({ name }) => name),
      ["second"],
    );
  });

  void it("gives the same trace whenever it is asked", () => {
    const recording = startRecording();
    assert.equal(recording.stop(), recording.stop());
  });

  void it("tells what the kernel counted, on Node", async () => {
    const beganMs = performance.now();
    const { usage } = (await record(() => undefined)).trace;
    const mostMs = performance.now() - beganMs;
    assert.ok(usage.cores !== undefined && usage.cores >= 1);
    assert.ok(usage.cpuMs !== undefined && usage.cpuMs >= 0);
    if (process.platform !== "linux") return;
    // Only what was waited meanwhile, by a few dozen threads at most.
    assert.ok(usage.coreWaitMs !== undefined && usage.coreWaitMs >= 0 && usage.coreWaitMs <= mostMs * 50);
  });
});

void describe("what does not fit", () => {
  void it("is nothing of this thread, which empties its ring itself when that is half full", async () => {
    const whole = await record(() => jobs(100));
    const small = await record(() => jobs(100), { ringCapacity: 50 });
    const [main] = small.trace.threads;
    assert.deepEqual(main?.gaps, []);
    assert.deepEqual(
      main?.records.map(({ kind }) => kind),
      whole.trace.threads[0]?.records.map(({ kind }) => kind),
    );
  });

  void it("is counted when another thread's ring overflows, and the last records stay", () => {
    const thread = fakeThread(4);
    const leave = announceThread(thread);
    try {
      const recording = startRecording({ ringCapacity: 50 });
      for (let i = 0; i < 100; i++) thread.write();
      const trace = recording.stop().threads.find(({ index }) => index === 4);
      // 50 is rounded up to 64, less the one that the writer might be at.
      assert.equal(trace?.records.length, 63);
      assert.deepEqual(trace?.gaps, [{ at: 0, dropped: 37 }]);
    } finally {
      leave();
    }
  });

  void it("is counted when the recording as a whole grows too large, and the last records stay", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const recording = startRecording({ recordLimit: 1000, collectEveryMs: 10 });
    for (let i = 0; i < 10; i++) {
      await jobs(60);
      t.mock.timers.tick(10);
    }
    const trace = recording.stop();
    const [main] = trace.threads;
    assert.equal(written(trace), 10 * (60 * 4 + 4));
    assert.ok(
      main !== undefined && main.records.length <= 1000 && main.records.length > 700,
      String(main?.records.length),
    );
    assert.deepEqual(main.gaps, [{ at: 0, dropped: written(trace) - main.records.length }]);
  });

  void it("leaves what was collected last, however small the limit", async () => {
    const { trace } = await record(() => jobs(10), { recordLimit: 1 });
    assert.equal(trace.threads[0]?.records.length, 10 * 4 + 4);
  });

  void it("is collected in time: nothing is lost of a long program in many turns", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const clearTimer = t.mock.method(globalThis, "clearInterval");
    const recording = startRecording({ ringCapacity: 512, collectEveryMs: 10 });
    for (let i = 0; i < 20; i++) {
      await jobs(60);
      t.mock.timers.tick(10);
    }
    const timeline = buildTimeline(recording.stop());
    assert.equal(timeline.droppedRecords, 0);
    assert.equal(timeline.jobs.length, 20 * 60);
    assert.equal(clearTimer.mock.callCount(), 1);
  });
});

void describe("threads of a recording", () => {
  void it("are given a ring when it starts, or when they start, until it stops", () => {
    const early = fakeThread(1);
    const late = fakeThread(2);
    const never = fakeThread(3);
    const leave = [announceThread(early)];
    const recording = startRecording();
    leave.push(announceThread(late));
    early.write();
    late.write();
    const { threads } = recording.stop();
    leave.push(announceThread(never));
    for (const { rings } of [early, late]) {
      assert.equal(rings.length, 2);
      assert.ok(rings[0] instanceof SharedArrayBuffer);
      assert.equal(rings[1], undefined);
    }
    assert.deepEqual(never.rings, []);
    assert.deepEqual(
      threads.map(({ index, name, texts, records }) => [index, name, texts.slice(1), records.length]),
      [
        [0, "main", [], 0],
        [1, "fake-1", ["there"], 1],
        [2, "fake-2", ["there"], 1],
      ],
    );
    for (const leaveDirectory of leave) leaveDirectory();
  });

  void it("that ended are in it, with all that they wrote", () => {
    const thread = fakeThread(1);
    const recording = startRecording();
    const leaveDirectory = announceThread(thread);
    thread.write();
    leaveDirectory();
    const [, ended] = recording.stop().threads;
    assert.equal(ended?.hasEnded, true);
    assert.equal(ended.records.length, 1);
    assert.deepEqual(ended.texts.slice(1), ["there"]);
    assert.equal(thread.rings.length, 1); // there is nobody left to take it away from
  });

  void it("count from their first record on: that shows that they have taken up their ring", () => {
    const thread = fakeThread(1);
    const leaveDirectory = announceThread(thread);
    const recording = startRecording();
    thread.write();
    const trace = recording.stop();
    assert.equal(trace.threads[1]?.fromMs, trace.threads[1]?.records[0]?.timeMs);
    assert.ok((trace.threads[0]?.fromMs ?? Infinity) <= (trace.threads[1]?.fromMs ?? 0));
    leaveDirectory();
  });
});

void describe("a thread that has lost its first records", () => {
  void it("counts from where its ring was given to it: the loss lies in between", () => {
    const thread = fakeThread(1);
    const leaveDirectory = announceThread(thread);
    const recording = startRecording({ ringCapacity: 4 });
    for (let i = 0; i < 10; i++) thread.write();
    const lossy = recording.stop().threads[1];
    assert.deepEqual(lossy?.gaps, [{ at: 0, dropped: 7 }]);
    assert.ok(lossy.fromMs < (lossy.records[0]?.timeMs ?? 0));
    leaveDirectory();
  });
});

void describe("misuse of recordings", () => {
  void it("has a second one refused while one runs", () => {
    const recording = startRecording();
    assert.throws(() => startRecording(), {
      name: "MisuseError",
      code: "SKEIN_INVALID_ARGUMENT",
      message: /under way already/,
    });
    recording.stop();
    startRecording().stop();
  });

  for (const [what, options] of [
    ["options that are no object", 5],
    ["null", null],
    ["a ring for no record", { ringCapacity: 0 }],
    ["a ring that is NaN", { ringCapacity: Number.NaN }],
    ["a ring without bound", { ringCapacity: Infinity }],
    ["collecting all the time", { collectEveryMs: 0 }],
    ["a limit as text", { recordLimit: "many" }],
  ] as const) {
    void it(`has ${what} refused`, () => {
      assert.throws(() => startRecording(options as unknown as RecordingOptions), {
        name: "MisuseError",
        code: "SKEIN_INVALID_ARGUMENT",
      });
      startRecording().stop();
    });
  }

  void it("has a body that is no function refused", async () => {
    await assert.rejects(record(5 as unknown as () => void), { code: "SKEIN_INVALID_ARGUMENT" });
  });
});

void describe("a recording that is never stopped", () => {
  void it("keeps no process alive, and can be stopped while the process ends", () => {
    const program = fileURLToPath(new URL("./fixtures/records-and-ends.js", import.meta.url));
    const { stdout, status } = spawnSync(process.execPath, [program], { encoding: "utf8" });
    assert.equal(status, 0);
    const [records] = JSON.parse(stdout) as number[];
    assert.ok((records ?? 0) >= 6);
  });
});

void describe("a recorded program", () => {
  void it("makes a sound Chrome trace", async () => {
    const { chromeTraceChunks } = await import("skein/trace");
    const { trace } = await record(() =>
      scope(async (s) => {
        for (let i = 0; i < 20; i++) {
          s.spawn(async function worker(own) {
            await own.scope(() => sleep(i % 3, own), { name: "inner" });
          });
        }
        s.spawn(() => sleep(1, s).then(() => s.cancel("enough")));
        await sleep(1e6, s);
      }).catch(() => nextIdentity()),
    );
    const { traceEvents } = checkChromeTrace([...chromeTraceChunks(trace)].join(""));
    assert.equal(traceEvents.filter(({ ph, args }) => ph === "b" && args?.["kind"] === "job").length, 21);
  });
});
