/** `skein top`: a program shown live in the terminal, started for it or running already. */
import { basename } from "node:path";

import { setAlarm } from "#clock";

import { followLive } from "../inspect/live-client.js";
import { findSession, listSessions, type Session } from "../inspect/sessions.js";
import type { Language, Sentence } from "../trace/index.js";
import { findProgram } from "./find-program.js";
import { type DisplayOptions, showLive } from "./live/display.js";
import { OutsideView } from "./live/outside-view.js";
import { LookedProgram } from "./live/program.js";
import { AttachError, ownProcesses, requireProcess } from "./live/processes.js";
import { RecordingView } from "./live/recording-view.js";
import { ProgramError } from "./program-error.js";

/** What `skein top FILE` and `skein watch FILE` start. */
export interface ProgramToShow {
  /** As it is called in the table. */
  readonly title: string;
  /** Of the runtime. */
  readonly args: readonly string[];
  /** Where its output is to be written, instead of below the table. */
  readonly output: string | undefined;
  readonly environment?: NodeJS.ProcessEnv;
}

const LOOK_EVERY_MS = 50;
const TOO_SHORT: Sentence = {
  en: "skein: the program ended before it could be looked at; with --report it is recorded from its first line on",
  ru: "skein: программа завершилась раньше, чем её удалось посмотреть; с --report она записывается с первой строки",
};

/** Shows a program of Skein's, run as `skein run` does. */
export async function topFile(
  file: string,
  args: readonly string[],
  output: string | undefined,
  options: DisplayOptions,
): Promise<void> {
  try {
    const path = findProgram("skein top", file);
    const runArgs = [...process.execArgv, process.argv[1] ?? "", "run", "--share", path, ...args];
    await showProgram({ title: basename(path), args: runArgs, output }, options);
  } catch (error) {
    if (!(error instanceof ProgramError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}

/** Starts a program that shares itself, shows it until it ends, and ends with its exit code. */
export async function showProgram(
  { title, args, output, environment }: ProgramToShow,
  options: DisplayOptions,
): Promise<void> {
  // The terminal may go away; the program, which may not need one, is waited for all the same.
  process.stdout.on("error", () => undefined);
  const isTable = process.stdout.isTTY && !options.once && !options.json;
  const program = new LookedProgram(args, { waitsWithOutput: isTable, output, environment });
  const pass = (signal: NodeJS.Signals): void => program.interrupt(signal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, pass);
  const session = await sessionOf(program);
  if (session !== undefined) {
    const view = followed(session, title, () => program.ended);
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, pass);
    await showLive(view, options, {
      output: () => program.output?.lastLines ?? [],
      onInterrupt: (signal) => {
        pass(signal);
        return true;
      },
    });
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, pass);
  } else if (program.ended !== undefined) {
    console.error(TOO_SHORT[options.language]);
  }
  await program.output?.release(process.stdout);
  process.exitCode = await program.exitCode;
  await program.output?.close();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, pass);
}

/** Waits until the program can be looked at, or has ended before. */
async function sessionOf(program: LookedProgram): Promise<Session | undefined> {
  while (program.ended === undefined && program.pid !== undefined) {
    const session = findSession(program.pid);
    if (session !== undefined) return session;
    await new Promise<void>((resolve) => setAlarm(resolve, LOOK_EVERY_MS));
  }
  return undefined;
}

function followed(session: Session, title: string, ended: () => string | undefined): RecordingView {
  let isOver = false;
  const stop = followLive(session, {
    onPart: (part) => view.push(part),
    onLeftOut: (count) => view.leaveOut(count),
    onEnd: () => (isOver = true),
  });
  const view: RecordingView = new RecordingView(
    { pid: session.pid, title, server: session.kernelThread },
    () => (isOver ? ended() : undefined),
    stop,
  );
  return view;
}

/** Shows a running process: by what it tells, if it shares itself, else from outside. */
export async function topProcess(pid: number, options: DisplayOptions): Promise<void> {
  try {
    const session = findSession(pid);
    const view =
      session === undefined ? new OutsideView(requireProcess(pid)) : followed(session, session.name, () => "");
    await showLive(view, options);
  } catch (error) {
    if (!(error instanceof AttachError)) throw error;
    console.error(`skein top: ${error.sentence[options.language]}`);
    process.exitCode = 1;
  }
}

/** Shows the only program that shares itself; with none, or several, says which there are. */
export async function topAny(options: DisplayOptions): Promise<void> {
  const sessions = listSessions();
  const [only] = sessions;
  if (only !== undefined && sessions.length === 1) {
    await topProcess(only.pid, options);
    return;
  }
  console.log(processList(sessions, options.language).join("\n"));
  if (only === undefined) process.exitCode = 1;
}

const LIST: Readonly<Record<"shared" | "others" | "none", Sentence>> = {
  shared: {
    en: "Programs that tell of themselves; `skein top --pid PID` shows one:",
    ru: "Программы, которые рассказывают о себе; `skein top --pid PID` покажет одну:",
  },
  others: {
    en: "Others, of which threads can be seen from outside; `skein attach PID` shows one:",
    ru: "Другие, у которых снаружи видны потоки; `skein attach PID` покажет одну:",
  },
  none: {
    en: "No program tells of itself. Start one with `skein top FILE`, `skein watch FILE` or `skein run --share FILE`.",
    ru: "Ни одна программа не рассказывает о себе. Запустите её через `skein top FILE`, `skein watch FILE` или `skein run --share FILE`.",
  },
};

function processList(sessions: readonly Session[], language: Language): string[] {
  const shared = new Set(sessions.map(({ pid }) => pid));
  const others = ownProcesses().filter(({ pid }) => !shared.has(pid));
  const row = (pid: number, name: string): string => `  ${String(pid).padStart(8)}  ${name}`;
  return [
    LIST[sessions.length === 0 ? "none" : "shared"][language],
    ...sessions.map(({ pid, name }) => row(pid, name)),
    ...(others.length === 0 ? [] : ["", LIST.others[language], ...others.map(({ pid, title }) => row(pid, title))]),
  ];
}
