/** The Chromium that tests use: $CHROMIUM, one on the PATH, or one that is installed here and now. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import { run } from "./compile.mjs";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

/** So that it needs no display, no sandbox that containers lack, and nobody but us. */
export const CHROMIUM_FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function find() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  const known = process.env.CHROMIUM === undefined ? onPath : [process.env.CHROMIUM, ...onPath];
  return known.find((path) => existsSync(path) && spawnSync(path, ["--version"]).status === 0);
}

/**
 * The program's path; `undefined` if there is none and none could be installed. On a
 * Debian where we may, it is installed; elsewhere that is for its owner to do.
 */
export function chromium() {
  const found = find();
  if (found !== undefined || process.getuid?.() !== 0 || spawnSync("apt-get", ["--version"]).status !== 0) return found;
  console.log("browser: apt-get install chromium (once)");
  const quiet = { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } };
  for (const args of [["update"], ["install", "-y", "--no-install-recommends", "chromium"]]) {
    const { ok, output } = run("apt-get", args, quiet);
    if (!ok) console.error(output);
  }
  return find();
}
