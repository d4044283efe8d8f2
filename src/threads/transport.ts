/**
 * How calls reach a thread and outcomes come back: all that the pool knows of it.
 * The pool decides which thread runs what, and when; the transport carries it.
 */
import type { TaskIdentity } from "../async/executor.js";

/** One run of a task on one thread. */
export interface Call {
  readonly jobId: number;
  readonly name: string;
  readonly task: TaskIdentity;
  readonly args: readonly unknown[];
  readonly transfer: readonly object[];
  /** The stack to put below that of an error. */
  readonly spawnSite: Error;
  /** The task's code starts. Called at most once, before the two below. */
  started(): void;
  /** Exactly one of these two is called, exactly once, for each call sent. */
  succeeded(value: unknown): void;
  failed(error: unknown): void;
}

/** A thread, as the pool sees it. */
export interface ThreadTransport {
  readonly index: number;
  readonly name: string;
  /** False once the thread has ended: then it takes no calls. */
  readonly isAlive: boolean;
  /** Runs a call; one at a time. */
  send(call: Call): void;
  /** Asks the call that runs now to end. */
  cancel(reason: string): void;
  /** Whether this thread keeps the process alive. */
  keepAlive(keep: boolean): void;
  /** Stops the thread, whatever it does; the call it runs fails with `WorkerLostError`. */
  terminate(): Promise<void>;
}

/** Starts a thread; `onEnd` is called once, when it has ended, after its call has failed. */
export type StartThread = (name: string, onEnd: () => void) => ThreadTransport;
