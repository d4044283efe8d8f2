/**
 * Random jobs with random faults on one pool, for as long as is asked, each submission
 * accounted for and memory watched.
 *
 *     npm run soak                10 minutes
 *     npm run soak -- 1           one minute
 *     npm run soak -- 1 417       one minute of seed 417
 */
import { spawn } from "node:child_process";
import { join } from "node:path";

import { compile, MODULES_CONDITION, ROOT } from "./compile.mjs";

if (!compile(["src", "test", "examples"]).ok) process.exit(1);
const program = join(ROOT, "build/test/threads/soak-for.js");
// What the jobs leave uncaught is reported, as it should be: thousands of times.
const flags = ["--enable-source-maps", `--conditions=${MODULES_CONDITION}`, "--no-warnings"];
const child = spawn(process.execPath, [...flags, program, ...process.argv.slice(2)], { stdio: "inherit" });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("close", (code) => (process.exitCode = code ?? 1));
