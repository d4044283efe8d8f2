/** Queues and channels: indices in two steps, ends that nobody serves. */
import { ClosedError } from "skein";

import { SharedChannel } from "skein/shared";
import type { Exploration } from "skein/explore";

import { at, cells, type KnownBug, waitWhile } from "./program.js";

async function twoProducers(t: Exploration, claims: boolean): Promise<void> {
  const slots = cells(t, "slot", 2);
  const tail = t.cell("tail", 0);
  const put = (value: number) => () => {
    if (claims) return void at(slots, tail.add(1)).store(value);
    const mine = tail.load();
    at(slots, mine).store(value);
    tail.store(mine + 1);
  };
  t.thread("producer 1", put(1));
  t.thread("producer 2", put(2));
  await t.join();
  t.expect(at(slots, 0).load() + at(slots, 1).load() === 3, "both items are in the queue");
}

const queueTail: KnownBug = {
  name: "queue, tail in two steps",
  source: "SCTBench, queue: two producers put into the same place",
  kinds: ["assertion"],
  buggy: (t) => twoProducers(t, false),
  fixed: (t) => twoProducers(t, true),
};

async function circular(t: Exploration, showsAfter: boolean): Promise<void> {
  const slots = cells(t, "slot", 2);
  const written = t.cell("written", 0);
  const read = t.cell("read", 0);
  t.thread("producer", () => {
    for (let value = 1; value <= 3; value += 1) {
      const index = written.load();
      for (let seen = read.load(); index - seen === 2; seen = read.load()) read.wait(seen);
      if (!showsAfter) written.store(index + 1);
      at(slots, index % 2).store(value);
      if (showsAfter) written.store(index + 1);
      written.notify();
    }
  });
  t.thread("consumer", () => {
    for (let value = 1; value <= 3; value += 1) {
      const index = read.load();
      waitWhile(written, index);
      t.expect(at(slots, index % 2).load() === value, "items come in the order in which they were sent");
      read.store(index + 1);
      read.notify();
    }
  });
  await t.join();
}

const circularBuffer: KnownBug = {
  name: "circular buffer",
  source: "SCTBench, circular_buffer: the place is counted as written before it is",
  kinds: ["assertion"],
  buggy: (t) => circular(t, false),
  fixed: (t) => circular(t, true),
};

async function tornPair(t: Exploration, isOneWord: boolean): Promise<void> {
  // Items are popped from the head and stolen in half from the head: head and tail belong together.
  const [head, tail] = [t.cell("head", 0), t.cell("tail", 2)];
  const range = t.cell("range", (0 << 8) | 2);
  t.thread("reset", () => {
    if (isOneWord) return void range.store((4 << 8) | 6);
    head.store(4);
    tail.store(6);
  });
  t.thread("length", () => {
    if (isOneWord) {
      const seen = range.load();
      return t.expect((seen & 0xff) - (seen >> 8) === 2, "the queue has two items at all times");
    }
    const seenTail = tail.load();
    t.expect(seenTail - head.load() === 2, "the queue has two items at all times");
  });
  await t.join();
}

const indexPair: KnownBug = {
  name: "pair of indices, torn",
  source: "GoBench, non-blocking: the length of a queue is worked out from two reads",
  kinds: ["assertion"],
  buggy: (t) => tornPair(t, false),
  fixed: (t) => tornPair(t, true),
};

async function cachedLength(t: Exploration, asksAgain: boolean): Promise<void> {
  const length = t.cell("length", 2);
  const slots = cells(t, "slot", 2);
  for (const slot of slots) slot.store(7);
  t.thread("reader", () => {
    const end = length.load();
    for (let index = 0; index < (asksAgain ? length.load() : end); index += 1) {
      const item = at(slots, index).load();
      // Shortening lowers the length first, so an item that is gone shows in a later length.
      if (asksAgain && item === 0 && index >= length.load()) return;
      t.expect(item === 7, `item ${index} is there`);
    }
  });
  t.thread("shortener", () => {
    length.store(1);
    at(slots, 1).store(0);
  });
  await t.join();
}

const staleLength: KnownBug = {
  name: "stale length",
  source: "ConVul, array resized while it is walked: the length is read once before the loop",
  kinds: ["assertion"],
  buggy: (t) => cachedLength(t, false),
  fixed: (t) => cachedLength(t, true),
};

async function firstAnswer(t: Exploration, capacity: number): Promise<void> {
  const answers = new SharedChannel({ type: "int32", capacity, name: "answers" });
  const replicas = [1, 2, 3].map((index) => t.thread(`replica ${index}`, () => answers.sendSync(index)));
  const asker = t.thread("asker", () => t.expect(answers.receiveSync() > 0, "an answer came"));
  await t.join(asker);
  if (capacity === 3) await t.join(...replicas);
}

const forgottenSenders: KnownBug = {
  name: "senders that nobody receives from",
  source: "GoKer, channel: the first answer is taken and the others block for ever",
  kinds: ["leak", "deadlock"],
  buggy: (t) => firstAnswer(t, 1),
  fixed: (t) => firstAnswer(t, 3),
};

/** The sum of what comes until the channel is closed. */
function sumUntilClosed(items: SharedChannel<number>): number {
  let sum = 0;
  for (;;) {
    try {
      sum += items.receiveSync();
    } catch (error) {
      if (!(error instanceof ClosedError)) throw error;
      return sum;
    }
  }
}

async function drain(t: Exploration, closes: boolean): Promise<void> {
  const items = new SharedChannel({ type: "int32", capacity: 2, name: "items" });
  t.thread("producer", () => {
    items.sendSync(1);
    items.sendSync(2);
    if (closes) items.close();
  });
  t.thread("consumer", () => t.expect(sumUntilClosed(items) === 3, "all items came"));
  await t.join();
}

const forgottenReceiver: KnownBug = {
  name: "receiver of a channel that is not closed",
  source: "GoKer, channel: a range over a channel that nobody closes",
  kinds: ["deadlock", "leak"],
  buggy: (t) => drain(t, false),
  fixed: (t) => drain(t, true),
};

async function closeWhileSending(t: Exploration, senderCloses: boolean): Promise<void> {
  const items = new SharedChannel({ type: "int32", capacity: 2, name: "items" });
  t.thread("sender", () => {
    items.sendSync(1);
    if (senderCloses) items.close();
  });
  t.thread("closer", () => {
    if (!senderCloses) items.close();
  });
  await t.join();
}

const sendOnClosed: KnownBug = {
  name: "send on a closed channel",
  source: "GoKer, channel: somebody other than the sender closes it",
  kinds: ["assertion", "misuse"],
  buggy: (t) => closeWhileSending(t, false),
  fixed: (t) => closeWhileSending(t, true),
};

async function sendAllFirst(t: Exploration, room: number): Promise<void> {
  const forth = new SharedChannel({ type: "int32", capacity: 1, name: "forth" });
  const back = new SharedChannel({ type: "int32", capacity: room, name: "back" });
  t.thread("client", () => {
    for (let value = 1; value <= 4; value += 1) forth.sendSync(value);
    for (let count = 0; count < 4; count += 1) back.receiveSync();
  });
  t.thread("server", () => {
    for (let count = 0; count < 4; count += 1) back.sendSync(forth.receiveSync());
  });
  await t.join();
}

const bothFull: KnownBug = {
  name: "both channels full",
  source: "GoKer, channel: the client sends all before it receives, and the answers have too little room",
  kinds: ["deadlock"],
  buggy: (t) => sendAllFirst(t, 1),
  fixed: (t) => sendAllFirst(t, 2),
};

export const QUEUES: readonly KnownBug[] = [
  queueTail,
  circularBuffer,
  indexPair,
  staleLength,
  forgottenSenders,
  forgottenReceiver,
  sendOnClosed,
  bothFull,
];
