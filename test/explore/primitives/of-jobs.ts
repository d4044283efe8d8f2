/**
 * The primitives of jobs, as they are shipped, under the orders in which completions,
 * time limits and cancellations can come.
 */
import assert from "node:assert/strict";

import { CancelledError, channel, ClosedError, scope, select, sleep, TimeoutError } from "skein";
import {
  barrier,
  broadcast,
  condition,
  event,
  latch,
  mutex,
  once,
  oneshot,
  rwLock,
  semaphore,
  singleFlight,
  watch,
} from "skein/async";

import type { ExploredPrimitive } from "./primitive.js";

/** The end of a promise, as a case of `select`. */
function doneBy(promise: Promise<unknown>): ReturnType<ReturnType<typeof channel<undefined>>["receiving"]> {
  const done = channel<undefined>(1);
  void promise.then(() => done.trySend(undefined));
  return done.receiving();
}

export const OF_JOBS: readonly ExploredPrimitive[] = [
  {
    of: ["mutex"],
    fact: "a mutex lets one job in at a time, whatever it awaits inside",
    does: "3 jobs: lock, await, release",
    program: async (t) => {
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
    },
  },

  {
    of: ["semaphore"],
    fact: "a cancelled wait for a permit takes none, and a permit that came is given back",
    does: "1 × acquire, await, release; 1 × acquire, cancelled",
    program: async (t) => {
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
    },
  },

  {
    of: ["rwLock"],
    fact: "a reader-writer lock keeps readers from what a writer has half written",
    does: "1 × write, await, 1 × read",
    program: async (t) => {
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
    },
  },

  {
    of: ["condition"],
    fact: "a notification of a condition reaches one who waits, also when another is cancelled",
    does: "2 × wait, of which one is cancelled; 1 × notifyOne, twice",
    program: async (t) => {
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
    },
  },

  {
    of: ["channel"],
    fact: "a channel without room delivers each item once, in the order of its sender",
    does: "1 × send three, 1 × receive all, no room",
    program: async (t) => {
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
    },
  },

  {
    of: ["select"],
    fact: "of a select one case is done, and the others not",
    does: "2 × send, 1 × select of two",
    program: async (t) => {
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
    },
  },

  {
    of: ["channel"],
    fact: "closing a channel ends those who wait at it",
    does: "1 × close, 2 × receive",
    program: async (t) => {
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
    },
  },

  {
    of: ["scope", "sleep"],
    fact: "a scope ends only when its jobs have ended, also when one of them fails",
    does: "2 spawned, of which one may fail",
    program: async (t) => {
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
    },
  },

  {
    of: ["scope", "select"],
    fact: "a time limit and the end of the work exclude each other",
    does: "work against a time limit",
    program: async (t) => {
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
    },
  },

  {
    of: ["singleFlight"],
    fact: "single flight: all who ask while it runs share one run, and one who leaves does not end it for others",
    does: "2 × run, of which one is cancelled",
    program: async (t) => {
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
    },
  },

  {
    of: ["once"],
    fact: "once runs once, and a failed run lets the next try",
    does: "2 × run, each may fail",
    program: async (t) => {
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
    },
  },

  {
    of: ["latch"],
    fact: "a latch opens once all has been counted",
    does: "2 × countDown, 1 × wait",
    program: async (t) => {
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
    },
  },
  {
    of: ["barrier"],
    fact: "a barrier lets nobody on before all have come",
    does: "3 jobs: await, wait",
    program: async (t) => {
      const meeting = barrier(3);
      let arrived = 0;
      for (const name of ["first", "second", "third"]) {
        t.job(name, async () => {
          await t.completes(undefined, { name });
          arrived += 1;
          await meeting.wait();
          t.expect(arrived === 3, "all have come");
        });
      }
      await t.join();
    },
  },
  {
    of: ["event"],
    fact: "an event lets on who waits and who comes later, and a cancelled wait leaves nothing behind",
    does: "1 × set, 2 × wait, of which one is cancelled",
    program: async (t) => {
      const ready = event();
      const impatience = new AbortController();
      t.job("setter", async () => {
        await t.completes(undefined, { name: "getting ready" });
        ready.set();
      });
      t.job("patient", async () => {
        await t.completes(undefined, { name: "coming" });
        await ready.wait();
      });
      t.job("impatient", async () => {
        await ready.wait(impatience.signal).catch(() => {});
      });
      t.job("impatience", async () => {
        await t.completes(undefined, { name: "impatience" });
        impatience.abort();
      });
      await t.join();
      t.expect(ready.statistics().waiting === 0, "nobody waits");
    },
  },
  {
    of: ["broadcast"],
    fact: "a broadcast gives all subscribers what is published behind their coming, in order",
    does: "1 × publish two, close, 2 × receive all",
    program: async (t) => {
      const news = broadcast<number>(1);
      const seen: number[][] = [];
      for (const name of ["first", "second"]) {
        const subscription = news.subscribe();
        const own: number[] = [];
        seen.push(own);
        t.job(name, async () => {
          for await (const item of subscription) {
            own.push(item);
            await t.completes(undefined, { name: `${name} reads ${item}` });
          }
        });
      }
      t.job("publisher", async () => {
        await news.publish(1);
        await news.publish(2);
        news.close();
      });
      await t.join();
      assert.deepEqual(seen, [
        [1, 2],
        [1, 2],
      ]);
    },
  },
  {
    of: ["oneshot"],
    fact: "a oneshot gives its value to who waits and to who comes later, or to nobody who left",
    does: "1 × send, 1 × receive, cancelled at some moment",
    program: async (t) => {
      const answer = oneshot<number>();
      const leaving = new AbortController();
      let got: number | undefined;
      t.job("answers", async () => {
        answer.trySend(await t.completes(1, { name: "answer" }));
      });
      t.job("asks", async () => {
        got = await answer.receive(leaving.signal).catch(() => undefined);
      });
      t.job("leaving", async () => {
        await t.completes(undefined, { name: "leaving" });
        leaving.abort();
      });
      await t.join();
      t.expect(got === 1 || answer.tryReceive()?.value === 1, "the value is there, once");
    },
  },
  {
    of: ["watch"],
    fact: "a watcher sees the last of what was set, and none twice",
    does: "1 × set two, close, 1 × changed, again and again",
    program: async (t) => {
      const setting = watch(0);
      const seen: number[] = [];
      const watcher = setting.watcher();
      t.job("sets", async () => {
        for (const value of [1, 2]) setting.set(await t.completes(value, { name: `value ${value}` }));
        setting.close();
      });
      t.job("sees", async () => {
        for await (const value of watcher) {
          seen.push(value);
          await t.completes(undefined, { name: `taking in ${value}` });
        }
      });
      await t.join();
      t.expect(seen.at(-1) === 2, "the last one is seen");
      t.expect(new Set(seen).size === seen.length, "none twice");
    },
  },
];
