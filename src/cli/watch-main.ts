/**
 * Watches a program that does not use Skein, from within its process: the observer does
 * on a thread of its own what it does for programs of Skein's; on the first thread there
 * is a timer that counts the work under way, and an ear for promises that nobody handles.
 */
import { basename } from "node:path";
import { setEnvironmentData } from "node:worker_threads";

import { probe, ProbeKind } from "../core/probe.js";
import { UNHANDLED } from "../trace/findings/unhandled.js";
import { observeForeignThreads } from "../trace/observer/observer.js";
import { observeFor } from "./observing.js";
import { ProgramError } from "./program-error.js";
import { loadTypeScriptLoader, WATCH_KEY, type WatchedThreads } from "./watched-threads.js";
import { WATCH_SETTINGS, type WatchSettings } from "./watch-settings.js";
import { countAsyncWork, countWork } from "./work-counts.js";

/** Of a program that rejects all the time, the first ones tell enough. */
const MOST_REJECTIONS = 200;

export async function startWatch(): Promise<void> {
  const text = process.env[WATCH_SETTINGS];
  if (text === undefined) return;
  delete process.env[WATCH_SETTINGS];
  const { deep, typeScript, ...flags } = JSON.parse(text) as WatchSettings;
  try {
    await observeFor("skein watch", flags, basename(process.argv[1] ?? "program"));
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
  const places = observeForeignThreads();
  if (places !== undefined) setEnvironmentData(WATCH_KEY, { places, typeScript } satisfies WatchedThreads);
  hearRejections();
  if (deep) countAsyncWork();
  else countWork();
  await loadTypeScriptLoader(typeScript);
}

/**
 * Notes promises that were rejected and that nobody handles.
 *
 * Not by a listener: with one, Node would not end the program for it any more. So the
 * call that tells the listeners is seen on its way.
 */
function hearRejections(): void {
  let count = 0;
  const { emit } = process;
  const heard = function (this: unknown, event: string | symbol, ...args: unknown[]): boolean {
    if (event === "unhandledRejection" && count++ < MOST_REJECTIONS) note(args[0]);
    return Reflect.apply(emit, this, [event, ...args]) as boolean;
  };
  process.emit = heard as typeof emit;
}

function note(reason: unknown): void {
  const { ring } = probe;
  if (ring === undefined) return;
  ring.write(ProbeKind.mark, 0, 0, ring.text(UNHANDLED + describeReason(reason)));
}

function describeReason(reason: unknown): string {
  try {
    if (!(reason instanceof Error)) return String(reason);
    // The first line that is not the platform's.
    const frame = reason.stack?.split("\n").find((line) => /^\s+at /.test(line) && !line.includes("node:"));
    const at = frame === undefined ? "" : ` (${frame.trim().replace(/^at /, "")})`;
    return `${reason.name}: ${reason.message}${at}`;
  } catch {
    return "a value that can't be described"; // its own code threw
  }
}
