/** Where jobs go whose arguments do something when they are read, or that need an idle thread. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError, type Scope, scope, threads, TransferError } from "skein";
import { Barrier } from "skein/shared";
import { heap } from "#skein/shared/heap";
import { Call, CallTable } from "#skein/threads/call";
import { Line } from "#skein/threads/line";
import { Modules } from "#skein/threads/modules";
import { Placing, type PlacingOwner } from "#skein/threads/placing";
import type { Pool } from "#skein/threads/pool";
import type { PoolThread } from "#skein/threads/thread";

import { failureOf } from "../support/failure.js";
import { entered, makeGate, openGate } from "./fixtures/gate.js";
import { accept } from "./fixtures/hostile.js";
import { meet } from "./fixtures/life-tasks.js";
import { appendOrder, double, passGate, sleepLong } from "./fixtures/tasks.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** An argument that does something each time it is read. */
function reading(read: () => unknown): object {
  return {
    get value() {
      return read();
    },
  };
}

/** A pool of one thread, which is held up until `open` is called. */
async function heldUp(
  name: string,
): Promise<{ pool: Pool; gate: Int32Array<SharedArrayBuffer>; held: Promise<unknown> }> {
  const pool = threads({ size: 1, name }) as Pool;
  await pool.ready(accept, double, passGate, sleepLong);
  const gate = makeGate();
  const held = pool.run(passGate, [gate, 0]);
  await entered(gate, 1);
  return { pool, gate, held };
}

describe("an argument that submits a job when it is read", { timeout: 30_000 }, () => {
  it("loses neither", async () => {
    await using pool = threads({ size: 1, name: "nested reads" });
    await pool.ready(accept, double);
    let inner: Promise<number> | undefined;
    const outer = pool.run(accept, [reading(() => ((inner = pool.run(double, [21])), 1))]);
    assert.equal(await outer, "object");
    assert.equal(await inner, 42);
    assert.equal(pool.statistics().settled, 2);
  });

  it("does so too when both had to wait, and one of them goes by the port", async () => {
    const { pool, gate, held } = await heldUp("nested waits");
    const inner: Promise<unknown>[] = [];
    const shared = new SharedArrayBuffer(8);
    const outer = pool.run(accept, [reading(() => (inner.push(pool.run(accept, [shared])), shared))]);
    openGate(gate);
    assert.deepEqual(await Promise.all([held, outer]), [0, "object"]);
    assert.ok(inner.length > 0);
    assert.deepEqual(new Set(await Promise.all(inner)), new Set(["object"]));
    await pool.close();
  });

  it("may give it a priority, so that all that wait are sorted anew", async () => {
    const { pool, gate, held } = await heldUp("nested priority");
    await scope(async (s) => {
      let inner = 0;
      const hurry = (priority: number) => () => {
        inner++;
        s.spawn(double, [1], { on: pool, priority });
        return 1;
      };
      const jobs: Promise<unknown>[] = [pool.run(accept, [reading(hurry(3))])];
      for (let i = 0; i < 2000; i++) jobs.push(pool.run(double, [i]));
      jobs.push(pool.run(accept, [reading(hurry(5))]));
      openGate(gate);
      await Promise.all(jobs);
      assert.ok(inner >= 2);
    });
    await held;
    assert.equal(pool.unsettled, 0);
    await pool.close();
  });
});

describe("an argument that cancels when it is read", { timeout: 30_000 }, () => {
  it("its own job: that never starts, and is settled once", async () => {
    await using pool = threads({ size: 1, name: "self-cancelling" });
    await pool.ready(accept);
    const failure = await failureOf(
      scope(async (s) => {
        await s.spawn(accept, [reading(() => s.cancel("read"))], { on: pool });
      }),
    );
    assert.ok(failure instanceof CancelledError, String(failure));
    const { running, settled } = pool.statistics();
    assert.deepEqual(
      { running, settled, unsettled: (pool as Pool).unsettled },
      { running: 0, settled: 1, unsettled: 0 },
    );
    assert.equal(await pool.run(accept, [1]), "number");
  });

  it("its own job, as the platform reads it for a thread that ends: it goes to no other", async () => {
    await using pool = threads({ size: 1, name: "cancelled when posted" });
    await pool.ready(appendOrder, double);
    const order = new Int32Array(new SharedArrayBuffer(64));
    const failure = await failureOf(
      scope(async (s) => {
        // The codec has refused shared memory before it came to this.
        const value = reading(() => {
          s.cancel("read");
          void (pool as Pool).threads[0]?.terminate();
          return 1;
        });
        await s.spawn(appendOrder, [order, value as never], { on: pool });
      }),
    );
    assert.ok(failure instanceof CancelledError, String(failure));
    assert.equal(await pool.run(double, [2]), 4);
    assert.equal(order[0], 0);
  });

  it("jobs that wait behind it", async () => {
    const { pool, gate, held } = await heldUp("others cancelled");
    const order = new Int32Array(new SharedArrayBuffer(64));
    let others: Scope | undefined;
    const rest = scope(async (s) => {
      others = s;
      for (let i = 0; i < 3; i++) s.spawn(appendOrder, [order, i], { on: pool });
      await new Promise((resolve) => s.signal.addEventListener("abort", resolve));
    });
    const reader = pool.run(accept, [reading(() => others?.cancel("read"))]);
    openGate(gate);
    await Promise.all([held, reader, rest]);
    assert.equal(pool.unsettled, 0);
    assert.equal(order[0], 0);
    assert.equal(await pool.run(double, [2]), 4);
    await pool.close();
  });

  it("or asks for figures, which takes outcomes and looks for room", async () => {
    const { pool, gate, held } = await heldUp("figures asked");
    const jobs = Array.from({ length: 1500 }, () => pool.run(accept, [reading(() => pool.statistics().queued)]));
    openGate(gate);
    await held;
    assert.deepEqual(new Set(await Promise.all(jobs)), new Set(["object"]));
    await pool.close();
  });
});

describe("an array of arguments", { timeout: 30_000 }, () => {
  it("that throws when it is read fails its job, and the pool can be closed", async () => {
    const pool = threads({ size: 1, name: "proxied" });
    const args = new Proxy([1], {
      get(target, key, receiver) {
        if (key === "0") throw new RangeError("not to be read");
        return Reflect.get(target, key, receiver) as unknown;
      },
    }) as [number];
    assert.match(String(await failureOf(pool.run(double, args))), /not to be read/);
    await pool.close();
  });

  it("is taken as it is when the job is submitted", async () => {
    const { pool, gate, held } = await heldUp("changed later");
    for (let i = 0; i < 1100; i++) void pool.run(double, [i]);
    const args: [number] = [20];
    const job = pool.run(double, args);
    args[0] = 1;
    openGate(gate);
    assert.equal(await job, 40);
    await held;
    await pool.close();
  });
});

describe("jobs whose arguments go by a port", { timeout: 30_000 }, () => {
  it("have them read twice at most, however long they wait", async () => {
    const { pool, gate, held } = await heldUp("many posted");
    const shared = new SharedArrayBuffer(8);
    let reads = 0;
    const jobs = Array.from({ length: 100 }, () => pool.run(accept, [reading(() => (reads++, shared))]));
    openGate(gate);
    await Promise.all([held, ...jobs]);
    assert.ok(reads <= 200, `${reads} reads of the arguments of 100 jobs`);
    await pool.close();
  });

  it("do not hold up others, nor wait for these", async () => {
    const { pool, gate, held } = await heldUp("mixed");
    const order = new Int32Array(new SharedArrayBuffer(4 * 64));
    const jobs = [];
    for (let i = 0; i < 20; i++) jobs.push(pool.run(appendOrder, [order, i]), pool.run(double, [i]));
    openGate(gate);
    await Promise.all([held, ...jobs]);
    assert.deepEqual(
      [...order.subarray(1, 21)],
      Array.from({ length: 20 }, (_, i) => i),
    );
    await pool.close();
  });

  it("go elsewhere if their thread runs a stolen one and another sleeps", async () => {
    const pool = threads({ size: 2, name: "stolen" }) as Pool;
    await pool.ready(meet, accept);
    const barriers = Array.from({ length: 3 }, () => new Barrier({ parties: 2 })) as [Barrier, Barrier, Barrier];
    const jobs = [pool.run(meet, [barriers[0]])];
    await until(() => pool.threads.some((thread) => thread?.isRunning === true));
    jobs.push(pool.run(meet, [barriers[1]]));
    await until(() => pool.threads.every((thread) => thread?.isRunning === true));
    jobs.push(pool.run(meet, [barriers[2]]));
    // Each may run what the other was given. The one that has the third on its line goes on.
    const callOf = (job: number): Call => [...pool.table].find(({ promise }) => promise === jobs[job]) as Call;
    const other = pool.threads.find((thread) => thread !== callOf(2).thread);
    const [ending, lasting] = other?.runs(callOf(0).number) === true ? [0, 1] : [1, 0];
    const stealsBefore = pool.statistics().threads.reduce((sum, { steals }) => sum + steals, 0);
    // The other one ends its own and steals the third.
    await barriers[ending]?.wait();
    await until(() => pool.statistics().threads.reduce((sum, { steals }) => sum + steals, 0) > stealsBefore);
    const posted = pool.run(accept, [new SharedArrayBuffer(8)]);
    await turn();
    await barriers[lasting]?.wait();
    assert.equal(await posted, "object");
    await barriers[2].wait();
    await Promise.all(jobs);
    for (const barrier of barriers) barrier[Symbol.dispose]();
    await pool.close();
  });
});

describe("a job with a priority that fails before it has a place", { timeout: 10_000 }, () => {
  it("leaves those to be put on lines again that were taken back to let it go first", async () => {
    await using pool = threads({ size: 1, name: "recalled" });
    await pool.ready(double);
    const refused = failureOf(
      scope(async (s) => {
        s.spawn(double, [(() => undefined) as never], { on: pool, priority: 1 });
        await Promise.resolve();
      }),
    );
    // In the same turn, so that the thread can't have taken it.
    const keyed = pool.run(double, [21], { affinity: "a" });
    assert.ok((await refused) instanceof TransferError);
    assert.equal(await keyed, 42);
  });
});

describe("a job that turns out to go by the port where another line was tried first", () => {
  it("goes to an idle thread", () => {
    const identity = {
      module: "file:///m.js",
      key: "f",
      takesScope: false,
      declaredIn: undefined,
      isOfLists: false,
      shapes: undefined,
    };
    const call = new Call(new Modules().numbered(identity), [], 0);
    const threadWith = (keyed: number, isIdle: boolean): PoolThread =>
      ({ line: Line.make(heap()), inFlight: 0, keyed, isIdle }) as unknown as PoolThread;
    // The first has no room; the second finds out what the arguments are, and runs something else.
    const [full, busy, next, idle] = [
      threadWith(1, false),
      threadWith(0, false),
      threadWith(0, false),
      threadWith(0, true),
    ];
    call.task.module.ready.push(full, busy, next, idle);
    const tried: PoolThread[] = [];
    const put = (thread: PoolThread): boolean => {
      tried.push(thread);
      if (thread === busy) call.isPosted = true;
      return thread === next || thread === idle;
    };
    const placing = new Placing({
      plan: { size: 4, jobsPerThread: 1 },
      table: new CallTable(1),
      putting: { put },
      crew: { threads: call.task.module.ready },
    } as unknown as PlacingOwner);
    placing.admit(call);
    assert.deepEqual(
      tried.map((thread) => [full, busy, next, idle].indexOf(thread)),
      [0, 0, 1, 3],
    );
  });
});
