/** Observes a program for whatever the command line asks: a trace, a report, snapshots, the inspector, `skein top`. */
import { closeSync, openSync, writeFileSync } from "node:fs";

import type { LiveInspector } from "../inspect/live-inspector.js";
import { makeReport } from "../inspect/report.js";
import { shareSession } from "../inspect/sessions.js";
import {
  chromeTraceChunks,
  cpuProfileFiles,
  csvChunks,
  encodeTrace,
  observe,
  type Observer,
  otlpChunks,
  perfettoChunks,
  type Trace,
} from "../trace/index.js";
import { ProgramError } from "./program-error.js";

export interface ObserveFlags {
  /** Path of the trace to write. */
  readonly trace?: string;
  /** Whether to record at level "deep". */
  readonly deep?: boolean;
  /** Path of the report to write. */
  readonly report?: string;
  /** Port of the live inspector; 0 for any that is free. */
  readonly inspect?: number;
  /** Folder of snapshots, written when something goes wrong. */
  readonly snapshots?: string;
  /** Whether `skein top` may show it. */
  readonly share?: boolean;
  /** Where to leave what `skein advise` asks for. */
  readonly observed?: string;
}

/** Formats of others, by how a file's name ends; what ends otherwise is in our own. */
const FORMATS: readonly {
  readonly ending: string;
  readonly how: string;
  readonly chunks: (trace: Trace) => Iterable<string | Uint8Array>;
}[] = [
  {
    ending: ".otlp.json",
    how: "post it to /v1/traces of an OpenTelemetry collector",
    chunks: (trace) => otlpChunks(trace),
  },
  { ending: ".json", how: "open it at https://ui.perfetto.dev or chrome://tracing", chunks: chromeTraceChunks },
  { ending: ".pftrace", how: "open it at https://ui.perfetto.dev", chunks: perfettoChunks },
  { ending: ".csv", how: "a table of jobs, scopes and waits", chunks: csvChunks },
];

const PROFILE_ENDING = ".cpuprofile";

/** A file for each thread, as the format has it: `out.cpuprofile`, `out.threads-1.cpuprofile`. */
function writeProfiles(command: string, out: string, trace: Trace): void {
  const how = "open it in the developer tools of Chromium, in VS Code or at https://speedscope.app";
  const files = cpuProfileFiles(trace);
  if (files.length === 0) {
    const why = noCpuProfile(trace);
    console.error(`${command}: there is no CPU profile to be written to ${out}: ${why}`);
    process.exitCode = 1;
  }
  for (const { name, text, thread } of files) {
    const stem = out.slice(0, -PROFILE_ENDING.length);
    // Several pools may have a thread of that name.
    const isOnly = files.filter((file) => file.name === name).length === 1;
    const title = name.replaceAll(/[^\w-]+/g, "-") + (isOnly ? "" : `-${thread}`);
    const path = thread === 0 ? out : `${stem}.${title}${PROFILE_ENDING}`;
    writeOut(command, `CPU profile of thread ${name}`, path, how, () => writeFileSync(path, text));
  }
}

function noCpuProfile({ capabilities }: Trace): string {
  const capability = capabilities.find(({ name }) => name === "cpu-profile");
  return capability?.isAvailable === false ? capability.why : "no job has run on any thread";
}

/** A snapshot shows the last minute. */
const SNAPSHOT_MS = 60_000;
/** Loading a program takes some hundred milliseconds, which is nothing to write a file for. */
const SNAPSHOT_STALL_MS = 1000;

/** Part by part, as the whole may not fit a text. */
function writeChunks(path: string, chunks: Iterable<string | Uint8Array>): void {
  const file = openSync(path, "w");
  try {
    for (const chunk of chunks) writeFileSync(file, chunk);
  } finally {
    closeSync(file);
  }
}

/** Observes the program until the process ends, however it ends short of being killed, for whatever was asked for. */
export async function observeFor(command: string, flags: ObserveFlags, name: string): Promise<Observer | undefined> {
  const { trace: traceOut, report: reportOut, inspect: port, share = false, deep = false } = flags;
  const { snapshots: snapshotFolder } = flags;
  const isWhole = traceOut !== undefined || reportOut !== undefined;
  const isLive = port !== undefined || share;
  if (!isWhole && !isLive && snapshotFolder === undefined) {
    if (deep)
      throw new ProgramError(
        `${command}: --deep says how to record, beside --trace, --report, --inspect or --snapshots: add one of these`,
      );
    return undefined;
  }
  const inspector = isLive ? await openInspector(command, name, port ?? 0) : undefined;
  const observer = observe({
    level: deep || traceOut?.endsWith(PROFILE_ENDING) === true ? "deep" : "normal",
    ...(isWhole || isLive ? {} : { keptMs: SNAPSHOT_MS }),
    ...(snapshotFolder === undefined ? {} : { snapshotFolder, stallMs: SNAPSHOT_STALL_MS }),
    ...(process.platform === "win32" ? {} : { snapshotSignal: "SIGUSR2" }),
    onSnapshot: (path, problem) => sayWritten(command, path, problem),
  });
  if (inspector !== undefined) {
    observer.feed(inspector.parts);
    inspector.switchLevelOf(observer);
    const problem = shareSession({ name, url: inspector.url, kernelThread: inspector.kernelThread });
    if (share && problem !== undefined) console.error(`${command}: \`skein top\` can't find this program: ${problem}`);
    if (port !== undefined) {
      console.error(`${command}: the inspector is at ${inspector.url}`);
      stayForThePage(command, observer, inspector);
    }
  }
  if (!isWhole) return observer;
  process.once("exit", () => {
    if (traceOut?.endsWith(PROFILE_ENDING) === true) {
      writeProfiles(command, traceOut, observer.stop());
    } else if (traceOut !== undefined) {
      const format = FORMATS.find(({ ending }) => traceOut.endsWith(ending));
      writeOut(command, "trace", traceOut, format?.how ?? `show it with skein open ${traceOut}`, () => {
        if (format === undefined) writeFileSync(traceOut, observer.stopToFile());
        else writeChunks(traceOut, format.chunks(observer.stop()));
      });
    }
    if (reportOut !== undefined) {
      writeOut(command, "report", reportOut, "open it in a browser", () => {
        writeFileSync(reportOut, makeReport(name, observer.stopToFile()));
      });
    }
  });
  return observer;
}

/** Writes a trace in the form that the file's name asks for, and tells of it. */
export function writeTrace(command: string, out: string, trace: Trace): void {
  const format = FORMATS.find(({ ending }) => out.endsWith(ending));
  writeOut(command, "trace", out, format?.how ?? `show it with skein open ${out}`, () => {
    if (format === undefined) writeFileSync(out, encodeTrace(trace));
    else writeChunks(out, format.chunks(trace));
  });
}

function sayWritten(command: string, path: string, problem: string | undefined): void {
  if (problem === undefined) console.error(`snapshot written to ${path}: show it with skein open ${path}`);
  else console.error(`${command}: the snapshot could not be written to ${path}: ${problem}`);
}

async function openInspector(command: string, name: string, port: number): Promise<LiveInspector> {
  // Loaded only here, as it brings the server along.
  const { InspectorStartError, startInspector } = await import("../inspect/live-inspector.js");
  try {
    return await startInspector(name, port);
  } catch (error) {
    if (!(error instanceof InspectorStartError)) throw error;
    const why =
      error.code === "EADDRINUSE" ? `port ${port} is taken; without a port a free one is found` : error.message;
    throw new ProgramError(`${command}: the inspector can't be started: ${why}`);
  }
}

/** At a terminal the page stays when the program has ended, until Ctrl-C; a script goes on. */
function stayForThePage(command: string, observer: Observer, inspector: LiveInspector): void {
  process.once("beforeExit", () => {
    observer.stopToFile();
    if (!process.stdout.isTTY) return;
    inspector.keepAlive(true);
    // The exit code is the program's: it has run to its end. Before that is said, as
    // Ctrl-C may follow at once.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit());
    console.error(`${command}: the program has ended; the inspector stays until Ctrl-C`);
  });
}

function writeOut(command: string, what: string, out: string, how: string, doIt: () => void): void {
  try {
    doIt();
    console.error(`${what} written to ${out}: ${how}`);
  } catch (error) {
    console.error(
      `${command}: the ${what} could not be written to ${out}: ${error instanceof Error ? error.message : String(error)}`,
    );
    process.exitCode = 1;
  }
}
