/** Programs in a process of their own, for what must be seen from outside: exit codes, signals, output. */
import { spawn } from "node:child_process";
import { join } from "node:path";

import { makeFolder, type Outcome, ROOT, WITH_MODULES } from "./run-program.js";

export interface ProgramOptions {
  /**
   * Signals to send, in this order, each when the program has printed the line on
   * its standard output. The program thereby says when it is ready.
   */
  readonly signals?: readonly { readonly afterLine: string; readonly signal: NodeJS.Signals }[];
  /** Other files beside the program, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

// Only a program that hangs gets here: it is killed, and the test fails by its signal.
const LIMIT_MS = 60_000;

/** Runs the module `source`, which may import `skein` and `#skein/…`, to its end. */
export async function runProgram(source: string, options: ProgramOptions = {}): Promise<Outcome> {
  const folder = makeFolder({ ...options.files, "main.mjs": source });
  const flags = source.includes("#skein/") ? [WITH_MODULES] : [];
  const child = spawn(process.execPath, [...flags, join(folder, "main.mjs")], {
    cwd: ROOT,
    env: { ...process.env, NODE_OPTIONS: "", FORCE_COLOR: "0" },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const printed = { stdout: "", stderr: "" };
  const signals = [...(options.signals ?? [])];
  let seen = 0;
  child.stderr.setEncoding("utf8").on("data", (text: string) => (printed.stderr += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed.stdout += text;
    for (let end = printed.stdout.indexOf("\n", seen); end !== -1; end = printed.stdout.indexOf("\n", seen)) {
      const line = printed.stdout.slice(seen, end);
      seen = end + 1;
      if (line !== signals[0]?.afterLine) continue;
      child.kill(signals.shift()?.signal);
    }
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode, signal) => resolve({ exitCode, signal, ...printed }));
  });
}
