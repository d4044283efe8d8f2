/** What the pool needs of the platform: the only part that differs between runtimes. */
import type { FromThread, ThreadSetup, ToThread } from "../messages.js";
import type { TypeScriptLoader } from "../registry.js";

/** Why a thread ended. */
export interface ThreadEnd {
  readonly exitCode: number | undefined;
  /** What it threw, if that ended it. */
  readonly error: unknown;
}

/** A platform thread that runs the boot code. It does not keep the process alive. */
export interface HostThread {
  /** Throws `DataCloneError` if the message can't be cloned; then nothing was sent. */
  post(message: ToThread, transfer: readonly object[]): void;
  /** Whether there is output of the thread that has arrived here, but is not printed yet. */
  isPrinting(): boolean;
  /** Stops it, whatever it does; settles when it has ended. */
  terminate(): Promise<void>;
}

/** What a thread may take; a thread that takes more is ended by the engine. As in `node:worker_threads`. */
export interface ResourceLimits {
  readonly maxOldGenerationSizeMb?: number;
  readonly maxYoungGenerationSizeMb?: number;
  readonly codeRangeSizeMb?: number;
  readonly stackSizeMb?: number;
}

export interface HostThreadOptions {
  readonly name: string;
  readonly index: number;
  readonly setup: ThreadSetup;
  readonly resourceLimits: ResourceLimits | undefined;
  /** A script to import before anything else, if there is one. */
  readonly library: string | undefined;
  /** The memory of the shared heap, as it is posted. */
  readonly heap: unknown;
  readonly onMessage: (message: FromThread) => void;
  /** Called once, last. */
  readonly onEnd: (end: ThreadEnd) => void;
}

/** A channel of the platform's diagnostics, as `node:diagnostics_channel` has them. */
export interface DiagnosticsChannel {
  readonly hasSubscribers: boolean;
  publish(message: unknown): void;
}

export interface Host {
  /** Told of each job that a pool was given: `{ pool, task, name }`. */
  readonly submitted: DiagnosticsChannel;
  /** Told of each that has settled: the same, and `error` if it failed. */
  readonly settled: DiagnosticsChannel;
  startThread(options: HostThreadOptions): HostThread;
  /** On a thread: the next message that has come by its port, if there is one. */
  receiveNow(port: unknown): { readonly message: unknown } | undefined;
  /**
   * On a thread: whether its event loop waits for nothing but its port, so that
   * blocking the thread keeps nobody up. False where the platform does not tell.
   */
  isLoopQuiet(): boolean;
  /**
   * On a thread: settles when what it has printed so far has arrived; `undefined` if it
   * has, or where what threads print does not go through the main thread.
   */
  printing(): Promise<void> | undefined;
  /** On a thread: megabytes on its heap; 0 where the platform does not tell. */
  heapMb(): number;
  /** On a thread: the operating system's number of it; `undefined` where that can't be found out. */
  kernelThreadId(): number | undefined;
  /**
   * Has the operating system run a thread of this process on these cores only.
   *
   * @returns why that can't be done, if it can't
   */
  pinThread(kernelThreadId: number, cores: readonly number[]): Promise<string | undefined>;
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
