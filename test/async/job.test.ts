import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";

import { CancelledError, type Job, scope, type Scope, sleep, StuckError } from "skein";
import { settled, withVirtualClock } from "skein/testing";
import { Waiter } from "#skein/async/wait-queue";

import { codeOf, failureOf } from "../support/failure.js";

/** A promise that a test settles. */
function gate() {
  let open!: (value?: unknown) => void;
  let fail!: (error: unknown) => void;
  const promise = new Promise<unknown>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

describe("a job", () => {
  it("goes through its states, and awaiting it gives its result", async () => {
    await scope(async (s) => {
      const { promise, open } = gate();
      const job = s.spawn(() => promise);
      assert.equal(job.state, "created");
      await settled();
      assert.equal(job.state, "running");
      open("result");
      assert.equal(await job, "result");
      assert.equal(job.state, "done");
    });
  });

  it("gives its result to all who ask, before and after its end", async () => {
    await scope(async (s) => {
      const { promise, open } = gate();
      const job = s.spawn(() => promise);
      const early = [job.then((value) => value), job.join(), job.join(s)];
      await settled();
      open(7);
      assert.deepEqual(await Promise.all(early), [7, 7, 7]);
      assert.deepEqual(await Promise.all([job, job.join(), job.join(s)]), [7, 7, 7]);
    });
  });

  it("gives its error to all who ask, the same one", async () => {
    const error = new Error("failed");
    const seen: unknown[] = [];
    await failureOf(
      scope(async (s) => {
        const job = s.spawn(() => Promise.reject(error));
        const early = [failureOf(job), failureOf(job.join())];
        await settled();
        assert.equal(job.state, "failed");
        seen.push(...(await Promise.all(early)), await failureOf(job), await failureOf(job.join()));
      }),
    );
    assert.deepEqual(seen, [error, error, error, error]);
  });

  it("ends with a value, a promise, or what looks like one, even if that misbehaves", async () => {
    await scope(async (s) => {
      assert.equal(await s.spawn(() => 1), 1);
      assert.equal(await s.spawn(() => Promise.resolve(2)), 2);
      // oxlint-disable-next-line unicorn/no-thenable -- a misbehaving one is what is tested
      const twice = { then: (done: (value: number) => void) => [done(3), done(4)] };
      assert.equal(await s.spawn(() => twice as unknown as Promise<number>), 3);
      // oxlint-disable-next-line unicorn/no-thenable -- a misbehaving one is what is tested
      const callable = Object.assign(() => 0, { then: (done: (value: number) => void) => done(5) });
      assert.equal(await s.spawn(() => callable as unknown as Promise<number>), 5);
    });
    const error = new Error("then");
    const throwing = {
      // oxlint-disable-next-line unicorn/no-thenable -- a misbehaving one is what is tested
      then() {
        throw error;
      },
    };
    assert.equal(await failureOf(scope((s) => void s.spawn(() => throwing))), error);
  });

  it("fails with what its code throws before it waits", async () => {
    const error = new Error("at once");
    const thrown = await failureOf(
      scope((s) => {
        s.spawn(() => {
          throw error;
        });
      }),
    );
    assert.equal(thrown, error);
  });

  it("has a number that no other has, and runs once", async () => {
    let runs = 0;
    const numbers = await scope(async (s) => {
      const jobs = Array.from({ length: 20 }, () => s.spawn(() => runs++));
      await Promise.all(jobs.map(async (job) => job.join()));
      return jobs.map(({ id }) => id);
    });
    assert.equal(new Set(numbers).size, 20);
    assert.equal(runs, 20);
  });
});

describe("cancelling a job", () => {
  it("that has not started: it never does", async () => {
    await scope(async (s) => {
      const spawns = [() => s.spawn(() => assert.fail("it ran")), () => s.spawn((_inner) => assert.fail("it ran"))];
      for (const spawn of spawns) {
        const job = spawn();
        assert.equal(job.cancel("why"), true);
        assert.equal(job.state, "cancelled");
        assert.equal(job.cancel("again"), false);
        const error = await failureOf(job);
        assert.ok(error instanceof CancelledError && error.reason === "why");
      }
      await settled();
      assert.equal(s.isCancelled, false);
    });
  });

  it("that has a scope of its own: it is told, and ends alone", () =>
    withVirtualClock(async () => {
      const result = await scope(async (s) => {
        const job = s.spawn((inner) => sleep(1000, inner));
        const other = s.spawn((inner) => sleep(10, inner));
        await settled();
        assert.equal(job.cancel("why"), true);
        assert.equal(job.cancel("again"), false);
        assert.equal(job.state, "running");
        const error = await failureOf(job);
        assert.ok(error instanceof CancelledError && error.reason === "why");
        assert.equal(job.state, "cancelled");
        await other;
        return "result";
      });
      assert.equal(result, "result");
    }));

  it("that shares its scope: it runs on, and the caller is told so", async () => {
    await scope(async (s) => {
      const { promise, open } = gate();
      const job = s.spawn(() => promise);
      await settled();
      assert.equal(job.cancel("why"), false);
      open("result");
      assert.equal(await job, "result");
    });
  });

  it("that has ended, however it did, changes nothing (law 14)", async () => {
    await failureOf(
      scope(
        async (s) => {
          const jobs: Job<unknown>[] = [
            s.spawn(() => "done"),
            s.spawn(() => Promise.reject("failed")),
            s.spawn((inner) => sleep(1000, inner)),
          ];
          await settled();
          jobs[2]?.cancel("first");
          await settled();
          const states = jobs.map(({ state }) => state);
          assert.deepEqual(states, ["done", "failed", "cancelled"]);
          for (const job of jobs) assert.equal(job.cancel("late"), false);
          assert.deepEqual(
            jobs.map(({ state }) => state),
            states,
          );
          assert.equal(((await failureOf(jobs[2] as Job<unknown>)) as CancelledError).reason, "first");
        },
        { supervise: true },
      ),
    );
  });

  it("that goes on although it has a scope of its own fails when its grace time is over (law 13)", () =>
    withVirtualClock(async (clock) => {
      const error = await failureOf(
        scope(
          async (s) => {
            const job = s.spawn((_inner) => new Promise(() => undefined), [], { name: "deaf" });
            await settled();
            job.cancel();
            await sleep(1e6, s);
          },
          { graceMs: 100 },
        ),
      );
      assert.ok(error instanceof StuckError);
      assert.deepEqual(error.jobs, ["deaf > body"]);
      assert.equal(clock.nowMs, 100);
    }));

  it("that was abandoned changes nothing (law 14)", () =>
    withVirtualClock(async () => {
      let job: Job<unknown> | undefined;
      await failureOf(
        scope(
          async (s) => {
            job = s.spawn(() => new Promise(() => undefined));
            await settled();
            s.cancel();
          },
          { graceMs: 1 },
        ),
      );
      assert.equal(job?.state, "abandoned");
      assert.equal(job.cancel(), false);
    }));

  it("that fails while it ends is a failure of its scope", () =>
    withVirtualClock(async () => {
      const error = new Error("while cleaning up");
      const thrown = await failureOf(
        scope(async (s) => {
          const job = s.spawn(async (inner) => {
            await failureOf(sleep(1000, inner));
            throw error;
          });
          await settled();
          job.cancel();
          await sleep(10, s);
        }),
      );
      assert.equal(thrown, error);
    }));
});

describe("joining a job", () => {
  it("can be cancelled: the waiting ends, the job runs on", () =>
    withVirtualClock(async () => {
      await scope(async (s) => {
        const job = s.spawn(() => sleep(100).then(() => "result"));
        const code = await codeOf(() => s.scope((inner) => job.join(inner), { timeoutMs: 10 }));
        assert.equal(code, "SKEIN_TIMEOUT");
        assert.equal(job.state, "running");
        assert.equal(await job.join(s), "result");
      });
    }));

  it("and being cancelled in the same turn in which the job ends has one outcome (law 11)", async () => {
    for (const [first, expected] of [
      ["end", "result"],
      ["cancel", "SKEIN_CANCELLED"],
    ] as const) {
      const { promise, open } = gate();
      const outcome = await scope(async (s) => {
        const job = s.spawn(() => promise);
        let waiting: Promise<unknown> | undefined;
        const inner = s.scope((t) => {
          waiting = job.join(t).catch((error: unknown) => (error as CancelledError).code);
          const end = () => open("result");
          const cancel = () => t.cancel();
          // The job's end takes effect a microtask after its promise is settled.
          if (first === "end") {
            end();
            queueMicrotask(() => queueMicrotask(cancel));
          } else {
            cancel();
            end();
          }
          return settled();
        });
        await inner;
        return waiting;
      });
      assert.equal(outcome, expected);
    }
  });

  it("and giving up, again and again, leaves nothing on the job nor on the scope (law 40)", () =>
    withVirtualClock(async (clock) => {
      await scope(async (s) => {
        const { promise, open } = gate();
        const job = s.spawn(() => promise);
        const node = s as unknown as { listeners(): unknown[] };
        await settled();
        const before = node.listeners().length;
        for (let i = 0; i < 20; i++) {
          await failureOf(s.scope((inner) => job.join(inner), { timeoutMs: 1 }));
        }
        assert.equal(node.listeners().length, before);
        assert.equal(clock.pendingAlarms, 0);
        // Whatever the waits have left behind comes to life now.
        const resolved = mock.method(Waiter.prototype, "resolve");
        open("result");
        assert.equal(await job.join(s), "result");
        resolved.mock.restore();
        assert.equal(resolved.mock.callCount(), 1);
      });
    }));
});

describe("the scope that a job is given", () => {
  it("ends with the job: what it spawned ended before", () =>
    withVirtualClock(async (clock) => {
      await scope(async (s) => {
        let own: Scope | undefined;
        const job = s.spawn((inner) => {
          own = inner;
          inner.spawn(() => sleep(50));
          return "result";
        });
        await settled();
        assert.equal(job.state, "running");
        assert.equal(await job, "result");
        assert.equal(clock.nowMs, 50);
        assert.throws(() => own?.spawn(() => 1), { code: "SKEIN_SCOPE_CLOSED" });
      });
    }));
});
