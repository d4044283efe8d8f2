/** `skein run`: a program in this process, TypeScript or JavaScript. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, relative } from "node:path";
import { pathToFileURL } from "node:url";

import { main, mainWasCalled } from "../async/main.js";
import type { Scope } from "../async/scope.js";
import { findTsx, isTypeScript } from "../threads/host/typescript.js";
import { findProgram } from "./find-program.js";
import { importProgram, prepareTypeScript } from "./load-program.js";
import { observeForAdvice } from "./observed.js";
import { observeFor, type ObserveFlags } from "./observing.js";
import { ProgramError } from "./program-error.js";

/** Runs the program in `file`. Problems with it are printed, and the exit code is 1. */
export async function runProgram(file: string, args: readonly string[], options: ObserveFlags): Promise<void> {
  try {
    const path = findProgram("skein run", file);
    const url = pathToFileURL(path).href;
    process.argv = [process.argv[0] ?? "node", path, ...args];
    // Before anything of the program is loaded: a source map counts only then.
    process.setSourceMapsEnabled(true);
    if (isTypeScript(url)) await prepareTypeScript("skein run", url, path);
    await observeFor("skein run", options, basename(path));
    if (options.observed !== undefined) observeForAdvice(options.observed);
    const printed = countOutput();
    const resources = process.getActiveResourcesInfo().length;
    const program = await importProgram("skein run", url, path, mainWasCalled);
    const lines = printed();
    if (mainWasCalled()) return;
    if (typeof program["default"] === "function") {
      await main(program["default"] as (scope: Scope) => unknown);
      return;
    }
    const isSilent = lines === 0 && process.getActiveResourcesInfo().length <= resources;
    if (isSilent && process.exitCode === undefined && doesNothing(path)) throw nothingToRun(path, Object.keys(program));
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

function nothingToRun(path: string, exported: readonly string[]): ProgramError {
  const what = exported.length === 0 ? "exports nothing" : `exports ${exported.join(", ")}, but no default function`;
  return new ProgramError(
    `skein run: ${relative("", path)} was loaded, but there is nothing to run: it calls no main(), ${what}, and does nothing at its top level.\n` +
      '  Begin with: import { main } from "skein"; main(async (s) => { … });\n' +
      "  or: export default async function (s) { … }",
  );
}

/** Counts how often the program prints from now on, until the count is asked for. */
function countOutput(): () => number {
  let count = 0;
  const restore = [process.stdout, process.stderr].map((stream) => {
    const { write } = stream;
    stream.write = ((...args: Parameters<typeof write>): boolean => {
      count++;
      return write.apply(stream, args);
    }) as typeof write;
    return () => {
      stream.write = write;
    };
  });
  return () => {
    for (const undo of restore) undo();
    return count;
  };
}

/** The part of esbuild, which comes with tsx, that is used. */
interface Esbuild {
  transformSync(source: string, options: object): { readonly code: string };
}

/**
 * True if the module consists of declarations alone. Where that can't be told,
 * the program gets the benefit of the doubt.
 */
function doesNothing(path: string): boolean {
  const source = readFileSync(path, "utf8");
  try {
    const esbuild = createRequire(findTsx(pathToFileURL(path).href)?.manifest ?? "")("esbuild") as Esbuild;
    // First to plain modules, where all exports stand in one statement, which is
    // cut away; then what is left, with whatever has no effect shaken off.
    const { code } = esbuild.transformSync(source, { loader: path.endsWith("x") ? "tsx" : "ts", format: "esm" });
    const inner = code.replaceAll(/^export \{[^}]*\};?$/gm, "");
    const rest = esbuild.transformSync(inner, { format: "iife", treeShaking: true, minify: true }).code;
    return /^(?:\s|;|"use strict"|\(\(\)=>\{\}\)\(\))*$/.test(rest);
  } catch {
    return source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").trim() === "";
  }
}
