/**
 * Threads of Node, Bun and Deno: `node:worker_threads`.
 *
 * What of the platform is not needed at once is asked for when it is, as each thread
 * that starts loads this: an import of `node:child_process` would load sockets too.
 */
import type { MessagePort, Worker as NodeWorker, WorkerOptions } from "node:worker_threads";

import { BOOT } from "../boot.js";
import type { FromThread } from "../messages.js";
import { coreAllowance } from "./cores.js";
import type { Host, HostThread, HostThreadOptions } from "./host.js";
import { typeScriptLoaderFor } from "./typescript.js";

const { receiveMessageOnPort, Worker } = process.getBuiltinModule("node:worker_threads");
const { channel } = process.getBuiltinModule("node:diagnostics_channel");

/** Under this condition the package leaves out what only the pool's side needs. */
const THREAD_CONDITION = "--conditions=skein-thread";

/** The flags that a thread is given; `undefined` where it has to inherit those of the process. */
let threadFlags: readonly string[] | undefined =
  "Bun" in globalThis || "Deno" in globalThis ? undefined : [THREAD_CONDITION, ...process.execArgv];

/**
 * A worker with the flags of this process and the condition for threads.
 *
 * Flags of the engine hold for all threads anyway, and are refused for one. They are
 * left out; a thread that so can't have the condition inherits all flags, and only
 * loads more than it needs.
 */
function startWorker(options: WorkerOptions): NodeWorker {
  for (;;) {
    try {
      return new Worker(BOOT, threadFlags === undefined ? options : { ...options, execArgv: [...threadFlags] });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (threadFlags === undefined || code !== "ERR_WORKER_INVALID_EXEC_ARGV") throw error;
      threadFlags = flagsWithout(message.replace(/^.*?: /, "").split(", "), threadFlags);
    }
  }
}

/** @returns `undefined` if none of them is there */
function flagsWithout(refused: readonly string[], flags: readonly string[]): readonly string[] | undefined {
  const kept = flags.filter((flag, i) => {
    const isValueOfRefused = !flag.startsWith("-") && refused.includes(flags[i - 1] ?? "");
    return !refused.includes(flag) && !isValueOfRefused;
  });
  return kept.length === flags.length ? undefined : kept;
}

function startThread(options: HostThreadOptions): HostThread {
  const worker = startWorker({
    eval: true,
    name: options.name,
    workerData: {
      index: options.index,
      name: options.name,
      setup: options.setup,
      heap: options.heap,
      library: options.library,
      flags: process.execArgv,
    },
    ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
  });
  let thrown: unknown;
  worker.on("message", (message: FromThread) => options.onMessage(message));
  // After the listener, which would have it hold the process again.
  worker.unref();
  // "exit" follows in any case, and only then is nothing more to come.
  worker.on("error", (error) => (thrown = error));
  // Whatever it was about is lost. It can't be known what: so the thread is, with all its calls.
  worker.on("messageerror", (error) => {
    thrown = error;
    void worker.terminate();
  });
  worker.on("exit", (exitCode) => options.onEnd({ exitCode, error: thrown }));
  return {
    post: (message, transfer) => worker.postMessage(message, transfer as ArrayBuffer[]),
    isPrinting: () => worker.stdout.readableLength + worker.stderr.readableLength > 0,
    async terminate() {
      await worker.terminate();
    },
  };
}

/** What the loop of a thread with nothing to do waits for. */
const QUIET = new Set(["MessagePort", "Immediate"]);

// Kept, as asking the process for them takes longer than asking them; and not before a
// thread asks, as on the main thread the first to ask opens them.
let stdout: NodeJS.WriteStream | undefined;
let stderr: NodeJS.WriteStream | undefined;

function isPrinting(): boolean {
  stdout ??= process.stdout;
  stderr ??= process.stderr;
  return stdout.writableLength + stderr.writableLength > 0;
}

export const host: Host = {
  submitted: channel("skein:job:submitted"),
  settled: channel("skein:job:settled"),
  startThread,
  receiveNow: (port) => receiveMessageOnPort(port as MessagePort),
  isLoopQuiet: () =>
    // Of what a thread prints, the rest goes out when the first has arrived.
    !isPrinting() && (process.getActiveResourcesInfo?.().every((resource) => QUIET.has(resource)) ?? false),
  printing() {
    if (!isPrinting()) return undefined;
    // An empty piece, behind all others.
    const emptied = (output: NodeJS.WriteStream): Promise<void> | undefined =>
      output.writableLength === 0 ? undefined : new Promise((resolve) => output.write("", () => resolve()));
    return Promise.all([emptied(process.stdout), emptied(process.stderr)]).then(() => undefined);
  },
  heapMb: () => Math.round(process.memoryUsage().heapUsed / 2 ** 20),
  kernelThreadId() {
    try {
      // "4711/task/4720"
      return Number(process.getBuiltinModule("node:fs").readlinkSync("/proc/thread-self").split("/").at(-1));
    } catch {
      return undefined; // not Linux
    }
  },
  async pinThread(kernelThreadId, cores) {
    const { execFile } = process.getBuiltinModule("node:child_process");
    return new Promise((resolve) => {
      execFile("taskset", ["-p", "-c", cores.join(","), String(kernelThreadId)], (error, _output, complaint) => {
        resolve(error === null ? undefined : complaint.trim() || error.message);
      });
    });
  },
  allowedCores: () => coreAllowance().cores,
  typeScriptLoaderFor,
};
