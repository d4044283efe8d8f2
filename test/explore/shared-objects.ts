/**
 * The library's own shared objects, as shipped, in threads under exploration. Run by
 * `shared-objects.test.ts`, under the condition that this takes.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Cell, type Exploration, explore, ExploreError } from "skein/explore";
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
  sharedStruct,
  SharedStructArray,
} from "skein/shared";

type Program = (t: Exploration) => unknown;

const SCHEDULES = 150;

const Account = sharedStruct({ balance: "float64" });
const Flags = sharedStruct({ left: "int8", right: "int8", ratio: "float64" });

async function find(program: Program): Promise<ExploreError | undefined> {
  try {
    await explore({ schedules: SCHEDULES }, program);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof ExploreError, String(error));
    return error;
  }
}

/** One waits until another has made something ready, and notified. */
function waitingFor(wait: (ready: Cell, mutex: Mutex, changed: Condition) => void): Program {
  return async (t) => {
    const mutex = new Mutex({ name: "lock" });
    const changed = new Condition({ mutex, name: "changed" });
    const ready = t.cell("ready");
    t.thread("waiter", () => wait(ready, mutex, changed));
    t.thread("notifier", () => {
      ready.store(1);
      changed.notifyOne();
    });
    await t.join();
  };
}

const RIGHT: Readonly<Record<string, Program>> = {
  "a mutex lets one in at a time, and orders what is done inside": async (t) => {
    const mutex = new Mutex();
    const x = t.cell("x");
    const addOne = (): void =>
      mutex.withLockSync(() => {
        x.value += 1;
      });
    for (const name of ["a", "b", "c"]) t.thread(name, addOne);
    await t.join();
    t.expect(x.value === 3);
  },
  "a semaphore lets in as many as it has permits": async (t) => {
    const semaphore = new Semaphore({ permits: 2 });
    const inside = t.cell("inside");
    const enter = (): void => {
      const token = semaphore.acquireSync();
      t.expect(inside.add(1) < 2, "three are inside");
      inside.add(-1);
      token.release();
    };
    for (const name of ["a", "b", "c"]) t.thread(name, enter);
    await t.join();
  },
  "a condition wakes who waits for it": async (t) => {
    const mutex = new Mutex();
    const changed = new Condition({ mutex });
    const isReady = t.cell("isReady");
    t.thread("waiter", () => {
      const guard = mutex.lockSync();
      while (isReady.value === 0) changed.waitSync(guard);
      guard.release();
    });
    t.thread("setter", () => {
      mutex.withLockSync(() => {
        isReady.value = 1;
        changed.notifyAll();
      });
    });
    await t.join();
  },
  "a channel of one place gives all values, in order": async (t) => {
    const channel = new SharedChannel({ type: "int32", capacity: 1 });
    t.thread("sender", () => {
      for (const value of [1, 2, 3]) channel.sendSync(value);
    });
    const receiver = t.thread("receiver", () => [1, 2, 3].map(() => channel.receiveSync()));
    await t.join();
    assert.deepEqual(receiver.result, [1, 2, 3]);
  },
  "a channel carries objects, and texts that have blocks of their own": async (t) => {
    const channel = new SharedChannel<{ text: string }>({ capacity: 2 });
    const text = "long".repeat(50);
    t.thread("sender", () => {
      channel.sendSync({ text });
      channel.sendSync({ text: "short" });
    });
    const receiver = t.thread("receiver", () => [channel.receiveSync(), channel.receiveSync()]);
    await t.join();
    assert.deepEqual(receiver.result, [{ text }, { text: "short" }]);
  },
  "a deque gives each value to one": async (t) => {
    const deque = new SharedDeque({ type: "int32" });
    deque.push(1);
    deque.push(2);
    const thieves = ["a", "b"].map((name) => t.thread(name, () => deque.steal()));
    const own = deque.pop();
    await t.join();
    const taken = [own, ...thieves.map(({ result }) => result)].filter((value) => value !== undefined);
    assert.equal(new Set(taken).size, taken.length);
    assert.equal(taken.length + deque.length, 2);
  },
  "a lock for readers and writers keeps them apart": async (t) => {
    const lock = new RwLock();
    const x = t.cell("x");
    t.thread("writer", () => {
      const guard = lock.writeSync();
      x.value = 1;
      x.value = 2;
      guard.release();
    });
    const readers = ["a", "b"].map((name) =>
      t.thread(name, () => {
        const guard = lock.readSync();
        const seen = x.value;
        guard.release();
        return seen;
      }),
    );
    await t.join();
    for (const { result } of readers) t.expect(result === 0 || result === 2);
  },
  "a barrier, a latch, an event and a counter hold their promises": async (t) => {
    const barrier = new Barrier({ parties: 2 });
    const latch = new Latch({ count: 2 });
    const event = new Event();
    const counter = new SharedCounter();
    const body = (): void => {
      counter.add(1);
      barrier.waitSync();
      t.expect(counter.value === 2, "passed the barrier before both had come");
      latch.countDown();
      event.waitSync();
    };
    t.thread("a", body);
    t.thread("b", body);
    t.thread("c", () => {
      latch.waitSync();
      event.set();
    });
    await t.join();
  },
  "fields of a record that lie side by side are no race": async (t) => {
    const flags = new Flags();
    t.thread("a", () => {
      flags.left = 1;
      flags.ratio = 0.5;
    });
    t.thread("b", () => void (flags.right = 1));
    await t.join();
    t.expect(flags.left + flags.right === 2);
  },
  "a thing done once is done once": async (t) => {
    const once = new Once();
    const done = t.cell("done");
    const body = (): void => void once.runSync(() => void (done.value += 1));
    t.thread("a", body);
    t.thread("b", body);
    await t.join();
    t.expect(done.value === 1);
  },
};

const WRONG: Readonly<Record<string, readonly [kind: string, diagnosis: RegExp, program: Program]>> = {
  "mutexes taken in opposite orders": [
    "deadlock",
    /"a" sleeps on mutex "right"\[0\].*"b" sleeps on mutex "left"\[0\]/,
    async (t) => {
      const left = new Mutex({ name: "left" });
      const right = new Mutex({ name: "right" });
      t.thread("a", () => left.withLockSync(() => right.withLockSync(() => 1)));
      t.thread("b", () => right.withLockSync(() => left.withLockSync(() => 1)));
      await t.join();
    },
  ],
  "a mutex that is never released": [
    "deadlock",
    /"b" sleeps on mutex/,
    async (t) => {
      const mutex = new Mutex();
      t.thread("a", () => void mutex.lockSync());
      t.thread("b", () => void mutex.lockSync());
      await t.join();
    },
  ],
  "a receiver of a channel that nobody sends to": [
    "leak",
    /"receiver" sleeps on channel/,
    (t) => {
      const channel = new SharedChannel({ type: "int32" });
      t.thread("receiver", () => channel.receiveSync());
    },
  ],
  "a notification before the wait": [
    "lost wake-up",
    /"waiter" waits for condition for ever/,
    async (t) => {
      const mutex = new Mutex();
      const changed = new Condition({ mutex });
      t.thread("waiter", () => {
        const guard = mutex.lockSync();
        changed.waitSync(guard);
        guard.release();
      });
      t.thread("setter", () => changed.notifyAll());
      await t.join();
    },
  ],
  "an unlock by who does not hold it": [
    "misuse",
    /can't be unlocked here/,
    async (t) => {
      const mutex = new Mutex();
      t.thread("a", () => void mutex.lockSync());
      t.thread("b", () => mutex.unlock());
      await t.join();
    },
  ],
  "a counter read, then written, without a lock": [
    "assertion",
    /an addition was lost/,
    async (t) => {
      const counter = new SharedCounter();
      const addOne = (): void => {
        if (counter.value < 1) counter.add(1);
      };
      t.thread("a", addOne);
      t.thread("b", addOne);
      await t.join();
      t.expect(counter.value === 1, "an addition was lost");
    },
  ],
  "a notification that came between a look without the lock and the wait": [
    "lost wake-up",
    /^"waiter" waits for condition "changed" for ever: it looked \(step \d+\), then "notifier" notified, when nobody waited yet \(step \d+\), then it began to wait \(step \d+\)\. /,
    waitingFor((ready, mutex, changed) => {
      if (ready.load() === 1) return;
      const guard = mutex.lockSync();
      changed.waitSync(guard);
      guard.release();
    }),
  ],
  "a notification that came before a wait without a look": [
    "lost wake-up",
    /"notifier" notified when nobody waited yet \(step \d+\), then it began to wait without a look/,
    waitingFor((_, mutex, changed) => {
      const guard = mutex.lockSync();
      changed.waitSync(guard);
      guard.release();
    }),
  ],
  "a condition that nobody notifies again, and call that no lost wake-up": [
    "deadlock",
    /"waiter" sleeps on condition "changed"/,
    waitingFor((ready, mutex, changed) => {
      const guard = mutex.lockSync();
      while (ready.load() < 2) changed.waitSync(guard);
      guard.release();
    }),
  ],
  "an event that is cleared before somebody waits for it": [
    "lost wake-up",
    /^"waiter" waits for event "go" for ever: "setter" set it \(step \d+\), "setter" cleared it \(step \d+\), then it fell asleep/,
    async (t) => {
      const go = new Event({ name: "go" });
      t.thread("waiter", () => go.waitSync());
      t.thread("setter", () => {
        go.set();
        go.clear();
      });
      await t.join();
    },
  ],
  "an event that nobody sets, and call that no lost wake-up": [
    "deadlock",
    /"waiter" sleeps on event "go"/,
    async (t) => {
      const go = new Event({ name: "go", isSet: true });
      t.thread("waiter", () => go.waitSync());
      t.thread("clearer", () => go.clear());
      await t.join();
    },
  ],
  "a field of a record that two threads write, one of them without the lock": [
    "race",
    /struct "account"\.balance: "b" .*plainly .*"a" .*plainly|struct "account"\.balance: "a" .*plainly .*"b" .*plainly/,
    async (t) => {
      const account = new Account({}, { name: "account" });
      const mutex = new Mutex();
      t.thread("a", () => mutex.withLockSync(() => void (account.balance += 1)));
      t.thread("b", () => void (account.balance += 1));
      await t.join();
    },
  ],
  "an element of an array of records that two threads write": [
    "race",
    /structArray "flags"\.right/,
    async (t) => {
      const array = new SharedStructArray(Flags, 2, { name: "flags" });
      for (const name of ["a", "b"]) t.thread(name, () => void (array.at(1).right += 1));
      await t.join();
    },
  ],
  "an object made outside": [
    "misuse",
    /made outside of the function given to explore/,
    async (t) => {
      t.thread("a", () => void OUTSIDE.lockSync());
      await t.join();
    },
  ],
};

const OUTSIDE = new Mutex();

describe("shared objects, explored", () => {
  for (const [what, program] of Object.entries(RIGHT)) {
    it(what, async () => {
      const error = await find(program);
      assert.equal(error, undefined, error?.message);
    });
  }
  for (const [what, [kind, diagnosis, program]] of Object.entries(WRONG)) {
    it(`find ${what}`, async () => {
      const error = await find(program);
      assert.equal(error?.kind, kind, error?.message);
      assert.match(error.diagnosis, diagnosis);
      if (kind === "lost wake-up") assert.ok(/^ *>\d+[^]*\n *>\d+/m.test(error.listing), error.listing);
      await assert.rejects(explore({ token: error.token }, program), { listing: error.listing });
    });
  }
});
