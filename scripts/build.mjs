/** Builds what the package ships: `src/` and `labs/` into `dist/`, that into `dist/bundle/`, and the inspector's page. */
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";

import { bundle } from "./bundle.mjs";
import { compile, ROOT, run, since } from "./compile.mjs";

const startMs = performance.now();
const { ok } = compile(["src", "labs"]);

// npm makes a command executable when it installs the package; this is for
// running it from here.
const command = join(ROOT, "dist/cli/bin.js");
if (existsSync(command)) chmodSync(command, 0o755);

if (ok) await bundle();
console.log(`build: src, labs -> dist ${ok ? "is up to date" : "has type errors"} (${since(startMs)})`);
const isWhole = ok && run(process.execPath, ["scripts/page.mjs"]).ok;
process.exitCode = isWhole ? 0 : 1;
