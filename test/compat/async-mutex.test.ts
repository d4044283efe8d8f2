import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, it } from "node:test";

import { CancelledError, scope, sleep, TimeoutError } from "skein";
import { Mutex, type Releaser, Semaphore, tryAcquire, withTimeout } from "skein/compat";
import { withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, runSteps, settled } from "../support/model-run.js";

describe("a Mutex", () => {
  it("lets one in at a time, in the order of arrival", async () => {
    const mutex = new Mutex();
    const order: number[] = [];
    let isInside = false;
    await Promise.all(
      [1, 2, 3].map((index) =>
        mutex.runExclusive(async () => {
          assert.equal(isInside, false);
          isInside = true;
          await settled();
          isInside = false;
          order.push(index);
        }),
      ),
    );
    assert.deepEqual(order, [1, 2, 3]);
    assert.equal(mutex.isLocked(), false);
  });

  it("frees the lock when the callback fails", async () => {
    const mutex = new Mutex();
    const error = new Error("mine");
    assert.equal(await failureOf(mutex.runExclusive(() => Promise.reject(error))), error);
    assert.equal(mutex.isLocked(), false);
  });

  it("is not freed for somebody else by a releaser that is called twice (law 33)", async () => {
    const mutex = new Mutex();
    const release = await mutex.acquire();
    const second = mutex.acquire();
    const third = mutex.acquire();
    release();
    const releaseSecond = await second;
    release();
    assert.equal(await Promise.race([third, settled().then(() => "still waits")]), "still waits");
    releaseSecond();
    (await third)();
    assert.equal(mutex.isLocked(), false);
  });

  it("refuses a release that does not say whose lock it frees (law 33)", async () => {
    const mutex = new Mutex();
    const release = await mutex.acquire();
    assert.equal(await codeOf(() => mutex.release()), "SKEIN_INVALID_ARGUMENT");
    assert.equal(mutex.isLocked(), true);
    release();
  });

  it("goes behind those that wait, who releases and acquires again (law 31)", async () => {
    const mutex = new Mutex();
    const order: string[] = [];
    const release = await mutex.acquire();
    const waiting = mutex.runExclusive(() => order.push("waiting"));
    release();
    const again = mutex.runExclusive(() => order.push("again"));
    await Promise.all([waiting, again]);
    assert.deepEqual(order, ["waiting", "again"]);
  });

  it("serves greater priorities first", async () => {
    const mutex = new Mutex();
    const order: number[] = [];
    const release = await mutex.acquire();
    const all = [0, 2, 1, 2].map((priority) => mutex.runExclusive(() => order.push(priority), priority));
    release();
    await Promise.all(all);
    assert.deepEqual(order, [2, 2, 1, 0]);
  });

  it("rejects all that wait when cancelled; who holds it holds it (law 41)", async () => {
    const mutex = new Mutex();
    const release = await mutex.acquire();
    const waiting = [mutex.acquire(), mutex.runExclusive(() => 1)].map((call) => failureOf(call));
    mutex.cancel();
    assert.ok((await Promise.all(waiting)).every((error) => error instanceof CancelledError));
    assert.equal(mutex.isLocked(), true);
    release();
    const own = new Error("own");
    const other = new Mutex(own);
    const releaseOther = await other.acquire();
    const rejected = failureOf(other.acquire());
    other.cancel();
    assert.equal(await rejected, own);
    releaseOther();
  });

  it("tells who waits for it to be free, and is not taken by that", async () => {
    const mutex = new Mutex();
    await mutex.waitForUnlock();
    const release = await mutex.acquire();
    const told: string[] = [];
    const watching = [1, 2].map((index) => mutex.waitForUnlock().then(() => told.push(`told ${index}`)));
    const holding = mutex.runExclusive(() => told.push("held"));
    release();
    await Promise.all([...watching, holding]);
    assert.deepEqual(told, ["held", "told 1", "told 2"]);
    assert.equal(mutex.isLocked(), false);
  });

  it("runs the callback in the async context of its call (law 37)", async () => {
    const context = new AsyncLocalStorage<string>();
    const mutex = new Mutex();
    const release = await mutex.acquire();
    const calls = ["a", "b"].map((name) => context.run(name, () => mutex.runExclusive(() => context.getStore())));
    context.run("releaser", release);
    assert.deepEqual(await Promise.all(calls), ["a", "b"]);
  });

  it("can be waited for under a scope, whose cancellation takes the waiter out at once (law 10)", async () => {
    const mutex = new Mutex();
    const release = await mutex.acquire();
    await scope(async (s) => {
      const job = s.spawn(async () => mutex.acquire(0, s));
      await settled();
      s.cancel();
      assert.equal(await codeOf(() => job), "SKEIN_CANCELLED");
    }).catch(() => undefined);
    const next = mutex.acquire();
    release();
    (await next)();
  });
});

describe("a Semaphore", () => {
  it("gives the value before, and takes the weight back", async () => {
    const semaphore = new Semaphore(3);
    const [value, release] = await semaphore.acquire(2);
    assert.deepEqual([value, semaphore.getValue(), semaphore.isLocked()], [3, 1, false]);
    const [next, releaseNext] = await semaphore.acquire();
    assert.deepEqual([next, semaphore.getValue(), semaphore.isLocked()], [1, 0, true]);
    release();
    release();
    releaseNext();
    assert.equal(semaphore.getValue(), 3);
    assert.equal(await semaphore.runExclusive((free) => free, 2), 3);
  });

  it("agrees with a model, whatever is done in whatever order (laws 10, 11, 31, 32, 33, 41)", () =>
    forAllSteps(["acquire", "cancel", "release", "release again", "cancel all"], async (steps) => {
      const semaphore = new Semaphore(4);
      const calls = new Calls<[number, Releaser]>(() => "held");
      let free = 4;
      const model: { state: "waiting" | "held" | "over"; outcome: string; readonly weight: number }[] = [];
      const go = (): void => {
        for (let first = next(); first !== undefined && first.weight <= free; first = next()) {
          free -= first.weight;
          Object.assign(first, { state: "held", outcome: "held" });
        }
      };
      const next = (): (typeof model)[number] | undefined => model.find(({ state }) => state === "waiting");
      await runSteps(
        steps,
        ({ kind, pick, count }) => {
          const id = calls.any(pick);
          const one = model[id ?? -1];
          switch (kind) {
            case "acquire":
              calls.start((signal) => semaphore.acquire(count, 0, signal));
              model.push({ state: "waiting", outcome: "waiting", weight: count });
              break;
            case "cancel":
              if (id === undefined) break;
              calls.cancel(id);
              if (one?.state === "waiting") Object.assign(one, { state: "over", outcome: "cancelled" });
              break;
            case "release":
            case "release again": {
              const held = calls.anyWithValue(pick);
              if (held === undefined) break;
              held.value[1]();
              const released = model[held.call];
              if (released?.state !== "held") break;
              released.state = "over";
              free += released.weight;
              break;
            }
            case "cancel all":
              if (count > 1) break;
              semaphore.cancel();
              for (const waiting of model) {
                if (waiting.state === "waiting") Object.assign(waiting, { state: "over", outcome: "cancelled" });
              }
              break;
            default:
              assert.fail(kind satisfies never);
          }
          go();
        },
        () => assert.equal(semaphore.getValue(), free),
        () => [calls.outcomes, model.map(({ outcome }) => outcome)],
      );
    }));

  it("does not let small requests starve a large one, and lets them go on when that leaves (law 32)", async () => {
    const semaphore = new Semaphore(2);
    const controller = new AbortController();
    await semaphore.acquire();
    const large = failureOf(semaphore.acquire(2, 0, controller.signal));
    const small = semaphore.acquire();
    assert.equal(await Promise.race([small, settled().then(() => "waits")]), "waits");
    controller.abort();
    await large;
    assert.equal((await small)[0], 1);
  });

  it("lets in what can go on when its value is set", async () => {
    const semaphore = new Semaphore(0);
    const waiting = [semaphore.acquire(), semaphore.acquire()];
    semaphore.setValue(2);
    await Promise.all(waiting);
    assert.equal(semaphore.getValue(), 0);
  });

  it("tells watchers when their weight could be had, the least demanding first", async () => {
    const semaphore = new Semaphore(0);
    const told: number[] = [];
    const watching = [2, 1].map((weight) => semaphore.waitForUnlock(weight).then(() => told.push(weight)));
    semaphore.setValue(1);
    await settled();
    assert.deepEqual(told, [1]);
    semaphore.setValue(2);
    await Promise.all(watching);
    assert.deepEqual(told, [1, 2]);
  });

  it("tells watchers when all that stood before them has left", async () => {
    const semaphore = new Semaphore(1);
    const controller = new AbortController();
    const large = failureOf(semaphore.acquire(2, 0, controller.signal));
    const watching = semaphore.waitForUnlock();
    assert.equal(await Promise.race([watching.then(() => "told"), settled().then(() => "waits")]), "waits");
    controller.abort();
    await Promise.all([large, watching]);
    const other = failureOf(semaphore.acquire(2));
    const watchingAgain = semaphore.waitForUnlock();
    semaphore.cancel();
    await Promise.all([other, watchingAgain]);
  });

  it("refuses a release that does not say whose permits it frees (law 33)", async () => {
    assert.equal(await codeOf(() => new Semaphore(1).release()), "SKEIN_INVALID_ARGUMENT");
  });
});

describe("withTimeout", () => {
  it("fails in time, and its waiter has left the queue by then (law 34)", () =>
    withVirtualClock(async (clock) => {
      const mutex = new Mutex();
      const limited = withTimeout(mutex, 100);
      const release = await limited.acquire();
      const order: string[] = [];
      const timedOut = failureOf(limited.acquire()).then((error) => {
        order.push(`timed out at ${clock.nowMs}`);
        return error;
      });
      const patient = mutex.runExclusive(() => order.push(`patient at ${clock.nowMs}`));
      await sleep(150);
      release();
      await patient;
      assert.ok((await timedOut) instanceof TimeoutError);
      assert.deepEqual(order, ["timed out at 100", "patient at 150"]);
      assert.equal(mutex.isLocked(), false, "the lock did not go to the one that had given up");
      assert.equal(clock.pendingAlarms, 0);
    }));

  it("limits the waiting, not the holding", () =>
    withVirtualClock(async () => {
      const limited = withTimeout(new Semaphore(1), 100);
      assert.equal(await limited.runExclusive(() => sleep(500).then(() => "done")), "done");
    }));

  it("fails with the error that it was given, in every verb", () =>
    withVirtualClock(async () => {
      const semaphore = new Semaphore(0);
      const mine = new Error("mine");
      const limited = withTimeout(semaphore, 10, mine);
      const calls = [limited.acquire(), limited.runExclusive(() => 1), limited.waitForUnlock()];
      assert.deepEqual(await Promise.all(calls.map((call) => failureOf(call))), [mine, mine, mine]);
      limited.setValue(1);
      assert.equal(semaphore.getValue(), 1);
    }));

  it("does not call another's cancellation a timeout", async () => {
    const mutex = new Mutex();
    const release = await mutex.acquire();
    const waiting = failureOf(withTimeout(mutex, 1000).acquire());
    mutex.cancel();
    assert.ok((await waiting) instanceof CancelledError);
    const controller = new AbortController();
    const aborted = failureOf(withTimeout(mutex, 1000).acquire(0, controller.signal));
    controller.abort();
    assert.ok((await aborted) instanceof CancelledError);
    release();
  });
});

describe("tryAcquire", () => {
  it("takes what is free, and fails for what is not, leaving no waiter (law 34)", async () => {
    const mutex = new Mutex();
    const eager = tryAcquire(mutex);
    const release = await eager.acquire();
    assert.ok((await failureOf(eager.acquire())) instanceof TimeoutError);
    assert.ok((await failureOf(eager.runExclusive(() => 1))) instanceof TimeoutError);
    release();
    assert.equal(mutex.isLocked(), false);
    assert.equal(await eager.runExclusive(() => "mine"), "mine");
  });

  it("fails with the error that it was given", async () => {
    const mine = new Error("mine");
    assert.equal(await failureOf(tryAcquire(new Semaphore(0), mine).acquire()), mine);
  });
});

describe("misuse of a Mutex or Semaphore", () => {
  const wrong = [
    ["a value that is no number", () => new Semaphore("1" as never)],
    ["a weight of 0", () => new Semaphore(1).acquire(0)],
    ["an endless weight", () => new Semaphore(1).acquire(Infinity)],
    ["a priority that is no number", () => new Mutex().acquire(Number.NaN)],
    ["no function to run", () => new Mutex().runExclusive(undefined as never)],
    ["no function to run in time", () => withTimeout(new Mutex(), 1).runExclusive(undefined as never)],
    ["setting the value to NaN", () => new Semaphore(1).setValue(Number.NaN)],
    ["a timeout that is no number", () => withTimeout(new Mutex(), "1" as never)],
    ["a lock of another kind", () => withTimeout({} as never, 1)],
    ["a lock of another kind to try", () => tryAcquire(undefined as never)],
  ] as const;
  for (const [what, call] of wrong) {
    it(`is ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});
