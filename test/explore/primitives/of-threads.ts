/**
 * What threads share, as it is shipped, under the orders that two or three threads'
 * steps can come in. What is asserted of each is what its documentation promises; plain
 * cells inside a lock make the race detector its second witness.
 */
import assert from "node:assert/strict";

import { ClosedError } from "skein";
import {
  atomic,
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
  SharedMap,
  SharedRing,
  sharedStruct,
  SharedStructArray,
  SharedText,
  SharedVector,
} from "skein/shared";

import { type ExploredPrimitive, threads } from "./primitive.js";

function sorted(values: readonly unknown[]): unknown[] {
  return [...values].sort((a, b) => Number(a) - Number(b));
}

const Account = sharedStruct({ balance: "int32", bookings: atomic("int32") });

export const OF_THREADS: readonly ExploredPrimitive[] = [
  {
    of: ["Mutex"],
    fact: "a mutex lets one thread in at a time, and what the last wrote is seen",
    does: "2 × lock, add, release",
    program: async (t) => {
      const mutex = new Mutex();
      const count = t.cell("count");
      threads(t, 2, () => {
        const guard = mutex.lockSync();
        count.value += 1;
        guard.release();
      });
      await t.join();
      t.expect(count.value === 2);
    },
  },

  {
    of: ["Mutex"],
    fact: "tryLock of a mutex fails only while somebody holds it",
    does: "2 × tryLock, release",
    program: async (t) => {
      const mutex = new Mutex();
      const [first, second] = threads(t, 2, () => {
        const guard = mutex.tryLock();
        guard?.release();
        return guard !== undefined;
      });
      await t.join();
      t.expect(first?.result === true || second?.result === true, "one of two has it");
      t.expect(mutex.tryLock() !== undefined, "it is free in the end");
    },
  },

  {
    of: ["Semaphore"],
    fact: "a semaphore lets in as many as it has permits",
    does: "2 × acquire, release, of 1 permit",
    program: async (t) => {
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
    },
  },

  {
    of: ["Condition"],
    fact: "a notification of a condition is not lost",
    does: "1 × wait, 1 × notifyOne",
    program: async (t) => {
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
    },
  },

  {
    of: ["RwLock"],
    fact: "a reader-writer lock keeps readers from what a writer has half written",
    does: "1 × write, 1 × read",
    program: async (t) => {
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
    },
  },

  {
    of: ["Barrier"],
    fact: "a barrier lets nobody into the next phase before all have ended this one, twice",
    does: "2 × wait, two phases",
    program: async (t) => {
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
    },
  },

  {
    of: ["Latch"],
    fact: "a latch opens when all has been counted, and shows what was done before",
    does: "2 × countDown, 1 × wait",
    program: async (t) => {
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
    },
  },

  {
    of: ["Event"],
    fact: "an event wakes who waits and lets on who comes later",
    does: "1 × set, 1 × wait",
    program: async (t) => {
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
    },
  },

  {
    of: ["Once"],
    fact: "once runs once, and nobody goes on before it has run",
    does: "2 × run",
    program: async (t) => {
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
    },
  },

  {
    of: ["SharedChannel"],
    fact: "a channel delivers each item once, in the order of its sender",
    does: "1 × send two, 1 × receive two, room for 1",
    program: async (t) => {
      const items = new SharedChannel({ type: "int32", capacity: 1 });
      t.thread("sender", () => {
        items.sendSync(1);
        items.sendSync(2);
      });
      const receiver = t.thread("receiver", () => [items.receiveSync(), items.receiveSync()]);
      await t.join();
      assert.deepEqual(receiver.result, [1, 2]);
    },
  },

  {
    of: ["SharedChannel"],
    fact: "closing a channel wakes a blocked receiver, and keeps what was sent",
    does: "1 × send, close, 1 × receive two",
    program: async (t) => {
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
    },
  },

  {
    of: ["SharedDeque"],
    fact: "a deque gives each item to its owner or to one thief",
    does: "owner: push two, pop two; 1 × steal",
    program: async (t) => {
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
    },
  },

  {
    of: ["SharedRing"],
    fact: "a ring hands over in order and without loss",
    does: "1 × push two, 1 × pop two, room for 1",
    program: async (t) => {
      const ring = new SharedRing({ type: "int32", capacity: 1 });
      const writer = t.thread("writer", () => [ring.push(1), ring.push(2)]);
      const reader = t.thread("reader", () => [ring.pop(), ring.pop()]);
      await t.join();
      const sent = (writer.result as boolean[]).flatMap((isIn, index) => (isIn ? [index + 1] : []));
      const read = (reader.result as (number | undefined)[]).filter((item) => item !== undefined);
      assert.deepEqual(read, sent.slice(0, read.length), "what is read is what was sent first");
      t.expect(ring.length === sent.length - read.length, "the rest is still there");
    },
  },

  {
    of: ["SharedMap"],
    fact: "a map's update is one step, and its deletion happens once",
    does: "2 × update, then 2 × delete",
    program: async (t) => {
      const map = new SharedMap({ type: "int32" });
      threads(t, 2, () => map.update("hits", (count = 0) => count + 1));
      await t.join();
      t.expect(map.get("hits") === 2, "both count");
      const deletions = threads(t, 2, () => map.delete("hits"));
      await t.join();
      t.expect(deletions.filter((thread) => thread.result === true).length === 1, "one of them deleted it");
    },
  },

  {
    of: ["SharedMap"],
    fact: "setIfAbsent of a map lets one of two set",
    does: "2 × setIfAbsent",
    program: async (t) => {
      const map = new SharedMap({ type: "int32" });
      const both = threads(t, 2, (index) => map.setIfAbsent("leader", index));
      await t.join();
      t.expect(both[map.get("leader") ?? -1]?.result === true, "the value is the winner's");
      t.expect(both.filter((thread) => thread.result === true).length === 1, "there is one winner");
    },
  },

  {
    of: ["SharedCounter"],
    fact: "a counter counts all additions",
    does: "2 × add",
    program: async (t) => {
      const counter = new SharedCounter();
      threads(t, 2, () => counter.add(1));
      await t.join();
      t.expect(counter.value === 2);
    },
  },
  {
    of: ["Mutex"],
    fact: "a mutex lets one of three threads in at a time",
    does: "3 × lock, add, release",
    schedules: 1000,
    program: async (t) => {
      const mutex = new Mutex();
      const count = t.cell("count");
      threads(t, 3, () => mutex.withLockSync(() => (count.value += 1)));
      await t.join();
      t.expect(count.value === 3);
    },
  },
  {
    of: ["Semaphore"],
    fact: "a permit that was refused is there once the other has given it back",
    does: "2 × tryAcquire, release, of 1 permit",
    program: async (t) => {
      const semaphore = new Semaphore({ permits: 1 });
      const both = threads(t, 2, () => {
        const token = semaphore.tryAcquire();
        token?.release();
        return token !== undefined;
      });
      await t.join();
      t.expect(
        both.some(({ result }) => result === true),
        "one of two has it",
      );
      t.expect(semaphore.tryAcquire() !== undefined, "it is free in the end");
    },
  },
  {
    of: ["Condition"],
    fact: "notifyAll of a condition wakes all who wait",
    does: "2 × wait, 1 × notifyAll",
    schedules: 1000,
    program: async (t) => {
      const mutex = new Mutex();
      const opened = new Condition({ mutex });
      const isOpen = t.cell("is open");
      threads(t, 2, () => {
        const guard = mutex.lockSync();
        while (isOpen.value === 0) opened.waitSync(guard);
        guard.release();
      });
      t.thread("opener", () =>
        mutex.withLockSync(() => {
          isOpen.value = 1;
          opened.notifyAll();
        }),
      );
      await t.join();
    },
  },
  {
    of: ["RwLock"],
    fact: "two writers of a reader-writer lock come one after the other",
    does: "2 × tryWrite, add, release",
    program: async (t) => {
      const lock = new RwLock();
      const count = t.cell("count");
      const both = threads(t, 2, () => {
        const guard = lock.tryWrite();
        if (guard === undefined) return 0;
        count.value += 1;
        guard.release();
        return 1;
      });
      await t.join();
      t.expect(count.value === both.filter(({ result }) => result === 1).length, "each write counts");
    },
  },
  {
    of: ["Event"],
    fact: "an event that is cleared and set again holds nobody up",
    does: "1 × set, clear, set, 1 × wait",
    program: async (t) => {
      const event = new Event();
      t.thread("setter", () => {
        event.set();
        event.clear();
        event.set();
      });
      t.thread("waiter", () => event.waitSync());
      await t.join();
      t.expect(event.isSet);
    },
  },
  {
    of: ["SharedDeque"],
    fact: "the last item of a deque goes to its owner or to one of two thieves",
    does: "owner: pop; 2 × steal",
    program: async (t) => {
      const deque = new SharedDeque({ type: "int32" });
      deque.push(1);
      deque.giveUp();
      const owner = t.thread("owner", () => {
        deque.takeOver();
        return deque.pop();
      });
      const thieves = threads(t, 2, () => deque.steal());
      await t.join();
      const taken = [owner, ...thieves].map(({ result }) => result).filter((item) => item !== undefined);
      assert.deepEqual(taken, [1], "somebody has it");
    },
  },
  {
    of: ["SharedDeque"],
    fact: "a deque that grows while others steal loses nothing, and gives nothing twice",
    does: "owner: push the 65th, which takes a longer ring, pop; 2 × steal",
    program: async (t) => {
      const deque = new SharedDeque({ type: "int32" });
      for (let item = 1; item <= 64; item++) deque.push(item);
      deque.giveUp();
      const owner = t.thread("owner", () => {
        deque.takeOver();
        deque.push(65);
        return deque.pop();
      });
      const thieves = threads(t, 2, () => deque.steal());
      await t.join();
      t.expect(owner.result === 65, "what was put in last");
      assert.deepEqual(sorted(thieves.map(({ result }) => result)), [1, 2]);
      t.expect(deque.length === 62);
    },
  },
  {
    of: ["SharedDeque"],
    fact: "one of two takes over a deque without an owner, while a third steals",
    does: "2 × takeOver, pop; 1 × steal",
    program: async (t) => {
      const deque = new SharedDeque({ type: "int32" });
      deque.push(1);
      deque.push(2);
      deque.giveUp();
      const heirs = threads(t, 2, () => {
        try {
          deque.takeOver();
        } catch (error) {
          if ((error as { code?: string }).code === "SKEIN_WRONG_THREAD") return "refused";
          throw error;
        }
        return deque.pop();
      });
      const thief = t.thread("thief", () => deque.steal());
      await t.join();
      const results = heirs.map(({ result }) => result);
      t.expect(results.filter((result) => result === "refused").length === 1, "one is refused");
      const taken = [...results.filter((result) => typeof result === "number"), thief.result];
      assert.deepEqual(sorted(taken), [1, 2]);
    },
  },
  {
    of: ["SharedReceiver", "SharedSender"],
    fact: "the last sending end that is closed ends the channel behind what was sent",
    does: "1 × send, close its end, 1 × receive two through an end",
    schedules: 300,
    program: async (t) => {
      const items = new SharedChannel({ type: "int32", capacity: 2 });
      const sender = items.sender();
      const receiver = items.receiver();
      t.thread("sender", () => {
        sender.sendSync(1);
        sender.close();
      });
      const received = t.thread("receiver", () => {
        const first = receiver.receiveSync();
        try {
          return [first, receiver.receiveSync()];
        } catch (error) {
          if (error instanceof ClosedError) return [first];
          throw error;
        }
      });
      await t.join();
      assert.deepEqual(received.result, [1]);
    },
  },
  {
    of: ["SharedMap"],
    fact: "who gets a key of a map while it is set finds all of the value or none",
    does: "1 × set, 1 × get, delete",
    program: async (t) => {
      const map = new SharedMap<string>();
      t.thread("sets", () => map.set("key", "value"));
      const other = t.thread("gets", () => [map.get("key"), map.delete("key")]);
      await t.join();
      const [seen, wasThere] = other.result as [string | undefined, boolean];
      t.expect(seen === undefined || seen === "value", "the whole value");
      t.expect(seen === undefined || wasThere, "what was seen is deleted");
      t.expect(map.has("key") !== wasThere, "it is there unless it was deleted");
    },
  },
  {
    of: ["SharedVector"],
    fact: "a vector has all that two threads append, each at the place that it was told",
    does: "2 × push",
    program: async (t) => {
      const vector = new SharedVector({ type: "int32" });
      const both = threads(t, 2, (index) => vector.push(index + 1));
      await t.join();
      t.expect(vector.length === 2);
      for (const [index, { result }] of both.entries()) t.expect(vector.at(result as number) === index + 1);
    },
  },
  {
    of: ["SharedStructArray", "sharedStruct"],
    fact: "plain fields of a record are whole under a mutex, atomic ones without",
    does: "2 × lock, write a field, release; add to an atomic field",
    program: async (t) => {
      const accounts = new SharedStructArray(Account, 1);
      const mutex = new Mutex();
      threads(t, 2, () => {
        mutex.withLockSync(() => (accounts.at(0).balance += 5));
        accounts.at(0).add("bookings", 1);
      });
      await t.join();
      t.expect(accounts.at(0).balance === 10 && accounts.at(0).bookings === 2);
    },
  },
  {
    of: ["SharedArray", "SharedText"],
    fact: "what was written into an array before it was shown by an event is read behind that",
    does: "1 × write, set an event, 1 × wait, read",
    program: async (t) => {
      const array = new SharedArray({ type: "float64", length: 2 });
      const text = new SharedText("as it was made");
      const event = new Event();
      t.thread("writer", () => {
        array.values[1] = 0.5;
        event.set();
      });
      const reader = t.thread("reader", () => {
        event.waitSync();
        return [array.values[1], text.value];
      });
      await t.join();
      assert.deepEqual(reader.result, [0.5, "as it was made"]);
    },
  },
];
