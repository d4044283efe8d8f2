import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { type Channel, channel, ClosedError, scope } from "skein";
import { settled } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { follow, outcomesOf } from "../support/follow.js";

/** The counters that are about values and waits. */
function counts(ch: Pick<Channel<never>, "statistics">): number[] {
  const { length, waitingSenders, waitingReceivers, sent, received } = ch.statistics();
  return [length, waitingSenders, waitingReceivers, sent, received];
}

describe("a channel", () => {
  it("gives values in the order in which their sends began, at any capacity (law 21)", async () => {
    for (const capacity of [0, 1, 3, Infinity]) {
      const numbers = channel<number>(capacity);
      const sends = Array.from({ length: 10 }, (_, number) => numbers.send(number));
      const received: number[] = [];
      for (let i = 0; i < 10; i++) received.push(await numbers.receive());
      assert.deepEqual(
        received,
        Array.from({ length: 10 }, (_, number) => number),
      );
      await Promise.all(sends);
    }
  });

  it("passes the value of a promise that is sent on, by a promise of its own, and its error to who receives it", async () => {
    for (const capacity of [0, 1]) {
      const promises = channel<Promise<string>>(capacity);
      const good = Promise.resolve("good");
      const bad = Promise.reject(new Error("bad"));
      bad.catch(() => undefined);
      for (const sent of [good, bad]) {
        const sending = promises.send(sent);
        const received = promises.receive();
        assert.notEqual(received, sent);
        assert.equal(
          await received.catch((error: unknown) => (error as Error).message),
          sent === good ? "good" : "bad",
        );
        await sending;
        const waited = promises.receive();
        await promises.send(sent);
        assert.equal(await waited.catch((error: unknown) => (error as Error).message), sent === good ? "good" : "bad");
      }
    }
  });

  it("refuses what can't cancel by a rejection, not by a throw", async () => {
    const numbers = channel<number>(1);
    const promises = [numbers.send(1, "soon" as never), numbers.receive("soon" as never)];
    for (const one of promises) assert.equal(await codeOf(() => one), "SKEIN_INVALID_ARGUMENT");
    assert.equal(numbers.length, 0);
  });

  it("serves waiting receivers and waiting senders in order of arrival (law 21)", async () => {
    const words = channel<string>(0);
    const receivers = ["a", "b", "c"].map(() => follow(words.receive()));
    for (const word of ["one", "two"]) await words.send(word);
    assert.deepEqual(await outcomesOf(receivers), ["one", "two", "waiting"]);
    await words.send("three");
    const senders = ["one", "two", "three"].map((word) => follow(words.send(word)));
    assert.equal(await words.receive(), "one");
    assert.deepEqual(await outcomesOf(senders), [undefined, "waiting", "waiting"]);
    assert.deepEqual([await words.receive(), await words.receive()], ["two", "three"]);
  });

  it("hands a value to the oldest receiver for good: no later receive may steal it (law 21)", async () => {
    const words = channel<string>(1);
    const receiver = follow(words.receive());
    assert.equal(words.trySend("mine"), true);
    // In the same turn, before the receiver has gone on.
    assert.equal(words.tryReceive(), undefined);
    assert.equal(words.length, 0);
    assert.deepEqual(await outcomesOf([receiver]), ["mine"]);
  });

  it("gives a freed place to the oldest waiting sender: no later send may take it (law 21)", async () => {
    const words = channel<string>(1);
    await words.send("first");
    const waiting = follow(words.send("second"));
    assert.deepEqual(words.tryReceive(), { value: "first" });
    // In the same turn, before the sender has gone on.
    assert.equal(words.trySend("third"), false);
    assert.deepEqual(words.tryReceive(), { value: "second" });
    assert.deepEqual(await outcomesOf([waiting]), [undefined]);
  });

  it("without a buffer settles a send when its value is received, and not before (law 22)", async () => {
    const words = channel<string>();
    assert.equal(words.trySend("nobody there"), false);
    const sender = follow(words.send("hello"));
    assert.deepEqual(await outcomesOf([sender]), ["waiting"]);
    assert.equal(await words.receive(), "hello");
    assert.deepEqual(await outcomesOf([sender]), [undefined]);
  });

  it("counts exactly (law 22)", async () => {
    const words = channel<string>({ capacity: 2, name: "words" });
    assert.deepEqual([words.name, words.capacity, words.isClosed], ["words", 2, false]);
    const seen: number[][] = [];
    const look = () => seen.push(counts(words));
    words.trySend("a");
    look();
    words.trySend("b");
    const waiting = follow(words.send("c"));
    look();
    words.tryReceive();
    look();
    words.tryReceive();
    words.tryReceive();
    const receivers = [follow(words.receive()), follow(words.receive())];
    look();
    words.trySend("d");
    words.close();
    look();
    assert.deepEqual(seen, [
      [1, 0, 0, 1, 0],
      [2, 1, 0, 2, 0],
      [2, 0, 0, 3, 1],
      [0, 0, 2, 3, 3],
      [0, 0, 0, 4, 4],
    ]);
    assert.deepEqual(await outcomesOf([waiting, ...receivers]), [undefined, "d", "SKEIN_CLOSED"]);
  });

  it("never holds more than its capacity, whatever sends re-enter (law 24)", async () => {
    const numbers = channel<number>(2);
    const sendMore = async (number: number): Promise<void> => {
      await numbers.send(number);
      assert.ok(numbers.length <= 2);
      if (number < 20) await Promise.all([sendMore(number + 7), sendMore(number + 9)]);
    };
    const sending = sendMore(0);
    let received = 0;
    for (; received < 13; received++) {
      assert.ok(numbers.length <= 2);
      await numbers.receive();
    }
    while (numbers.tryReceive() !== undefined) received++;
    await sending;
    assert.equal(numbers.statistics().sent, received);
  });

  it("without a limit never makes a sender wait", async () => {
    const numbers = channel<number>(Infinity);
    for (let number = 0; number < 1000; number++) assert.equal(numbers.trySend(number), true);
    for (let number = 0; number < 1000; number++) assert.deepEqual(numbers.tryReceive(), { value: number });
  });

  it("carries any value, `undefined` too", async () => {
    const values = [undefined, null, Number.NaN, {}, Promise.resolve(1)];
    const any = channel<unknown>(values.length);
    for (const value of values) any.trySend(value);
    for (const value of values) assert.deepEqual(any.tryReceive(), { value });
  });
});

describe("closing a channel", () => {
  it("lets receivers drain the buffer, and then end (law 23)", async () => {
    const words = channel<string>(2);
    words.trySend("a");
    words.trySend("b");
    words.close();
    assert.equal(words.isClosed, true);
    assert.deepEqual([await words.receive(), words.tryReceive()], ["a", { value: "b" }]);
    assert.equal(words.tryReceive(), undefined);
    assert.equal(await codeOf(() => words.receive()), "SKEIN_CLOSED");
  });

  it("wakes blocked receivers with the end (law 23)", async () => {
    const words = channel<string>({ name: "words" });
    const errors = [failureOf(words.receive()), failureOf(words.receive())];
    await settled();
    words.close();
    const [first, second] = await Promise.all(errors);
    assert.ok(first instanceof ClosedError && second instanceof ClosedError);
    assert.match(first.message, /channel "words" is closed/);
    assert.notEqual(first, second);
  });

  it("refuses later sends, and fails those that wait, whose values are not delivered (law 23)", async () => {
    const words = channel<string>(1);
    await words.send("in the buffer");
    const waiting = follow(words.send("waiting"));
    await settled();
    words.close();
    assert.deepEqual(await outcomesOf([waiting]), ["SKEIN_CLOSED"]);
    assert.equal(await codeOf(() => words.send("late")), "SKEIN_CLOSED");
    assert.equal(words.trySend("late"), false);
    assert.equal(await words.receive(), "in the buffer");
    assert.equal(await codeOf(() => words.receive()), "SKEIN_CLOSED");
  });

  it("again changes nothing (law 23)", () => {
    const words = channel<string>(1);
    words.close();
    words.close();
    assert.equal(words.isClosed, true);
  });

  it("does not take back what a receiver was handed in the same turn (law 11)", async () => {
    const words = channel<string>();
    const receiver = follow(words.receive());
    words.trySend("handed");
    words.close();
    assert.deepEqual(await outcomesOf([receiver]), ["handed"]);
  });
});

describe("a cancelled wait on a channel", () => {
  it("for receiving consumes nothing (law 10)", async () => {
    const words = channel<string>();
    const controller = new AbortController();
    const cancelled = follow(words.receive(controller.signal));
    const other = follow(words.receive());
    await settled();
    controller.abort();
    assert.equal(words.trySend("for the other"), true);
    assert.equal(words.trySend("for nobody"), false);
    assert.deepEqual(await outcomesOf([cancelled, other]), ["SKEIN_CANCELLED", "for the other"]);
  });

  it("for sending delivers nothing (law 10)", async () => {
    const words = channel<string>();
    const controller = new AbortController();
    const cancelled = follow(words.send("never", controller.signal));
    const other = follow(words.send("other"));
    await settled();
    controller.abort();
    assert.equal(await words.receive(), "other");
    assert.equal(words.tryReceive(), undefined);
    assert.deepEqual(await outcomesOf([cancelled, other]), ["SKEIN_CANCELLED", undefined]);
    assert.equal(words.statistics().sent, 1);
  });

  it("that was handed its value before, in the same turn, keeps it (law 11)", async () => {
    const words = channel<string>(1);
    const controller = new AbortController();
    const receiver = follow(words.receive(controller.signal));
    words.trySend("handed");
    words.trySend("in the buffer");
    const sender = follow(words.send("placed", controller.signal));
    words.tryReceive();
    controller.abort();
    assert.deepEqual(await outcomesOf([receiver, sender]), ["handed", undefined]);
    assert.deepEqual(words.tryReceive(), { value: "placed" });
  });

  it("is cancelled by the channel's own scope if it names none, else by what it names", async () => {
    await scope(async (s) => {
      const words = channel<string>(0, s);
      const unnamed = follow(words.receive());
      const named = follow(words.receive(new AbortController().signal));
      await settled();
      s.cancel();
      assert.deepEqual(await outcomesOf([unnamed, named]), ["SKEIN_CANCELLED", "waiting"]);
      words.trySend("named");
      assert.deepEqual(await outcomesOf([named]), ["named"]);
    });
  });
});

describe("iterating over a channel", () => {
  it("gives its values until it is closed and drained", async () => {
    const numbers = channel<number>(1);
    const seen: number[] = [];
    await scope(async (s) => {
      s.spawn(async () => {
        for (const number of [1, 2, 3]) await numbers.send(number);
        numbers.close();
      });
      for await (const number of numbers) seen.push(number);
    });
    assert.deepEqual(seen, [1, 2, 3]);
  });

  it("throws when it is cancelled", async () => {
    const code = await codeOf(() =>
      scope(async (s) => {
        const numbers = channel<number>();
        s.spawn(async () => {
          await settled();
          s.cancel();
        });
        for await (const number of numbers.values(s)) assert.fail(`${number} was never sent`);
      }),
    );
    assert.equal(code, "SKEIN_CANCELLED");
  });

  it("that was left takes nothing more, also with a step under way (laws 10 and 38)", async () => {
    const numbers = channel<number>(2);
    for (const number of [1, 2]) numbers.trySend(number);
    for await (const number of numbers) {
      assert.equal(number, 1);
      break;
    }
    assert.equal(numbers.length, 1);
    const steps = numbers.values();
    assert.deepEqual(await steps.next(), { done: false, value: 2 });
    const pending = follow(steps.next());
    await steps.return?.();
    assert.deepEqual(await outcomesOf([pending]), [{ done: true, value: undefined }]);
    assert.equal(numbers.trySend(3), true);
    assert.deepEqual(await steps.next(), { done: true, value: undefined });
    assert.deepEqual(numbers.tryReceive(), { value: 3 });
    assert.equal(numbers.statistics().waitingReceivers, 0);
  });

  it("can be shared: each value comes to one", async () => {
    const numbers = channel<number>(0);
    const seen: [number, number][] = [];
    await scope(async (s) => {
      for (const worker of [0, 1]) {
        s.spawn(async () => {
          for await (const number of numbers) seen.push([worker, number]);
        });
      }
      for (let number = 0; number < 6; number++) await numbers.send(number);
      numbers.close();
    });
    assert.deepEqual(
      seen.map(([, number]) => number).toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4, 5],
    );
    // Served in order of arrival, two that do the same take turns.
    assert.equal(seen.filter(([worker]) => worker === 0).length, 3);
  });
});
