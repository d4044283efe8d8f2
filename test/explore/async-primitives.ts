/**
 * The primitives of jobs, as they are shipped, under the orders in which completions,
 * time limits and cancellations can come. Run by `programs.test.ts`.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { CancelledError, channel, ClosedError, scope, select, sleep, TimeoutError } from "skein";
import { condition, latch, mutex, once, rwLock, semaphore, singleFlight } from "skein/async";
import { type ExploredProgram, explore } from "skein/explore";

const MOST_SCHEDULES = 3000;
const LIMIT_MS = 60_000;

/** Explores the program, and shows how much of it was covered. */
async function holds(context: TestContext, program: ExploredProgram): Promise<void> {
  const report = await explore({ name: context.name, schedules: MOST_SCHEDULES, budgetMs: LIMIT_MS }, program);
  context.diagnostic(report.coverage.text);
  assert.deepEqual(report.warnings, []);
}

describe("locks of jobs, explored", () => {
  it("a mutex lets one job in at a time, whatever it awaits inside", (context) =>
    holds(context, async (t) => {
      const lock = mutex();
      let count = 0;
      for (const name of ["first", "second", "third"]) {
        t.job(name, async () => {
          await t.completes(undefined, { name: `${name} comes` });
          await lock.withLock(async () => {
            const before = count;
            await t.completes(undefined, { name: `${name} works` });
            count = before + 1;
          });
        });
      }
      await t.join();
      t.expect(count === 3);
      t.expect(!lock.isLocked, "it is free in the end");
    }));

  it("a cancelled wait for a permit takes none, and a permit that came is given back", (context) =>
    holds(context, async (t) => {
      const slots = semaphore(1);
      t.job("holder", async () => {
        const token = await slots.acquire();
        await t.completes(undefined, { name: "work" });
        token.release();
      });
      t.job("one who gives up", async () => {
        const given = scope(async (s) => {
          s.spawn(async () => {
            await t.completes(undefined, { name: "giving up" });
            s.cancel();
          });
          const token = await slots.acquire(1, s);
          token.release();
        });
        await given.catch((error: unknown) => {
          if (!(error instanceof CancelledError)) throw error;
        });
      });
      await t.join();
      t.expect(slots.statistics().free === 1 && slots.statistics().waiting === 0, "the permit is free");
    }));

  it("a reader-writer lock keeps readers from what a writer has half written", (context) =>
    holds(context, async (t) => {
      const lock = rwLock();
      let [low, high] = [0, 0];
      t.job("writer", () =>
        lock.withWrite(async () => {
          low = 1;
          await t.completes(undefined, { name: "write" });
          high = 1;
        }),
      );
      t.job("reader", async () => {
        await t.completes(undefined, { name: "request" });
        await lock.withRead(() => t.expect(low === high, "both or none"));
      });
      await t.join();
    }));

  it("a notification of a condition reaches one who waits, also when another is cancelled", (context) =>
    holds(context, async (t) => {
      const lock = mutex();
      const changed = condition(lock);
      const items: string[] = [];
      const take = async (cancel?: AbortSignal): Promise<void> => {
        const guard = await lock.lock();
        try {
          while (items.length === 0) await changed.wait(guard, cancel);
          items.pop();
        } finally {
          guard.release();
        }
      };
      const impatience = new AbortController();
      let isTaken = false;
      t.job("impatient", async () => {
        await take(impatience.signal).then(
          () => (isTaken = true),
          () => {},
        );
      });
      t.job("impatience", async () => {
        await t.completes(undefined, { name: "impatience" });
        impatience.abort();
      });
      t.job("patient", async () => {
        await take();
      });
      t.job("producer", async () => {
        for (let count = 0; count < 2; count += 1) {
          await t.completes(undefined, { name: "item" });
          const guard = await lock.lock();
          items.push("item");
          changed.notifyOne(guard);
          guard.release();
        }
      });
      await t.join();
      t.expect(items.length === (isTaken ? 0 : 1), "the patient one has one, and no item is lost");
    }));
});

describe("channels and select, explored", () => {
  it("a channel without room delivers each item once, in the order of its sender", (context) =>
    holds(context, async (t) => {
      const items = channel<number>(0);
      const seen: number[] = [];
      t.job("sender", async () => {
        for (const item of [1, 2, 3]) {
          await t.completes(undefined, { name: `item ${item}` });
          await items.send(item);
        }
        items.close();
      });
      t.job("receiver", async () => {
        for await (const item of items) {
          seen.push(item);
          await t.completes(undefined, { name: `handling ${item}` });
        }
      });
      await t.join();
      assert.deepEqual(seen, [1, 2, 3]);
    }));

  it("of a select one case is done, and the others not", (context) =>
    holds(context, async (t) => {
      const [left, right] = [channel<number>(1), channel<number>(1)];
      t.job("left", async () => left.send(await t.completes(1, { name: "left" })));
      t.job("right", async () => right.send(await t.completes(2, { name: "right" })));
      t.job("chooser", async () => {
        const won = await select({ left: left.receiving(), right: right.receiving() });
        if (won.value.done) throw new Error("nobody closes these");
        t.outcome(won.value.value);
      });
      await t.join();
      t.expect(left.length + right.length === 1, "the other item is still there");
    }));

  it("closing a channel ends those who wait at it", (context) =>
    holds(context, async (t) => {
      const items = channel<number>(0);
      t.job("closer", async () => {
        await t.completes(undefined, { name: "end" });
        items.close();
      });
      for (const name of ["first", "second"]) {
        t.job(name, async () => {
          await t.completes(undefined, { name: `${name} comes` });
          await items.receive().then(
            () => assert.fail("nobody sends"),
            (error: unknown) => assert.ok(error instanceof ClosedError),
          );
        });
      }
      await t.join();
    }));
});

describe("scopes, explored", () => {
  it("a scope ends only when its jobs have ended, also when one of them fails", (context) =>
    holds(context, async (t) => {
      const failure = new Error("it failed");
      let running = 0;
      t.job("owner", async () => {
        const all = scope((s) => {
          for (const name of ["one that may fail", "another"]) {
            s.spawn(async (inner) => {
              running += 1;
              try {
                await sleep(10, inner);
                if (name === "another") return;
                await t.completes(undefined, { name, mayReject: failure });
              } finally {
                running -= 1;
              }
            });
          }
        });
        await all.catch((error: unknown) => t.expect(error === failure, "only the failure comes out"));
        t.expect(running === 0, "nothing runs on");
      });
      await t.join();
    }));

  it("a time limit and the end of the work exclude each other", (context) =>
    holds(context, async (t) => {
      t.job("caller", async () => {
        let isDone = false;
        const limited = scope(
          async (s) => {
            await select({ done: doneBy(t.completes(undefined, { name: "work" })) }, s);
            isDone = true;
          },
          { timeoutMs: 100 },
        );
        const outcome = await limited.then(
          () => "done",
          (error: unknown) => {
            if (error instanceof TimeoutError) return "too late";
            throw error;
          },
        );
        t.expect(
          isDone === (outcome === "done"),
          `the work ${isDone ? "ended" : "did not end"}, but it was ${outcome}`,
        );
        t.outcome(outcome);
      });
      await t.join();
    }));

  it("single flight: all who ask while it runs share one run, and one who leaves does not end it for others", (context) =>
    holds(context, async (t) => {
      let runs = 0;
      const load = singleFlight(
        async () => {
          runs += 1;
          return t.completes(runs, { name: `run ${runs}` });
        },
        () => "key",
      );
      const leaving = new AbortController();
      t.job("one who leaves", async () => {
        await load.run([], leaving.signal).catch(() => {});
      });
      t.job("leaving", async () => {
        await t.completes(undefined, { name: "leaving" });
        leaving.abort();
      });
      t.job("one who stays", async () => {
        t.expect((await load.run([])) === 1, "the first run is shared");
      });
      await t.join();
      t.expect(runs === 1, "it ran once");
    }));

  it("once runs once, and a failed run lets the next try", (context) =>
    holds(context, async (t) => {
      const connect = once<number>();
      let successes = 0;
      for (const name of ["first", "second"]) {
        t.job(name, async () => {
          const run = connect.run(async () => {
            await t.completes(undefined, { name: `connecting for ${name}`, mayReject: new Error("refused") });
            successes += 1;
            return successes;
          });
          await run.catch(() => {});
        });
      }
      await t.join();
      t.expect(successes <= 1, "it succeeds once at most");
      t.expect(connect.isDone === (successes === 1));
    }));

  it("a latch opens once all has been counted", (context) =>
    holds(context, async (t) => {
      const ready = latch(2);
      let prepared = 0;
      for (const name of ["first", "second"]) {
        t.job(name, async () => {
          await t.completes(undefined, { name });
          prepared += 1;
          ready.countDown();
        });
      }
      t.job("user", async () => {
        await ready.wait();
        t.expect(prepared === 2, "both have prepared");
      });
      await t.join();
    }));
});

/** The end of a promise, as a case of `select`. */
function doneBy(promise: Promise<unknown>): ReturnType<ReturnType<typeof channel<undefined>>["receiving"]> {
  const done = channel<undefined>(1);
  void promise.then(() => done.trySend(undefined));
  return done.receiving();
}
