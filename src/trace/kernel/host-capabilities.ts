/**
 * Which sources of facts there are here, each tried, and of those that are missing why
 * and what would mend it.
 */
import type * as ChildProcess from "node:child_process";
import type * as Inspector from "node:inspector";

import { hostModule, kernelThreadId, ownCpuMs, platformThreadId } from "../../core/host-thread.js";
import { noAwaitHooks } from "../../core/await-hooks.js";
import { noProfiler } from "../../core/host-thread-profile.js";
import { CoreClock } from "../../core/step-cpu.js";
import type { Capability } from "../kernel-facts.js";
import { startCoreLanes } from "./host-core-lanes.js";
import { noStacks } from "./host-thread-stack.js";
import { ProcFiles } from "./proc-file.js";
import { parseSchedstat, parseStat, parseSwitches } from "./proc-text.js";
import { knowsCalls, parseCall } from "./system-calls.js";

export interface CapabilitiesOptions {
  /** Where the kernel's files are; "/proc" by default. */
  readonly proc?: string;
  /** The programs to use; "perf" and "taskset" by default. */
  readonly perf?: string;
  readonly taskset?: string;
}

/** What one try came to: why it works, or why not. */
interface Tried {
  readonly isAvailable: boolean;
  readonly why: string;
  readonly remedy?: string;
}

interface HostProcess {
  readonly platform?: string;
  readonly arch?: string;
}

const host: HostProcess = (globalThis as { process?: HostProcess }).process ?? {};

/** What takes longer than a short program lasts. */
interface Slow {
  readonly lanes: Tried;
  readonly pinning: Tried;
  readonly workerStacks: Tried;
}

const NOT_YET: Tried = { isAvailable: false, why: "to find out takes a second, and the recording was shorter" };

/**
 * Tries every source, as this thread may use it.
 *
 * Starts two programs, `perf` and `taskset`, if they are there. Takes a second for the
 * first of them; the rest a few milliseconds.
 */
export async function capabilities(options: CapabilitiesOptions = {}): Promise<readonly Capability[]> {
  const { perf = "perf", taskset = "taskset" } = options;
  const [lanes, pinning, workerStacks] = await Promise.all([tryLanes(perf), tryPinning(taskset), tryWorkerStacks()]);
  return allOf(options, { lanes, pinning, workerStacks });
}

/** The same, without those that take long. */
export function capabilitiesAtOnce(options: CapabilitiesOptions = {}): readonly Capability[] {
  return allOf(options, { lanes: NOT_YET, pinning: NOT_YET, workerStacks: NOT_YET });
}

function allOf({ proc = "/proc" }: CapabilitiesOptions, { lanes, pinning, workerStacks }: Slow): readonly Capability[] {
  const files = ProcFiles.open();
  const sources: readonly (readonly [name: string, gives: string, tried: Tried])[] = [
    ["threads", "every thread of the process, by its number and name", tryThreads(files, proc)],
    [
      "schedstat",
      "CPU time of each thread, and for how long it stood ready without a core",
      tryFile(files, proc, "schedstat", (text) => parseSchedstat(text) !== undefined),
    ],
    [
      "thread-state",
      "whether a thread runs or sleeps, and its last core",
      tryFile(files, proc, "stat", (text) => parseStat(text)?.core !== undefined),
    ],
    [
      "switches",
      "how often a thread gave its core back, and how often it was taken away",
      tryFile(files, proc, "status", (text) => parseSwitches(text) !== undefined),
    ],
    [
      "blocked-in",
      "what a thread that sleeps waits in: a lock, its event loop, or another call",
      tryCalls(files, proc),
    ],
    ["step-cpu", "CPU time of single steps, to the microsecond", tryStepCpu(proc)],
    ["own-cpu", "CPU time of each of our threads, on any system", tryOwnCpu()],
    ["core-lanes", "which thread was on which core, to the nanosecond", lanes],
    ["pinning", "threads bound to cores", pinning],
    ["loop-stack", "where the program's first thread is when its event loop stands still", tryLoopStack()],
    ["worker-stacks", "where a worker thread is when its event loop stands still", workerStacks],
    [
      "awaits",
      "whose code runs after any await, at level deep",
      tryWhy(noAwaitHooks(), "the platform's async hooks tell it"),
    ],
    [
      "cpu-profile",
      "in which functions the time goes, at level deep: a thousand samples a second of each thread",
      tryWhy(noProfiler(), "the inspector's profiler, on each thread by itself"),
    ],
    ["gc", "pauses of the garbage collector, on each thread", tryGc()],
  ];
  return sources.map(([name, gives, { isAvailable, why, remedy }]) => ({ name, isAvailable, gives, why, remedy }));
}

function tryThreads(files: ProcFiles | undefined, proc: string): Tried {
  if (files === undefined) return { isAvailable: false, why: "this runtime reads no files" };
  try {
    const count = files.names(`${proc}/self/task`).length;
    return { isAvailable: true, why: `${proc}/self/task names ${count} threads` };
  } catch (error) {
    return explainUnreadable(error, `${proc}/self/task`);
  }
}

/** Reads a file of a thread that is not this one, if there is one. */
function tryFile(
  files: ProcFiles | undefined,
  proc: string,
  name: string,
  isUnderstood: (text: string) => boolean,
): Tried {
  if (files === undefined) return { isAvailable: false, why: "this runtime reads no files" };
  try {
    const tids = files.names(`${proc}/self/task`);
    const own = String(kernelThreadId() ?? "");
    const tid = tids.find((other) => other !== own) ?? own;
    const text = files.text(`${proc}/self/task/${tid}/${name}`);
    if (isUnderstood(text)) return { isAvailable: true, why: `${proc} has it of every thread` };
    return { isAvailable: false, why: `this kernel's ${proc}/…/${name} does not tell it` };
  } catch (error) {
    return explainUnreadable(error, `${proc}/…/${name}`);
  }
}

function tryCalls(files: ProcFiles | undefined, proc: string): Tried {
  const tried = tryFile(files, proc, "syscall", (text) => parseCall(text) !== undefined);
  if (!tried.isAvailable || knowsCalls(host.arch ?? "")) return tried;
  return { isAvailable: false, why: `the numbers of system calls on ${host.arch ?? "this processor"} are not known` };
}

function explainUnreadable(error: unknown, path: string): Tried {
  const { code } = error as { readonly code?: string };
  if (code === "ERR_ACCESS_DENIED") {
    return {
      isAvailable: false,
      why: `Node's permission model does not let it read ${path}`,
      remedy: "start Node with --allow-fs-read=/proc",
    };
  }
  if (code === "ENOENT" && host.platform !== "linux") {
    return { isAvailable: false, why: `only Linux has ${path}, and this is ${host.platform ?? "another system"}` };
  }
  if (code === "ENOENT") {
    return { isAvailable: false, why: `there is no ${path}: this kernel, or sandbox, does not offer it` };
  }
  return {
    isAvailable: false,
    why: `${path} can't be read: ${error instanceof Error ? error.message : String(error)}`,
  };
}

function tryStepCpu(proc: string): Tried {
  const clock = CoreClock.open(`${proc}/thread-self/schedstat`);
  if (clock === undefined) return { isAvailable: false, why: `${proc}/thread-self/schedstat can't be read` };
  clock.close();
  return { isAvailable: true, why: "from the wait for a core, which the kernel counts exactly" };
}

function tryOwnCpu(): Tried {
  if (ownCpuMs() !== undefined) return { isAvailable: true, why: "process.threadCpuUsage tells it" };
  return { isAvailable: false, why: "this runtime has no process.threadCpuUsage", remedy: "Node 24 or later" };
}

async function tryLanes(perf: string): Promise<Tried> {
  if (host.platform !== "linux") return { isAvailable: false, why: "only Linux has perf" };
  const lanes = await startCoreLanes({ command: perf });
  if ("why" in lanes) {
    return { isAvailable: false, why: lanes.why, ...(lanes.remedy === undefined ? {} : { remedy: lanes.remedy }) };
  }
  await lanes.stop();
  return { isAvailable: true, why: "perf may record the switches of this process" };
}

async function tryPinning(taskset: string): Promise<Tried> {
  const tid = kernelThreadId();
  const childProcess = hostModule("node:child_process") as typeof ChildProcess | undefined;
  if (host.platform !== "linux") {
    return { isAvailable: false, why: "only Linux binds single threads to cores from outside" };
  }
  if (tid === undefined || childProcess === undefined) {
    return { isAvailable: false, why: "the kernel's number of this thread is not known: /proc can't be read" };
  }
  // Asks which cores this thread may use, and leaves them as they are.
  return new Promise((resolve) => {
    try {
      childProcess.execFile(taskset, ["-cp", String(tid)], (error, _output, complaint) => {
        if (error === null) return resolve({ isAvailable: true, why: "taskset binds threads while they run" });
        const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
        return resolve(
          isMissing
            ? { isAvailable: false, why: `${taskset} is not installed`, remedy: "install util-linux" }
            : { isAvailable: false, why: complaint.trim() || error.message },
        );
      });
    } catch (error) {
      resolve({ isAvailable: false, why: error instanceof Error ? error.message : String(error) });
    }
  });
}

function explainMissing(why: string): Tried {
  return why.startsWith("a debugger")
    ? { isAvailable: false, why, remedy: "start without --inspect" }
    : { isAvailable: false, why };
}

function tryLoopStack(): Tried {
  const why = noStacks();
  if (why !== undefined) return explainMissing(why);
  // On the first thread itself the answer is that of any other thread.
  return trySession((session) => {
    if (platformThreadId() === 0) session.connect();
    else session.connectToMainThread();
  });
}

async function tryWorkerStacks(): Promise<Tried> {
  const why = noStacks();
  if (why !== undefined) return explainMissing(why);
  const inspector = hostModule("node:inspector") as typeof Inspector;
  return new Promise((resolve) => {
    const session = new inspector.Session();
    try {
      if (platformThreadId() === 0) session.connect();
      else session.connectToMainThread();
      session.post("NodeWorker.enable", { waitForDebuggerOnStart: false }, (error) => {
        session.disconnect();
        resolve(
          error === null
            ? { isAvailable: true, why: "the inspector reaches worker threads through the first one" }
            : { isAvailable: false, why: `the inspector does not reach worker threads: ${error.message}` },
        );
      });
    } catch (error) {
      resolve(explainSession(error));
    }
  });
}

function trySession(connect: (session: Inspector.Session) => void): Tried {
  const inspector = hostModule("node:inspector") as typeof Inspector;
  const session = new inspector.Session();
  try {
    connect(session);
    session.disconnect();
    return { isAvailable: true, why: "the inspector interrupts a thread that is busy, and nothing is attached before" };
  } catch (error) {
    return explainSession(error);
  }
}

function explainSession(error: unknown): Tried {
  if ((error as { code?: string }).code === "ERR_ACCESS_DENIED") {
    return { isAvailable: false, why: "Node's permission model does not let the inspector be used" };
  }
  return { isAvailable: false, why: error instanceof Error ? error.message : String(error) };
}

function tryWhy(missing: string | undefined, why: string): Tried {
  if (missing === undefined) return { isAvailable: true, why };
  return explainMissing(missing);
}

function tryGc(): Tried {
  const { PerformanceObserver } = globalThis as {
    PerformanceObserver?: { readonly supportedEntryTypes?: readonly string[] };
  };
  if (PerformanceObserver?.supportedEntryTypes?.includes("gc") === true) {
    return { isAvailable: true, why: "PerformanceObserver tells each pause" };
  }
  return { isAvailable: false, why: "this runtime does not tell of its collector" };
}
