/** The frame of a program: a root scope that the process's signals cancel. */
import { CancelledError, describeThrown, MisuseError } from "../core/errors.js";
import { reportToOwner } from "../core/report.js";
import { parkIfImporting, workerMarker } from "../core/thread.js";
import { describeKind } from "./cancel.js";
import { dump } from "./dump.js";
import { rootScopes, type Scope, type ScopeOptions, TaskScope } from "./scope.js";

/** Why a program was cancelled, when a signal of the system did it. */
class SignalReason extends Error {
  readonly signal: string;
  constructor(signal: string) {
    super(`the process got ${signal}`);
    this.name = "Signal";
    this.signal = signal;
  }
}

/** What is used of the host's process; other hosts than Node have part of it or none. */
interface HostProcess {
  exitCode?: number | string | null | undefined;
  on(event: string, listener: (...args: never[]) => void): unknown;
  off(event: string, listener: (...args: never[]) => void): unknown;
  exit(code: number): never;
}

// The numbers that shells give a program ended by the signal.
const EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
const FAILED = 1;

let started = false;

/** True once the program has called `main`. */
export function mainWasCalled(): boolean {
  return started;
}

/**
 * Runs a program: `body` in a root scope, with the process around it.
 *
 * - Ctrl-C (SIGINT), SIGTERM and SIGHUP cancel the scope; a second one ends the
 *   process at once.
 * - The exit code follows the outcome: 0, 1 after a failure, which is printed,
 *   130 after Ctrl-C. A `process.exitCode` that the body sets stands, but 0 does not
 *   stand after a failure.
 * - If nothing is left that could wake a waiting job, the tree of jobs is printed
 *   and the exit code is 1, instead of a silent 0.
 * - SIGUSR2 prints the tree of jobs.
 *
 * On a thread of a pool, which imports the program's modules to find its tasks,
 * nothing runs and the promise never settles.
 *
 * @example
 * ```ts
 * main(async (s) => {
 *   const answer = await s.spawn(async () => 42);
 *   console.log(answer);
 * });
 * ```
 *
 * @since 0.1.0
 */
export async function main(body: (scope: Scope) => unknown, options: ScopeOptions = {}): Promise<void> {
  if (typeof body !== "function") {
    throw new MisuseError("SKEIN_INVALID_ARGUMENT", `main expected a function, but ${describeKind(body)} came`);
  }
  if (workerMarker !== undefined) return parkIfImporting() ?? new Promise(() => undefined);
  started = true;
  const host = (globalThis as unknown as { process?: HostProcess }).process;
  const root = new TaskScope(undefined, { name: "main", ...options });
  const handlers: [string, (...args: never[]) => void][] = [];
  let wasSignalled = false;
  for (const signal of Object.keys(EXIT_CODES)) {
    handlers.push([
      signal,
      () => {
        // The first only asks, even if the program is ending for another reason by
        // then: its cleanups are under way.
        if (wasSignalled) host?.exit(EXIT_CODES[signal] ?? FAILED);
        wasSignalled = true;
        root.cancel(new SignalReason(signal));
      },
    ]);
  }
  handlers.push(["SIGUSR2", () => console.error(dump(rootScopes()))]);
  for (const [event, handler] of handlers) host?.on(event, handler);
  try {
    await root.run(body);
  } catch (error) {
    report(error, root, host);
  } finally {
    for (const [event, handler] of handlers) host?.off(event, handler);
  }
}

function report(error: unknown, root: TaskScope, host: HostProcess | undefined): void {
  const reason = root.reason;
  const bySignal = reason instanceof SignalReason;
  const exitCode = bySignal ? (EXIT_CODES[reason.signal] ?? FAILED) : FAILED;
  // A code that the body set stands, unless it would call the failure a success.
  if (host !== undefined && Number(host.exitCode ?? 0) === 0) host.exitCode = exitCode;
  // A program that did nothing but stop when asked to has no error to report.
  if (bySignal && error instanceof CancelledError) console.error(`cancelled: ${reason.message}`);
  else if (host === undefined) reportToOwner(`the program failed: ${describeThrown(error)}`, error);
  else console.error(error);
}
