/**
 * Builds and runs benchmarks.
 *
 *     npm run bench                        lists them
 *     npm run bench -- ping-pong skynet    runs these
 *     npm run bench -- all --quick         small loads, to see that everything works
 *     npm run bench -- all --save          keeps the figures in bench/results/latest
 *     npm run bench -- report              prints those, and writes them into the README
 *
 * Other flags go to each program; bench/harness.ts tells them.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { report } from "./bench-report.mjs";
import { bundle } from "./bundle.mjs";
import { compile, filesUnder, ROOT, run, since, tool } from "./compile.mjs";
import { makeKernels } from "./kernels.mjs";

const BENCH = join(ROOT, "bench");

/** Name and question of each benchmark: a program's first line is its question. */
function questions() {
  return filesUnder(BENCH)
    .filter((file) => /^[\w-]+\.ts$/.test(file))
    .map((file) => [file.replace(/\.ts$/, ""), readFileSync(join(BENCH, file), "utf8").split("\n", 1)[0]])
    .filter(([, firstLine]) => /^\/\/ .*\?$/.test(firstLine))
    .map(([name, firstLine]) => [name, firstLine.slice(3)]);
}

/**
 * The rivals have a lockfile of their own and are installed when first needed, and
 * again when it changes, so that the root's `npm ci` stays small.
 */
function installRivals() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(BENCH, "package-lock.json")))
    .digest("hex");
  const record = join(BENCH, "node_modules/.installed-lockfile");
  if (!existsSync(record) || readFileSync(record, "utf8") !== wanted) {
    console.log("bench: npm ci --prefix bench (the rivals, once)");
    const flags = ["--no-audit", "--no-fund", "--loglevel=error"];
    if (!run("npm", ["ci", "--prefix", "bench", ...flags]).ok) return false;
    writeFileSync(record, wanted);
  }
  // The benchmarks use this package as a stranger does. As a dependency `file:..`
  // it would put our own package.json into the rivals' lockfile.
  const ours = join(BENCH, "node_modules/skein");
  if (!existsSync(ours)) symlinkSync(ROOT, ours, "junction");
  return true;
}

async function build() {
  const startMs = performance.now();
  const isBuilt =
    (await makeKernels()) &&
    compile(["src", "examples"]).ok &&
    run(process.execPath, [tool("typescript/bin/tsc"), "-b", "bench"]).ok;
  if (isBuilt) await bundle();
  console.log(`bench: src and bench ${isBuilt ? "compiled" : "have type errors, nothing was run"} (${since(startMs)})`);
  return isBuilt;
}

async function main() {
  const args = process.argv.slice(2);
  if (args[0] === "report") {
    report();
    return true;
  }
  const known = questions();
  const firstFlag = args.findIndex((arg) => arg.startsWith("-"));
  const wanted = firstFlag === -1 ? args : args.slice(0, firstFlag);
  const flags = firstFlag === -1 ? [] : args.slice(firstFlag);
  const names = wanted.includes("all") ? known.map(([name]) => name) : wanted;
  const unknown = names.filter((name) => !known.some(([other]) => other === name));
  if (names.length === 0 || unknown.length > 0) {
    if (unknown.length > 0) console.log(`bench: there is no ${unknown.join(" or ")}; there are`);
    for (const [name, question] of known) console.log(`  ${name.padEnd(14)} ${question}`);
    return unknown.length === 0;
  }
  if (!installRivals() || !(await build())) return false;
  const failed = names.filter((name) => {
    console.log(`bench: node bench/build/${name}.js ${flags.join(" ")}`);
    return !run(process.execPath, [join("bench/build", `${name}.js`), ...flags]).ok;
  });
  if (failed.length > 0) console.log(`bench: targets missed, or failed: ${failed.join(", ")}`);
  return failed.length === 0;
}

process.exitCode = (await main()) ? 0 : 1;
