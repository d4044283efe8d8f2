import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { channel } from "#skein/async/channel";
import type { CanReceive, CanSend, Receiver, Sender } from "#skein/async/channel-ends";
import { flow } from "#skein/async/flow/flow";
import * as fc from "fast-check";
import { ClosedError, scope, select } from "skein";
import { settled } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";

describe("sending ends", () => {
  it("the last to be closed closes the channel, and receivers drain it (law 23)", async () => {
    const values = channel<number>(4);
    const first = values.sender();
    const second = first.clone();
    await first.send(1);
    first.close();
    assert.equal(values.isClosed, false);
    await second.send(2);
    second.close();
    assert.equal(values.isClosed, true);
    assert.equal(await values.receive(), 1);
    assert.equal(await values.receive(), 2);
    assert.equal(await codeOf(() => values.receive()), "SKEIN_CLOSED");
  });

  it("several jobs each close their own, and the loop ends after the last", async () => {
    const seen = await scope(async (s) => {
      const values = channel<number>(0, s);
      {
        using first = values.sender();
        for (const start of [10, 20, 30]) {
          const own = first.clone();
          s.spawn(async () => {
            using end = own;
            for (let i = 0; i < 3; i++) await end.send(start + i, s);
          });
        }
      }
      const received: number[] = [];
      for await (const value of values) received.push(value);
      return received.toSorted((a, b) => a - b);
    });
    assert.deepEqual(seen, [10, 11, 12, 20, 21, 22, 30, 31, 32]);
  });

  it("closing one twice counts once", () => {
    const values = channel<number>();
    const first = values.sender();
    const second = values.sender();
    first.close();
    first.close();
    first[Symbol.dispose]();
    assert.equal(values.isClosed, false);
    assert.equal(values.statistics().senders, 1);
    second.close();
    assert.equal(values.isClosed, true);
  });

  it("closing one fails the sends that wait through it, and no others", async () => {
    const values = channel<string>();
    const mine = values.sender();
    const other = mine.clone();
    const failing = failureOf(mine.send("mine"));
    const sending = other.send("other");
    await settled();
    mine.close();
    const error = await failing;
    assert.ok(error instanceof ClosedError && /this sender/.test(error.message));
    assert.equal(await values.receive(), "other");
    await sending;
  });
});

describe("receiving ends", () => {
  it("the last to be closed fails senders and gives back what was in the buffer (law 23)", async () => {
    const lost: number[] = [];
    const values = channel<number>({ capacity: 2, onUndelivered: (value) => lost.push(value) });
    const first = values.receiver();
    const second = first.clone();
    values.trySend(1);
    values.trySend(2);
    const waiting = values.send(3);
    first.close();
    await settled();
    assert.deepEqual(lost, []);
    assert.equal(await second.receive(), 1); // frees a place for the waiting send
    second.close();
    assert.deepEqual(lost, [2, 3]);
    await waiting; // accepted before the end
    assert.equal(await codeOf(() => values.send(4)), "SKEIN_CLOSED");
    assert.deepEqual(lost, [2, 3]);
  });

  it("closing one takes back the receives that wait through it: they take nothing", async () => {
    const values = channel<number>();
    const mine = values.receiver();
    const other = mine.clone();
    const failing = codeOf(() => mine.receive());
    const loop = mine.values().next();
    const receiving = other.receive();
    await settled();
    mine.close();
    assert.equal(await failing, "SKEIN_CLOSED");
    assert.deepEqual(await loop, { done: true, value: undefined });
    assert.equal(values.statistics().waitingReceivers, 1);
    await values.send(1);
    assert.equal(await receiving, 1);
  });

  it("a loop over one ends when it is closed inside, and takes nothing more", async () => {
    const values = channel<number>(3);
    const mine = values.receiver();
    const other = values.receiver();
    for (const value of [1, 2, 3]) values.trySend(value);
    const seen: number[] = [];
    for await (const value of mine) {
      seen.push(value);
      if (value === 2) mine.close();
    }
    assert.deepEqual(seen, [1, 2]);
    assert.equal(await other.receive(), 3);
  });

  it("leaving a loop over one closes nothing", async () => {
    const values = channel<number>(2);
    using end = values.receiver();
    values.trySend(1);
    values.trySend(2);
    for await (const _ of end) break;
    assert.equal(values.isClosed, false);
    assert.deepEqual(end.tryReceive(), { value: 2 });
  });

  it("one is a source of a flow", async () => {
    const values = channel<number>(3);
    const end = values.receiver();
    for (const value of [1, 2, 3]) values.trySend(value);
    values.close();
    assert.deepEqual(await flow(end).toArray(), [1, 2, 3]);
  });
});

describe("an end in a select", () => {
  it("wins and loses as the channel does, and leaves nothing behind (law 26)", async () => {
    const values = channel<number>();
    const others = channel<number>();
    const [from, to] = [values.receiver(), others.sender()];
    const both = select({ from: from.receiving(), to: to.sending(5) });
    await settled();
    assert.equal(await others.receive(), 5);
    assert.equal((await both).case, "to");
    assert.equal(values.statistics().waitingReceivers, 0);
    from.close(); // nothing waits through it any more
    assert.equal(values.isClosed, true);
  });

  it("holds nothing of cases that lost (law 40)", async () => {
    setFlagsFromString("--expose-gc");
    const collectGarbage = runInNewContext("gc") as () => void;
    const values = channel<object>();
    const sender = values.sender();
    const winner = channel<number>();
    const lost: WeakRef<object>[] = [];
    for (let i = 0; i < 10; i++) {
      const value = { i };
      lost.push(new WeakRef(value));
      const selecting = select({ lost: sender.sending(value), winner: winner.receiving() });
      await winner.send(i);
      await selecting;
    }
    // The last few may still stand in a register or on the stack.
    const isGone = (): boolean => lost.slice(0, 5).every((one) => one.deref() === undefined);
    // A collection that was under way has marked some of them already and keeps
    // them; the next does not. What is held stays through any number of them. The
    // turn between lets go of what `deref` itself keeps.
    for (let i = 0; i < 5 && !isGone(); i++) {
      await new Promise((resolve) => setImmediate(resolve));
      collectGarbage();
    }
    assert.ok(isGone());
    sender.close();
  });

  it("closed while it waits, a receiving case is done and a sending case fails", async () => {
    const values = channel<number>();
    const mine = values.receiver();
    const other = values.receiver();
    const receiving = select({ mine: mine.receiving() });
    await settled();
    mine.close();
    assert.deepEqual(await receiving, { case: "mine", value: { done: true, value: undefined } });
    other.close();

    const sends = channel<number>();
    const sender = sends.sender();
    const sending = codeOf(() => select({ sent: sender.sending(1) }));
    await settled();
    sender.close();
    assert.equal(await sending, "SKEIN_CLOSED");
    assert.equal(sends.statistics().waitingSenders, 0);
  });

  it("closed between making the case and selecting it has the same outcome", async () => {
    const values = channel<number>(1);
    const [mine, other] = [values.receiver(), values.receiver()];
    const receiving = mine.receiving();
    values.trySend(1);
    mine.close();
    assert.deepEqual(await select({ receiving }), { case: "receiving", value: { done: true, value: undefined } });
    assert.deepEqual(other.tryReceive(), { value: 1 });
    const [sender] = [values.sender(), values.sender()];
    const sending = sender.sending(2);
    sender.close();
    assert.equal(await codeOf(() => select({ sending })), "SKEIN_CLOSED");
    assert.equal(values.length, 0);
  });
});

describe("a closed end", () => {
  const values = channel<number>(9);
  const [sender, receiver] = [values.sender(), values.receiver()];
  const others = [sender.clone(), receiver.clone()];
  values.trySend(1);
  sender.close();
  receiver.close();
  const wrong: readonly [what: string, call: () => unknown][] = [
    ["send", () => sender.send(1)],
    ["sending", () => sender.sending(1)],
    ["sender's clone", () => sender.clone()],
    ["receive", () => receiver.receive()],
    ["receiving", () => receiver.receiving()],
    ["values", () => receiver.values()],
    ["for await", () => receiver[Symbol.asyncIterator]()],
    ["receiver's clone", () => receiver.clone()],
  ];
  for (const [what, call] of wrong) {
    it(`${what} is misuse`, async () => assert.equal(await codeOf(call), "SKEIN_END_CLOSED"));
  }
  it("try-forms say no and never throw", () => {
    assert.equal(sender.trySend(1), false);
    assert.equal(receiver.tryReceive(), undefined);
    assert.equal(values.length, 1);
    assert.deepEqual(
      [sender.isClosed, receiver.isClosed, ...others.map((end) => end.isClosed)],
      [true, true, false, false],
    );
  });
});

test("a channel and its ends have what takes either as a parameter", async () => {
  const values = channel<number>(2);
  const put = (to: CanSend<number>): boolean => to.trySend(1);
  const get = (from: CanReceive<number>): number | undefined => from.tryReceive()?.value;
  assert.deepEqual([put(values), put(values.sender())], [true, true]);
  assert.deepEqual([get(values), get(values.receiver())], [1, 1]);
  // @ts-expect-error an end receives or sends, not both
  const wrong = (): boolean => put(values.receiver());
  assert.ok(wrong);
});

test("a side is closed exactly when as many ends were closed as were made (law 23)", () => {
  const operations = fc.array(
    fc.record({ kind: fc.constantFrom("make", "clone", "close"), side: fc.nat(1), pick: fc.nat(20) }),
  );
  fc.assert(
    fc.property(operations, (steps) => {
      const lost: number[] = [];
      const values = channel<number>({ capacity: 1, onUndelivered: (value) => lost.push(value) });
      values.trySend(1);
      const ends: [(Sender<number> | undefined)[], (Receiver<number> | undefined)[]] = [[], []];
      const wasLastClosed = [false, false];
      for (const { kind, side, pick } of steps) {
        const mine = side === 0 ? ends[0] : ends[1];
        if (kind === "make") {
          if (side === 0) ends[0].push(values.sender());
          else ends[1].push(values.receiver());
        } else if (mine.length > 0) {
          const index = pick % mine.length;
          const end = mine[index];
          if (kind === "close") {
            end?.close();
            mine[index] = undefined;
            if (end !== undefined && mine.every((one) => one === undefined)) wasLastClosed[side] = true;
          } else if (end !== undefined) {
            (mine as unknown[]).push(end.clone());
          }
        }
        assert.equal(values.isClosed, wasLastClosed[0] === true || wasLastClosed[1] === true);
        assert.deepEqual(lost, wasLastClosed[1] === true ? [1] : []);
      }
    }),
  );
});
