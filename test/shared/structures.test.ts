/** Shared semaphores, reader-writer locks, conditions, events and latches, on real threads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { scope, sleep } from "skein";
import { Condition, Event, Latch, Mutex, RwLock, Semaphore } from "skein/shared";

import { codeOf } from "../support/failure.js";
import { hammer, hammerWithStops } from "../support/hammer.js";
import { DONE, type StructureHits, WAITING, WRONG } from "./fixtures/structure-hits.js";

const hits = new URL("./fixtures/structure-hits.js", import.meta.url);
const ROUNDS = 200_000;

function memory(): { readonly memory: SharedArrayBuffer; readonly cells: Int32Array } {
  const bytes = new SharedArrayBuffer(64);
  return { memory: bytes, cells: new Int32Array(bytes) };
}

describe("a shared semaphore", () => {
  it("gives out as many permits as it has", async () => {
    using semaphore = new Semaphore({ permits: 3, name: "three" });
    const two = semaphore.tryAcquire(2);
    assert.equal(two?.count, 2);
    assert.equal(semaphore.tryAcquire(2), undefined);
    const one = await semaphore.acquire();
    assert.deepEqual(semaphore.statistics(), { permits: 3, free: 0, heldHere: 3, waitingHere: 0 });
    two.release();
    two.release(); // does nothing
    one.release();
    assert.equal(semaphore.statistics().free, 3);
    assert.equal(await semaphore.with(() => semaphore.statistics().free), 2);
  });

  it("serves a large request before the small ones behind it", async () => {
    using semaphore = new Semaphore({ permits: 2 });
    const first = semaphore.acquireSync(1);
    const order: string[] = [];
    await scope(async (s) => {
      const want = (name: string, count: number): unknown =>
        s.spawn(async () => {
          const token = await semaphore.acquire(count, s);
          order.push(name);
          token.release();
        });
      want("large", 2);
      want("small", 1);
      await sleep(1);
      assert.deepEqual(order, []);
      first.release();
    });
    assert.deepEqual(order, ["large", "small"]);
  });

  it("lets those go on who wait behind one that is cancelled", async () => {
    using semaphore = new Semaphore({ permits: 2 });
    const first = semaphore.acquireSync(1);
    await scope(async (s) => {
      const large = s.spawn(async (inner) => semaphore.acquire(2, inner));
      large.join().catch(() => undefined);
      const small = s.spawn(async () => semaphore.acquire(1, s));
      await sleep(1);
      large.cancel();
      (await small).release();
      first.release();
      await codeOf(() => large);
    });
    assert.equal(semaphore.statistics().free, 2);
  });

  it("refuses wrong use", async () => {
    using semaphore = new Semaphore({ permits: 2 });
    for (const permits of [0, -1, 1.5, NaN, 2 ** 31, "1" as never]) {
      assert.equal(await codeOf(() => new Semaphore({ permits })), "SKEIN_INVALID_ARGUMENT");
    }
    assert.equal(await codeOf(() => new Semaphore(undefined as never)), "SKEIN_INVALID_ARGUMENT");
    for (const count of [0, 3, 1.5])
      assert.equal(await codeOf(() => semaphore.acquire(count)), "SKEIN_INVALID_ARGUMENT");
    const gone = new Semaphore({ permits: 1 });
    gone.dispose();
    assert.equal(await codeOf(() => gone.acquire()), "SKEIN_DISPOSED");
  });

  for (const threads of [2, 4, 8]) {
    it(`is never over-drawn by ${threads} threads`, async () => {
      using semaphore = new Semaphore({ permits: 3 });
      const { memory: bytes, cells } = memory();
      const data: StructureHits = { kind: "semaphore", semaphore, memory: bytes, rounds: ROUNDS };
      const own = await hammer<number>(hits, threads, data);
      assert.equal(
        own.reduce((sum, one) => sum + one),
        cells[DONE],
      );
      assert.equal(cells[WRONG], 0);
      assert.equal(semaphore.statistics().free, 3);
    });
  }

  it("has the permits again of threads that are stopped anywhere", async () => {
    using semaphore = new Semaphore({ permits: 3 });
    const { memory: bytes, cells } = memory();
    const data: StructureHits = { kind: "semaphore", semaphore, memory: bytes, rounds: ROUNDS };
    await hammerWithStops(hits, 4, data, {
      count: 24,
      progress: () => Atomics.load(cells, DONE),
      every: 2000,
      end: ROUNDS,
    });
    assert.equal(semaphore.statistics().free, 3);
  });
});

describe("a shared reader-writer lock", () => {
  it("lets many read or one write", async () => {
    using lock = new RwLock({ name: "rw" });
    const first = lock.tryRead();
    const second = await lock.read();
    assert.equal(lock.tryWrite(), undefined);
    assert.equal(lock.statistics().readers, 2);
    assert.equal(await codeOf(() => lock.writeSync()), "SKEIN_ALREADY_HELD");
    first?.release();
    second.release();
    const writing = lock.writeSync();
    assert.equal(lock.tryRead(), undefined);
    assert.equal(await codeOf(() => lock.readSync()), "SKEIN_ALREADY_HELD");
    writing.release();
    assert.equal(await lock.withRead(() => lock.statistics().readers), 1);
    assert.equal(await lock.withWrite(() => lock.statistics().isWriting), true);
    assert.equal(await codeOf(() => lock.markConsistent()), "SKEIN_NOT_HELD");
  });

  for (const threads of [2, 4, 8]) {
    it(`shows ${threads} threads whole writes only`, async () => {
      using lock = new RwLock();
      const { memory: bytes, cells } = memory();
      const data: StructureHits = { kind: "rwLock", lock, memory: bytes, rounds: ROUNDS };
      await hammer<number>(hits, threads, data);
      assert.equal(cells[WRONG], 0);
      assert.deepEqual(lock.statistics(), { readers: 0, isWriting: false, waitingHere: 0, isConsistent: true });
    });
  }

  it("stays open to all while threads are stopped anywhere", async () => {
    using lock = new RwLock();
    const { memory: bytes, cells } = memory();
    const data: StructureHits = { kind: "rwLock", lock, memory: bytes, rounds: ROUNDS };
    await hammerWithStops(hits, 4, data, {
      count: 24,
      progress: () => Atomics.load(cells, DONE),
      every: 2000,
      end: ROUNDS,
    });
    const { readers, isWriting } = lock.statistics();
    assert.deepEqual({ readers, isWriting }, { readers: 0, isWriting: false });
  });
});

describe("a shared condition", () => {
  it("wakes one that waits, or all, and none that does not", async () => {
    using mutex = new Mutex();
    using changed = new Condition({ mutex });
    assert.equal(changed.notifyOne(), false);
    let woken = 0;
    await scope(async (s) => {
      for (let i = 0; i < 3; i++) {
        s.spawn(async () => {
          const guard = await mutex.lock(s);
          await changed.wait(guard, s);
          woken++;
          guard.release();
        });
      }
      await sleep(1);
      assert.equal(changed.notifyOne(), true);
      const isWoken = (): boolean => woken > 0;
      while (!isWoken()) await sleep(0);
      await sleep(1);
      assert.equal(woken, 1);
      assert.equal(changed.notifyAll(), 2);
    });
    assert.equal(woken, 3);
  });

  it("passes the notification on of one that was cancelled", async () => {
    using mutex = new Mutex();
    using changed = new Condition({ mutex });
    await scope(async (s) => {
      const first = s.spawn(async (inner) => {
        const guard = await mutex.lock(inner);
        try {
          await changed.wait(guard, inner);
        } finally {
          assert.ok(guard.isHeld);
          guard.release();
        }
      });
      first.join().catch(() => undefined);
      const second = s.spawn(async () => {
        const guard = await mutex.lock(s);
        await changed.wait(guard, s);
        guard.release();
      });
      await sleep(1);
      first.cancel();
      await codeOf(() => first);
      assert.equal(changed.notifyAll(), 1);
      await second;
    });
  });

  it("refuses a guard that does not hold its mutex", async () => {
    using mutex = new Mutex();
    using other = new Mutex();
    using changed = new Condition({ mutex });
    using foreign = other.lockSync();
    assert.equal(await codeOf(() => changed.wait(foreign)), "SKEIN_NOT_HELD");
    const guard = mutex.lockSync();
    guard.release();
    assert.equal(await codeOf(() => changed.waitSync(guard)), "SKEIN_NOT_HELD");
    assert.equal(await codeOf(() => new Condition({} as never)), "SKEIN_INVALID_ARGUMENT");
  });

  for (const threads of [2, 4, 8]) {
    it(`loses no notification among ${threads} threads`, async () => {
      using mutex = new Mutex();
      using notEmpty = new Condition({ mutex });
      using notFull = new Condition({ mutex });
      const { memory: bytes, cells } = memory();
      const rounds = 16_000;
      const data: StructureHits = { kind: "condition", mutex, notEmpty, notFull, threads, memory: bytes, rounds };
      await hammer<number>(hits, threads, data);
      assert.deepEqual([cells[DONE], cells[WRONG]], [2 * rounds, 0]);
    });
  }

  it("lets that one go on which was notified, however long others wait in vain", async () => {
    using mutex = new Mutex();
    using signal = new Condition({ mutex });
    const { memory: bytes, cells } = memory();
    const rounds = 300;
    const data: StructureHits = { kind: "signals", mutex, signal, memory: bytes, rounds };
    const all = hammer<number>(hits, 4, data);
    // At first nobody waits; at the end those go on that wait for more than there is.
    const hasEnded = all.then(() => true);
    for (let done = 0; done < rounds;) {
      while (Atomics.load(cells, WAITING) < 4) await sleep(0);
      const wasTaken = await mutex.withLock(() => signal.notifyOne());
      assert.ok(wasTaken);
      done++;
      await scope(
        async (s) => {
          while (Atomics.load(cells, DONE) < done) await sleep(1, s);
        },
        { timeoutMs: 20_000, name: `notification ${done}` },
      );
    }
    while (!(await Promise.race([hasEnded, sleep(1).then(() => false)]))) signal.notifyAll();
    assert.equal(cells[WRONG], 0);
  });
});

describe("a shared event and a shared latch", () => {
  it("let all go on that wait, on all threads", async () => {
    using latch = new Latch({ count: 4 });
    using open = new Event({ name: "open" });
    const { memory: bytes } = memory();
    const data: StructureHits = { kind: "latch", latch, open, memory: bytes, rounds: 0 };
    const all = hammer<number>(hits, 4, data);
    await latch.wait();
    assert.equal(open.isSet, false);
    open.set();
    assert.deepEqual(await all, [0, 0, 0, 0]);
  });

  it("count exactly, and can be cleared", async () => {
    using latch = new Latch({ count: 2 });
    assert.equal(await codeOf(() => latch.countDown(3)), "SKEIN_OVERFLOW");
    latch.countDown(2);
    assert.ok(latch.isOpen);
    latch.waitSync();
    assert.equal(await codeOf(() => latch.countDown()), "SKEIN_OVERFLOW");
    using event = new Event({ isSet: true });
    event.waitSync();
    event.clear();
    assert.equal(await codeOf(() => scope((s) => event.waitSync(s), { timeoutMs: 5 })), "SKEIN_TIMEOUT");
    assert.equal(await codeOf(() => scope(async (s) => event.wait(s), { timeoutMs: 5 })), "SKEIN_TIMEOUT");
  });
});
