import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { MessageChannel } from "node:worker_threads";

import { channel, scope, sleep } from "skein";
import { settled } from "skein/testing";
import { beginOutsideWork, endOutsideWork } from "#skein/core/outside-work";

import { unseenTurns } from "../support/unseen-turns.js";

describe("settled", () => {
  it("waits for microtasks, turns of the event loop and ticks, however many", async () => {
    let steps = 0;
    void (async () => {
      for (let i = 0; i < 50; i++) {
        await Promise.resolve();
        await new Promise(setImmediate);
        await new Promise<void>((resolve) => process.nextTick(resolve));
        steps++;
      }
    })();
    await settled();
    assert.equal(steps, 50);
  });

  it("waits for a file that is being read, and for what follows from it", async () => {
    let length = 0;
    void (async () => {
      const bytes = await readFile(fileURLToPath(import.meta.url));
      await new Promise(setImmediate);
      length = bytes.length;
    })();
    await settled();
    assert.notEqual(length, 0);
  });

  it("waits for a message between ports of this thread", async () => {
    const { port1, port2 } = new MessageChannel();
    let answers = 0;
    port2.on("message", (message) => port2.postMessage(message));
    port1.on("message", (left: number) => {
      answers++;
      if (left > 0) port1.postMessage(left - 1);
    });
    port1.postMessage(2);
    await settled();
    port1.close();
    assert.equal(answers, 3);
  });

  it("does not wait for jobs that are blocked on each other, nor for time", async () => {
    await scope(async (s) => {
      const words = channel<string>(0, s);
      let received = "";
      s.spawn(async () => {
        received = await words.receive();
      });
      const sleeper = s.spawn((inner) => sleep(1e9, inner));
      await settled();
      assert.deepEqual([received, words.statistics().waitingReceivers, sleeper.state], ["", 1, "running"]);
      await words.send("hello");
      await settled();
      assert.equal(received, "hello");
      sleeper.cancel();
    });
  });

  it("waits for work counted on other threads", async () => {
    let isSettled = false;
    beginOutsideWork();
    const waiting = settled().then(() => (isSettled = true));
    await unseenTurns(100);
    assert.equal(isSettled, false);
    endOutsideWork();
    await waiting;
  });

  it("tells all who wait, and whoever comes later sees the quiet anew", async () => {
    const seen: string[] = [];
    const first = settled().then(() => seen.push("first"));
    const second = (async () => {
      await settled();
      seen.push("second");
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      seen.push("busy");
    })();
    await first;
    await settled().then(() => seen.push("third"));
    await second;
    assert.deepEqual(seen, ["first", "second", "busy", "third"]);
  });

  it("works where the host has neither setImmediate nor a list of requests", async () => {
    const { setImmediate: turn } = globalThis;
    const { getActiveResourcesInfo: list } = process;
    let steps = 0;
    try {
      Object.assign(globalThis, { setImmediate: undefined });
      Object.assign(process, { getActiveResourcesInfo: undefined });
      void (async () => {
        for (; steps < 5; steps++) await Promise.resolve();
      })();
      await settled();
    } finally {
      Object.assign(globalThis, { setImmediate: turn });
      Object.assign(process, { getActiveResourcesInfo: list });
    }
    assert.equal(steps, 5);
  });
});
