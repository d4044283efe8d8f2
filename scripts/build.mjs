/** Builds what the package ships: `src/` and `labs/` into `dist/`, that into `dist/bundle/`, and the inspector's page. */
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";

import { bundle } from "./bundle.mjs";
import { compile, ROOT, run, since } from "./compile.mjs";
import { makeKernels } from "./kernels.mjs";

const startMs = performance.now();
const areMade = makeKernels();
const ok = areMade && compile(["src", "labs"]).ok;

// npm makes a command executable when it installs the package; this is for
// running it from here.
const command = join(ROOT, "dist/cli/bin.js");
if (existsSync(command)) chmodSync(command, 0o755);

if (ok) await bundle();
console.log(
  `build: src, labs -> dist ${ok ? "is up to date" : areMade ? "has type errors" : "is as it was"} (${since(startMs)})`,
);
const isWhole = ok && run(process.execPath, ["scripts/page.mjs"]).ok;
process.exitCode = isWhole ? 0 : 1;
