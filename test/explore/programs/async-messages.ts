/** Events, streams, queues and timers: what is told too early, too late, twice or to nobody. */
import { EventEmitter, once } from "node:events";

import { channel, scope, sleep } from "skein";

import type { Exploration } from "skein/explore";

import type { KnownBug } from "./program.js";

async function backpressure(t: Exploration, asksAgain: boolean): Promise<void> {
  const stream = new EventEmitter();
  let isFull = true;
  t.job("sink", async () => {
    await t.completes(undefined, { name: "write to disk" });
    isFull = false;
    stream.emit("drain");
  });
  t.job("source", async () => {
    const mustWait = isFull;
    await t.completes(undefined, { name: "next chunk" });
    if (asksAgain ? isFull : mustWait) await once(stream, "drain");
  });
  await t.join();
}

const missedDrain: KnownBug = {
  name: "drain that came before it was waited for",
  source: "Node.js, documentation of writable.write: what it returned is remembered across an await",
  kinds: ["deadlock", "leak"],
  buggy: (t) => backpressure(t, false),
  fixed: (t) => backpressure(t, true),
};

async function twoEvents(t: Exploration, listensToBoth: boolean): Promise<void> {
  const socket = new EventEmitter();
  for (const event of ["connect", "ready"]) {
    t.job(event, async () => {
      await t.completes(undefined, { name: event });
      socket.emit(event);
    });
  }
  t.job("user", async () => {
    if (listensToBoth) {
      await Promise.all([once(socket, "connect"), once(socket, "ready")]);
    } else {
      await once(socket, "connect");
      await once(socket, "ready");
    }
  });
  await t.join();
}

const secondEventMissed: KnownBug = {
  name: "two events, awaited one after the other",
  source: "Node.js, documentation of events.once: the second comes while the first is awaited",
  kinds: ["deadlock", "leak"],
  buggy: (t) => twoEvents(t, false),
  fixed: (t) => twoEvents(t, true),
};

async function debounced(t: Exploration, flushes: boolean): Promise<void> {
  const saved: string[] = [];
  let draft: string | undefined;
  const save = (): void => {
    if (draft !== undefined) saved.push(draft);
    draft = undefined;
  };
  t.job("editor", async () => {
    const stopped = new AbortController();
    draft = "text";
    const timer = scope((s) => {
      stopped.signal.addEventListener("abort", () => s.cancel());
      return sleep(500, s).then(save);
    }).catch(() => undefined);
    await t.completes(undefined, { name: "window is closed" });
    if (flushes) save();
    stopped.abort();
    await timer;
  });
  await t.join();
  t.expect(saved.length === 1, "what was typed is saved");
}

const debouncedAway: KnownBug = {
  name: "save put off past the end",
  source: "textbook, debouncing: the timer of the last change is stopped and what it was to do is not done",
  kinds: ["assertion"],
  buggy: (t) => debounced(t, false),
  fixed: (t) => debounced(t, true),
};

async function poll(t: Exploration, waitsForAnswer: boolean): Promise<void> {
  let shown = 0;
  const ask = async (round: number): Promise<void> => {
    await t.completes(undefined, { name: `poll ${round}` });
    t.expect(shown < round, `the answer to poll ${round} is not shown after that to poll ${shown}`);
    shown = round;
  };
  t.job("poller", async () => {
    const polls: Promise<void>[] = [];
    for (const round of [1, 2, 3]) {
      const asked = ask(round);
      polls.push(asked);
      if (waitsForAnswer) await asked;
      await sleep(1000);
    }
    await Promise.all(polls);
  });
  await t.join();
}

const overlappingPolls: KnownBug = {
  name: "polls that overlap",
  source: "MDN, setInterval: a round may begin before the one before has ended",
  kinds: ["assertion"],
  buggy: (t) => poll(t, false),
  fixed: (t) => poll(t, true),
};

async function redelivered(t: Exploration, isIdempotent: boolean): Promise<void> {
  let isAcknowledged = false;
  const mails: string[] = [];
  const handled = new Set<string>();
  const work = async (consumer: string): Promise<void> => {
    if (isIdempotent && handled.has("message 7")) return;
    handled.add("message 7");
    await t.completes(undefined, { name: `work of ${consumer}` });
    mails.push(consumer);
    isAcknowledged = true;
  };
  t.job("first", () => work("first"));
  t.job("queue", async () => {
    await sleep(30_000); // how long a message is hidden from others
    if (!isAcknowledged) await work("second");
  });
  await t.join();
  t.expect(mails.length === 1, `one mail is sent, not ${mails.length}`);
}

const deliveredTwice: KnownBug = {
  name: "message delivered again while it is worked on",
  source: "Amazon SQS, visibility timeout: delivery is at least once",
  kinds: ["assertion"],
  buggy: (t) => redelivered(t, false),
  fixed: (t) => redelivered(t, true),
};

async function acknowledge(t: Exploration, worksFirst: boolean): Promise<void> {
  const queue = ["order"];
  const done: string[] = [];
  const crash = new Error("the consumer crashed");
  const work = async (message: string): Promise<void> => {
    await t.completes(undefined, { name: "work", mayReject: crash });
    done.push(message);
  };
  t.job("consumer", async () => {
    const [message = ""] = queue;
    await t.completes(undefined, { name: "receive" });
    if (!worksFirst) queue.shift();
    await work(message).then(
      () => worksFirst && queue.shift(),
      () => undefined,
    );
  });
  await t.join();
  t.expect(done.length + queue.length > 0, "the order is done, or still in the queue");
}

const acknowledgedTooEarly: KnownBug = {
  name: "acknowledged before it is done",
  source: "RabbitMQ, consumer acknowledgements: with automatic ones a message is lost when its consumer fails",
  kinds: ["assertion"],
  buggy: (t) => acknowledge(t, false),
  fixed: (t) => acknowledge(t, true),
};

async function collect(t: Exploration, receivesAll: boolean): Promise<void> {
  const results = channel<{ readonly isGood: boolean }>(0);
  for (const index of [1, 2]) {
    t.job(`worker ${index}`, async () => {
      const isGood = await t
        .completes(true, { name: `part ${index}`, mayReject: new Error("broken") })
        .catch(() => false);
      await results.send({ isGood });
    });
  }
  t.job("collector", async () => {
    const first = await results.receive();
    if (first.isGood || receivesAll) await results.receive();
  });
  await t.join();
}

const collectorLeaves: KnownBug = {
  name: "collector that stops at the first error",
  source: "The Go Blog 2014, Pipelines and cancellation: senders block when the receiver leaves early",
  kinds: ["deadlock", "leak"],
  buggy: (t) => collect(t, false),
  fixed: (t) => collect(t, true),
};

export const ASYNC_MESSAGES: readonly KnownBug[] = [
  missedDrain,
  secondEventMissed,
  debouncedAway,
  overlappingPolls,
  deliveredTwice,
  acknowledgedTooEarly,
  collectorLeaves,
];
