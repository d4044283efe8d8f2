/** Lists of calls as one job: in a pool, and on its threads. */
import assert from "node:assert/strict";
import { after, describe, it } from "node:test";

import { CancelledError, scope, threads } from "skein";
import { flow, mapConcurrent } from "skein/async";
import type { ListResult } from "#skein/async/executor";
import { callWithEach, taskOfLists } from "#skein/threads/lists";

import { failureOf } from "../support/failure.js";
import * as lists from "./fixtures/list-tasks.js";
import type { RefusedError } from "./fixtures/tasks.js";

const on = threads({ size: 2, name: "lists" });
after(() => on.close());

const ITEMS = Array.from({ length: 3000 }, (_, index) => index);
const NEGATED = ITEMS.map((item) => -item);

/** Settles when the first call has begun. */
async function firstCallOf(cells: Int32Array<SharedArrayBuffer>): Promise<void> {
  const atomics = Atomics as unknown as {
    waitAsync(cells: Int32Array, index: number, value: number): { value: unknown };
  };
  await atomics.waitAsync(cells, 1, 0).value;
}

describe("a map on a pool", () => {
  it("runs short calls many a job, and gives what a map here gives", async () => {
    const before = on.statistics().settled;
    assert.deepEqual(await mapConcurrent(ITEMS, lists.negate, { on, concurrency: 512 }), NEGATED);
    const jobs = on.statistics().settled - before;
    assert.ok(jobs < ITEMS.length / 4, `${jobs} jobs`);
    assert.ok((on.statistics().tasks["negate, lists"]?.count ?? 0) > 0, "statistics tell them apart");
  });

  it("does so for tasks in steps, asynchronous ones, and ones with shapes", async () => {
    for (const task of [lists.negateInSteps, lists.negateLater]) {
      const items = ITEMS.filter((item) => item !== 13);
      const negated = items.map((item) => -item);
      assert.deepEqual(
        await mapConcurrent(items, task as unknown as typeof lists.negate, { on, concurrency: 64 }),
        negated,
      );
    }
    const points = ITEMS.map((item) => ({ x: 3 * item, y: 4 * item }));
    const lengths = await mapConcurrent(points, lists.lengthOf, { on, concurrency: 64 });
    assert.deepEqual(
      lengths,
      ITEMS.map((item) => 5 * item),
    );
    assert.deepEqual(await mapConcurrent([1, undefined, 2], lists.maybe, { on, concurrency: 16 }), [1, -1, 2]);
    assert.deepEqual(await mapConcurrent([[1, 2], [3]], lists.sum, { on, concurrency: 8 }), [3, 3]);
  });

  it("refuses a value that does not fit its shape, with its place in the list", async () => {
    const points = [...Array.from({ length: 100 }, () => ({ x: 1, y: 1 })), { x: "1", y: 1 } as never];
    const error = await failureOf(mapConcurrent(points, lists.lengthOf, { on, concurrency: 64 }));
    assert.match((error as Error).message, /args\[0\](\[\d+\])?\.x is the string "1"/);
  });

  it("passes a call's own error on", async () => {
    const error = await failureOf(mapConcurrent(ITEMS, lists.negateLater, { on, concurrency: 64 }));
    assert.equal((error as Error).message, "unlucky");
    assert.equal((error as Partial<RefusedError>).attempts, 13);
  });

  it("goes on with the rest elsewhere while one call of a list takes long", async () => {
    const cells = new Int32Array(new SharedArrayBuffer(8));
    const items = Array.from({ length: 400 }, (_, index) => [index === 200 ? 1 : 0, cells] as const);
    let done = 0;
    await flow(items)
      .map(lists.spinOnOne, { on, concurrency: 512, ordered: false })
      .forEach(() => {
        // The long one ends once nearly all others have; held up by it, these never would.
        if (++done === 300) Atomics.store(cells, 0, 1);
      });
    assert.equal(done, 400);
  });

  it("ends a list between two calls when its scope is cancelled", async () => {
    const cells = new Int32Array(new SharedArrayBuffer(8));
    const ofLists = taskOfLists(lists.spinOnOne);
    assert.ok(ofLists !== undefined);
    const error = await failureOf(
      scope(async (s) => {
        const job = s.spawn(ofLists, [[[1, cells], ...Array.from({ length: 50 }, () => [0, cells])]], { on });
        await firstCallOf(cells);
        s.cancel();
        Atomics.store(cells, 0, 1);
        await job;
      }),
    );
    assert.ok(error instanceof CancelledError);
    assert.equal(Atomics.load(cells, 1), 1, "no further call was made");
  });
});

describe("taskOfLists", () => {
  it("has none for tasks that take their scope, and for what is none", () => {
    assert.equal(taskOfLists(lists.scoped), undefined);
    assert.equal(taskOfLists((() => 1) as never), undefined);
    const ofLists = taskOfLists(lists.negate);
    assert.ok(ofLists !== undefined);
    assert.equal(taskOfLists(ofLists), undefined, "nor for lists");
    assert.deepEqual((ofLists([1, 2]) as ListResult).values, [-1, -2]);
  });
});

describe("callWithEach", () => {
  const never = (): void => undefined;

  it("makes no further call after one that failed, and waits for those under way", async () => {
    const events: string[] = [];
    const call = async (item: unknown): Promise<unknown> => {
      events.push(`begin ${String(item)}`);
      if (item === 2) throw new Error("two");
      await Promise.resolve();
      await Promise.resolve();
      events.push(`end ${String(item)}`);
      return item;
    };
    const syncly = (item: unknown): unknown => {
      if (item === 3) throw new Error("three");
      return call(item);
    };
    const error = await failureOf(callWithEach(syncly, [1, 3, 4], never) as Promise<unknown>);
    assert.equal((error as Error).message, "three");
    assert.deepEqual(events, ["begin 1", "end 1"]);
    const other = await failureOf(callWithEach(syncly, [1, 2, 3], never) as Promise<unknown>);
    assert.equal((other as Error).message, "two", "the one that came first, not the first in the list");
  });

  it("throws at once what the first call throws", () => {
    const call = (): never => {
      throw new Error("first");
    };
    assert.throws(() => callWithEach(call, [1, 2], never), { message: "first" });
  });

  it("gives the list back once its time is over, but never without a result", () => {
    const same = (item: unknown): unknown => item;
    const given = (items: readonly unknown[], mostMs: number): unknown[] =>
      (callWithEach(same, items, never, mostMs) as ListResult).values;
    assert.deepEqual(given([1, 2, 3], -1), [1]);
    assert.deepEqual(given([1, 2, 3], Infinity), [1, 2, 3]);
    assert.deepEqual(given([], -1), []);
  });

  it("stops where the checkpoint says so", () => {
    let calls = 0;
    const checkpoint = (): void => {
      if (calls === 2) throw new CancelledError("stop");
    };
    assert.throws(() => callWithEach(() => calls++, [1, 2, 3, 4], checkpoint), CancelledError);
    assert.equal(calls, 2);
  });
});
