/**
 * The process in which `skein explore` explores, under the import condition `explore`.
 *
 * A file is one of two kinds. If it calls `explore` itself, as tests do, it is left to
 * run to its end, and what its searches gave is summed up then. Otherwise what it
 * exports is explored, one program after another.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

import type { Exploration, explore, ExploreOptions } from "../explore/index.js";
import { oversee } from "../explore/overseer.js";
import { isTypeScript } from "../threads/host/typescript.js";
import { type FoundProgram, programsOf } from "./exploring/programs.js";
import { isExploreError, type ProgramRecord } from "./exploring/record.js";
import { resultText } from "./exploring/result-text.js";
import type { ExploreSettings } from "./exploring/settings.js";
import { Watching } from "./exploring/watching.js";
import { totalText } from "./exploring/words.js";
import { importProgram, prepareTypeScript } from "./load-program.js";
import type { writeTrace as WriteTrace } from "./observing.js";
import { ProgramError } from "./program-error.js";

const MISUSE_EXIT_CODE = 2;
const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
/** Of a program that names none itself. */
const DEFAULT_BUDGET_MS = 10_000;

const settings = JSON.parse(process.argv[2] ?? "{}") as ExploreSettings;
const watching = new Watching(settings);
/** Whether what the file exports is explored, so that nobody but this command tells of it. */
let isExported = false;
/** Whether the file has let an error of `explore` pass, so that nobody has printed it. */
let isFoundUntold = false;
let isLoading = true;
let hasSummedUp = false;
let hasSent = false;
let writeTrace: typeof WriteTrace | undefined;

// Whoever started it has gone: nobody waits for the answer.
process.once("disconnect", () => process.exit(1));
process.channel?.unref();
for (const [signal, exitCode] of Object.entries(SIGNALS)) process.on(signal, () => stop(exitCode));
process.argv = [process.argv[0] ?? "node", settings.path, ...settings.args];
oversee(watching);
void run().catch(giveUp);

async function run(): Promise<void> {
  const { path, file } = settings;
  const { href } = pathToFileURL(path);
  const source = readFileSync(path, "utf8");
  if (/from\s*["']vitest["']/.test(source)) {
    throw new ProgramError(
      `skein explore: ${file} is a test for Vitest, which runs it only itself: npx vitest run ${file}, with ssr.resolve.conditions set to ["explore"]`,
    );
  }
  if (isTypeScript(href)) await prepareTypeScript("skein explore", href, path);
  // Loaded in time: at the end of a process there is none.
  if (settings.trace !== undefined) ({ writeTrace } = await import("./observing.js"));
  process.once("beforeExit", () => void sendResults());
  process.once("exit", (exitCode) => {
    // Where loading does not come to its end, that has been said.
    if (isLoading && exitCode === MISUSE_EXIT_CODE) return;
    sumUp();
    void sendResults();
  });
  const goesOn = (): boolean => watching.records.length > 0;
  const module = await importProgram("skein explore", href, path, goesOn, MISUSE_EXIT_CODE);
  isLoading = false;
  const programs = programsOf(module, path);
  const callsItself = watching.records.length > 0 || /["']node:test["']/.test(source);
  if (callsItself || programs.length === 0) return;
  isExported = true;
  await exploreExported(programs);
  sumUp();
  await sendResults();
  process.exit();
}

async function exploreExported(programs: readonly FoundProgram[]): Promise<void> {
  const { explore } = await exploreOf(settings.path);
  const module = pathToFileURL(settings.path);
  for (const { name, options, program, exported, isGuess } of programs) {
    let last: Exploration | undefined;
    const own: ExploreOptions = hasBudget(options) ? options : { ...options, budgetMs: DEFAULT_BUDGET_MS };
    const before = watching.records.length;
    // For real threads to find it by, if they are asked: here it is called by this command.
    const place = { program: { module, export: exported } };
    const error: unknown = await explore({ ...place, ...own, name }, (t) => {
      last = t;
      return program(t);
    }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const record = watching.records[before];
    // It was refused before it was a search.
    if (record === undefined) throw new ProgramError(`skein explore: ${name}: ${(error as Error).message}`);
    if (isGuess && last?.isUnused === true && settings.only !== name) {
      record.passedBy = "unused";
      record.found = undefined;
    }
    tell(record);
  }
}

function hasBudget({ budgetMs, schedules }: ExploreOptions): boolean {
  return budgetMs !== undefined || schedules !== undefined;
}

/** The library as the file itself finds it: its shared objects are of that copy. */
async function exploreOf(path: string): Promise<{ readonly explore: typeof explore }> {
  let place: string;
  try {
    place = pathToFileURL(createRequire(path).resolve("skein/explore")).href;
  } catch {
    place = new URL("../explore/index.js", import.meta.url).href;
  }
  return (await import(place)) as { readonly explore: typeof explore };
}

/** Prints what came of a program. */
function tell(record: ProgramRecord): void {
  if (settings.json || record.passedBy === "name") return;
  watching.line.clear();
  console.log(
    resultText(record, { language: settings.language, isColoured: isColoured(), isFull: isExported || isFoundUntold }),
  );
}

function isColoured(): boolean {
  return process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";
}

/** All has been run: prints what has not been, and says by the exit code how it was. */
function sumUp(): void {
  if (hasSummedUp) return;
  hasSummedUp = true;
  watching.line.clear();
  const { records } = watching;
  const explored = records.filter(({ passedBy }) => passedBy === undefined);
  if (!isExported) for (const record of records) tell(record);
  const found = records.flatMap((record) => record.found ?? []);
  if (explored.length > 1 && !settings.json) {
    console.log(`\n${totalText(explored.length, found.length, settings.language)}`);
  }
  if (found.length > 0) process.exitCode = 1;
  else if (explored.some(({ misuse }) => misuse !== undefined)) process.exitCode = MISUSE_EXIT_CODE;
  else if (explored.length === 0) giveUp(new ProgramError(nothingExplored(records)));
  if (settings.trace !== undefined && found[0] !== undefined)
    writeTrace?.("skein explore", settings.trace, found[0].trace);
}

/** Nothing was explored: why. */
function nothingExplored(records: readonly ProgramRecord[]): string {
  const { file, only } = settings;
  const names = records.filter(({ passedBy }) => passedBy !== "unused").map(({ name }) => JSON.stringify(name));
  if (names.length === 0) {
    return (
      `skein explore: there is no program in ${file}: it exports none, and calls explore() nowhere.\n` +
      "  A program is an exported function of t: export async function booking(t) { … }\n" +
      "  or what a call is given: await explore(async (t) => { … }), with explore from skein/explore"
    );
  }
  const known = `${file} has ${names.join(", ")}`;
  if (only !== undefined && !records.some(({ name }) => name === only)) {
    return `skein explore: --only: there is no program ${JSON.stringify(only)} in it; ${known}`;
  }
  return `skein explore: --token: it is that of another program, or of one that had another name; ${known}`;
}

/** Sends what came of the programs to who prints it as JSON. */
async function sendResults(): Promise<void> {
  if (!settings.json || hasSent) return;
  hasSent = true;
  // Until all is sent the process has to stay.
  process.channel?.ref();
  const results = watching.records
    .filter(({ passedBy }) => passedBy !== "name")
    .map((record) => record.toResult(settings.file));
  await Promise.all(results.map((result) => new Promise((resolve) => process.send?.(result, undefined, {}, resolve))));
  process.channel?.unref();
}

/** Ctrl-C: what was covered so far is told, and the rest is left. */
function stop(exitCode: number): void {
  watching.stop();
  if (isExported) for (const record of watching.records) if (record.isStopped) tell(record);
  // Stopped before the first search there is nothing to sum up.
  if (watching.records.length > 0) sumUp();
  hasSummedUp = true;
  if (process.exitCode !== 1) process.exitCode = exitCode;
  void sendResults().then(() => process.exit());
}

function giveUp(error: unknown): void {
  if (error instanceof ProgramError && isExploreError(error.cause)) {
    // The file let what it found pass, as a test would: it is no mistake of its own.
    isFoundUntold = true;
    return;
  }
  hasSummedUp = true; // nothing is to be added to what is said here
  watching.line.clear();
  console.error(error instanceof ProgramError ? error.message : error);
  process.exitCode = MISUSE_EXIT_CODE;
}
