/** Loads the program that a command is to run, TypeScript or JavaScript. */
import { spawnSync } from "node:child_process";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

import { isTypeScript, useTypeScript } from "../threads/host/typescript.js";
import { ProgramError } from "./program-error.js";

/** Makes TypeScript importable here, and on threads the same way: one loader, the same sources. */
export async function prepareTypeScript(command: string, url: string, path: string): Promise<void> {
  if (await useTypeScript(url)) return;
  throw new ProgramError(
    `${command}: ${relative("", path)} is TypeScript, which Node ${process.versions.node} can't load by itself.\n` +
      "  Install the loader with `npm install -D tsx`, or use Node 22.18 or later.",
  );
}

/**
 * @param goesOn - whether an import that never ends is the program's own way to run
 * @param exitCode - of the process, if it is not
 */
export async function importProgram(
  command: string,
  url: string,
  path: string,
  goesOn: () => boolean,
  exitCode = 1,
): Promise<Record<string, unknown>> {
  // An import that waits for something that can't come leaves the process with
  // nothing to do: it would end silently, or blame this file.
  const onEnd = (): void => {
    if (goesOn()) return;
    console.error(`${command}: ${relative("", path)} awaits something at its top level that never comes`);
    process.exit(exitCode);
  };
  process.once("beforeExit", onEnd);
  try {
    return (await import(url)) as Record<string, unknown>;
  } catch (error) {
    throw new ProgramError(
      `${command}: ${relative("", path)} could not be loaded\n\n${describeLoadError(error, path)}`,
      {
        cause: error,
      },
    );
  } finally {
    process.off("beforeExit", onEnd);
  }
}

function describeLoadError(error: unknown, path: string): string {
  if (!(error instanceof Error)) return `It threw ${String(error)}, which is no Error, so there is no place to show.`;
  const text = withoutPlumbing(error.stack ?? `${error.name}: ${error.message}`);
  // The engine keeps the place of a syntax error to itself until it prints it.
  if (error instanceof SyntaxError && !text.includes(path) && !isTypeScript(path)) {
    const check = spawnSync(process.execPath, ["--check", path], { encoding: "utf8" });
    if (check.stderr.includes(path)) return check.stderr.trimEnd();
  }
  return error.cause === undefined ? text : `${text}\n\nCaused by: ${describeLoadError(error.cause, path)}`;
}

/** The stack less the frames of Node's loader, of this command and of the TypeScript loader. */
function withoutPlumbing(stack: string): string {
  // As compiled, and as source maps show it.
  const own = ["..", "../../src/"].map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const isPlumbing = (line: string): boolean =>
    /^\s+at /.test(line) &&
    (/\(?node:|node_modules\/(?:tsx|esbuild|commander)\//.test(line) || own.some((place) => line.includes(place)));
  return stack
    .split("\n")
    .filter((line) => !isPlumbing(line))
    .join("\n");
}
