/** The observer's thread, as Node, Bun and Deno have it. */
import { conditionFlags } from "../../core/host-thread.js";
import type { ObserverSetup } from "./messages.js";

/** What stands on `globalThis` of an observer's thread when its module is loaded. */
export const OBSERVER_MARKER: unique symbol = Symbol.for("skein.observer") as never;

export interface ObserverPort {
  postMessage(message: unknown, transfer?: readonly unknown[]): void;
  on(event: "message", listener: (message: unknown) => void): void;
  ref?(): void;
  unref?(): void;
}

export interface FileSystem {
  mkdirSync(path: string, options: { readonly recursive: true }): unknown;
  writeFileSync(path: string, bytes: Uint8Array): void;
}

export interface ObserverMarker {
  readonly setup: ObserverSetup;
  readonly port: ObserverPort;
  readonly answers: ObserverPort;
  readonly fileSystem: FileSystem | undefined;
}

interface Worker extends ObserverPort {
  terminate(): Promise<unknown>;
  unref(): void;
  once(event: "error" | "exit", listener: (fact: unknown) => void): void;
}

interface WorkerThreads {
  readonly Worker: new (code: string, options: object) => Worker;
  readonly MessageChannel: new () => { readonly port1: ObserverPort; readonly port2: ObserverPort };
  receiveMessageOnPort(port: ObserverPort): { readonly message: unknown } | undefined;
}

/**
 * The first code of the thread: leaves the marker and loads the module, which serves
 * because of it. In the common part of script and module, as flags of the process decide
 * which of the two it is taken for.
 */
const BOOT = `
import("node:worker_threads").then(async ({ parentPort: port, workerData: { module, setup } }) => {
  const fileSystem = await import("node:fs");
  globalThis[Symbol.for("skein.observer")] = { setup, port, answers: setup.answers, fileSystem };
  await import(module);
});
`;

/** The observer's thread, from the side that started it. It does not keep the process alive. */
export interface ObserverWorker {
  post(message: unknown, transfer?: readonly unknown[]): void;
  /** An answer that has come, if there is one. */
  receiveNow(): unknown;
  terminate(): void;
}

const builtIn = (name: string): unknown =>
  (globalThis as { process?: { getBuiltinModule?(name: string): unknown } }).process?.getBuiltinModule?.(name);

const execArgv = (): readonly string[] =>
  (globalThis as { process?: { readonly execArgv?: readonly string[] } }).process?.execArgv ?? [];

/**
 * Starts the thread. @returns why it can't be, if it can't
 *
 * @param module - URL of the module that serves
 */
export function startObserverWorker(
  module: string,
  setup: Omit<ObserverSetup, "answers">,
  onMessage: (message: unknown) => void,
  onEnd: (why: string) => void,
): ObserverWorker | string {
  const threads = builtIn("node:worker_threads") as WorkerThreads | undefined;
  if (threads === undefined) return "this platform has no threads of its own for it";
  const { port1, port2 } = new threads.MessageChannel();
  let worker: Worker;
  try {
    worker = new threads.Worker(BOOT, {
      eval: true,
      name: "skein-observer",
      workerData: { module, setup: { ...setup, answers: port2 } },
      transferList: [port2],
      // It is no part of the program: its flags of tracing and profiling are not for it.
      execArgv: conditionFlags(execArgv()),
    });
  } catch (error) {
    return `the platform refuses threads: ${error instanceof Error ? error.message : String(error)}`;
  }
  worker.on("message", onMessage);
  worker.once("error", (error) => onEnd(error instanceof Error ? error.message : String(error)));
  worker.once("exit", () => onEnd("it has ended"));
  worker.unref();
  port1.unref?.();
  return {
    post: (message, transfer) => worker.postMessage(message, transfer ?? []),
    receiveNow: () => threads.receiveMessageOnPort(port1)?.message,
    terminate: () => void worker.terminate(),
  };
}
