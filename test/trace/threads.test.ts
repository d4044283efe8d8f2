import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Worker } from "node:worker_threads";

import { type Executor, scope, threads } from "skein";
import { buildTimeline, chromeTraceChunks, computeFigures, record, startRecording } from "skein/trace";
import { announceThread } from "#skein/core/thread";

import type { FromRingThread, ToRingThread } from "./fixtures/ring-thread.js";
import { meet, nested } from "./fixtures/tasks.js";
import { checkChromeTrace } from "./support/chrome-format.js";

/** A thread, and an executor that runs each job on it as a wait until `openGate`. */
class RingThread {
  readonly worker: Worker;
  readonly gate = new Int32Array(new SharedArrayBuffer(4));
  readonly leaveDirectory: () => void;
  readonly attached: Promise<void>;
  readonly started: Promise<void>;

  constructor(index: number) {
    this.worker = new Worker(new URL("./fixtures/ring-thread.js", import.meta.url), { workerData: { index } });
    this.attached = this.#heard("attached");
    this.started = this.#heard("started");
    this.leaveDirectory = announceThread({
      index,
      name: `hand-made ${index}`,
      attachRing: (memory) => this.#say({ kind: "ring", memory }),
      attachPulse: () => undefined,
    });
  }

  #say(message: ToRingThread): void {
    this.worker.postMessage(message, []);
  }

  #heard(kind: FromRingThread["kind"]): Promise<void> {
    return new Promise((resolve) => {
      this.worker.on("message", (message: FromRingThread) => {
        if (message.kind === kind) resolve();
      });
    });
  }

  executor(): Executor {
    return {
      name: "hand-made",
      run: async (_task, _args, { jobId, onStart }) => {
        const lost = new Promise<never>((_resolve, reject) => {
          this.worker.once("exit", () => reject(new Error("the thread ended")));
        });
        const done = Promise.race([this.#heard("done"), lost]);
        this.#say({ kind: "run", job: jobId, gate: this.gate });
        await this.started;
        onStart();
        await done;
        return undefined as never;
      },
    };
  }

  openGate(): void {
    Atomics.store(this.gate, 0, 1);
    Atomics.notify(this.gate, 0);
  }

  async end(): Promise<void> {
    await this.worker.terminate();
    this.leaveDirectory();
  }
}

const noTask = (): undefined => undefined;

void describe("a recording of a thread", () => {
  void it("joins the job on the thread that spawned it and on the one that ran it", async () => {
    const recording = startRecording();
    const thread = new RingThread(1);
    await thread.attached;
    await scope(async (s) => {
      const job = s.spawn(noTask, [], { on: thread.executor(), name: "elsewhere" });
      await thread.started;
      thread.openGate();
      await job;
    });
    const trace = recording.stop();
    await thread.end();
    const { jobs, steps } = buildTimeline(trace);
    const [job] = jobs;
    assert.equal(jobs.length, 1);
    assert.equal(job?.name, "elsewhere");
    assert.equal(job.thread, 0);
    assert.equal(job.ranOn, 1);
    assert.equal(job.outcome, "done");
    assert.ok(job.queuedMs !== undefined && job.startedMs !== undefined);
    assert.ok(job.beginMs <= job.queuedMs && job.queuedMs <= job.startedMs && job.startedMs <= job.endMs);
    assert.deepEqual(
      job.steps,
      steps.filter(({ thread: on }) => on === 1),
    );
    assert.deepEqual([job.steps[0]?.begin, job.steps[0]?.end], ["seen", "seen"]);
    const { traceEvents } = checkChromeTrace([...chromeTraceChunks(trace)].join(""));
    const arrow = traceEvents.filter(({ ph }) => ph === "s" || ph === "f");
    assert.deepEqual(
      arrow.map(({ ph, tid }) => [ph, tid]),
      [
        ["s", 1],
        ["f", 2],
      ],
    );
  });

  void it("reads what a thread has written that is inside a step, without its help", async () => {
    const recording = startRecording();
    const thread = new RingThread(1);
    await thread.attached;
    await scope(async (s) => {
      const job = s.spawn(noTask, [], { on: thread.executor(), name: "stuck" });
      await thread.started;
      const { jobs } = buildTimeline(recording.stop());
      assert.deepEqual(
        jobs[0]?.steps.map(({ begin, end }) => [begin, end]),
        [["seen", "outside"]],
      );
      assert.equal(jobs[0]?.outcome, undefined);
      thread.openGate();
      await job;
    });
    await thread.end();
  });

  void it("keeps what a thread wrote before it was killed", async () => {
    const recording = startRecording();
    const thread = new RingThread(1);
    await thread.attached;
    const program = scope((s) => {
      s.spawn(noTask, [], { on: thread.executor(), name: "doomed" });
    });
    await thread.started;
    await Promise.all([thread.end(), assert.rejects(program, { message: "the thread ended" })]);
    const trace = recording.stop();
    assert.equal(trace.threads[1]?.hasEnded, true);
    const [job] = buildTimeline(trace).jobs;
    assert.equal(job?.outcome, "failed");
    assert.deepEqual(
      job.steps.map(({ begin, end }) => [begin, end]),
      [["seen", "outside"]],
    );
  });
});

void describe("a recording of a pool", () => {
  const on = threads({ size: 2, name: "pool" });
  after(() => on.close());

  void it("shows that jobs ran at once, on which threads", async () => {
    const cells = new Int32Array(new SharedArrayBuffer(4));
    const { trace } = await record(() =>
      scope(async (s) => {
        // They end only when both are inside their steps.
        for (let i = 0; i < 2; i++) s.spawn(meet, [cells, 2], { on });
      }),
    );
    const timeline = buildTimeline(trace);
    const figures = computeFigures(timeline);
    assert.deepEqual(
      timeline.jobs.map(({ name, outcome }) => [name, outcome]),
      [
        ["meet", "done"],
        ["meet", "done"],
      ],
    );
    assert.equal(new Set(timeline.jobs.map(({ ranOn }) => ranOn)).size, 2);
    assert.ok((figures.mostRunning.value ?? 0) >= 2);
    assert.equal(figures.mostInFlight.value, 2);
    checkChromeTrace([...chromeTraceChunks(trace)].join(""));
  });

  void it("has what a job did on its thread, below the job", async () => {
    const { trace } = await record(() => scope((s) => s.spawn(nested, [], { on })));
    const { jobs, scopes, waits } = buildTimeline(trace);
    const job = jobs.find(({ name }) => name === "nested");
    const own = scopes.find((scopeSpan) => scopeSpan.job === job?.id);
    assert.ok(job !== undefined && own !== undefined);
    assert.equal(own.name, "nested");
    assert.equal(own.thread, job.ranOn);
    const inside = jobs.find(({ name }) => name === "inside");
    assert.deepEqual([inside?.scope, inside?.thread, inside?.ranOn], [own.id, job.ranOn, job.ranOn]);
    assert.deepEqual(
      waits.map(({ name, scope: inScope }) => [name, inScope]),
      [["sleep", own.id]],
    );
    assert.ok(
      [own, inside].every((span) => span !== undefined && span.beginMs >= job.beginMs && span.endMs <= job.endMs),
    );
  });
});
