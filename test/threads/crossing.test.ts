/** What passes between a job and the thread that asked for it, besides its arguments and its result. */
import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { after, describe, it } from "node:test";

import { heap } from "#skein/shared/heap";
import { ClosedError, scope, TransferError, threads, WorkerLostError } from "skein";
import type { Pool } from "#skein/threads/pool";
import { callback, carryContext, moved } from "skein/threads";

import { codeOf, failureOf } from "../support/failure.js";
import * as tasks from "./fixtures/crossing-tasks.js";
import { entered, makeGate } from "./fixtures/gate.js";
import { double, passGate, refuse } from "./fixtures/tasks.js";

const pool = threads({ size: 2, name: "crossing" });
after(() => pool.close());

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a function passed to a job", () => {
  it("is called here, in order, all before the job has ended", async () => {
    const steps: number[] = [];
    assert.equal(await pool.run(tasks.work, [200, callback((step: number) => steps.push(step))]), 200);
    assert.deepEqual(
      steps,
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
  });

  it("answers, at once or later", async () => {
    const ask = callback(async (n: number) => {
      await turn();
      return n * n;
    });
    assert.deepEqual(await pool.run(tasks.askFor, [[1, 2, 3], ask]), [1, 4, 9]);
  });

  it("throws there what it throws here", async () => {
    const ask = callback(() => {
      throw new RangeError("not today");
    });
    assert.equal(await pool.run(tasks.askInVain, [ask]), "not today");
  });

  it("whose failure nobody awaits is reported, and the thread lives", async () => {
    const warned = new Promise<Error>((resolve) => {
      process.on("warning", function listen(warning) {
        if (!warning.message.includes("did not await it")) return;
        process.off("warning", listen);
        resolve(warning);
      });
    });
    const fail = callback(() => {
      throw new RangeError("unheard");
    });
    assert.equal(await pool.run(tasks.work, [1, fail]), 1);
    assert.match((await warned).message, /called by a job on thread "crossing-\d".*unheard/);
    assert.equal(await pool.run(double, [2]), 4);
    assert.equal(pool.statistics().lost, 0);
  });

  it("goes to a job of a scope too", async () => {
    const name = await scope(async (s) => {
      const tell = callback((text: string) => text.length);
      return s.spawn(tasks.report, [tell], { on: pool, name: "reporter" });
    });
    assert.equal(name, "reporter".length);
  });

  it("must be one", async () => {
    assert.equal(await codeOf(() => callback(5 as never)), "SKEIN_INVALID_ARGUMENT");
  });

  it("can't be given what can't cross, which costs only that call", async () => {
    const error = await failureOf(pool.run(tasks.tellFunction, [callback(() => 1)]));
    assert.ok(error instanceof TransferError);
    assert.match(error.message, /args\[0\]/);
  });

  it("that was not made one is refused with its place", async () => {
    const error = (await failureOf(pool.run(tasks.work, [1, () => undefined]))) as Error;
    assert.ok(error instanceof TransferError);
    assert.match(error.message, /args\[1\]/);
  });
});

describe("a signal passed to a job", () => {
  it("aborts there when it does here, for the same reason", async () => {
    const gate = makeGate();
    const controller = new AbortController();
    const job = pool.run(tasks.followSignal, [gate, controller.signal]);
    await entered(gate, 1);
    controller.abort(new RangeError("enough"));
    assert.equal(await job, "enough");
  });

  it("that has aborted is so from the start", async () => {
    const reason = new RangeError("too late");
    assert.equal(await pool.run(tasks.followSignal, [makeGate(), AbortSignal.abort(reason)]), "too late");
  });

  it("is let go of when the job has ended", async () => {
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      addEventListener.apply(signal, args as never);
    };
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      removeEventListener.apply(signal, args as never);
    };
    assert.ok(Number.isNaN(await pool.run(double, [signal as never])));
    assert.equal(listeners, 0);
  });

  it("is listened to once, however many jobs have it", async () => {
    const { signal } = new AbortController();
    const listeners: unknown[] = [];
    signal.addEventListener = (...args: unknown[]) => listeners.push(args);
    await Promise.all(Array.from({ length: 50 }, () => pool.run(double, [signal as never])));
    assert.equal(listeners.length, 1);
  });

  it("is aborted on a thread that was started after it had", { timeout: 30_000 }, async () => {
    await using single = threads({ size: 1, name: "late" });
    await single.ready(passGate, tasks.awaitSignal);
    const gate = makeGate();
    const busy = failureOf(single.run(passGate, [gate, 1]));
    await entered(gate, 1);
    const controller = new AbortController();
    // It is on the line, with the signal as it is now.
    const job = single.run(tasks.awaitSignal, [controller.signal]);
    controller.abort(new RangeError("before"));
    await (single as Pool).threads[0]?.terminate();
    assert.ok((await busy) instanceof WorkerLostError);
    assert.equal(await job, "before");
  });
});

describe("async context", () => {
  it("goes along with a job, if it is declared to", async () => {
    const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const seen = await tasks.requestNumber.run(7, () =>
      tasks.traceparent.run(trace, () => pool.run(tasks.seenContext, [])),
    );
    assert.deepEqual(seen, { before: 7, after: 7, trace });
    assert.deepEqual(await pool.run(tasks.seenContext, []), { before: undefined, after: undefined, trace: undefined });
  });

  it("is that of the submission, however long the job waits", async () => {
    const jobs = Array.from({ length: 3000 }, (_, i) =>
      tasks.requestNumber.run(i, () => pool.run(tasks.seenContext, [])),
    );
    for (const [i, { before, after: later }] of (await Promise.all(jobs)).entries()) {
      assert.equal(before, i);
      assert.equal(later, i);
    }
  });

  it("has one storage for a name", async () => {
    assert.equal(
      await codeOf(() =>
        carryContext("traceparent", { getStore: () => 1, run: (_store: unknown, fn: () => never) => fn() }),
      ),
      "SKEIN_TASK_DUPLICATE",
    );
    assert.equal(await codeOf(() => carryContext("x", {} as never)), "SKEIN_INVALID_ARGUMENT");
  });
});

describe("values that a job gives one by one", () => {
  it("come in order, from a generator and from an async one", async () => {
    const seen: number[] = [];
    for await (const i of pool.stream(tasks.countTo, [100])) seen.push(i);
    assert.deepEqual(
      seen,
      Array.from({ length: 100 }, (_, i) => i),
    );
    const objects: unknown[] = [];
    for await (const value of pool.stream(tasks.squares, [3])) objects.push(value);
    assert.deepEqual(objects, [
      { i: 0, square: 0 },
      { i: 1, square: 1 },
      { i: 2, square: 4 },
    ]);
  });

  it("are not made further ahead than there is room", async () => {
    const cells = makeGate();
    const values = pool.stream(tasks.countTo, [1000, cells], { capacity: 4 });
    assert.equal((await values.next()).value, 0);
    // One was taken, four are in the channel, one waits for its place.
    while (Atomics.load(cells, 0) < 6) await turn();
    for (let i = 0; i < 20; i++) await turn();
    assert.equal(Atomics.load(cells, 0), 6);
    await values.return();
  });

  it("end when the loop is left, with the generator's cleanup, before the loop goes on", async () => {
    const cells = makeGate();
    for await (const i of pool.stream(tasks.countTo, [1e9, cells])) if (i === 10) break;
    assert.equal(Atomics.load(cells, 1), 1);
    await pool.drain();
  });

  it("end with the job's error, behind those it gave", async () => {
    const seen: number[] = [];
    const error = await failureOf(
      (async () => {
        for await (const i of pool.stream(tasks.failAfter, [3])) seen.push(i);
      })(),
    );
    assert.deepEqual(seen, [0, 1, 2]);
    assert.ok(error instanceof RangeError);
    assert.equal(error.message, "no more of them");
  });

  it("end with the loss of their thread", async () => {
    const error = await failureOf(
      (async () => {
        for await (const _ of pool.stream(tasks.exitAfter, [3]));
      })(),
    );
    assert.ok(error instanceof WorkerLostError, String(error));
  });

  it("end when cancelled", async () => {
    const controller = new AbortController();
    const error = await failureOf(
      (async () => {
        for await (const i of pool.stream(tasks.countTo, [1e9], { cancel: controller.signal })) {
          if (i === 5) controller.abort(new RangeError("enough of it"));
        }
      })(),
    );
    assert.ok(error instanceof Error);
    await pool.drain();
  });

  it("must be given by something to iterate over, and be able to cross", async () => {
    assert.equal(await codeOf(() => pool.stream(tasks.giveNumber, []).next()), "SKEIN_INVALID_ARGUMENT");
    const values = pool.stream(tasks.giveFunctions as never, []);
    assert.equal((await values.next()).value, 1);
    assert.equal(await codeOf(() => values.next()), "SKEIN_NOT_CLONEABLE");
  });

  it("leave no memory behind", async () => {
    for await (const _ of pool.stream(tasks.squares, [50]));
    const { usedBytes } = heap().statistics();
    for (let i = 0; i < 20; i++) for await (const _ of pool.stream(tasks.squares, [50]));
    assert.equal(heap().statistics().usedBytes, usedBytes);
  });
});

describe("the platform's diagnostics", () => {
  it("are told of each job that is submitted, and of how it settled", async () => {
    const seen: unknown[] = [];
    const note = (message: unknown, name: string | symbol): void => {
      seen.push([String(name), message]);
    };
    subscribe("skein:job:submitted", note);
    subscribe("skein:job:settled", note);
    await pool.run(double, [1]);
    const error = await failureOf(pool.run(refuse, []));
    unsubscribe("skein:job:submitted", note);
    unsubscribe("skein:job:settled", note);
    await pool.run(double, [1]);
    const [ok, bad] = ["double", "refuse"].map((task) => ({ pool: "crossing", task, name: task }));
    assert.deepEqual(seen, [
      ["skein:job:submitted", ok],
      ["skein:job:settled", ok],
      ["skein:job:submitted", bad],
      ["skein:job:settled", { ...bad, error }],
    ]);
  });

  it("may ask the pool for its figures, in which that job has settled", async () => {
    await using asked = threads({ size: 1, name: "asked" });
    const settled: number[] = [];
    const ask = (): void => {
      settled.push(asked.statistics().settled);
    };
    subscribe("skein:job:settled", ask);
    await Promise.all([1, 2, 3].map((value) => asked.run(double, [value])));
    unsubscribe("skein:job:settled", ask);
    assert.deepEqual(settled, [1, 2, 3]);
    assert.equal(asked.statistics().queued, 0);
  });
});

describe("a moved result", () => {
  it("arrives, however large", async () => {
    const pixels = await pool.run(tasks.makePixels, [5_000_000]);
    assert.equal(pixels.length, 5_000_000);
    assert.equal(pixels[4_999_999], 7);
  });

  it("is the value itself where nothing has to move", () => {
    const value = new Uint8Array(1);
    assert.equal(moved(value, [value.buffer]), value);
  });

  it("must be able to cross", async () => {
    assert.ok((await failureOf(pool.run(tasks.moveWrongly, []))) instanceof TransferError);
    assert.equal(await codeOf(() => moved(1, 2 as never)), "SKEIN_INVALID_ARGUMENT");
  });
});

it("a pool that is closed gives no values", async () => {
  const closed = threads({ size: 1, name: "closed" });
  await closed.close();
  const { usedBytes } = heap().statistics();
  assert.ok((await failureOf(closed.stream(tasks.countTo, [1]).next())) instanceof ClosedError);
  assert.equal(heap().statistics().usedBytes, usedBytes);
});
