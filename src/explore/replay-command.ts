/** How a schedule is run again, as it is typed. */
import { overseer } from "./overseer.js";

interface Host {
  readonly argv?: readonly string[];
  cwd?(): string;
  getBuiltinModule?(name: string): unknown;
}

interface Paths {
  relative(from: string, to: string): string;
}

const { process: host } = globalThis as { readonly process?: Host };

/** A command, where the file is known whose program it was; otherwise the option of `explore`. */
export function replayOf(token: string): string {
  const { file = mainFile(), replayFlags = "" } = overseer() ?? {};
  if (file === undefined) return `by the option token: "${token}"`;
  const typed = /^[\w./@-]+$/.test(file) ? file : JSON.stringify(file);
  return `skein explore ${typed}${replayFlags} --token ${token}`;
}

/** The file that the process was started with, unless that is a runner's: then there is no telling. */
function mainFile(): string | undefined {
  const file = host?.argv?.[1];
  if (file === undefined || /[\\/]node_modules[\\/]/.test(file)) return undefined;
  const paths = host?.getBuiltinModule?.("node:path") as Paths | undefined;
  const near = paths?.relative(host?.cwd?.() ?? "", file) ?? "..";
  return near.startsWith("..") ? file : near;
}
