/**
 * When the thread that observes is told to write what it keeps: what happens to the
 * process, of which only the thread that started the program hears.
 *
 * Stalls and deadlocks are not here: the observer sees these itself, while the program's
 * threads are blocked.
 */
import { MisuseError } from "../../core/errors.js";
import { snapshotPath } from "./snapshots.js";

interface HostProcess {
  on?(event: string, listener: () => void): void;
  off?(event: string, listener: () => void): void;
}

export interface Triggered {
  /** Has what is kept written into this file, while the process goes on. */
  write(path: string): void;
  /** The same, and returns when it is written. */
  writeNow(path: string): void;
  /** Returns when the observer has read what the threads have reported until now. */
  settle(): void;
}

export interface TriggerOptions {
  /** Where files go; without it there is none but by signal. */
  readonly folder: string | undefined;
  readonly signal: string | undefined;
}

/**
 * Begins to listen. @returns what ends it
 *
 * **Throws** `SKEIN_INVALID_ARGUMENT` if the signal is none, or can't be listened to.
 */
export function watchTriggers({ folder, signal }: TriggerOptions, then: Triggered): () => void {
  const { process } = globalThis as { process?: HostProcess };
  const stops: (() => void)[] = [];
  const listen = (event: string, listener: () => void): void => {
    process?.on?.(event, listener);
    stops.push(() => process?.off?.(event, listener));
  };
  if (signal !== undefined) {
    try {
      listen(signal, () => then.write(snapshotPath(folder ?? ".", "signal", epochMs())));
    } catch (error) {
      throw noSignal(signal, error instanceof Error ? error.message : String(error));
    }
  }
  if (folder !== undefined) {
    // Of an error that ends the process, the last minute is what one wants to see: a
    // rejection that nobody handles is one, too. The process ends after this.
    listen("uncaughtExceptionMonitor", () => then.writeNow(snapshotPath(folder, "uncaught", epochMs())));
    // What was marked last, as a deadlock, is to be seen before the process is gone.
    listen("exit", () => then.settle());
  }
  return () => {
    for (const stop of stops.splice(0)) stop();
  };
}

/** Refuses what is not written as a signal, of which the platform would say nothing. */
export function requireSignal(signal: unknown): void {
  if (signal === undefined || (typeof signal === "string" && /^SIG[A-Z\d]+$/.test(signal))) return;
  throw noSignal(signal, "it is not the name of one");
}

function noSignal(signal: unknown, why: string): MisuseError {
  return new MisuseError(
    "SKEIN_INVALID_ARGUMENT",
    `snapshotSignal expected a signal that a process can listen to, such as "SIGUSR2", but ${String(signal)} came: ${why}`,
  );
}

function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
