/** Callbacks and events as promises and flows, and what all bridges refuse. */
import assert from "node:assert/strict";
import { EventEmitter, getEventListeners } from "node:events";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";

import { callback, fromCallback } from "#skein/async/bridge/callback";
import { events, nextEvent } from "#skein/async/bridge/events";
import { toReadable } from "#skein/async/bridge/host-node-streams";
import { fromReadable, fromWebStream, toWebStream } from "#skein/async/bridge/streams";
import { CancelledError, scope, sleep } from "skein";
import { settled } from "skein/testing";

import { codeOf, failureOf } from "../support/failure.js";

function countListeners(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((count, name) => count + emitter.listenerCount(name), 0);
}

describe("fromCallback", () => {
  it("waits for the first of the two callbacks and cleans up once", async () => {
    let cleanups = 0;
    const twice = fromCallback<number>((resolve, reject) => {
      queueMicrotask(() => {
        resolve(1);
        resolve(2);
        reject(new Error("late"));
      });
      return () => cleanups++;
    });
    assert.equal(await twice, 1);
    assert.equal(cleanups, 1);
    const failing = fromCallback((_, reject) => {
      reject(new Error("at once"));
      return async () => cleanups++;
    });
    assert.equal(((await failureOf(failing)) as Error).message, "at once");
    assert.equal(cleanups, 2);
  });

  it("cleans up at a cancellation, and drops what comes later (law 10)", async () => {
    const controller = new AbortController();
    let later: (value: number) => void = () => undefined;
    let cleanups = 0;
    const waiting = fromCallback<number>((resolve) => {
      later = resolve;
      return () => cleanups++;
    }, controller.signal);
    const code = codeOf(() => waiting);
    controller.abort();
    later(1);
    assert.equal(await code, "SKEIN_CANCELLED");
    assert.equal(cleanups, 1);
  });

  it("starts nothing if it is cancelled already (law 9)", async () => {
    let started = 0;
    const start = (resolve: (value: number) => void): void => resolve(++started);
    assert.equal(await codeOf(() => fromCallback(start, AbortSignal.abort())), "SKEIN_CANCELLED");
    assert.equal(started, 0);
  });

  it("fails with what start throws, and with what the cleanup throws", async () => {
    const broken = fromCallback(() => {
      throw new Error("no start");
    });
    assert.equal(((await failureOf(broken)) as Error).message, "no start");
    const unclean = (settle: "resolve" | "reject"): Promise<unknown> =>
      fromCallback((resolve, reject) => {
        if (settle === "resolve") resolve(1);
        else reject(new Error("outcome"));
        return () => {
          throw new Error("cleanup");
        };
      });
    assert.equal(((await failureOf(unclean("resolve"))) as Error).message, "cleanup");
    const both = (await failureOf(unclean("reject"))) as Error & { error: Error; suppressed: Error };
    assert.deepEqual([both.error.message, both.suppressed.message], ["cleanup", "outcome"]);
  });

  it("has one outcome if the callback and the cancellation come in one turn (law 11)", async () => {
    for (const first of ["callback", "cancel"]) {
      const controller = new AbortController();
      let resolve: (value: string) => void = () => undefined;
      const waiting = fromCallback<string>((given) => {
        resolve = given;
      }, controller.signal).catch((error: unknown) => error);
      if (first === "callback") resolve("value");
      controller.abort();
      resolve("late");
      const outcome = await waiting;
      assert.ok(first === "callback" ? outcome === "value" : outcome instanceof CancelledError);
    }
  });
});

describe("callback", () => {
  it("waits for a function that takes a callback of Node's kind", async () => {
    const read = (path: string, done: (error: Error | null, text?: string) => void): void => {
      queueMicrotask(() => (path === "" ? done(new Error("no path")) : done(null, `text of ${path}`)));
    };
    assert.equal(await callback<string>((done) => read("a", done)), "text of a");
    assert.equal(((await failureOf(callback((done) => read("", done)))) as Error).message, "no path");
    assert.equal(await callback((done) => done()), undefined);
  });

  it("ends only its wait when it is cancelled", async () => {
    const controller = new AbortController();
    const code = codeOf(() => callback(() => undefined, controller.signal));
    await Promise.resolve();
    controller.abort();
    assert.equal(await code, "SKEIN_CANCELLED");
  });
});

describe("events", () => {
  it("come as a flow: arguments from an emitter, events from a target", async () => {
    const emitter = new EventEmitter();
    const some = events<[number, string]>(emitter, "data", { endOn: "end" }).toArray();
    await settled();
    emitter.emit("data", 1, "a");
    emitter.emit("data", 2, "b");
    emitter.emit("end");
    emitter.emit("data", 3, "c");
    assert.deepEqual(await some, [
      [1, "a"],
      [2, "b"],
    ]);
    assert.equal(countListeners(emitter), 0);
    const target = new EventTarget();
    const types = events<Event>(target, "ping")
      .take(2)
      .map((event) => event.type)
      .toArray();
    await settled();
    for (let round = 0; round < 3; round++) target.dispatchEvent(new Event("ping"));
    assert.deepEqual(await types, ["ping", "ping"]);
    assert.equal(getEventListeners(target, "ping").length, 0);
  });

  it("are listened to only while they are consumed", async () => {
    const emitter = new EventEmitter();
    const some = events(emitter, "data");
    assert.equal(countListeners(emitter), 0);
    const items = some.values();
    const first = items.next();
    await settled();
    assert.equal(countListeners(emitter), 2);
    emitter.emit("data", 1);
    assert.deepEqual((await first).value, [1]);
    await items.return?.();
    assert.equal(countListeners(emitter), 0);
  });

  it("leave no listener at break, failure and cancellation (laws 38 and 40)", async () => {
    const emitter = new EventEmitter();
    const controller = new AbortController();
    const cancelled = codeOf(() => events(emitter, "data", {}, controller.signal).run());
    const failed = failureOf(events(emitter, "data", { errorOn: ["fail", "abort"] }).run());
    await settled();
    assert.equal(countListeners(emitter), 5);
    controller.abort();
    assert.equal(await cancelled, "SKEIN_CANCELLED");
    assert.equal(countListeners(emitter), 3);
    emitter.emit("abort", new Error("aborted"));
    assert.equal(((await failed) as Error).message, "aborted");
    assert.equal(countListeners(emitter), 0);
  });

  it("that came before an end or an error are delivered first", async () => {
    const emitter = new EventEmitter();
    const seen: unknown[] = [];
    const run = failureOf(
      events<[number]>(emitter, "data").forEach(async ([item]) => sleep(0).then(() => seen.push(item))),
    );
    await settled();
    emitter.emit("data", 1);
    emitter.emit("data", 2);
    emitter.emit("error", "not an error object");
    const error = (await run) as Error;
    assert.deepEqual(seen, [1, 2]);
    assert.deepEqual([error.message, error.cause], ['the event "error" came', "not an error object"]);
  });

  it("that find no room fail the flow, or are dropped and told of (law 24)", async () => {
    const overflowing = async (options: object): Promise<unknown> => {
      const emitter = new EventEmitter();
      const items = events<[number]>(emitter, "data", { buffer: 2, endOn: "end", ...options }).values();
      const first = items.next();
      await settled();
      for (let item = 0; item < 6; item++) emitter.emit("data", item);
      emitter.emit("end");
      const seen: unknown[] = ((await first) as IteratorResult<[number], [number]>).value.slice();
      try {
        for await (const [item] of items) seen.push(item);
      } catch (error) {
        return [...seen, (error as { code: string }).code];
      } finally {
        assert.equal(countListeners(emitter), 0);
      }
      return seen;
    };
    const dropped: unknown[] = [];
    const onDrop = ([item]: number[]): unknown => dropped.push(item);
    assert.deepEqual(await overflowing({}), [0, 1, 2, "SKEIN_OVERFLOW"]);
    assert.deepEqual(await overflowing({ overflow: "drop-newest", onDrop }), [0, 1, 2]);
    assert.deepEqual(dropped.splice(0), [3, 4, 5]);
    assert.deepEqual(await overflowing({ overflow: "drop-oldest", onDrop }), [0, 4, 5]);
    assert.deepEqual(dropped.splice(0), [1, 2, 3]);
    assert.deepEqual(await overflowing({ buffer: Infinity }), [0, 1, 2, 3, 4, 5]);
  });
});

describe("nextEvent", () => {
  it("gives the next event and takes its listeners off at once", async () => {
    const emitter = new EventEmitter();
    const next = nextEvent<[number, number]>(emitter, "data");
    assert.equal(countListeners(emitter), 2);
    emitter.emit("data", 1, 2);
    assert.equal(countListeners(emitter), 0);
    assert.deepEqual(await next, [1, 2]);
    const error = nextEvent(emitter, "error");
    emitter.emit("error", "as an event");
    assert.deepEqual(await error, ["as an event"]);
  });

  it("takes its listeners off at the cancellation itself, and at an error (law 40)", async () => {
    const emitter = new EventEmitter();
    const controller = new AbortController();
    const cancelled = codeOf(() => nextEvent(emitter, "data", {}, controller.signal));
    await Promise.resolve();
    assert.equal(countListeners(emitter), 2);
    controller.abort();
    assert.equal(countListeners(emitter), 0);
    assert.equal(await cancelled, "SKEIN_CANCELLED");
    const failed = failureOf(nextEvent(emitter, "data"));
    await Promise.resolve();
    emitter.emit("error", new Error("broken"));
    assert.equal(((await failed) as Error).message, "broken");
    assert.equal(countListeners(emitter), 0);
  });

  it("reads the error of an error event of the web", async () => {
    const target = new EventTarget();
    const failed = failureOf(nextEvent(target, "open", { errorOn: "error" }));
    await Promise.resolve();
    target.dispatchEvent(Object.assign(new Event("error"), { error: new Error("refused") }));
    assert.equal(((await failed) as Error).message, "refused");
  });
});

describe("misuse of bridges", () => {
  const wrong = (value: unknown): never => value as never;
  const emitter = new EventEmitter();
  const cases: Record<string, () => unknown> = {
    "fromCallback without a function": () => fromCallback(wrong(undefined)),
    "fromCallback with a timeout": () => fromCallback(() => undefined, wrong(100)),
    "callback with a promise": () => callback(wrong(Promise.resolve())),
    "events of something that emits none": () => events(wrong({}), "data"),
    "events without a name": () => events(emitter, wrong(undefined)),
    "events without room": () => events(emitter, "data", { buffer: 0 }),
    "events with an unknown overflow": () => events(emitter, "data", { overflow: wrong("block") }),
    "events with a timeout": () => events(emitter, "data", {}, wrong(100)),
    "nextEvent of nothing": () => nextEvent(wrong(null), "data"),
    "nextEvent of a text": () => nextEvent(wrong("button"), "click"),
    "nextEvent without a name": () => nextEvent(emitter, ""),
    "fromWebStream with a Node stream": () => fromWebStream(wrong(new PassThrough())),
    "fromReadable with a web stream": () => fromReadable(wrong(new ReadableStream())),
    "toWebStream of nothing": () => toWebStream(wrong(undefined)),
    "toWebStream with a text as its mark": () => toWebStream([], { highWaterMark: wrong("1") }),
    "toReadable of nothing": () => toReadable(wrong(undefined)),
    "toReadable with a negative mark": () => toReadable([], { highWaterMark: -1 }),
  };
  for (const [what, call] of Object.entries(cases)) {
    it(`${what} is told apart`, async () => {
      assert.equal(await codeOf(call), "SKEIN_INVALID_ARGUMENT");
      assert.equal(countListeners(emitter), 0);
    });
  }

  it("a wait inside a scope ends with the scope", async () => {
    const outcome = scope(async (s) => {
      s.spawn(() => nextEvent(emitter, "never", {}, s));
      s.spawn(() => events(emitter, "never", {}, s).run());
      s.spawn(() => fromCallback(() => undefined, s));
      await settled();
      s.cancel();
    });
    await outcome;
    assert.equal(countListeners(emitter), 0);
  });
});
