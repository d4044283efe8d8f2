import assert from "node:assert/strict";
import { describe, it } from "node:test";

import fc from "fast-check";
import { heap } from "#skein/shared/heap";
import { channel, scope, select, sleep, threads } from "skein";
import { Latch, SharedChannel, text } from "skein/shared";

import { codeOf } from "../support/failure.js";
import { hammer, hammerWithStops, startOne } from "../support/hammer.js";
import { type ChannelHits, DISORDER, FIRST_SENDER, RECEIVED } from "./fixtures/channel-hits.js";
import type { SideHit } from "./fixtures/channel-sides.js";
import { doubleAll, sendOne, sumPoints } from "./fixtures/channel-tasks.js";
import type { MessageHits } from "./fixtures/message-hits.js";

const hits = new URL("./fixtures/channel-hits.js", import.meta.url);
const messages = new URL("./fixtures/message-hits.js", import.meta.url);
const sideHits = new URL("./fixtures/channel-sides.js", import.meta.url);

function hitsOn(shared: SharedChannel<number>, sent: Latch, senders: number, each: number, batch: number): ChannelHits {
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
        fc.constantFrom("one" as const, "many" as const),
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
        async (capacity, type, sides, steps) => {
          using shared = new SharedChannel({ capacity, type, senders: sides, receivers: sides });
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
    using shared = new SharedChannel<number>({ capacity: 1 });
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
      senders: 0,
      receivers: 0,
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
    using any = new SharedChannel({ type: "float64" });
    for (const value of [0.5, NaN, 2 ** 31, "1", undefined]) {
      assert.equal(await codeOf(() => whole.send(value as never)), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => whole.sendMany([1, value as never])), "SKEIN_INVALID_ARGUMENT");
      assert.equal(await codeOf(() => whole.trySend(value as never)), "SKEIN_INVALID_ARGUMENT");
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
    assert.equal(await codeOf(() => new SharedChannel({ senders: 1 as never })), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => any.receiveInto(new Int32Array(4))), "SKEIN_INVALID_ARGUMENT");
    assert.equal(await codeOf(() => any.receiveIntoSync(new Float64Array(0))), "SKEIN_INVALID_ARGUMENT");
    assert.equal(
      await codeOf(() => new SharedChannel().receiveIntoSync(new Float64Array(4))),
      "SKEIN_INVALID_ARGUMENT",
    );
    using texts = new SharedChannel({ type: "string" });
    assert.equal(await codeOf(() => texts.send(5 as never)), "SKEIN_INVALID_ARGUMENT");
    using bytes = new SharedChannel({ type: "bytes" });
    assert.equal(await codeOf(() => bytes.sendSync("text" as never)), "SKEIN_INVALID_ARGUMENT");
  });

  it("passes to a task and back, like all shared objects", async () => {
    const pool = threads({ size: 1, name: "doubling" });
    using questions = new SharedChannel<number>({ capacity: 4 });
    using answers = new SharedChannel({ capacity: 4, type: "float64" });
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

  for (const [senders, receivers, batch, sides] of [
    [1, 1, 1, "one"],
    [1, 1, 64, "one"],
    [1, 1, 1, "many"],
    [2, 2, 1, "many"],
    [4, 4, 16, "many"],
  ] as const) {
    it(`delivers each value once, from ${senders} threads to ${receivers}, ${batch} at a time, for ${sides}`, async () => {
      using shared = new SharedChannel({ capacity: 64, type: "int32", senders: sides, receivers: sides });
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

describe("a shared channel of other values", () => {
  it("carries them as copies, short ones and long ones, in order", async () => {
    using values = new SharedChannel<{ text: string; list: number[] }>({ capacity: 4 });
    using texts = new SharedChannel({ capacity: 4, type: "string" });
    using bytes = new SharedChannel({ capacity: 4, type: "bytes" });
    const before = heap().statistics().usedBytes;
    for (const length of [0, 1, 20, 56, 57, 1000, 200_000]) {
      const value = { text: "ä".repeat(length), list: [length] };
      values.sendSync(value);
      value.list.push(1);
      texts.sendSync("x".repeat(length));
      const some = new Uint8Array(length).fill(7);
      bytes.sendSync(some);
      some.fill(8);
      assert.deepEqual(await values.receive(), { text: "ä".repeat(length), list: [length] });
      assert.equal(texts.receiveSync(), "x".repeat(length));
      assert.deepEqual(bytes.receiveSync(), new Uint8Array(length).fill(7));
    }
    assert.equal(heap().statistics().usedBytes, before);
  });

  it("keeps what waits to be sent as it was, and nothing of what is not sent", async () => {
    using values = new SharedChannel<number[]>({ capacity: 1 });
    const before = heap().statistics().usedBytes;
    const long = Array.from({ length: 100 }, (_, i) => i);
    for (const value of [[1], long]) {
      values.sendSync([0]);
      const given = [...value];
      const sending = values.send(given);
      given.push(5);
      assert.equal(values.trySend(value), false);
      assert.equal(await codeOf(() => scope(async (s) => values.send(value, s), { timeoutMs: 2 })), "SKEIN_TIMEOUT");
      assert.equal(await codeOf(() => scope((s) => values.sendSync(value, s), { timeoutMs: 2 })), "SKEIN_TIMEOUT");
      const empty = channel<string>(1);
      empty.trySend("done");
      await select({ sending: values.sending(value), empty: empty.receiving() });
      const parked = select({ sending: values.sending(value), empty: empty.receiving() });
      empty.trySend("done");
      await parked;
      assert.deepEqual(await values.receive(), [0]);
      await sending;
      assert.deepEqual(await values.receive(), value);
    }
    values.sendSync(long);
    values.close();
    assert.equal(await codeOf(() => values.sendSync(long)), "SKEIN_CLOSED");
    values.cancel();
    assert.equal(values.length, 0);
    assert.equal(heap().statistics().usedBytes, before);
  });

  it("frees what nobody has received when it is disposed of", () => {
    const before = heap().statistics().usedBytes;
    const values = new SharedChannel({ type: "string" });
    for (let i = 0; i < 10; i++) values.sendSync("x".repeat(100 * i));
    values.dispose();
    assert.equal(heap().statistics().usedBytes, before);
  });

  it("carries shared objects, which arrive as themselves", async () => {
    using values = new SharedChannel<{ latch: Latch }>();
    using latch = new Latch({ count: 1 });
    values.sendSync({ latch });
    assert.equal((await values.receive()).latch, latch);
    const gone = new Latch({ count: 1 });
    values.sendSync({ latch: gone });
    gone.dispose();
    assert.equal(await codeOf(() => values.receive()), "SKEIN_DISPOSED");
    assert.equal(values.length, 0);
  });

  it("takes records of a schema", async () => {
    using points = new SharedChannel({ type: { x: "float64", y: "float64", label: text(8) } as const, capacity: 2 });
    points.sendSync({ x: 1, y: 2, label: "a" });
    points.sendSync({ x: 3, y: 4, label: "b" });
    assert.equal(points.trySend({ x: 5, y: 6, label: "c" }), false);
    assert.deepEqual(await points.receiveMany(5), [
      { x: 1, y: 2, label: "a" },
      { x: 3, y: 4, label: "b" },
    ]);
    assert.equal(await codeOf(() => points.send({ x: "1", y: 2, label: "" } as never)), "SKEIN_INVALID_ARGUMENT");
    const pool = threads({ size: 1, name: "points" });
    await scope(async (s) => {
      using answers = new SharedChannel({ type: { sum: "float64" } as const });
      const job = s.spawn(sumPoints, [points, answers], { on: pool });
      for (let i = 0; i < 100; i++) await points.send({ x: i, y: 1, label: "p" }, s);
      points.close();
      assert.deepEqual(await answers.receive(s), { sum: 5050 });
      await job;
    });
    await pool.close();
  });

  it("loses no message and no memory while threads are stopped anywhere", async () => {
    using values = new SharedChannel<string>({ capacity: 16 });
    using sent = new Latch({ count: 2 });
    const before = heap().statistics().usedBytes;
    const data: MessageHits = { channel: values, sent, each: 30_000, memory: new SharedArrayBuffer(64) };
    const cells = new Int32Array(data.memory);
    const progress = (): number => {
      const begun = [0, 1].map((sender) => Atomics.load(cells, FIRST_SENDER + sender));
      if (begun.every((count) => count > data.each)) values.close();
      return (begun[0] as number) + (begun[1] as number);
    };
    await hammerWithStops(messages, 4, data, { count: 24, progress, every: 1500, end: 60_002 });
    assert.equal(cells[DISORDER], 0);
    const lost = 60_000 - (cells[RECEIVED] as number);
    assert.ok(lost >= 0 && lost <= 24, `${lost} lost`);
    assert.equal(heap().statistics().usedBytes, before);
  });
});

describe("a shared channel for one sender and one receiver", () => {
  it("refuses a second thread, and is closed when the one dies in the middle", async () => {
    using shared = new SharedChannel({ type: "int32", senders: "one", receivers: "one" });
    using reached = new Latch({ count: 1 });
    const thread = startOne(sideHits, { channel: shared, reached, side: "send" } satisfies SideHit);
    await reached.wait();
    assert.equal(await codeOf(() => shared.sendSync(2)), "SKEIN_WRONG_THREAD");
    assert.equal(await codeOf(() => shared.trySend(2)), "SKEIN_WRONG_THREAD");
    assert.equal(await codeOf(() => shared.sendManySync([2])), "SKEIN_WRONG_THREAD");
    assert.equal(await shared.receive(), 1);
    const waits = shared.receive();
    await thread.stop();
    assert.equal(await codeOf(() => waits), "SKEIN_CLOSED");
  });

  it("lets its senders know that the one receiver has died", async () => {
    using shared = new SharedChannel({ type: "int32", capacity: 1, senders: "one", receivers: "one" });
    using reached = new Latch({ count: 1 });
    const thread = startOne(sideHits, { channel: shared, reached, side: "receive" } satisfies SideHit);
    shared.sendSync(1);
    await reached.wait();
    assert.equal(await codeOf(() => shared.receiveSync()), "SKEIN_WRONG_THREAD");
    assert.equal(await codeOf(() => shared.receiveInto(new Int32Array(1))), "SKEIN_WRONG_THREAD");
    shared.sendSync(2);
    const waits = shared.send(3);
    await thread.stop();
    assert.equal(await codeOf(() => waits), "SKEIN_CLOSED");
  });

  it("can be closed by any thread, between two values", async () => {
    for (let round = 0; round < 20; round++) {
      using shared = new SharedChannel({ type: "int32", capacity: 8, senders: "one", receivers: "one" });
      using reached = new Latch({ count: 1 });
      const sending = hammer<number>(sideHits, 1, { channel: shared, reached, side: "send many" } satisfies SideHit);
      await reached.wait();
      let received = 0;
      for await (const value of shared) {
        assert.equal(value, received++);
        if (received === 100) shared.close();
      }
      // What a send said it has sent has come.
      assert.deepEqual(await sending, [received]);
    }
  });
});

describe("ends of a shared channel", () => {
  it("close it when the last is closed", async () => {
    using shared = new SharedChannel<string>();
    const first = shared.sender();
    const second = first.clone();
    await first.send("a");
    first.close();
    first.close();
    assert.equal(first.isClosed, true);
    assert.equal(first.trySend("x"), false);
    assert.equal(await codeOf(() => first.send("x")), "SKEIN_END_CLOSED");
    assert.equal(await codeOf(() => first.sendSync("x")), "SKEIN_END_CLOSED");
    assert.equal(await codeOf(() => first.clone()), "SKEIN_END_CLOSED");
    assert.equal(shared.isClosed, false);
    second.sendSync("b");
    second.close();
    assert.equal(shared.isClosed, true);
    const received: string[] = [];
    using receiver = shared.receiver();
    for await (const value of receiver) received.push(value);
    assert.deepEqual(received, ["a", "b"]);
    assert.equal(await codeOf(() => receiver.receive()), "SKEIN_CLOSED");
  });

  it("end what waits through them", async () => {
    using shared = new SharedChannel({ capacity: 1, type: "int32" });
    const receiver = shared.receiver();
    const other = shared.receiver();
    const waits = receiver.receive();
    const loop = (async () => {
      for await (const value of other) assert.fail(String(value));
      return "ended";
    })();
    await sleep(0);
    receiver.close();
    assert.equal(await codeOf(() => waits), "SKEIN_CLOSED");
    const sender = shared.sender();
    assert.equal(sender.trySend(1), true);
    const third = shared.receiver();
    other.close();
    assert.equal(await loop, "ended");
    assert.equal(third.tryReceive()?.value, 1);
    sender.sendSync(2);
    const sending = sender.send(3);
    await sleep(0);
    sender.close();
    assert.equal(await codeOf(() => sending), "SKEIN_CLOSED");
    assert.equal(third.receiveSync(), 2);
    third.close();
    assert.equal(shared.statistics().receivers, 0);
  });

  it("drop what is there when the last receiver is closed", async () => {
    using shared = new SharedChannel({ type: "string" });
    const before = heap().statistics().usedBytes;
    {
      using receiver = shared.receiver();
      shared.sendSync("x".repeat(1000));
      assert.equal(receiver.isClosed, false);
    }
    assert.equal(await codeOf(() => shared.send("y")), "SKEIN_CLOSED");
    assert.equal(heap().statistics().usedBytes, before);
  });

  it("move to the task that they are passed to, and are closed when its thread dies", async () => {
    const pool = threads({ size: 2, name: "ends" });
    using shared = new SharedChannel({ type: "int32" });
    await scope(async (s) => {
      for (const value of [1, 2]) s.spawn(sendOne, [shared.sender(), value], { on: pool });
      const received: number[] = [];
      for await (const value of shared.values(s)) received.push(value);
      assert.deepEqual(
        received.toSorted((a, b) => a - b),
        [1, 2],
      );
    });
    using again = new SharedChannel({ type: "int32", receivers: "one" });
    using reached = new Latch({ count: 1 });
    const thread = startOne(sideHits, { channel: again, reached, side: "end" } satisfies SideHit);
    await reached.wait();
    assert.equal(again.statistics().senders, 1);
    const waits = again.receive();
    await thread.stop();
    assert.equal(await codeOf(() => waits), "SKEIN_CLOSED");
    await pool.close();
  });

  it("are limited in number", async () => {
    using shared = new SharedChannel();
    for (let i = 0; i < 64; i++) shared.sender();
    assert.equal(await codeOf(() => shared.sender()), "SKEIN_OVERFLOW");
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
