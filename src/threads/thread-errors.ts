/** Errors of calls that a thread could not run or did not survive, and their stacks. */
import { describeThrown, MisuseError, TransferError, WorkerLostError } from "../core/errors.js";
import { reportToOwner } from "../core/report.js";
import type { TaskIdentity } from "../async/executor.js";
import { findUncloneable } from "./cloneable.js";
import type { ThreadEnd } from "./host/host.js";
import type { RawError } from "./messages.js";

const warnedModules = new Set<string>();

export function importError(module: string, raw: RawError, thread: string): WorkerLostError {
  const cause = new Error(raw.message);
  Object.defineProperty(cause, "name", { value: raw.name, configurable: true, writable: true });
  Object.defineProperty(cause, "stack", {
    value: raw.stack ?? `${raw.name}: ${raw.message}`,
    configurable: true,
    writable: true,
  });
  if (raw.code !== undefined) Object.assign(cause, { code: raw.code });
  return new WorkerLostError(
    "SKEIN_TASK_IMPORT_FAILED",
    `thread "${thread}" could not import ${module}: ${raw.name}: ${raw.message}. ` +
      "Each thread imports the module that declares a task; keep the program's own work in main()",
    { cause },
  );
}

export function noSuchTask({ module, key, declaredIn }: TaskIdentity, names: readonly string[]): MisuseError {
  if (declaredIn !== undefined) {
    return new MisuseError(
      "SKEIN_TASK_INSIDE_FUNCTION",
      `task "${key}" is declared inside ${declaredIn} of ${module}, so a thread that imports the module does not find it. ` +
        "Declare it at the top level of the module, and pass what it used of the function as arguments",
    );
  }
  const known =
    names.length === 0 ? "it declares none there" : `there it declares ${names.map((name) => `"${name}"`).join(", ")}`;
  return new MisuseError(
    "SKEIN_TASK_NOT_FOUND",
    `a thread imported ${module}, but did not find task "${key}": ${known}. ` +
      "Declare tasks at the top level, unconditionally and before any work of the module; " +
      (key.startsWith("#")
        ? 'tasks without a name must be declared in the same order everywhere, so give it one: task("name", fn)'
        : "a task inside a function is not found"),
  );
}

export function warnOfParked(module: string, what: string): void {
  if (warnedModules.has(module)) return;
  warnedModules.add(module);
  reportToOwner(
    `${module} calls ${what}() at its top level, which each thread that imports it would do again. ` +
      "On threads the import stops there. Move that work into main(), or the tasks into a module of their own",
    new MisuseError("SKEIN_TASK_AT_IMPORT", `${what}() was called while a thread imported ${module} for its tasks`),
  );
}

/** The stack as it was on the thread, and below it, for the error thrown, the one that spawned the job. */
export function cleanStack(
  stack: string,
  thrownBy: { readonly name: string; readonly spawnSite: Error | undefined } | undefined,
  thread: string,
): string {
  const lines = stack.split("\n").filter((line) => !isPlumbing(line));
  if (thrownBy === undefined) return lines.join("\n");
  const spawned = (thrownBy.spawnSite?.stack ?? "")
    .split("\n")
    .slice(1)
    .filter((line) => !isPlumbing(line));
  return [
    ...lines,
    `    at job "${thrownBy.name}" on thread "${thread}", ${thrownBy.spawnSite?.message ?? "spawned"}:`,
    ...spawned,
  ].join("\n");
}

// This package's own frames, by path and by URL, as compiled and as source maps
// show them; and what Node puts between the port and us.
const PACKAGE = new URL("../..", import.meta.url);
const PLUMBING = ["dist/", "src/"]
  .flatMap((folder) => [new URL(folder, PACKAGE).href, decodeURIComponent(new URL(folder, PACKAGE).pathname)])
  .concat("([worker eval]", "node:internal/per_context/messageport", "[nodejs.internal.kHybridDispatch]");

function isPlumbing(line: string): boolean {
  return /^\s+at /.test(line) && PLUMBING.some((part) => line.includes(part));
}

/** A thread's end took this call with it. */
export function lostCall(thread: string, { exitCode, error }: ThreadEnd, task: TaskIdentity): WorkerLostError {
  const cause = error === undefined ? "" : `: ${describeThrown(error)}`;
  const how = error === undefined ? `with exit code ${exitCode ?? "unknown"}` : "by an uncaught error";
  return new WorkerLostError(
    "SKEIN_WORKER_LOST",
    `thread "${thread}" ended ${how} while it ran task "${task.key}"${cause}`,
    { cause: error },
  );
}

/** An argument of this call can be passed in no way. */
export function notTransferable(
  key: string,
  args: readonly unknown[],
  transfer: readonly object[],
  cause: unknown,
): TransferError {
  return new TransferError(
    `an argument of task "${key}" can't be passed to a thread: ${findUncloneable(args, "args", transfer)}. ` +
      "Pass plain data (no functions, promises or symbols), and list ports and streams under `transfer`",
    { cause },
  );
}

/** The platform refused to start a thread for a task. */
export function noThread({ key }: TaskIdentity, why: unknown): WorkerLostError {
  return new WorkerLostError(
    "SKEIN_WORKER_LOST",
    `no thread could be started for task "${key}": ${describeThrown(why)}`,
    { cause: why },
  );
}

/** A thread ended before it was ready. */
export function threadLost(thread: string, { exitCode, error }: ThreadEnd): WorkerLostError {
  const why = error === undefined ? `with exit code ${exitCode ?? "unknown"}` : `by ${describeThrown(error)}`;
  return new WorkerLostError("SKEIN_WORKER_LOST", `thread "${thread}" ended ${why} before it was ready`, {
    cause: error,
  });
}
