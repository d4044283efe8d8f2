import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { after, afterEach, describe, it } from "node:test";

import { type AnyTask, CancelledError, type Executor, scope, sleep, TransferError, threads } from "skein";
import { auto, type AutoExecutor } from "skein/advise";
import { withVirtualClock } from "skein/testing";
import { buildTimeline, decodeTrace, encodeTrace, record } from "skein/trace";

import { Auto } from "#skein/advise/advisor";
import { LoopShare } from "#skein/advise/loop-share";
import { placedSpans } from "#skein/trace/spans";

import { callBack, compute, fail, inSteps, isHere, short, time, useTime, waitFor } from "./fixtures/tasks.js";

/** Threads in the time of a test: all calls of a turn run side by side. */
class FakeThreads implements Executor {
  readonly name = "fake";
  readonly size = 2;
  runs = 0;
  last: Parameters<Executor["run"]>[2] | undefined = undefined;
  refuses = false;
  readonly #freeMs: [number, number] = [0, 0];

  async run<Result>(
    _task: AnyTask,
    args: readonly unknown[],
    options: Parameters<Executor["run"]>[2],
  ): Promise<Result> {
    this.last = options;
    if (this.refuses) throw new TransferError('an argument of task "compute" can\'t be passed to a thread: args[0]');
    this.runs++;
    const lane = this.#freeMs[0] <= this.#freeMs[1] ? 0 : 1;
    const endMs = Math.max(time.nowMs, this.#freeMs[lane]) + (args[0] as number);
    this.#freeMs[lane] = endMs;
    await Promise.resolve();
    await Promise.resolve();
    time.nowMs = Math.max(time.nowMs, endMs);
    return args[0] as Result;
  }
}

/** Measures in the time of the test alone. */
const advisor = (pool: FakeThreads = new FakeThreads()): AutoExecutor =>
  new Auto(pool, "test", { loop: new LoopShare(() => 0), coreClock: undefined });

async function burst(on: AutoExecutor, count: number, ms: number): Promise<void> {
  await scope(async (s) => {
    await Promise.all(Array.from({ length: count }, () => s.spawn(compute, [ms], { on })));
  });
}

describe("auto(), with threads in the time of the test", () => {
  let restore = (): void => undefined;
  afterEach(() => restore());
  const start = (): { readonly pool: FakeThreads; readonly on: AutoExecutor } => {
    restore = useTime();
    const pool = new FakeThreads();
    return { pool, on: advisor(pool) };
  };

  it("runs the first calls here, and those that compute on threads from then on", async () => {
    const { pool, on } = start();
    await burst(on, 40, 5);
    assert.equal(pool.runs, 36);
    const [decision] = on.decisions();
    assert.equal(decision?.task, "compute");
    assert.deepEqual([decision?.place, decision?.why, decision?.cpuMs], ["threads", "computes", 5]);
    assert.deepEqual((({ here, elsewhere }) => ({ here, elsewhere }))(on.statistics()), { here: 4, elsewhere: 36 });
  });

  it("lets short calls run here, and measures few of them", async () => {
    const { pool, on } = start();
    for (let i = 0; i < 20; i++) await burst(on, 50, 0.0005);
    assert.equal(pool.runs, 0);
    const [decision] = on.decisions();
    assert.equal(decision?.calls, 1000);
    assert.ok((decision?.samples ?? Infinity) < 100, `${decision?.samples} samples`);
    assert.equal(decision?.reason, "too short to be worth the way to a thread");
  });

  it("notices that short calls have become long", async () => {
    const { pool, on } = start();
    for (let i = 0; i < 20; i++) await burst(on, 50, 0.0005);
    for (let i = 0; i < 20; i++) await burst(on, 50, 5);
    assert.ok(pool.runs > 500, `${pool.runs} on threads`);
    assert.equal(on.decisions()[0]?.place, "threads");
  });

  it("notices that long calls have become short", async () => {
    const { on } = start();
    for (let i = 0; i < 20; i++) await burst(on, 50, 5);
    assert.equal(on.decisions()[0]?.place, "threads");
    for (let i = 0; i < 20; i++) await burst(on, 50, 0.0005);
    assert.equal(on.decisions()[0]?.place, "here");
  });

  it("gives the reasons in Russian too", async () => {
    const { on } = start();
    await burst(on, 40, 5);
    assert.equal(on.decisions("ru")[0]?.reason, "вычисляет, другие ядра помогают");
  });

  it("passes on what the job was given", async () => {
    const { pool, on } = start();
    await burst(on, 40, 5);
    const bytes = new ArrayBuffer(8);
    await scope((s) => s.spawn(compute, [5], { on, priority: 3, name: "named", transfer: [bytes] }));
    assert.equal(pool.last?.priority, 3);
    assert.equal(pool.last?.name, "named");
    assert.deepEqual(pool.last?.transfer, [bytes]);
  });

  it("has all jobs with a key go to the pool, as they share what is on its thread", async () => {
    const { pool, on } = start();
    await scope((s) => s.spawn(compute, [0.0001], { on, affinity: "a" }));
    assert.equal(pool.runs, 1);
    assert.equal(pool.last?.affinity, "a");
  });

  it("runs a task here for good whose arguments can't be passed", async () => {
    const { pool, on } = start();
    pool.refuses = true;
    await burst(on, 40, 5);
    assert.equal(on.decisions()[0]?.why, "can't cross");
    pool.refuses = false;
    await burst(on, 40, 5);
    assert.equal(pool.runs, 0);
  });

  it("runs functions that are no tasks here", async () => {
    const { pool, on } = start();
    assert.equal(await scope((s) => s.spawn(() => 3, [], { on })), 3);
    assert.deepEqual([pool.runs, on.decisions().length], [0, 0]);
  });

  it("measures calls that fail, and lets the error through", async () => {
    const { on } = start();
    const error = await scope((s) => s.spawn(fail, [5], { on })).catch((reason: unknown) => reason);
    assert.ok(error instanceof RangeError);
    assert.equal(on.decisions()[0]?.loopMs, 5);
  });

  it("shows its decisions in dumps", async () => {
    const { pool } = start();
    const on = auto({ pool });
    await burst(on, 40, 5);
    const dump = await scope((s) => s.dump());
    assert.match(dump, /placed by auto\(\)\n(?:.*\n)*.*compute · \w+ · .+ · 40 calls/);
  });
});

describe("auto()", () => {
  it("is one advisor for the whole program, unless it is given options", () => {
    assert.equal(auto(), auto());
    assert.notEqual(auto({}), auto());
    assert.equal(auto({ name: "mine" }).name, "mine");
  });

  it("knows how long calls wait that run here", () =>
    withVirtualClock(async () => {
      const on = advisor();
      for (let i = 0; i < 8; i++) assert.equal(await scope((s) => s.spawn(waitFor, [100], { on })), true);
      const [decision] = on.decisions();
      assert.deepEqual([decision?.place, decision?.why], ["here", "waits"]);
      assert.ok((decision?.waitingMs ?? 0) > 50, `${decision?.waitingMs} ms`);
    }));

  it("cancels a call that runs here", () =>
    withVirtualClock(async () => {
      const on = advisor();
      await scope(async (s) => {
        const job = s.spawn(waitFor, [100], { on });
        await sleep(1);
        job.cancel("enough");
        await assert.rejects(job.join(), CancelledError);
      });
    }));

  it("a job cancelled before it starts never does", async () => {
    const on = advisor();
    await scope(async (s) => {
      const job = s.spawn(waitFor, [1_000_000], { on });
      job.cancel("at once");
      await assert.rejects(job.join(), CancelledError);
    });
    assert.equal(on.decisions()[0]?.samples ?? 0, 0);
  });

  it("runs the steps of a generator task", async () => {
    assert.equal(await scope((s) => s.spawn(inSteps, [], { on: advisor() })), 7);
  });

  it("each call keeps the asynchronous context of its caller", async () => {
    const storage = new AsyncLocalStorage<number>();
    const seen: unknown[] = [];
    const on = auto({
      pool: { name: "see", run: async (): Promise<never> => void seen.push(storage.getStore()) as never },
    });
    await scope(async (s) => {
      await Promise.all([1, 2].map((id) => storage.run(id, () => s.spawn(compute, [0], { on, affinity: id }))));
    });
    assert.deepEqual(seen, [1, 2]);
  });

  it("refuses options that are none, and pools that are none", () => {
    for (const wrong of [3, null, "threads"]) {
      assert.throws(() => auto(wrong as never), { code: "SKEIN_INVALID_ARGUMENT" });
    }
    assert.throws(() => auto({ pool: {} as never }), { code: "SKEIN_INVALID_ARGUMENT" });
    assert.throws(() => auto().decisions("de" as never), { code: "SKEIN_INVALID_ARGUMENT" });
  });
});

describe("a call too short for any other place", () => {
  it("is measured where it is, without the way of a job to another place", async (t) => {
    t.after(useTime());
    const fake = new FakeThreads();
    const on = auto({ pool: fake });
    let ways = 0;
    const counted: Executor = {
      name: "counted",
      letsRunHere: (given, affinity) => (on as Executor).letsRunHere?.(given, affinity) ?? false,
      run: (given, args, options) => {
        ways++;
        return on.run(given, args, options);
      },
    };
    const results: number[] = [];
    await scope(async (s) => {
      for (let i = 0; i < 20_000; i++) results.push(await s.spawn(short, [i], { on: counted }));
    });
    assert.deepEqual([results.length, results[0], results.at(-1)], [20_000, 1, 20_000]);
    const [decision] = on.decisions();
    // The first ones only: what follows is let through, or measured in place.
    assert.ok(ways < 20, `${ways} went the way of a job`);
    assert.ok((decision?.samples ?? 0) > ways, `${decision?.samples} samples, ${ways} ways`);
    assert.deepEqual([decision?.place, fake.runs], ["here", 0]);
  });
});

describe("auto() on real threads", () => {
  const pool = threads({ size: 2, name: "auto" });
  after(() => pool.close());

  it("moves what computes, and writes that into a recording", async () => {
    await pool.ready(isHere);
    const on = auto({ pool });
    const { trace } = await record(() =>
      scope(async (s) => {
        const places = await Promise.all(Array.from({ length: 24 }, () => s.spawn(isHere, [3], { on })));
        assert.equal(places[0], true);
        assert.equal(places.includes(false), true);
      }),
    );
    const [placement] = buildTimeline(trace).placements;
    assert.deepEqual([placement?.thread, placement?.place], [0, "threads"]);
    assert.equal(placement?.text, "isHere: threads, computes, so other cores help");
    const spans = placedSpans(buildTimeline(trace)).get("isHere") ?? [];
    assert.deepEqual([spans[0]?.atMs, spans.at(-1)?.endMs], [placement?.atMs, buildTimeline(trace).durationMs]);
    // A file has the text too.
    assert.deepEqual(buildTimeline(decodeTrace(encodeTrace(trace))).placements[0]?.text, placement?.text);
  });

  it("keeps a task here whose arguments can't be passed, without its caller noticing", async () => {
    const on = auto({ pool });
    const results = await scope((s) =>
      Promise.all(Array.from({ length: 24 }, () => s.spawn(callBack, [3, () => 11], { on }))),
    );
    assert.equal(
      results.every((result) => result === 11),
      true,
    );
    assert.equal(on.decisions()[0]?.why, "can't cross");
  });
});
