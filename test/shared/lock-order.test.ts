/** The watch on the order in which locks are taken. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";

import fc from "fast-check";

import { Heap, heap } from "#skein/shared/heap";
import { forgetWatchesOf, type OrderOrigin, WATCHES, writeOrder } from "#skein/shared/order-table";
import { scope, threads } from "skein";
import { lockOrderInversions, Mutex, RwLock, Semaphore, watchLockOrder } from "skein/shared";

import { hammer } from "../support/hammer.js";
import { warningsDuring } from "../support/warnings.js";
import { takeInTurn } from "./fixtures/lock-order-tasks.js";
import { FALSE_ALARMS, type LockOrderHits } from "./fixtures/lock-order-hits.js";

const hits = new URL("./fixtures/lock-order-hits.js", import.meta.url);

const isWatched = (): boolean => heap().cells[WATCHES] !== 0;

/** Takes locks by `Sync` verbs, each while holding those before. */
function take(...locks: readonly Mutex[]): void {
  const [first, ...others] = locks;
  first?.withLockSync(() => take(...others));
}

function mutexes<Names extends readonly string[]>(...names: Names): { [Index in keyof Names]: Mutex } {
  return names.map((name) => new Mutex({ name })) as { [Index in keyof Names]: Mutex };
}

/** The inversions, each as the orders of names. */
const found = (): string[][] =>
  lockOrderInversions().map(({ steps }) => steps.map(({ first, second }) => `${first} ${second}`));

afterEach(() => assert.equal(isWatched(), false));

describe("the watch on the order of locks", () => {
  it("finds two that were taken in both orders, by one thread without any wait", async () => {
    const [a, b] = mutexes("a", "b");
    const told = await warningsDuring(async () => {
      using watch = watchLockOrder();
      take(a, b);
      take(a, b);
      assert.deepEqual(found(), []);
      take(b, a);
      assert.deepEqual(found(), [["a b", "b a"]]);
      assert.deepEqual(watch.statistics().orders, 2);
    });
    const [inversion] = lockOrderInversions();
    assert.match(inversion?.text ?? "", /thread 0 took "b" while it held "a"; thread 0 took "a" while it held "b"/);
    // Where it was is told without what is ours.
    for (const { where, thread } of inversion?.steps ?? []) {
      assert.equal(thread, 0);
      assert.match(where.split("\n")[0] as string, /\btake\b.*lock-order\.test/);
    }
    assert.equal(told.length, 1);
    assert.match(told[0] as string, /contradict each other.*took "a" while it held "b"/);
  });

  it("finds it through other locks and threads", { timeout: 20_000 }, async () => {
    const pool = threads({ size: 1, name: "orders" });
    const [a, b, c, d] = mutexes("a", "b", "c", "d");
    const told = await warningsDuring(async () => {
      using _ = watchLockOrder();
      take(a, b);
      await scope(async (s) => s.spawn(takeInTurn, [[b, c, d]], { on: pool }));
      assert.deepEqual(found(), []);
      take(c, a);
      const [inversion, ...others] = lockOrderInversions();
      assert.equal(others.length, 0);
      assert.deepEqual(found(), [["a b", "b c", "c a"]]);
      const [own, theirs, last] = inversion?.steps ?? [];
      assert.equal(own?.thread, 0);
      assert.equal(last?.thread, 0);
      assert.ok((theirs?.thread ?? 0) > 0);
      assert.match(theirs?.where ?? "", /lock-order-tasks/);
      // It stays when that thread has ended.
      await pool.close();
      assert.deepEqual(found(), [["a b", "b c", "c a"]]);
    });
    assert.equal(told.length, 1);
  });

  it("sees reader-writer locks, semaphores of one permit, and blocks around a scope", async () => {
    using lock = new RwLock({ name: "page" });
    using one = new Semaphore({ permits: 1, name: "one" });
    using many = new Semaphore({ permits: 2, name: "many" });
    const [a] = mutexes("a");
    await warningsDuring(async () => {
      using _ = watchLockOrder();
      await a.withLock(async (s) => lock.withRead((inner) => one.with(() => undefined, inner), s));
      await many.with(async (s) => a.withLock(() => undefined, s));
      await a.withLock(async (s) => many.with(() => undefined, s));
      assert.deepEqual(found(), []);
      const token = one.acquireSync();
      lock.writeSync().release();
      token.release();
      const reading = lock.tryRead();
      a.lockSync().release();
      reading?.release();
    });
    assert.deepEqual(
      found().map((orders) => orders.toSorted()),
      [
        ["a page", "page a"],
        // By way of the block in a block in a block.
        ["a one", "one page", "page a"],
        ["one page", "page one"],
      ],
    );
  });

  it("does not mix up what other jobs of the thread hold", async () => {
    const [a, b] = mutexes("a", "b");
    const told = await warningsDuring(async () => {
      using watch = watchLockOrder();
      await scope(async (s) => {
        // Each job holds one lock at a time; the two hold both in turn.
        for (const [first, second] of [
          [a, b],
          [b, a],
        ] as const) {
          let hasBegun!: () => void;
          const begun = new Promise<void>((resolve) => (hasBegun = resolve));
          let goOn!: () => void;
          const going = new Promise<void>((resolve) => (goOn = resolve));
          s.spawn(async (inner) =>
            first.withLock(async () => {
              hasBegun();
              await going;
            }, inner),
          );
          await begun;
          await second.withLock(() => undefined, s);
          goOn();
          await first.withLock(() => undefined, s);
        }
      });
      assert.equal(watch.statistics().orders, 0);
    });
    assert.deepEqual(told, []);
  });

  it("counts all that a thread holds when it may block", async () => {
    const [a, b] = mutexes("a", "b");
    await warningsDuring(async () => {
      using watch = watchLockOrder();
      await a.withLock(async () => {
        await Promise.resolve();
        b.lockSync().release();
      });
      assert.equal(watch.statistics().orders, 1);
      // A lock that was released is not held, and a guard that a job awaited is nobody's.
      const guard = await b.lock();
      a.lockSync().release();
      guard.release();
      a.lockSync().release();
      b.lockSync().release();
      assert.equal(watch.statistics().orders, 1);
    });
  });

  it("forgets locks that are disposed of, though others take their place", async () => {
    const told = await warningsDuring(async () => {
      using watch = watchLockOrder();
      const [a, b] = mutexes("a", "b");
      take(a, b);
      const places = [a.offset, b.offset];
      a.dispose();
      b.dispose();
      assert.equal(watch.statistics().orders, 0);
      const [d, c] = mutexes("d", "c");
      assert.deepEqual([c.offset, d.offset], places);
      take(d, c);
      assert.equal(watch.statistics().orders, 1);
      assert.deepEqual(found(), []);
    });
    assert.deepEqual(told, []);
  });

  it("notes nothing when it is off, and keeps what was noted until another begins", async () => {
    const [a, b, c] = mutexes("a", "b", "c");
    await warningsDuring(async () => {
      take(a, b);
      const watch = watchLockOrder();
      const other = watchLockOrder();
      assert.equal(watch.statistics().orders, 0);
      take(b, a);
      watch.stop();
      watch.stop(); // does nothing
      assert.ok(isWatched());
      take(a, b);
      other.stop();
      assert.equal(isWatched(), false);
      take(a, c);
      take(c, a);
      assert.equal(other.statistics().orders, 2);
      assert.deepEqual(found(), [["b a", "a b"]]);
      // What this thread has noted before counts for nothing then.
      using _ = watchLockOrder();
      assert.deepEqual(found(), []);
      take(b, a);
      take(a, b);
      assert.deepEqual(found(), [["b a", "a b"]]);
    });
  });

  it("says when it has no room, and takes that of locks that are gone", async () => {
    const many = Array.from({ length: 48 }, (_, i) => new Mutex({ name: `m${i}` }));
    const told = await warningsDuring(async () => {
      using watch = watchLockOrder();
      // As many orders as there are pairs: more than there is room for.
      take(...many);
      const { orders, room, lost } = watch.statistics();
      assert.equal(orders, room);
      assert.equal(orders + lost, (48 * 47) / 2);
      for (const mutex of many.slice(1)) mutex.dispose();
      const [b] = mutexes("b");
      take(many[0] as Mutex, b);
      assert.equal(watch.statistics().orders, 1);
    });
    assert.equal(told.length, 1);
    assert.match(told[0] as string, /has no room for more orders/);
  });

  it("is ended for a thread that has ended, and frees what it was writing", () => {
    // As good as a thread: what one is to others is its slot.
    const other = new Heap(heap().source);
    const [a, b] = mutexes("a", "b");
    using watch = watchLockOrder();
    const order = { first: a.handle, second: b.handle };
    const origin = (): OrderOrigin => ({ thread: 1, where: "here" });
    assert.throws(() =>
      writeOrder(other, order, () => {
        throw new Error("stopped here");
      }),
    );
    assert.equal(watch.statistics().orders, 0);
    heap().threadEnded(other.life);
    forgetWatchesOf(heap(), other.slot);
    heap().threadIsOver(other.slot);
    assert.equal(writeOrder(heap(), order, origin), "new");
    assert.equal(writeOrder(heap(), order, origin), "known");
    assert.equal(watch.statistics().orders, 1);
  });

  it("finds circles exactly where a plain search does", async () => {
    await warningsDuring(async () => {
      fc.assert(
        fc.property(fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { maxLength: 12 }), (pairs) => {
          const locks = mutexes("0", "1", "2", "3", "4");
          using _ = watchLockOrder();
          const orders = pairs.filter(([first, second]) => first !== second);
          for (const [first, second] of orders) take(locks[first] as Mutex, locks[second] as Mutex);
          // Whether one lock comes before another, through any number of orders.
          const isBefore = new Set(orders.map(([first, second]) => `${first} ${second}`));
          const all = [...locks.keys()];
          for (const k of all)
            for (const i of all)
              for (const j of all)
                if (isBefore.has(`${i} ${k}`) && isBefore.has(`${k} ${j}`)) isBefore.add(`${i} ${j}`);
          const contradicted = orders.filter(([first, second]) => isBefore.has(`${second} ${first}`));
          const circles = found();
          assert.deepEqual(
            new Set(circles.flat()),
            new Set(contradicted.map(([first, second]) => `${first} ${second}`)),
          );
          for (const circle of circles) {
            const ends = circle.map((one) => one.slice(-1));
            assert.deepEqual(
              [...circle.slice(1), ...circle].slice(0, ends.length).map((one) => one[0]),
              ends,
            );
          }
          for (const lock of locks) lock.dispose();
        }),
        { numRuns: 60 },
      );
    });
  });

  it("finds nothing where four threads keep to one order", { timeout: 60_000 }, async () => {
    const locks = [new Mutex(), new RwLock(), new Semaphore({ permits: 1 }), new Mutex()];
    const data: LockOrderHits = { locks, gate: undefined, memory: new SharedArrayBuffer(8), rounds: 2000 };
    const told = await warningsDuring(async () => {
      using watch = watchLockOrder();
      await hammer(hits, 4, data);
      assert.equal(watch.statistics().orders, 6);
      assert.deepEqual(lockOrderInversions(), []);
    });
    assert.deepEqual(told, []);
    assert.equal(new Int32Array(data.memory)[FALSE_ALARMS], 0);
    for (const lock of locks) lock.dispose();
  });
});
