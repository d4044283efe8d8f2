/**
 * What a recording asks of the host: the kernel's counts, and files.
 *
 * Node's modules are asked for when they are needed, not imported: the room can
 * be loaded where there are none, and every figure that lacks its source then
 * says "not available".
 */
import { MisuseError } from "../core/errors.js";
import { chromeTraceChunks } from "./chrome-trace.js";
import type { ProcessUsage, Trace } from "./trace.js";

interface FileSystem {
  openSync(path: string | URL, flags: "w"): number;
  writeFileSync(file: number, text: string): void;
  closeSync(file: number): void;
  readdirSync(path: string): string[];
  readFileSync(path: string, encoding: "latin1"): string;
}

interface HostProcess {
  cpuUsage?(): { readonly user: number; readonly system: number };
  getBuiltinModule?(name: string): unknown;
}

const host: HostProcess | undefined = (globalThis as { process?: HostProcess }).process;

function fileSystem(): FileSystem | undefined {
  return host?.getBuiltinModule?.("node:fs") as FileSystem | undefined;
}

function coresAllowed(): number | undefined {
  const os = host?.getBuiltinModule?.("node:os") as { availableParallelism?(): number } | undefined;
  if (os?.availableParallelism !== undefined) return os.availableParallelism();
  return (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator?.hardwareConcurrency;
}

/** How often the counts of single threads are read, for those that end meanwhile. */
const SAMPLE_EVERY_MS = 250; // a reading costs 33 µs a thread (November 2026): well under 1 % of a core

/** Measures what the process uses from its making on. */
export class UsageMeter {
  readonly #cpuAtStartMs = cpuMs();
  /** By thread of the system: its wait when the meter was made, 0 for later ones. */
  readonly #waitAtStart = new Map<string, number>();
  /** The same, when last read; of threads that have ended, for good. */
  readonly #waitLastSeen = new Map<string, number>();
  #sampledMs = performance.now();

  constructor() {
    const waits = coreWaits();
    if (waits === undefined) return;
    for (const [thread, wait] of waits) {
      this.#waitAtStart.set(thread, wait);
      this.#waitLastSeen.set(thread, wait);
    }
  }

  /** Called now and then while it measures. */
  sample(): void {
    const nowMs = performance.now();
    if (nowMs - this.#sampledMs < SAMPLE_EVERY_MS) return;
    this.#sampledMs = nowMs;
    this.#readWaits();
  }

  #readWaits(): void {
    for (const [thread, wait] of coreWaits() ?? []) this.#waitLastSeen.set(thread, wait);
  }

  /** Used since the meter was made. */
  read(): ProcessUsage {
    const cpuNow = cpuMs();
    this.#readWaits();
    let waitNs = 0;
    for (const [thread, wait] of this.#waitLastSeen) waitNs += Math.max(0, wait - (this.#waitAtStart.get(thread) ?? 0));
    return {
      cpuMs: cpuNow === undefined || this.#cpuAtStartMs === undefined ? undefined : cpuNow - this.#cpuAtStartMs,
      coreWaitMs: this.#waitLastSeen.size === 0 ? undefined : waitNs / 1e6,
      cores: coresAllowed(),
    };
  }
}

function cpuMs(): number | undefined {
  const usage = host?.cpuUsage?.();
  return usage === undefined ? undefined : (usage.user + usage.system) / 1000;
}

/**
 * Nanoseconds that each thread of the process has waited for a core, by its
 * number; `undefined` where there is no such count.
 *
 * Read synchronously, and by the thread's number: a read in the background would
 * be done by another thread.
 */
function coreWaits(): Map<string, number> | undefined {
  const files = fileSystem();
  if (files === undefined) return undefined;
  const waits = new Map<string, number>();
  try {
    for (const thread of files.readdirSync("/proc/self/task")) {
      // "time on a core" "time waiting for one" "turns"
      const wait = Number(readText(files, `/proc/self/task/${thread}/schedstat`)?.split(" ")[1]);
      if (wait >= 0) waits.set(thread, wait);
    }
  } catch {
    return undefined; // not Linux, or not allowed to look
  }
  return waits;
}

function readText(files: FileSystem, path: string): string | undefined {
  try {
    return files.readFileSync(path, "latin1");
  } catch {
    return undefined; // the thread has just ended
  }
}

/**
 * Writes a trace as a file that ui.perfetto.dev and chrome://tracing open.
 *
 * Blocks the thread until the file is written, so that it can be called while the
 * process ends. To send a trace elsewhere, use `chromeTraceChunks`.
 *
 * **Throws** what the file system throws; `SKEIN_INVALID_ARGUMENT` where there is
 * none.
 *
 * @example
 * ```ts
 * const { trace } = await record(() => program());
 * writeChromeTrace(trace, "trace.json");
 * ```
 *
 * @since 0.1.0
 */
export function writeChromeTrace(trace: Trace, path: string | URL): void {
  const files = fileSystem();
  if (files === undefined) {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      "writeChromeTrace needs a file system, and this platform has none: use chromeTraceChunks, and send its parts",
    );
  }
  const file = files.openSync(path, "w");
  try {
    for (const chunk of chromeTraceChunks(trace)) files.writeFileSync(file, chunk);
  } finally {
    files.closeSync(file);
  }
}
