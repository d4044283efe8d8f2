/**
 * Compiles everything and runs the tests.
 *
 *     npm test                                  all of them
 *     npm test -- channel async/scope           files whose path contains one of these
 *     npm test -- --test-name-pattern="close"   flags go to Node as they are
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { bundle } from "./bundle.mjs";
import { compile, filesUnder, MODULES_CONDITION, ROOT, run, since } from "./compile.mjs";
import { makeKernels } from "./kernels.mjs";

// No test comes near this. A file that does is stuck, and fails instead of
// holding up the run.
const STUCK_AFTER_MS = 240_000;

/** The path that a person knows a compiled test by. */
function sourceOf(file) {
  return `test/${file.replace(/\.js$/, ".ts")}`;
}

async function main() {
  const args = process.argv.slice(2);
  const flags = args.filter((arg) => arg.startsWith("-"));
  const wanted = args.filter((arg) => !arg.startsWith("-"));

  const startMs = performance.now();
  const isCompiled =
    (await makeKernels()) &&
    compile(["src", "labs", "inspector", "test", "examples"]).ok &&
    run(process.execPath, ["scripts/page.mjs"]).ok;
  // For the programs that tests start, which are run as users run theirs.
  if (isCompiled) await bundle();
  console.log(
    `test: src, labs, inspector, test and examples ${isCompiled ? "compiled" : "have type errors, no test was run"} (${since(startMs)})`,
  );
  if (!isCompiled) return false;

  const all = filesUnder(join(ROOT, "build/test")).filter((file) => file.endsWith(".test.js"));
  const files = all.filter((file) => wanted.length === 0 || wanted.some((part) => sourceOf(file).includes(part)));
  if (files.length === 0) {
    // To Node a list of no files means "look for some yourself".
    console.log(wanted.length === 0 ? "test: there is no test file" : `test: no path contains ${wanted.join(" or ")}`);
    return false;
  }
  const share = files.length === all.length ? "all" : `of ${all.length}`;
  console.log(`test: ${files.length} files (${share}) on Node ${process.versions.node}`);

  // A person watches a terminal; a log is read for what went wrong.
  const reporter = process.stdout.isTTY ? "spec" : pathToFileURL(join(ROOT, "scripts/test-reporter.mjs")).href;
  return run(process.execPath, [
    "--enable-source-maps",
    `--conditions=${MODULES_CONDITION}`,
    "--test",
    `--test-timeout=${STUCK_AFTER_MS}`,
    `--test-reporter=${reporter}`,
    ...flags,
    ...files.map((file) => join("build/test", file)),
  ]).ok;
}

process.exitCode = (await main()) ? 0 : 1;
