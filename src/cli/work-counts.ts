/** Counts what the platform has under way for a program, by kind, and notes it in the recording. */
import { createHook } from "node:async_hooks";

import { threadIndex } from "../core/thread.js";
import type { Gauge } from "../trace/index.js";
import { noteGauges } from "../trace/observer/observer.js";

const EVERY_MS = 250;
/** Of the time of the thread, counting takes no more. */
const MOST_SHARE = 0.005;

/**
 * What holds the event loop, four times a second: sockets, timers, requests for files and
 * names. Costs some microseconds, and more with many of them; then it is done less often.
 */
export function countWork(): void {
  note(() => {
    const counts = new Map<string, number>();
    for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
    return counts;
  });
}

/**
 * Every asynchronous operation from its beginning to its end, promises too, by the
 * engine's hooks: a program whose time goes into promises takes a few times as long.
 */
export function countAsyncWork(): void {
  const kinds = new Map<number, string>();
  const counts = new Map<string, number>();
  const end = (id: number): void => {
    const kind = kinds.get(id);
    if (kind === undefined) return;
    kinds.delete(id);
    counts.set(kind, (counts.get(kind) ?? 1) - 1);
  };
  createHook({
    init: (id, kind) => {
      kinds.set(id, kind);
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    },
    promiseResolve: end,
    destroy: end,
  }).enable();
  note(() => counts);
}

function note(count: () => ReadonlyMap<string, number>): void {
  const known = new Set<string>();
  let nextMs = 0;
  const tell = (): void => {
    const atMs = epochMs();
    if (atMs < nextMs) return;
    const counts = count();
    for (const kind of counts.keys()) known.add(kind);
    // Of what there was and is none any more it is said that there is none.
    const gauges: Gauge[] = [...known].map((kind) => ({
      thread: threadIndex,
      name: `work:${kind}`,
      atMs,
      value: counts.get(kind) ?? 0,
    }));
    noteGauges(gauges);
    nextMs = atMs + (epochMs() - atMs) / MOST_SHARE;
  };
  // oxlint-disable-next-line no-restricted-globals -- the platform's own: it must not hold the program, nor be one of its alarms
  setInterval(tell, EVERY_MS).unref();
}

// The clock of the records.
function epochMs(): number {
  // oxlint-disable-next-line no-restricted-globals -- comparable with the observer's
  return performance.timeOrigin + performance.now();
}
