/**
 * Explores the known bugs of `test/explore/programs` and their mended twins, the library's
 * own primitives, and runs the programs of the guide.
 *
 *     npm run known-bugs                       writes docs/exploring-known-bugs.md
 *     npm run known-bugs -- primitives         writes docs/exploring-primitives.md, in some ten minutes
 *     npm run known-bugs -- guide              writes what docs/exploring.md shows as printed
 *     npm run known-bugs -- fresh              each token shows its bug in 100 of 100 fresh processes
 *     npm run known-bugs -- fresh 10 "AB-BA"   in 10, of this bug alone
 *     npm run known-bugs -- threads            the structures that threads share, schedule by schedule on real threads
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

import { compile, MODULES_CONDITION, ROOT, run, since } from "./compile.mjs";

const PROGRAM = join(ROOT, "build/test/explore/known-bugs-table.js");
const PRIMITIVES = join(ROOT, "build/test/explore/primitives-table.js");
const PRIMITIVES_PAGE = join(ROOT, "docs/exploring-primitives.md");
const PAGE = join(ROOT, "docs/exploring-known-bugs.md");
const GUIDE = join(ROOT, "docs/exploring.md");
const PRINTS = /(<!-- prints -->\n```js\n)([\s\S]*?)(```\n\n```text\n)[\s\S]*?```/g;
const TABLES = /(<!-- table (?<kind>\w+) -->\n)[\s\S]*?(<!-- end -->)/g;

const children = new Set();
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    for (const child of children) child.kill(signal);
    process.exit(130);
  });
}

/** Runs a program under the condition explore to its end. */
function start(args, stdio) {
  const flags = ["--enable-source-maps", `--conditions=${MODULES_CONDITION}`, "--conditions=explore"];
  const child = spawn(process.execPath, [...flags, ...args], { cwd: ROOT, stdio });
  children.add(child);
  let stdout = "";
  child.stdout?.setEncoding("utf8").on("data", (text) => (stdout += text));
  return new Promise((resolve) => {
    child.on("close", (code) => {
      children.delete(child);
      resolve({ code, stdout });
    });
  });
}

function program(args, stderr = "ignore", path = PROGRAM) {
  return start([path, ...args], ["ignore", "pipe", stderr]);
}

/** The structures as shipped: real threads take schedules of their tests step by step, and must come to the same. */
async function structuresOnThreads() {
  const file = join(ROOT, "build/test/explore/primitives-hold.js");
  const args = ["--test-reporter=spec", "--test-name-pattern=primitives of threads", file, "--real"];
  return (await start(args, "inherit")).code === 0;
}

function markdown(cells) {
  return cells.map((row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
}

function tableOf(rows) {
  const strategies = Object.keys(rows[0].schedules);
  const hasThreads = rows.some(({ isAsync }) => !isAsync);
  return markdown([
    ["Program", "Described in", "Found as", ...strategies, "Mended twin", ...(hasThreads ? ["On real threads"] : [])],
    ["---", "---", "---", ...strategies.map(() => "--:"), "---", ...(hasThreads ? ["---"] : [])],
    ...rows.map(({ name, source, kind, schedules, twin, onThreads }) => [
      name,
      source,
      kind,
      ...strategies.map((strategy) => schedules[strategy]?.toLocaleString("en") ?? "–"),
      twin,
      ...(hasThreads ? [onThreads] : []),
    ]),
  ]);
}

function tableOfPrimitives(rows) {
  return markdown([
    ["Primitive", "What holds", "Threads or jobs", "Steps", "Covered"],
    ["---", "---", "---", "--:", "---"],
    ...rows.map(({ of, fact, does, steps, coverage }) => [of, fact, does, String(steps), coverage]),
  ]);
}

async function writePrimitives() {
  const startMs = performance.now();
  const { code, stdout } = await program([], "inherit", PRIMITIVES);
  if (code !== 0) return false;
  const rows = JSON.parse(stdout);
  const page = readFileSync(PRIMITIVES_PAGE, "utf8").replaceAll(TABLES, (_whole, begin, kind, end) => {
    const shown = tableOfPrimitives(rows.filter(({ table }) => table === kind));
    return `${begin}\n${shown}\n\n${end}`;
  });
  writeFileSync(PRIMITIVES_PAGE, page);
  const complete = rows.filter(({ isComplete }) => isComplete).length;
  console.log(`known-bugs: ${complete} of ${rows.length} complete -> docs/exploring-primitives.md (${since(startMs)})`);
  return true;
}

async function writeTable() {
  const startMs = performance.now();
  const { code, stdout } = await program([], "inherit");
  if (code !== 0) return false;
  const rows = JSON.parse(stdout);
  const ofKind = { threads: rows.filter((row) => !row.isAsync), async: rows.filter((row) => row.isAsync) };
  const page = readFileSync(PAGE, "utf8");
  const shown = page.replaceAll(TABLES, (_whole, begin, kind, end) => `${begin}\n${tableOf(ofKind[kind])}\n\n${end}`);
  writeFileSync(PAGE, shown);
  const found = rows.filter((row) => row.kind !== "not found").length;
  const blamed = rows.filter((row) => row.twin.startsWith("reported")).length;
  console.log(
    `known-bugs: ${found} of ${rows.length} found, ${blamed} twins wrongly reported -> docs/exploring-known-bugs.md (${since(startMs)})`,
  );
  return true;
}

/** Runs each program of the guide, and puts what it prints behind it. */
function writeGuide() {
  // Inside the repository, so that it finds the package by its name.
  const folder = join(ROOT, "build/guide");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "main.mjs");
  const shown = readFileSync(GUIDE, "utf8").replaceAll(PRINTS, (_whole, begin, code, between) => {
    writeFileSync(file, code);
    const { ok, output } = run(process.execPath, ["--conditions=explore", "main.mjs"], { stdio: "pipe", cwd: folder });
    if (!ok) throw new Error(`a program of the guide failed:\n${output}`);
    return `${begin}${code}${between}${output.trimEnd()}\n\`\`\``;
  });
  rmSync(folder, { recursive: true });
  writeFileSync(GUIDE, shown);
  console.log("known-bugs: docs/exploring.md shows what its programs print");
  return true;
}

/**
 * Finds each bug once, and has `count` fresh processes, a few at a time, go by the
 * tokens: a process knows of the search nothing else.
 */
async function replayFresh(count, wanted) {
  const startMs = performance.now();
  const search = await program(["tokens", ...(wanted === undefined ? [] : [wanted])], "inherit");
  if (search.code !== 0) return false;
  const { wanted: names, tokens } = JSON.parse(search.stdout);
  if (names.length === 0) {
    console.log(`known-bugs: no bug is called ${JSON.stringify(wanted)}; docs/exploring-known-bugs.md has their names`);
    return false;
  }
  const folder = mkdtempSync(join(tmpdir(), "skein-tokens-"));
  const file = join(folder, "tokens.json");
  writeFileSync(file, JSON.stringify(tokens));
  const shown = await countShown(names, file, count);
  rmSync(folder, { recursive: true });
  for (const name of names) {
    const isGood = shown.get(name).count === count;
    const others = [...shown.get(name).others].join(", ");
    const what = name in tokens ? `${shown.get(name).count} of ${count}${others && ` (${others})`}` : "not found";
    console.log(`${isGood ? "✔" : "✖"} ${name}: ${what}`);
  }
  const good = names.filter((name) => shown.get(name).count === count).length;
  console.log(
    `known-bugs: ${good} of ${names.length} tokens show their bug in ${count} of ${count} fresh processes (${since(startMs)})`,
  );
  return good === names.length;
}

/** Of each name: in how many processes the token showed the bug, and what came instead in others. */
async function countShown(names, file, count) {
  const shown = new Map(names.map((name) => [name, { count: 0, others: new Set() }]));
  let begun = 0;
  const worker = async () => {
    while (begun < count) {
      const { code, stdout } = await program(["replay", file, String(begun++)], "inherit");
      const outcomes = code === 0 ? JSON.parse(stdout) : {};
      for (const [name, entry] of shown) {
        if (outcomes[name] === "shown") entry.count += 1;
        else entry.others.add(outcomes[name] ?? `exit code ${code}`);
      }
      if (process.stdout.isTTY) process.stdout.write(`\r${begun} of ${count} processes\x1b[K`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  if (process.stdout.isTTY) process.stdout.write("\r\x1b[K");
  return shown;
}

const [verb = "table", count = "100", name] = process.argv.slice(2);
const actions = {
  table: writeTable,
  primitives: writePrimitives,
  fresh: () => replayFresh(Number(count), name),
  threads: structuresOnThreads,
  guide: writeGuide,
};
if (!Object.hasOwn(actions, verb)) {
  console.log(`known-bugs: ${JSON.stringify(verb)} is none of ${Object.keys(actions).join(", ")}`);
  process.exit(1);
}
if (!(Number(count) >= 1)) {
  console.log(`known-bugs: how many processes expected a number from 1, but ${JSON.stringify(count)} came`);
  process.exit(1);
}
if (!compile(["src", "labs", "inspector", "test", "examples"]).ok) process.exit(1);
process.exitCode = (await actions[verb]()) ? 0 : 1;
