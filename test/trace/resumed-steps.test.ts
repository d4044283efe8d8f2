import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

import { channel, type Scope, scope, sleep } from "skein";
import { latch, mutex, semaphore } from "skein/async";
import { buildTimeline, type ProbeRecord, record, type Timeline } from "skein/trace";
import { ProbeKind, ProbeResource } from "#skein/core/probe";

import { runNode } from "../support/run-program.js";

/** What a program does is seen in records alone, so it marks what it runs by a record of its own. */
async function stepsOf(
  body: (s: Scope) => unknown,
): Promise<{ readonly timeline: Timeline; readonly records: readonly ProbeRecord[]; nameOf(subject: number): string }> {
  const { trace } = await record(() => scope((s) => body(s) as never, { name: "program" }));
  const timeline = buildTimeline(trace);
  const names = new Map([...timeline.scopes, ...timeline.jobs].map(({ id, name }) => [id, name ?? "?"]));
  return { timeline, records: trace.threads[0]?.records ?? [], nameOf: (subject) => names.get(subject) ?? "?" };
}

/** Keeps the thread busy until its clock shows something else, so that a step has a length. */
function spin(ms = 0.05): void {
  const from = performance.now();
  while (performance.now() - from < ms);
}

/** How many steps of a job were about as long as it was to spin, or longer. */
function longSteps({ steps }: Timeline, id: number | undefined, ms = 0.05): number {
  return steps.filter((step) => step.subject === id && step.endMs - step.beginMs >= 0.8 * ms).length;
}

void describe("steps after waits", () => {
  void it("are recorded, each from where the code goes on to where it waits again", async () => {
    const { timeline } = await stepsOf((s) => {
      s.spawn(async function sleeper() {
        for (let i = 0; i < 3; i++) {
          spin();
          await sleep(0, s);
        }
        spin();
      });
    });
    const [job] = timeline.jobs;
    assert.equal(longSteps(timeline, job?.id), 4);
    // None of them is taken to go on while the thread waits for its timer.
    const steps = job?.steps ?? [];
    timeline.waits.forEach(({ endMs }, place) => {
      assert.ok((steps[place]?.endMs ?? Infinity) <= endMs);
      assert.ok((steps[place + 1]?.beginMs ?? 0) >= endMs);
    });
  });

  void it("are told apart although many go on in one turn", async () => {
    const order: string[] = [];
    const { records, nameOf } = await stepsOf((s) => {
      const open = latch(1);
      for (const name of ["a", "b", "c"]) {
        const wait = async (): Promise<void> => {
          await open.wait(s);
          order.push(name);
          // A wait that begins in the code says whose that is.
          await sleep(0, s);
        };
        s.spawn(wait, [], { name });
      }
      s.spawn(() => open.countDown(), [], { name: "opener" });
    });
    assert.deepEqual(order, ["a", "b", "c"]);
    let running = "";
    const seen: string[] = [];
    for (const { kind, subject } of records) {
      if (kind === ProbeKind.jobResume) running = nameOf(subject);
      else if (kind === ProbeKind.jobSuspend) running = "";
      else if (kind === ProbeKind.waitBegin && running !== "") seen.push(running);
    }
    assert.deepEqual(seen, ["a", "b", "c"]);
  });

  void it("hold what else the code calls, and what it starts goes before or after them", async () => {
    const { timeline } = await stepsOf(async (s) => {
      const values = channel<number>({ name: "values" });
      s.spawn(async function receiver() {
        for (let i = 0; i < 2; i++) await values.receive(s);
        await scope(() => spin(), { name: "inner" }, s);
      });
      s.spawn(async function sender() {
        for (let i = 0; i < 2; i++) await values.send(i, s);
      });
      await sleep(0, s);
    });
    const inner = timeline.scopes.find(({ name }) => name === "inner");
    const receiver = timeline.jobs.find(({ name }) => name === "receiver");
    const step = inner?.steps[0];
    assert.ok(step !== undefined);
    assert.ok(receiver?.steps.some(({ beginMs, endMs }) => beginMs <= step.beginMs && endMs >= step.endMs));
    // On one thread steps nest: none begins inside another and ends after it.
    const open: number[] = [];
    for (const { beginMs, endMs } of timeline.steps) {
      while (open.length > 0 && (open.at(-1) as number) <= beginMs) open.pop();
      assert.ok(open.length === 0 || endMs <= (open.at(-1) as number));
      open.push(endMs);
    }
  });

  void it("are a sender's own after a send that woke a receiver", async () => {
    const { timeline } = await stepsOf((s) => {
      const values = channel<number>({ name: "values" });
      s.spawn(async function receiver() {
        for (let i = 0; i < 3; i++) await values.receive(s);
      });
      s.spawn(async function sender() {
        for (let i = 0; i < 3; i++) {
          await sleep(0, s);
          await values.send(i, s);
          spin(2);
        }
      });
    });
    const idOf = (name: string): number | undefined => timeline.jobs.find((job) => job.name === name)?.id;
    assert.deepEqual([longSteps(timeline, idOf("sender"), 2), longSteps(timeline, idOf("receiver"), 2)], [3, 0]);
  });

  void it("begin when a promise has its value that was sent", async () => {
    const { timeline } = await stepsOf((s) => {
      const promises = channel<Promise<number>>({ name: "promises" });
      s.spawn(async function receiver() {
        await promises.receive(s);
        spin(2);
      });
      s.spawn(function sender() {
        void promises.send(Promise.resolve(1), s);
      });
    });
    const receiver = timeline.jobs.find(({ name }) => name === "receiver");
    assert.equal(longSteps(timeline, receiver?.id, 2), 1);
  });

  void it("of a scope's body are the scope's", async () => {
    const { timeline } = await stepsOf(async (s) => {
      await sleep(0, s);
      spin();
      await sleep(0, s);
    });
    const steps = timeline.scopes[0]?.steps ?? [];
    assert.equal(steps.length, 3);
    assert.ok(steps[1] !== undefined && steps[1].endMs - steps[1].beginMs >= 0.04);
  });

  void it("end a few microtasks after the code has given the thread back, whatever it waits for then", async () => {
    const { records } = await stepsOf((s) => {
      s.spawn(async function foreign() {
        await sleep(0, s);
        await new Promise((resolve) => setImmediate(resolve));
        // Nobody saw that it goes on, so this is nobody's wait.
        await sleep(0, s);
      });
    });
    const kinds = records.map(({ kind }) => kind);
    const resumed = kinds.indexOf(ProbeKind.jobResume);
    assert.equal(kinds[resumed + 1], ProbeKind.jobSuspend);
    assert.equal(kinds.filter((kind) => kind === ProbeKind.jobResume).length, 1);
  });
});

void describe("a recording", () => {
  void it("handles no error that nobody handles without it", async () => {
    const program = fileURLToPath(new URL("./fixtures/unhandled-waits.js", import.meta.url));
    const { stdout } = await runNode(["--enable-source-maps", program]);
    assert.equal(stdout, "[4,4]\n");
  });
});

void describe("locks and channels of a recording", () => {
  void it("are named once, and tell who holds them and who waits for them", async () => {
    const { timeline, records, nameOf } = await stepsOf((s) => {
      const lock = mutex({ name: "money" });
      const use = (): Promise<void> => lock.withLock(() => sleep(0, s), s);
      s.spawn(use, [], { name: "first" });
      s.spawn(use, [], { name: "second" });
    });
    const made = records.filter(({ kind }) => kind === ProbeKind.resourceMade);
    assert.deepEqual(
      made.map(({ other }) => other),
      [ProbeResource.mutex],
    );
    const held = records.filter(({ kind }) => kind === ProbeKind.acquired || kind === ProbeKind.released);
    assert.deepEqual(
      held.map(({ kind, subject, other }) => [kind, subject === made[0]?.subject, nameOf(other)]),
      [
        [ProbeKind.acquired, true, "first"],
        [ProbeKind.released, true, "first"],
        [ProbeKind.acquired, true, "second"],
        [ProbeKind.released, true, "second"],
      ],
    );
    assert.deepEqual(
      timeline.waits.filter(({ target }) => target === made[0]?.subject).map(({ name }) => name),
      ['lock of mutex "money"'],
    );
  });

  void it("tell permits of a semaphore one by one, and the level of a channel whenever it changes", async () => {
    const { records } = await stepsOf(async (s) => {
      const permits = semaphore({ permits: 2, name: "permits" });
      const both = [permits.tryAcquire(), permits.tryAcquire()];
      for (const token of both) token?.release();
      const values = channel<number>({ capacity: 2, name: "values" });
      values.trySend(1);
      values.trySend(2);
      values.tryReceive();
      await values.receive(s);
      const waiting = values.receive(s);
      values.trySend(3); // handed over: the level stays as it is
      await waiting;
    });
    const kinds = records.map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === ProbeKind.acquired).length, 2);
    assert.equal(kinds.filter((kind) => kind === ProbeKind.released).length, 2);
    assert.deepEqual(
      records.filter(({ kind }) => kind === ProbeKind.channelLevel).map(({ value }) => value),
      [1, 2, 1, 0],
    );
  });

  void it("tell a job that is joined", async () => {
    const { timeline } = await stepsOf(async (s) => {
      const job = s.spawn(() => sleep(0, s), [], { name: "slow" });
      await job.join(s);
    });
    const job = timeline.jobs.find(({ name }) => name === "slow");
    assert.deepEqual(
      timeline.waits.filter(({ target }) => target === job?.id).map(({ name }) => name),
      ['join job "slow"'],
    );
  });
});
