/**
 * Runs the compiler over our projects and keeps their output folders true.
 *
 * `tsc -b` alone leaves two lies behind. It never deletes: the output of a
 * deleted or renamed source stays, and would be tested and published. And it
 * believes its record of the last run rather than the disk: an output that was
 * deleted stays missing.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's folder. Every script works there, wherever it was called from. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** Under this condition the package's names stand for its modules, not for the bundle made of them. */
export const MODULES_CONDITION = "skein-modules";

// As the tsconfig of each project has it. The sources of a project lie in the
// folder that bears its name.
const PROJECTS = {
  src: { output: "dist", record: "build/src.tsbuildinfo" },
  labs: { output: "dist/lab-programs", record: "build/labs.tsbuildinfo" },
  test: { output: "build/test", record: "build/test.tsbuildinfo" },
  inspector: { output: "build/inspector", record: "build/inspector.tsbuildinfo" },
  examples: { output: "build/examples", record: "build/examples.tsbuildinfo" },
};

/** The files under `folder`, as paths from it with forward slashes, in order; none if it does not exist. */
export function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, "/").length).replaceAll("\\", "/"))
    .toSorted();
}

/** Milliseconds since `startMs` (of `performance.now()`), as words. */
export function since(startMs) {
  return `${((performance.now() - startMs) / 1000).toFixed(2)} s`;
}

/**
 * Runs a program in the repository's folder.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {import("node:child_process").SpawnSyncOptions} [options] - by default the output is ours
 * @returns {{ ok: boolean, output: string }} `output` is empty unless `options.stdio` is "pipe"
 */
export function run(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: ROOT,
    stdio: "inherit",
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20,
    ...options,
  });
  const output = [stdout, stderr, error?.message].filter((text) => text).join("\n");
  return { ok: status === 0, output };
}

/** Path of a tool's program, to be run by Node itself: no shell, no `npx`, and their start-up time saved. */
export function tool(path) {
  return join(ROOT, "node_modules", path);
}

/**
 * Compiles projects, those they refer to included.
 *
 * @param {readonly (keyof typeof PROJECTS)[]} names
 * @param {"inherit" | "pipe"} [stdio] - where the compiler's complaints go
 */
export function compile(names, stdio = "inherit") {
  for (const name of new Set(["src", ...names])) tidy(name, PROJECTS[name]);
  return run(process.execPath, [tool("typescript/bin/tsc"), "-b", ...names], { stdio });
}

function tidy(name, { output, record }) {
  const isOurs = /\.(?:ts|mts|tsx)$/;
  const sources = new Set(filesUnder(join(ROOT, name)).filter((file) => isOurs.test(file) && !file.endsWith(".d.ts")));
  // What another project puts into a folder in there is for that one to look after.
  const others = Object.values(PROJECTS).flatMap((other) =>
    other.output.startsWith(`${output}/`) ? [other.output.slice(output.length)] : [],
  );
  const isOthers = (file) => others.some((folder) => `/${file}`.startsWith(`${folder}/`));
  const outputs = new Set(filesUnder(join(ROOT, output)).filter((file) => !isOthers(file)));
  // A declaration tells which outputs are the compiler's. Other files, such as a
  // page built by another tool, are not ours to delete.
  for (const declaration of outputs) {
    const [, stem, kind] = /^(.*)\.d\.(m?)ts$/.exec(declaration) ?? [];
    if (stem === undefined || sources.has(`${stem}.${kind}ts`) || sources.has(`${stem}.tsx`)) continue;
    for (const stale of [declaration, `${stem}.${kind}js`, `${stem}.${kind}js.map`]) {
      rmSync(join(ROOT, output, stale), { force: true });
    }
  }
  const isWhole = [...sources].every((source) => outputs.has(source.replace(/\.(m?)tsx?$/, ".$1js")));
  if (!isWhole) rmSync(join(ROOT, record), { force: true });
}
