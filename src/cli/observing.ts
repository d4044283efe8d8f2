/** What `skein run` records of a program, and where to. */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

import type { LiveInspector } from "../inspect/live-inspector.js";
import { makeReport } from "../inspect/report.js";
import {
  chromeTraceChunks,
  csvChunks,
  observe,
  type Observer,
  otlpChunks,
  perfettoChunks,
  type Trace,
} from "../trace/index.js";

export interface ObserveOptions {
  /** Path of the trace to write. */
  readonly trace?: string;
  /** Path of the report to write. */
  readonly report?: string;
  /** Port of the live inspector; 0 for any that is free. */
  readonly inspect?: number;
  /** Folder of snapshots, written when something goes wrong. */
  readonly snapshots?: string;
}

/** A program that can't be run, in words for its author; ends the process with code 1. */
export class ProgramError extends Error {}

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
export async function observeFor(
  { trace: traceOut, report: reportOut, inspect: port, snapshots: snapshotFolder }: ObserveOptions,
  path: string,
): Promise<void> {
  const isWhole = traceOut !== undefined || reportOut !== undefined;
  if (!isWhole && port === undefined && snapshotFolder === undefined) return;
  const inspector = port === undefined ? undefined : await openInspector(basename(path), port);
  const observer = observe({
    ...(isWhole || port !== undefined ? {} : { keptMs: SNAPSHOT_MS }),
    ...(snapshotFolder === undefined ? {} : { snapshotFolder, stallMs: SNAPSHOT_STALL_MS }),
    ...(process.platform === "win32" ? {} : { snapshotSignal: "SIGUSR2" }),
    onSnapshot: sayWritten,
  });
  if (inspector !== undefined) {
    observer.feed(inspector.parts);
    stayForThePage(observer, inspector);
  }
  if (!isWhole) return;
  process.once("exit", () => {
    if (traceOut !== undefined) {
      const format = FORMATS.find(({ ending }) => traceOut.endsWith(ending));
      writeOut("trace", traceOut, format?.how ?? `show it with skein open ${traceOut}`, () => {
        if (format === undefined) writeFileSync(traceOut, observer.stopToFile());
        else writeChunks(traceOut, format.chunks(observer.stop()));
      });
    }
    if (reportOut !== undefined) {
      writeOut("report", reportOut, "open it in a browser", () => {
        writeFileSync(reportOut, makeReport(basename(path), observer.stopToFile()));
      });
    }
  });
}

function sayWritten(path: string, problem: string | undefined): void {
  if (problem === undefined) console.error(`snapshot written to ${path}: show it with skein open ${path}`);
  else console.error(`skein run: the snapshot could not be written to ${path}: ${problem}`);
}

async function openInspector(name: string, port: number): Promise<LiveInspector> {
  // Loaded only here, as it brings the server along.
  const { InspectorStartError, startInspector } = await import("../inspect/live-inspector.js");
  try {
    const inspector = await startInspector(name, port);
    console.error(`skein run: the inspector is at ${inspector.url}`);
    return inspector;
  } catch (error) {
    if (!(error instanceof InspectorStartError)) throw error;
    const why =
      error.code === "EADDRINUSE" ? `port ${port} is taken; without a port a free one is found` : error.message;
    throw new ProgramError(`skein run: the inspector can't be started: ${why}`);
  }
}

/** At a terminal the page stays when the program has ended, until Ctrl-C; a script goes on. */
function stayForThePage(observer: Observer, inspector: LiveInspector): void {
  process.once("beforeExit", () => {
    observer.stopToFile();
    if (!process.stdout.isTTY) return;
    inspector.keepAlive(true);
    // The exit code is the program's: it has run to its end. Before that is said, as
    // Ctrl-C may follow at once.
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit());
    console.error("skein run: the program has ended; the inspector stays until Ctrl-C");
  });
}

function writeOut(what: string, out: string, how: string, doIt: () => void): void {
  try {
    doIt();
    console.error(`${what} written to ${out}: ${how}`);
  } catch (error) {
    console.error(
      `skein run: the ${what} could not be written to ${out}: ${error instanceof Error ? error.message : String(error)}`,
    );
    process.exitCode = 1;
  }
}
