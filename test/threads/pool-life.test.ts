/** How a pool's threads come and go, and what it takes in. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, it } from "node:test";

import { ClosedError, MisuseError, QueueFullError, scope, threads, TransferError, WorkerLostError } from "skein";
import { type Board, BOARD_AWAKE } from "#skein/threads/line";
import type { Pool } from "#skein/threads/pool";
import { spawnThread, type ThreadPool, type ThreadPoolOptions } from "skein/threads";

import { failureOf } from "../support/failure.js";
import { squares } from "./fixtures/crossing-tasks.js";
import { entered, makeGate, openGate } from "./fixtures/gate.js";
import * as life from "./fixtures/life-tasks.js";
import { appendOrder, double, passGate, refuse, spinForEver, whereAmI } from "./fixtures/tasks.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** Has each thread of a pool run something at the same time. @returns how many threads there were meanwhile */
async function fill(pool: ThreadPool): Promise<number> {
  const gate = makeGate();
  const jobs = Array.from({ length: pool.size }, () => pool.run(passGate, [gate, 1]));
  await entered(gate, pool.size);
  // While all run: on a busy machine some may have been idle for long when the last has ended.
  const { alive } = pool.statistics();
  openGate(gate);
  await Promise.all(jobs);
  return alive;
}

describe("options of a pool", () => {
  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ["a size of 0", { size: 0 }, /size of a pool must be a whole number from 1 on/],
    ["a negative minSize", { minSize: -1 }, /minSize must be a whole number from 0 on/],
    ["idleMs that is no number", { idleMs: "1s" }, /idleMs must be a number from 0 on, but .*1s/],
    ["more jobs on a thread than there are places", { jobsPerThread: 65 }, /jobsPerThread must be .* from 1 to 64/],
    ["half a job in the queue", { maxQueue: 0.5 }, /maxQueue must be a whole number/],
    ["a start hook that is a function only", { onThreadStart: () => 1 }, /onThreadStart expected a task/],
    ["cores that are no list", { cores: 1 }, /cores must be an array/],
    ["no core at all", { cores: [] }, /cores must be an array/],
    ["options that are none", 4, /threads expected options/],
  ];
  for (const [what, options, message] of wrong) {
    it(`${what}: refused`, () => {
      assert.throws(
        () => threads(options as ThreadPoolOptions),
        (error: Error) => {
          assert.ok(error instanceof MisuseError);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});

describe("a pool's threads", () => {
  it("that are idle end after idleMs, down to minSize, and come again when needed", async () => {
    await using pool = threads({ size: 3, minSize: 1, idleMs: 20, name: "breathing" });
    assert.equal(await fill(pool), 3);
    await until(() => pool.statistics().alive === 1);
    assert.deepEqual({ ...pool.statistics(), lost: 0 }.retired, 2);
    assert.equal(pool.statistics().lost, 0);
    assert.equal(await fill(pool), 3);
  });

  it("run the start hook once each, before anything else", async () => {
    await using pool = threads({ size: 2, onThreadStart: life.open, name: "opened" });
    await pool.ready(life.isOpen, double);
    const seen = await Promise.all(Array.from({ length: 50 }, () => pool.run(life.isOpen, [])));
    assert.ok(seen.every(({ isOpen }) => isOpen));
    assert.equal(await pool.run(double, [4]), 8);
    assert.equal(pool.statistics().settled, 51); // hooks are no jobs
  });

  it("whose start hook fails fail those that wait for them, each once, and are not tried in a storm", async () => {
    await using pool = threads({ size: 1, onThreadStart: life.failToOpen, name: "locked" });
    const errors = await Promise.all([1, 2, 3].map((value) => failureOf(pool.run(double, [value]))));
    for (const error of errors) assert.match((error as Error).message, /the door is locked/);
    await until(() => pool.statistics().alive === 0);
    assert.equal(pool.statistics().retired, 1);
    assert.match(((await failureOf(pool.run(double, [1]))) as Error).message, /the door is locked/);
  });

  it("that end in their start hook fail those that wait for them", async () => {
    await using pool = threads({ size: 1, onThreadStart: life.exitInstead, name: "leaving" });
    assert.ok((await failureOf(pool.run(double, [1]))) instanceof WorkerLostError);
  });

  it("are replaced after so many jobs, without a job lost", async () => {
    await using pool = threads({ size: 2, recycleAfterJobs: 20, name: "worn" });
    for (let round = 0; round < 10; round++) {
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => pool.run(double, [i])));
      assert.deepEqual(
        results,
        Array.from({ length: 20 }, (_, i) => 2 * i),
      );
    }
    assert.ok(pool.statistics().retired >= 2, `${pool.statistics().retired} were retired`);
    assert.equal(pool.statistics().lost, 0);
  });

  it("are counted as awake while they are, also when others have ended meanwhile", { timeout: 30_000 }, async () => {
    await using pool = threads({ size: 3, recycleAfterJobs: 5, name: "counted" });
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 20 }, (_, i) => pool.run(double, [i])));
    }
    const { board, threads: each } = pool as Pool;
    // They look after their event loops now and then.
    const { cells } = board as Board;
    await until(() => each.every((thread) => thread?.isParked !== false) && cells[BOARD_AWAKE] === 0);
  });

  it("are replaced when their heap has grown", async () => {
    await using pool = threads({ size: 1, recycleAboveMb: 40, name: "fat" });
    const first = await pool.run(life.keep, [60]);
    // It looks at its heap now and then.
    let now = first;
    while (now === first) now = await pool.run(whereAmI, []);
    assert.equal(pool.statistics().lost, 0);
  });

  it("that take more memory than they may are lost, with their jobs only", async () => {
    await using pool = threads({ size: 1, resourceLimits: { maxOldGenerationSizeMb: 30 }, name: "lean" });
    const error = (await failureOf(pool.run(life.keep, [500]))) as Error;
    assert.ok(error instanceof WorkerLostError);
    assert.match(error.message, /memory/);
    assert.equal(await pool.run(double, [2]), 4);
  });

  it("are all there, with the modules, when ready says so", async () => {
    await using pool = threads({ size: 3, name: "early" });
    await pool.ready(double, life.isOpen);
    assert.equal(pool.statistics().alive, 3);
    assert.equal(await pool.run(double, [1]), 2);
  });

  it("tell, by ready, why they can't be", async () => {
    await using pool = threads({ size: 2, onThreadStart: life.failToOpen, name: "never" });
    assert.match(((await failureOf(pool.ready(double))) as Error).message, /the door is locked/);
  });

  it("run several jobs at once that wait, if they may", async () => {
    await using pool = threads({ size: 1, jobsPerThread: 4, name: "waiters" });
    const gate = makeGate();
    const jobs = [1, 2, 3, 4, 5].map((value) => pool.run(life.passLater, [gate, value]));
    await entered(gate, 4);
    assert.deepEqual(
      { running: pool.statistics().running, queued: pool.statistics().queued },
      { running: 4, queued: 1 },
    );
    openGate(gate);
    assert.deepEqual(await Promise.all(jobs), [1, 2, 3, 4, 5]);
    // Parked in its event loop meanwhile, the thread still hears of new jobs.
    const second = makeGate();
    const late = pool.run(life.passLater, [second, 6]);
    await entered(second, 1);
    assert.equal(await pool.run(double, [21]), 42);
    openGate(second);
    assert.equal(await late, 6);
  });

  it("can be pinned to cores, or say why not", async () => {
    const canPin = spawnSync("taskset", ["--version"]).status === 0;
    await using pool = threads({ size: 1, cores: canPin ? [0] : [4095], name: "pinned" });
    if (canPin) assert.equal(await pool.run(life.allowedCores, []), "0");
    await using nowhere = threads({ size: 1, cores: [4095], name: "nowhere" });
    const error = (await failureOf(nowhere.run(double, [1]))) as Error;
    assert.ok(error instanceof MisuseError);
    assert.match(error.message, /can't be pinned to the cores 4095: .+Leave `cores` out/s);
  });
});

describe("the queue of a pool", () => {
  it("that is full refuses jobs by run, and has submit wait, in order", async () => {
    await using pool = threads({ size: 1, maxQueue: 1, name: "bounded" });
    const gate = makeGate();
    const first = pool.run(passGate, [gate, 0]);
    await entered(gate, 1);
    const second = pool.run(double, [1]);
    const error = await failureOf(pool.run(double, [2]));
    assert.ok(error instanceof QueueFullError);
    assert.match(error.message, /1 waiting\).*submit/s);
    assert.ok((await failureOf(pool.stream(squares, [3]).next())) instanceof QueueFullError);
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (value) => {
      const { result } = await pool.submit(double, [value]);
      order.push(value);
      return result;
    });
    await turn();
    assert.deepEqual(order, []);
    openGate(gate);
    assert.deepEqual(await Promise.all([first, second, ...waiting]), [0, 2, 2, 4, 6]);
    assert.deepEqual(order, [1, 2, 3]);
  });

  it("lets jobs of higher priority go first, and those of one priority in order", async () => {
    await using pool = threads({ size: 1, name: "ranked" });
    const gate = makeGate();
    const order = new Int32Array(new SharedArrayBuffer(64));
    await scope(async (s) => {
      s.spawn(passGate, [gate, 0], { on: pool });
      await entered(gate, 1);
      const ranks = [0, 0, 2, 1, 2, -1];
      ranks.forEach((priority, i) => {
        s.spawn(appendOrder, [order, i], { on: pool, priority });
      });
      await until(() => pool.statistics().queued === ranks.length);
      openGate(gate);
    });
    assert.deepEqual([...order.subarray(1, 7)], [2, 4, 3, 0, 1, 5]);
  });
});

describe("ending a pool", () => {
  it("by drain waits for what it has and leaves it open", async () => {
    await using pool = threads({ size: 1, name: "drained" });
    const gate = makeGate();
    let isDrained = false;
    const job = pool.run(passGate, [gate, 7]);
    const drained = pool.drain().then(() => (isDrained = true));
    await entered(gate, 1);
    assert.equal(isDrained, false);
    openGate(gate);
    await drained;
    assert.equal(await job, 7);
    assert.equal(await pool.run(double, [1]), 2);
  });

  it("by close waits for jobs that fail as soon as a thread could take them", { timeout: 30_000 }, async () => {
    const pool = threads({ size: 1, name: "refused" });
    const failed = failureOf(pool.run(double, [Symbol("no")] as never));
    const closed = pool.close();
    assert.ok((await failed) instanceof TransferError);
    await closed;
  });

  it("by destroy stops its threads at once and fails all its jobs", async () => {
    const pool = threads({ size: 1, name: "destroyed" });
    const gate = makeGate();
    const running = failureOf(pool.run(spinForEver, [gate]));
    await entered(gate, 1);
    const queued = failureOf(pool.run(double, [1]));
    await pool.destroy();
    assert.ok((await running) instanceof ClosedError);
    assert.ok((await queued) instanceof ClosedError);
    assert.ok((await failureOf(pool.run(double, [1]))) instanceof ClosedError);
    assert.equal(pool.statistics().alive, 0);
    assert.equal(pool.statistics().lost, 0);
    await pool.close();
  });
});

describe("figures of a pool", () => {
  it("count what each thread and each task did", async () => {
    await using pool = threads({ size: 1, name: "counted" });
    for (let i = 0; i < 30; i++) await pool.run(double, [i]);
    await failureOf(pool.run(refuse, []));
    const { run, wait, tasks, threads: each, settled } = pool.statistics();
    assert.equal(settled, 31);
    assert.equal(run.count, 31);
    assert.equal(wait.count, 31);
    assert.equal(tasks["double"]?.count, 30);
    assert.equal(tasks["refuse"]?.count, 1);
    assert.ok(run.p50Ms <= run.p99Ms && run.p99Ms <= run.p999Ms && run.p999Ms <= run.maxMs);
    const [thread] = each;
    assert.equal(thread?.runs, 31);
    assert.equal(thread?.steals, 0);
    assert.ok(thread.utilisation > 0 && thread.utilisation < 1);
    assert.equal(thread.name, "counted-1");
  });
});

describe("a thread of its own", () => {
  it("gives its task's result, and ends", async () => {
    const thread = spawnThread(double, [21]);
    assert.equal(thread.name, "double");
    assert.equal(await thread.join(), 42);
    assert.equal(thread.statistics(), undefined);
  });

  it("gives its task's error", async () => {
    assert.equal(((await failureOf(spawnThread(refuse, []).join())) as Error).message, "no");
  });

  it("can be stopped whatever it does", async () => {
    const gate = makeGate();
    const thread = spawnThread(spinForEver, [gate], { name: "deaf" });
    await entered(gate, 1);
    assert.equal(thread.statistics()?.name, "deaf-1");
    await thread.stop();
    assert.ok((await failureOf(thread.join())) instanceof ClosedError);
  });

  it("is refused what is no task", () => {
    assert.throws(() => spawnThread((() => 1) as never, []), { code: "SKEIN_NOT_A_TASK" });
    assert.throws(() => spawnThread(double, [1], 5 as never), { code: "SKEIN_INVALID_ARGUMENT" });
  });
});
