import assert from "node:assert/strict";
import { blockItemsOf } from "#skein/parallel/blocks";
import { threadIndex } from "#skein/core/thread";
import { describe, it } from "node:test";

import { type Explanation, parallel } from "skein/parallel";
import { type ThreadPool, threads } from "skein";
import { SharedArray } from "skein/shared";

import { exitThread, visit, visitor, waitForEntered, openGate } from "./fixtures/fault-tasks.js";
import { add, identical, square, whereabouts } from "./fixtures/tasks.js";
import { everywhere, onlyHere, onlyOnMain } from "./fixtures/undeclared.js";
import { importAll, letOthersWork, poolOf, withSeams } from "./settings.js";

const numbers = Float64Array.from({ length: 3000 }, (_, i) => i);
const SHARED_OUT = { itemsBefore: 0 };
const HELD_BACK = { itemsBefore: 0, beforeOwnPart: letOthersWork };

async function explained(call: () => unknown): Promise<Explanation> {
  const { calls } = await parallel.explain(call);
  return calls[0] ?? assert.fail("nothing was told");
}

/**
 * Whether another thread did any part. Not whether this one did too: it is held back when it has taken a
 * part, and if it is slow to take one others may have done them all.
 */
function wasHelped({ participants }: Explanation): boolean {
  return participants.some(({ thread, parts }) => thread !== threadIndex && parts > 0);
}

describe("a pool whose threads lack a call's module", () => {
  it("is not waited for by a blocking call, and has it when the event loop has turned", async () => {
    const on = threads({ size: 2, name: "fresh" });
    await withSeams(SHARED_OUT, async () => {
      const alone = await explained(() => {
        assert.deepEqual(parallel.mapSync(numbers, identical, { on }), numbers);
      });
      assert.equal(alone.place, "here");
      assert.match(alone.why, /threads have yet to start, or to import something/);
    });
    await importAll(on);
    const together = await withSeams(HELD_BACK, async () =>
      explained(() => parallel.mapSync(numbers, identical, { on })),
    );
    assert.equal(together.place, "threads");
    assert.ok(wasHelped(together), JSON.stringify(together));
    await on.close();
  });

  it("is made to import it by a call that is awaited, which goes on meanwhile", async () => {
    const on = threads({ size: 1, name: "fresh" });
    await withSeams(SHARED_OUT, async () => {
      assert.deepEqual(await parallel.map(numbers, identical, { on }), numbers);
    });
    await on.ready(identical);
    await on.close();
  });
});

describe("a pool whose threads were replaced", () => {
  it("is given the module again when one of them turns out to lack it", async () => {
    const on = threads({ size: 1, name: "replaced" });
    await importAll(on);
    const gate = new SharedArray({ type: "int32", length: 4 });
    await withSeams(SHARED_OUT, async () =>
      assert.rejects(parallel.for(0, 100, exitThread, { on, args: [gate] }), { code: "SKEIN_WORKER_LOST" }),
    );
    // The next thread knows neither function, and whoever calls believes that it does.
    let last: Explanation;
    do last = await withSeams(SHARED_OUT, async () => explained(async () => parallel.map(numbers, square, { on })));
    while (!wasHelped(last));
    gate.dispose();
    await on.close();
  });
});

describe("a pool whose queue is limited", () => {
  it("has room for jobs right after a call, whose helpers take none", async () => {
    const on = threads({ size: 1, maxQueue: 0, name: "limited" });
    await importAll(on);
    for (let round = 0; round < 20; round++) {
      await withSeams(HELD_BACK, async () => parallel.map(numbers, identical, { on }));
      assert.equal(await on.run(identical, [round]), round);
    }
    await on.close();
  });
});

describe("a pool that is closed", () => {
  it("fails calls that would share out to it, but not those that need nobody", async () => {
    const on = threads({ size: 2, name: "closed" });
    await on.close();
    assert.deepEqual(await parallel.map([1, 2], identical, { on }), [1, 2]);
    assert.deepEqual(parallel.mapSync(numbers, identical, { on }), numbers);
  });

  it("while a call runs on it lets that end first", async () => {
    const on: ThreadPool = threads({ size: 1, name: "closing" });
    await importAll(on);
    const gate = new SharedArray({ type: "int32", length: 4 });
    let closed: Promise<void> | undefined;
    visitor.visit = () => {
      visitor.visit = undefined;
      waitForEntered(gate, 1);
      closed = on.close();
      openGate(gate);
    };
    await withSeams(SHARED_OUT, async () => parallel.for(0, 200, visit, { on, args: [gate] }));
    await closed;
    assert.deepEqual([...gate.values], [gate.values[0], 1, 200, 200]);
    gate.dispose();
  });
});

describe("tasks that other threads don't find", () => {
  for (const isSync of [false, true]) {
    it(`fail the call, by a message that names them: ${isSync ? "blocking" : "awaited"}`, async () => {
      const on = await poolOf(1);
      await withSeams(SHARED_OUT, async () => parallel.map([1, 2], everywhere, { on }));
      await on.ready(everywhere);
      const wrong = [
        [
          onlyHere,
          "SKEIN_TASK_INSIDE_FUNCTION",
          /"onlyHere" is declared inside the function declareInside .* at the top level/,
        ],
        [onlyOnMain, "SKEIN_TASK_NOT_FOUND", /"onlyOnMain": there it declares "everywhere"\. Declare/],
      ] as const;
      for (const [fn = assert.fail(), code, message] of wrong) {
        const call = async (): Promise<unknown> =>
          isSync ? parallel.mapSync(numbers, fn, { on }) : parallel.map(numbers, fn, { on });
        await withSeams(HELD_BACK, async () => assert.rejects(call, { code, message }));
      }
    });
  }
});

describe("calls beside each other", () => {
  it("on one pool give each its own result", async () => {
    const on = await poolOf(3);
    await withSeams(SHARED_OUT, async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, async (_, i) =>
          i % 2 === 0
            ? parallel.reduce(numbers, { identity: i, combine: add }, { on })
            : parallel.map(numbers, square, { on }),
        ),
      );
      for (const [i, result] of results.entries()) {
        if (i % 2 === 1)
          assert.deepEqual(
            result,
            numbers.map((x) => x * x - 7),
          );
        // Each half of a block begins with the identity, and so do all of them together.
        else assert.equal(result, 4_498_500 + i * (1 + 2 * Math.ceil(3000 / blockItemsOf(3000))));
      }
    });
  });

  it("are awaited and block in turn, and jobs of the pool run between them", async () => {
    const on = await poolOf(2);
    await withSeams(SHARED_OUT, async () => {
      const awaited = parallel.map(numbers, identical, { on });
      const jobs = [on.run(whereabouts, []), on.run(whereabouts, [])];
      assert.deepEqual(parallel.mapSync(numbers, identical, { on }), numbers);
      assert.deepEqual(await awaited, numbers);
      await Promise.all(jobs);
    });
  });
});
