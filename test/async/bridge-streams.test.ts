/** Streams of the web and of Node as flows, and flows as streams. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { PassThrough, Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describe, it } from "node:test";

import { events, nextEvent } from "#skein/async/bridge/events";
import { toReadable } from "#skein/async/bridge/host-node-streams";
import { fromReadable, fromWebStream, toWebStream } from "#skein/async/bridge/streams";
import { flow } from "#skein/async/flow/flow";
import { rootScopes } from "#skein/async/scope";
import { settled } from "skein/testing";
import * as fc from "fast-check";

import { codeOf, failureOf } from "../support/failure.js";
import { TrackedSource } from "../support/tracked-source.js";

function countListeners(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((count, name) => count + emitter.listenerCount(name), 0);
}

describe("streams", () => {
  it("a web stream is read only as fast as asked, and closed with its flow (laws 38 and 39)", async () => {
    let pulled = 0;
    let cancelled = 0;
    const stream = (): ReadableStream<number> =>
      new ReadableStream<number>(
        {
          pull(controller) {
            controller.enqueue(pulled++);
          },
          cancel() {
            cancelled++;
          },
        },
        { highWaterMark: 0 },
      );
    for await (const item of fromWebStream(stream())) if (item === 2) break;
    assert.deepEqual([pulled, cancelled], [3, 1]);
  });

  it("a web stream is cancelled although its read is pending (law 38)", async () => {
    let cancelled = 0;
    const silent = new ReadableStream<number>({ cancel: () => void cancelled++ });
    const controller = new AbortController();
    const code = codeOf(() => flow<number>(silent).run(controller.signal));
    await settled();
    controller.abort();
    assert.equal(await code, "SKEIN_CANCELLED");
    assert.equal(cancelled, 1);
    assert.equal(silent.locked, false);
  });

  it("a Node stream is destroyed although its read is pending (law 38)", async () => {
    const silent = new PassThrough();
    silent.write("a");
    const controller = new AbortController();
    const seen: string[] = [];
    const code = codeOf(() =>
      fromReadable<Buffer>(silent).forEach((chunk) => seen.push(String(chunk)), controller.signal),
    );
    await settled();
    assert.equal(silent.destroyed, false);
    controller.abort();
    assert.equal(await code, "SKEIN_CANCELLED");
    assert.deepEqual([seen.join(), silent.destroyed], ["a", true]);
  });

  it("a Node stream's failure is the flow's", async () => {
    const stream = new PassThrough();
    const failed = failureOf(flow(stream).run());
    await settled();
    stream.destroy(new Error("cable cut"));
    assert.equal(((await failed) as Error).message, "cable cut");
  });

  it("a flow as a web stream starts when it is read, one item at a time, and ends with it (laws 38 and 39)", async () => {
    const source = new TrackedSource("async", [1, 2, 3, 4, 5]);
    const stream = toWebStream(source.open);
    await settled();
    assert.equal(source.opened, 0);
    const reader = stream.getReader();
    assert.equal((await reader.read()).value, 1);
    await settled();
    assert.equal(source.pulled, 1);
    await reader.cancel();
    assert.deepEqual([source.closed, rootScopes().size], [1, 0]);
  });

  it("a flow as a web stream reads ahead as much as it is told", async () => {
    const source = new TrackedSource("async", [1, 2, 3, 4, 5]);
    const stream = toWebStream(source.open, { highWaterMark: 2 });
    await settled();
    assert.equal(source.pulled, 2);
    await stream.cancel();
    assert.equal(source.closed, 1);
  });

  it("a flow's failure and cancellation error its stream", async () => {
    const failing = toWebStream(new TrackedSource("sync", [1, 2], 1).open);
    assert.equal(((await failureOf(flow(failing).run())) as Error).message, "item 1 failed");
    const controller = new AbortController();
    const reader = toWebStream(new TrackedSource("silent", []).open, {}, controller.signal).getReader();
    const read = codeOf(() => reader.read());
    await settled();
    controller.abort();
    assert.equal(await read, "SKEIN_CANCELLED");
    assert.equal(rootScopes().size, 0);
  });

  it("a flow as a Node stream holds what the stream has room for, and starts when it is read (law 39)", async () => {
    const source = new TrackedSource("async", [1, 2, 3, 4, 5]);
    const stream = toReadable(source.open, { highWaterMark: 2 });
    await settled();
    assert.equal(source.opened, 0);
    const seen: number[] = [];
    const slow = new Writable({
      objectMode: true,
      highWaterMark: 1,
      write(item: number, _encoding, done) {
        seen.push(item);
        assert.ok(source.pulled - seen.length <= 3, `${source.pulled} taken, ${seen.length} written`);
        setImmediate(done);
      },
    });
    await pipeline(stream, slow);
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
    assert.equal(source.unclosed, 0);
  });

  it("destroying a flow's Node stream cancels the flow, and its close comes after (law 38)", async () => {
    const source = new TrackedSource("silent", [1]);
    const stream = toReadable(source.open);
    stream.on("data", () => undefined);
    await settled();
    assert.equal(source.closed, 0);
    const closed = nextEvent(stream, "close");
    stream.destroy();
    await closed;
    assert.deepEqual([source.closed, rootScopes().size], [1, 0]);
  });

  it("a Node stream that is never read starts nothing, also when it is destroyed", async () => {
    const source = new TrackedSource("async", [1]);
    const stream = toReadable(source.open);
    const closed = nextEvent(stream, "close");
    stream.destroy();
    await closed;
    assert.equal(source.opened, 0);
  });

  it("a flow's failure destroys its Node stream with it", async () => {
    const stream = toReadable(new TrackedSource("async", [1, 2], 1).open);
    assert.equal(((await failureOf(flow(stream).run())) as Error).message, "item 1 failed");
    const missing = toReadable(["a", null]);
    assert.equal(await codeOf(() => flow(missing).run()), "SKEIN_INVALID_ARGUMENT");
  });

  it("bytes pass through Node streams and flows unchanged", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 })), async (chunks) => {
        const stream = toReadable(flow(Readable.from(chunks)), { objectMode: false, highWaterMark: 8 });
        const back = await fromReadable(stream).toArray();
        assert.deepEqual(Buffer.concat(back), Buffer.concat(chunks));
      }),
      { numRuns: 50 },
    );
  });

  it("items pass through streams of both kinds, in order, and wherever it is left nothing stays (law 38)", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(), { maxLength: 8 }),
        fc.nat(9),
        fc.nat(2),
        async (items, left, highWaterMark) => {
          const source = new TrackedSource("async", items);
          const emitter = new EventEmitter();
          const web = toWebStream(flow(source.open), { highWaterMark });
          const node = toReadable(fromWebStream(web), { highWaterMark });
          const silent = events(emitter, "never").map(() => 0);
          const seen = await flow<number>(node as AsyncIterable<number>)
            .merge(silent)
            .take(Math.min(left, items.length))
            .toArray();
          assert.deepEqual(seen, items.slice(0, left));
          if (seen.length === 0) node.destroy(); // it was never read
          await settled();
          if (seen.length === 0) await web.cancel().catch(() => undefined);
          assert.deepEqual([source.unclosed, countListeners(emitter), rootScopes().size], [0, 0, 0]);
        },
      ),
      { numRuns: 40 },
    );
  });
});
