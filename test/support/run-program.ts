/** Runs programs in processes of their own, for tests of whole programs. */
import { spawn } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";

/** The repository's root, from the compiled place of this file. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The command `skein`. */
export const SKEIN = join(ROOT, "dist/cli/bin.js");

/** For programs that import `#skein/…`: then the whole package is its modules, not the bundle that users get. */
export const WITH_MODULES = "--conditions=skein-modules";

export interface Outcome {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Sent once the program has printed a line, on either stream, that contains `after`. */
  readonly interrupt?: { readonly after: string; readonly signal: NodeJS.Signals };
  /** For one that has much to do: after how long it counts as hanging. */
  readonly limitMs?: number;
  /** A command, with arguments, that is to run `node`. */
  readonly through?: readonly string[];
}

// A program that hangs is stopped, and the test fails by its signal.
const LIMIT_MS = 60_000;

/** Runs `node` with these arguments to its end. */
export async function runNode(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [command, ...rest] = [...(options.through ?? []), process.execPath, ...args] as [string, ...string[]];
  const child = spawn(command, rest, {
    cwd: options.cwd ?? ROOT,
    env: { ...process.env, NODE_OPTIONS: "", FORCE_COLOR: "0", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.limitMs ?? LIMIT_MS,
    killSignal: "SIGKILL",
  });
  let { interrupt } = options;
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
      if (interrupt !== undefined && printed[name].includes(interrupt.after)) {
        child.kill(interrupt.signal);
        interrupt = undefined;
      }
    });
  }
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode, signal) => resolve({ exitCode, signal, ...printed }));
  });
}

/** Makes a folder with these files, to be removed after the tests of the file. */
export function makeFolder(files: Readonly<Record<string, string | Uint8Array>>): string {
  // Inside the repository, so that programs in it find the package by its name.
  const parent = join(ROOT, "build");
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, "program-"));
  after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
  return folder;
}
