/**
 * Loaded by `skein watch` before a program, and on each of its threads before that
 * thread's module: nothing of the program is changed, and what it does not ask for is not
 * there when it looks.
 *
 * A thread only tells that it is there; everything else is up to the first one.
 */
import { basename } from "node:path";
import { getEnvironmentData, isMainThread, threadId } from "node:worker_threads";
import * as workerThreads from "node:worker_threads";

import { enterForeignThread, type ForeignPlaces } from "../trace/observer/foreign-threads.js";
import { loadTypeScriptLoader, type WatchedThreads, WATCH_KEY } from "./watched-threads.js";

if (isMainThread) {
  const { startWatch } = await import("./watch-main.js");
  await startWatch();
} else {
  const shared = getEnvironmentData(WATCH_KEY) as WatchedThreads | undefined;
  if (shared !== undefined) {
    enter(shared.places);
    await loadTypeScriptLoader(shared.typeScript);
  }
}

function enter(places: ForeignPlaces): void {
  const leave = enterForeignThread(places, nameOfThread());
  if (leave !== undefined) process.once("exit", leave);
}

/** Older Nodes keep a thread's name to themselves: then its module tells what it is. */
function nameOfThread(): string {
  const { threadName } = workerThreads as { readonly threadName?: string };
  if (threadName !== undefined && threadName !== "" && threadName !== "WorkerThread") return threadName;
  const module = process.argv[1];
  return `${module === undefined ? "worker" : basename(module)} #${threadId}`;
}
