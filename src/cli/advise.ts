/**
 * `skein advise`: runs a program in a process of its own, under observation, and says
 * where its tasks and functions should run.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { type Advice, adviseOn, type ObservedProgram } from "../advise/advice.js";
import type { CpuProfile } from "../advise/profile.js";
import { decodeTrace } from "../trace/index.js";
import type { Language } from "../trace/words/language.js";
import { adviceText, triedText } from "./advice-text.js";
import { FILES, type Places } from "./observed.js";
import { runChild } from "./run-child.js";

export interface AdviseOptions {
  readonly json?: boolean;
  readonly lang?: Language;
  readonly try?: boolean;
}

/** What a run left. */
interface Run {
  readonly exitCode: number;
  /** `undefined` if it ended without leaving anything, as when it was killed. */
  readonly seen: { readonly program: ObservedProgram; readonly advice: Advice } | undefined;
}

/** How the second run compares. */
export interface Tried {
  readonly places: Places;
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly speedUp: number;
}

const DEFAULT_WIDTH = 80;

/** Runs the program, perhaps twice, and prints the advice. The exit code is the program's. */
export async function advise(file: string, args: readonly string[], options: AdviseOptions): Promise<void> {
  const { lang: language = "en" } = options;
  if (!existsSync(file) || !statSync(file).isFile()) {
    console.error(
      existsSync(file)
        ? `skein advise: ${file} is a folder, not a program; name a file`
        : `skein advise: there is no file ${file}`,
    );
    process.exitCode = 1;
    return;
  }
  const first = await observedRun(file, args, {}, options.json === true);
  process.exitCode = first.exitCode;
  if (first.seen === undefined) {
    console.error(
      "skein advise: the program left nothing to give advice on, as it was stopped by force or never began",
    );
    return;
  }
  const { advice } = first.seen;
  const paper = { language, width: process.stdout.columns ?? DEFAULT_WIDTH, isTerminal: isColoured() };
  if (options.json !== true) process.stdout.write(adviceText(advice, { ...paper, file, exitCode: first.exitCode }));
  const places = placesOf(advice);
  let tried: Tried | undefined;
  let problem: string | undefined;
  if (options.try === true && first.exitCode === 0 && Object.keys(places).length > 0) {
    const second = await observedRun(file, args, places, options.json === true);
    if (second.exitCode !== 0 || second.seen === undefined) problem = `exit code ${second.exitCode}`;
    else tried = compare(places, first.seen.program, second.seen.program);
  }
  if (options.json === true) {
    console.log(JSON.stringify({ file, exitCode: first.exitCode, ...advice, tried, problem }, undefined, 2));
  } else if (options.try === true) {
    process.stdout.write(triedText(tried, problem, first.exitCode, { ...paper, file }));
  }
}

function isColoured(): boolean {
  return process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";
}

/** What can be had by an option alone: tasks. */
function placesOf({ functions }: Advice): Places {
  const places: Record<string, "here" | "threads"> = {};
  for (const { name, kind, suggestion } of functions) {
    if (kind === "task" && (suggestion === "here" || suggestion === "threads")) places[name] = suggestion;
  }
  return places;
}

function compare(places: Places, before: ObservedProgram, after: ObservedProgram): Tried {
  return { places, beforeMs: before.wallMs, afterMs: after.wallMs, speedUp: before.wallMs / after.wallMs };
}

async function observedRun(file: string, args: readonly string[], places: Places, keepsOutput: boolean): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "skein-advise-"));
  try {
    writeFileSync(join(folder, FILES.places), JSON.stringify(places));
    const exitCode = await runChild(
      [
        ...process.execArgv,
        // The engine's own profiler: it writes its file when the process ends.
        "--cpu-prof",
        `--cpu-prof-dir=${folder}`,
        fileURLToPath(new URL("bin.js", commandFolder())),
        "run",
        `--observed=${folder}`,
        file,
        ...args,
      ],
      // With `--json` what is printed here is for programs: what the other prints goes beside it.
      { stdio: ["inherit", keepsOutput ? 2 : "inherit", "inherit"] },
    );
    return { exitCode, seen: readSeen(folder) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where `bin.js` is, seen from this module and from the bundle. */
function commandFolder(): URL {
  const here = new URL(".", import.meta.url);
  return here.pathname.endsWith("/bundle/") ? new URL("../cli/", here) : here;
}

function readSeen(folder: string): Run["seen"] {
  if (!existsSync(join(folder, FILES.program))) return undefined;
  const program = JSON.parse(readFileSync(join(folder, FILES.program), "utf8")) as ObservedProgram;
  const trace = decodeTrace(readFileSync(join(folder, FILES.trace)));
  // One file a thread: "CPU.date.time.process.thread.number.cpuprofile"; 0 is the first one.
  const profile = readdirSync(folder).find((name) => /\.0\.\d+\.cpuprofile$/.test(name));
  const sampled =
    profile === undefined ? undefined : (JSON.parse(readFileSync(join(folder, profile), "utf8")) as CpuProfile);
  return { program, advice: adviseOn(trace, sampled, program) };
}
