/** Starts the inspector of this program, on a thread of its own. */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";

import { conditionFlags } from "../core/host-thread.js";

import type { ObserverLevel } from "../trace/observer/observer-level.js";
import type { InspectorThreadData, InspectorThreadNews, LevelNews } from "./inspector-thread.js";

/** What has a level: an observer. */
export interface Levelled {
  readonly level: ObserverLevel;
  setLevel(level: ObserverLevel): void;
}

export interface LiveInspector {
  /** The page's address, with its token. */
  readonly url: string;
  /** The number by which the kernel knows its thread. */
  readonly kernelThread: number | undefined;
  /**
   * Takes the recording, in parts that together are a trace file, and "ended" at its end:
   * what an observer feeds. May be handed on to the thread that collects them.
   */
  readonly parts: MessagePort;
  /** Has pages show the level of what is observed, and change it. They are told when it has changed, as the program may be busy. */
  switchLevelOf(observer: Levelled): void;
  /** True keeps the process alive for the page. */
  keepAlive(isKept: boolean): void;
  close(): Promise<void>;
}

/** The address can't be listened at; `code` is the system's. */
export class InspectorStartError extends Error {
  readonly code: string | undefined;
  constructor(message: string, code: string | undefined) {
    super(message);
    this.name = "InspectorStartError";
    this.code = code;
  }
}

/** @param port - 0 for any that is free */
export async function startInspector(name: string, port: number): Promise<LiveInspector> {
  const { port1, port2 } = new MessageChannel();
  const data: InspectorThreadData = { name, port, parts: port2 };
  const worker = new Worker(new URL(import.meta.resolve("#inspector")), {
    name: "skein inspector",
    workerData: data,
    transferList: [port2],
    // The program's own flags and loaders are none of its business.
    execArgv: conditionFlags(process.execArgv),
  });
  const news = await new Promise<InspectorThreadNews>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) => reject(new Error(`the inspector's thread ended with ${code}`)));
  });
  if (!("url" in news)) {
    await worker.terminate();
    throw new InspectorStartError(news.message, news.code);
  }
  // What happens to the inspector later is no reason for the program to fail.
  // By their names: without the platform's own listeners no message would come any more.
  for (const event of ["message", "error", "exit"]) worker.removeAllListeners(event);
  worker.on("error", (error: unknown) => console.error("skein: the inspector has failed:", error));
  worker.unref();
  port1.unref();
  return {
    url: news.url,
    kernelThread: news.kernelThread,
    parts: port1,
    switchLevelOf: (observer) => {
      const tell = (): void => worker.postMessage({ level: observer.level } satisfies LevelNews);
      worker.on("message", ({ level }: LevelNews) => {
        observer.setLevel(level);
        tell();
      });
      // The listener holds the process.
      worker.unref();
      tell();
    },
    keepAlive: (isKept) => {
      if (isKept) worker.ref();
      else worker.unref();
    },
    close: async () => {
      port1.close();
      await worker.terminate();
    },
  };
}
