import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";

import { CancelledError, scope, threads, TimeoutError, type ThreadPool } from "skein";
import { parallel } from "skein/parallel";
import { liveSharedObjects, SharedArray } from "skein/shared";

import {
  CALLS,
  type Cells,
  ENTERED,
  neverEnd,
  neverEndLong,
  openGate,
  refuseIndex,
  refuseItem,
  refuseOrder,
  refuseSecond,
  RETURNS,
  visit,
  visitor,
  waitForEntered,
} from "./fixtures/fault-tasks.js";
import { add, identical } from "./fixtures/tasks.js";
import { importAll, poolOf, withSeams } from "./settings.js";

const ITEMS = 1000;

afterEach(() => {
  visitor.visit = undefined;
});

interface Visited {
  readonly failure: unknown;
  readonly calls: number;
  readonly returns: number;
  /** Items of a part, and how many threads help. */
  readonly partItems: number;
  readonly helpers: number;
}

/**
 * A call whose helpers wait in their first callbacks; the caller comes, does `onVisit` in its
 * first one, and lets them go on. So nobody has begun a second part by then.
 */
async function visited(
  helpers: number,
  onVisit: () => void,
  call: (on: ThreadPool, gate: Cells) => Promise<unknown>,
): Promise<Visited> {
  const on = await poolOf(helpers);
  const gate = new SharedArray({ type: "int32", length: 4 });
  visitor.visit = () => {
    visitor.visit = undefined;
    waitForEntered(gate, helpers);
    onVisit();
    openGate(gate);
  };
  const failure = await withSeams({ itemsBefore: 0 }, async () => call(on, gate)).then(
    () => undefined,
    (error: unknown) => error,
  );
  const [calls, returns] = [gate.values[CALLS] as number, gate.values[RETURNS] as number];
  gate.dispose();
  return { failure, calls, returns, partItems: Math.ceil(ITEMS / (4 * (helpers + 1))), helpers };
}

/** Each participant was in its first part, and ended that: nothing was begun, and nothing goes on. */
function requireStopped({ calls, returns, partItems, helpers }: Visited): void {
  assert.equal(calls, returns);
  assert.equal(calls, partItems * (helpers + 1));
}

describe("a call that is cancelled", () => {
  for (const helpers of [1, 3]) {
    it(`by a signal begins no part any more, and ends when ${helpers + 1} threads have ended theirs`, async () => {
      const controller = new AbortController();
      const outcome = await visited(
        helpers,
        () => controller.abort(new Error("enough")),
        async (on, gate) => parallel.for(0, ITEMS, visit, { on, args: [gate] }, controller.signal),
      );
      assert.ok(outcome.failure instanceof CancelledError, String(outcome.failure));
      assert.match(outcome.failure.message, /enough/);
      requireStopped(outcome);
    });

    it(`by its scope does the same on ${helpers + 1} threads`, async () => {
      let cancel = (): void => assert.fail("no scope yet");
      const outcome = await visited(
        helpers,
        () => cancel(),
        async (on, gate) =>
          scope(async (s) => {
            cancel = () => s.cancel("enough");
            await parallel.for(0, ITEMS, visit, { on, args: [gate] }, s);
          }),
      );
      assert.ok(outcome.failure instanceof CancelledError, String(outcome.failure));
      requireStopped(outcome);
    });
  }

  it("before it began calls nothing, whatever the algorithm, and however small its input", async () => {
    const controller = new AbortController();
    controller.abort(new Error("enough"));
    const { signal } = controller;
    const long = new Float64Array(20_000);
    const shared = SharedArray.from("float64", [1, 2]);
    for (const numbers of [[], [1], long, shared]) {
      const calls = [
        async () => parallel.for(0, numbers.length, identical, {}, signal),
        async () => parallel.map(numbers, identical, {}, signal),
        async () => parallel.tabulate(numbers.length, identical, {}, signal),
        async () => parallel.reduce(numbers, { identity: 0, combine: add }, {}, signal),
        async () => parallel.scan(numbers, { identity: 0, combine: add }, {}, signal),
        async () => parallel.filter(numbers, identical, {}, signal),
        async () => parallel.find(numbers, identical, {}, signal),
        async () => parallel.sum(numbers, {}, signal),
        async () => parallel.dot(numbers, numbers, {}, signal),
        async () => parallel.minMax(numbers, {}, signal),
        async () => parallel.histogram(numbers, { bins: 2, low: 0, high: 1 }, signal),
        async () => parallel.sort(numbers, {}, signal),
        async () => parallel.argsort(numbers, {}, signal),
        async () => parallel.groupBy(numbers, {}, signal),
        async () => parallel.groupBy(numbers, { key: identical }, signal),
        async () => parallel.flatten([numbers], {}, signal),
      ];
      for (const call of calls) {
        const live = liveSharedObjects().length;
        await assert.rejects(call, CancelledError, String(call));
        assert.equal(liveSharedObjects().length, live, `${String(call)} leaves something behind`);
      }
    }
  });

  it("by code of the program that runs while it is shared out is that, at once", { timeout: 30_000 }, async () => {
    const on = await poolOf(1);
    const controller = new AbortController();
    const args = [
      {
        get value() {
          controller.abort(new Error("enough"));
          return 1;
        },
      },
    ];
    const numbers = Float64Array.from({ length: 100 }, (_, i) => i);
    await withSeams({ itemsBefore: 0 }, async () =>
      assert.rejects(parallel.map(numbers, identical as never, { on, args }, controller.signal), CancelledError),
    );
  });

  it("by a deadline fails with that", async () => {
    const on = await poolOf(1);
    await withSeams({ itemsBefore: 0 }, async () =>
      assert.rejects(
        scope(async (s) => parallel.map([1, 2, 3], identical, { on }, s), { timeoutMs: 0 }),
        TimeoutError,
      ),
    );
  });

  for (const [how, ownMs] of [
    ["", 0],
    [", though the caller's own part takes longer than that", 100],
  ] as const) {
    it(`stops a thread whose callback does not end in the grace time${how}`, { timeout: 60_000 }, async () => {
      const on = threads({ size: 1, name: "stuck" });
      await importAll(on);
      await on.ready(neverEnd);
      const gate = new SharedArray({ type: "int32", length: 4 });
      const call = async (): Promise<unknown> =>
        scope(
          async (s) => {
            visitor.visit = () => {
              visitor.visit = undefined;
              s.cancel("enough");
              const untilMs = performance.now() + ownMs;
              while (performance.now() < untilMs);
            };
            await parallel.for(0, ITEMS, neverEnd, { on, args: [gate] }, s);
          },
          { graceMs: 20 },
        );
      await withSeams({ itemsBefore: 0 }, async () => assert.rejects(call, CancelledError));
      gate.dispose();
      // The pool goes on, with another thread.
      assert.equal(await on.run(identical, [7]), 7);
      assert.deepEqual([on.statistics().alive, on.statistics().lost], [1, 1]);
      await on.close();
    });
  }

  it("stops such a thread also where it does the parts alone", { timeout: 60_000 }, async () => {
    const on = threads({ size: 1, name: "stuck" });
    await importAll(on);
    await on.ready(neverEndLong);
    const gate = new SharedArray({ type: "int32", length: 4 });
    const call = async (): Promise<unknown> =>
      scope(
        async (s) => {
          const called = parallel.for(0, 100, neverEndLong, { on, args: [gate] }, s);
          while (Atomics.load(gate.values, ENTERED) === 0) await new Promise((resolve) => setImmediate(resolve));
          s.cancel("enough");
          await called;
        },
        { graceMs: 20 },
      );
    await assert.rejects(call, CancelledError);
    gate.dispose();
    assert.equal(await on.run(identical, [7]), 7);
    assert.equal(on.statistics().lost, 1);
    await on.close();
  });

  it("leaves others alone that use the same pool", async () => {
    const controller = new AbortController();
    const on = await poolOf(2);
    const numbers = Float64Array.from({ length: 2000 }, (_, i) => i);
    let other: Promise<unknown> | undefined;
    const outcome = await visited(
      2,
      () => {
        other = parallel.map(numbers, identical, { on });
        controller.abort();
      },
      async (_, gate) => parallel.for(0, ITEMS, visit, { on, args: [gate] }, controller.signal),
    );
    requireStopped(outcome);
    assert.deepEqual(await other, numbers);
  });
});

/** What lives but for what the library keeps for the next call. */
const left = (): number => liveSharedObjects().filter(({ name }) => name !== "kernels" && name !== "parts").length;

describe("calls that are over", () => {
  const numbers = Float64Array.from({ length: 40_000 }, (_, i) => (i * 7919) % 1000);
  const sum = { identity: 0, combine: add };

  it("leave nothing shared behind", async () => {
    const on = await poolOf(2);
    const all = async (): Promise<void> => {
      await parallel.map(numbers, identical, { on });
      await parallel.filter([...numbers], identical, { on });
      await parallel.scan(numbers, sum, { on });
      await parallel.reduce(numbers, sum, { on });
      await parallel.find(numbers, identical, { on });
      await parallel.sum(numbers, { on });
      await parallel.dot(numbers, [...numbers], { on });
      await parallel.minMax(numbers, { on });
      await parallel.histogram(numbers, { on, bins: 4, low: 0, high: 1 });
      await parallel.sort(numbers, { on });
      await parallel.argsort(numbers, { on });
      await parallel.groupBy(numbers, { on, key: identical });
      await parallel.flatten([numbers, numbers], { on });
    };
    await withSeams({ itemsBefore: 8 }, async () => {
      // But for what a thread keeps for its next call, once it has helped with one of kernels.
      await all();
      const live = left();
      await all();
      assert.equal(left(), live);
    });
  });

  it("that failed leave no result behind either", async () => {
    const on = await poolOf(2);
    const shared = SharedArray.from("float64", numbers);
    shared.values[30_000] = -1;
    const refused = { identity: 0, combine: refuseSecond };
    const calls: readonly (() => Promise<unknown>)[] = [
      async () => parallel.map(shared, refuseItem, { on }),
      async () => parallel.filter(shared, refuseItem, { on }),
      async () => parallel.tabulate(40_000, refuseIndex, { on }),
      async () => parallel.scan(shared, refused, { on }),
      async () => parallel.reduce(shared, refused, { on }),
      async () => parallel.sort(shared, { on, compare: refuseOrder }),
      async () => parallel.argsort(shared, { on, compare: refuseOrder }),
      async () => parallel.groupBy(shared, { on, key: refuseItem }),
      async () => parallel.mapSync(shared, refuseItem, { on }),
      async () => parallel.filterSync(shared, refuseItem, { on }),
      async () => parallel.tabulateSync(40_000, refuseIndex, { on }),
      async () => parallel.scanSync(shared, refused, { on }),
      async () => parallel.sortSync(shared, { on, compare: refuseOrder }),
      async () => parallel.argsortSync(shared, { on, compare: refuseOrder }),
      async () => parallel.groupBySync(shared, { on, key: refuseItem }),
    ];
    await withSeams({ itemsBefore: 8 }, async () => {
      for (const call of calls) {
        const live = left();
        await assert.rejects(call);
        assert.equal(left(), live, String(call));
      }
    });
  });
});
