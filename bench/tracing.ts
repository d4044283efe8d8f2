// What does it cost to be observed, and what that nobody observes?
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { ask, type Load, type Samples } from "./harness.js";

const BUILT = fileURLToPath(new URL(".", import.meta.url));
const PACKAGE = fileURLToPath(new URL("../..", import.meta.url));

/** Files of the program that is measured. */
const PROGRAM = ["tracing-program.js", "dispatch-tasks.js"];

/** A look whether somebody listens; not where that is set. */
const LOOK = /\bprobe\.ring\b(?!\s*=[^=])/g;

/**
 * The same program with a copy of the library in which nothing reports: each look
 * whether somebody listens is a constant, which the compiler removes with all that hangs
 * on it.
 */
function withoutProbes(): string {
  const folder = fileURLToPath(new URL("../../build/bench/without-probes", import.meta.url));
  const library = join(folder, "node_modules/skein");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(library, { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  for (const file of PROGRAM) cpSync(join(BUILT, file), join(folder, file));
  cpSync(join(PACKAGE, "package.json"), join(library, "package.json"));
  cpSync(join(PACKAGE, "dist"), join(library, "dist"), { recursive: true });
  let removed = 0;
  for (const file of readdirSync(join(library, "dist"), { recursive: true, encoding: "utf8" })) {
    if (!file.endsWith(".js")) continue;
    const path = join(library, "dist", file);
    const text = readFileSync(path, "utf8");
    const without = text.replaceAll(LOOK, () => {
      removed++;
      return "undefined";
    });
    if (without !== text) writeFileSync(path, without);
  }
  if (removed < 20) throw new Error(`only ${removed} places report, so what is compared is not without them`);
  return folder;
}

async function measure(load: Load, folder: string, mode: string): Promise<Samples> {
  const program = join(folder, PROGRAM[0] as string);
  const output = execFileSync(process.execPath, [program, mode, load.isQuick ? "quick" : "full"], { encoding: "utf8" });
  return JSON.parse(output) as Samples;
}

await ask({
  module: import.meta.url,
  asks: "What does it cost to be observed, and what that nobody observes?",
  units: { burst: "µs a task", "jobs on this thread": "µs a job", "100 µs jobs": "µs a job" },
  variants: {
    off: (load) => measure(load, BUILT, "off"),
    "without probes": (load) => measure(load, withoutProbes(), "off"),
    observed: (load) => measure(load, BUILT, "observed"),
  },
  targets: [
    { metric: "burst", of: "observed", against: "off", ratioAtMost: 1 / 0.6 },
    { metric: "100 µs jobs", of: "observed", against: "off", ratioAtMost: 1.03 },
    { metric: "burst", of: "off", against: "without probes", ratioAtMost: 1.03 },
  ],
});
