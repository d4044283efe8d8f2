import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { after, describe, it } from "node:test";
import { threadId } from "node:worker_threads";

import {
  CancelledError,
  ClosedError,
  type MisuseError,
  scope,
  threads,
  TimeoutError,
  TransferError,
  WorkerLostError,
} from "skein";

import { declareLate } from "./fixtures/declares-late.js";
import { entered, makeGate, openGate } from "./fixtures/gate.js";
import * as tasks from "./fixtures/tasks.js";

const on = threads({ size: 2, name: "test" });
after(() => on.close());

/** The error of a job that must fail. */
async function failureOf(run: Parameters<typeof scope>[0], graceMs = 5000): Promise<unknown> {
  try {
    await scope(run, { graceMs });
  } catch (error) {
    return error;
  }
  return assert.fail("the scope did not fail");
}

describe("a task on a thread", () => {
  it("gives its result", async () => {
    assert.equal(await scope((s) => s.spawn(tasks.double, [21], { on })), 42);
  });

  it("runs on another thread than the spawner's", async () => {
    assert.notEqual(await scope((s) => s.spawn(tasks.whereAmI, [], { on })), threadId);
  });

  it("is found by its position if it has no name", async () => {
    assert.equal(await scope((s) => s.spawn(tasks.plusOne, [1], { on })), 2);
  });

  it("shares shared memory that it is given", async () => {
    const order = new Int32Array(new SharedArrayBuffer(8));
    await scope((s) => s.spawn(tasks.appendOrder, [order, 7], { on }));
    assert.deepEqual([...order], [1, 7]);
  });

  it("takes over what is transferred", async () => {
    const bytes = new Uint8Array(16);
    const length = await scope((s) => s.spawn(tasks.byteLength, [bytes], { on, transfer: [bytes.buffer] }));
    assert.equal(length, 16);
    assert.equal(bytes.byteLength, 0);
  });

  it("can own a scope with jobs of its own", async () => {
    assert.equal(await scope((s) => s.spawn(tasks.sumInJobs, [[1, 2, 3]], { on })), 12);
  });

  it("runs the jobs it sends to threads on its own thread, so that they can't wait for it", async () => {
    const { inner, outer } = await scope((s) => s.spawn(tasks.nested, [1], { on }));
    assert.equal(inner, outer);
  });

  it("resumes its spawner in the spawner's async context (law 37)", async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen = await storage.run("mine", () =>
      scope(async (s) => {
        await s.spawn(tasks.double, [1], { on });
        return storage.getStore();
      }),
    );
    assert.equal(seen, "mine");
  });
});

describe("an error from a thread", () => {
  it("keeps class name, message, code, own properties and cause", async () => {
    const error = await failureOf((s) => s.spawn(tasks.refuse, [], { on }));
    assert.ok(error instanceof Error);
    assert.equal(error.constructor.name, "RefusedError");
    assert.equal(error.name, "RefusedError");
    assert.equal(error.message, "no");
    assert.equal((error as { code?: unknown }).code, "REFUSED");
    assert.equal((error as { attempts?: unknown }).attempts, 3);
    assert.ok(error.cause instanceof RangeError);
    assert.equal(error.cause.message, "the cause");
  });

  it("shows where others of its task were spawned once there are many: a stack costs as much as a job", async () => {
    const stacks: string[] = [];
    const supervise = (error: unknown): void => void stacks.push((error as Error).stack ?? "");
    await scope(
      async (s) => {
        for (let job = 0; job < 100; job++) await s.spawn(tasks.double, [job], { on });
        for (let job = 0; job < 100; job++) s.spawn(tasks.refuseAt, [job], { on });
      },
      { supervise },
    );
    assert.equal(stacks.length, 100);
    const ways = stacks.map((stack) => /on thread "test-\d", (.*):\n.*pool\.test\.ts:\d+/.exec(stack)?.[1]);
    const count = (wanted: string): number => ways.filter((way) => way === wanted).length;
    assert.deepEqual([count("spawned"), count("spawned as others of its task were")], [64, 36]);
  });

  it("shows the place on the thread and the place that spawned it, in the sources", async () => {
    const error = (await failureOf((s) => s.spawn(tasks.refuse, [], { on }))) as Error;
    const [, thrownAt = "", ...rest] = (error.stack ?? "").split("\n");
    assert.match(thrownAt, /at refuse .*fixtures\/tasks\.ts:\d+/);
    assert.match(rest.join("\n"), /at job "refuse" on thread "test-\d", spawned:\n.*pool\.test\.ts:\d+/);
    assert.doesNotMatch(error.stack ?? "", /port-transport|serve\.ts|worker eval/);
  });

  it("keeps all errors of an aggregate", async () => {
    const error = await failureOf((s) => s.spawn(tasks.throwMany, [], { on }));
    assert.ok(error instanceof AggregateError);
    assert.ok(error.errors[0] instanceof TypeError);
    assert.equal((error.errors[1] as tasks.RefusedError).attempts, 2);
  });

  it("may be no Error at all", async () => {
    assert.equal(await failureOf((s) => s.spawn(tasks.throwText, [], { on })), "just text");
  });

  it("arrives from an async task too", async () => {
    assert.equal(((await failureOf((s) => s.spawn(tasks.rejectLater, [], { on }))) as Error).message, "later");
  });
});

describe("misuse of a pool", () => {
  const cases: readonly (readonly [string, Parameters<typeof scope>[0], string, RegExp])[] = [
    [
      "a function that is no task",
      (s) => s.spawn((value: number) => value, [1], { on }),
      "SKEIN_NOT_A_TASK",
      /Declare it/,
    ],
    [
      "an argument that can't be cloned",
      (s) => s.spawn(tasks.passGate, [makeGate(), { a: [1, { run: () => 1 }] }], { on }),
      "SKEIN_NOT_TRANSFERABLE",
      /args\[1\]\.a\[1\]\.run is the function run/,
    ],
    [
      "a promise as argument",
      (s) => s.spawn(tasks.passGate, [makeGate(), new Map([["later", Promise.resolve(1)]])], { on }),
      "SKEIN_NOT_TRANSFERABLE",
      /args\[1\]\.get\("later"\) is an object of class Promise/,
    ],
    [
      "a result that can't be cloned",
      (s) => s.spawn(tasks.giveFunction, [], { on }),
      "SKEIN_NOT_TRANSFERABLE",
      /result\.list\[0\]\.callback is the function callback/,
    ],
  ];
  for (const [what, run, code, message] of cases) {
    it(`${what} gives ${code}`, async () => {
      const error = await failureOf(run);
      assert.equal((error as { code?: unknown }).code, code);
      assert.match((error as Error).message, message);
    });
  }

  it("a task declared inside a function is refused, with the function named", async () => {
    const late = declareLate();
    const error = await failureOf((s) => s.spawn(late, [], { on }));
    assert.equal((error as MisuseError).code, "SKEIN_TASK_INSIDE_FUNCTION");
    assert.match((error as Error).message, /inside the function declareLate of .*declares-late\.js/);
  });

  it("a size that is no whole number from 1 on is refused", () => {
    for (const size of [0, -1, 1.5, Number.NaN, Infinity]) {
      assert.throws(() => threads({ size }), { code: "SKEIN_INVALID_ARGUMENT" });
    }
  });

  it("an uncloneable argument costs that job only", async () => {
    await failureOf((s) => s.spawn(tasks.passGate, [makeGate(), () => 1], { on }));
    assert.equal(await scope((s) => s.spawn(tasks.double, [2], { on })), 4);
  });
});

describe("a module that a thread imports for its tasks", () => {
  it("is stopped, with a warning, where it does the program's work; tasks before that place are found", async () => {
    const warned = new Promise<Error>((resolve) => {
      process.once("warning", resolve);
    });
    const parked = await import("./fixtures/parked.js");
    assert.equal(await scope((s) => s.spawn(parked.declaredBefore, [], { on })), "found");
    const warning = await warned;
    assert.match(warning.message, /parked\.js calls scope\(\) at its top level/);
    assert.equal((warning.cause as MisuseError).code, "SKEIN_TASK_AT_IMPORT");
    const error = await failureOf((s) => s.spawn(parked.declaredAfter, [], { on }));
    assert.equal((error as MisuseError).code, "SKEIN_TASK_NOT_FOUND");
    assert.match((error as Error).message, /"declaredBefore"/);
  });

  it("fails each job that needs it, with the reason, if it throws; the thread goes on", async () => {
    const module = await import("./fixtures/throws-on-threads.js");
    for (let i = 0; i < 2; i++) {
      const error = await failureOf((s) => s.spawn(module.unreachable, [], { on }));
      assert.ok(error instanceof WorkerLostError);
      assert.equal(error.code, "SKEIN_TASK_IMPORT_FAILED");
      assert.match(error.message, /TypeError: only on the main thread/);
    }
    assert.equal(await scope((s) => s.spawn(tasks.double, [3], { on })), 6);
  });

  it("is not trusted with positions if it declares another number of unnamed tasks there", async () => {
    const module = await import("./fixtures/different-order.js");
    const error = await failureOf((s) => s.spawn(module.everywhere, [], { on }));
    assert.equal((error as MisuseError).code, "SKEIN_TASK_NOT_FOUND");
  });
});

describe("cancelling a job on a thread", () => {
  it("takes a queued job out, and it never starts", async () => {
    const gate = makeGate();
    const order = new Int32Array(new SharedArrayBuffer(16));
    await scope(async (s) => {
      const busy = [0, 1].map((number) => s.spawn(tasks.passGate, [gate, number], { on }));
      await entered(gate, 2);
      const queued = s.spawn(tasks.appendOrder, [order, 1], { on });
      await Promise.resolve(); // it reaches the queue in a microtask
      assert.equal(on.statistics().queued, 1);
      assert.equal(queued.cancel("not needed"), true);
      await assert.rejects(queued.join(), CancelledError);
      assert.equal(on.statistics().queued, 0);
      openGate(gate);
      assert.deepEqual(await Promise.all(busy), [0, 1]);
    });
    assert.equal(order[0], 0);
  });

  it("reaches a loop that calls checkpoint", async () => {
    const gate = makeGate();
    const lost = on.statistics().lost;
    const error = await failureOf(async (s) => {
      const job = s.spawn(tasks.spinWithCheckpoints, [gate], { on });
      await entered(gate, 1);
      s.cancel("enough");
      await job;
    });
    assert.ok(error instanceof CancelledError);
    assert.equal(error.reason, "enough");
    assert.equal(on.statistics().lost, lost, "the thread is kept");
  });

  it("reaches an async task, whose cleanups run", async () => {
    const gate = makeGate();
    const cleaned = new Int32Array(new SharedArrayBuffer(4));
    const error = await failureOf(async (s) => {
      s.spawn(tasks.sleepLong, [gate, cleaned], { on });
      await entered(gate, 1);
      throw new Error("the body failed");
    });
    assert.equal((error as Error).message, "the body failed");
    assert.equal(cleaned[0], 1);
  });

  it("stops a deaf loop with its thread after the grace time, and harms no other job", async () => {
    const gate = makeGate();
    const lost = on.statistics().lost;
    await scope(async (outer) => {
      const neighbour = outer.spawn(tasks.passGate, [gate, "unharmed"], { on });
      const error = await failureOf(async (s) => {
        const job = s.spawn(tasks.spinForEver, [gate], { on });
        await entered(gate, 2);
        s.cancel("enough");
        await job;
      }, 1);
      assert.ok(error instanceof CancelledError);
      openGate(gate);
      assert.equal(await neighbour, "unharmed");
    });
    assert.equal(on.statistics().lost, lost + 1);
    assert.equal(await scope((s) => s.spawn(tasks.double, [4], { on })), 8);
  });

  it("happens at the job's own timeout, which is that job's failure", async () => {
    const error = await failureOf((s) => s.spawn(tasks.spinWithCheckpoints, [makeGate()], { on, timeoutMs: 1 }));
    assert.ok(error instanceof TimeoutError);
    assert.match(error.message, /job "spinWithCheckpoints" did not end within 1 ms/);
  });
});

describe("a thread that ends", () => {
  it("by process.exit fails its job with the exit code, and the pool goes on", async () => {
    const error = await failureOf((s) => s.spawn(tasks.exitProcess, [], { on }));
    assert.ok(error instanceof WorkerLostError);
    assert.match(error.message, /exit code 9 while it ran task "exitProcess"/);
    assert.equal(await scope((s) => s.spawn(tasks.double, [5], { on })), 10);
  });

  it("by an error in the background fails its job with that error as the cause", async () => {
    const error = await failureOf((s) => s.spawn(tasks.throwInBackground, [], { on }));
    assert.ok(error instanceof WorkerLostError);
    assert.match(error.message, /in the background/);
    assert.equal((error.cause as Error).message, "in the background");
  });
});

describe("a pool", () => {
  it("runs no more jobs at once than it has threads, and starts the others in order", async () => {
    const pool = threads({ size: 1, name: "single" });
    const gate = makeGate();
    const order = new Int32Array(new SharedArrayBuffer(64));
    await scope(async (s) => {
      s.spawn(tasks.passGate, [gate, 0], { on: pool });
      for (const value of [1, 2, 3, 4, 5]) s.spawn(tasks.appendOrder, [order, value], { on: pool });
      await entered(gate, 1);
      assert.deepEqual(
        { running: pool.statistics().running, queued: pool.statistics().queued },
        { running: 1, queued: 5 },
      );
      openGate(gate);
    });
    assert.deepEqual([...order.subarray(0, 6)], [5, 1, 2, 3, 4, 5]);
    assert.equal(pool.statistics().settled, 6);
    await pool.close();
    assert.equal(pool.statistics().alive, 0);
  });

  it("that closes finishes the jobs it has and refuses others", async () => {
    const pool = threads({ size: 1, name: "closing" });
    const gate = makeGate();
    await scope(async (s) => {
      const first = s.spawn(tasks.passGate, [gate, "first"], { on: pool });
      const second = s.spawn(tasks.double, [1], { on: pool });
      await entered(gate, 1);
      const closed = pool.close();
      assert.ok((await failureOf((inner) => inner.spawn(tasks.double, [1], { on: pool }))) instanceof ClosedError);
      openGate(gate);
      await closed;
      assert.deepEqual([await first, await second], ["first", 2]);
    });
  });

  it("loses no job of thousands", async () => {
    const results = await scope((s) =>
      Promise.all(Array.from({ length: 3000 }, (_, i) => s.spawn(tasks.double, [i], { on }))),
    );
    assert.equal(
      results.reduce((sum, value) => sum + value, 0),
      2999 * 3000,
    );
  });

  it("settles each job exactly once while threads are lost at random", async () => {
    const outcomes = await scope(
      (s) =>
        Promise.allSettled(
          Array.from({ length: 60 }, (_, i) =>
            s.spawn(i % 7 === 3 ? tasks.exitProcess : tasks.double, (i % 7 === 3 ? [] : [i]) as never, { on }),
          ),
        ),
      { supervise: true },
    );
    outcomes.forEach((outcome, i) => {
      if (i % 7 === 3) assert.ok(outcome.status === "rejected" && outcome.reason instanceof WorkerLostError);
      else assert.deepEqual(outcome, { status: "fulfilled", value: i * 2 });
    });
  });
});

it("TransferError is exported for callers to catch", async () => {
  const error = await failureOf((s) => s.spawn(tasks.giveFunction, [], { on }));
  assert.ok(error instanceof TransferError);
});
