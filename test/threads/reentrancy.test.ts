/** Code of the program that runs in the middle of what the pool does: it finds the pool in order, and leaves it so. */
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, it } from "node:test";

import { CancelledError, ClosedError, QueueFullError, type Scope, scope, threads } from "skein";
import { callback } from "skein/threads";
import { heap } from "#skein/shared/heap";
import { Call, CallTable } from "#skein/threads/call";
import { Line } from "#skein/threads/line";
import { Modules } from "#skein/threads/modules";
import type { Pool } from "#skein/threads/pool";
import { Putting } from "#skein/threads/putting";
import { RemoteTable } from "#skein/threads/remotes";
import type { PoolThread } from "#skein/threads/thread";

import { failureOf } from "../support/failure.js";
import { began, note } from "./fixtures/affinity-tasks.js";
import { entered, makeGate, openGate } from "./fixtures/gate.js";
import { accept } from "./fixtures/hostile.js";
import { double, passGate } from "./fixtures/tasks.js";

/** An argument that does something each time it is read. */
function reading(read: () => unknown): object {
  return {
    get value() {
      return read();
    },
  };
}

/** Calls `listener` for each message of a channel of diagnostics while `body` runs. */
async function listening(channel: string, listener: () => void, body: () => Promise<void>): Promise<void> {
  subscribe(channel, listener);
  try {
    await body();
  } finally {
    unsubscribe(channel, listener);
  }
}

/** A pool of one thread, which is held up until the gate opens. */
async function heldUp(
  options: Parameters<typeof threads>[0],
): Promise<{ pool: Pool; gate: Int32Array<SharedArrayBuffer>; held: Promise<unknown> }> {
  const pool = threads({ size: 1, ...options }) as Pool;
  await pool.ready(accept, double, note, passGate);
  const gate = makeGate();
  const held = pool.run(passGate, [gate, 0]);
  await entered(gate, 1);
  return { pool, gate, held };
}

const threadOf = (pool: Pool): PoolThread => pool.threads[0] as PoolThread;

describe("who is told that a job has settled", { timeout: 20_000 }, () => {
  it("may cancel its scope: it is settled once", async () => {
    const pool = threads({ size: 1, name: "cancelled when settled" }) as Pool;
    await pool.ready(double);
    let owner: Scope | undefined;
    await listening(
      "skein:job:settled",
      () => owner?.cancel("seen"),
      async () => {
        await scope(async (s) => {
          owner = s;
          await s.spawn(double, [1], { on: pool });
        });
      },
    );
    assert.deepEqual([pool.unsettled, pool.statistics().settled], [0, 1]);
    await pool.close();
  });

  it("may cancel those that are about to be settled too", async () => {
    const { pool, held } = await heldUp({ name: "cancelled when destroyed" });
    let owner: Scope | undefined;
    await listening(
      "skein:job:settled",
      () => owner?.cancel("seen"),
      async () => {
        const jobs = scope(async (s) => {
          owner = s;
          for (let i = 0; i < 3; i++) s.spawn(double, [i], { on: pool, affinity: "a" });
          await new Promise((resolve) => setImmediate(resolve));
          void pool.destroy();
        });
        await failureOf(jobs);
        await failureOf(held);
      },
    );
    await pool.destroy();
    assert.deepEqual([pool.unsettled, pool.statistics().settled], [0, 4]);
  });
});

describe("a pool that is destroyed", { timeout: 20_000 }, () => {
  it("by an argument that is read fails that job too", async () => {
    const pool = threads({ size: 1, name: "destroyed when read" }) as Pool;
    await pool.ready(accept);
    let destroyed: Promise<void> | undefined;
    const job = pool.run(accept, [reading(() => ((destroyed ??= pool.destroy()), 1))]);
    assert.ok((await failureOf(job)) instanceof ClosedError);
    await destroyed;
    assert.equal(pool.unsettled, 0);
  });

  it("by one that is read by the platform too", async () => {
    const pool = threads({ size: 1, name: "destroyed when posted" }) as Pool;
    await pool.ready(accept);
    let destroyed: Promise<void> | undefined;
    let reads = 0;
    const value = reading(() => (++reads === 2 && (destroyed ??= pool.destroy()), new SharedArrayBuffer(8)));
    assert.ok((await failureOf(pool.run(accept, [value]))) instanceof ClosedError);
    await destroyed;
    assert.equal(pool.unsettled, 0);
  });

  it("by one that has to wait for room fails that job too", async () => {
    const { pool, held } = await heldUp({ name: "destroyed while busy" });
    let destroyed: Promise<void> | undefined;
    const job = pool.run(accept, [reading(() => ((destroyed ??= pool.destroy()), new SharedArrayBuffer(8)))]);
    assert.ok((await failureOf(job)) instanceof ClosedError);
    assert.ok((await failureOf(held)) instanceof ClosedError);
    await destroyed;
    assert.equal(pool.unsettled, 0);
  });

  for (const isReady of [true, false]) {
    it(`by who is told of the job that comes fails that, ${isReady ? "with" : "without"} a thread for it`, async () => {
      const pool = threads({ size: 1, name: "destroyed when told" }) as Pool;
      if (isReady) await pool.ready(double);
      let destroyed: Promise<void> | undefined;
      await listening(
        "skein:job:submitted",
        () => {
          destroyed ??= pool.destroy();
        },
        async () => {
          assert.ok((await failureOf(pool.run(double, [1]))) instanceof ClosedError);
        },
      );
      await destroyed;
      assert.deepEqual([pool.unsettled, pool.crew.alive], [0, 0]);
    });
  }

  it("or closed while the array of arguments is read does not take the job", async () => {
    for (const how of ["close", "destroy"] as const) {
      const pool = threads({ size: 1, name: "closed when read" }) as Pool;
      let ended: Promise<void> | undefined;
      const args = new Proxy([1], {
        get(target, key, receiver) {
          if (key === "0") ended = pool[how]();
          return Reflect.get(target, key, receiver) as unknown;
        },
      }) as [number];
      assert.ok((await failureOf(pool.run(double, args))) instanceof ClosedError);
      await ended;
      assert.deepEqual([pool.unsettled, pool.crew.alive], [0, 0]);
    }
  });
});

describe("a job that a full queue refuses", { timeout: 20_000 }, () => {
  it("is not the pool's when its scope is cancelled", async () => {
    const { pool, gate, held } = await heldUp({ maxQueue: 0, name: "full" });
    const failure = await failureOf(
      scope(async (s) => {
        for (let i = 0; i < 3; i++) s.spawn(double, [1], { on: pool, affinity: "a" });
        await Promise.resolve();
        await Promise.resolve();
        s.cancel("at once");
      }),
    );
    assert.ok(failure !== undefined && !(failure instanceof TypeError), String(failure));
    assert.deepEqual([pool.unsettled, pool.statistics().settled], [1, 0]);
    assert.ok((await failureOf(pool.run(double, [1]))) instanceof QueueFullError);
    openGate(gate);
    await held;
    await pool.close();
  });
});

describe("a thread that is replaced while arguments are read for it", { timeout: 20_000 }, () => {
  it("loses none of the jobs that are taken back from it", async () => {
    const { pool, gate, held } = await heldUp({ name: "replaced when read" });
    const second = makeGate();
    const jobs: Promise<unknown>[] = [];
    const add = (count: number): void => {
      for (let i = 0; i < count; i++) jobs.push(pool.run(double, [i]));
    };
    add(500);
    jobs.push(pool.run(passGate, [second, 0], { affinity: "a" }));
    add(600);
    let reads = 0;
    jobs.push(
      pool.run(accept, [
        reading(() => {
          if (reads++ === 0) pool.crew.retire(threadOf(pool));
          openGate(second);
          return 1;
        }),
      ]),
    );
    add(100);
    openGate(gate);
    await held;
    await Promise.all(jobs);
    assert.equal(pool.unsettled, 0);
    await pool.close();
  });

  it("begins none of a key before those that came earlier", async () => {
    const { pool, gate, held } = await heldUp({ name: "order when read" });
    const first = pool.run(note, [], { affinity: "a" });
    let reads = 0;
    const replacing = reading(() => reads++ === 0 && pool.crew.retire(threadOf(pool)));
    const args = [replacing] as unknown as [];
    const second = pool.run(note, args, { affinity: "a" });
    openGate(gate);
    await held;
    const [a, b] = [began((await first) as number), began((await second) as number)];
    assert.ok(a.thread < b.thread || (a.thread === b.thread && a.number < b.number), JSON.stringify([a, b]));
    await pool.close();
  });
});

describe("functions and signals that a job leaves with the pool", { timeout: 20_000 }, () => {
  const leaving = (): { remotes: RemoteTable; told: number[] } => {
    const told: number[] = [];
    const remotes = new RemoteTable(
      () => undefined,
      (ids) => told.push(...ids),
    );
    return { remotes, told };
  };

  it("are let go if what stands behind them can't be followed", () => {
    const { remotes, told } = leaving();
    const { signal } = new AbortController();
    const values = [callback(() => 1), signal, Object.create(AbortSignal.prototype) as unknown];
    assert.throws(() => remotes.leave(values, undefined), TypeError);
    assert.equal(remotes.functionOf(1), undefined);
    assert.deepEqual(told, [2]);
  });

  it("are let go if what stands behind them cancels the job", () => {
    const { remotes } = leaving();
    const failed: unknown[] = [];
    const putting = new Putting(new CallTable(1), { wakeOne: () => undefined }, remotes, (_, error) =>
      failed.push(error),
    );
    const identity = {
      module: "file:///m.js",
      key: "f",
      takesScope: false,
      declaredIn: undefined,
      isOfLists: false,
      shapes: undefined,
    };
    const cancelling = new Proxy(() => undefined, {
      has() {
        call.fail(new CancelledError("read"));
        return false;
      },
    });
    const call = new Call(new Modules().numbered(identity), [callback(() => 1), cancelling], 0);
    call.promise.catch(() => undefined);
    const line = Line.make(heap());
    const thread = { line, filled: 0, inFlight: 0, keyed: 0, isAlive: true, nextRecord: () => line.call(0) };
    assert.equal(putting.put(thread as unknown as PoolThread, call), true);
    assert.equal(remotes.functionOf(1), undefined);
    assert.deepEqual([thread.inFlight, failed], [0, []]);
  });
});
