/**
 * The thread on which the server of a running program's inspector lives: so it answers
 * while the program computes, and the program never waits for it.
 *
 * Parts of the recording come through a port of their own, from whoever collects them,
 * not by way of the program's thread.
 */
import { type MessagePort, parentPort, workerData } from "node:worker_threads";

import { kernelThreadId } from "../core/host-thread.js";
import type { ObserverLevel } from "../trace/observer/observer-level.js";
import { exportsOf } from "./exports.js";
import { LiveFeed } from "./live-feed.js";
import { InspectorServer } from "./server.js";

export interface InspectorThreadData {
  readonly name: string;
  readonly port: number;
  /** Gives parts of the recording, which together are a trace file; "ended" is the last message. */
  readonly parts: MessagePort;
}

/** What the thread says when a page asks for another level, and what it is told when that is so. */
export interface LevelNews {
  readonly level: ObserverLevel;
}

/** What the thread says once it can be reached, or can't. */
export type InspectorThreadNews =
  | { readonly url: string; readonly kernelThread: number | undefined }
  | { readonly code: string | undefined; readonly message: string };

const { name, port, parts } = workerData as InspectorThreadData;
const feed = new LiveFeed();
parts.on("message", (part: Uint8Array | "ended") => {
  if (part === "ended") feed.end();
  else feed.push(part);
});

parentPort?.on("message", ({ level }: LevelNews) => feed.setLevel(level));
// The server keeps this thread, not what it may be told.
parentPort?.unref();
feed.onLevelAsked = (level) => parentPort?.postMessage({ level } satisfies LevelNews);

const server = new InspectorServer({
  name,
  traces: [],
  live: feed,
  exports: exportsOf(name, () => Buffer.concat(feed.parts)),
});
let news: InspectorThreadNews;
try {
  news = { url: await server.listen(port), kernelThread: kernelThreadId() };
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  news = { code, message };
}
parentPort?.postMessage(news);
