/** The program's side of `skein advise`: it runs under observation, and leaves what was seen in a folder. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { ObservedProgram } from "../advise/advice.js";
import { type Executor, spawning, taskIdentity } from "../async/executor.js";
import { coreAllowance } from "../threads/host/cores.js";
import { threads } from "../threads/threads.js";
import { observe } from "../trace/index.js";

/** In the folder: what the parent wants, and what it gets. */
export const FILES = { places: "places.json", program: "program.json", trace: "run.skein" } as const;

/** Names of jobs, and where they are to run. */
export type Places = Readonly<Record<string, "here" | "threads">>;

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Observes the program from now on; what was seen is written when the process ends. */
export function observeForAdvice(folder: string): void {
  const places = JSON.parse(readFileSync(join(folder, FILES.places), "utf8")) as Places;
  const tasks: Record<string, { readonly key: string; readonly module: string }> = Object.create(null) as never;
  spawning.watch = (fn, name, on) => {
    const identity = taskIdentity(fn);
    if (identity === undefined) return on;
    tasks[name] ??= { key: identity.key, module: identity.module };
    return placed(places[name], on);
  };
  const observer = observe();
  const beganUs = profilerUs();
  // Without a listener the signal would end the process before anything is written. A
  // program that listens itself decides for itself.
  for (const signal of Object.keys(EXIT_CODES) as (keyof typeof EXIT_CODES)[]) {
    process.on(signal, () => {
      if (process.listenerCount(signal) === 1) process.exit(EXIT_CODES[signal]);
    });
  }
  process.once("exit", () => {
    const wallMs = (profilerUs() - beganUs) / 1000;
    const program: ObservedProgram = { wallMs, cores: coreAllowance().cores, beganUs, tasks };
    writeFileSync(join(folder, FILES.trace), observer.stopToFile());
    writeFileSync(join(folder, FILES.program), JSON.stringify(program));
  });
}

/** Microseconds of the clock that the engine's profiler has. */
function profilerUs(): number {
  // oxlint-disable-next-line no-restricted-properties -- no other clock of the platform has its zero
  return Number(process.hrtime.bigint() / 1000n);
}

function placed(place: "here" | "threads" | undefined, on: Executor | undefined): Executor | undefined {
  if (place === "here") return undefined;
  // A pool of the program's own may be made as it is for a reason.
  if (place === "threads")
    return on === undefined || on.runsHere === true || on.letsRunHere !== undefined ? threads() : on;
  return on;
}
