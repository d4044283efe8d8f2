/** Builds what the package ships: `src/` into `dist/`, and that into `dist/bundle/`. */
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";

import { bundle } from "./bundle.mjs";
import { compile, ROOT, since } from "./compile.mjs";

const startMs = performance.now();
const { ok } = compile(["src"]);

// npm makes a command executable when it installs the package; this is for
// running it from here.
const command = join(ROOT, "dist/cli/bin.js");
if (existsSync(command)) chmodSync(command, 0o755);

if (ok) await bundle();
console.log(`build: src -> dist ${ok ? "is up to date" : "has type errors"} (${since(startMs)})`);
process.exitCode = ok ? 0 : 1;
