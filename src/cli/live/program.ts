/** A program that is started to be looked at. */
import { spawn } from "node:child_process";
import { constants } from "node:os";

import { ProgramOutput } from "./program-output.js";

export interface ProgramOptions {
  /** Whether a table has the terminal, so that the program's output must wait. */
  readonly waitsWithOutput: boolean;
  /** Where all of its output is to be written. */
  readonly output: string | undefined;
  /** That of this process if `undefined`. */
  readonly environment: NodeJS.ProcessEnv | undefined;
}

/** So often a program may be asked to end; then it is ended. */
const MOST_REQUESTS = 3;

/**
 * A process of its own, in a group of its own: Ctrl-C at the terminal reaches it only by
 * way of `interrupt`, and so once.
 *
 * Its output: kept for later while a table has the terminal; else written to the standard
 * error of this process, as tables go to the standard output; or into a file.
 */
export class LookedProgram {
  readonly pid: number | undefined;
  /** The exit code, as a shell has it; settles when all of the output is taken too. */
  readonly exitCode: Promise<number>;
  readonly output: ProgramOutput | undefined;
  /** How it has ended: its exit code, or the name of a signal. */
  ended: string | undefined = undefined;
  readonly #kill: (signal: NodeJS.Signals) => void;
  #requests = 0;

  constructor(args: readonly string[], { waitsWithOutput, output, environment }: ProgramOptions) {
    this.output = waitsWithOutput || output !== undefined ? new ProgramOutput(output) : undefined;
    const child = spawn(process.execPath, args, {
      // A terminal has one reader, and that is the table, or nobody.
      stdio: [
        process.stdin.isTTY ? "ignore" : "inherit",
        ...(this.output === undefined ? [2, 2] : ["pipe", "pipe"]),
      ] as ["ignore" | "inherit", "pipe" | 2, "pipe" | 2],
      env: environment ?? process.env,
      detached: true,
    });
    this.pid = child.pid;
    this.#kill = (signal) => void child.kill(signal);
    const taken = [child.stdout, child.stderr].map((stream) =>
      stream === null || this.output === undefined ? Promise.resolve() : this.output.take(stream),
    );
    this.exitCode = new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        this.ended = signal ?? String(code);
        const shown = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
        Promise.all(taken).then(() => resolve(shown), reject);
      });
    });
    // Should this process fail, the program does not stay behind.
    process.once("exit", () => {
      if (this.ended === undefined) this.#kill("SIGTERM");
    });
  }

  /** Passes a signal on; the last of several ends the program whatever it does. */
  interrupt(signal: NodeJS.Signals): void {
    this.#requests++;
    this.#kill(this.#requests >= MOST_REQUESTS ? "SIGKILL" : signal);
  }
}
