/**
 * `skein explore`: runs the programs of a file through the orders of their steps, in a
 * process of its own, as that needs the import condition `explore`.
 */
import type { ChildProcess } from "node:child_process";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";

import { setAlarm } from "#clock";

import { MisuseError } from "../core/errors.js";
import { readToken } from "../explore/token.js";
import type { ExploreOptions, StrategyName } from "../explore/index.js";
import type { Language, Sentence } from "../trace/index.js";
import type { ExploreSettings } from "./exploring/settings.js";
import { findProgram } from "./find-program.js";
import { languageOf } from "./live/words.js";
import { ProgramError } from "./program-error.js";
import { runChild } from "./run-child.js";

export interface ExploreFlags {
  readonly token?: string;
  readonly budget?: number;
  readonly schedules?: number;
  readonly strategy?: StrategyName;
  readonly seed?: number;
  readonly memory?: "sc" | "js";
  readonly confirm?: boolean;
  readonly only?: string;
  readonly trace?: string;
  readonly json?: boolean;
  readonly lang?: Language;
}

const STUCK_AFTER_MS = 1_000;
const STUCK: Sentence = {
  en: "skein explore: the program's own code does not come back, as in a loop without an end; Ctrl-C again ends it",
  ru: "skein explore: код программы не возвращает управление, как в бесконечном цикле; ещё раз Ctrl-C завершит её",
};

/** What can't be meant; the other codes tell whether something was found. */
export const MISUSE_EXIT_CODE = 2;

/** Explores what is in the file, and prints what was covered or found. The exit code tells which: 0 or 1. */
export async function exploreFile(file: string, args: readonly string[], flags: ExploreFlags): Promise<void> {
  try {
    process.exitCode = await runSettings(settingsOf(file, args, flags));
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    console.error(error.message);
    process.exitCode = MISUSE_EXIT_CODE;
  }
}

function settingsOf(file: string, args: readonly string[], flags: ExploreFlags): ExploreSettings {
  const path = findProgram("skein explore", file);
  if (flags.token !== undefined) requireToken(flags.token);
  if (flags.trace?.endsWith(".cpuprofile") === true) {
    throw new ProgramError(
      `skein explore: --trace expected a name of a timeline, as out.json or out.skein: a schedule has no CPU profile, as ${flags.trace} would be`,
    );
  }
  return {
    file: relative("", path),
    path,
    args,
    options: optionsOf(flags),
    only: flags.only,
    trace: flags.trace,
    json: flags.json === true,
    language: languageOf(flags.lang),
  };
}

/** What was typed, and no more: the rest is left to the programs. */
function optionsOf({ token, budget, schedules, strategy, seed, memory, confirm }: ExploreFlags): ExploreOptions {
  return {
    ...(token === undefined ? {} : { token }),
    ...(budget === undefined ? {} : { budgetMs: budget }),
    ...(schedules === undefined ? {} : { schedules }),
    ...(strategy === undefined ? {} : { strategy }),
    ...(seed === undefined ? {} : { seed }),
    ...(memory === undefined ? {} : { memory }),
    ...(confirm === undefined ? {} : { confirm }),
  };
}

function requireToken(token: string): void {
  try {
    readToken(token);
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error;
    throw new ProgramError(`skein explore: --token: ${error.message}`);
  }
}

function runSettings(settings: ExploreSettings): Promise<number> {
  // Run by a test, it is no part of that test's own run.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  return runChild(
    [
      ...process.execArgv,
      "--conditions=explore",
      "--enable-source-maps",
      fileURLToPath(import.meta.resolve("#explore-main")),
      JSON.stringify(settings),
    ],
    {
      env: environment,
      // For results as JSON the way is the channel between the two: what the program prints goes beside.
      stdio: ["inherit", settings.json ? 2 : "inherit", "inherit", "ipc"],
    },
    (child) => {
      child.on("message", (result) => console.log(JSON.stringify(result)));
      sayIfStuck(child, settings.language);
    },
  );
}

/** Code of the program's own that never comes back can't be told of Ctrl-C; the second one does not ask it. */
function sayIfStuck(child: ChildProcess, language: Language): void {
  process.once("SIGINT", () => {
    const callOff = setAlarm(() => console.error(STUCK[language]), STUCK_AFTER_MS);
    child.once("close", callOff);
  });
}
