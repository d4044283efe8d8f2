// The worker file of the pools that want one of their own: which of them started it, the thread's data tell.
import { parentPort, workerData } from "node:worker_threads";

import { functions } from "./dispatch-tasks.js";

interface Message {
  readonly id: number;
  readonly name: string;
  readonly args: readonly never[];
}

const call = (name: string, args: readonly never[]): unknown =>
  (functions[name] as (args: readonly never[]) => unknown)(args);

const data = workerData as { readonly pool?: string } | null;
if (data?.pool === "postMessage") {
  parentPort?.on("message", ({ id, name, args }: Message) => {
    parentPort?.postMessage({ id, value: call(name, args) });
  });
} else if (data?.pool === "workerpool") {
  const { default: workerpool } = await import("workerpool");
  workerpool.worker(
    Object.fromEntries(
      Object.keys(functions).map((name) => [name, (...args: readonly unknown[]) => call(name, args as never)]),
    ),
  );
}

// Piscina and tinypool find the functions by name.
export const add = functions["add"];
export const busy = functions["busy"];
export const negated = functions["negated"];
export const increment = functions["increment"];
