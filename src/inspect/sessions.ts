/**
 * Which programs of this user can be looked at live: each that can leaves a file with its
 * address, by its process's number, in a folder that nobody else can read.
 *
 * The address holds the secret that lets one in, so the folder and the files are the
 * user's alone, and a folder that is somebody else's, put there before, is not trusted.
 */
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Session {
  readonly pid: number;
  readonly name: string;
  /** Of its inspector, with the token. */
  readonly url: string;
  /** The kernel's number of the thread that serves it, which is none of the program's. */
  readonly kernelThread?: number | undefined;
}

/** Of this user; `SKEIN_SESSIONS` names another, for tests and where the usual place can't be written. */
export function sessionFolder(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const { SKEIN_SESSIONS, XDG_RUNTIME_DIR } = environment;
  if (SKEIN_SESSIONS !== undefined && SKEIN_SESSIONS !== "") return SKEIN_SESSIONS;
  // The system's own place for such files, if it has one: it goes when the user has logged out.
  if (XDG_RUNTIME_DIR !== undefined && XDG_RUNTIME_DIR !== "") return join(XDG_RUNTIME_DIR, "skein");
  return join(tmpdir(), `skein-${process.getuid?.() ?? "user"}`);
}

/**
 * Leaves word of this program until the process ends.
 *
 * @returns why it can't be, if it can't: then the program is not listed, and nothing is wrong with it
 */
export function shareSession(
  { name, url, kernelThread }: Omit<Session, "pid">,
  folder: string = sessionFolder(),
): string | undefined {
  const path = join(folder, `${process.pid}.json`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const problem = distrust(folder);
    if (problem !== undefined) return problem;
    rmSync(path, { force: true }); // of an earlier process of this number
    writeFileSync(path, JSON.stringify({ pid: process.pid, name, url, kernelThread }), { mode: 0o600, flag: "wx" });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  process.once("exit", () => rmSync(path, { force: true }));
  return undefined;
}

/** Why what lies in a folder is not to be believed, and nothing put there. */
function distrust(folder: string): string | undefined {
  const facts = lstatSync(folder);
  if (!facts.isDirectory()) return `${folder} is no folder`;
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  if (facts.uid !== own) return `${folder} belongs to user ${facts.uid}`;
  return (facts.mode & 0o077) === 0 ? undefined : `${folder} can be read or written by others: chmod 700 ${folder}`;
}

/** Programs that can be looked at now; files of those that have ended are removed. */
export function listSessions(folder: string = sessionFolder()): Session[] {
  let names: string[];
  try {
    if (distrust(folder) !== undefined) return [];
    names = readdirSync(folder);
  } catch {
    return []; // nobody has shared anything
  }
  return names.flatMap((name) => {
    const pid = Number(/^(\d+)\.json$/.exec(name)?.[1]);
    if (Number.isNaN(pid)) return [];
    if (!isAlive(pid)) {
      rmSync(join(folder, name), { force: true });
      return [];
    }
    return readSession(join(folder, name), pid) ?? [];
  });
}

export function findSession(pid: number, folder: string = sessionFolder()): Session | undefined {
  return listSessions(folder).find((session) => session.pid === pid);
}

function readSession(path: string, pid: number): Session | undefined {
  try {
    const { name, url, kernelThread } = JSON.parse(readFileSync(path, "utf8")) as Partial<Session>;
    if (typeof name !== "string" || typeof url !== "string") return undefined;
    // Only this machine is ever asked, whatever the file says.
    return /^http:\/\/127\.0\.0\.1:\d+\/[\w-]+\/$/.test(url) ? { pid, name, url, kernelThread } : undefined;
  } catch {
    return undefined; // being written, or damaged
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
