/** Observing from a thread of its own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { MessageChannel } from "node:worker_threads";

import { scope, threads } from "skein";
import {
  buildTimeline,
  decodeTrace,
  observe as begin,
  type Observer,
  type ObserverOptions,
  type Trace,
} from "skein/trace";
import { probe } from "#skein/core/probe";

import { runNode } from "../support/run-program.js";
import { computeUntil } from "./fixtures/observed-tasks.js";

let last: Observer | undefined;
/** Stopped after the test, should that fail. */
function observe(options?: ObserverOptions): Observer {
  last = begin(options);
  return last;
}
afterEach(() => last?.stop());

/** A program of so many jobs; each leaves four records, its scope four. */
async function jobs(count: number, name = "program"): Promise<void> {
  await scope(
    (s) => {
      for (let i = 0; i < count; i++) s.spawn(() => undefined, [], { name: `job ${i}` });
    },
    { name },
  );
}

const written = ({ threads: all }: Trace): number =>
  all.reduce(
    (sum, { records, gaps }) => sum + records.length + gaps.reduce((lost, { dropped }) => lost + dropped, 0),
    0,
  );

/** Runs a program of the fixtures with a folder of its own. */
function runIn(
  fixture: string,
  look: (folder: string, outcome: { readonly stdout: string; readonly status: number | null }) => void,
  ...args: readonly string[]
): void {
  const parent = mkdtempSync(join(tmpdir(), "skein-observed-"));
  const folder = join(parent, "snapshots");
  try {
    const program = fileURLToPath(new URL(`./fixtures/${fixture}.js`, import.meta.url));
    const { stdout, status } = spawnSync(process.execPath, [program, folder, ...args], { encoding: "utf8" });
    look(folder, { stdout, status });
  } finally {
    rmSync(parent, { recursive: true });
  }
}

const snapshotsIn = (folder: string): readonly { readonly name: string; readonly trace: Trace }[] =>
  readdirSync(folder).map((name) => ({ name, trace: decodeTrace(readFileSync(join(folder, name))) }));

const namesIn = (trace: Trace): readonly (string | undefined)[] => buildTimeline(trace).jobs.map(({ name }) => name);

describe("an observer", () => {
  it("knows what there is to be seen, however short it is", () => {
    const { capabilities } = observe().stop();
    const found = new Map(capabilities.map(({ name, isAvailable }) => [name, isAvailable]));
    assert.deepEqual([found.get("gc"), found.has("core-lanes")], [true, true]);
  });

  it("has the jobs of all threads, and what the kernel knows of these", async () => {
    const observer = observe();
    const pool = threads({ size: 1, name: "observed" });
    const word = new Int32Array(new SharedArrayBuffer(4));
    await scope(async (s) => {
      const job = s.spawn(computeUntil, [word], { on: pool });
      await jobs(3);
      Atomics.store(word, 0, 1);
      await job;
    });
    await pool.close();
    const trace = observer.stop();
    assert.equal(probe.ring, undefined);
    const timeline = buildTimeline(trace);
    assert.equal(timeline.droppedRecords, 0);
    assert.deepEqual(
      timeline.jobs.map(({ name, ranOn, outcome }) => [name, ranOn === 0, outcome]),
      [
        ["computeUntil", false, "done"],
        ["job 0", true, "done"],
        ["job 1", true, "done"],
        ["job 2", true, "done"],
      ],
    );
    assert.deepEqual(
      trace.threads.map(({ name, hasEnded }) => [name, hasEnded]),
      [
        ["main", false],
        ["observed-1", true],
      ],
    );
    if (process.platform === "linux")
      assert.equal(
        trace.kernel?.threads.some(({ kind }) => kind === "loop"),
        true,
      );
  });

  it("writes what led to a stall while it lasts, and tells of it after", () => {
    runIn("observed-stall", (folder, { stdout, status }) => {
      assert.equal(status, 0);
      const [snapshot] = snapshotsIn(folder);
      assert.match(snapshot?.name ?? "", /^stall-/);
      assert.ok(namesIn(snapshot?.trace as Trace).includes("before"));
      const stalls = JSON.parse(stdout) as { readonly thread: number; readonly stack?: readonly string[] }[];
      const [stall] = stalls;
      assert.equal(stall?.thread, 0);
      // Whether a stack could be had is told by the test of stacks.
      if (stall.stack !== undefined) assert.ok(stall.stack.includes("blocksTheLoop"), stall.stack.join(", "));
    });
  });

  it("writes what led to an error that nobody handled", () => {
    runIn("observed-crash", (folder, { status }) => {
      assert.equal(status, 1);
      const [snapshot] = snapshotsIn(folder);
      assert.match(snapshot?.name ?? "", /^uncaught-/);
      assert.ok(namesIn(snapshot?.trace as Trace).includes("beforeTheCrash"));
    });
  });

  for (const [cause, what, exitCode] of [
    ["uncaught", "a rejection that nobody handled", 1],
    ["deadlock", "a deadlock", 0],
    ["stuck", "jobs that wait for what can't come", 1],
  ] as const) {
    it(`writes what led to ${what}, and says where`, () => {
      runIn(
        "observed-trouble",
        (folder, { stdout, status }) => {
          assert.equal(status, exitCode);
          const [snapshot, ...more] = snapshotsIn(folder);
          assert.deepEqual(more, []);
          assert.match(snapshot?.name ?? "", new RegExp(`^${cause}-`));
          assert.ok(namesIn(snapshot?.trace as Trace).includes("beforeTheTrouble"));
          assert.equal(stdout, `${join(folder, snapshot?.name ?? "")}\n`);
        },
        cause,
      );
    });
  }

  it("writes what it has when the process gets a signal, which goes on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "skein-observed-"));
    try {
      const program = fileURLToPath(new URL("./fixtures/observed-trouble.js", import.meta.url));
      const { stdout, exitCode } = await runNode([program, folder, "signal"], {
        interrupt: { after: "ready", signal: "SIGUSR2" },
      });
      assert.equal(exitCode, 0);
      const [snapshot] = snapshotsIn(folder);
      assert.match(snapshot?.name ?? "", /^signal-/);
      assert.ok(namesIn(snapshot?.trace as Trace).includes("beforeTheTrouble"));
      assert.equal(stdout, `ready\n${join(folder, snapshot?.name ?? "")}\nwent on\n`);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("can be stopped while the process ends", () => {
    runIn("observed-exit", (_folder, { stdout, status }) => {
      assert.equal(status, 0);
      assert.deepEqual(JSON.parse(stdout), [["main", 8]]);
    });
  });

  it("gives what it has at any time, and the same at the end whenever it is asked", async () => {
    const observer = observe();
    await jobs(2);
    assert.equal(written(observer.trace()), 2 * 4 + 4);
    await jobs(1);
    assert.equal(written(decodeTrace(observer.file())), 3 * 4 + 2 * 4);
    const trace = observer.stop();
    assert.equal(observer.stop(), trace);
    assert.equal(observer.trace(), trace);
    assert.deepEqual(decodeTrace(observer.stopToFile()), trace);
  });

  it("reports as much as its level says", async () => {
    const observer = observe({ level: "off" });
    await jobs(1, "off");
    observer.setLevel("light");
    await jobs(1, "light");
    assert.equal(probe.ring, undefined);
    observer.setLevel("normal");
    await jobs(1, "normal");
    observer.setLevel("light");
    await jobs(1, "light again");
    observer.setLevel("normal");
    await jobs(1, "normal again");
    const { scopes } = buildTimeline(observer.stop());
    assert.deepEqual(
      scopes.map(({ name }) => name),
      ["normal", "normal again"],
    );
  });

  it("keeps the latest, and counts what it gave up", async () => {
    const observer = observe({ keptBytes: 8000 });
    for (let i = 0; i < 20; i++) {
      await jobs(30, `program ${i}`);
      // Each time makes a segment.
      observer.file();
    }
    const trace = observer.stop();
    assert.equal(written(trace), 20 * (30 * 4 + 4));
    const { droppedRecords, scopes } = buildTimeline(trace);
    assert.ok(droppedRecords > 1000, String(droppedRecords));
    assert.equal(scopes.at(-1)?.name, "program 19");
  });

  it("counts what a thread wrote faster than it could be collected", async () => {
    const observer = observe({ ringCapacity: 64, collectEveryMs: 10_000 });
    // In one step of the event loop, whose end nobody waits for.
    await jobs(1000);
    const trace = observer.stop();
    assert.equal(written(trace), 1000 * 4 + 4);
  });

  it("feeds a port with a file from its beginning on, and says when it ends", async () => {
    const { port1, port2 } = new MessageChannel();
    const parts: Uint8Array[] = [];
    const ended = new Promise<void>((resolve) => {
      port1.on("message", (part: Uint8Array | "ended") => {
        if (part === "ended") resolve();
        else parts.push(part);
      });
    });
    const observer = observe();
    await jobs(1, "before");
    observer.feed(port2);
    await jobs(1, "after");
    observer.stop();
    await ended;
    port1.close();
    const bytes = new Uint8Array(Buffer.concat(parts));
    const { scopes } = buildTimeline(decodeTrace(bytes));
    assert.deepEqual(
      scopes.map(({ name }) => name),
      ["before", "after"],
    );
  });

  it("writes snapshots on demand, and says why it can't", async () => {
    const folder = mkdtempSync(join(tmpdir(), "skein-observed-"));
    const observer = observe();
    try {
      await jobs(1, "shown");
      await observer.snapshot(join(folder, "deep", "one.skein"));
      const [{ trace } = { trace: undefined }] = snapshotsIn(join(folder, "deep"));
      assert.equal(buildTimeline(trace as Trace).scopes[0]?.name, "shown");
      await assert.rejects(observer.snapshot(folder), /the snapshot could not be written to .*EISDIR/);
    } finally {
      observer.stop();
      rmSync(folder, { recursive: true });
    }
  });

  for (const [what, options] of [
    ["options that are no object", 5],
    ["null", null],
    ["a level that is none", { level: "loud" }],
    ["no time kept", { keptMs: 0 }],
    ["bytes as text", { keptBytes: "many" }],
    ["collecting all the time", { collectEveryMs: 0 }],
    ["a ring for one record", { ringCapacity: 1 }],
    ["stalls of no length", { stallMs: Number.NaN }],
    ["a folder without a name", { snapshotFolder: "" }],
    ["a folder that is no text", { snapshotFolder: 5 }],
    ["a signal that is none", { snapshotSignal: "USR2" }],
    ["a signal that nobody can listen to", { snapshotSignal: "SIGKILL" }],
  ] as const) {
    it(`has ${what} refused, and the next one starts`, () => {
      assert.throws(() => observe(options as unknown as ObserverOptions), { code: "SKEIN_INVALID_ARGUMENT" });
      observe().stop();
    });
  }

  it("has a second one refused while one is there", () => {
    const observer = observe();
    assert.throws(() => observe(), { code: "SKEIN_INVALID_ARGUMENT", message: /is observed already/ });
    observer.stop();
  });
});
