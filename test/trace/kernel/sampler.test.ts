import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";

import type { KernelThread } from "skein/trace";
import { KernelSampler, type OurThread } from "#skein/trace/kernel/index";
import { ProcFiles } from "#skein/trace/kernel/proc-file";

import { epochMs, until } from "../support/until.js";
import type { StandingData } from "./fixtures/standing-thread.js";

const NOBODY: ReadonlyMap<number, OurThread> = new Map();

/** A thread that stands as told, and its number; `end` ends it. */
async function standing(how: StandingData["how"]) {
  const data: StandingData = { how, stop: new SharedArrayBuffer(4) };
  const worker = new Worker(new URL("fixtures/standing-thread.js", import.meta.url), { workerData: data });
  const [tid] = (await once(worker, "message")) as [number];
  return {
    tid,
    async end() {
      Atomics.store(new Int32Array(data.stop), 0, 1);
      Atomics.notify(new Int32Array(data.stop), 0);
      worker.postMessage("end");
      await once(worker, "exit");
    },
  };
}

function threadOf(sampler: KernelSampler, tid: number): KernelThread | undefined {
  return sampler.facts().threads.find((thread) => thread.tid === tid);
}

function lastState(sampler: KernelSampler, tid: number) {
  return threadOf(sampler, tid)?.samples.at(-1)?.state;
}

/** A folder as `/proc` is, of process 100 with these threads: files by name. */
function fakeProc(threads: Readonly<Record<number, Readonly<Record<string, string>>>>): string {
  const proc = mkdtempSync(join(tmpdir(), "skein-proc-"));
  for (const [tid, files] of Object.entries(threads)) {
    mkdirSync(join(proc, "100/task", tid), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(proc, "100/task", tid, name), text);
  }
  symlinkSync("100", join(proc, "self"));
  symlinkSync("100/task/100", join(proc, "thread-self"));
  return proc;
}

const statOf = (letter: string, core: number) =>
  `100 (node) ${letter} 1 1 1 0 -1 0 0 0 0 0 7 2 0 0 20 0 11 0 1 1 1 1 1 1 1 1 1 0 0 0 0 0 0 0 17 ${core} 0 0 0`;

if (process.platform === "linux") {
  describe("the sampler", () => {
    it("sees what a thread waits in, or that it runs", async () => {
      const sampler = new KernelSampler();
      for (const [how, state, kind] of [
        ["waits", "lock", undefined],
        ["idles", "io", "worker"],
        ["computes", "running", undefined],
      ] as const) {
        const { tid, end } = await standing(how);
        await until(() => {
          sampler.sample(epochMs(), NOBODY);
          return lastState(sampler, tid) === state;
        }, `${how} to be ${state}`);
        if (kind !== undefined) assert.equal(threadOf(sampler, tid)?.kind, kind);
        await end();
        await until(() => {
          sampler.sample(epochMs(), NOBODY);
          return sampler.usageOf(tid) === undefined;
        }, "the thread to be gone");
        assert.notEqual(threadOf(sampler, tid), undefined); // what was seen of it stays
      }
      sampler.close();
    });

    it("reads counts that only go on, and a core that there is", async () => {
      const sampler = new KernelSampler();
      const { tid, end } = await standing("computes");
      const samples = () => threadOf(sampler, tid)?.samples ?? [];
      await until(() => {
        sampler.sample(epochMs(), NOBODY);
        return (samples().at(-1)?.cpuMs ?? 0) > (samples()[0]?.cpuMs ?? 0);
      }, "its CPU time to grow");
      const all = samples();
      await end();
      sampler.close();
      all.forEach((sample, i) => {
        const before = all[i - 1];
        assert.ok(sample.core !== undefined && sample.core >= 0);
        assert.ok(sample.coreWaitMs !== undefined && sample.voluntarySwitches !== undefined);
        if (before === undefined) return;
        assert.ok(sample.atMs > before.atMs);
        assert.ok((sample.cpuMs ?? 0) >= (before.cpuMs ?? 0));
        assert.ok(sample.coreWaitMs >= (before.coreWaitMs ?? 0));
        assert.ok(sample.voluntarySwitches >= (before.voluntarySwitches ?? 0));
      });
    });

    it("names our threads as they are told, and the others by what is seen", async () => {
      const sampler = new KernelSampler();
      const { tid, end } = await standing("idles");
      sampler.sample(epochMs(), new Map([[tid, { index: 3, name: "lane", kind: "pool" }]]));
      const { name, kind, index } = threadOf(sampler, tid) as KernelThread;
      assert.deepEqual([name, kind, index], ["lane", "pool", 3]);
      // Not named any more, as it is about to end: it stays what it was.
      sampler.sample(epochMs(), NOBODY);
      assert.equal(threadOf(sampler, tid)?.kind, "pool");
      assert.equal(threadOf(sampler, process.pid)?.kind, "loop");
      const kinds = sampler.facts().threads.map((thread) => thread.kind);
      assert.ok(kinds.filter((one) => one === "engine").length >= 4, kinds.join());
      await end();
      sampler.close();
    });

    it("drained, begins again with the last reading of each", () => {
      const sampler = new KernelSampler({ everyMs: 50 });
      assert.equal(sampler.facts().sampleEveryMs, 0);
      sampler.sample(1000, NOBODY);
      sampler.sample(1020, NOBODY);
      const first = sampler.drain();
      sampler.sample(1040, NOBODY);
      const second = sampler.drain();
      assert.equal(first.sampleEveryMs, 50);
      const timesIn = (facts: typeof first) => facts.threads.find(({ tid }) => tid === process.pid)?.samples;
      assert.deepEqual(
        timesIn(first)?.map(({ atMs }) => atMs),
        [1000, 1020],
      );
      assert.deepEqual(
        timesIn(second)?.map(({ atMs }) => atMs),
        [1020, 1040],
      );
      assert.deepEqual(timesIn(second)?.[0], timesIn(first)?.[1]);
      sampler.close();
    });

    it("keeps few files open, and goes on without", () => {
      const open = () => readdirSync("/proc/self/fd").length;
      const before = open();
      const files = ProcFiles.open(1) as ProcFiles;
      const [kept, other] = [files.file("/proc/self/stat"), files.file("/proc/self/status")];
      assert.notEqual(kept.read(), undefined);
      assert.match(other.read() ?? "", /^Name:/);
      assert.equal(open(), before + 1);
      kept.close();
      assert.match(other.read() ?? "", /^Name:/);
      other.close();
      assert.equal(open(), before);
      assert.equal(files.file("/nowhere").read(), undefined);
    });
  });
}

describe("the sampler where the kernel tells less", () => {
  const sampled = (proc: string, times = 2) => {
    const sampler = new KernelSampler({ proc });
    for (let i = 0; i < times; i++) sampler.sample(1000 + i * 20, NOBODY);
    const { threads } = sampler.facts();
    sampler.close();
    rmSync(proc, { recursive: true });
    return threads;
  };

  it("has no threads without its files", () => {
    const sampler = new KernelSampler({ proc: "/nowhere" });
    sampler.sample(1000, NOBODY);
    assert.equal(sampler.isAvailable, false);
    assert.deepEqual(sampler.facts().threads, []);
    assert.equal(sampler.facts().sampleEveryMs, 0);
    sampler.close();
  });

  it("takes CPU time from the coarser count, and has no wait", () => {
    const threads = sampled(fakeProc({ 100: { stat: statOf("S", 1), comm: "node\n" } }));
    assert.deepEqual(threads, [
      {
        tid: 100,
        index: undefined,
        name: "node",
        kind: "loop",
        samples: [1000, 1020].map((atMs) => ({
          atMs,
          cpuMs: 90,
          coreWaitMs: undefined,
          state: "unknown", // asleep in what is not told
          core: 1,
          voluntarySwitches: undefined,
          involuntarySwitches: undefined,
        })),
      },
    ]);
  });

  it("has counts without a state", () => {
    const [thread] = sampled(fakeProc({ 100: { schedstat: "1000000 2000000 3\n", comm: "node\n" } }));
    const { cpuMs, coreWaitMs, state, core } = thread?.samples[0] ?? {};
    assert.deepEqual([cpuMs, coreWaitMs, state, core], [1, 2, "unknown", undefined]);
  });

  it("leaves out threads of which nothing can be read", () => {
    const threads = sampled(fakeProc({ 100: { stat: statOf("R", 0) }, 101: {} }));
    assert.deepEqual(
      threads.map(({ tid, samples }) => [tid, samples[0]?.state]),
      [[100, "running"]],
    );
  });

  it("reads another process, and what its threads sleep in where calls are not shown", () => {
    const other = { stat: statOf("S", 1), comm: "node\n", schedstat: "1000000 0 1\n" };
    const proc = fakeProc({
      100: { ...other, wchan: "do_epoll_wait" },
      101: { ...other, wchan: "futex_do_wait" },
      102: { ...other, wchan: "pipe_read" },
      103: { ...other, wchan: "0" },
    });
    const sampler = new KernelSampler({ proc, pid: 100 });
    sampler.sample(1000, NOBODY);
    assert.deepEqual(
      sampler.facts().threads.map(({ tid, samples }) => [tid, samples[0]?.state]),
      [
        [100, "io"],
        [101, "lock"],
        [102, "blocked"],
        [103, "unknown"],
      ],
    );
    assert.equal(threadOf(sampler, 100)?.kind, "loop");
    sampler.close();
    const nobody = new KernelSampler({ proc, pid: 999 });
    assert.equal(nobody.isAvailable, false);
  });
});
