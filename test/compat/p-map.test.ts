import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, it } from "node:test";

import { scope, sleep } from "skein";
import { pMap, pMapSkip } from "skein/compat";
import { withVirtualClock } from "skein/testing";
import * as fc from "fast-check";

import { codeOf, failureOf } from "../support/failure.js";
import { settled } from "../support/model-run.js";
import { SOURCE_KINDS, TrackedSource } from "../support/tracked-source.js";

describe("pMap", () => {
  it("gives the results in the order of the items, without those skipped", () =>
    withVirtualClock(async () => {
      const items = [30, Promise.resolve(20), 10, 0];
      const mapped = await pMap(
        items,
        async (ms, index) => {
          await sleep(ms);
          return ms === 10 ? pMapSkip : `${index}: ${ms}`;
        },
        { concurrency: 2 },
      );
      assert.deepEqual(mapped, ["0: 30", "1: 20", "3: 0"]);
    }));

  for (const kind of SOURCE_KINDS.filter((other) => other !== "silent")) {
    it(`reads a source of the kind "${kind}" no further than it can map, and to its end (law 39)`, () =>
      withVirtualClock(async () => {
        const source = new TrackedSource(kind, [1, 2, 3, 4, 5, 6, 7]);
        let running = 0;
        let ended = 0;
        const mapped = await pMap(
          source.open(),
          async (item) => {
            assert.ok(++running <= 3);
            assert.ok(source.pulled <= ended + 3, `${source.pulled} read, ${ended} mapped`);
            await sleep(item % 3);
            running--;
            ended++;
            return item * 2;
          },
          { concurrency: 3 },
        );
        assert.deepEqual(mapped, [2, 4, 6, 8, 10, 12, 14]);
        assert.equal(source.unclosed, 0);
      }));

    it(`closes a source of the kind "${kind}" once, before it rejects (law 38)`, () =>
      withVirtualClock(async () => {
        const source = new TrackedSource(kind, [1, 2, 3, 4, 5, 6, 7]);
        const error = new Error("mapper");
        const mapping = pMap(
          source.open(),
          async (item) => {
            await sleep(item);
            if (item === 3) throw error;
          },
          { concurrency: 2 },
        );
        assert.equal(await failureOf(mapping), error);
        assert.equal(source.unclosed, 0);
      }));
  }

  it("asks a source to close although its next() never answers (law 38)", () =>
    withVirtualClock(async () => {
      const source = new TrackedSource("silent", [1]);
      const controller = new AbortController();
      const mapping = pMap(source.open(), async (item) => item, { signal: controller.signal });
      await settled();
      controller.abort();
      await failureOf(mapping);
      assert.equal(source.closed, 1);
    }));

  it("rejects with the first failure, when no mapper runs any more (laws 1 and 39)", () =>
    withVirtualClock(async (clock) => {
      const started: number[] = [];
      const mapping = pMap(
        [30, 10, 20, 5],
        async (ms) => {
          started.push(ms);
          await sleep(ms);
          if (ms === 10) throw new Error(`failed at ${ms}`);
        },
        { concurrency: 2 },
      );
      assert.match(String(await failureOf(mapping)), /failed at 10/);
      assert.equal(clock.nowMs, 30);
      assert.deepEqual(started, [30, 10]);
    }));

  it("does not lose patience with a mapper that runs on for an hour (law 16)", () =>
    withVirtualClock(async (clock) => {
      const error = new Error("at once");
      const mapping = pMap([1, 0], async (hours) => {
        if (hours === 0) throw error;
        await sleep(hours * 3_600_000);
      });
      assert.equal(await failureOf(mapping), error);
      assert.equal(clock.nowMs, 3_600_000);
    }));

  it("collects all failures in the order of the items, if they stop nothing", () =>
    withVirtualClock(async () => {
      const started: number[] = [];
      const failure = await failureOf(
        pMap(
          [30, 10, 20],
          async (ms) => {
            started.push(ms);
            await sleep(ms);
            if (ms > 10) throw new Error(`failed at ${ms}`);
          },
          { stopOnError: false },
        ),
      );
      assert.ok(failure instanceof AggregateError);
      assert.deepEqual(failure.errors.map(String), ["Error: failed at 30", "Error: failed at 20"]);
      assert.deepEqual(started, [30, 10, 20]);
    }));

  it("rejects with the failure of the source, and of a promise in it", async () => {
    const error = new Error("source");
    assert.equal(
      await failureOf(pMap(new TrackedSource("sync", [1, 2], 1).open(), (item) => item)).then(String),
      "Error: item 1 failed",
    );
    assert.equal(await failureOf(pMap([1, Promise.reject(error)], (item) => item)), error);
  });

  it("rejects with the signal's reason; mappers that wait never start", async () => {
    const controller = new AbortController();
    const started: number[] = [];
    const mapping = pMap(
      [1, 2, 3],
      async (item) => {
        started.push(item);
        await settled();
      },
      { concurrency: 1, signal: controller.signal },
    );
    await Promise.resolve();
    controller.abort("enough");
    assert.equal(await failureOf(mapping), "enough");
    assert.ok(started.length <= 1);
    assert.equal(await failureOf(pMap([1], (item) => item, { signal: controller.signal })), "enough");
  });

  it("passes an outer scope's cancellation on as that scope's", async () => {
    const outer = scope(async (s) => {
      const mapping = pMap([1], () => sleep(Infinity, s), { signal: s.signal });
      s.cancel("outer");
      await mapping;
    });
    await assert.rejects(outer, { code: "SKEIN_CANCELLED", reason: "outer" });
  });

  it("maps in the async context of the call (law 37)", async () => {
    const context = new AsyncLocalStorage<string>();
    const contexts = await context.run("caller", () =>
      pMap([1, 2, 3], async () => context.getStore(), { concurrency: 1 }),
    );
    assert.deepEqual(contexts, ["caller", "caller", "caller"]);
  });

  it("agrees with Promise.all for any items and any concurrency", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ ms: fc.nat({ max: 3 }), fails: fc.boolean() })),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom("sync", "async generator", "timed"),
        (items, concurrency, kind) =>
          withVirtualClock(async () => {
            let running = 0;
            const mapper = async ({ ms, fails }: (typeof items)[number], index: number): Promise<number> => {
              assert.ok(++running <= concurrency);
              try {
                await sleep(ms);
                if (fails) throw new Error(String(index));
                return index;
              } finally {
                running--;
              }
            };
            const options = { concurrency, stopOnError: false };
            const source = new TrackedSource(kind, items);
            const real = await Promise.allSettled([pMap(source.open(), mapper, options)]);
            assert.equal(running, 0);
            assert.equal(source.unclosed, 0);
            const failed = items.flatMap(({ fails }, index) => (fails ? [String(index)] : []));
            const [outcome] = real;
            if (outcome.status === "fulfilled") assert.deepEqual(outcome.value, [...items.keys()]);
            else
              assert.deepEqual(
                (outcome.reason as AggregateError).errors.map((error: Error) => error.message),
                failed,
              );
            assert.equal(outcome.status === "fulfilled", failed.length === 0);
          }),
      ),
      { numRuns: 60 },
    ));
});

describe("misuse of pMap", () => {
  const wrong = [
    ["no iterable", () => pMap(5 as never, (item) => item)],
    ["null as the iterable", () => pMap(null as never, (item) => item)],
    ["no mapper", () => pMap([1], undefined as never)],
    ["a concurrency of 0", () => pMap([1], (item) => item, { concurrency: 0 })],
    ["a concurrency of 1.5", () => pMap([1], (item) => item, { concurrency: 1.5 })],
  ] as const;
  for (const [what, call] of wrong) {
    it(`is ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});
