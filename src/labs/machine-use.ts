/** Who uses the cores: this process, others, nobody. Read from Linux's /proc, where it can be. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

import { nowMs } from "#clock";

import { parseSchedstat, parseStat } from "../trace/kernel/proc-text.js";
import type { Neighbour } from "./lab.js";

const TICK_MS = 10; // of USER_HZ, which is 100 on every processor Node runs on
/** More processes than this are not gone through: it would take longer than what is measured. */
const MOST_PROCESSES = 1000;
const MOST_NEIGHBOURS = 3;

/** Counts at a moment. */
export interface MachineUse {
  readonly atMs: number;
  readonly ownCpuMs: number;
  /** Of the cores that count: used by anybody, since the machine started. */
  readonly busyMs: number | undefined;
  /** Of each other process that can be seen. */
  readonly processes: ReadonlyMap<number, { readonly name: string; readonly cpuMs: number }>;
}

/** The time that these cores were used, from the text of /proc/stat; `undefined` if one of them is not in it. */
export function busyMsOf(text: string, cores: readonly number[]): number | undefined {
  let busyMs = 0;
  for (const core of cores) {
    const line = new RegExp(`^cpu${core} (.*)$`, "m").exec(text)?.[1];
    if (line === undefined) return undefined;
    // user nice system idle iowait irq softirq steal; what a guest ran is in user already.
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.trim().split(/\s+/).map(Number);
    busyMs += (user + nice + system + irq + softirq + steal) * TICK_MS;
  }
  return busyMs;
}

/** Numbers of cores, from "0-2,5" as the kernel lists them. */
export function parseCoreList(text: string): readonly number[] {
  if (text.trim() === "") return [];
  return text
    .trim()
    .split(",")
    .flatMap((part) => {
      const [first = Number.NaN, last = first] = part.split("-").map(Number);
      if (!(last >= first)) return [];
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** Numbers of the cores that this process may run on; none where that is not told. */
export function allowedCoreNumbers(): readonly number[] {
  const line = /^Cpus_allowed_list:\s*(.+)$/m.exec(textOf("/proc/self/status") ?? "")?.[1];
  return line === undefined ? [] : parseCoreList(line);
}

/** Keeps every thread of this process on these cores. @returns false if that can't be done here */
export function bindToCores(cores: readonly number[]): boolean {
  if (cores.length === 0) return false;
  try {
    return spawnSync("taskset", ["-a", "-p", "-c", cores.join(","), String(process.pid)]).status === 0;
  } catch {
    return false; // Node runs with --permission, and may start no processes
  }
}

export function readMachineUse(cores: readonly number[]): MachineUse {
  const text = cores.length === 0 ? undefined : textOf("/proc/stat");
  const { user, system } = process.cpuUsage();
  return {
    atMs: nowMs(),
    ownCpuMs: (user + system) / 1000,
    busyMs: text === undefined ? undefined : busyMsOf(text, cores),
    processes: readProcesses(),
  };
}

function readProcesses(): MachineUse["processes"] {
  const found = new Map<number, { name: string; cpuMs: number }>();
  const pids = namesIn("/proc").map(Number).filter(Number.isInteger);
  if (pids.length > MOST_PROCESSES) return found;
  for (const pid of pids) {
    if (pid === process.pid) continue;
    const text = textOf(`/proc/${pid}/stat`);
    const stat = text === undefined ? undefined : parseStat(text);
    if (text === undefined || stat === undefined) continue;
    found.set(pid, { name: text.slice(text.indexOf("(") + 1, text.lastIndexOf(")")), cpuMs: stat.cpuMs });
  }
  return found;
}

/** The others that used most between two moments. */
export function neighboursBetween(before: MachineUse, after: MachineUse, wallMs: number): readonly Neighbour[] {
  const used = [...after.processes].map(([pid, { name, cpuMs }]) => ({
    pid,
    name,
    // One that is new began in between.
    cores: (cpuMs - (before.processes.get(pid)?.cpuMs ?? 0)) / wallMs,
  }));
  return used
    .filter(({ cores }) => cores > 0)
    .toSorted((a, b) => b.cores - a.cores)
    .slice(0, MOST_NEIGHBOURS);
}

/** How long threads of this process stood ready without a core so far: of those that live. */
export function readCoreWaits(): ReadonlyMap<string, number> {
  const waits = new Map<string, number>();
  for (const tid of namesIn("/proc/self/task")) {
    const waitMs = parseSchedstat(textOf(`/proc/self/task/${tid}/schedstat`) ?? "")?.waitMs;
    if (waitMs !== undefined) waits.set(tid, waitMs);
  }
  return waits;
}

/** Threads of this process; `undefined` where that is not told. */
export function countThreads(): number | undefined {
  const count = namesIn("/proc/self/task").length;
  return count === 0 ? undefined : count;
}

/** Files that the process may have open; `undefined` where that is not told. */
export function mostOpenFiles(): number | undefined {
  const limit = /^Max open files\s+(\S+)/m.exec(textOf("/proc/self/limits") ?? "")?.[1];
  if (limit === undefined) return undefined;
  return limit === "unlimited" ? Infinity : Number(limit);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not Linux, or not allowed to look
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // as above, or the process has ended
  }
}
