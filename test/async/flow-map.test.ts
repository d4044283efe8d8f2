/** How many items `map` works on, how many it holds, and what becomes of failures. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type AnyTask, type Executor, type RunOptions } from "#skein/async/executor";
import { flow } from "#skein/async/flow/flow";
import { rootScopes } from "#skein/async/scope";
import { sleep, task } from "skein";
import { withVirtualClock } from "skein/testing";
import * as fc from "fast-check";

import { codeOf, failureOf } from "../support/failure.js";
import { TrackedSource } from "../support/tracked-source.js";

const NUMBERS: readonly number[] = Array.from({ length: 30 }, (_, index) => index);

export const half = task(function half(item: number): number {
  if (item === 13) throw new Error("unlucky");
  return item / 2;
});

/** Runs tasks here, and counts. */
class CountingExecutor implements Executor {
  readonly name = "counting";
  running = 0;
  most = 0;
  runs = 0;

  async run<Result>(work: AnyTask, args: readonly unknown[], options: RunOptions): Promise<Result> {
    this.runs++;
    this.running++;
    this.most = Math.max(this.most, this.running);
    options.onStart();
    try {
      await sleep(1, options.cancel);
      return (work as unknown as (...given: readonly unknown[]) => Result)(...args);
    } finally {
      this.running--;
    }
  }
}

describe("map", () => {
  it("works on one item after the other by default, and takes the next when all below are done", async () => {
    const events: string[] = [];
    const source = function* numbers(): Generator<number> {
      for (const item of [1, 2]) {
        events.push(`take ${item}`);
        yield item;
      }
    };
    const items = flow(source).map(async (item) => {
      events.push(`map ${item}`);
      return item;
    });
    for await (const item of items) {
      await Promise.resolve();
      events.push(`use ${item}`);
    }
    assert.deepEqual(events, ["take 1", "map 1", "use 1", "take 2", "map 2", "use 2"]);
  });

  it("runs N at once, holds N + buffer and no more, and reaches both (law 39)", async () => {
    const options = fc.record({
      concurrency: fc.integer({ min: 1, max: 5 }),
      buffer: fc.nat(4),
      ordered: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(options, fc.array(fc.nat(9), { minLength: 30, maxLength: 30 }), async (given, delays) => {
        await withVirtualClock(async () => {
          const source = new TrackedSource("async", NUMBERS);
          const seen = { running: 0, most: 0, delivered: 0, mostHeld: 0 };
          const items = flow(source.open).map(async (item, s) => {
            seen.most = Math.max(seen.most, ++seen.running);
            await sleep(delays[item] as number, s);
            seen.running--;
            return item;
          }, given);
          const results: number[] = [];
          for await (const item of items) {
            seen.delivered++;
            results.push(item);
            // A slow consumer: whatever may be read ahead is.
            await sleep(20);
            seen.mostHeld = Math.max(seen.mostHeld, Math.min(source.pulled, NUMBERS.length) - seen.delivered);
          }
          assert.deepEqual(given.ordered ? results : results.toSorted((a, b) => a - b), NUMBERS);
          const strictly = given.concurrency === 1 && given.buffer === 0;
          assert.ok(seen.most <= given.concurrency);
          if (!strictly) assert.equal(seen.most, given.concurrency);
          assert.equal(seen.mostHeld, strictly ? 0 : given.concurrency + given.buffer);
        });
      }),
      { numRuns: 15 },
    );
  });

  it("emits as finished where the order is open, in order otherwise (law 39)", async () => {
    await withVirtualClock(async () => {
      const slowFirst = (ordered: boolean): Promise<number[]> =>
        flow([30, 10, 20])
          .map(async (item, s) => sleep(item, s).then(() => item), { concurrency: 3, ordered })
          .toArray();
      assert.deepEqual(await slowFirst(true), [30, 10, 20]);
      assert.deepEqual(await slowFirst(false), [10, 20, 30]);
    });
  });

  it("cancels the others at the first failure and waits for them; the first failure wins (law 39)", async () => {
    for (const ordered of [true, false]) {
      await withVirtualClock(async (clock) => {
        const ended: string[] = [];
        const source = new TrackedSource("async", NUMBERS);
        const failing = flow(source.open).map(
          async (item, s) => {
            if (item === 0) {
              await sleep(10, s);
              throw new Error("first");
            }
            try {
              await sleep(50, s);
            } catch (error) {
              await sleep(5);
              ended.push(`${item} ended`);
              throw error;
            }
            throw new Error("second");
          },
          { concurrency: 3, ordered },
        );
        assert.equal(((await failureOf(failing.run())) as Error).message, "first");
        assert.deepEqual(ended, ["1 ended", "2 ended"]);
        assert.equal(clock.nowMs, 15);
        assert.deepEqual([source.pulled, source.closed, rootScopes().size], [3, 1, 0]);
      });
    }
  });

  it("loses no failure: those that come while the first ends the others are told too", async () => {
    const failing = flow([1, 2, 3]).map(
      async (item, s) => {
        try {
          if (item > 1) await sleep(1000, s);
        } catch {}
        throw new Error(`e${item}`);
      },
      { concurrency: 3, ordered: false },
    );
    const error = (await failureOf(failing.run())) as AggregateError;
    assert.deepEqual(
      error.errors.map((one: Error) => one.message),
      ["e1", "e2", "e3"],
    );
  });

  it("passes a failure below on as it is, from inside a stage that runs several at once", async () => {
    const broken = new Error("below");
    const failing = flow([1, 2, 3])
      .map(async (item) => item, { concurrency: 2 })
      .map(async (item) => item, { concurrency: 2, ordered: false })
      .forEach((item) => {
        if (item === 2) throw broken;
      });
    assert.equal(await failureOf(failing), broken);
  });

  it("hands generators on as results, however many run at once", async () => {
    function* twice(item: number): Generator<number> {
      yield item;
      yield item;
    }
    for (const concurrency of [1, 2]) {
      const generators = flow([1, 2]).map((item) => twice(item), { concurrency });
      assert.deepEqual(await generators.flatMap((generator) => generator).toArray(), [1, 1, 2, 2]);
    }
  });
});

describe("map with on", () => {
  it("runs a task for each item on the executor, as many at once as it is told (law 39)", async () => {
    const executor = new CountingExecutor();
    const halves = flow([2, 4, 6, 8, 10]).map(half, { on: executor, concurrency: 2 });
    assert.deepEqual(await halves.toArray(), [1, 2, 3, 4, 5]);
    assert.deepEqual([executor.runs, executor.most, executor.running], [5, 2, 0]);
  });

  it("passes a task's failure on and stops the others", async () => {
    const executor = new CountingExecutor();
    const halves = flow(NUMBERS).map(half, { on: executor, concurrency: 4, ordered: false });
    assert.equal(((await failureOf(halves.run())) as Error).message, "unlucky");
    assert.equal(executor.running, 0);
  });

  it("tries a task again by the schedule", async () => {
    const executor = new CountingExecutor();
    const retried = flow([12, 13, 14]).map(half, { on: executor, retry: { delays: () => [1, 1] } });
    assert.equal(((await failureOf(retried.run())) as Error).message, "unlucky");
    assert.equal(executor.runs, 4);
  });
});

describe("retry", () => {
  it("as an option of map works on the item again, and leaves the others alone", async () => {
    await withVirtualClock(async (clock) => {
      const attempts = new Map<number, number>();
      const items = flow([1, 2, 3]).map(
        async (item) => {
          const attempt = (attempts.get(item) ?? 0) + 1;
          attempts.set(item, attempt);
          if (item === 2 && attempt < 3) throw new Error(`attempt ${attempt}`);
          return item;
        },
        { retry: { delays: () => [10, 100, 1000] } },
      );
      assert.deepEqual(await items.toArray(), [1, 2, 3]);
      assert.deepEqual(
        [...attempts],
        [
          [1, 1],
          [2, 3],
          [3, 1],
        ],
      );
      assert.equal(clock.nowMs, 110);
    });
  });

  it("as a stage reads its source again, whose items may come again", async () => {
    await withVirtualClock(async (clock) => {
      let readings = 0;
      const source = async function* flaky(): AsyncGenerator<number> {
        readings++;
        yield 1;
        if (readings < 3) throw new Error(`reading ${readings}`);
        yield 2;
      };
      assert.deepEqual(
        await flow(source)
          .retry({ delays: () => [5, 5] })
          .toArray(),
        [1, 1, 1, 2],
      );
      assert.equal(clock.nowMs, 10);
    });
  });

  it("ends with the last failure when the schedule has no more delays, and closes the schedule", async () => {
    let closed = 0;
    const schedule = {
      *delays(): Generator<number> {
        try {
          yield 0;
          yield 0;
        } finally {
          closed++;
        }
      },
    };
    const source = new TrackedSource("async", [1], 0);
    assert.equal(((await failureOf(flow(source.open).retry(schedule).run())) as Error).message, "item 0 failed");
    assert.deepEqual([source.opened, closed], [3, 1]);
    const failsOnce = flow(() => new TrackedSource("sync", [1], source.opened++ === 3 ? 0 : -1).open() as number[]);
    assert.deepEqual(await failsOnce.retry(schedule).toArray(), [1]);
    assert.equal(closed, 2);
  });

  it("tries nothing again for a failure below, nor for misuse", async () => {
    const source = new TrackedSource("sync", [1, 2]);
    const below = flow(source.open)
      .retry({ delays: () => [0, 0, 0] })
      .map(async () => {
        throw new Error("below");
      });
    assert.equal(((await failureOf(below.run())) as Error).message, "below");
    assert.deepEqual([source.opened, source.closed], [1, 1]);
    let calls = 0;
    const misused = flow(() => {
      calls++;
      return 42 as never;
    }).retry({ delays: () => [0, 0] });
    assert.equal(await codeOf(() => misused.run()), "SKEIN_INVALID_ARGUMENT");
    assert.equal(calls, 1);
  });

  it("is cancelled while it waits for the next attempt", async () => {
    const controller = new AbortController();
    const source = new TrackedSource("sync", [1], 0);
    const run = flow(source.open)
      .retry({ delays: () => [Infinity] })
      .run(controller.signal);
    const code = codeOf(() => run);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    controller.abort();
    assert.equal(await code, "SKEIN_CANCELLED");
    assert.equal(source.opened, 1);
  });
});
