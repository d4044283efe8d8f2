/**
 * The ways in which the replaced packages are called, as far as their public
 * documentation shows them: that these compile is half of the test.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  limitFunction,
  Mutex,
  type MutexInterface,
  pLimit,
  pMap,
  pMapSkip,
  PQueue,
  Semaphore,
  type SemaphoreInterface,
  tryAcquire,
  withTimeout,
} from "skein/compat";

type IfSame<A, B> = [A, B] extends [B, A] ? unknown : never;

/** Compiles only if `value` has this type, no wider and no narrower one. */
function exactly<Expected>(): <Actual>(value: Actual & IfSame<Actual, Expected>) => Expected {
  return (value) => value as Expected;
}

describe("the call shape of p-limit", () => {
  it("passes arguments on and infers the result", async () => {
    const limit = pLimit(1);
    const work = async (name: string, times: number): Promise<string> => name.repeat(times);
    const inputs = [limit(() => work("a", 1)), limit(work, "b", 2)];
    assert.deepEqual(exactly<string[]>()(await Promise.all(inputs)), ["a", "bb"]);
    assert.equal(exactly<number>()(await limit(() => 5)), 5);
    // @ts-expect-error the arguments must fit the function
    void limit(work, 5, "b").catch(() => undefined);
  });

  it("has counts, a settable concurrency and clearQueue", () => {
    const limit = pLimit({ concurrency: 2, rejectOnClear: true });
    assert.deepEqual([limit.activeCount, limit.pendingCount], [0, 0]);
    limit.concurrency = 3;
    assert.equal(limit.concurrency, 3);
    exactly<void>()(limit.clearQueue());
    // @ts-expect-error only the limiter counts
    assert.throws(() => (limit.activeCount = 5), TypeError);
  });

  it("maps", async () => {
    const mapped = await pLimit(1).map(["a", "b"], async (item, index) => `${item}${index}`);
    assert.deepEqual(exactly<string[]>()(mapped), ["a0", "b1"]);
  });

  it("limits one function", async () => {
    const limited = limitFunction(async (item: number) => item * 2, { concurrency: 1 });
    assert.deepEqual(exactly<number[]>()(await Promise.all(Array.from([1, 2], (item) => limited(item)))), [2, 4]);
    limited.clearQueue();
  });
});

describe("the call shape of p-map", () => {
  it("takes values, promises, sync and async iterables", async () => {
    async function* numbers(): AsyncGenerator<number> {
      yield* [1, 2];
    }
    assert.deepEqual(exactly<number[]>()(await pMap([Promise.resolve(1), 2], async (item) => item * 2)), [2, 4]);
    assert.deepEqual(await pMap(numbers(), (item, index) => item + index, { concurrency: 2 }), [1, 3]);
  });

  it("takes what is skipped out of the type too", async () => {
    const mapped = await pMap(["a", "1"], async (item) => (item === "a" ? pMapSkip : Number(item)), {
      stopOnError: false,
      signal: new AbortController().signal,
    });
    assert.deepEqual(exactly<number[]>()(mapped), [1]);
  });
});

describe("the call shape of p-queue", () => {
  it("adds jobs with options, and gives their typed results", async () => {
    const queue = new PQueue({
      concurrency: 1,
      timeout: 1000,
      interval: 1,
      intervalCap: 10,
      carryoverIntervalCount: true,
    });
    const controller = new AbortController();
    const one = await queue.add(async ({ signal }) => (signal.aborted ? "late" : "in time"), {
      id: "one",
      priority: 1,
      signal: controller.signal,
    });
    assert.equal(exactly<string>()(one), "in time");
    assert.deepEqual(exactly<number[]>()(await queue.addAll([async () => 1, () => 2], { priority: 2 })), [1, 2]);
    assert.equal(exactly<PQueue>()(queue.start()), queue);
    // @ts-expect-error a job is a function, not a promise that runs already
    await assert.rejects(queue.add(Promise.resolve(1)));
  });

  it("has events with typed arguments", () => {
    const queue = new PQueue();
    queue.on("completed", (result) => exactly<unknown>()(result)).once("idle", () => undefined);
    // @ts-expect-error there is no such event
    queue.on("finished", () => undefined);
  });
});

describe("the call shape of async-mutex", () => {
  it("acquires and runs, mutex and semaphore", async () => {
    const mutex: MutexInterface = new Mutex(new Error("canceled"));
    const release = await mutex.acquire();
    exactly<void>()(release());
    assert.equal(exactly<number>()(await mutex.runExclusive(async () => 5, 1)), 5);
    const semaphore: SemaphoreInterface = new Semaphore(2, new Error("canceled"));
    const [value, releaser] = await semaphore.acquire(2, 1);
    assert.equal(exactly<number>()(value), 2);
    releaser();
    assert.equal(await semaphore.runExclusive(async (free) => free * 2), 4);
  });

  it("keeps the kind of lock through withTimeout and tryAcquire", async () => {
    const mutex = exactly<MutexInterface>()(withTimeout(new Mutex(), 100, new Error("timeout")));
    const semaphore = exactly<SemaphoreInterface>()(tryAcquire(withTimeout(new Semaphore(1), 100)));
    (await mutex.acquire())();
    assert.equal(semaphore.getValue(), 1);
    assert.equal(await semaphore.runExclusive((value) => value), 1);
  });

  it("makes code after an unscoped release unreachable, for the compiler too", () => {
    const mutex = new Mutex();
    assert.throws(() => exactly<never>()(mutex.release()));
  });
});
