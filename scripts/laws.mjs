/**
 * Runs the tests of the semantic laws many times over, to find one that does not
 * always hold.
 *
 *     npm run laws                   200 times
 *     npm run laws -- 20 channel     20 times, files whose path contains this
 *
 * A test belongs here if its name, or its suite's, cites a law: "… (law 21)". Each
 * file runs its rounds in one process: the modules under test stay, the tests are
 * declared anew.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { compile, filesUnder, MODULES_CONDITION, ROOT, since } from "./compile.mjs";

const SELF = fileURLToPath(import.meta.url);
const CITES_A_LAW = "\\(laws? [0-9]";

async function main(args) {
  const wanted = args.filter((arg) => !/^[0-9]+$/.test(arg));
  const rounds = Number(args.find((arg) => /^[0-9]+$/.test(arg)) ?? 200);
  if (!compile(["src", "test", "examples"]).ok) return false;
  const files = filesUnder(join(ROOT, "build/test"))
    .filter((file) => file.endsWith(".test.js") && wanted.every((part) => file.includes(part)))
    .filter((file) => new RegExp(CITES_A_LAW).test(readFileSync(join(ROOT, "build/test", file), "utf8")));
  console.log(`laws: ${files.length} files, ${rounds} rounds each`);

  const startMs = performance.now();
  const waiting = [...files];
  const failed = [];
  let passed = 0;
  const work = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const { ok, tests, output } = await repeat(file, rounds);
      passed += ok ? tests : 0;
      if (!ok) failed.push(file);
      console.log(
        `${ok ? "✔" : "✖"} ${file.replace(/\.js$/, ".ts")}: ${tests} runs of tests${ok ? "" : `\n${output}`}`,
      );
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  const verdict = failed.length === 0 ? "none failed" : `failed: ${failed.join(", ")}`;
  console.log(`laws: ${passed} runs of tests passed, ${verdict} (${since(startMs)})`);
  return failed.length === 0 && passed > 0;
}

/** Runs one file's tests of laws that often, in a process of their own. */
function repeat(file, rounds) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [
      "--enable-source-maps",
      `--conditions=${MODULES_CONDITION}`,
      `--test-name-pattern=${CITES_A_LAW}`,
      "--test-reporter=tap",
      SELF,
      "--rounds-of",
      file,
      String(rounds),
    ]);
    let output = "";
    child.stdout.on("data", (text) => (output += text));
    child.stderr.on("data", (text) => (output += text));
    child.on("close", (code) => {
      const passes = output.match(/^ *ok .*(?<!# SKIP.*)$/gm) ?? [];
      const tests = Number(/^# pass ([0-9]+)$/m.exec(output)?.[1] ?? passes.length);
      const failures = output
        .split("\n")
        .filter((line) => !line.includes("# SKIP") && /not ok|error:|expected|actual|at .*test/.test(line));
      resolve({ ok: code === 0 && tests > 0, tests, output: failures.slice(0, 40).join("\n") });
    });
  });
}

const [mode, file, rounds] = process.argv.slice(2);
if (mode === "--rounds-of") {
  const url = pathToFileURL(join(ROOT, "build/test", file)).href;
  for (let round = 1; round <= Number(rounds); round++) await import(`${url}?round=${round}`);
} else {
  process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
}
