/**
 * Short runs of the shared structures on real threads, many of which are stopped in
 * the middle, to find one that hangs, loses something or shows an order that can't be.
 *
 *     npm run stress              1000 runs
 *     npm run stress -- 20        20 runs
 *     npm run stress -- 1 417     run 417 again
 */
import { spawn } from "node:child_process";
import { join } from "node:path";

import { compile, MODULES_CONDITION, ROOT } from "./compile.mjs";

if (!compile(["src", "test", "examples"]).ok) process.exit(1);
const program = join(ROOT, "build/test/shared/stress.js");
const child = spawn(
  process.execPath,
  ["--enable-source-maps", `--conditions=${MODULES_CONDITION}`, program, ...process.argv.slice(2)],
  {
    stdio: "inherit",
  },
);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("close", (code) => (process.exitCode = code ?? 1));
