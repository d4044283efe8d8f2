/** The host of platforms for which threads are not written yet. */
import { MisuseError } from "../../core/errors.js";
import type { DiagnosticsChannel, Host } from "./host.js";

const SILENT: DiagnosticsChannel = { hasSubscribers: false, publish: () => undefined };

export const host: Host = {
  submitted: SILENT,
  settled: SILENT,
  startThread() {
    throw new MisuseError(
      "SKEIN_INVALID_ARGUMENT",
      "threads() does not run on this platform yet: it needs node:worker_threads (Node, Bun, Deno). Use `here`",
    );
  },
  receiveNow: () => undefined,
  isLoopQuiet: () => false,
  printing: () => undefined,
  heapMb: () => 0,
  kernelThreadId: () => undefined,
  pinThread: async () => "this platform does not tell which core runs what",
  allowedCores: () =>
    (globalThis as { navigator?: { hardwareConcurrency?: number } }).navigator?.hardwareConcurrency ?? 1,
  typeScriptLoaderFor: () => undefined,
};
