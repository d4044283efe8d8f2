/** `skein watch`: any Node program, run with an observer in its process. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { basename, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { findTsx, isTypeScript, stripsTypesItself } from "../threads/host/typescript.js";
import type { TypeScriptLoader } from "../threads/registry.js";
import { findProgram } from "./find-program.js";
import type { DisplayOptions } from "./live/display.js";
import type { ObserveFlags } from "./observing.js";
import { ProgramError } from "./program-error.js";
import { showProgram } from "./top.js";
import { WATCH_SETTINGS, type WatchSettings } from "./watch-settings.js";

export interface WatchOptions extends ObserveFlags {
  readonly output?: string;
  readonly deep?: boolean;
}

/**
 * Runs the program and shows it live; or, if a trace, a report or the inspector was asked
 * for, runs it as it would run alone. Ends with its exit code.
 */
export async function watchFile(
  file: string,
  args: readonly string[],
  options: WatchOptions,
  display: DisplayOptions,
): Promise<void> {
  try {
    const path = findProgram("skein watch", file);
    const { trace, report, inspect, output, deep = false } = options;
    const isShown = trace === undefined && report === undefined && inspect === undefined;
    const settings: WatchSettings = {
      deep,
      typeScript: typeScriptLoaderOf(path),
      share: isShown,
      // Of the folder in which they were named, wherever the program goes.
      ...(trace === undefined ? {} : { trace: resolve(trace) }),
      ...(report === undefined ? {} : { report: resolve(report) }),
      ...(inspect === undefined ? {} : { inspect }),
    };
    const nodeArgs = [...process.execArgv, "--import", import.meta.resolve("#watch-preload"), path, ...args];
    const environment = { ...process.env, [WATCH_SETTINGS]: JSON.stringify(settings) };
    if (isShown) await showProgram({ title: basename(path), args: nodeArgs, output, environment }, display);
    else process.exitCode = await runAlone(nodeArgs, environment);
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

function typeScriptLoaderOf(path: string): TypeScriptLoader | undefined {
  const { href } = pathToFileURL(path);
  if (!isTypeScript(href)) return undefined;
  const loader = findTsx(href);
  if (loader !== undefined) return { esm: loader.esm, cjs: loader.cjs };
  if (stripsTypesItself()) return undefined;
  throw new ProgramError(
    `skein watch: ${relative("", path)} is TypeScript, which Node ${process.versions.node} can't load by itself.\n` +
      "  Install the loader with `npm install -D tsx`, or use Node 22.18 or later.",
  );
}

/** With this terminal, and its signals, for itself. */
async function runAlone(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, args, { stdio: "inherit", env: environment });
  // Ctrl-C reaches both. The program decides what comes of it; other signals are for it alone.
  const ignore = (): void => undefined;
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on("SIGINT", process.stdin.isTTY ? ignore : pass);
  process.on("SIGTERM", pass);
  process.on("SIGHUP", pass);
  return new Promise((settle, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => settle(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
  });
}
