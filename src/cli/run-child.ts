/** Runs Node for a command that shows what another process does. */
import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process";

const EXIT_CODES: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGKILL: 137 };

/**
 * Runs Node to its end. Ctrl-C is the program's, which may have something to say; a
 * second one ends it at once.
 *
 * @returns its exit code
 */
export async function runChild(
  args: readonly string[],
  options: SpawnOptions,
  began: (child: ChildProcess) => void = () => undefined,
): Promise<number> {
  const child = spawn(process.execPath, args, options);
  began(child);
  let interrupts = 0;
  const pass = (signal: NodeJS.Signals): void => {
    // At a terminal Ctrl-C has reached both.
    if (++interrupts > 1) child.kill("SIGKILL");
    else if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, pass);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve(code ?? EXIT_CODES[signal ?? ""] ?? 1));
    });
  } finally {
    for (const signal of signals) process.off(signal, pass);
  }
}
