/** The threads of Node on which schedules are followed. */

/** What stands on `globalThis` of such a thread when its module is loaded. */
export const ROLE_MARKER: unique symbol = Symbol.for("skein.explore.role") as never;

interface Worker {
  on(event: "message" | "error" | "exit", listener: (fact: unknown) => void): void;
  terminate(): Promise<unknown>;
  unref(): void;
  readonly stdout: { resume(): void };
  readonly stderr: { resume(): void };
}

interface WorkerThreads {
  readonly Worker: new (code: string, options: object) => Worker;
}

/** A loader that makes TypeScript modules importable: the URLs of its two halves. */
interface Loader {
  readonly esm: string;
  readonly cjs: string;
}

/**
 * The first code of the thread: makes ready for TypeScript, leaves the marker and loads
 * the module, which plays its role because of it. In the common part of script and
 * module, as flags of the process decide which of the two it is taken for.
 */
const BOOT = `
import("node:worker_threads").then(async ({ parentPort: port, workerData: { module, setup, loader } }) => {
  process.setSourceMapsEnabled?.(true);
  for (const part of loader === undefined ? [] : [loader.cjs, loader.esm]) (await import(part)).register();
  globalThis[Symbol.for("skein.explore.role")] = { setup, tell: (fact) => port.postMessage(fact) };
  await import(module);
});
`;

const { process: host } = globalThis as {
  process?: { getBuiltinModule?(name: string): unknown; readonly argv?: readonly string[] };
};

function workerThreads(): WorkerThreads | undefined {
  return host?.getBuiltinModule?.("node:worker_threads") as WorkerThreads | undefined;
}

/** Whether there are threads at all. */
export function hasThreads(): boolean {
  return workerThreads() !== undefined;
}

interface Serializer {
  serialize(value: unknown): Uint8Array;
  deserialize(bytes: Uint8Array): unknown;
}

function serializer(): Serializer {
  return host?.getBuiltinModule?.("node:v8") as Serializer;
}

/** A value as it would be cloned; `undefined` if it can't be. */
export function toBytes(value: unknown): Uint8Array | undefined {
  try {
    return serializer().serialize(value);
  } catch {
    return undefined; // a function is in it, or the like
  }
}

export function fromBytes(bytes: Uint8Array): unknown {
  return serializer().deserialize(bytes);
}

/**
 * Starts a thread; its flags are those of the process, conditions and loaders among them.
 *
 * What it prints is dropped: it runs parts of the program once more.
 */
export function startRoleThread(
  name: string,
  module: string,
  setup: unknown,
  loader: Loader | undefined,
  onMessage: (message: unknown) => void,
  onEnd: (why: string | undefined) => void,
): { terminate(): Promise<unknown> } {
  const { Worker } = workerThreads() as WorkerThreads;
  const worker = new Worker(BOOT, {
    eval: true,
    name,
    argv: host?.argv?.slice(2),
    workerData: { module, setup, loader },
    stdout: true,
    stderr: true,
  });
  worker.stdout.resume();
  worker.stderr.resume();
  worker.on("message", onMessage);
  worker.on("error", (error) => onEnd(error instanceof Error ? error.message : String(error)));
  worker.on("exit", () => onEnd(undefined));
  return worker;
}
