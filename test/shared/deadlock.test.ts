/** Threads and jobs that wait for each other in a circle. */
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";

import { Heap, heap } from "#skein/shared/heap";
import type { Hold } from "#skein/shared/object";
import { sayAsleep, sayAwake } from "#skein/shared/sleep";
import { deadlockOfThread } from "#skein/shared/wait-graph";
import { publishedWaits } from "#skein/shared/wait-table";
import { DeadlockError, type Job, type Scope, scope, threads } from "skein";
import { findDeadlocks, Latch, Mutex, RwLock, Semaphore, sharedLocks } from "skein/shared";

import { codeOf, failureOf } from "../support/failure.js";
import { hammer, hammerWithStops } from "../support/hammer.js";
import { awaitBoth, permitsThenWrite, readThenPermits, takeBoth } from "./fixtures/deadlock-tasks.js";
import { DONE, FALSE_ALARMS, type LockOrderHits } from "./fixtures/lock-order-hits.js";

const hits = new URL("./fixtures/lock-order-hits.js", import.meta.url);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits until so many threads are blocked. */
async function areBlocked(count: number): Promise<void> {
  while (sharedLocks().flatMap((state) => state.blocked).length < count) await turn();
}

/** Errors of the jobs that failed; the others may fail too. */
async function errorsOf(spawn: (s: Scope) => readonly Job<unknown>[]): Promise<Error[]> {
  const outcomes = await scope(async (s) => Promise.allSettled(spawn(s)), { supervise: () => undefined });
  return outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []));
}

afterEach(() => {
  // Nothing stays behind, whatever the outcome.
  assert.deepEqual(publishedWaits(heap()), []);
  assert.deepEqual(sharedLocks(), []);
});

describe("a dump", () => {
  it("shows who holds shared locks, and which threads are blocked for them", { timeout: 20_000 }, async () => {
    const pool = threads({ size: 1, name: "dumped" });
    using mine = new Mutex({ name: "mine" });
    using theirs = new Mutex({ name: "theirs" });
    using haveFirst = new Latch({ count: 1 });
    await scope(async (s) => {
      assert.doesNotMatch(s.dump(), /shared between threads/);
      const guard = mine.lockSync();
      const job = s.spawn(takeBoth, [theirs, mine, haveFirst], { on: pool });
      await areBlocked(1);
      const [thread] = sharedLocks().flatMap((state) => state.blocked);
      const [head, ...lines] = s.dump().split("\n").slice(-3);
      assert.equal(head, "shared between threads");
      assert.deepEqual(lines.map((line) => line.slice(3)).toSorted(), [
        `mutex "mine" · held by thread 0 · thread ${thread} blocked for it`,
        `mutex "theirs" · held by thread ${thread}`,
      ]);
      guard.release();
      assert.equal(await job, "took both");
      assert.doesNotMatch(s.dump(), /shared between threads/);
    });
    await pool.close();
  });
});

describe("threads that block each other", () => {
  it("are told so, by the names of what they wait for, and go on", { timeout: 20_000 }, async () => {
    const pool = threads({ size: 2, name: "crossing" });
    using left = new Mutex({ name: "left" });
    using right = new Mutex({ name: "right" });
    using haveFirst = new Latch({ count: 2 });
    const errors = await errorsOf((s) => [
      s.spawn(takeBoth, [left, right, haveFirst], { on: pool }),
      s.spawn(takeBoth, [right, left, haveFirst], { on: pool }),
    ]);
    // The one that looks first finds the circle and opens it; the other may look at
    // the same moment.
    assert.ok(errors.length >= 1);
    for (const error of errors) {
      assert.equal((error as { code?: string }).code, "SKEIN_DEADLOCK");
      assert.match(error.message, /thread \d+ waits for "left", which thread \d+ holds/);
      assert.match(error.message, /thread \d+ waits for "right", which thread \d+ holds/);
    }
    assert.equal(left.statistics().isLocked, false);
    assert.equal(right.statistics().isLocked, false);
    await pool.close();
  });

  it("are seen by any thread that asks, three of them too", { timeout: 20_000 }, async () => {
    const pool = threads({ size: 3, name: "ring" });
    const mutexes = ["a", "b", "c"].map((name) => new Mutex({ name }));
    using haveFirst = new Latch({ count: 3 });
    const [a, b, c] = mutexes as [Mutex, Mutex, Mutex];
    let found: ReturnType<typeof findDeadlocks> = [];
    let held: ReturnType<typeof sharedLocks> = [];
    const errors = await scope(
      async (s) => {
        const jobs = [
          s.spawn(takeBoth, [a, b, haveFirst], { on: pool }),
          s.spawn(takeBoth, [b, c, haveFirst], { on: pool }),
          s.spawn(takeBoth, [c, a, haveFirst], { on: pool }),
        ];
        const outcomes = Promise.allSettled(jobs);
        // It is open for a moment, while a thread is awake to look.
        while (found.length === 0) {
          found = findDeadlocks();
          held = sharedLocks();
          await turn();
        }
        return (await outcomes).filter(({ status }) => status === "rejected");
      },
      { supervise: () => undefined },
    );
    assert.ok(errors.length >= 1);
    assert.equal(found.length, 1);
    const { steps, mayEnd, text } = found[0] as (typeof found)[0];
    assert.equal(mayEnd, false);
    assert.deepEqual(steps.map(({ name }) => name).toSorted(), ["a", "b", "c"]);
    for (const [index, step] of steps.entries()) {
      assert.equal(step.kind, "mutex");
      assert.ok(step.isBlocked);
      assert.equal(step.heldBy, steps[(index + 1) % 3]?.thread);
      assert.ok(text.includes(`thread ${step.thread} waits for "${step.name}", which thread ${step.heldBy} holds`));
    }
    for (const { name, kind, holders, blocked } of held) {
      const step = steps.find((one) => one.name === name);
      assert.deepEqual([kind, holders, blocked], ["mutex", [step?.heldBy], [step?.thread]]);
    }
    for (const mutex of mutexes) mutex.dispose();
    await pool.close();
  });

  it("are told so if they do by permits and by reading", { timeout: 20_000 }, async () => {
    const pool = threads({ size: 2, name: "permits" });
    using permits = new Semaphore({ permits: 3, name: "permits" });
    using lock = new RwLock({ name: "page" });
    using haveFirst = new Latch({ count: 2 });
    const errors = await errorsOf((s) => [
      s.spawn(permitsThenWrite, [permits, 2, lock, haveFirst], { on: pool }),
      s.spawn(readThenPermits, [lock, permits, 2, haveFirst], { on: pool }),
    ]);
    assert.ok(errors.length >= 1);
    for (const error of errors) {
      assert.ok(error instanceof DeadlockError);
      assert.match(error.message, /waits to write "page", which thread \d+ holds/);
      assert.match(error.message, /waits for "permits", which thread \d+ holds/);
    }
    await pool.close();
  });

  it("are told so if a thread reads again behind a writer that waits for it", { timeout: 20_000 }, async () => {
    const pool = threads({ size: 1, name: "writer" });
    using permits = new Semaphore({ permits: 1, name: "permits" });
    using lock = new RwLock({ name: "page" });
    using haveFirst = new Latch({ count: 1 });
    const errors = await errorsOf((s) => {
      const reading = lock.readSync();
      const writing = s.spawn(permitsThenWrite, [permits, 1, lock, haveFirst], { on: pool });
      const again = s.spawn(async () => {
        // Woken and passed over again and again, the writer comes to insist.
        while (lock.insisting === 0) {
          await turn();
          lock.tryRead()?.release();
        }
        try {
          lock.readSync().release();
        } finally {
          reading.release();
        }
      });
      return [writing, again];
    });
    // Either may be the one that looks first, or both look at the same moment.
    assert.ok(errors.length >= 1);
    for (const error of errors) {
      assert.ok(error instanceof DeadlockError);
      assert.match(error.message, /thread 0 waits to read "page", before which thread \d+ is to have it/);
      assert.match(error.message, /thread \d+ waits to write "page", which thread 0 holds/);
    }
    await pool.close();
  });

  it("are let alone if there are permits left for what one of them wants", async () => {
    const pool = threads({ size: 1, name: "left" });
    using permits = new Semaphore({ permits: 3, name: "permits" });
    using lock = new RwLock({ name: "page" });
    using haveFirst = new Latch({ count: 1 });
    await scope(async (s) => {
      const reading = lock.readSync();
      const writing = s.spawn(permitsThenWrite, [permits, 2, lock, haveFirst], { on: pool });
      await areBlocked(1);
      permits.acquireSync(1).release();
      assert.deepEqual(findDeadlocks(), []);
      reading.release();
      assert.equal(await writing, "wrote");
    });
    await pool.close();
  });
});

describe("jobs that wait for each other inside blocks", () => {
  it("are told so at once, on one thread, and the others get the lock", async () => {
    using left = new Mutex({ name: "left" });
    using right = new Mutex({ name: "right" });
    using haveFirst = new Latch({ count: 2 });
    const got: string[] = [];
    const errors = await errorsOf((s) => [
      s.spawn(async (inner) => {
        await left.withLock(async (block) => {
          haveFirst.countDown();
          await haveFirst.wait(block);
          await right.withLock(() => got.push("first"), block);
        }, inner);
      }),
      s.spawn(async (inner) => {
        await right.withLock(async (block) => {
          haveFirst.countDown();
          await haveFirst.wait(block);
          await left.withLock(() => got.push("second"), block);
        }, inner);
      }),
      s.spawn(async (inner) => {
        await haveFirst.wait(inner);
        await left.withLock(() => got.push("third"), inner);
      }),
    ]);
    assert.equal(errors.length, 1);
    assert.ok(errors[0] instanceof DeadlockError);
    assert.match(errors[0].message, /a job of thread 0 waits for "left", which a job of thread 0 holds/);
    assert.match(errors[0].message, /a job of thread 0 waits for "right", which a job of thread 0 holds/);
    assert.deepEqual(got.toSorted(), ["first", "third"]);
  });

  it("are told so at once, on two threads", { timeout: 20_000 }, async () => {
    const pool = threads({ size: 2, name: "jobs" });
    using left = new Mutex({ name: "left" });
    using right = new Mutex({ name: "right" });
    using haveFirst = new Latch({ count: 2 });
    const errors = await errorsOf((s) => [
      s.spawn(awaitBoth, [left, right, haveFirst], { on: pool }),
      s.spawn(awaitBoth, [right, left, haveFirst], { on: pool }),
    ]);
    assert.ok(errors.length >= 1);
    for (const error of errors) {
      assert.ok(error instanceof DeadlockError);
      assert.match(error.message, /a job of thread \d+ waits for "left", which a job of thread \d+ holds/);
    }
    await pool.close();
  });

  it("are told so if one of them is a thread that blocked before", { timeout: 20_000 }, async () => {
    const pool = threads({ size: 1, name: "mixed" });
    using left = new Mutex({ name: "left" });
    using right = new Mutex({ name: "right" });
    using haveFirst = new Latch({ count: 2 });
    await scope(async (s) => {
      const blocking = s.spawn(takeBoth, [right, left, haveFirst], { on: pool });
      const error = await left.withLock(async (block) => {
        haveFirst.countDown();
        await areBlocked(1);
        return failureOf(right.lock(block));
      }, s);
      assert.ok(error instanceof DeadlockError);
      assert.match(error.message, /a job of thread 0 waits for "right", which thread \d+ holds/);
      assert.match(error.message, /thread \d+ waits for "left", which a job of thread 0 holds/);
      assert.equal(await blocking, "took both");
    });
    await pool.close();
  });

  it("are told so if one of them is a thread that blocks later", { timeout: 20_000 }, async () => {
    const pool = threads({ size: 1, name: "later" });
    using left = new Mutex({ name: "left" });
    using right = new Mutex({ name: "right" });
    using haveFirst = new Latch({ count: 2 });
    await scope(
      async (s) => {
        const blocking = s.spawn(takeBoth, [right, left, haveFirst], { on: pool });
        while (!right.statistics().isLocked) await turn();
        await left.withLock(async (block) => {
          const waiting = right.withLock(() => "got it", block);
          haveFirst.countDown();
          assert.equal(await codeOf(() => blocking), "SKEIN_DEADLOCK");
          assert.equal(await waiting, "got it");
        }, s);
      },
      { supervise: () => undefined },
    );
    await pool.close();
  });

  it("are told so if a block waits for its own permit", async () => {
    using permits = new Semaphore({ permits: 2, name: "permits" });
    await permits.with(async (block) => {
      assert.equal(await codeOf(() => permits.acquire(2, block)), "SKEIN_DEADLOCK");
      (await permits.acquire(1, block)).release();
    });
  });

  it("are let alone if one of them has a deadline, and shown", async () => {
    using left = new Mutex({ name: "left" });
    using right = new Mutex({ name: "right" });
    await left.withLock(async (block) => {
      const holding = await right.lock(block);
      const patient = right.withLock(async (inner) => left.lock(inner));
      const impatient = scope(
        async (inner) => {
          const waiting = right.lock(inner);
          holding.release();
          // The other job's block has it then, and waits for the block of this one.
          await turn();
          const [found, ...others] = findDeadlocks();
          assert.equal(others.length, 0);
          assert.equal(found?.mayEnd, true);
          inner.cancel();
          return waiting;
        },
        { timeoutMs: 60_000 },
        block,
      );
      assert.equal(await codeOf(() => impatient), "SKEIN_CANCELLED");
      void patient.then((guard) => guard.release());
    });
    await turn();
  });

  it("are let alone if one of them leaves in the same turn", async () => {
    using left = new Mutex({ name: "left" });
    using right = new Mutex({ name: "right" });
    using haveFirst = new Latch({ count: 2 });
    let got = 0;
    await scope(async (s) => {
      const leaving = s.spawn(async (inner) => {
        await left.withLock(async (block) => {
          haveFirst.countDown();
          await haveFirst.wait(block);
          await right.lock(block);
        }, inner);
      });
      leaving.join().catch(() => undefined);
      await right.withLock(async (block) => {
        haveFirst.countDown();
        await haveFirst.wait(block);
        while (publishedWaits(heap()).length === 0) await turn();
        const waiting = left.withLock(() => got++, block);
        assert.equal(findDeadlocks().length, 1);
        leaving.cancel();
        await waiting;
      }, s);
      assert.equal(await codeOf(() => leaving), "SKEIN_CANCELLED");
    });
    assert.equal(got, 1);
  });

  it("don't count by guards of their own, which others may release", async () => {
    using left = new Mutex({ name: "left" });
    using right = new Mutex({ name: "right" });
    const first = await left.lock();
    const second = await right.lock();
    const waiting = [left.lock(), right.lock()];
    assert.deepEqual(findDeadlocks(), []);
    first.release();
    second.release();
    for (const guard of await Promise.all(waiting)) guard.release();
  });
});

describe("a circle put together from several moments", () => {
  /**
   * Looks for one in which this thread waits for another, which sleeps.
   *
   * @param moves - what the other does whenever somebody looks who holds `right`
   */
  function look(moves: (other: Heap, right: Mutex) => readonly Hold[]): DeadlockError | undefined {
    using left = new Mutex({ name: "left" });
    using right = new Mutex({ name: "right" });
    // As good as a thread: what one is to others is its entry in the table.
    const other = new Heap(heap().source);
    left.holds = () => [{ slot: other.slot, amount: 1 }];
    right.holds = () => moves(other, right);
    sayAsleep(other, right.offset, 1, false);
    try {
      return deadlockOfThread(heap(), left.offset, 1)?.();
    } finally {
      heap().threadEnded(other.life);
      heap().threadIsOver(other.slot);
    }
  }
  const heldHere = (): readonly Hold[] => [{ slot: heap().slot, amount: 1 }];

  it("counts if nobody moved meanwhile", () => {
    assert.match(look(heldHere)?.message ?? "", /thread 0 waits for "left"/);
  });

  it("does not if a thread has slept for the same twice", () => {
    const wakesAndSleeps = (other: Heap, right: Mutex): readonly Hold[] => {
      sayAwake(other);
      sayAsleep(other, right.offset, 1, false);
      return heldHere();
    };
    assert.equal(look(wakesAndSleeps), undefined);
  });

  it("does not if one of the locks was released", () => {
    let looks = 0;
    assert.equal(
      look(() => (looks++ % 2 === 0 ? heldHere() : [])),
      undefined,
    );
    assert.ok(looks > 1);
  });
});

describe("threads that take locks in an order", () => {
  const memory = (): SharedArrayBuffer => new SharedArrayBuffer(8);

  for (const isGated of [false, true]) {
    it(
      `are never told of a deadlock${isGated ? " if another lock keeps them apart" : ""}`,
      { timeout: 60_000 },
      async () => {
        const locks = [new Mutex(), new RwLock(), new Semaphore({ permits: 2 }), new Mutex()];
        using gate = new Semaphore({ permits: 1, name: "gate" });
        const data: LockOrderHits = { locks, gate: isGated ? gate : undefined, memory: memory(), rounds: 4000 };
        await hammer(hits, 4, data);
        assert.equal(new Int32Array(data.memory)[FALSE_ALARMS], 0);
        for (const lock of locks) lock.dispose();
      },
    );
  }

  it("leave nothing behind when they are stopped anywhere", { timeout: 60_000 }, async () => {
    const locks = [1, 2, 1, 3].map((permits) => new Semaphore({ permits }));
    const data: LockOrderHits = { locks, gate: undefined, memory: memory(), rounds: 4000 };
    const cells = new Int32Array(data.memory);
    const stops = { count: 15, progress: () => Atomics.load(cells, DONE), every: 100, end: data.rounds };
    await hammerWithStops(hits, 4, data, stops);
    assert.equal(cells[FALSE_ALARMS], 0);
    for (const lock of locks) lock.dispose();
  });
});
