/** What the pool needs of the platform: the only part that differs between runtimes. */
import type { FromThread, ToThread } from "../messages.js";
import type { TypeScriptLoader } from "../registry.js";

/** Why a thread ended. */
export interface ThreadEnd {
  readonly exitCode: number | undefined;
  /** What it threw, if that ended it. */
  readonly error: unknown;
}

/** A platform thread that runs the boot code. */
export interface HostThread {
  /** Throws `DataCloneError` if the message can't be cloned; then nothing was sent. */
  post(message: ToThread, transfer: readonly object[]): void;
  /** Whether the thread keeps the process alive. */
  keepAlive(keep: boolean): void;
  /** Stops it, whatever it does; settles when it has ended. */
  terminate(): Promise<void>;
}

export interface HostThreadOptions {
  readonly name: string;
  readonly index: number;
  readonly cancelCells: SharedArrayBuffer;
  /** The memory of the shared heap, as it is posted. */
  readonly heap: unknown;
  readonly onMessage: (message: FromThread) => void;
  /** Called once, last. */
  readonly onEnd: (end: ThreadEnd) => void;
}

export interface Host {
  startThread(options: HostThreadOptions): HostThread;
  /** Cores this process may keep busy, as the container's limits and the affinity allow; at least 1. */
  allowedCores(): number;
  /**
   * What a thread needs before it can import `module`: nothing, or a TypeScript
   * loader.
   *
   * @param preferred - the loader the program itself was loaded with
   * @returns a sentence instead, if a loader is needed and missing
   */
  typeScriptLoaderFor(module: string, preferred: TypeScriptLoader | undefined): TypeScriptLoader | string | undefined;
}
