import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { condition } from "#skein/async/condition";
import { mutex, type MutexGuard } from "#skein/async/mutex";
import { CancelledError, channel, MisuseError, type Scope, scope, select } from "skein";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, runSteps, settled } from "../support/model-run.js";

describe("a mutex", () => {
  it("has one holder at a time", async () => {
    const lock = mutex();
    assert.equal(lock.isLocked, false);
    const guard = await lock.lock();
    assert.equal(guard.isHeld, true);
    assert.equal(guard.mutex, lock);
    assert.equal(lock.tryLock(), undefined);
    assert.deepEqual(lock.statistics(), { isLocked: true, waiting: 0 });
    guard.release();
    assert.equal(lock.isLocked, false);
    assert.ok(lock.tryLock());
  });

  it("keeps several steps together", async () => {
    const lock = mutex();
    let value = 0;
    await scope(async (s) => {
      for (let job = 0; job < 10; job++) {
        s.spawn(async () => {
          using guard = await lock.lock(s);
          assert.equal(guard.isHeld, true);
          const read = value;
          await settled();
          value = read + 1;
        });
      }
    });
    assert.equal(value, 10);
  });

  it("hands over in order of arrival; who locks again at once goes behind (law 31)", async () => {
    const lock = mutex();
    const order: string[] = [];
    const first = await lock.lock();
    const jobs = ["b", "c"].map(async (name) => {
      using guard = await lock.lock();
      assert.equal(guard.isHeld, true);
      order.push(name);
    });
    first.release();
    assert.equal(lock.tryLock(), undefined, "the mutex has been handed over already");
    using again = await lock.lock();
    assert.equal(again.isHeld, true);
    order.push("a again");
    await Promise.all(jobs);
    assert.deepEqual(order, ["b", "c", "a again"]);
  });

  it("never frees another holder's lock by a second release (law 33)", async () => {
    const lock = mutex();
    const first = await lock.lock();
    first.release();
    const second = await lock.lock();
    first.release();
    first[Symbol.dispose]();
    assert.equal(lock.isLocked, true);
    assert.equal(second.isHeld, true);
    const third = lock.lock();
    first.release();
    assert.equal(lock.statistics().waiting, 1);
    second.release();
    assert.equal((await third).isHeld, true);
  });

  it("lets a cancelled caller leave at once, with nothing (laws 10 and 34)", async () => {
    const lock = mutex();
    const held = await lock.lock();
    const controller = new AbortController();
    const waiting = failureOf(lock.lock(controller.signal));
    const behind = lock.lock();
    controller.abort();
    assert.equal(lock.statistics().waiting, 1);
    assert.ok((await waiting) instanceof CancelledError);
    held.release();
    assert.equal((await behind).isHeld, true);
  });

  it("is a checkpoint even when it is free (law 9)", async () => {
    const lock = mutex();
    assert.ok((await failureOf(lock.lock(AbortSignal.abort()))) instanceof CancelledError);
    assert.equal(lock.isLocked, false);
  });

  it("is held by withLock until the function, or its scope, has ended", async () => {
    const lock = mutex();
    assert.equal(await lock.withLock(() => lock.isLocked), true);
    const boom = new Error("boom");
    assert.equal(await failureOf(lock.withLock(() => Promise.reject(boom))), boom);
    assert.equal(lock.isLocked, false);
    let lockedInJob = false;
    await lock.withLock(async (s) => {
      s.spawn(async () => {
        await settled();
        lockedInJob = lock.isLocked;
      });
    });
    assert.equal(lockedInJob, true);
    assert.equal(lock.isLocked, false);
  });

  it("refuses to be locked again by its owner, and says who holds it (law 33)", async () => {
    const lock = mutex({ name: "ledger" });
    for (const again of [(s: Scope) => lock.lock(s), (s: Scope) => lock.withLock(() => 1, s)]) {
      const error = await failureOf(lock.withLock((s) => s.spawn((job: Scope) => again(job))));
      assert.ok(error instanceof MisuseError);
      assert.equal(error.code, "SKEIN_ALREADY_HELD");
      assert.match(error.message, /mutex "ledger" inside scope "lock of ledger"/);
      assert.equal(lock.isLocked, false);
    }
  });

  it("lets jobs and promises that share a scope wait for each other (no false alarm)", async () => {
    const lock = mutex();
    let steps = 0;
    const step = async (s: Scope): Promise<void> => {
      using guard = await lock.lock(s);
      assert.equal(guard.isHeld, true);
      await settled();
      steps++;
    };
    await scope(async (s) => {
      for (let job = 0; job < 3; job++) s.spawn(() => step(s));
      await Promise.all([
        step(s),
        step(s),
        lock.withLock(() => steps++, s),
        lock.withLock(async (_inner) => steps++, s),
      ]);
    });
    assert.equal(steps, 7);
  });

  it("may be locked inside a block while the block waits for a condition", async () => {
    const lock = mutex();
    const changed = condition(lock);
    const changes: string[] = [];
    await lock.withLock(async (s, guard) => {
      const outside = lock.lock();
      s.spawn(async (job: Scope) => {
        // Somebody outside the block holds it now, and will release it.
        const holder = await outside;
        void settled().then(() => holder.release());
        using inner = await lock.lock(job);
        changes.push("one");
        changed.notifyOne(inner);
      });
      while (changes.length === 0) await changed.wait(guard, s);
      assert.equal(guard.isHeld, true);
    });
    assert.equal(lock.isLocked, false);
  });

  it("takes part in select, and a case that loses leaves no trace (law 26)", async () => {
    const lock = mutex();
    const values = channel<number>(1);
    const won = await select({ lock: lock.locking() });
    const waiting = select({ lock: lock.locking(), value: values.receiving() });
    await values.send(1);
    assert.equal((await waiting).case, "value");
    assert.equal(lock.statistics().waiting, 0);
    const next = select({ lock: lock.locking() });
    won.value.release();
    assert.equal((await next).value.isHeld, true);
    assert.equal(lock.isLocked, true);
  });
});

describe("misuse of a mutex", () => {
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["options that are none", () => mutex(null as unknown as object)],
    ["a timeout in the place of a scope", () => mutex().lock(100 as unknown as AbortSignal)],
    ["withLock and no function", () => mutex().withLock(1 as unknown as () => void)],
  ];
  for (const [what, call] of wrong) {
    it(`is refused: ${what}`, async () => assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT"));
  }
});

/** What a mutex should do, in the most obvious way. */
class Model {
  readonly outcomes: string[] = [];
  holder: number | undefined;
  readonly queue: number[] = [];

  lock(): void {
    this.queue.push(this.outcomes.push("waiting") - 1);
    this.grant();
  }
  tryLock(): void {
    if (this.holder === undefined) this.lock();
    else this.outcomes.push("refused");
  }
  cancel(call: number): void {
    const at = this.queue.indexOf(call);
    if (at < 0) return;
    this.queue.splice(at, 1);
    this.outcomes[call] = "cancelled";
  }
  release(call: number): void {
    if (this.holder === call) this.holder = undefined;
    this.grant();
  }
  grant(): void {
    if (this.holder !== undefined || this.queue.length === 0) return;
    this.holder = this.queue.shift();
    this.outcomes[this.holder as number] = "locked";
  }
}

it("a mutex does what its model does, whatever is cancelled (laws 10, 11, 31, 33, 34)", () =>
  forAllSteps(["lock", "lock", "select", "try", "cancel", "release", "release"], async (steps) => {
    const lock = mutex();
    const model = new Model();
    const calls = new Calls<MutexGuard>(() => "locked");
    await runSteps(
      steps,
      ({ kind, pick }) => {
        if (kind === "lock") {
          calls.start((cancel) => lock.lock(cancel));
          model.lock();
        } else if (kind === "select") {
          calls.start(async (cancel) => (await select({ only: lock.locking() }, cancel)).value);
          model.lock();
        } else if (kind === "try") {
          calls.done(lock.tryLock());
          model.tryLock();
        } else if (kind === "cancel") {
          const call = calls.any(pick);
          if (call === undefined) return;
          calls.cancel(call);
          model.cancel(call);
        } else {
          const chosen = calls.anyWithValue(pick);
          if (chosen === undefined) return;
          chosen.value.release();
          model.release(chosen.call);
        }
      },
      () => {
        assert.deepEqual(lock.statistics(), { isLocked: model.holder !== undefined, waiting: model.queue.length });
        for (const [call, guard] of calls.values) assert.equal(guard.isHeld, model.holder === call);
      },
      () => [calls.outcomes, model.outcomes],
    );
  }));
