/** `skein lab`: the statements about concurrency, shown by experiments on this machine. */
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

import type { Language } from "../trace/words/language.js";
import { findLabs, LABS, numberOf } from "./catalog.js";
import { KnobError, knobsOf, readKnobs } from "./knobs.js";
import type { Knobs, Lab } from "./lab.js";
import { allowedCoreNumbers, bindToCores } from "./machine-use.js";
import { progress } from "./progress.js";
import { letterOf, type Look, showHead, showList, showRow, showRun, showStatements, showSummary } from "./show.js";
import { type LabRun, type LabStart, runLabAgain } from "./start-lab.js";
import { WORDS } from "./words.js";

export interface LabOptions {
  readonly all?: boolean;
  readonly code?: boolean;
  readonly json?: boolean;
  /** Path of a program to run in the place of the lab's own. */
  readonly with?: string;
  /** A letter. */
  readonly predict?: string;
  /** Each as "name=value". */
  readonly knob?: readonly string[];
  readonly lang?: Language;
}

const NARROWEST = 60;
const WIDEST = 120;

/** A request that can't be met, in words for who made it. */
class RequestError extends Error {}

/** Ends the lab that runs now, if one does. */
let stopLab = (): void => undefined;
let stopProgress = (): void => undefined;

/** A blocked lab hears of no signal, so it is not asked. */
function endBySignal(signal: NodeJS.Signals): void {
  stopLab();
  stopProgress();
  process.exit(128 + constants.signals[signal]);
}

/** Runs the command; the exit code is 1 if something was not shown, or asked wrongly. */
export async function runLabs(which: readonly string[], options: LabOptions): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, endBySignal);
  try {
    await run(which, options);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

async function run(which: readonly string[], options: LabOptions): Promise<void> {
  const look = lookFor(options);
  const labs = options.all === true ? LABS : [...new Set(which.flatMap(labsMeantBy))];
  const [only] = labs;
  if (only === undefined) {
    console.log(options.json === true ? JSON.stringify(LABS.map(describeLab), undefined, 2) : showList(look));
    return;
  }
  if (labs.length > 1 && (options.with ?? options.code ?? options.predict ?? options.knob) !== undefined) {
    throw new RequestError(
      `skein lab: --code, --knob, --with and --predict are for one lab, but ${labs.map((lab) => lab.name).join(", ")} were meant`,
    );
  }
  if (options.code === true) {
    process.stdout.write(readFileSync(fileURLToPath(import.meta.resolve(`#lab-sources/${only.name}`)), "utf8"));
    return;
  }
  const isOne = labs.length === 1 && options.json !== true;
  const runs = isOne ? [await runOne(only, options, look)] : await runAll(labs, options, look);
  if (options.json === true) console.log(JSON.stringify(runs.map(describeRun), undefined, 2));
  if (runs.some(({ judgement }) => judgement.kind === "not-shown")) process.exitCode = 1;
}

function lookFor({ lang }: LabOptions): Look {
  const locale = process.env["LC_ALL"] ?? process.env["LANG"] ?? "";
  return {
    language: lang ?? (locale.startsWith("ru") ? "ru" : "en"),
    width: Math.min(WIDEST, Math.max(NARROWEST, process.stdout.columns ?? 80)),
    useColour: process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "",
  };
}

function labsMeantBy(word: string): readonly Lab[] {
  const found = findLabs(word);
  if (found.length > 0) return found;
  throw new RequestError(
    `skein lab: there is no lab ${JSON.stringify(word)}: expected a number from 1 to ${LABS.length}, a name, or a statement from S1 to S14.\n` +
      "  `skein lab` lists them.",
  );
}

async function runOne(lab: Lab, options: LabOptions, look: Look): Promise<LabRun> {
  const { with: path, predict } = options;
  const program = path === undefined ? undefined : programUrl(path);
  const knobs = knobsTurned(options, lab);
  let guess = predict === undefined ? undefined : guessOf(predict, lab);
  console.log(showHead(lab, look));
  if (guess === undefined && process.stdin.isTTY && process.stdout.isTTY) guess = await askGuess(lab, look);
  const labRun = await runWithProgress(lab, { programUrl: program, knobs }, look);
  console.log(showRun(labRun, guess, look));
  return labRun;
}

async function runAll(labs: readonly Lab[], options: LabOptions, look: Look): Promise<readonly LabRun[]> {
  const runs: LabRun[] = [];
  for (const lab of labs) {
    const program = options.with === undefined ? undefined : programUrl(options.with);
    const labRun = await runWithProgress(lab, { programUrl: program, knobs: knobsTurned(options, lab) }, look);
    runs.push(labRun);
    if (options.json !== true) console.log(showRow(labRun, look));
  }
  if (options.json !== true) console.log(`\n${showStatements(runs, look)}\n\n${showSummary(runs, look)}`);
  return runs;
}

/** Shows that a lab runs. */
async function runWithProgress(lab: Lab, how: LabStart, { language }: Look): Promise<LabRun> {
  const words = WORDS[language];
  stopProgress = progress(`${words.lab} ${numberOf(lab)} · ${lab.title[language]}: ${words.running}`);
  try {
    return await runLabAgain(lab, { ...how, onStart: (stop) => (stopLab = stop) });
  } finally {
    stopProgress();
    stopLab = stopProgress = () => undefined;
  }
}

function programUrl(path: string): string {
  const full = resolve(path);
  if (!existsSync(full)) throw new RequestError(`skein lab: there is no file ${path}\n  looked for ${full}`);
  return pathToFileURL(full).href;
}

function knobsTurned({ knob = [] }: LabOptions, lab: Lab): Knobs {
  if (knob.length === 0) return {};
  const given = Object.fromEntries(
    knob.map((text) => {
      const [name = "", value = ""] = text.split(/=(.*)/s);
      return [name, /^-?[\d.]+$/.test(value) ? Number(value) : value];
    }),
  );
  try {
    return readKnobs(knobsOf(lab, bindToCores(allowedCoreNumbers())), given);
  } catch (error) {
    if (error instanceof KnobError) throw new RequestError(`skein lab: --knob: ${error.message}`);
    throw error;
  }
}

function guessOf(text: string, lab: Lab): number {
  const letters = lab.prediction.choices.map((_, i) => letterOf(i));
  const guess = letters.indexOf(text.trim().toLowerCase());
  if (guess !== -1) return guess;
  throw new RequestError(
    `skein lab: --predict expected one of ${letters.join(", ")}, but ${JSON.stringify(text)} came`,
  );
}

/** @returns `undefined` if nothing that is a choice was typed: nobody has to guess */
async function askGuess(lab: Lab, { language }: Look): Promise<number | undefined> {
  const asking = createInterface({ input: process.stdin, output: process.stdout });
  asking.once("SIGINT", () => {
    console.log("");
    endBySignal("SIGINT");
  });
  // End of input, by Ctrl-D, is an answer as well.
  const ended = new Promise<string>((done) => asking.once("close", () => done("")));
  try {
    const answer = await Promise.race([asking.question(`  ${WORDS[language].ask}`), ended]);
    console.log("");
    const guess = lab.prediction.choices.findIndex((_, i) => letterOf(i) === answer.trim().toLowerCase());
    return guess === -1 ? undefined : guess;
  } finally {
    asking.close();
  }
}

function describeLab(lab: Lab) {
  const { name, statements, title, claim } = lab;
  return { number: numberOf(lab), name, statements, title, claim };
}

function describeRun({ lab, judgement, measured, output, tries }: LabRun) {
  const { kind: verdict, because } = judgement;
  return { ...describeLab(lab), verdict, because, tries, ...measured, ...(output === "" ? {} : { output }) };
}
