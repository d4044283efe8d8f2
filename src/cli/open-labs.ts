/** `skein lab --inspect`: the labs as pages of the inspector, until Ctrl-C. */
import { InspectorServer } from "../inspect/index.js";
import { findLabs, LABS } from "../labs/catalog.js";
import type { LabOptions } from "../labs/lab-command.js";
import { LabServer } from "../labs/lab-server.js";
import { openBrowser } from "./open-browser.js";
import { interrupted, portProblem } from "./serving.js";

export interface LabInspectOptions {
  /** The port; 0, or no value, for any that is free. */
  readonly inspect?: number | true;
  /** False for `--no-browser`. */
  readonly browser: boolean;
}

/** What only the terminal has. */
const ELSEWHERE = ["all", "code", "with", "knob", "predict", "json"] as const;

/** Serves the page; the exit code is 1 if it was asked wrongly. */
export async function openLabs(which: readonly string[], options: LabOptions & LabInspectOptions): Promise<void> {
  const port = typeof options.inspect === "number" ? options.inspect : 0;
  const found = which.flatMap((word) => findLabs(word).slice(0, 1));
  const problem = problemOf(which, found.length, options);
  if (problem !== undefined) return fail(problem);
  const labs = new LabServer();
  const server = new InspectorServer({ name: "Skein labs", traces: [], live: undefined, exports: new Map(), labs });
  // Before anything runs: whoever waits for the address may end us at once.
  const ended = interrupted();
  let address: string;
  try {
    address = await server.listen(port);
  } catch (error) {
    const words = portProblem(error, port, "a number behind --inspect");
    if (words === undefined) throw error;
    return fail(words);
  }
  const [first] = found;
  const url = `${address}#labs${first === undefined ? "" : `/${first.name}`}`;
  console.log(`skein: the labs at ${url}\n  Ctrl-C ends it.`);
  if (options.browser && process.stdout.isTTY) openBrowser(url);
  await ended;
  labs.close();
  await server.close();
}

function problemOf(which: readonly string[], found: number, options: LabOptions): string | undefined {
  const elsewhere = ELSEWHERE.find((name) => options[name] !== undefined);
  if (elsewhere !== undefined)
    return `--${elsewhere} is for the terminal, and --inspect for the page: give one of them`;
  if (which.length > 1) return `--inspect opens one lab first, but ${which.join(", ")} were meant`;
  if (found === which.length) return undefined;
  return (
    `there is no lab ${JSON.stringify(which[0])}: expected a number from 1 to ${LABS.length}, a name, or a statement from S1 to S14.\n` +
    "  `skein lab` lists them."
  );
}

function fail(words: string): void {
  console.error(`skein lab: ${words}`);
  process.exitCode = 1;
}
