/** What the stages of a flow do with items, and what they refuse. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { flow, type Flow } from "#skein/async/flow/flow";
import type { FlowSource } from "#skein/async/flow/source";
import { channel, scope } from "skein";

import { codeOf, failureOf } from "../support/failure.js";
import { TrackedSource } from "../support/tracked-source.js";

describe("a flow", () => {
  it("does nothing until it is consumed, and each consumption starts anew", async () => {
    const source = new TrackedSource("generator", [1, 2, 3]);
    const doubled = flow(source.open).map((item) => item * 2);
    assert.equal(source.opened, 0);
    const iterator = doubled.values();
    assert.equal(source.opened, 0);
    assert.deepEqual(await doubled.toArray(), [2, 4, 6]);
    assert.deepEqual(await doubled.toArray(), [2, 4, 6]);
    assert.equal(source.opened, 2);
    await iterator.return?.();
    assert.equal(source.opened, 2);
    assert.deepEqual(await iterator.next(), { done: true, value: undefined });
  });

  it("reads iterables, async iterables, flows, channels, streams, texts and functions that make one", async () => {
    const numbers = channel<number>(3);
    for (const item of [1, 2, 3]) numbers.trySend(item);
    numbers.close();
    async function* generated(): AsyncGenerator<number> {
      yield* [1, 2, 3];
    }
    const stream = new ReadableStream<number>({
      start(controller) {
        for (const item of [1, 2, 3]) controller.enqueue(item);
        controller.close();
      },
    });
    const sources: FlowSource<number>[] = [
      [1, 2, 3],
      new Set([1, 2, 3]),
      [Promise.resolve(1), 2, Promise.resolve(3)],
      generated(),
      flow([1, 2, 3]),
      numbers,
      stream,
      () => [1, 2, 3],
      (s) => (s.isCancelled ? [] : generated()),
    ];
    for (const source of sources) assert.deepEqual(await flow(source).toArray(), [1, 2, 3]);
    assert.deepEqual(await flow("abc").toArray(), ["a", "b", "c"]);
  });

  it("gives functions the scope that their work belongs to", async () => {
    const seen: string[] = [];
    await scope(async (s) => {
      const inside = flow([1]).map((item, own) => {
        s.cancel("enough");
        seen.push(String(own.isCancelled));
        return item;
      });
      await failureOf(inside.toArray(s));
    });
    assert.deepEqual(seen, ["true"]);
  });

  it("is consumed by each of the terminal operations", async () => {
    const items = flow([3, 1, 2]);
    const seen: number[] = [];
    await items.forEach(async (item) => seen.push(item));
    assert.deepEqual(seen, [3, 1, 2]);
    assert.equal(await items.reduce((sum, item) => sum + item, 10), 16);
    assert.equal(await items.reduce(async (sum, item) => sum * item, 2), 12);
    assert.equal(await items.first(), 3);
    assert.equal(await flow([]).first(), undefined);
    assert.equal(await items.count(), 3);
    assert.equal(await items.run(), undefined);
  });

  it("sends into a channel and closes it at the end, but not after a failure", async () => {
    const complete = channel<number>(8);
    await flow([1, 2]).into(complete);
    assert.deepEqual(await flow(complete).toArray(), [1, 2]);
    const cut = channel<number>(8);
    const source = new TrackedSource("sync", [1, 2, 3], 2);
    assert.equal(((await failureOf(flow(source.open).into(cut))) as Error).message, "item 2 failed");
    assert.equal(cut.isClosed, false);
    assert.equal(cut.length, 2);
  });

  it("fails to send into a channel that somebody else closes, and closes its source", async () => {
    const target = channel<number>(1);
    const source = new TrackedSource("sync", [1, 2, 3]);
    const sending = flow(source.open).into(target);
    const failure = codeOf(() => sending);
    target.close();
    assert.equal(await failure, "SKEIN_CLOSED");
    assert.equal(source.unclosed, 0);
  });

  it("takes without asking for one item more", async () => {
    const source = new TrackedSource("async", [1, 2, 3]);
    assert.deepEqual(await flow(source.open).take(2).toArray(), [1, 2]);
    assert.deepEqual([source.pulled, source.closed], [2, 1]);
    assert.deepEqual(await flow(source.open).take(0).toArray(), []);
    assert.equal(source.opened, 1);
  });

  it("can be left early inside another flow, whose other sources go on", async () => {
    const source = new TrackedSource("async", [1, 2, 3, 4]);
    const items = await flow(source.open)
      .take(1)
      .concat(
        flow([7, 8]).takeWhile((item) => item < 8),
        [9],
      )
      .toArray();
    assert.deepEqual(items, [1, 7, 9]);
    assert.equal(source.closed, 1);
  });

  it("runs no more inner flows at once than it is told, and reads one item of each ahead (law 39)", async () => {
    const inner = [0, 1, 2, 3, 4].map(() => new TrackedSource("async", [1, 2, 3]));
    const open = (): number => inner.filter((source) => source.unclosed > 0).length;
    let most = 0;
    const items = flow(inner)
      .flatMap((source) => source.open(), { concurrency: 2 })
      .values();
    await items.next();
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    assert.deepEqual(
      inner.map((source) => source.pulled),
      [2, 1, 0, 0, 0],
    );
    for await (const _ of items) most = Math.max(most, open());
    assert.equal(most, 2);
  });

  it("merges what comes, and ends when all have ended", async () => {
    const first = channel<string>(0);
    const second = channel<string>(0);
    await scope(async (s) => {
      const merged = s.spawn(() => flow(first).merge(second, ["c"]).toArray(s));
      await second.send("b1", s);
      await first.send("a1", s);
      first.close();
      await second.send("b2", s);
      second.close();
      assert.deepEqual((await merged).toSorted(), ["a1", "b1", "b2", "c"]);
    });
  });

  it("zips until the shortest ends, without waiting for the others, and closes them (law 38)", async () => {
    const silent = new TrackedSource("silent", [1, 2]);
    const short = new TrackedSource("async", ["a", "b"]);
    assert.deepEqual(await flow(silent.open).zip(short.open).toArray(), [
      [1, "a"],
      [2, "b"],
    ]);
    assert.equal(silent.closed, 1);
    assert.equal(short.unclosed, 0);
  });

  it("groups by key: each group in order, ended with the flow", async () => {
    const groups = await flow([1, 2, 3, 4, 5])
      .groupBy((item) => (item % 2 === 0 ? "even" : "odd"))
      .flatMap(async (group) => [{ key: group.key, items: await group.toArray() }], { concurrency: Infinity })
      .toArray();
    assert.deepEqual(
      groups.toSorted((a, b) => a.key.localeCompare(b.key)),
      [
        { key: "even", items: [2, 4] },
        { key: "odd", items: [1, 3, 5] },
      ],
    );
  });

  it("drops later items of a group that was left early", async () => {
    const firsts = await flow([1, 2, 3, 4, 5, 6])
      .groupBy((item) => item % 2, { buffer: 1 })
      .flatMap((group) => group.take(1), { concurrency: Infinity })
      .toArray();
    assert.deepEqual(
      firsts.toSorted((a, b) => a - b),
      [1, 2],
    );
  });

  it("holds no more than the buffer of a group that nobody reads", async () => {
    const source = new TrackedSource("async", [1, 2, 3, 4, 5]);
    await scope(async (s) => {
      const run = s.spawn(() =>
        flow(source.open)
          .groupBy(() => "all", { buffer: 2 })
          .run(s),
      );
      for (let turn = 0; turn < 200; turn++) await Promise.resolve();
      // Two wait in the group, and one to get in.
      assert.equal(source.pulled, 3);
      s.cancel();
      await failureOf(run);
    }).catch(() => undefined);
    assert.equal(source.closed, 1);
  });

  it("never lets a group look complete that was cut short", async () => {
    const source = new TrackedSource("sync", [1, 3, 5], 2);
    const outcomes: unknown[] = [];
    const failure = await failureOf(
      flow(source.open)
        .groupBy((item) => item % 2)
        .flatMap(
          async (group) => {
            try {
              outcomes.push(await group.toArray());
            } catch (error) {
              outcomes.push((error as Error).message);
              throw error;
            }
            return [];
          },
          { concurrency: 2 },
        )
        .run(),
    );
    assert.equal((failure as Error).message, "item 2 failed");
    assert.deepEqual(outcomes, ["item 2 failed"]);
  });

  it("allows as many groups as it is told", async () => {
    const groups = (max: number): Promise<number> =>
      flow([1, 2, 3])
        .groupBy((item) => item, { maxGroups: max })
        .count();
    assert.equal(await groups(3), 3);
    assert.equal(await codeOf(() => groups(2)), "SKEIN_INVALID_ARGUMENT");
  });

  it("keeps the cancel that it was made with through its stages", async () => {
    const controller = new AbortController();
    const items = flow([1, 2, 3], controller.signal).map((item) => item);
    assert.deepEqual(await items.toArray(), [1, 2, 3]);
    controller.abort();
    assert.equal(await codeOf(() => items.toArray()), "SKEIN_CANCELLED");
    assert.equal(await codeOf(() => items.values().next()), "SKEIN_CANCELLED");
    assert.deepEqual(await items.toArray(new AbortController().signal), [1, 2, 3]);
  });

  it("is a checkpoint even when it would complete at once (law 9)", async () => {
    const aborted = AbortSignal.abort();
    assert.equal(await codeOf(() => flow([]).toArray(aborted)), "SKEIN_CANCELLED");
    assert.equal(await codeOf(() => flow([]).values(aborted).next()), "SKEIN_CANCELLED");
  });
});

describe("misuse of a flow", () => {
  const items: Flow<number> = flow([1, 2, 3]);
  const wrong = (value: unknown): never => value as never;
  const cases: Record<string, () => unknown> = {
    "a source that nothing can be read from": () => flow(wrong(42)),
    "no source": () => flow(wrong(undefined)),
    "null as the source": () => flow(wrong(null)),
    "an object that is no source": () => flow(wrong({})),
    "a number as the cancel": () => flow([1], wrong(100)),
    "a number as the cancel of a consumption": () => items.values(wrong(100)),
    "a timeout for toArray": () => items.toArray(wrong(100)),
    "map without a function": () => items.map(wrong(1)),
    "map with a concurrency of 0": () => items.map((item) => item, { concurrency: 0 }),
    "map with half a job": () => items.map((item) => item, { concurrency: 1.5 }),
    "map with a negative buffer": () => items.map((item) => item, { buffer: -1 }),
    "map with a schedule that is none": () => items.map((item) => item, { retry: wrong([1, 2]) }),
    "retry with delays instead of a schedule": () => items.retry(wrong([1, 2])),
    "filter without a function": () => items.filter(wrong(undefined)),
    "flatMap with a concurrency of text": () => items.flatMap((item) => [item], { concurrency: wrong("2") }),
    "flatMap to something that is no source": () => items.flatMap(wrong(() => 42)).toArray(),
    "take of less than nothing": () => items.take(-1),
    "drop of a fraction": () => items.drop(0.5),
    "takeWhile without a function": () => items.takeWhile(wrong(1)),
    "distinct with a key that is no function": () => items.distinct(wrong("id")),
    "scan without a function": () => items.scan(wrong(0), 0),
    "batch of 0": () => items.batch(0),
    "batch with a negative wait": () => items.batch(2, { maxWaitMs: -1 }),
    "window of infinity": () => items.window(Infinity),
    "window with a step of 0": () => items.window(2, 0),
    "throttle without a time": () => items.throttle(wrong(undefined)),
    "debounce with NaN": () => items.debounce(Number.NaN),
    "groupBy without a function": () => items.groupBy(wrong("kind")),
    "groupBy without a buffer": () => items.groupBy((item) => item, { buffer: 0 }),
    "merge with a number": () => items.merge(wrong(1)),
    "zip with nothing to read": () => items.zip(wrong({})),
    "forEach without a function": () => items.forEach(wrong(undefined)),
    "reduce without a function": () => items.reduce(wrong(0), 0),
    "into something that is no channel": () => items.into(wrong([])),
    "a source whose next gives no object": () =>
      flow({ [Symbol.asyncIterator]: () => ({ next: async () => wrong(undefined) }) }).toArray(),
  };
  for (const [what, call] of Object.entries(cases)) {
    it(`${what} is told apart`, async () => {
      assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT");
    });
  }

  it("a function that is no task can't be mapped on an executor", async () => {
    const { here } = await import("skein");
    assert.equal(
      await codeOf(() =>
        items.map(
          wrong((item: number) => item),
          { on: here },
        ),
      ),
      "SKEIN_NOT_A_TASK",
    );
  });
});
