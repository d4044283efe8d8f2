/** Processes of this machine, as far as they can be looked at. */
import { readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename } from "node:path";

import type { Sentence } from "../../trace/index.js";

export type AttachProblem = "NO_PROC" | "NO_PROCESS" | "NOT_YOURS" | "NOT_NODE" | "NO_INSPECTOR";

/** A process that can't be looked at: what was expected, what is there, and what can be done, in both languages. */
export class AttachError extends Error {
  readonly code: AttachProblem;
  readonly sentence: Sentence;

  constructor(code: AttachProblem, sentence: Sentence) {
    super(sentence.en);
    this.name = "AttachError";
    this.code = code;
    this.sentence = sentence;
  }
}

export interface LocalProcess {
  readonly pid: number;
  /** The script that it runs, else its program. */
  readonly title: string;
  /** Cores that it may run on. */
  readonly cores: number | undefined;
}

const RUNTIMES: ReadonlySet<string> = new Set(["node", "nodejs", "bun", "deno"]);

/**
 * Looks at a process, and refuses one that is not a JavaScript runtime of this user.
 *
 * @param proc - where the kernel's files are
 */
export function requireProcess(
  pid: number,
  proc = "/proc",
  ownUser: number | undefined = process.getuid?.(),
): LocalProcess {
  requireProc(proc);
  const folder = `${proc}/${pid}`;
  const user = userOf(folder);
  if (user === undefined) {
    throw new AttachError("NO_PROCESS", {
      en: `there is no process ${pid}; \`skein top\` without a number lists those that can be looked at`,
      ru: `процесса ${pid} нет; \`skein top\` без номера перечислит те, которые можно посмотреть`,
    });
  }
  if (ownUser !== undefined && ownUser !== 0 && user !== ownUser) {
    throw new AttachError("NOT_YOURS", {
      en: `process ${pid} belongs to user ${user}, and you are user ${ownUser}: run this as that user, or as root`,
      ru: `процесс ${pid} принадлежит пользователю ${user}, а вы пользователь ${ownUser}: запустите от его имени или от root`,
    });
  }
  const program = programOf(folder);
  if (program === undefined || !RUNTIMES.has(program)) {
    const name = program ?? textOf(`${folder}/comm`)?.trim() ?? "?";
    throw new AttachError("NOT_NODE", {
      en: `process ${pid} is ${name}, not Node, Bun or Deno; of other programs \`top -H -p ${pid}\` shows the threads`,
      ru: `процесс ${pid} — это ${name}, а не Node, Bun или Deno; потоки других программ покажет \`top -H -p ${pid}\``,
    });
  }
  return describe(pid, folder, program);
}

/** Every Node, Bun or Deno process of this user but for this one; none where there is no `/proc`. */
export function ownProcesses(proc = "/proc", ownUser: number | undefined = process.getuid?.()): LocalProcess[] {
  let names: string[];
  try {
    names = readdirSync(proc);
  } catch {
    return [];
  }
  return names.flatMap((name) => {
    const pid = Number(name);
    const folder = `${proc}/${name}`;
    if (!(pid > 0) || pid === process.pid || userOf(folder) !== ownUser) return [];
    const program = programOf(folder);
    return program === undefined || !RUNTIMES.has(program) ? [] : [describe(pid, folder, program)];
  });
}

function requireProc(proc: string): void {
  if (textOf(`${proc}/self/stat`) !== undefined) return;
  throw new AttachError("NO_PROC", {
    en: `threads of another process are read from ${proc}, which is not there or not to be read (${process.platform}); start the program with \`skein watch\` instead`,
    ru: `потоки другого процесса читаются из ${proc}, а его нет или его нельзя читать (${process.platform}); запустите программу через \`skein watch\``,
  });
}

/** The program that a process runs; `undefined` if it may not be known. */
function programOf(folder: string): string | undefined {
  try {
    // A program that was replaced on the disk since: "/usr/bin/node (deleted)".
    return basename(readlinkSync(`${folder}/exe`).replace(/ \(deleted\)$/, ""));
  } catch {
    return undefined;
  }
}

function userOf(folder: string): number | undefined {
  try {
    return statSync(folder).uid;
  } catch {
    return undefined;
  }
}

function describe(pid: number, folder: string, program: string): LocalProcess {
  const args = (textOf(`${folder}/cmdline`) ?? "").split("\0").filter((arg) => arg !== "");
  return { pid, title: titleOf(args) ?? program, cores: coresAllowed(textOf(`${folder}/status`) ?? "") };
}

/** The script among the arguments of a runtime: the first that is no flag, nor the value of one. */
export function titleOf(args: readonly string[]): string | undefined {
  const valued = /^(?:-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--env-file)$/;
  for (let i = 1; i < args.length; i++) {
    const arg = args[i] as string;
    if (/^(?:-e|--eval|-p|--print)$/.test(arg)) return args[i + 1];
    if (valued.test(arg)) i++;
    else if (!arg.startsWith("-")) return basename(arg);
  }
  return undefined;
}

/** How many cores a process may run on, by its file `status`: "Cpus_allowed_list: 0-1,4" are three. */
export function coresAllowed(status: string): number | undefined {
  const list = /^Cpus_allowed_list:\s*([\d,-]+)$/m.exec(status)?.[1];
  if (list === undefined) return undefined;
  return list.split(",").reduce((sum, range) => {
    const [from, to = from] = range.split("-").map(Number);
    return sum + ((to ?? 0) - (from ?? 0) + 1);
  }, 0);
}

export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
