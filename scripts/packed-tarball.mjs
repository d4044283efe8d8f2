/**
 * Uses the package as a stranger would: packs it, installs the tarball in an
 * empty folder, and there imports, type-checks and runs it. What works in this
 * repository may still fail there: a file that `files` leaves out, a path that
 * holds only here, a declaration that needs our settings.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { gzipSync } from "node:zlib";

import { filesUnder, ROOT, run, since, tool } from "./compile.mjs";
import { packInto } from "./pack.mjs";
import { PAGE_FILES } from "./page.mjs";

// It was 509 kB in November 2026, two thirds of it source maps. Room to grow
// into; a bundled library or a stray recording does not pass.
const SIZE_LIMIT_KB = 1900;

// Of the inspector's page, compressed: 108 kB in November 2026, a quarter of it charts.
const PAGE_LIMIT_KB = 200;

// Installing may need the network once; nothing else takes a second.
const STUCK_AFTER_MS = 120_000;

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== "./package.json");
const specifiers = subpaths.map((subpath) => manifest.name + subpath.slice(1));

const sources = new Set(filesUnder(join(ROOT, "src")));

/** What npm includes on its own, and what the compiler made of a source file of ours. */
function mayBeShipped(path) {
  if (/^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path)) return true;
  if (PAGE_FILES.includes(path.replace(/^dist\/inspector\//, ""))) return true;
  const [, stem] = /^dist\/(.+?)(?:\.d\.ts|\.js|\.js\.map)$/.exec(path) ?? [];
  return stem !== undefined && !stem.endsWith(".test") && sources.has(`${stem}.ts`);
}

const BROWSER = ["es2023", "esnext.disposable", "dom"];

const steps = [
  ["pack", pack],
  ["size", checkSize],
  ["contents", checkContents],
  ["page", checkPage],
  ["install", install],
  ["import", importAll],
  ["types, as Node resolves", () => typeCheck({ module: "nodenext", types: ["node"] })],
  ["types, as bundlers resolve", () => typeCheck({ module: "esnext", moduleResolution: "bundler", types: ["node"] })],
  ["types, in a browser", () => typeCheck({ module: "esnext", moduleResolution: "bundler", lib: BROWSER, types: [] })],
  ["command", runCommand],
  ["thread", runThread],
];

const folder = mkdtempSync(join(tmpdir(), "skein-packed-"));
const consumer = join(folder, "consumer");
let tarball;

function pack() {
  tarball = packInto(folder);
  return `${tarball.files.length} files`;
}

function checkSize() {
  const kilobytes = tarball.bytes / 1000;
  if (kilobytes > SIZE_LIMIT_KB) fail(`the tarball has ${kilobytes.toFixed(1)} kB, more than ${SIZE_LIMIT_KB}`);
  return `${kilobytes.toFixed(1)} kB of at most ${SIZE_LIMIT_KB}`;
}

function checkPage() {
  const bytes = PAGE_FILES.map(
    (file) => gzipSync(readFileSync(join(folder, "unpacked/package/dist/inspector", file))).length,
  );
  const kilobytes = bytes.reduce((sum, size) => sum + size, 0) / 1000;
  if (kilobytes > PAGE_LIMIT_KB)
    fail(`the inspector's page has ${kilobytes.toFixed(1)} kB, more than ${PAGE_LIMIT_KB}`);
  return `${kilobytes.toFixed(1)} kB of at most ${PAGE_LIMIT_KB}`;
}

function checkContents() {
  const strays = tarball.files.filter((path) => !mayBeShipped(path));
  if (strays.length > 0) fail(`not to be shipped: ${strays.join(", ")}`);

  const unpacked = join(folder, "unpacked");
  mkdirSync(unpacked);
  expect(run("tar", ["-xzf", tarball.path, "-C", unpacked], inFolder(folder)));
  for (const path of filesUnder(unpacked)) {
    const text = readFileSync(join(unpacked, path), "utf8");
    if (text.includes(ROOT.replace(/\/$/, ""))) fail(`${path} holds a path of this machine`);
    if (path.endsWith(".map")) checkSourceMap(path, JSON.parse(text));
  }
  return "nothing stray, no path of this machine, source maps hold their sources";
}

function checkSourceMap(path, map) {
  for (const [i, source] of map.sources.entries()) {
    // The source itself is not shipped, so a debugger has only this copy.
    if (typeof map.sourcesContent?.[i] !== "string") fail(`${path} does not hold the text of ${source}`);
    if (isAbsolute(source) || source.includes("://")) fail(`${path} names ${source}, which exists here alone`);
  }
}

function install() {
  mkdirSync(consumer);
  write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }));
  cpSync(tarball.path, join(consumer, "skein.tgz"));
  expect(
    run(
      "npm",
      ["install", "./skein.tgz", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"],
      inFolder(consumer),
    ),
  );
  return `${filesUnder(join(consumer, "node_modules", manifest.name)).length} files, packages: ${installedPackages().join(", ")}`;
}

function installedPackages() {
  const { packages } = JSON.parse(readFileSync(join(consumer, "package-lock.json"), "utf8"));
  return Object.keys(packages)
    .filter((path) => path !== "" && !packages[path].optional)
    .map((path) => path.slice("node_modules/".length));
}

function importAll() {
  write(
    "import-all.js",
    `for (const specifier of ${JSON.stringify(specifiers)}) {
      const names = Object.keys(await import(specifier));
      if (names.length === 0) throw new Error(specifier + " exports nothing");
      console.log(specifier + ": " + names.join(", "));
    }`,
  );
  return `\n${expect(run(process.execPath, ["import-all.js"], inFolder(consumer)))}`;
}

/** Our declarations are checked too (`skipLibCheck` is off), under settings that are not ours. */
function typeCheck(settings) {
  // A browser has none of Node's types, and no use for the one part that names them.
  const seen = settings.types?.length === 0 ? specifiers.filter((name) => !name.endsWith("/node")) : specifiers;
  // Stands in for the user's own `npm install -D @types/node`.
  for (const name of ["@types/node", "undici-types"]) {
    cpSync(tool(name), join(consumer, "node_modules", name), { recursive: true });
  }
  write("consumer.ts", CONSUMER + seen.map((name, i) => `export * as all${i} from "${name}";`).join("\n"));
  const compilerOptions = {
    target: "es2022",
    lib: ["es2023", "esnext.disposable"],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    ...settings,
  };
  write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
  expect(run(process.execPath, [tool("typescript/bin/tsc"), "-p", "."], inFolder(consumer)));
  return "a consumer compiles";
}

const CONSUMER = `
import { main, scope, task, threads, channel, type Job, type Scope } from "skein";
export const double = task(function double(x: number): number { return x * 2; });
main(async (s: Scope) => {
  const numbers = channel<number>(1);
  s.spawn(async () => { await numbers.send(21, s); });
  const job: Job<number> = s.spawn(double, [await numbers.receive(s)], { on: threads() });
  const result: number = await job;
  // @ts-expect-error a task's arguments are checked
  s.spawn(double, ["21"]);
  await scope(async () => result);
});
`;

function runCommand() {
  const output = expect(run("npx", ["--offline", "skein", "--help"], inFolder(consumer)));
  if (!/\bskein\b/.test(output)) fail(`\`npx skein --help\` does not mention skein:\n${output}`);
  return "npx skein --help";
}

function runThread() {
  write(
    "app.mjs",
    `import { isMainThread, threadId } from "node:worker_threads";
    import { main, scope, task, threads } from "skein";
    export const double = task(function double(x) { return x * 2; });
    export const where = task(function where() { return isMainThread ? 0 : threadId; });
    main(async () => {
      const [result, thread] = await scope(async (s) =>
        Promise.all([s.spawn(double, [21], { on: threads() }), s.spawn(where, [], { on: threads() })]),
      );
      console.log(result + (thread > 0 ? " from a thread" : " from the main thread"));
    });`,
  );
  const output = expect(run(process.execPath, ["app.mjs"], inFolder(consumer))).trim();
  if (output !== "42 from a thread") fail(`app.mjs printed ${JSON.stringify(output)} instead of "42 from a thread"`);
  return output;
}

function inFolder(cwd) {
  // What npm tells its scripts would make the npm started here work on this repository.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  return { cwd, env, stdio: ["ignore", "pipe", "pipe"], timeout: STUCK_AFTER_MS };
}

function write(name, text) {
  writeFileSync(join(consumer, name), text);
}

function expect({ ok, output }) {
  if (!ok) fail(output.trim() === "" ? "it failed without a word" : output);
  return output;
}

function fail(message) {
  throw new Error(message.replaceAll(folder, "…"));
}

// A later step may work though an earlier one failed; only without an
// installation none can.
let isInstalled = true;
for (const [name, step] of steps) {
  const startMs = performance.now();
  if (!isInstalled) {
    console.log(`✖ ${name}: not tried`);
    continue;
  }
  try {
    const told = step();
    console.log(`✔ ${name} (${since(startMs)}): ${told}`);
  } catch (error) {
    console.log(`✖ ${name} (${since(startMs)}): ${error.message}`);
    process.exitCode = 1;
    if (name === "pack" || name === "install") isInstalled = false;
  }
}
rmSync(folder, { recursive: true });
