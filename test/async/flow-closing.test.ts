/** What is left of a flow's consumption when it has ended, however it ended: nothing. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { cancelNodeOf } from "#skein/async/cancel";
import { flow, type Flow } from "#skein/async/flow/flow";
import { rootScopes } from "#skein/async/scope";
import { CancelledError, channel, scope, sleep, StuckError } from "skein";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { SOURCE_KINDS, TrackedSource } from "../support/tracked-source.js";

const FOREVER: readonly number[] = Array.from({ length: 10_000 }, (_, index) => index);

describe("leaving a flow", () => {
  for (const kind of SOURCE_KINDS) {
    if (kind === "no return") continue;
    it(`by break closes a source of the kind "${kind}" once (law 38)`, async () => {
      await withVirtualClock(async (clock) => {
        const source = new TrackedSource(kind, FOREVER);
        for await (const item of flow(source.open).map(async (number) => number, { concurrency: 3 })) {
          if (item === 4) break;
        }
        assert.deepEqual([source.opened, source.closed, source.ended], [1, 1, 0]);
        await clock.advance(0);
        assert.deepEqual([rootScopes().size, clock.pendingAlarms], [0, 0]);
      });
    });

    it(`by throw closes a source of the kind "${kind}" once (law 38)`, async () => {
      await withVirtualClock(async () => {
        const source = new TrackedSource(kind, FOREVER);
        const consumed = async (): Promise<void> => {
          for await (const item of flow(source.open)) if (item === 4) throw new Error("enough");
        };
        assert.equal(((await failureOf(consumed())) as Error).message, "enough");
        assert.deepEqual([source.opened, source.closed, source.ended], [1, 1, 0]);
        assert.equal(rootScopes().size, 0);
      });
    });
  }

  it("closes a source at cancellation although its next() is pending for ever (law 38)", async () => {
    const source = new TrackedSource("silent", [1]);
    const controller = new AbortController();
    const items = flow(source.open).values(controller.signal);
    assert.equal((await items.next()).value, 1);
    const pending = items.next();
    await settled();
    assert.equal(source.closed, 0);
    controller.abort("no more");
    const error = (await failureOf(pending)) as CancelledError;
    assert.ok(error instanceof CancelledError);
    assert.equal(error.reason, "no more");
    assert.equal(source.closed, 1);
    assert.deepEqual(await items.next(), { done: true, value: undefined });
  });

  it("closes a source at return() although a next() of the flow is pending", async () => {
    const source = new TrackedSource("silent", []);
    const items = flow(source.open).values();
    const pending = items.next();
    await settled();
    assert.deepEqual(await items.return?.(), { done: true, value: undefined });
    assert.deepEqual(await pending, { done: true, value: undefined });
    assert.equal(source.closed, 1);
    assert.equal(rootScopes().size, 0);
  });

  it("closes the source while a stage below ignores the cancellation (law 38)", async () => {
    const source = new TrackedSource("async", FOREVER);
    const controller = new AbortController();
    let letGo: () => void = () => undefined;
    const deaf = new Promise<void>((resolve) => (letGo = resolve));
    const run = flow(source.open)
      .map(async () => deaf)
      .run(controller.signal);
    await settled();
    controller.abort();
    await settled();
    assert.equal(source.closed, 1);
    assert.equal(rootScopes().size, 1);
    letGo();
    assert.equal(await codeOf(() => run), "SKEIN_CANCELLED");
    assert.equal(rootScopes().size, 0);
  });

  it("does nothing more with an item whose function ended after the cancellation (law 9)", async () => {
    const controller = new AbortController();
    const used: number[] = [];
    const run = flow([1, 2])
      .map(async (item) => {
        controller.abort();
        return item;
      })
      .forEach((item) => used.push(item), controller.signal);
    assert.equal(await codeOf(() => run), "SKEIN_CANCELLED");
    assert.deepEqual(used, []);
  });

  it("keeps nothing of the items that are done while it goes on (law 40)", async () => {
    let most = 0;
    await flow(FOREVER.slice(0, 500))
      .map(async (item, s) => {
        most = Math.max(most, cancelNodeOf(s)?.listeners().length ?? 0);
        return item;
      })
      .tap(async () => undefined)
      .run();
    assert.ok(most <= 3, `${most} listeners`);
  });

  it("waits for what runs in a stage, however it is left (laws 1 and 16)", async () => {
    await withVirtualClock(async () => {
      let running = 0;
      const slow = flow(FOREVER).map(
        async (item) => {
          running++;
          await sleep(10 + item);
          running--;
          return item;
        },
        { concurrency: 4 },
      );
      for await (const item of slow) if (item === 1) break;
      assert.equal(running, 0);
    });
  });

  it("names a source that does not close within the grace time, and goes on without it (law 13)", async () => {
    await withVirtualClock(async (clock) => {
      const stubborn = {
        constructor: { name: "Stubborn" },
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<IteratorResult<number>>(() => undefined),
          return: () => new Promise<IteratorResult<number>>(() => undefined),
        }),
      };
      const run = scope(
        async (s) => {
          s.spawn(async () => sleep(5, s)).then(
            () => s.cancel(),
            () => undefined,
          );
          await flow<number>(stubborn).run(s);
        },
        { graceMs: 100, name: "outer" },
      );
      const error = (await failureOf(run)) as StuckError;
      assert.ok(error instanceof StuckError);
      assert.deepEqual(error.jobs.length, 1);
      assert.match(error.jobs[0] ?? "", /source Stubborn/);
      // Once to close by itself, once to end when its cleanup is cancelled.
      assert.ok(clock.nowMs <= 5 + 2 * 100);
      assert.equal(rootScopes().size, 0);
    });
  });

  it("names a stage whose function does not end within the grace time (law 13)", async () => {
    await withVirtualClock(async () => {
      const run = scope(
        async (s) => {
          const stuck = flow([1]).map(async function deaf() {
            return new Promise(() => undefined);
          });
          s.spawn((own) => stuck.run(own), [], { name: "run" });
          await sleep(5, s);
          s.cancel();
        },
        { graceMs: 100, name: "outer" },
      );
      const error = (await failureOf(run)) as StuckError;
      assert.ok(error instanceof StuckError);
      assert.deepEqual(error.jobs, ["outer > run > flow > map deaf > body"]);
    });
  });

  it("names a source that hangs while it is closed after a failure (law 13)", async () => {
    await withVirtualClock(async () => {
      const stubborn = {
        constructor: { name: "Stubborn" },
        [Symbol.asyncIterator]: () => ({
          next: async () => ({ done: false, value: 1 }),
          return: () => new Promise<IteratorResult<number>>(() => undefined),
        }),
      };
      const run = flow<number>(stubborn)
        .map(() => {
          throw new Error("broken");
        })
        .run();
      const error = (await failureOf(run)) as Error & { error: StuckError; suppressed: Error };
      assert.deepEqual([error.name, error.suppressed.message], ["SuppressedError", "broken"]);
      assert.match(error.error.jobs.join(), /^[^,]*source Stubborn[^,]*$/);
    });
  });

  it("waits for the next() of a source that can't be closed (law 16)", async () => {
    let answer: (step: IteratorResult<number>) => void = () => undefined;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise<IteratorResult<number>>((resolve) => (answer = resolve)),
      }),
    };
    const controller = new AbortController();
    const run = flow<number>(source).run(controller.signal);
    await settled();
    controller.abort();
    await settled();
    assert.equal(rootScopes().size, 1);
    answer({ done: false, value: 1 });
    assert.equal(await codeOf(() => run), "SKEIN_CANCELLED");
    assert.equal(rootScopes().size, 0);
  });

  it("tells of a source that fails to close, and of what had failed before", async () => {
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async () => ({ done: false, value: 1 }),
        return: async (): Promise<IteratorResult<number>> => {
          throw new Error("can't close");
        },
      }),
    };
    assert.equal(((await failureOf(flow<number>(source).first())) as Error).message, "can't close");
    const breakOff = async (): Promise<void> => {
      for await (const item of flow<number>(source)) if (item === 1) break;
    };
    assert.equal(((await failureOf(breakOff())) as Error).message, "can't close");
    const both = flow<number>(source)
      .tap(() => {
        throw new Error("broken");
      })
      .run();
    const error = (await failureOf(both)) as Error & { error: Error; suppressed: Error };
    assert.equal(error.name, "SuppressedError");
    assert.deepEqual([error.error.message, error.suppressed.message], ["can't close", "broken"]);
  });

  it("does not close a source that failed by itself", async () => {
    for (const kind of SOURCE_KINDS) {
      if (kind === "timed" || kind === "silent") continue;
      const source = new TrackedSource(kind, [1, 2, 3], 1);
      assert.equal(((await failureOf(flow(source.open).run())) as Error).message, "item 1 failed");
      assert.deepEqual([source.ended, source.closed], [1, 0], kind);
    }
  });

  it("lets a generator cancel the scope in which it is read", async () => {
    const closed: string[] = [];
    const outcome = scope(async (s) => {
      await flow(function* cancelling() {
        try {
          s.cancel("by the source");
          yield 1;
          yield 2;
        } finally {
          closed.push("closed");
        }
      }).run(s);
    });
    assert.equal(await codeOf(() => outcome), "SKEIN_CANCELLED");
    assert.deepEqual(closed, ["closed"]);
  });

  it("loses no value of a channel whose receive was cancelled (law 10)", async () => {
    const values = channel<number>(4);
    const controller = new AbortController();
    const run = flow(values).run(controller.signal);
    await settled();
    controller.abort();
    values.trySend(1);
    assert.equal(await codeOf(() => run), "SKEIN_CANCELLED");
    assert.deepEqual(values.tryReceive(), { value: 1 });
    assert.equal(values.statistics().waitingReceivers, 0);
  });

  it("tells a failure that came between two items at the next one, and at a break", async () => {
    await withVirtualClock(async () => {
      const failing = (): Flow<number> =>
        flow([1, 2, 3]).map(
          async (item, s) => {
            if (item < 2) return item;
            await sleep(1, s);
            throw new Error("second");
          },
          { concurrency: 2 },
        );
      const first = failing().values();
      assert.equal((await first.next()).value, 1);
      await sleep(2);
      assert.equal(((await failureOf(first.next())) as Error).message, "second");
      const second = failing().values();
      await second.next();
      await sleep(2);
      assert.equal(((await failureOf(second.return?.() as Promise<unknown>)) as Error).message, "second");
    });
  });

  it("leaves nothing on a signal that outlives it (law 40)", async () => {
    const { signal } = new AbortController();
    const node = cancelNodeOf(signal);
    for (let round = 0; round < 10; round++) {
      await flow([1, 2, 3])
        .map(async (item) => item, { concurrency: 2 })
        .merge([4])
        .debounce(0)
        .toArray(signal);
      for await (const item of flow([1, 2]).values(signal)) if (item === 1) break;
      assert.deepEqual(node?.listeners(), []);
    }
  });
});
