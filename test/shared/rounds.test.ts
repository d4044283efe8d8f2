/** Shared barriers and onces, on real threads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CancelledError, DeadlockError, OwnerDiedError, scope, sleep } from "skein";
import { Barrier, Latch, Once } from "skein/shared";

import { codeOf } from "../support/failure.js";
import { hammer, startOne } from "../support/hammer.js";
import type { DyingParty } from "./fixtures/dying-party.js";
import { DONE, type StructureHits, WRONG } from "./fixtures/structure-hits.js";

const hits = new URL("./fixtures/structure-hits.js", import.meta.url);
const dying = new URL("./fixtures/dying-party.js", import.meta.url);

function memory(): { readonly memory: SharedArrayBuffer; readonly cells: Int32Array } {
  const bytes = new SharedArrayBuffer(1024);
  return { memory: bytes, cells: new Int32Array(bytes) };
}

describe("a shared barrier", () => {
  it("lets all go on when the last has come, and tells that one", async () => {
    using inStep = new Barrier({ parties: 3, name: "three" });
    for (let round = 0; round < 3; round++) {
      const ended = await scope(async (s) => {
        const early = [0, 1].map(() => s.spawn(async () => inStep.wait(s)));
        await sleep(0);
        assert.equal(inStep.statistics().waiting, 2);
        return [inStep.waitSync(), ...(await Promise.all(early))];
      });
      assert.deepEqual(ended, [true, false, false]);
    }
    assert.deepEqual(inStep.statistics(), { parties: 3, waiting: 0, rounds: 3, isBroken: false });
  });

  it("forgets a party that was cancelled", async () => {
    using inStep = new Barrier({ parties: 2 });
    await scope(async (s) => {
      const gone = s.spawn(async (inner) => inStep.wait(inner));
      gone.join().catch(() => undefined);
      await sleep(0);
      gone.cancel();
      await assert.rejects(async () => gone, CancelledError);
      assert.equal(inStep.statistics().waiting, 0);
      const other = s.spawn(async () => inStep.wait(s));
      await sleep(0);
      assert.equal(await inStep.wait(s), true);
      assert.equal(await other, false);
    });
    assert.equal(await codeOf(() => scope((s) => inStep.waitSync(s), { timeoutMs: 5 })), "SKEIN_TIMEOUT");
    assert.equal(inStep.statistics().waiting, 0);
  });

  it("refuses wrong use", async () => {
    for (const parties of [0, 1.5, 2 ** 20, "2" as never]) {
      assert.equal(await codeOf(() => new Barrier({ parties })), "SKEIN_INVALID_ARGUMENT");
    }
    const gone = new Barrier({ parties: 1 });
    assert.equal(await gone.wait(), true);
    gone.dispose();
    assert.equal(await codeOf(() => gone.wait()), "SKEIN_DISPOSED");
    assert.equal(await codeOf(() => gone.reset()), "SKEIN_DISPOSED");
  });

  for (const threads of [2, 4, 8]) {
    it(`keeps ${threads} threads in step`, async () => {
      using inStep = new Barrier({ parties: threads });
      const { memory: bytes, cells } = memory();
      const rounds = 2000;
      const data: StructureHits = { kind: "barrier", inStep, threads, memory: bytes, rounds };
      const last = await hammer<number>(hits, threads, data);
      assert.equal(
        last.reduce((sum, one) => sum + one),
        rounds,
      );
      assert.deepEqual([cells[DONE], cells[WRONG]], [rounds, 0]);
      assert.equal(inStep.statistics().rounds, rounds);
    });
  }

  for (const when of ["waiting", "between rounds"] as const) {
    it(`fails those that wait for a party that died ${when}, until it is reset`, async () => {
      using inStep = new Barrier({ parties: 3 });
      using reached = new Latch({ count: 1 });
      const data: DyingParty = { inStep, reached, when };
      const thread = startOne(dying, data);
      if (when === "between rounds") {
        await scope(async (s) => {
          s.spawn(async () => inStep.wait(s));
          await inStep.wait(s);
        });
      }
      await reached.wait();
      await scope(async (s) => {
        const waits = s.spawn(async () => codeOf(() => inStep.wait(s)));
        await sleep(0);
        assert.equal(inStep.statistics().waiting, when === "waiting" ? 2 : 1);
        await thread.stop();
        assert.equal(await waits, "SKEIN_OWNER_DIED");
      });
      await assert.rejects(async () => inStep.wait(), OwnerDiedError);
      assert.throws(() => inStep.waitSync(), OwnerDiedError);
      assert.equal(inStep.statistics().isBroken, true);
      inStep.reset();
      assert.equal(inStep.statistics().isBroken, false);
      await scope(async (s) => {
        for (let party = 0; party < 3; party++) s.spawn(async () => inStep.wait(s));
      });
    });
  }
});

describe("a shared once", () => {
  it("runs once, and again only after a failure", async () => {
    using one = new Once({ name: "one" });
    await assert.rejects(
      async () =>
        one.run(() => {
          throw new RangeError("first");
        }),
      RangeError,
    );
    assert.deepEqual(one.statistics(), { isDone: false, runner: undefined, waitingHere: 0 });
    const order: string[] = [];
    const both = await scope(async (s) =>
      Promise.all(
        ["a", "b"].map(async (name) =>
          one.run(async (inner) => {
            order.push(name);
            await sleep(1, inner);
          }, s),
        ),
      ),
    );
    assert.deepEqual([order, both], [["a"], [true, false]]);
    assert.equal(
      one.runSync(() => order.push("c")),
      false,
    );
    assert.equal(one.isDone, true);
  });

  it("passes a cancelled run on", async () => {
    using one = new Once();
    await scope(async (s) => {
      const first = s.spawn(async (inner) => one.run(async (run) => sleep(60_000, run), inner));
      first.join().catch(() => undefined);
      await sleep(0);
      const second = s.spawn(async () => one.run(() => undefined, s));
      await sleep(0);
      first.cancel();
      assert.equal(await second, true);
    });
  });

  it("refuses to wait for itself, and wrong use", async () => {
    using one = new Once();
    const inner = one.run(async (s) => {
      await one.run(() => undefined, s);
    });
    await assert.rejects(inner, DeadlockError);
    assert.throws(() => one.runSync(() => one.runSync(() => undefined)), DeadlockError);
    assert.equal(await codeOf(() => one.run(undefined as never)), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => one.runSync(async () => undefined)), "SKEIN_INVALID_ARGUMENT");
    assert.equal(one.isDone, false);
  });

  for (const threads of [2, 4, 8]) {
    it(`runs each of many once among ${threads} threads`, async () => {
      const onces = Array.from({ length: 200 }, () => new Once());
      const { memory: bytes, cells } = memory();
      const data: StructureHits = { kind: "once", onces, memory: bytes, rounds: 0 };
      const own = await hammer<number>(hits, threads, data);
      const done = onces.filter((one) => one.isDone).length;
      assert.equal(
        own.reduce((sum, one) => sum + one),
        done,
      );
      assert.deepEqual([cells[DONE], cells[WRONG], done], [200, 0, 200]);
      for (const one of onces) one.dispose();
    });
  }

  it("is run by another when its runner dies", async () => {
    using one = new Once();
    using reached = new Latch({ count: 1 });
    const data: DyingParty = { one, reached, when: "running" };
    const thread = startOne(dying, data);
    await reached.wait();
    const waits = one.run(() => undefined);
    await thread.stop();
    assert.equal(await waits, true);
  });
});
