/** `skein open`: shows recorded traces in the browser, until Ctrl-C. */
import { basename } from "node:path";

import { exportsOf, InspectorServer, readTrace, TraceInputError } from "../inspect/index.js";
import { openBrowser } from "./open-browser.js";

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
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") return `port ${port} is taken; without --port a free one is found`;
  return code === "EACCES" ? `port ${port} is not allowed; name one from 1024 on` : undefined;
}

/** Settles when the person, or who started us, has seen enough. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => resolve());
  });
}
