/** Threads that end at bad moments, and what others find then. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";

import { heap } from "#skein/shared/heap";
import { sleep } from "skein";
import {
  adopt,
  Event,
  Latch,
  liveSharedObjects,
  Mutex,
  Semaphore,
  SharedChannel,
  SharedMap,
  sharedThreadEnded,
} from "skein/shared";

import { codeOf } from "../support/failure.js";
import { startOne } from "../support/hammer.js";
import { runNode } from "../support/run-program.js";
import type { DeathHit, Left } from "./fixtures/death-hits.js";

const hits = new URL("./fixtures/death-hits.js", import.meta.url);

async function run(program: string): ReturnType<typeof runNode> {
  return runNode(["--input-type=module", "-e", program]);
}

type DistributiveOmit<Data> = Data extends DeathHit ? Omit<Data, "reached"> : never;

async function started(data: DistributiveOmit<DeathHit>): Promise<ReturnType<typeof startOne>> {
  const reached = new Latch({ count: 1 });
  const thread = startOne(hits, { ...data, reached });
  await reached.wait();
  return thread;
}

describe("a thread that ends inside a structure", () => {
  it("blocks no thread that uses it before the end is told", async () => {
    // Where the platform shows which threads run; elsewhere the end must be told.
    if (process.platform !== "linux") return;
    using semaphore = new Semaphore({ permits: 5 });
    for (let round = 0; round < 12; round++) {
      const thread = await started({ what: "hammer", semaphore });
      const ended = thread.stop();
      // Blocks this thread, which would be told, if it finds the other inside.
      for (let i = 0; i < 20_000; i++) semaphore.tryAcquire()?.release();
      await ended;
    }
    assert.equal(semaphore.statistics().free, 5);
  });

  it("keeps nobody from putting in order what another has left that ended at the same time", async () => {
    using semaphore = new Semaphore({ permits: 5 });
    for (let round = 0; round < 8; round++) {
      const both = await Promise.all([0, 1].map(async () => started({ what: "hammer", semaphore })));
      await Promise.all(both.map(async (thread) => thread.stop()));
    }
    while (semaphore.statistics().free < 5) await sleep(1);
    assert.equal(semaphore.statistics().free, 5);
  });

  it("is one of those that run only if it was started, and told by its own id", async () => {
    for (const threadId of [-1, 0, 1.5, NaN, "1" as never, undefined as never]) {
      assert.equal(await codeOf(() => sharedThreadEnded(threadId)), "SKEIN_INVALID_ARGUMENT");
    }
  });

  it("leaves its locks to others although something else that it left is broken", async () => {
    const thread = await started({ what: "leave a condition without its mutex" });
    const { lock } = adopt((await thread.result) as Left);
    assert.equal(lock.statistics().isWriting, true);
    await thread.stop();
    assert.equal(lock.statistics().isWriting, false);
    assert.equal(await codeOf(() => lock.writeSync()), "SKEIN_OWNER_DIED");
    assert.ok(liveSharedObjects().some(({ kind }) => kind === "condition"));
    lock.dispose();
  });

  it("has made nothing that a later thread's handle means", async () => {
    const first = await started({ what: "make" });
    const old = adopt((await first.result) as Event);
    old.dispose();
    await first.stop();
    const second = await started({ what: "make" });
    const made = adopt((await second.result) as Event);
    old.dispose(); // does nothing
    assert.equal(made.isDisposed, false);
    made.set();
    await second.stop();
    made.dispose();
  });
});

describe("a wait that ends", () => {
  it("leaves no promise behind that would hold the process, though another's leaving let it go on", async () => {
    const { exitCode, stdout, stderr } = await run(`
      import { scope, sleep } from "skein";
      import { Semaphore } from "skein/shared";
      const semaphore = new Semaphore({ permits: 2 });
      semaphore.tryAcquire(1);
      await scope(async (s) => {
        const large = s.spawn(async (inner) => semaphore.acquire(2, inner));
        large.join().catch(() => undefined);
        await sleep(1);
        s.spawn(async () => semaphore.acquire(1));
        await sleep(1);
        large.cancel("enough");
      });
      console.log("over", semaphore.statistics().free);
    `);
    assert.deepEqual([exitCode, stdout, stderr], [0, "over 0\n", ""]);
  });

  it("holds the process as long as somebody waits, and no longer", async () => {
    const { exitCode, stdout, stderr } = await run(`
      import { Worker } from "node:worker_threads";
      import { Event } from "skein/shared";
      const event = new Event();
      const source = \`
        import { workerData } from "node:worker_threads";
        import { adopt } from "skein/shared";
        const event = adopt(workerData);
        setTimeout(() => event.set(), 30);
      \`;
      const url = new URL("data:text/javascript," + encodeURIComponent(source.replaceAll('"skein/shared"', JSON.stringify(import.meta.resolve("skein/shared")))));
      const worker = new Worker(url, { workerData: event });
      worker.unref();
      await event.wait();
      console.log("set");
    `);
    assert.deepEqual([exitCode, stdout, stderr], [0, "set\n", ""]);
  });

  it("counts nobody as waiting who has been served", async () => {
    using semaphore = new Semaphore({ permits: 1 });
    using reached = new Latch({ count: 1 });
    const thread = startOne(new URL("./fixtures/waiter-hits.js", import.meta.url), { semaphore, reached, rounds: 20 });
    await reached.wait();
    for (let round = 0; round < 20; round++) {
      const token = await semaphore.acquire();
      await sleep(1);
      token.release();
    }
    await thread.result;
    // The word that counts sleepers, behind the lock word and the epoch.
    const cells = new Int32Array(heap().buffer, semaphore.offset + 32, 5);
    assert.equal(cells[3], 0);
    await thread.stop();
  });
});

describe("an object that takes another's place in memory", () => {
  it("is not taken for it by a thread that knew the other", async () => {
    const thread = startOne(new URL("./fixtures/place-hits.js", import.meta.url), undefined);
    const ask = async (object: unknown): Promise<string> => {
      const answer = once(thread.worker, "message");
      thread.worker.postMessage(object);
      return ((await answer) as [string])[0];
    };
    await thread.result; // it listens
    const first = new Mutex({ name: "first" });
    assert.equal(await ask(first), 'Mutex "first"');
    first.dispose();
    using second = new Event({ name: "second" });
    assert.equal(await ask(second), 'Event "second"');
    const narrow = new SharedChannel({ type: "int32", capacity: 64, name: "narrow" });
    assert.equal(await ask(narrow), 'SharedChannel "narrow"');
    narrow.dispose();
    using map = new SharedMap({ name: "map" });
    assert.equal(await ask(map), 'SharedMap "map"');
    // Longer than what the thread has seen of the memory.
    using long = new SharedChannel({ type: "float64", capacity: 2 ** 20, name: "long" });
    assert.equal(await ask(long), 'SharedChannel "long"');
    assert.equal(long.length, 1);
    await thread.stop();
  });
});

describe("waits of several threads", () => {
  it("end for a thread whose promise was behind one that left", async () => {
    // See the steps in the fixture: without them a lock stays free with somebody waiting.
    const url = new URL("./fixtures/left-behind-hits.js", import.meta.url);
    for (let round = 0; round < 20; round++) {
      const cells = new Int32Array(new SharedArrayBuffer(32));
      using mutex = new Mutex({ name: "left behind" });
      const thread = startOne(url, { mutex, memory: cells.buffer });
      const spinUntil = async (index: number): Promise<void> => {
        while (Atomics.load(cells, index) === 0) await sleep(0);
      };
      await spinUntil(0);
      const guard = mutex.lockSync();
      const own = mutex.lock();
      Atomics.store(cells, 1, 1);
      while (Atomics.load(cells, 2) === 0); // the thread's promise sleeps behind ours
      guard.release();
      Atomics.store(cells, 3, 1);
      while (Atomics.load(cells, 4) === 0); // one has left there, the other has the lock
      await sleep(0);
      Atomics.store(cells, 5, 1);
      await thread.result;
      const isOver = await Promise.race([own.then(() => true), sleep(10_000).then(() => false)]);
      assert.ok(isOver, JSON.stringify(mutex.statistics()));
      (await own).release();
      await thread.stop();
    }
  });
});
