/**
 * Tools that have packages of their own under `tools/`, each with its lockfile, so that they
 * are not in the root's `node_modules`: they are large, and few need them.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT, run } from "./compile.mjs";

/** A file of what is installed in `tools/NAME`. */
export function toolIn(name, path) {
  return join(ROOT, "tools", name, "node_modules", path);
}

/**
 * Installs `tools/NAME` when it is first needed, and again when its lockfile has changed.
 *
 * @returns {{ ok: boolean, output: string }}
 */
export function installTools(name) {
  const lockfile = readFileSync(join(ROOT, "tools", name, "package-lock.json"));
  const wanted = createHash("sha256").update(lockfile).digest("hex");
  const record = toolIn(name, ".installed-lockfile");
  if (existsSync(record) && readFileSync(record, "utf8") === wanted) return { ok: true, output: "" };
  const installed = run("npm", ["ci", "--prefix", `tools/${name}`, "--no-audit", "--no-fund", "--loglevel=error"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (installed.ok) writeFileSync(record, wanted);
  return installed;
}
