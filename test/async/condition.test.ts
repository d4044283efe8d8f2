import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { condition } from "#skein/async/condition";
import { mutex, type MutexGuard } from "#skein/async/mutex";
import { CancelledError } from "skein";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, runSteps, settled } from "../support/model-run.js";

describe("a condition", () => {
  it("releases the mutex while it waits, and holds it again when it returns", async () => {
    const lock = mutex();
    const changed = condition(lock);
    const waiter = await lock.lock();
    const waiting = changed.wait(waiter);
    assert.equal(waiter.isHeld, false);
    assert.deepEqual(changed.statistics(), { waiting: 1 });
    const notifier = await lock.lock();
    assert.equal(changed.notifyOne(notifier), true);
    await settled();
    assert.equal(waiter.isHeld, false, "the notifier still holds the mutex");
    notifier.release();
    await waiting;
    assert.equal(waiter.isHeld, true);
    assert.equal(lock.isLocked, true);
    waiter.release();
    assert.equal(lock.isLocked, false);
  });

  it("wakes one, the one that waits longest, or all; and nobody if nobody waits", async () => {
    const lock = mutex();
    const changed = condition(lock);
    const order: string[] = [];
    const jobs = ["a", "b", "c"].map(async (name) => {
      using guard = await lock.lock();
      await changed.wait(guard);
      order.push(name);
    });
    await settled();
    {
      using guard = await lock.lock();
      changed.notifyOne(guard);
    }
    await settled();
    assert.deepEqual(order, ["a"]);
    {
      using guard = await lock.lock();
      assert.equal(changed.notifyAll(guard), 2);
    }
    await Promise.all(jobs);
    assert.deepEqual(order, ["a", "b", "c"]);
    using guard = await lock.lock();
    assert.equal(changed.notifyOne(guard), false);
    assert.equal(changed.notifyAll(guard), 0);
  });

  it("takes the mutex again before it fails with its cancellation (law 35)", async () => {
    const lock = mutex();
    const changed = condition(lock);
    const waiter = await lock.lock();
    const controller = new AbortController();
    let failed = false;
    const waiting = failureOf(changed.wait(waiter, controller.signal)).then((error) => {
      failed = true;
      assert.equal(waiter.isHeld, true);
      return error;
    });
    const other = await lock.lock();
    controller.abort();
    assert.equal(changed.statistics().waiting, 0);
    await settled();
    assert.equal(failed, false, "another holds the mutex");
    other.release();
    assert.ok((await waiting) instanceof CancelledError);
    assert.equal(lock.isLocked, true);
  });

  it("gives a notification to a caller that was not cancelled (law 35)", async () => {
    for (const cancelFirst of [true, false]) {
      const lock = mutex();
      const changed = condition(lock);
      const controller = new AbortController();
      const outcomes: string[] = [];
      const wait = async (name: string, cancel?: AbortSignal): Promise<void> => {
        using guard = await lock.lock();
        await changed.wait(guard, cancel).then(
          () => outcomes.push(`${name} notified`),
          () => outcomes.push(`${name} cancelled`),
        );
      };
      const first = wait("first", controller.signal);
      void wait("second");
      await settled();
      // In one turn: exactly one outcome for the first, and no notification lost.
      const guard = await lock.lock();
      if (cancelFirst) controller.abort();
      changed.notifyOne(guard);
      controller.abort();
      guard.release();
      await first;
      await settled();
      assert.deepEqual(outcomes, cancelFirst ? ["first cancelled", "second notified"] : ["first notified"]);
      assert.equal(changed.statistics().waiting, cancelFirst ? 0 : 1);
    }
  });

  it("is a checkpoint before it waits, and then the mutex was never released (law 9)", async () => {
    const lock = mutex();
    const changed = condition(lock);
    const guard = await lock.lock();
    assert.ok((await failureOf(changed.wait(guard, AbortSignal.abort()))) instanceof CancelledError);
    assert.equal(guard.isHeld, true);
    assert.equal(changed.statistics().waiting, 0);
  });

  it("does not lose a notification by whoever takes the mutex next", async () => {
    const lock = mutex();
    const changed = condition(lock);
    const guard = await lock.lock();
    const notify = async (): Promise<boolean> => {
      using next = await lock.lock();
      return changed.notifyOne(next);
    };
    const notifying = notify();
    await changed.wait(guard);
    assert.equal(await notifying, true);
  });
});

describe("misuse of a condition", () => {
  it("is refused: notifying or waiting without holding the mutex (law 33)", async () => {
    const lock = mutex();
    const changed = condition(lock);
    const released = await lock.lock();
    released.release();
    using held = await lock.lock();
    assert.equal(held.isHeld, true);
    using foreign = await mutex().lock();
    for (const guard of [released, foreign]) {
      assert.equal(await codeOf(() => changed.notifyOne(guard)), "SKEIN_NOT_HELD");
      assert.equal(await codeOf(() => changed.notifyAll(guard)), "SKEIN_NOT_HELD");
      assert.equal(await codeOf(() => changed.wait(guard)), "SKEIN_NOT_HELD");
    }
    assert.equal(changed.statistics().waiting, 0);
    assert.equal(lock.isLocked, true);
  });

  it("is refused: waiting twice with one guard", async () => {
    const lock = mutex();
    const changed = condition(lock);
    const guard = await lock.lock();
    void changed.wait(guard);
    assert.equal(await codeOf(() => changed.wait(guard)), "SKEIN_NOT_HELD");
  });

  const changed = condition(mutex());
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["no mutex", () => condition({} as ReturnType<typeof mutex>)],
    ["options that are none", () => condition(mutex(), null as unknown as object)],
    ["no guard", () => changed.wait({} as MutexGuard)],
    ["no guard to notify with", () => changed.notifyOne(undefined as unknown as MutexGuard)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});

/** What a condition should do: who waits, in order, and who is told. */
class Model {
  readonly outcomes: string[] = [];
  waiting: number[] = [];

  wait(): void {
    this.waiting.push(this.outcomes.push("waiting") - 1);
  }
  cancel(call: number): void {
    if (!this.waiting.includes(call)) return;
    this.outcomes[call] = "cancelled";
    this.waiting = this.waiting.filter((other) => other !== call);
  }
  notify(count: number): number {
    const notified = this.waiting.splice(0, count);
    for (const call of notified) this.outcomes[call] = "notified";
    return notified.length;
  }
}

it("a condition does what its model does, and who returns holds the mutex (laws 10, 11, 35)", () =>
  forAllSteps(["wait", "wait", "one", "one", "all", "cancel", "cancel"], async (steps) => {
    const lock = mutex();
    const changed = condition(lock);
    const model = new Model();
    const calls = new Calls<string>((outcome) => outcome);
    let inside = 0;
    const holding = (guard: MutexGuard): void => {
      assert.equal(guard.isHeld, true);
      assert.equal(++inside, 1, "two hold the mutex");
      inside--;
      guard.release();
    };
    await runSteps(
      steps.map((step) => ({ ...step, settle: true })),
      ({ kind, pick, count }) => {
        const guard = lock.tryLock();
        assert.ok(guard, "all has settled, so nobody holds the mutex");
        if (kind === "wait") {
          calls.start(async (cancel) => {
            try {
              await changed.wait(guard, cancel);
              return "notified";
            } finally {
              holding(guard);
            }
          });
          model.wait();
          return;
        }
        // Several things in one turn, and with the mutex held: cancelling among them.
        for (let round = 0; round < count; round++) {
          if (kind === "one") assert.equal(changed.notifyOne(guard), model.notify(1) === 1);
          else if (kind === "all") assert.equal(changed.notifyAll(guard), model.notify(Infinity));
          const call = calls.any(pick + round);
          if (call === undefined) continue;
          calls.cancel(call);
          model.cancel(call);
        }
        guard.release();
      },
      () => assert.equal(changed.statistics().waiting, model.waiting.length),
      () => [calls.outcomes, model.outcomes],
    );
    assert.equal(lock.isLocked, false);
  }));
