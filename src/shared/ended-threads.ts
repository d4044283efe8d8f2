/**
 * Seeing that another thread has ended, without the event that says so: a thread
 * that blocks hears of no events. On Linux every thread is a directory of procfs;
 * elsewhere nothing tells.
 */

/** What the platform knows a thread by. */
export interface Task {
  readonly number: number;
  /** When it began, in the platform's ticks: numbers are used again. */
  readonly began: number;
}

interface Files {
  readlinkSync(path: string): string;
  readFileSync(path: string, encoding: "utf8"): string;
}

const { process: host } = globalThis as {
  process?: { readonly platform?: string; getBuiltinModule?(name: string): unknown };
};
const files: Files | undefined =
  host?.platform === "linux" ? (host.getBuiltinModule?.("node:fs") as Files | undefined) : undefined;

/** This thread, if the platform tells. */
export function ownTask(): Task | undefined {
  try {
    const number = Number(files?.readlinkSync("/proc/thread-self").split("/").pop());
    const began = beganOf(number);
    return began === undefined ? undefined : { number, began };
  } catch {
    return undefined; // no procfs here
  }
}

/** Whether a thread of this process still runs. */
export function isTaskRunning({ number, began }: Task): boolean {
  return beganOf(number) === began;
}

/** The place of the time of its begin among what follows the name, which may hold anything. */
const BEGAN_FIELD = 19;

function beganOf(number: number): number | undefined {
  let text: string | undefined;
  try {
    text = files?.readFileSync(`/proc/self/task/${number}/stat`, "utf8");
  } catch {
    return undefined; // it has ended
  }
  if (text === undefined) return undefined;
  return Number(text.slice(text.lastIndexOf(")") + 2).split(" ")[BEGAN_FIELD]) | 0;
}
