/**
 * Everything that must hold beside the tests, each under its own name:
 *
 *     npm run check                   all of it
 *     npm run check -- lint format    only these
 *
 * All are run even if one fails; what a failed one said is shown in full.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { compile, run, since, tool } from "./compile.mjs";
import { packInto } from "./pack.mjs";
import { installTools, toolIn } from "./tools.mjs";

const CHECKS = [
  [
    "types",
    "src, labs, inspector, test and examples compile",
    () => compile(["src", "labs", "inspector", "test", "examples"], "pipe"),
  ],
  ["lint", "oxlint; `npm run lint` shows the places", () => node(tool("oxlint/bin/oxlint"), "--format=unix")],
  ["format", "oxfmt; `npm run format` mends it", () => node(tool("oxfmt/bin/oxfmt"), "--list-different")],
  ["imports", "rooms, seams, circles, public names", () => node("scripts/import-direction.mjs")],
  [
    "unused",
    "knip: files, exports, dependencies",
    () => node(tool("knip/bin/knip.js"), "--no-progress", "--no-config-hints"),
  ],
  ["kernels", "module-bytes.ts is what kernels/ compiles to", () => node("scripts/kernels.mjs", "--check")],
  ["figures", "the README's are those of bench/results/latest", () => node("scripts/bench-report.mjs")],
  ["package", "publint and attw: exports as tools read them", checkPackage],
  ["tarball", "packed, installed elsewhere and used", checkTarball],
];

function node(...args) {
  return run(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
}

function checkTarball() {
  const result = node("scripts/packed-tarball.mjs");
  return { ...result, note: /[\d.]+ kB of at most \d+/.exec(result.output)?.[0] };
}

async function checkPackage() {
  const tools = installTools("package");
  if (!tools.ok) return tools;
  const folder = mkdtempSync(join(tmpdir(), "skein-package-"));
  try {
    const tarball = (await packInto(folder)).path;
    const results = [
      node(toolIn("package", "publint/src/cli.js"), "run", tarball, "--strict"),
      // The package is ESM alone, which the profile means: that CommonJS can't
      // require it is no fault. No network: our types are our own.
      node(
        toolIn("package", "@arethetypeswrong/cli/dist/index.js"),
        tarball,
        "--profile",
        "esm-only",
        "--no-definitely-typed",
      ),
    ];
    const failed = results.filter(({ ok }) => !ok);
    return { ok: failed.length === 0, output: failed.map(({ output }) => output).join("\n") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function main() {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !CHECKS.some(([known]) => known === name));
  if (unknown.length > 0) {
    console.log(`check: there is no ${unknown.join(" or ")}; there are ${CHECKS.map(([name]) => name).join(", ")}`);
    return false;
  }
  const rows = [];
  for (const check of CHECKS) if (wanted.length === 0 || wanted.includes(check[0])) rows.push(await perform(check));
  if (rows.length > 1) {
    console.log("\nSummary");
    for (const { name, what, ok, time } of rows) {
      console.log(`  ${ok ? "✔" : "✖"} ${name.padEnd(8)} ${time.padStart(8)}  ${what}`);
    }
  }
  return rows.every(({ ok }) => ok);
}

async function perform([name, what, check]) {
  const startMs = performance.now();
  const { ok, output, note } = await attempt(check);
  const time = since(startMs);
  console.log(`${ok ? "✔" : "✖"} ${name} (${time})${note === undefined ? "" : `: ${note}`}`);
  if (!ok) console.log(output.trimEnd().replaceAll(/^/gm, "    "));
  return { name, what, ok, time };
}

async function attempt(check) {
  try {
    return await check();
  } catch (error) {
    return { ok: false, output: error.message };
  }
}

process.exitCode = (await main()) ? 0 : 1;
