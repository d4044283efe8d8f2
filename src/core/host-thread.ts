/**
 * What a thread asks its host about itself, synchronously.
 *
 * Node's modules are asked for when they are needed, not imported: the room can be
 * loaded where there are none, and every answer may be "not known".
 */

/** Files, as far as the kernel's are read. */
export interface HostFiles {
  openSync(path: string, flags: "r"): number;
  readSync(file: number, into: Uint8Array, offset: number, length: number, position: number): number;
  closeSync(file: number): void;
  readlinkSync(path: string): string;
  readdirSync(path: string): string[];
}

interface HostProcess {
  getBuiltinModule?(name: string): unknown;
  /** Node 22 and later, in microseconds. */
  threadCpuUsage?(): { readonly user: number; readonly system: number };
}

const host: HostProcess | undefined = (globalThis as { process?: HostProcess }).process;

/** A module of Node's own; `undefined` where there is none. */
export function hostModule(name: string): unknown {
  try {
    return host?.getBuiltinModule?.(name);
  } catch {
    return undefined; // known to the host by name alone
  }
}

/** The number by which the kernel knows this thread (Linux). */
export function kernelThreadId(): number | undefined {
  try {
    // "4711/task/4720". Read synchronously: a read in the background is done, and
    // answered for, by another thread.
    const link = (hostModule("node:fs") as HostFiles | undefined)?.readlinkSync("/proc/thread-self");
    return link === undefined ? undefined : Number(link.split("/").at(-1));
  } catch {
    return undefined; // not Linux, or not allowed to look
  }
}

/** The number by which the platform's own tools know this thread: 0 for the first of the process. */
export function platformThreadId(): number | undefined {
  return (hostModule("node:worker_threads") as { readonly threadId?: number } | undefined)?.threadId;
}

/** Whether somebody's debugger may be at the process. Only its first thread knows. */
export function isInspected(): boolean {
  return (hostModule("node:inspector") as { url?(): string | undefined } | undefined)?.url?.() !== undefined;
}

/** CPU time of this thread so far, by the platform; it may lag by some milliseconds. */
export function ownCpuMs(): number | undefined {
  try {
    const usage = host?.threadCpuUsage?.();
    return usage === undefined ? undefined : (usage.user + usage.system) / 1000;
  } catch {
    return undefined; // there by name, but not on this system
  }
}

/** Of the flags of a process those that say in which form packages are loaded: for threads that get no others. */
export function conditionFlags(flags: readonly string[]): string[] {
  return flags.flatMap((flag, i) => {
    if (/^(?:--conditions|-C)=/.test(flag)) return [flag];
    return flag === "--conditions" || flag === "-C" ? [flag, flags[i + 1] ?? ""] : [];
  });
}
