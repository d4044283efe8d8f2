/**
 * The structures that threads share, as they are shipped, under the orders that two or
 * three threads' steps can come in. What is asserted of each is what its documentation
 * promises; plain cells inside a lock make the race detector its second witness. Run by
 * `programs.test.ts`; with `--real`, as `npm run known-bugs -- threads` does, each of some
 * schedules is taken by real threads as well.
 */
import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";

import { ClosedError } from "skein";
import {
  type ExploredProgram,
  type ExploredThread,
  type Exploration,
  explore,
  type ExploreOptions,
} from "skein/explore";
import {
  Barrier,
  Condition,
  Event,
  Latch,
  Mutex,
  Once,
  RwLock,
  Semaphore,
  SharedChannel,
  SharedCounter,
  SharedDeque,
  SharedMap,
  SharedRing,
} from "skein/shared";

/** Enough for most of these to be complete; the rest is sampled, and says so. */
const MOST_SCHEDULES = 2000;
const LIMIT_MS = 60_000;

const OPTIONS: ExploreOptions = process.argv.includes("--real")
  ? { schedules: 100, strategy: "random", threads: "real" }
  : { schedules: MOST_SCHEDULES, budgetMs: LIMIT_MS };

/** Explores the program, and shows how much of it was covered. */
async function holds(context: TestContext, program: ExploredProgram): Promise<void> {
  const report = await explore({ name: context.name, ...OPTIONS }, program);
  context.diagnostic(report.coverage.text);
  assert.deepEqual(report.warnings, []);
}

function threads(t: Exploration, count: number, body: (index: number) => unknown): ExploredThread[] {
  return Array.from({ length: count }, (_, index) => t.thread(`thread ${index}`, () => body(index)));
}

function sorted(values: readonly unknown[]): unknown[] {
  return [...values].sort((a, b) => Number(a) - Number(b));
}

describe("locks of threads, explored", () => {
  it("a mutex lets one thread in at a time, and what the last wrote is seen", (context) =>
    holds(context, async (t) => {
      const mutex = new Mutex();
      const count = t.cell("count");
      threads(t, 2, () => {
        const guard = mutex.lockSync();
        count.value += 1;
        guard.release();
      });
      await t.join();
      t.expect(count.value === 2);
    }));

  it("tryLock of a mutex fails only while somebody holds it", (context) =>
    holds(context, async (t) => {
      const mutex = new Mutex();
      const [first, second] = threads(t, 2, () => {
        const guard = mutex.tryLock();
        guard?.release();
        return guard !== undefined;
      });
      await t.join();
      t.expect(first?.result === true || second?.result === true, "one of two has it");
      t.expect(mutex.tryLock() !== undefined, "it is free in the end");
    }));

  it("a semaphore lets in as many as it has permits", (context) =>
    holds(context, async (t) => {
      const semaphore = new Semaphore({ permits: 1 });
      const inside = t.cell("inside");
      threads(t, 2, () => {
        const token = semaphore.acquireSync();
        t.expect(inside.add(1) === 0, "one at a time");
        inside.add(-1);
        token.release();
      });
      await t.join();
      t.expect(semaphore.tryAcquire() !== undefined, "the permit is back");
    }));

  it("a notification of a condition is not lost", (context) =>
    holds(context, async (t) => {
      const mutex = new Mutex();
      const filled = new Condition({ mutex });
      const items = t.cell("items");
      t.thread("consumer", () => {
        const guard = mutex.lockSync();
        while (items.value === 0) filled.waitSync(guard);
        items.value -= 1;
        guard.release();
      });
      t.thread("producer", () => {
        const guard = mutex.lockSync();
        items.value += 1;
        filled.notifyOne();
        guard.release();
      });
      await t.join();
      t.expect(items.value === 0);
    }));

  it("a reader-writer lock keeps readers from what a writer has half written", (context) =>
    holds(context, async (t) => {
      const lock = new RwLock();
      const [low, high] = [t.cell("low"), t.cell("high")];
      t.thread("writer", () => {
        const guard = lock.writeSync();
        low.value = 1;
        high.value = 1;
        guard.release();
      });
      t.thread("reader", () => {
        const guard = lock.readSync();
        t.expect(low.value === high.value, "both or none");
        guard.release();
      });
      await t.join();
    }));
});

describe("meeting points of threads, explored", () => {
  it("a barrier lets nobody into the next phase before all have ended this one, twice", (context) =>
    holds(context, async (t) => {
      const barrier = new Barrier({ parties: 2 });
      const arrived = t.cell("arrived");
      const both = threads(t, 2, () => {
        let leads = 0;
        for (let phase = 1; phase <= 2; phase += 1) {
          arrived.add(1);
          if (barrier.waitSync()) leads += 1;
          t.expect(arrived.load() >= 2 * phase, `both have arrived at phase ${phase}`);
        }
        return leads;
      });
      await t.join();
      t.expect(Number(both[0]?.result) + Number(both[1]?.result) === 2, "each phase has one who leads");
    }));

  it("a latch opens when all has been counted, and shows what was done before", (context) =>
    holds(context, async (t) => {
      const latch = new Latch({ count: 2 });
      const prepared = [t.cell("first"), t.cell("second")];
      for (const cell of prepared) {
        t.thread(`prepares ${cell.name}`, () => {
          cell.value = 1;
          latch.countDown();
        });
      }
      t.thread("user", () => {
        latch.waitSync();
        t.expect(
          prepared.every((cell) => cell.value === 1),
          "all is prepared",
        );
      });
      await t.join();
    }));

  it("an event wakes who waits and lets on who comes later", (context) =>
    holds(context, async (t) => {
      const event = new Event();
      const content = t.cell("content");
      t.thread("setter", () => {
        content.value = 1;
        event.set();
      });
      t.thread("waiter", () => {
        event.waitSync();
        t.expect(content.value === 1, "what came before it is seen");
      });
      await t.join();
    }));

  it("once runs once, and nobody goes on before it has run", (context) =>
    holds(context, async (t) => {
      const once = new Once();
      const content = t.cell("content");
      const both = threads(t, 2, () => {
        const isOwn = once.runSync(() => {
          content.value += 1;
        });
        t.expect(content.value === 1, "it has run");
        return isOwn;
      });
      await t.join();
      t.expect(both.filter((thread) => thread.result === true).length === 1, "one of them ran it");
    }));
});

describe("containers of threads, explored", () => {
  it("a channel delivers each item once, in the order of its sender", (context) =>
    holds(context, async (t) => {
      const items = new SharedChannel({ type: "int32", capacity: 1 });
      t.thread("sender", () => {
        items.sendSync(1);
        items.sendSync(2);
      });
      const receiver = t.thread("receiver", () => [items.receiveSync(), items.receiveSync()]);
      await t.join();
      assert.deepEqual(receiver.result, [1, 2]);
    }));

  it("closing a channel wakes a blocked receiver, and keeps what was sent", (context) =>
    holds(context, async (t) => {
      const items = new SharedChannel({ type: "int32", capacity: 2 });
      t.thread("sender", () => {
        items.sendSync(1);
        items.close();
      });
      const receiver = t.thread("receiver", () => {
        const first = items.receiveSync();
        try {
          items.receiveSync();
        } catch (error) {
          if (error instanceof ClosedError) return first;
          throw error;
        }
        return undefined;
      });
      await t.join();
      t.expect(receiver.result === 1, "the item, then the end");
    }));

  it("a deque gives each item to its owner or to one thief", (context) =>
    holds(context, async (t) => {
      const deque = new SharedDeque();
      deque.giveUp();
      const owner = t.thread("owner", () => {
        deque.takeOver();
        deque.push(1);
        deque.push(2);
        return [deque.pop(), deque.pop()];
      });
      const thief = t.thread("thief", () => deque.steal());
      await t.join();
      const taken = [...(owner.result as (number | undefined)[]), thief.result].filter((item) => item !== undefined);
      assert.deepEqual(sorted(taken), [1, 2]);
    }));

  it("a ring hands over in order and without loss", (context) =>
    holds(context, async (t) => {
      const ring = new SharedRing({ type: "int32", capacity: 1 });
      const writer = t.thread("writer", () => [ring.push(1), ring.push(2)]);
      const reader = t.thread("reader", () => [ring.pop(), ring.pop()]);
      await t.join();
      const sent = (writer.result as boolean[]).flatMap((isIn, index) => (isIn ? [index + 1] : []));
      const read = (reader.result as (number | undefined)[]).filter((item) => item !== undefined);
      assert.deepEqual(read, sent.slice(0, read.length), "what is read is what was sent first");
      t.expect(ring.length === sent.length - read.length, "the rest is still there");
    }));

  it("a map's update is one step, and its deletion happens once", (context) =>
    holds(context, async (t) => {
      const map = new SharedMap({ type: "int32" });
      threads(t, 2, () => map.update("hits", (count = 0) => count + 1));
      await t.join();
      t.expect(map.get("hits") === 2, "both count");
      const deletions = threads(t, 2, () => map.delete("hits"));
      await t.join();
      t.expect(deletions.filter((thread) => thread.result === true).length === 1, "one of them deleted it");
    }));

  it("setIfAbsent of a map lets one of two set", (context) =>
    holds(context, async (t) => {
      const map = new SharedMap({ type: "int32" });
      const both = threads(t, 2, (index) => map.setIfAbsent("leader", index));
      await t.join();
      t.expect(both[map.get("leader") ?? -1]?.result === true, "the value is the winner's");
      t.expect(both.filter((thread) => thread.result === true).length === 1, "there is one winner");
    }));

  it("a counter counts all additions", (context) =>
    holds(context, async (t) => {
      const counter = new SharedCounter();
      threads(t, 2, () => counter.add(1));
      await t.join();
      t.expect(counter.value === 2);
    }));
});
