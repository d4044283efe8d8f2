/** Fork and join: what it gives, who does it, and what goes wrong. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";

import fc from "fast-check";
import {
  type AnyTask,
  CancelledError,
  MisuseError,
  scope,
  type Task,
  type ThreadPool,
  threads,
  WorkerLostError,
} from "skein";
import { type Explanation, parallel } from "skein/parallel";
import { heap } from "#skein/shared/heap";
import { Kind } from "#skein/shared/kinds";
import { SharedArray } from "skein/shared";
import { forkCells, Forks, within } from "#skein/parallel/forks";
import type { Pool } from "#skein/threads/pool";
import { whenReady } from "#skein/parallel/team";

import { ROOT, runNode } from "../support/run-program.js";
import { asynchronous, type Cells, type RefusedError } from "./fixtures/fault-tasks.js";
import {
  between,
  busyInJoins,
  endOwner,
  endThief,
  giveForeign,
  giveWithoutMemory,
  joinForEver,
  joinInJoin,
  joinWith,
  meetAndBeBusyInJoin,
  meetInJoins,
  meetInOneJoin,
  refuseLeaf,
  pass,
  passInJoin,
  textBetween,
  throwForeign,
  withForeign,
} from "./fixtures/join-tasks.js";
import { passElsewhere } from "./fixtures/other-tasks.js";
import { everywhere, onlyHere, onlyOnMain } from "./fixtures/undeclared.js";
import { identical } from "./fixtures/tasks.js";
import { poolOf, SIZES } from "./settings.js";

const RUNS = { numRuns: 150 };

afterEach(() => {
  between.call = undefined;
});

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const payloads = (): number => [...heap().liveBlocks()].filter(({ kind }) => kind === Kind.payload).length;

const dumped = async (): Promise<string> => scope(async (s) => s.dump());

function cellsOf(length: number): Cells {
  return new SharedArray({ type: "int32", length });
}

/** Whoever blocks this thread is helped by those that have imported all by then. */
async function getReady(on: ThreadPool, ...fns: readonly AnyTask[]): Promise<void> {
  await parallel.run(identical, [1], { on });
  await whenReady({ pool: on, helpers: on.size, alone: on.size }, fns);
}

/** Occupies a thread of a pool. @returns lets it go */
async function occupy(on: ThreadPool, fn: Task<[gate: Cells], void>): Promise<() => Promise<void>> {
  const gate = cellsOf(2);
  const passed = on.run(fn, [gate]);
  while (Atomics.load(gate.values, 0) === 0) await turn();
  return async () => {
    Atomics.store(gate.values, 1, 1);
    Atomics.notify(gate.values, 1);
    await passed;
    gate.dispose();
  };
}

/** In its awaited or its blocking form. */
async function runOn<Args extends readonly unknown[], Result>(
  on: ThreadPool,
  isSync: boolean,
  fn: Task<Args, Result>,
  args: Args,
): Promise<Result> {
  await getReady(on, fn);
  return isSync ? parallel.runSync(fn, args, { on }) : parallel.run(fn, args, { on });
}

const anyRun = fc.record({
  length: fc.nat(400),
  least: fc.integer({ min: 1, max: 50 }),
  size: fc.constantFrom(...SIZES),
  isSync: fc.boolean(),
});

describe("parallel.join", () => {
  it("gives what plain calls give, and calls each branch once, on 1, 2, 3, 4 and 8 threads", async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, async ({ length, least, size, isSync }) => {
        const counts = cellsOf(Math.max(1, length));
        const args: [number, number, number, Cells] = [0, length, least, counts];
        // Outside of a call that others help with, it is two plain calls.
        const expected = textBetween(...args);
        counts.values.fill(0);
        assert.equal(await runOn(await poolOf(size), isSync, textBetween, args), expected);
        assert.deepEqual(
          [...counts.values.subarray(0, length)],
          Array.from({ length }, () => 1),
        );
        counts.dispose();
      }),
      RUNS,
    );
  });

  it("throws what the first of its branches to throw threw, when nothing of it goes on", async () => {
    const anyRefused = fc.uniqueArray(fc.nat(63), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(anyRefused, fc.constantFrom(...SIZES), fc.boolean(), async (refused, size, isSync) => {
        const counts = cellsOf(64);
        const on = await poolOf(size);
        const call = async (): Promise<number> => runOn(on, isSync, refuseLeaf, [0, 64, refused, counts]);
        const error = (await call().catch((thrown: unknown) => thrown)) as RefusedError;
        assert.deepEqual([error.name, error.at], ["RefusedError", Math.min(...refused)]);
        const done = [...counts.values];
        assert.ok(done.every((count) => count <= 1));
        await Promise.all(Array.from({ length: size }, async () => on.run(identical, [1])));
        assert.deepEqual([...counts.values], done);
        counts.dispose();
      }),
      RUNS,
    );
  });

  for (const isSync of [false, true]) {
    it(`has its second branch done at once by who is on his way, ${isSync ? "blocking" : "awaited"}`, async () => {
      const on = await poolOf(isSync ? 1 : 2);
      const cells = cellsOf(1);
      // Each waits for the other: were the second one not offered before the first begins, nobody would come.
      assert.deepEqual(await runOn(on, isSync, meetInOneJoin, [cells]), [true, true]);
      cells.dispose();
    });

    it(`has as many at work as there are branches, ${isSync ? "blocking" : "awaited"}`, async () => {
      const on = await poolOf(isSync ? 3 : 4);
      for (let round = 0; round < 20; round++) {
        const cells = cellsOf(1);
        assert.deepEqual(await runOn(on, isSync, meetInJoins, [cells]), [true, true, true, true]);
        cells.dispose();
      }
    });
  }

  for (const isSync of [false, true]) {
    it(`is explained and counted: who did which branches, ${isSync ? "blocking" : "awaited"}`, async () => {
      const on = await poolOf(isSync ? 3 : 4);
      const cells = cellsOf(1);
      await getReady(on, meetInJoins);
      const before = parallel.statistics();
      const { calls } = await parallel.explain(() =>
        isSync ? parallel.runSync(meetInJoins, [cells], { on }) : parallel.run(meetInJoins, [cells], { on }),
      );
      cells.dispose();
      const after = parallel.statistics();
      assert.equal(calls.length, 1);
      const [{ call, place, why, participants, items, ms, itemUs, spanMs }] = calls as [Explanation];
      assert.deepEqual([call, place, items], ["run meetInJoins", "threads", 1]);
      assert.equal(why, "it has 3 joins, and others did the second branches of 3");
      assert.equal(new Set(participants.map(({ thread }) => thread)).size, 4);
      // All of them wait for each other, so each does one: the caller's is the call itself.
      assert.deepEqual(
        participants.map(({ parts }) => parts),
        [1, 1, 1, 1],
      );
      assert.deepEqual(
        participants.map(({ steals }) => steals).sort((a, b) => a - b),
        [0, 1, 1, 1],
      );
      assert.equal(
        participants.some(({ thread }) => thread === 0),
        isSync,
      );
      assert.ok(participants.every((one) => one.ms <= ms + 1) && itemUs > 0 && spanMs > 0, JSON.stringify(calls));
      assert.equal(after.callsShared - before.callsShared, 1);
      assert.deepEqual([after.parts - before.parts, after.steals - before.steals], [4, 3]);
    });
  }

  it("has a span, which is the work but for what could have been done at once", async () => {
    const on = await poolOf(1);
    await getReady(on, busyInJoins);
    const spanOf = async (body: () => Promise<unknown>): Promise<[workMs: number, spanMs: number]> => {
      const { calls } = await parallel.explain(body);
      const [{ participants, spanMs }] = calls as [Explanation];
      return [participants.reduce((sum, { ms }) => sum + ms, 0), spanMs];
    };
    // 5, then 10 beside (15 beside 15): however long anything takes, of each two at once the shorter is not in the span.
    const [workMs, spanMs] = await spanOf(() => parallel.run(busyInJoins, [5], { on }));
    assert.ok(spanMs >= 5 + 15 && workMs - spanMs >= 10 + 15 - 0.1, `${workMs} ${spanMs}`);
    const cells = cellsOf(1);
    const two = await poolOf(2);
    const [stolenWorkMs, stolenSpanMs] = await spanOf(() =>
      parallel.run(meetAndBeBusyInJoin, [cells, 20], { on: two }),
    );
    cells.dispose();
    assert.ok(stolenSpanMs >= 20 && stolenWorkMs - stolenSpanMs >= 20 - 0.1, `${stolenWorkMs} ${stolenSpanMs}`);
  });

  it("is explained if it begins meanwhile, not by when its pool is ready", async () => {
    const on = threads({ size: 1, name: "fresh" });
    const before = parallel.run(joinInJoin, [], { on });
    const { calls: ofBefore } = await parallel.explain(async () => before);
    assert.deepEqual(ofBefore, []);
    await on.close();
  });

  it("says why nobody helped", async () => {
    const whyOf = async (body: () => unknown): Promise<string | undefined> =>
      (await parallel.explain(body)).calls[0]?.why;
    const [one, two] = [await poolOf(1), await poolOf(2)];
    await getReady(two, withForeign, identical);
    assert.equal(await whyOf(async () => parallel.run(identical, [1], { on: two })), "it has no joins");
    const lonely = await whyOf(async () => parallel.run(joinInJoin, [], { on: one }));
    assert.equal(lonely, "it has 2 joins, and there is no other thread");
    const refused = await whyOf(async () => parallel.run(withForeign, [], { on: two }));
    assert.equal(refused, "it has 1 joins, and a second branch could not be passed to another thread");
    const reason = await whyOf(async () => assert.rejects(parallel.run(identical, [() => 1] as never, { on: two })));
    assert.equal(reason, "it ended before its task had begun");
  });

  it("is explained where nobody helps", async () => {
    const on = threads({ size: 1, name: "not begun" });
    const { calls } = await parallel.explain(() => parallel.runSync(joinInJoin, [], { on }));
    await on.close();
    assert.deepEqual(
      calls.map(({ call, place, participants }) => ({ call, place, participants })),
      [{ call: "run joinInJoin", place: "here", participants: [] }],
    );
    assert.equal(calls[0]?.why, "no thread is there, and ready, to help");
  });

  it("is in dumps while it goes on", async () => {
    const on = await poolOf(1);
    const gate = cellsOf(2);
    await getReady(on, passInJoin);
    const passing = parallel.run(passInJoin, [gate], { on, name: "passing" });
    while (Atomics.load(gate.values, 0) === 0) await turn();
    assert.match(
      await dumped(),
      /parallel calls\n(?:.*\n)*.*passing: 1 joins so far, 0 branches done by others, 1 participants/,
    );
    Atomics.store(gate.values, 1, 1);
    Atomics.notify(gate.values, 1);
    assert.equal(await passing, 3);
    assert.doesNotMatch(await dumped(), /passing/);
    gate.dispose();
  });

  it("offers what waits further down, too, between its branches", () => {
    const cells = new Int32Array(new SharedArrayBuffer(4 * forkCells(2)));
    const forks = new Forks(cells, 0);
    const [hungry, firstState, itsFirst] = [1, 32, 1];
    const offers: number[] = [];
    between.call = () => {
      offers.push(cells.subarray(firstState, firstState + 64).filter((state, i) => i % 8 === 0 && state === 1).length);
      cells[hungry] = itsFirst;
    };
    // Somebody gets hungry in the first branch of the inner join, whose second one is done here.
    assert.deepEqual(
      within(forks, () => joinInJoin()),
      [1, 2, 3],
    );
    assert.deepEqual(offers, [0, 1]);
  });

  it("expects nobody any more for whom it offered in vain", () => {
    const cells = new Int32Array(new SharedArrayBuffer(4 * forkCells(3)));
    const forks = new Forks(cells, 0);
    forks.expectAll();
    assert.equal(cells[1], 2);
    assert.deepEqual(
      within(forks, () => joinInJoin()),
      [1, 2, 3],
    );
    // Both joins offered, and did themselves what nobody took.
    assert.equal(cells[1], 0);
    // Who comes after that counts himself, and takes it back when he leaves.
    const late = new Forks(cells, 1);
    let looks = 0;
    late.serve(() => {
      if (cells[1] === 1 && ++looks === 2) forks.close();
      return false;
    });
    assert.deepEqual([looks, cells[1]], [2, 0]);
    // Who leaves to come again is expected meanwhile.
    cells[0] = 0;
    assert.equal(
      late.serve(() => true),
      true,
    );
    assert.equal(cells[1], 1);
    assert.equal(
      late.serve(() => true),
      true,
    );
    assert.equal(cells[1], 1);
  });

  it("does here what can't cross", async () => {
    for (const isSync of [false, true]) {
      assert.equal(await runOn(await poolOf(2), isSync, withForeign, []), 14);
    }
  });

  it("fails if the thread ends that does a branch", { timeout: 60_000 }, async () => {
    const on = threads({ size: 1, name: "ending" });
    const cells = cellsOf(1);
    await assert.rejects(
      runOn(on, true, endThief, [cells]),
      (error) => error instanceof WorkerLostError && error.code === "SKEIN_WORKER_LOST",
    );
    assert.equal(await on.run(identical, [7]), 7);
    await on.close();
    cells.dispose();
  });

  it("fails if the thread ends that joins, and leaves nothing behind", { timeout: 60_000 }, async () => {
    const live = payloads();
    const on = threads({ size: 2, name: "ending" });
    const cells = cellsOf(1);
    await getReady(on, endOwner, pass);
    // The other thread is busy: what is offered nobody takes.
    const letGo = await occupy(on, pass);
    await assert.rejects(
      parallel.run(endOwner, [cells], { on }),
      (error) => error instanceof WorkerLostError && error.code === "SKEIN_WORKER_LOST",
    );
    await letGo();
    assert.equal(await on.run(identical, [7]), 7);
    await on.close();
    assert.equal(payloads(), live);
    cells.dispose();
  });

  for (const [what, fn, says] of [
    ["is thrown", throwForeign, { code: "SKEIN_NOT_TRANSFERABLE", message: /threw what can't be passed.*with a blob/ }],
    ["is given", giveForeign, { code: "SKEIN_NOT_TRANSFERABLE", message: /gave can't be passed/ }],
    ["finds no memory", giveWithoutMemory, { code: "SKEIN_OUT_OF_SHARED_MEMORY", message: /no shared memory/ }],
  ] as const) {
    for (const isSync of [false, true]) {
      it(`fails if what ${what} can't come back, ${isSync ? "blocking" : "awaited"}`, { timeout: 60_000 }, async () => {
        const on = await poolOf(isSync ? 1 : 2);
        const cells = cellsOf(1);
        await assert.rejects(runOn(on, isSync, fn as Task<[Cells], unknown>, [cells]), says);
        // The threads are as good as before.
        Atomics.store(cells.values, 0, 0);
        assert.deepEqual(await runOn(on, isSync, meetInOneJoin, [cells]), [true, true]);
        cells.dispose();
      });
    }
  }

  it("is none the worse for a pool that has all the jobs it may have", { timeout: 60_000 }, async () => {
    const on = threads({ size: 2, maxQueue: 0, name: "full" });
    await getReady(on, textBetween, pass);
    const counts = cellsOf(100);
    const letGo = await occupy(on, pass);
    const text = await parallel.run(textBetween, [0, 100, 10, counts], { on });
    counts.values.fill(0);
    assert.equal(text, textBetween(0, 100, 10, counts));
    await letGo();
    await on.close();
    counts.dispose();
  });

  it("is none the worse for threads that were started later", { timeout: 60_000 }, async () => {
    const on = threads({ size: 3, name: "later" });
    const counts = cellsOf(300);
    const expected = textBetween(0, 300, 1, counts);
    for (let round = 0; round < 4; round++) {
      assert.equal(await parallel.run(textBetween, [0, 300, 1, counts], { on }), expected);
      // Those that are started for them know of nothing that was imported.
      const running = (on as Pool).threads.slice(0, round);
      await Promise.all(running.map(async (thread) => thread?.terminate()));
    }
    assert.equal(parallel.runSync(textBetween, [0, 300, 1, counts], { on }), expected);
    await on.close();
    counts.dispose();
  });

  it("does not wait for a thread that has something else to do for long", { timeout: 60_000 }, async () => {
    const on = threads({ size: 2, name: "long" });
    const counts = cellsOf(100);
    // It has yet to import what is called.
    const letGo = await occupy(on, passElsewhere);
    const text = await parallel.run(textBetween, [0, 100, 10, counts], { on });
    assert.equal(text, textBetween(0, 100, 10, counts));
    await letGo();
    await on.close();
    counts.dispose();
  });

  it("fails if other threads don't find what it runs, and does here what they don't find of its branches", async () => {
    const on = await poolOf(2);
    await getReady(on, everywhere);
    for (const [fn = assert.fail(), code] of [
      [onlyOnMain, "SKEIN_TASK_NOT_FOUND"],
      [onlyHere, "SKEIN_TASK_INSIDE_FUNCTION"],
    ] as const) {
      await assert.rejects(parallel.run(fn, [1], { on }), { code });
      // The program's thread has it, and does it whoever is asked.
      for (let round = 0; round < 20; round++) {
        await getReady(on, joinWith);
        assert.deepEqual(parallel.runSync(joinWith, [fn as Task<[number], number>], { on }), [fn(3), fn(4)]);
      }
    }
  });

  it("goes on in a pool that is being closed", { timeout: 60_000 }, async () => {
    const on = threads({ size: 2, name: "closing" });
    await getReady(on, passInJoin);
    const gate = cellsOf(2);
    const run = parallel.run(passInJoin, [gate], { on });
    while (Atomics.load(gate.values, 0) === 0) await turn();
    const closed = on.close();
    Atomics.store(gate.values, 1, 1);
    Atomics.notify(gate.values, 1);
    assert.equal(await run, 3);
    await closed;
    gate.dispose();
  });

  it("does not go on once the scope around it is cancelled", { timeout: 60_000 }, async () => {
    const on = await poolOf(2);
    const cells = cellsOf(1);
    await on.ready(joinForEver);
    await assert.rejects(
      scope(async (s) => {
        const run = parallel.run(joinForEver, [cells], { on }, s);
        while (Atomics.load(cells.values, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
        s.cancel("enough");
        await run;
      }),
      CancelledError,
    );
    const done = cells.values[0];
    await Promise.all([on.run(identical, [1]), on.run(identical, [2])]);
    assert.equal(cells.values[0], done);
    cells.dispose();
  });

  it("says what it expects", () => {
    const wrong: readonly (readonly [unknown, string, RegExp])[] = [
      [[identical], "SKEIN_INVALID_ARGUMENT", /parallel\.join expected a task and its arguments as its second branch/],
      [[identical, 3], "SKEIN_INVALID_ARGUMENT", /as \[fibonacci, \[n - 1\]\]/],
      [undefined, "SKEIN_INVALID_ARGUMENT", /undefined came/],
      [[(x: number) => x, [1]], "SKEIN_NOT_A_TASK", /its second branch/],
      [[asynchronous, [1]], "SKEIN_INVALID_ARGUMENT", /its second branch/],
    ];
    for (const [branch, code, says] of wrong) {
      assert.throws(
        () => parallel.join([identical, [1]], branch as never),
        (error) => error instanceof MisuseError && error.code === code && says.test(error.message),
        String(says),
      );
    }
    assert.throws(() => parallel.join([identical] as never, [identical, [1]]), /as its first branch/);
  });

  it("does each branch once, and hangs nobody, in all orders of its steps", { timeout: 150_000 }, async () => {
    const program = join(ROOT, "build/test/explore/parallel-forks.js");
    const { exitCode, stdout } = await runNode(["--conditions=explore", "--test-reporter=spec", program], {
      limitMs: 120_000,
    });
    assert.equal(exitCode, 0, stdout);
    assert.match(stdout, /pass 11/);
  });
});
