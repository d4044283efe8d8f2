/** Jobs with keys: where they run, in which order, and what becomes of that when threads end. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";

import { Keys } from "#skein/threads/keys";
import { here, MisuseError, scope, threads, WorkerLostError } from "skein";
import { sliced } from "skein/async";
import type { ThreadPool } from "skein/threads";

import { failureOf } from "../support/failure.js";
import { began, countFor, leave, note, noteSlowly, sizeOf, stay } from "./fixtures/affinity-tasks.js";
import { squares } from "./fixtures/crossing-tasks.js";
import { entered, makeGate, openGate } from "./fixtures/gate.js";
import { exitInstead, failToOpen } from "./fixtures/life-tasks.js";
import { appendOrder, passGate, whereAmI } from "./fixtures/tasks.js";
import { unreachable } from "./fixtures/throws-on-threads.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

/** A pool whose threads are all there, and for each a key whose jobs it runs. */
async function poolWithKeys(size: number, name: string): Promise<{ pool: ThreadPool; keys: string[] }> {
  const pool = threads({ size, name });
  await pool.ready(note);
  const byThread = new Map<number, string>();
  for (let i = 0; byThread.size < size; i++) {
    const key = `key ${i}`;
    const { thread } = began(await pool.run(note, [], { affinity: key }));
    if (!byThread.has(thread)) byThread.set(thread, key);
  }
  return { pool, keys: [...byThread.values()] };
}

describe("keys", () => {
  it("stay where they are, and go where there are fewest as long as they are few", () => {
    for (const size of [1, 2, 3, 8]) {
      const keys = new Keys(size);
      const places = Array.from({ length: 4 * size }, (_, i) => keys.begin(`key ${i}`));
      places.forEach((place, i) => assert.equal(keys.begin(`key ${i}`), place));
      assert.equal(keys.count, 4 * size);
      const counts = Array.from({ length: size }, (_, place) => keys.countAt(place));
      assert.ok(Math.max(...counts) <= 5, `${counts.join(" ")} of 4 each`);
    }
  });

  it("that are as many as the places have one each", () => {
    const keys = new Keys(6);
    assert.equal(new Set(Array.from({ length: 6 }, (_, i) => keys.begin(i))).size, 6);
  });

  it("are told apart by type, and a number by its value", () => {
    const keys = new Keys(4);
    keys.begin(1);
    keys.begin("1");
    assert.equal(keys.count, 2);
    keys.begin(0);
    keys.begin(-0);
    assert.equal(keys.count, 3);
  });

  it("without jobs are forgotten, those that were used longest ago first, and mostly come back to the same place", () => {
    const keys = new Keys(4, 1000);
    const places = Array.from({ length: 5000 }, (_, i) => {
      const place = keys.begin(i);
      keys.end(i);
      return place;
    });
    assert.equal(keys.count, 1000);
    let same = 0;
    for (const [i, place] of places.entries()) {
      if (keys.begin(i) === place) same++;
      keys.end(i);
    }
    assert.ok(same > 4900, `${same} of 5000`);
    assert.equal(keys.count, 1000);
    const counts = [0, 1, 2, 3].map((place) => keys.countAt(place));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      1000,
    );
  });

  it("with jobs are never forgotten", () => {
    const keys = new Keys(4, 10);
    const place = keys.begin("busy");
    for (let i = 0; i < 1000; i++) {
      keys.begin(i);
      keys.end(i);
    }
    assert.equal(keys.count, 11);
    assert.equal(keys.begin("busy"), place);
    keys.end("busy");
    keys.end("busy");
    assert.equal(keys.count, 10);
  });
});

describe("jobs with a key", () => {
  it("run on one thread, where what they have kept is found again, and those of another key on another", async () => {
    await using pool = threads({ size: 2, name: "sticky" });
    await scope(async (s) => {
      const counts = await Promise.all(
        Array.from({ length: 60 }, (_, i) => {
          const key = i % 2;
          return i % 3 === 0
            ? s.spawn(countFor, [key], { on: pool, affinity: key })
            : pool.run(countFor, [key], { affinity: key });
        }),
      );
      const inOrder = counts.filter((_, i) => i % 6 === 1 || i % 6 === 5);
      assert.deepEqual(
        inOrder,
        inOrder.toSorted((a, b) => a - b),
      );
      assert.deepEqual(
        counts.toSorted((a, b) => a - b),
        Array.from({ length: 60 }, (_, i) => Math.floor(i / 2) + 1),
      );
    });
    const { keys, threads: each } = pool.statistics();
    assert.equal(keys, 2);
    assert.deepEqual(
      each.map((thread) => thread.keys),
      [1, 1],
    );
  });

  it("begin in order of submission, however they are submitted", async () => {
    await using pool = threads({ size: 2, maxQueue: 5000, name: "orderly" });
    const key = "a";
    const noted = await Promise.all(
      Array.from({ length: 3000 }, async (_, i) => {
        if (i % 5 === 0) void pool.run(note, []);
        return i % 2 === 0
          ? pool.run(note, [], { affinity: key })
          : (await pool.submit(note, [], { affinity: key })).result;
      }),
    );
    const places = noted.map(began);
    assert.equal(new Set(places.map(({ thread }) => thread)).size, 1);
    // `submit` has its turn a moment later than `run`.
    for (const half of [places.filter((_, i) => i % 2 === 0), places.filter((_, i) => i % 2 === 1)]) {
      const numbers = half.map(({ number }) => number);
      assert.deepEqual(
        numbers,
        numbers.toSorted((a, b) => a - b),
      );
    }
  });

  it("wait for a thread that is busy while another is idle, and those without one don't", async () => {
    const { pool, keys } = await poolWithKeys(2, "patient");
    const [key] = keys as [string];
    const home = await pool.run(whereAmI, [], { affinity: key });
    const gate = makeGate();
    const busy = pool.run(passGate, [gate, 1], { affinity: key });
    await entered(gate, 1);
    const order = new Int32Array(new SharedArrayBuffer(64));
    const late = pool.run(whereAmI, [], { affinity: key });
    const byPort = pool.run(appendOrder, [order, 7], { affinity: key });
    const last = pool.run(whereAmI, [], { affinity: key });
    const others = await Promise.all(Array.from({ length: 50 }, () => pool.run(whereAmI, [])));
    assert.ok(others.every((thread) => thread !== home));
    assert.equal(order[0], 0);
    assert.equal(pool.statistics().queued, 3);
    openGate(gate);
    await busy;
    assert.deepEqual([await late, await last], [home, home]);
    await byPort;
    assert.deepEqual([...order.subarray(0, 2)], [1, 7]);
    await pool.close();
  });

  it("keep their order where a thread finds records filled again before it has passed them", async () => {
    const { pool, keys } = await poolWithKeys(2, "lapped");
    const [key] = keys as [string];
    const gate = makeGate();
    const held = pool.run(passGate, [gate, 1], { affinity: key });
    await entered(gate, 1);
    const others = (): Promise<unknown> => Promise.all(Array.from({ length: 900 }, () => pool.run(note, [])));
    await others();
    const first = pool.run(note, [], { affinity: key });
    // Half of them come on the line of the thread that is held, from where the other
    // takes them: so the ring there comes round, to in front of the first one's record.
    for (let round = 0; round < 2; round++) await others();
    const rest = Array.from({ length: 5 }, () => pool.run(note, [], { affinity: key }));
    openGate(gate);
    await held;
    const numbers = (await Promise.all([first, ...rest])).map((noted) => began(noted).number);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
    await pool.close();
  });

  it("that move what they are given wait until their thread is idle, in order", async () => {
    const { pool, keys } = await poolWithKeys(2, "moving");
    const [key] = keys as [string];
    await scope(async (s) => {
      const gate = makeGate();
      const held = s.spawn(passGate, [gate, 1], { on: pool, affinity: key });
      await entered(gate, 1);
      const bytes = new Uint8Array(24);
      const moved = s.spawn(sizeOf, [bytes], { on: pool, affinity: key, transfer: [bytes.buffer] });
      const after = s.spawn(note, [], { on: pool, affinity: key });
      await until(() => pool.statistics().queued === 2);
      assert.equal(bytes.byteLength, 24);
      openGate(gate);
      assert.deepEqual([await held, await moved], [1, 24]);
      await after;
    });
    await pool.close();
  });

  it("go by priority among themselves, as all others do", async () => {
    await using pool = threads({ size: 2, name: "ranked" });
    const gate = makeGate();
    await scope(async (s) => {
      const key = "a";
      s.spawn(passGate, [gate, 0], { on: pool, affinity: key });
      await entered(gate, 1);
      const ranks = [0, 0, 2, 1, 2, -1];
      const jobs = ranks.map((priority) => s.spawn(note, [], { on: pool, priority, affinity: key }));
      await until(() => pool.statistics().queued === ranks.length);
      openGate(gate);
      const numbers = (await Promise.all(jobs)).map((noted) => began(noted).number);
      const order = [0, 1, 2, 3, 4, 5].toSorted((a, b) => (numbers[a] as number) - (numbers[b] as number));
      assert.deepEqual(order, [2, 4, 3, 0, 1, 5]);
    });
  });

  it("leave when they are cancelled, and those behind go on", async () => {
    await using pool = threads({ size: 1, name: "leaving" });
    const key = 5;
    await scope(
      async (s) => {
        const first = s.spawn(stay, [], { on: pool, affinity: key });
        const gone = s.spawn(note, [], { on: pool, affinity: key });
        const last = s.spawn(note, [], { on: pool, affinity: key });
        await until(() => pool.statistics().running === 1);
        gone.cancel("not needed");
        first.cancel("enough");
        await failureOf(gone);
        await last;
      },
      { supervise: true },
    ).catch(() => undefined);
    assert.equal(pool.statistics().queued, 0);
  });

  it("overlap where a thread runs several jobs at once, and still begin in order", async () => {
    await using pool = threads({ size: 1, jobsPerThread: 4, name: "several" });
    const noted = await Promise.all([9, 5, 1, 7].map((turns) => pool.run(noteSlowly, [turns], { affinity: "a" })));
    const numbers = noted.map((value) => began(value).number);
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  });

  it("give their values one by one as others do", async () => {
    await using pool = threads({ size: 2, name: "streaming" });
    const given: number[] = [];
    for await (const { square } of pool.stream(squares, [3], { affinity: "a" })) given.push(square);
    assert.deepEqual(given, [0, 1, 4]);
    assert.equal(pool.statistics().keys, 1);
  });
});

describe("a thread that ends", () => {
  it("fails the job of the key that it ran; those not begun follow to the next thread in its place, in order", async () => {
    const { pool, keys } = await poolWithKeys(2, "dying");
    const [key, other] = keys as [string, string];
    const home = await pool.run(whereAmI, [], { affinity: key });
    const neighbour = await pool.run(whereAmI, [], { affinity: other });
    const lost = failureOf(pool.run(leave, [], { affinity: key }));
    const after = Array.from({ length: 200 }, () => pool.run(note, [], { affinity: key }));
    assert.ok((await lost) instanceof WorkerLostError);
    const noted = (await Promise.all(after)).map(began);
    assert.equal(new Set(noted.map(({ thread }) => thread)).size, 1);
    assert.ok(noted[0]?.thread !== home && noted[0]?.thread !== neighbour);
    assert.deepEqual(
      noted.map(({ number }) => number),
      Array.from({ length: 200 }, (_, i) => i + 1),
    );
    assert.equal(await pool.run(whereAmI, [], { affinity: key }), noted[0]?.thread);
    assert.equal(await pool.run(whereAmI, [], { affinity: other }), neighbour);
    await pool.close();
  });

  it("idle for long is started again for its keys", async () => {
    await using pool = threads({ size: 2, minSize: 0, idleMs: 20, name: "sleepy" });
    const first = await pool.run(countFor, [1], { affinity: 1 });
    await until(() => pool.statistics().alive === 0);
    assert.deepEqual([first, await pool.run(countFor, [1], { affinity: 1 })], [1, 1]);
    assert.equal(pool.statistics().lost, 0);
  });

  it("is replaced between jobs of a key, without losing any or their order", async () => {
    await using pool = threads({ size: 2, recycleAfterJobs: 20, name: "worn" });
    for (let round = 0; round < 5; round++) {
      const noted = await Promise.all(Array.from({ length: 60 }, (_, i) => pool.run(note, [], { affinity: i % 3 })));
      for (const key of [0, 1, 2]) {
        // Later threads have higher numbers.
        const own = noted.filter((_, i) => i % 3 === key);
        assert.deepEqual(
          own,
          own.toSorted((a, b) => a - b),
        );
      }
    }
    assert.ok(pool.statistics().retired >= 2);
    assert.equal(pool.statistics().lost, 0);
  });

  it("before it was ready fails those that waited for it, each once", async () => {
    await using pool = threads({ size: 2, onThreadStart: exitInstead, name: "never" });
    const errors = await Promise.all([1, 2, 3].map(() => failureOf(pool.run(note, [], { affinity: "a" }))));
    for (const error of errors) assert.ok(error instanceof WorkerLostError);
  });

  it("and one whose start hook fails fail those with keys too", async () => {
    await using pool = threads({ size: 2, onThreadStart: failToOpen, name: "locked" });
    const errors = await Promise.all([1, 2, 3].map((key) => failureOf(pool.run(note, [], { affinity: key }))));
    for (const error of errors) assert.match((error as Error).message, /the door is locked/);
  });

  it("by destroy takes with it those that wait for it", async () => {
    const pool = threads({ size: 1, name: "destroyed" });
    const gate = makeGate();
    const jobs = [failureOf(pool.run(passGate, [gate, 1], { affinity: 1 }))];
    const order = new Int32Array(new SharedArrayBuffer(64));
    for (let i = 0; i < 3; i++) jobs.push(failureOf(pool.run(appendOrder, [order, i], { affinity: 1 })));
    await entered(gate, 1);
    await pool.destroy();
    for (const error of await Promise.all(jobs)) assert.equal((error as { code?: unknown }).code, "SKEIN_CLOSED");
    assert.equal(order[0], 0);
    assert.deepEqual({ ...pool.statistics(), running: 0 }.queued, 0);
  });

  it("an import that fails costs those that need it, not those behind", async () => {
    await using pool = threads({ size: 2, name: "unreached" });
    const first = failureOf(pool.run(unreachable, [], { affinity: "a" }));
    const second = pool.run(note, [], { affinity: "a" });
    const third = failureOf(pool.run(unreachable, [], { affinity: "a" }));
    assert.match(((await first) as Error).message, /only on the main thread/);
    await second;
    assert.match(((await third) as Error).message, /only on the main thread/);
  });
});

describe("a key", () => {
  it("means nothing to other executors, where there is but one thread", async () => {
    await scope(async (s) => {
      assert.equal(await s.spawn(countFor, ["x"], { affinity: "x" }), 1);
      assert.equal(await s.spawn(countFor, ["x"], { on: here, affinity: "x" }), 2);
      const steps = await s.spawn(
        function* () {
          yield;
          return 3;
        },
        [],
        { on: sliced(), affinity: "x" },
      );
      assert.equal(steps, 3);
    });
  });

  it("is shown by dumps beside its job", async () => {
    await using pool = threads({ size: 1, name: "shown" });
    await scope(async (s) => {
      const job = s.spawn(stay, [], { on: pool, affinity: "orders" });
      await until(() => job.state === "running");
      assert.match(s.dump(), /job "stay" · running · key "orders" · on another thread/);
      job.cancel();
      await failureOf(job);
    }).catch(() => undefined);
  });

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ["that is NaN", Number.NaN, /affinity must be a string or a number, but number NaN came/],
    ["that is an object", { id: 1 }, /affinity must be a string or a number, but an object of class Object came/],
    ["that is null", null, /but null came/],
    ["that is a symbol", Symbol("a"), /but symbol Symbol\(a\) came/],
    ["that is a bigint", 1n, /but bigint 1 came/],
  ];
  for (const [what, affinity, message] of wrong) {
    it(`${what} is refused with SKEIN_INVALID_ARGUMENT`, async () => {
      await using pool = threads({ size: 1, name: "strict" });
      const options = { affinity } as { affinity: string };
      const errors = [
        await failureOf(pool.run(note, [], options)),
        await failureOf(pool.submit(note, [], options)),
        await failureOf(scope((s) => s.spawn(note, [], { on: pool, ...options }))),
        await failureOf(scope((s) => s.spawn(note, [], options))),
      ];
      for (const error of errors) {
        assert.ok(error instanceof MisuseError);
        assert.equal(error.code, "SKEIN_INVALID_ARGUMENT");
        assert.match(error.message, message);
      }
      assert.equal(pool.statistics().keys, 0);
    });
  }

  it("belongs into options: what is none is refused", async () => {
    await using pool = threads({ size: 1, name: "optioned" });
    for (const options of ["a", 5, null]) {
      const error = await failureOf(pool.run(note, [], options as never));
      assert.ok(error instanceof MisuseError);
      assert.match(error.message, /options, such as \{ affinity: "a" \}/);
    }
  });
});

// Random jobs on a pool whose threads end now and then. The model: per key, a list.
describe("random jobs with keys", () => {
  type Step =
    | { readonly kind: "run"; readonly key: number | undefined; readonly turns: number }
    | { readonly kind: "exit"; readonly key: number | undefined }
    | { readonly kind: "pause" };

  const key = fc.option(fc.nat(4), { nil: undefined, freq: 4 });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 30, arbitrary: fc.record({ kind: fc.constant("run" as const), key, turns: fc.nat(3) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("exit" as const), key }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("pause" as const) }) },
  );

  it("begin in order of submission for each key, on one thread as long as that lives", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 400 }),
        fc.constantFrom(1, 2, 3),
        fc.constantFrom(1, 3),
        async (steps, size, jobsPerThread) => {
          await using pool = threads({ size, jobsPerThread, name: "random" });
          const byKey = new Map<number, Promise<number | undefined>[]>();
          let exits = 0;
          const all: Promise<unknown>[] = [];
          for (const one of steps) {
            if (one.kind === "pause") {
              await turn();
              continue;
            }
            if (one.kind === "exit") exits++;
            const options = one.key === undefined ? undefined : { affinity: one.key };
            const outcome = (
              one.kind === "exit"
                ? pool.run(leave, [], options)
                : one.turns === 0
                  ? pool.run(note, [], options)
                  : pool.run(noteSlowly, [one.turns], options)
            ).catch((error: unknown) => {
              assert.ok(error instanceof WorkerLostError, String(error));
              return undefined;
            });
            all.push(outcome);
            if (one.key === undefined || one.kind === "exit") continue;
            const own = byKey.get(one.key) ?? [];
            own.push(outcome);
            byKey.set(one.key, own);
          }
          await Promise.all(all);
          for (const own of byKey.values()) {
            const noted = (await Promise.all(own)).filter((value) => value !== undefined);
            // Each is behind the one before it, on its thread or on a later one.
            assert.deepEqual(
              noted,
              noted.toSorted((a, b) => a - b),
            );
            const lives = new Set(noted.map((value) => began(value).thread)).size;
            assert.ok(lives <= exits + 1, `${lives} threads with ${exits} exits`);
          }
          const { running, queued, settled, lost } = pool.statistics();
          assert.deepEqual(
            { running, queued, settled, lost },
            { running: 0, queued: 0, settled: all.length, lost: exits },
          );
        },
      ),
      { numRuns: 6 },
    );
  });
});
