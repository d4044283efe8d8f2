import assert from "node:assert/strict";
import { describe, it, test } from "node:test";

import { type Broadcast, broadcast, Lagged, type Subscription } from "#skein/async/broadcast";
import { flow } from "#skein/async/flow/flow";
import { ClosedError, scope, select, type SkeinError } from "skein";
import { settled, withVirtualClock } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";
import { Calls, forAllSteps, type RandomOp, runSteps } from "../support/model-run.js";

function drain<T>(from: { tryReceive(): { readonly value: T } | undefined }): T[] {
  const values: T[] = [];
  for (let taken = from.tryReceive(); taken !== undefined; taken = from.tryReceive()) values.push(taken.value);
  return values;
}

describe("a subscriber", () => {
  it("sees exactly what was published after it subscribed (law 25)", async () => {
    const news = broadcast<number>(8);
    await news.publish(1);
    const first = news.subscribe();
    await news.publish(2);
    const second = news.subscribe();
    await news.publish(3);
    assert.deepEqual(drain(first), [2, 3]);
    assert.deepEqual(drain(second), [3]);
  });

  it("that waits is handed the value, with nothing kept behind it", async () => {
    const news = broadcast<string>(1);
    const [first, second] = [news.subscribe(), news.subscribe()];
    const received = [first.receive(), second.receive()];
    await settled();
    await news.publish("hello");
    assert.deepEqual(await Promise.all(received), ["hello", "hello"]);
    assert.equal(news.statistics().length, 0);
  });

  it("drains what was published before the close, then ends (law 23)", async () => {
    const news = broadcast<number>(4);
    const late = news.subscribe();
    await news.publish(1);
    await news.publish(2);
    news.close();
    const seen: number[] = [];
    for await (const value of late) seen.push(value);
    assert.deepEqual(seen, [1, 2]);
    assert.equal(await codeOf(() => late.receive()), "SKEIN_CLOSED");
  });

  it("that waits at the close ends", async () => {
    const news = broadcast<number>(4);
    const end = news.subscribe();
    const receiving = failureOf(end.receive());
    const loop = end.values().next();
    const selecting = select({ news: end.receiving() });
    await settled();
    assert.equal(end.statistics().waitingReceivers, 3);
    news.close();
    news.close();
    assert.ok((await receiving) instanceof ClosedError);
    assert.deepEqual(await loop, { done: true, value: undefined });
    assert.deepEqual((await selecting).value, { done: true, value: undefined });
  });

  it("that subscribes after the close is at the end", async () => {
    const news = broadcast<number>(4);
    news.close();
    assert.equal(await codeOf(() => news.subscribe().receive()), "SKEIN_CLOSED");
  });

  it("is a source of a flow", async () => {
    const news = broadcast<number>(4);
    const end = news.subscribe();
    for (const value of [1, 2]) news.tryPublish(value);
    news.close();
    assert.deepEqual(await flow(end).toArray(), [1, 2]);
  });
});

describe("a slow subscriber", () => {
  it("makes publishers wait, in order of arrival, and its pace is theirs", async () => {
    const news = broadcast<number>(1);
    const [quick, slow] = [news.subscribe(), news.subscribe()];
    const published: number[] = [];
    await news.publish(0);
    for (const value of [1, 2]) void news.publish(value).then(() => published.push(value));
    assert.equal(await quick.receive(), 0);
    await settled();
    assert.deepEqual(published, []);
    assert.equal(news.tryPublish(9), false);
    assert.equal(await slow.receive(), 0);
    await settled();
    assert.deepEqual(published, [1]);
    assert.deepEqual([await quick.receive(), await slow.receive()], [1, 1]);
    await settled();
    assert.deepEqual(published, [1, 2]);
  });

  it("is told how many it missed, and no other misses any (law 25)", async () => {
    const news = broadcast<number>({ capacity: 2, onLag: "drop" });
    const [quick, slow] = [news.subscribe(), news.subscribe()];
    const seen: unknown[] = [];
    for (let value = 1; value <= 5; value++) {
      await news.publish(value);
      seen.push(...drain(quick));
    }
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
    assert.deepEqual(drain(slow), [new Lagged(3), 4, 5]);
    assert.deepEqual(slow.statistics(), { length: 0, received: 2, missed: 3, waitingReceivers: 0 });
  });

  it("is told of what it missed before it ends", async () => {
    const news = broadcast<number>({ capacity: 1, onLag: "drop" });
    using slow = news.subscribe();
    for (const value of [1, 2, 3]) news.tryPublish(value);
    assert.deepEqual(slow.statistics(), { length: 1, received: 0, missed: 2, waitingReceivers: 0 });
    news.close();
    const seen: unknown[] = [];
    for await (const value of slow) seen.push(value);
    assert.deepEqual(seen, [new Lagged(2), 3]);
  });

  it("that closes lets the publishers go on", async () => {
    const news = broadcast<number>(2);
    const [quick, slow] = [news.subscribe(), news.subscribe()];
    for (const value of [1, 2]) await news.publish(value);
    const publishing = [3, 4, 5].map((value) => news.publish(value));
    assert.deepEqual(drain(quick), [1, 2]);
    slow.close();
    slow.close();
    await Promise.all(publishing.slice(0, 2));
    assert.equal(news.statistics().waitingPublishers, 1);
    assert.deepEqual(drain(quick), [3, 4, 5]);
    await Promise.all(publishing);
  });

  it("that was the last to close leaves nothing kept", async () => {
    const news = broadcast<number>(1);
    const slow = news.subscribe();
    await news.publish(1);
    const publishing = [2, 3].map((value) => news.publish(value));
    slow.close();
    await Promise.all(publishing);
    assert.deepEqual(news.statistics(), {
      ...news.statistics(),
      length: 0,
      subscribers: 0,
      published: 3,
      waitingPublishers: 0,
    });
  });
});

describe("publishing", () => {
  it("to nobody goes nowhere and does not wait", async () => {
    const news = broadcast<number>(1);
    for (const value of [1, 2, 3]) await news.publish(value);
    assert.deepEqual(news.statistics(), {
      length: 0,
      capacity: 1,
      subscribers: 0,
      published: 3,
      waitingPublishers: 0,
      isClosed: false,
    });
  });

  it("cancelled did not happen (law 10)", async () => {
    const news = broadcast<number>(1);
    using end = news.subscribe();
    await news.publish(1);
    const controller = new AbortController();
    const publishing = codeOf(() => news.publish(2, controller.signal));
    await settled();
    controller.abort();
    assert.equal(await publishing, "SKEIN_CANCELLED");
    assert.deepEqual(drain(end), [1]);
    assert.equal(news.statistics().waitingPublishers, 0);
    assert.equal(await codeOf(() => news.publish(3, AbortSignal.abort())), "SKEIN_CANCELLED");
  });

  it("to a closed broadcast fails, also while it waits: nobody receives the value", async () => {
    const news = broadcast<number>(1);
    using end = news.subscribe();
    await news.publish(1);
    const publishing = codeOf(() => news.publish(2));
    const selecting = codeOf(() => select({ sent: news.publishing(3) }));
    await settled();
    news.close();
    assert.equal(await publishing, "SKEIN_CLOSED");
    assert.equal(await selecting, "SKEIN_CLOSED");
    assert.equal(await codeOf(() => news.publish(4)), "SKEIN_CLOSED");
    assert.equal(await codeOf(() => select({ sent: news.publishing(5) })), "SKEIN_CLOSED");
    assert.equal(news.tryPublish(6), false);
    assert.deepEqual(drain(end), [1]);
  });

  it("to a closed broadcast fails though there is room", async () => {
    const news = broadcast<number>(2);
    using end = news.subscribe();
    news.close();
    assert.equal(news.tryPublish(1), false);
    assert.equal(await codeOf(() => news.publish(1)), "SKEIN_CLOSED");
    assert.deepEqual(drain(end), []);
  });

  it("goes on for any number of publishers when one subscriber held them all up", async () => {
    const count = 20_000;
    const news = broadcast<number>(1);
    const [waiting, slow] = [news.subscribe(), news.subscribe()];
    const published = Array.from({ length: count }, (_, value) => news.publish(value));
    await waiting.receive();
    const received = Array.from({ length: count - 1 }, () => waiting.receive());
    slow.close();
    await Promise.all(published);
    assert.deepEqual((await Promise.all(received)).at(-1), count - 1);
  });

  it("and receiving in one select does one of them, not both (law 29)", async () => {
    const news = broadcast<number>(1);
    const [mine, other] = [news.subscribe(), news.subscribe()];
    await news.publish(1);
    assert.deepEqual(drain(mine), [1]);
    const both = select({ sent: news.publishing(2), got: mine.receiving() });
    await settled();
    assert.deepEqual(drain(other), [1, 2]);
    assert.equal((await both).case, "sent");
    assert.deepEqual(drain(mine), [2]);
  });

  it("is done by the scope given to the broadcast if none is given to the wait", async () => {
    await withVirtualClock(async () => {
      const waiting = scope(
        async (s) => {
          const news = broadcast<number>(1, s);
          const end = news.subscribe();
          await news.publish(1);
          await codeOf(() => news.publish(2)).then((code) => assert.equal(code, "SKEIN_CANCELLED"));
          await end.receive(); // a checkpoint of the same scope
        },
        { timeoutMs: 1 },
      );
      await assert.rejects(waiting, { code: "SKEIN_TIMEOUT" });
    });
  });
});

describe("misuse", () => {
  const closed = broadcast<number>(1).subscribe();
  closed.close();
  const wrong: readonly [what: string, call: () => unknown, code: string][] = [
    ["a capacity of 0", () => broadcast(0), "SKEIN_INVALID_ARGUMENT"],
    ["no capacity", () => broadcast({} as never), "SKEIN_INVALID_ARGUMENT"],
    ["no options", () => broadcast(undefined as never), "SKEIN_INVALID_ARGUMENT"],
    ["an unknown onLag", () => broadcast({ capacity: 1, onLag: "explode" as "drop" }), "SKEIN_INVALID_ARGUMENT"],
    ["receive on a closed subscription", () => closed.receive(), "SKEIN_END_CLOSED"],
    ["receiving on a closed subscription", () => closed.receiving(), "SKEIN_END_CLOSED"],
    ["a loop over a closed subscription", () => closed.values(), "SKEIN_END_CLOSED"],
  ];
  for (const [what, call, code] of wrong) {
    it(`${what} is refused`, async () => assert.equal(await codeOf(call), code));
  }
  it("a try-form on a closed subscription has nothing", () => {
    assert.equal(closed.tryReceive(), undefined);
    assert.deepEqual(closed.statistics(), { length: 0, received: 0, missed: 0, waitingReceivers: 0 });
  });
});

test("only a subscriber that may lag has to reckon with it, by its type", () => {
  const exact: Subscription<number> = broadcast<number>(1).subscribe();
  const lossy: Subscription<number | Lagged> = broadcast<number>({ capacity: 1, onLag: "drop" }).subscribe();
  // @ts-expect-error what comes may be a Lagged
  const wrong: Subscription<number> = lossy;
  assert.ok(exact !== wrong);
});

/** The obvious version: each subscriber has a queue of its own; values are the numbers of the calls that published them. */
class Model {
  readonly outcomes: string[] = [];
  readonly subscribers: { queue: number[]; missed: number; waiting: number[]; isOpen: boolean }[] = [];
  publishers: number[] = [];
  readonly #capacity: number;
  readonly #drops: boolean;

  constructor(capacity: number, drops: boolean) {
    this.#capacity = capacity;
    this.#drops = drops;
  }

  get #open(): Model["subscribers"] {
    return this.subscribers.filter((one) => one.isOpen);
  }

  publish(waits: boolean): void {
    const call = this.outcomes.push("published") - 1;
    if (!this.#drops && this.#isFull) {
      this.outcomes[call] = waits ? "waiting" : "refused";
      if (waits) this.publishers.push(call);
      return;
    }
    this.#append(call);
  }

  get #isFull(): boolean {
    return this.#open.some((one) => one.queue.length >= this.#capacity);
  }

  #append(value: number): void {
    for (const one of this.#open) {
      const receiver = one.waiting.shift();
      if (receiver !== undefined) this.outcomes[receiver] = String(value);
      else one.queue.push(value);
      while (one.queue.length > this.#capacity) one.missed += one.queue.splice(0, 1).length;
    }
  }

  receive(index: number, waits: boolean): void {
    const call = this.outcomes.push("waiting") - 1;
    const one = this.subscribers[index];
    if (one === undefined) return;
    if (!one.isOpen) this.outcomes[call] = waits ? "misuse" : "refused";
    else if (one.missed > 0) {
      this.outcomes[call] = `missed ${one.missed}`;
      one.missed = 0;
    } else if (one.queue.length > 0) this.outcomes[call] = String(one.queue.shift());
    else if (waits) one.waiting.push(call);
    else this.outcomes[call] = "refused";
    this.#admit();
  }

  closeSubscriber(index: number): void {
    const one = this.subscribers[index];
    if (one === undefined || !one.isOpen) return;
    one.isOpen = false;
    for (const call of one.waiting.splice(0)) this.outcomes[call] = "closed";
    this.#admit();
  }

  #admit(): void {
    while (this.publishers.length > 0 && !this.#isFull) {
      const call = this.publishers.shift() as number;
      this.outcomes[call] = "published";
      this.#append(call);
    }
  }

  cancelCall(call: number): void {
    if (this.outcomes[call] === "waiting") this.outcomes[call] = "cancelled";
    this.publishers = this.publishers.filter((one) => one !== call);
    for (const one of this.subscribers) one.waiting = one.waiting.filter((waiting) => waiting !== call);
  }
}

const KINDS = [
  "publish",
  "publish",
  "tryPublish",
  "subscribe",
  "receive",
  "receive",
  "receive",
  "tryReceive",
  "tryReceive",
  "cancelCall",
  "closeSubscriber",
] as const;

for (const onLag of ["wait", "drop"] as const) {
  for (const capacity of [1, 2, 3]) {
    test(`capacity ${capacity}, onLag ${onLag}: behaves as the model, whatever is cancelled when (laws 10, 11, 25)`, async () => {
      await forAllSteps(KINDS, async (steps) => {
        const news: Broadcast<number, number | Lagged> =
          onLag === "drop" ? broadcast<number>({ capacity, onLag }) : broadcast<number>({ capacity, onLag });
        const model = new Model(capacity, onLag === "drop");
        const subscriptions: Subscription<number | Lagged>[] = [];
        const calls = new Calls<number | "published" | Lagged | "closed" | "misuse">((value) =>
          value instanceof Lagged ? `missed ${value.missed}` : String(value),
        );
        const apply = ({ kind, pick }: RandomOp<(typeof KINDS)[number]>): void => {
          const value = calls.outcomes.length;
          const index = subscriptions.length === 0 ? -1 : pick % subscriptions.length;
          const subscription = subscriptions[index];
          if (kind === "publish") {
            calls.start((cancel) => news.publish(value, cancel).then(() => "published" as const));
            model.publish(true);
          } else if (kind === "tryPublish") {
            calls.done(news.tryPublish(value) ? "published" : undefined);
            model.publish(false);
          } else if (kind === "cancelCall") {
            const call = calls.any(pick);
            if (call === undefined) return;
            calls.cancel(call);
            model.cancelCall(call);
          } else if (kind === "subscribe") {
            if (subscriptions.length === 4) return;
            subscriptions.push(news.subscribe());
            model.subscribers.push({ queue: [], missed: 0, waiting: [], isOpen: true });
          } else if (subscription !== undefined && kind === "receive") {
            calls.start((cancel) =>
              subscription.receive(cancel).catch((error: unknown) => {
                const { code } = error as SkeinError;
                if (code === "SKEIN_END_CLOSED") return "misuse";
                if (code === "SKEIN_CLOSED") return "closed";
                throw error;
              }),
            );
            model.receive(index, true);
          } else if (subscription !== undefined && kind === "tryReceive") {
            calls.done(subscription.tryReceive()?.value);
            model.receive(index, false);
          } else if (subscription !== undefined) {
            subscription.close();
            model.closeSubscriber(index);
          }
        };
        const check = (): void => {
          const { length, subscribers, waitingPublishers } = news.statistics();
          const open = model.subscribers.filter((one) => one.isOpen);
          assert.deepEqual(
            { length, subscribers, waitingPublishers },
            {
              length: Math.max(0, ...open.map((one) => one.queue.length)),
              subscribers: open.length,
              waitingPublishers: model.publishers.length,
            },
          );
          for (const [index, one] of model.subscribers.entries()) {
            const statistics = subscriptions[index]?.statistics();
            assert.equal(statistics?.waitingReceivers, one.waiting.length);
            if (one.isOpen) assert.equal(statistics?.length, one.queue.length);
          }
        };
        await runSteps(steps, apply, check, () => [calls.outcomes, model.outcomes]);
      });
    });
  }
}
