/**
 * Reports a process that is about to end although jobs still wait.
 *
 * A promise keeps no process alive. If nothing is left that could settle what the
 * jobs wait for, the process would end silently, with code 0, in the middle.
 */

import { probe } from "../core/probe.js";

/** The part of the host's process that is used; other hosts than Node have part of it or none. */
interface HostProcess {
  exitCode?: number | string | null | undefined;
  on(event: string, listener: (...args: never[]) => void): unknown;
}

let isWatching = false;

/**
 * Begins the watch, once for the thread.
 *
 * @param describe - the trees of the scopes that are open now, or nothing if none is
 */
export function watchExit(describe: () => string): void {
  if (isWatching) return;
  isWatching = true;
  const host = (globalThis as unknown as { process?: HostProcess }).process;
  if (typeof host?.on !== "function") return;
  host.on("beforeExit", () => {
    const trees = describe();
    if (trees === "") return;
    probe.ring?.mark("stuck");
    host.exitCode = 1;
    console.error(
      `The program has nothing left that could wake it, but its jobs still wait:\n${trees}\n` +
        "Close the channel, or settle the promise, that they wait for.",
    );
  });
}
