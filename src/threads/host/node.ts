/** Threads of Node, Bun and Deno: `node:worker_threads`. */
import { Worker } from "node:worker_threads";

import { BOOT } from "../boot.js";
import type { FromThread } from "../messages.js";
import { coreAllowance } from "./cores.js";
import type { Host, HostThread, HostThreadOptions } from "./host.js";
import { typeScriptLoaderFor } from "./typescript.js";

function startThread(options: HostThreadOptions): HostThread {
  const worker = new Worker(BOOT, {
    eval: true,
    name: options.name,
    workerData: {
      index: options.index,
      name: options.name,
      cancelCells: new Int32Array(options.cancelCells),
      heap: options.heap,
    },
  });
  let thrown: unknown;
  worker.on("message", (message: FromThread) => options.onMessage(message));
  // "exit" follows in any case, and only then is nothing more to come.
  worker.on("error", (error) => (thrown = error));
  worker.on("exit", (exitCode) => options.onEnd({ exitCode, error: thrown }));
  return {
    post: (message, transfer) => worker.postMessage(message, transfer as ArrayBuffer[]),
    keepAlive: (keep) => (keep ? worker.ref() : worker.unref()),
    async terminate() {
      await worker.terminate();
    },
  };
}

export const host: Host = {
  startThread,
  allowedCores: () => coreAllowance().cores,
  typeScriptLoaderFor,
};
