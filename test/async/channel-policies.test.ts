import assert from "node:assert/strict";
import { describe, it, test } from "node:test";

import { channel, type ChannelOptions, type Overflow } from "#skein/async/channel";
import { ClosedError, scope, select, sleep } from "skein";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, type RandomOp, runSteps } from "../support/model-run.js";

function drain<T>(from: { tryReceive(): { readonly value: T } | undefined }): T[] {
  const values: T[] = [];
  for (let taken = from.tryReceive(); taken !== undefined; taken = from.tryReceive()) values.push(taken.value);
  return values;
}

describe("a full channel", () => {
  it("that drops the newest keeps the oldest and says how many it dropped (law 24)", async () => {
    const kept = channel<number>({ capacity: 2, overflow: "drop-newest" });
    for (const value of [1, 2, 3, 4]) await kept.send(value);
    assert.equal(kept.statistics().dropped, 2);
    assert.deepEqual(drain(kept), [1, 2]);
  });

  it("that drops the oldest keeps the newest and says how many it dropped (law 24)", async () => {
    const kept = channel<number>({ capacity: 2, overflow: "drop-oldest" });
    for (const value of [1, 2, 3, 4]) await kept.send(value);
    assert.equal(kept.statistics().dropped, 2);
    assert.deepEqual(drain(kept), [3, 4]);
  });

  it("that drops has one place if no capacity is given: conflated", () => {
    const latest = channel<number>({ overflow: "drop-oldest" });
    for (const value of [1, 2, 3]) assert.equal(latest.trySend(value), true);
    assert.equal(latest.capacity, 1);
    assert.deepEqual(drain(latest), [3]);
  });

  it("that drops hands a value to a waiting receiver, dropping nothing", async () => {
    const values = channel<number>({ overflow: "drop-newest" });
    const received = values.receive();
    await values.send(7);
    assert.equal(await received, 7);
    assert.equal(values.statistics().dropped, 0);
  });

  it("is never above its capacity, counting sends made while a drop is told (law 24)", () => {
    for (const overflow of ["drop-newest", "drop-oldest"] as const) {
      const lengths: number[] = [];
      let again = 3;
      const values = channel<number>({
        capacity: 2,
        overflow,
        onUndelivered: (value) => {
          if (again-- > 0) values.trySend(value + 10);
          lengths.push(values.length);
        },
      });
      for (const value of [1, 2, 3, 4]) values.trySend(value);
      assert.ok(lengths.length >= 4 && lengths.every((length) => length === 2), `${overflow}: ${lengths.join()}`);
      const { sent, received, dropped, length } = values.statistics();
      assert.equal(sent, received + dropped + length);
    }
  });

  it("that is unbounded never makes a sender wait", async () => {
    const values = channel<number>(Infinity);
    for (let value = 0; value < 1000; value++) assert.equal(values.trySend(value), true);
    assert.equal(values.length, 1000);
    assert.equal(drain(values)[999], 999);
  });

  it("is always ready as a sending case, if it drops", async () => {
    const values = channel<number>({ overflow: "drop-oldest" });
    for (const value of [1, 2]) assert.equal((await select({ sent: values.sending(value) })).case, "sent");
    assert.deepEqual(drain(values), [2]);
  });
});

test("a send to a channel without places settles only when it is received (law 22)", async () => {
  const values = channel<string>();
  let isSent = false;
  const sending = values.send("hello").then(() => (isSent = true));
  await settled();
  assert.equal(isSent, false);
  assert.deepEqual({ ...values.statistics() }, { ...values.statistics(), sent: 0, waitingSenders: 1, length: 0 });
  assert.equal(await values.receive(), "hello");
  await sending;
  assert.deepEqual({ ...values.statistics() }, { ...values.statistics(), sent: 1, received: 1, waitingSenders: 0 });
});

test("sending and receiving are checkpoints though they could be done at once (law 9)", async () => {
  const values = channel<number>(2);
  values.trySend(1);
  assert.equal(await codeOf(() => values.send(2, AbortSignal.abort())), "SKEIN_CANCELLED");
  assert.equal(await codeOf(() => values.receive(AbortSignal.abort())), "SKEIN_CANCELLED");
  assert.deepEqual(drain(values), [1]);
});

describe("values that nobody will receive", () => {
  function recording(options: ChannelOptions<number>): { values: ReturnType<typeof channel<number>>; lost: number[] } {
    const lost: number[] = [];
    return { lost, values: channel<number>({ ...options, onUndelivered: (value) => lost.push(value) }) };
  }

  it("are told when they are dropped", () => {
    const newest = recording({ overflow: "drop-newest" });
    const oldest = recording({ overflow: "drop-oldest" });
    for (const value of [1, 2, 3]) {
      newest.values.trySend(value);
      oldest.values.trySend(value);
    }
    assert.deepEqual(newest.lost, [2, 3]);
    assert.deepEqual(oldest.lost, [1, 2]);
  });

  it("are told when the channel is cancelled, in their order and once", () => {
    const { values, lost } = recording({ capacity: 3 });
    for (const value of [1, 2, 3]) values.trySend(value);
    values.cancel();
    values.cancel();
    assert.deepEqual(lost, [1, 2, 3]);
    assert.deepEqual(values.statistics(), { ...values.statistics(), dropped: 3, length: 0, isClosed: true });
    assert.equal(values.tryReceive(), undefined);
  });

  it("are told when the channel is cancelled after it was closed", () => {
    const { values, lost } = recording({ capacity: 3 });
    values.trySend(1);
    values.close();
    assert.deepEqual(lost, []);
    values.cancel();
    assert.deepEqual(lost, [1]);
  });

  it("are not those whose send fails: the sender knows (law 23)", async () => {
    const { values, lost } = recording({ capacity: 1 });
    values.trySend(1);
    const sending = failureOf(values.send(2));
    values.cancel();
    const error = await sending;
    assert.ok(error instanceof ClosedError && /nobody receives/.test(error.message), String(error));
    assert.deepEqual(lost, [1]);
    assert.equal(await codeOf(() => values.send(3)), "SKEIN_CLOSED");
    assert.equal(values.trySend(3), false);
    assert.deepEqual(lost, [1]);
  });

  it("are not those of a cancelled send (law 10)", async () => {
    const { values, lost } = recording({ capacity: 1 });
    values.trySend(1);
    const controller = new AbortController();
    const sending = codeOf(() => values.send(2, controller.signal));
    await settled();
    controller.abort();
    assert.equal(await sending, "SKEIN_CANCELLED");
    values.close();
    assert.deepEqual(drain(values), [1]);
    assert.deepEqual(lost, []);
  });

  it("are all told though telling of one fails, and the failure is a warning", async () => {
    const lost: number[] = [];
    const values = channel<number>({
      capacity: 2,
      name: "fragile",
      onUndelivered: (value) => {
        lost.push(value);
        throw new Error(`can't release ${value}`);
      },
    });
    values.trySend(1);
    values.trySend(2);
    const warnings: Error[] = [];
    const listener = (warning: Error): unknown => warnings.push(warning);
    process.on("warning", listener);
    try {
      values.cancel();
      await settled();
    } finally {
      process.off("warning", listener);
    }
    assert.deepEqual(lost, [1, 2]);
    assert.deepEqual(
      warnings.map(({ message }) => message),
      [1, 2].map((value) => `onUndelivered of channel "fragile" failed: Error: can't release ${value}`),
    );
  });

  it("do not include one that a receiver got in the turn in which it was cancelled (law 11)", async () => {
    const { values, lost } = recording({});
    const controller = new AbortController();
    const receiving = values.receive(controller.signal);
    await settled();
    values.trySend(1);
    controller.abort();
    values.cancel();
    assert.equal(await receiving, 1);
    assert.deepEqual(lost, []);
  });
});

describe("for await", () => {
  it("ends when the channel is cancelled while it waits", async () => {
    const values = channel<number>();
    const seen: number[] = [];
    const loop = (async () => {
      for await (const value of values) seen.push(value);
    })();
    await values.send(1);
    await settled();
    values.cancel();
    await loop;
    assert.deepEqual(seen, [1]);
  });

  it("takes no value that comes after it was left, even with a step pending (law 38)", async () => {
    const values = channel<number>(1);
    const iterator = values.values();
    const pending = iterator.next();
    await settled();
    assert.equal(values.statistics().waitingReceivers, 1);
    await iterator.return?.();
    assert.deepEqual(await pending, { done: true, value: undefined });
    assert.equal(values.statistics().waitingReceivers, 0);
    values.trySend(1);
    assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    assert.deepEqual(drain(values), [1]);
  });

  it("keeps a value that came in the turn in which it was left (law 11)", async () => {
    const values = channel<number>();
    const iterator = values.values();
    const pending = iterator.next();
    values.trySend(1);
    await iterator.return?.();
    assert.deepEqual(await pending, { done: false, value: 1 });
  });

  it("is cancelled by its scope, and leaves nothing behind (law 40)", async () => {
    await withVirtualClock(async () => {
      const values = channel<number>();
      const looping = scope(
        async (s) => {
          for await (const _ of values.values(s)) assert.fail("nothing was sent");
        },
        { timeoutMs: 1 },
      );
      await assert.rejects(looping, { code: "SKEIN_TIMEOUT" });
      assert.equal(values.statistics().waitingReceivers, 0);
    });
  });

  it("is cancelled by the channel's own scope", async () => {
    await withVirtualClock(async () => {
      const looping = scope(async (s) => {
        const values = channel<number>(0, s);
        s.spawn(async () => {
          await sleep(1, s);
          s.cancel("enough");
        });
        for await (const _ of values) assert.fail("nothing was sent");
      });
      await assert.rejects(looping, { code: "SKEIN_CANCELLED" });
    });
  });

  it("is a checkpoint at each step, though a value is there (law 9)", async () => {
    const values = channel<number>(1);
    values.trySend(1);
    assert.equal(await codeOf(() => values.values(AbortSignal.abort()).next()), "SKEIN_CANCELLED");
    assert.equal(values.length, 1);
  });
});

describe("misuse", () => {
  const wrong: readonly [what: string, call: () => unknown, message: RegExp][] = [
    [
      "an unknown overflow",
      () => channel({ overflow: "explode" as Overflow }),
      /"wait", "drop-newest" or "drop-oldest".*"explode"/,
    ],
    ["dropping without a place", () => channel({ capacity: 0, overflow: "drop-newest" }), /from 1 on.*number 0/],
    ["a broken capacity", () => channel(1.5), /whole number from 0 on.*1.5/],
    ["a negative capacity", () => channel({ capacity: -1 }), /-1/],
    ["no options", () => channel(null as never), /null/],
    ["a callback that is none", () => channel({ onUndelivered: "log" as never }), /must be a function.*"log"/],
  ];
  for (const [what, call, message] of wrong) {
    it(`${what} is refused at once`, () => {
      assert.throws(
        call,
        (error: Error & { code?: string }) => error.code === "SKEIN_INVALID_ARGUMENT" && message.test(error.message),
      );
    });
  }
});

/** The obvious version: values are the numbers of the calls that sent them. */
class Model {
  readonly outcomes: string[] = [];
  readonly lost: number[] = [];
  buffer: number[] = [];
  senders: number[] = [];
  receivers: number[] = [];
  closed = "";
  readonly #capacity: number;
  readonly #overflow: Overflow;

  constructor(capacity: number, overflow: Overflow) {
    this.#capacity = capacity;
    this.#overflow = overflow;
  }

  send(waits: boolean): void {
    const call = this.outcomes.push("sent") - 1;
    const receiver = this.closed === "" ? this.receivers.shift() : undefined;
    if (this.closed !== "") this.outcomes[call] = waits ? this.closed : "refused";
    else if (receiver !== undefined) this.outcomes[receiver] = String(call);
    else if (this.buffer.length < this.#capacity) this.buffer.push(call);
    else if (this.#overflow === "drop-newest") this.lost.push(call);
    else if (this.#overflow === "drop-oldest") {
      this.lost.push(...this.buffer.splice(0, 1));
      this.buffer.push(call);
    } else {
      this.outcomes[call] = waits ? "waiting" : "refused";
      if (waits) this.senders.push(call);
    }
  }

  receive(waits: boolean): void {
    const call = this.outcomes.push("waiting") - 1;
    const sender = this.senders.shift();
    if (sender !== undefined) {
      this.outcomes[sender] = "sent";
      this.buffer.push(sender);
    }
    const value = this.buffer.shift();
    if (value !== undefined) this.outcomes[call] = String(value);
    else if (!waits) this.outcomes[call] = "refused";
    else if (this.closed !== "") this.outcomes[call] = this.closed;
    else this.receivers.push(call);
  }

  close(why: string): void {
    if (this.closed !== "") return;
    this.closed = why;
    for (const call of [...this.senders, ...this.receivers]) this.outcomes[call] = why;
    this.senders = [];
    this.receivers = [];
  }

  cancelCall(call: number): void {
    if (this.outcomes[call] === "waiting") this.outcomes[call] = "cancelled";
    this.senders = this.senders.filter((one) => one !== call);
    this.receivers = this.receivers.filter((one) => one !== call);
  }
}

// Closing ends a run soon, so it is one choice of many.
const KINDS = [
  "send",
  "send",
  "send",
  "trySend",
  "trySend",
  "receive",
  "receive",
  "receive",
  "tryReceive",
  "cancelCall",
  "cancelCall",
  "cancelCall",
  "close",
  "cancel",
] as const;

for (const [capacity, overflow] of [
  [0, "wait"],
  [2, "wait"],
  [Infinity, "wait"],
  [1, "drop-oldest"],
  [2, "drop-oldest"],
  [2, "drop-newest"],
] as const) {
  test(`capacity ${capacity}, overflow ${overflow}: behaves as the model, whatever is cancelled when (laws 10, 11, 21-24)`, async () => {
    await forAllSteps(KINDS, async (steps) => {
      const lost: number[] = [];
      const model = new Model(capacity, overflow);
      const values = channel<number>({ capacity, overflow, onUndelivered: (value) => lost.push(value) });
      const calls = new Calls<number | "sent">(String);
      const apply = ({ kind, pick }: RandomOp<(typeof KINDS)[number]>): void => {
        const value = calls.outcomes.length;
        if (kind === "send") {
          calls.start((cancel) => values.send(value, cancel).then(() => "sent" as const));
          model.send(true);
        } else if (kind === "trySend") {
          calls.done(values.trySend(value) ? "sent" : undefined);
          model.send(false);
        } else if (kind === "receive") {
          calls.start((cancel) => values.receive(cancel));
          model.receive(true);
        } else if (kind === "tryReceive") {
          calls.done(values.tryReceive()?.value);
          model.receive(false);
        } else if (kind === "cancelCall") {
          const call = calls.any(pick);
          if (call === undefined) return;
          calls.cancel(call);
          model.cancelCall(call);
        } else if (kind === "close") {
          values.close();
          model.close(`channel "channel" is closed`);
        } else {
          values.cancel();
          model.close(`channel "channel" is closed: nobody receives any more`);
          model.lost.push(...model.buffer.splice(0));
        }
      };
      const check = (): void => {
        const statistics = values.statistics();
        assert.deepEqual(
          [statistics.length, statistics.waitingSenders, statistics.waitingReceivers, statistics.isClosed],
          [model.buffer.length, model.senders.length, model.receivers.length, model.closed !== ""],
        );
        assert.ok(statistics.length <= capacity);
        assert.equal(statistics.sent, statistics.received + statistics.dropped + statistics.length);
        assert.deepEqual(lost, model.lost);
      };
      await runSteps(steps, apply, check, () => [calls.outcomes, model.outcomes]);
    });
  });
}
