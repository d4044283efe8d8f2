/**
 * The library's own shared objects, as shipped, in threads under exploration. Run by
 * `shared-objects.test.ts`, under the condition that this takes.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Cell, type Exploration, explore, ExploreError } from "skein/explore";
import {
  array,
  Barrier,
  Condition,
  Event,
  Latch,
  Mutex,
  Once,
  RwLock,
  Semaphore,
  SharedArray,
  SharedChannel,
  SharedCounter,
  SharedDeque,
  sharedStruct,
  SharedStructArray,
} from "skein/shared";

import { lostElement } from "./real-programs.js";

type Program = (t: Exploration) => unknown;

const SCHEDULES = 150;

const Account = sharedStruct({ balance: "float64" });
const Series = sharedStruct({ samples: array("float64", 2) });
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
  "elements of an array that lie side by side are no race, nor are those under a lock": async (t) => {
    const bytes = new SharedArray({ type: "uint8", length: 3, name: "bytes" });
    const mutex = new Mutex();
    const write = (index: number): void => {
      bytes.values[index] = 1;
      mutex.withLockSync(() => void ((bytes.values[2] as number) += 1));
    };
    t.thread("a", () => write(0));
    t.thread("b", () => write(1));
    await t.join();
    t.expect([...bytes].join() === "1,1,2");
    assert.deepEqual(bytes.copy(), Uint8Array.of(1, 1, 2));
  },
  "the platform's operations on elements order what is done around them": async (t) => {
    const { values } = new SharedArray({ type: "int32", length: 3, name: "cells" });
    t.thread("writer", () => {
      values[0] = 7;
      Atomics.store(values, 1, 1);
      Atomics.notify(values, 1);
    });
    const reader = t.thread("reader", () => {
      while (Atomics.load(values, 1) === 0) Atomics.wait(values, 1, 0);
      return values[0];
    });
    for (const name of ["c", "d"]) t.thread(name, () => Atomics.add(values, 2, 1));
    await t.join();
    t.expect(reader.result === 7 && values[2] === 2);
  },
  "methods of typed arrays do under exploration what they do without": async (t) => {
    const shared = SharedArray.from("float64", [3, 1, 2, 5, 4]);
    const { values } = shared;
    const other = new SharedArray({ type: "bigint64", length: 2 });
    t.thread("a", () => {
      const plain = Float64Array.of(3, 1, 2, 5, 4);
      const both = [plain, values] as unknown as readonly Float64Array<ArrayBuffer>[];
      const same = (act: (numbers: Float64Array<ArrayBuffer>) => unknown): void => {
        const [expected, gave] = both.map(act);
        assert.deepEqual(gave, expected);
        assert.deepEqual(shared.copy(), plain);
      };
      same((numbers) => numbers.slice(1, 3));
      same((numbers) => numbers.map((one) => one * 2).filter((one) => one > 4));
      same((numbers) => numbers.reduce((sum, one) => sum + one, 0));
      same((numbers) => [numbers.indexOf(2), numbers.includes(9), numbers.at(-1), numbers.join("-"), numbers.length]);
      same((numbers) => [...numbers.subarray(1, 4).fill(8, 1, 2).entries()]);
      same((numbers) => numbers.reverse().copyWithin(0, 3).join());
      same((numbers) => numbers.set([9, 7], 2));
      same((numbers) => numbers.subarray(2).set(numbers.subarray(0, 3)));
      same((numbers) => [...numbers.sort((one, next) => next - one)]);
      same((numbers) => [numbers[5], numbers instanceof Float64Array, String(numbers), numbers.BYTES_PER_ELEMENT]);
      assert.throws(() => values.set([1], 5), RangeError);
      assert.throws(() => values.set([1], -1), RangeError);
      assert.throws(() => Atomics.load(other.values.subarray(0, 1), 1), RangeError);
      assert.equal(Atomics.exchange(other.values, 0, 5n), 0n);
      assert.equal(Atomics.compareExchange(other.values, 0, 5n, 6n), 5n);
      assert.equal(Atomics.or(other.values, 0, 1n), 6n);
      assert.deepEqual([...other.values], [7n, 0n]);
    });
    t.thread("b", () => 1);
    await t.join();
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
  "an element of an array that two threads count up": [
    "race",
    /array "samples"\.values\[3\]: "[ab]" .*plainly/,
    async (t) => {
      const samples = new SharedArray({ type: "float64", length: 4, name: "samples" });
      for (const name of ["a", "b"]) t.thread(name, () => void ((samples.values[3] as number) += 1));
      await t.join();
    },
  ],
  "a part of an array that one thread reads as a whole while another writes into it": [
    "race",
    /array "samples"\.values\[2\]/,
    async (t) => {
      const { values } = new SharedArray({ type: "uint8", length: 4, name: "samples" });
      t.thread("a", () => values.subarray(1).reduce((sum, one) => sum + one, 0));
      t.thread("b", () => values.subarray(2).fill(1, 0, 1));
      await t.join();
    },
  ],
  "an update of an element in two operations, each of them atomic": [
    "assertion",
    /lost/,
    async (t) => {
      const counts = new SharedArray({ type: "int32", length: 1, name: "counts" });
      const body = (): void => void Atomics.store(counts.values, 0, Atomics.load(counts.values, 0) + 1);
      for (const name of ["a", "b"]) t.thread(name, body);
      await t.join();
      t.expect(counts.values[0] === 2, "an update is lost");
    },
  ],
  "an element that is read plainly while it is written by an operation": [
    "race",
    /array "flags"\.values\[0\]/,
    async (t) => {
      const { values } = new SharedArray({ type: "uint8", length: 1, name: "flags" });
      t.thread("a", () => Atomics.store(values, 0, 1));
      t.thread("b", () => values[0]);
      await t.join();
    },
  ],
  "a wake-up on an element that does not change": [
    "lost wake-up",
    /"b" sleeps on array "cells"\.values\[1\] for ever: it looked/,
    async (t) => {
      const { values } = new SharedArray({ type: "int32", length: 2, name: "cells" });
      t.thread("a", () => {
        Atomics.store(values, 0, 1);
        Atomics.notify(values, 1);
      });
      t.thread("b", () => {
        if (Atomics.load(values, 0) === 0) Atomics.wait(values, 1, 0);
      });
      await t.join();
    },
  ],
  "an array in a record that two threads write": [
    "race",
    /struct "series"\.samples\[1\]/,
    async (t) => {
      const series = new Series({}, { name: "series" });
      for (const name of ["a", "b"]) t.thread(name, () => void ((series.samples[1] as number) += 1));
      await t.join();
    },
  ],
  "a wait on an element of 64 bits": [
    "misuse",
    /on arrays of int32 alone/,
    async (t) => {
      const { values } = new SharedArray({ type: "bigint64", length: 1 });
      t.thread("a", () => void Atomics.wait(values, 0, 1n));
      t.thread("b", () => 1);
      await t.join();
    },
  ],
  "an element of an array of records that two threads write": [
    "race",
    /structArray "flags"\.right/,
    async (t) => {
      const flags = new SharedStructArray(Flags, 2, { name: "flags" });
      for (const name of ["a", "b"]) t.thread(name, () => void (flags.at(1).right += 1));
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
  it("go the same way on real threads, elements of arrays too", async () => {
    const program = { module: new URL("real-programs.js", import.meta.url), export: "lostElement" };
    await assert.rejects(explore({ schedules: SCHEDULES, confirm: true, program }, lostElement), {
      kind: "assertion",
      confirmation: {
        verdict: "confirmed",
        text: "17 steps on 4 threads gave the same, and the run ended in the same way",
      },
    });
  });
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
