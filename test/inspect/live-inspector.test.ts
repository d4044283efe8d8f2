import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it } from "node:test";

import { InspectorStartError, startInspector } from "#skein/inspect/live-inspector";
import type { ObserverLevel } from "skein/trace";
import { WebSocket } from "ws";

/** A socket as a page opens it, and what came over it. */
async function openSocket(
  url: string,
): Promise<{ readonly socket: WebSocket; readonly got: string[]; until(count: number): Promise<void> }> {
  const { origin, pathname } = new URL(url);
  const socket = new WebSocket(`${origin.replace("http", "ws")}${pathname}live`, { origin });
  const got: string[] = [];
  let wake = (): void => undefined;
  socket.on("message", (data: Buffer) => {
    got.push(data.toString());
    wake();
  });
  await once(socket, "open");
  const until = async (count: number): Promise<void> => {
    while (got.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { socket, got, until };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the inspector of a running program", () => {
  it("passes the recording on, to pages that come late too, and tells its end", async () => {
    const inspector = await startInspector("program.ts", 0);
    inspector.parts.postMessage(bytes("SKEIN"));
    inspector.parts.postMessage(bytes("\u0001begin"));
    inspector.parts.postMessage(bytes("one"));
    const first = await openSocket(inspector.url);
    await first.until(3);
    inspector.parts.postMessage(bytes("two"));
    inspector.parts.postMessage("ended");
    await first.until(5);
    const second = await openSocket(inspector.url);
    await second.until(5);
    for (const { got } of [first, second]) {
      assert.deepEqual(got, ["SKEIN", "\u0001begin", "one", "two", '{"ended":true}']);
    }
    const exported = await fetch(`${inspector.url}export/trace.skein`);
    assert.equal(await exported.text(), "SKEIN\u0001beginonetwo");
    first.socket.close();
    second.socket.close();
    await inspector.close();
  });

  it("has a page switch how much the program reports", async () => {
    const inspector = await startInspector("program.ts", 0);
    inspector.parts.postMessage(bytes("SKEIN"));
    inspector.parts.postMessage(bytes("\u0001begin"));
    const observer = {
      level: "normal" as ObserverLevel,
      setLevel: (level: ObserverLevel): void => void (observer.level = level),
    };
    inspector.switchLevelOf(observer);
    const page = await openSocket(inspector.url);
    await page.until(3);
    assert.equal(page.got.filter((text) => text.startsWith("{")).join(), '{"level":"normal"}');
    page.socket.send('{"level":"deep"}');
    await page.until(4);
    assert.deepEqual([page.got.at(-1), observer.level], ['{"level":"deep"}', "deep"]);
    page.socket.close();
    await inspector.close();
  });

  it("answers while the program computes", async () => {
    const inspector = await startInspector("program.ts", 0);
    // A page on yet another thread, as this one will not turn its loop.
    const { Worker } = await import("node:worker_threads");
    const done = new Int32Array(new SharedArrayBuffer(4));
    const page = new Worker(
      `const { workerData } = require("node:worker_threads");
      fetch(workerData.url + "session.json").then(async (answer) => {
        Atomics.store(workerData.done, 0, (await answer.json()).isLive ? 1 : 2);
        Atomics.notify(workerData.done, 0);
      });`,
      { eval: true, workerData: { url: inspector.url, done } },
    );
    await once(page, "online");
    assert.notEqual(Atomics.wait(done, 0, 0, 30_000), "timed-out");
    assert.equal(Atomics.load(done, 0), 1);
    await page.terminate();
    await inspector.close();
  });

  it("can't be started where another listens", async () => {
    const inspector = await startInspector("program.ts", 0);
    await assert.rejects(startInspector("program.ts", Number(new URL(inspector.url).port)), (error: unknown) => {
      assert.ok(error instanceof InspectorStartError);
      assert.equal(error.code, "EADDRINUSE");
      return true;
    });
    await inspector.close();
  });

  it("does not keep the process alive, unless it is told to", async () => {
    const { runProgram } = await import("../support/subprocess.js");
    const start = `import { startInspector } from "#skein/inspect/live-inspector";
      const inspector = await startInspector("program", 0);`;
    const ended = await runProgram(`${start} console.log("ready");`);
    assert.deepEqual([ended.exitCode, ended.stdout], [0, "ready\n"]);
    const kept = await runProgram(`${start} inspector.keepAlive(true); console.log("ready");`, {
      signals: [{ afterLine: "ready", signal: "SIGTERM" }],
    });
    assert.equal(kept.signal, "SIGTERM");
  });
});
