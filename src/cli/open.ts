/** `skein open`: shows recorded traces in the browser, until Ctrl-C. */
import { basename } from "node:path";

import { exportsOf, InspectorServer, readTrace, TraceInputError } from "../inspect/index.js";
import { openBrowser } from "./open-browser.js";
import { interrupted, portProblem } from "./serving.js";

export interface OpenOptions {
  readonly port: number;
  /** False for `--no-browser`. */
  readonly browser: boolean;
}

export async function openTraces(files: readonly string[], options: OpenOptions): Promise<void> {
  try {
    const traces = files.map((file) => {
      const { bytes, problem } = readTrace(file);
      if (problem !== undefined) console.error(`skein open: only the first part of ${file} can be shown: ${problem}`);
      return { name: basename(file), bytes };
    });
    const [first] = traces;
    if (first === undefined) return;
    const server = new InspectorServer({
      name: first.name,
      traces,
      live: undefined,
      exports: exportsOf(first.name, () => first.bytes),
    });
    const url = await server.listen(options.port);
    // Before the address is printed: whoever waits for that may end us at once.
    const ended = interrupted();
    console.log(`skein: ${traces.map(({ name }) => name).join(" and ")} at ${url}\n  Ctrl-C ends it.`);
    if (options.browser && process.stdout.isTTY) openBrowser(url);
    await ended;
    await server.close();
  } catch (error) {
    const words = wordsFor(error, options.port);
    if (words === undefined) throw error;
    console.error(`skein open: ${words}`);
    process.exitCode = 1;
  }
}

function wordsFor(error: unknown, port: number): string | undefined {
  if (error instanceof TraceInputError) return error.message;
  return portProblem(error, port, "--port");
}
