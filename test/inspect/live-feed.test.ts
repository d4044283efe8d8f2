import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";

import { LiveFeed } from "#skein/inspect/live-feed";
import type { WebSocket } from "ws";

/** A page that takes what was sent only when told to. */
class SlowSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  readonly sent: (Uint8Array | string)[] = [];
  readonly #waiting: { readonly bytes: number; readonly taken: (() => void) | undefined }[] = [];

  get bufferedAmount(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  send(data: Uint8Array | string, taken?: () => void): void {
    this.sent.push(data);
    this.#waiting.push({ bytes: data.length, taken });
  }

  take(): void {
    this.#waiting.shift()?.taken?.();
  }
}

function partsOf(socket: SlowSocket): number[] {
  return socket.sent.flatMap((data) => (typeof data === "string" ? [] : data.length === 1 ? [] : (data[0] ?? 0) - 100));
}

/** As short as what a file begins with can be, by its first byte. */
const HEADER = Uint8Array.of(0x53);
const BEGIN = Uint8Array.of(1);

/** A feed whose recording has begun. */
function feedOf(keptBytes?: number, backlogBytes?: number): LiveFeed {
  const feed = new LiveFeed(keptBytes, backlogBytes);
  feed.push(HEADER);
  feed.push(BEGIN);
  return feed;
}

describe("a live feed", () => {
  const part = (number: number): Uint8Array => new Uint8Array(10).fill(number + 100);

  it("never lets more wait in a page's socket than the limit and a part", () => {
    const feed = feedOf(1000, 25);
    const socket = new SlowSocket();
    feed.add(socket as unknown as WebSocket);
    for (let i = 0; i < 50; i++) {
      feed.push(part(i));
      assert.ok(socket.bufferedAmount <= 35);
    }
    assert.deepEqual(partsOf(socket), [0, 1, 2]);
    for (let i = 0; i < 60; i++) {
      socket.take();
      assert.ok(socket.bufferedAmount <= 35);
    }
    assert.deepEqual(partsOf(socket), [...Array.from({ length: 50 }).keys()]);
  });

  it("leaves out what it had to give up, and says how much", () => {
    const feed = feedOf(40, 5);
    const socket = new SlowSocket();
    feed.add(socket as unknown as WebSocket);
    for (let i = 0; i < 10; i++) feed.push(part(i)); // 6 to 9 are kept
    assert.equal(feed.parts.length, 6); // with the two that a file begins with
    socket.take();
    socket.take();
    socket.take();
    assert.deepEqual(socket.sent[3], '{"leftOut":5}');
    for (let i = 0; i < 20; i++) socket.take();
    assert.deepEqual(partsOf(socket), [0, 6, 7, 8, 9]);
  });

  it("gives a page that comes later what is kept, and the end once", () => {
    const feed = feedOf(25, 1000);
    for (let i = 0; i < 5; i++) feed.push(part(i));
    feed.end();
    const socket = new SlowSocket();
    feed.add(socket as unknown as WebSocket);
    for (let i = 0; i < 10; i++) socket.take();
    assert.deepEqual(partsOf(socket), [3, 4]);
    assert.equal(socket.sent.filter((data) => data === '{"ended":true}').length, 1);
  });

  it("keeps the newest part, however large", () => {
    const feed = feedOf(5, 5);
    feed.push(part(1));
    feed.push(part(2));
    assert.deepEqual(feed.parts.slice(2), [part(2)]);
  });

  it("passes on a new first segment, and gives it to pages that come later in place of the old one", () => {
    const feed = feedOf();
    const early = new SlowSocket();
    feed.add(early as unknown as WebSocket);
    const newer = Uint8Array.of(1, 7);
    feed.push(part(0));
    feed.push(newer);
    const late = new SlowSocket();
    feed.add(late as unknown as WebSocket);
    assert.deepEqual(early.sent, [HEADER, BEGIN, part(0), newer]);
    assert.deepEqual(late.sent.slice(0, 2), [HEADER, newer]);
  });

  it("forgets pages that have gone", () => {
    const feed = feedOf();
    const socket = new SlowSocket();
    feed.add(socket as unknown as WebSocket);
    socket.readyState = 3;
    socket.emit("close");
    feed.push(part(1));
    feed.end();
    assert.deepEqual(partsOf(socket), []);
  });
});

describe("the level of a live feed", () => {
  it("is told to pages, those that come later too, and asked for by them", () => {
    const feed = feedOf();
    const asked: string[] = [];
    feed.onLevelAsked = (level) => asked.push(level);
    const early = new SlowSocket();
    feed.add(early as unknown as WebSocket);
    feed.setLevel("normal");
    const late = new SlowSocket();
    feed.add(late as unknown as WebSocket);
    for (const { sent } of [early, late]) {
      assert.deepEqual(
        sent.filter((data) => typeof data === "string"),
        ['{"level":"normal"}'],
      );
    }
    late.emit("message", Buffer.from('{"level":"deep"}'));
    assert.deepEqual(asked, ["deep"]);
  });

  it("heeds nothing but a level that there is, and nothing where it can't be changed", () => {
    const feed = feedOf();
    const asked: string[] = [];
    feed.onLevelAsked = (level) => asked.push(level);
    const socket = new SlowSocket();
    feed.add(socket as unknown as WebSocket);
    socket.emit("message", Buffer.from('{"level":"deep"}'));
    feed.setLevel("light");
    for (const text of [
      "",
      "{",
      '{"level":"deepest"}',
      '{"level":"__proto__"}',
      "deep",
      "null",
      '{"level":["deep"]}',
    ]) {
      socket.emit("message", Buffer.from(text));
    }
    assert.deepEqual(asked, []);
  });
});
