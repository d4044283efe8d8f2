import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { channel, scope, select, sleep, threads } from "skein";
import { Latch, SharedChannel } from "skein/shared";

import { codeOf } from "../support/failure.js";
import { hammer, hammerWithStops } from "../support/hammer.js";
import { type ChannelHits, DISORDER, FIRST_SENDER, RECEIVED } from "./fixtures/channel-hits.js";
import { doubleAll } from "./fixtures/channel-tasks.js";

const hits = new URL("./fixtures/channel-hits.js", import.meta.url);

function hitsOn(shared: SharedChannel, sent: Latch, senders: number, each: number, batch: number): ChannelHits {
  return {
    channel: shared,
    sent,
    senders,
    each,
    batch,
    seen: new SharedArrayBuffer(senders * each * 4),
    memory: new SharedArrayBuffer((FIRST_SENDER + senders) * 4),
  };
}

describe("a shared channel", () => {
  it("does what a list does, whatever the order of its verbs", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom("float64" as const, "int32" as const),
        fc.array(
          fc.oneof(
            fc.record({ send: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) }),
            fc.record({ sendMany: fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 6 }) }),
            fc.record({ receive: fc.constant(1) }),
            fc.record({ receiveMany: fc.integer({ min: 1, max: 12 }) }),
            fc.record({ close: fc.constant(true) }),
          ),
          { maxLength: 40 },
        ),
        async (capacity, type, steps) => {
          using shared = new SharedChannel({ capacity, type });
          const model: number[] = [];
          let isClosed = false;
          for (const step of steps) {
            const free = shared.capacity - model.length;
            if ("send" in step) {
              const isTaken: boolean = !isClosed && free > 0;
              assert.equal(shared.trySend(step.send), isTaken);
              if (isTaken) model.push(step.send);
            } else if ("sendMany" in step) {
              if (step.sendMany.length > free) continue; // would wait
              const code = await codeOfOrNone(() => shared.sendMany(step.sendMany));
              if (isClosed && step.sendMany.length > 0) assert.equal(code, "SKEIN_CLOSED");
              else model.push(...step.sendMany);
            } else if ("receive" in step) {
              const value = model.shift();
              assert.deepEqual(shared.tryReceive(), value === undefined ? undefined : { value });
            } else if ("receiveMany" in step) {
              if (model.length === 0 && !isClosed) continue; // would wait
              const expected = model.splice(0, step.receiveMany);
              if (expected.length > 0) assert.deepEqual(shared.receiveManySync(step.receiveMany), expected);
              else assert.equal(await codeOf(() => shared.receiveManySync(1)), "SKEIN_CLOSED");
            } else {
              shared.close();
              isClosed = true;
            }
            assert.equal(shared.length, model.length);
            assert.equal(shared.isClosed, isClosed);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it("has a sender wait for a place, and a receiver for a value", async () => {
    using shared = new SharedChannel({ capacity: 1 });
    const received: number[] = [];
    await scope(async (s) => {
      s.spawn(async () => {
        for (let value = 0; value < 5; value++) await shared.send(value, s);
        shared.close();
      });
      for await (const value of shared.values(s)) received.push(value);
    });
    assert.deepEqual(received, [0, 1, 2, 3, 4]);
    assert.equal(await codeOf(() => shared.receive()), "SKEIN_CLOSED");
    assert.equal(await codeOf(() => shared.send(1)), "SKEIN_CLOSED");
    assert.equal(await codeOf(() => shared.sendSync(1)), "SKEIN_CLOSED");
  });

  it("does not deliver what a cancelled caller sends, and takes nothing for one that receives", async () => {
    using shared = new SharedChannel({ capacity: 1 });
    assert.equal(await codeOf(() => scope(async (s) => shared.receive(s), { timeoutMs: 2 })), "SKEIN_TIMEOUT");
    assert.equal(await codeOf(() => scope((s) => shared.receiveSync(s), { timeoutMs: 2 })), "SKEIN_TIMEOUT");
    shared.sendSync(1);
    assert.equal(await codeOf(() => scope(async (s) => shared.send(2, s), { timeoutMs: 2 })), "SKEIN_TIMEOUT");
    assert.equal(await codeOf(() => scope((s) => shared.sendSync(2, s), { timeoutMs: 2 })), "SKEIN_TIMEOUT");
    assert.deepEqual(shared.statistics(), {
      capacity: 1,
      length: 1,
      isClosed: false,
      sendingHere: 0,
      receivingHere: 0,
    });
    assert.equal(await shared.receive(), 1);
    assert.equal(shared.tryReceive(), undefined);
  });

  it("is chosen by select beside channels of this thread, and loses nothing when it is not", async () => {
    using shared = new SharedChannel({ capacity: 1 });
    const own = channel<string>(1);
    own.trySend("own");
    assert.equal((await select({ shared: shared.receiving(), own: own.receiving() })).case, "own");
    await scope(async (s) => {
      s.spawn(async () => {
        await sleep(1, s);
        await shared.send(7, s);
      });
      const chosen = await select({ shared: shared.receiving(), own: own.receiving() }, s);
      assert.deepEqual([chosen.case, chosen.value], ["shared", { done: false, value: 7 }]);
    });
    assert.equal(shared.statistics().receivingHere, 0);
    shared.sendSync(1);
    const sending = select({ shared: shared.sending(2), own: own.receiving() });
    own.trySend("again");
    assert.equal((await sending).case, "own");
    assert.equal(await shared.receive(), 1);
    assert.equal(shared.tryReceive(), undefined);
    shared.close();
    assert.deepEqual((await select({ shared: shared.receiving() })).value, { done: true, value: undefined });
  });

  it("refuses what it can't hold", async () => {
    using whole = new SharedChannel({ type: "int32" });
    using any = new SharedChannel();
    for (const value of [0.5, NaN, 2 ** 31, "1", undefined]) {
      assert.equal(await codeOf(() => whole.send(value as never)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => whole.sendMany([1, value as never])), "SKEIN_INVALID_ARGUMENT");
      assert.equal(whole.trySend(value as never), false);
    }
    assert.equal(whole.length, 0);
    assert.equal(await codeOf(() => any.send("1" as never)), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => any.sendMany(5 as never)), "SKEIN_INVALID_ARGUMENT");
    any.sendManySync(new Float64Array([0.5, NaN, -0, Infinity]));
    assert.deepEqual(any.receiveManySync(9), [0.5, NaN, -0, Infinity]);
    for (const capacity of [0, 1.5, NaN, 2 ** 25]) {
      assert.equal(await codeOf(() => new SharedChannel({ capacity })), "SKEIN_INVALID_ARGUMENT");
    }
    assert.equal(await codeOf(() => new SharedChannel({ type: "text" as never })), "SKEIN_INVALID_ARGUMENT");
  });

  it("passes to a task and back, like all shared objects", async () => {
    const pool = threads({ size: 1, name: "doubling" });
    using questions = new SharedChannel({ capacity: 4 });
    using answers = new SharedChannel({ capacity: 4 });
    await scope(async (s) => {
      const job = s.spawn(doubleAll, [questions, answers], { on: pool });
      s.spawn(async () => {
        for (let i = 0; i < 1000; i++) await questions.send(i, s);
        questions.close();
      });
      let expected = 0;
      for await (const answer of answers.values(s)) assert.equal(answer, 2 * expected++);
      assert.equal(expected, 1000);
      assert.equal(await job, answers);
    });
    await pool.close();
  });

  for (const [senders, receivers, batch] of [
    [1, 1, 1],
    [1, 1, 64],
    [2, 2, 1],
    [4, 4, 16],
  ] as const) {
    it(`delivers each value once, from ${senders} threads to ${receivers}, ${batch} at a time`, async () => {
      using shared = new SharedChannel({ capacity: 64, type: "int32" });
      using sent = new Latch({ count: senders });
      const data = hitsOn(shared, sent, senders, 1_000_000 / senders, batch);
      const all = hammer<number>(hits, senders + receivers, data);
      await sent.wait();
      shared.close();
      await all;
      assert.ok(new Int32Array(data.seen).every((count) => count === 1));
      const cells = new Int32Array(data.memory);
      assert.deepEqual([cells[RECEIVED], cells[DISORDER]], [1_000_000, 0]);
    });
  }

  it("delivers no value twice, and hangs nobody, while threads are stopped anywhere", async () => {
    using shared = new SharedChannel({ capacity: 64, type: "int32" });
    using sent = new Latch({ count: 2 });
    const data = hitsOn(shared, sent, 2, 500_000, 8);
    const cells = new Int32Array(data.memory);
    const progress = (): number => {
      const begun = [0, 1].map((sender) => Atomics.load(cells, FIRST_SENDER + sender));
      // Both have said that they are done: one more than there is to send.
      if (begun.every((count) => count > data.each)) shared.close();
      return (begun[0] as number) + (begun[1] as number);
    };
    await hammerWithStops(hits, 4, data, { count: 24, progress, every: 10_000, end: 1_000_002 });
    const counts = new Int32Array(data.seen);
    assert.ok(counts.every((count) => count <= 1));
    // At most a batch is lost with each thread, to either side.
    const lost = counts.filter((count) => count === 0).length;
    assert.ok(lost <= 24 * 8, `${lost} lost`);
    assert.equal(cells[DISORDER], 0);
  });
});

async function codeOfOrNone(run: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
}
