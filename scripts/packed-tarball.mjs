/**
 * Uses the package as a stranger would: packs it, installs the tarball in an
 * empty folder, and there imports, type-checks and runs it. What works in this
 * repository may still fail there: a file that `files` leaves out, a path that
 * holds only here, a declaration that needs our settings.
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { gzipSync } from "node:zlib";

import { filesUnder, ROOT, run, since, tool } from "./compile.mjs";
import { packInto } from "./pack.mjs";
import { PAGE_FILES } from "./page.mjs";

// It was 2040 kB in November 2026, half of it sources and their maps. Room to grow
// into; a library that got into the bundle or a stray recording does not pass.
const SIZE_LIMIT_KB = 3400;

// What a program loads that imports the front door, and what a thread does beside the
// task's module. Each file more takes as long as parsing ten thousand characters.
const MOST_FILES_OF_FRONT_DOOR = 6;
const MOST_FILES_OF_THREAD = 3;

// Of the inspector's page, compressed: 108 kB in November 2026, a quarter of it charts.
const PAGE_LIMIT_KB = 200;

// Installing may need the network once; nothing else takes a second.
const STUCK_AFTER_MS = 120_000;

const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== "./package.json");
const specifiers = subpaths.map((subpath) => manifest.name + subpath.slice(1));

const sources = new Set(filesUnder(join(ROOT, "src")));
const labs = new Set(filesUnder(join(ROOT, "labs")));

/** What npm includes on its own, our sources and labs, what the compiler made of them, and the bundle. */
function mayBeShipped(path) {
  if (/^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md)$/.test(path)) return true;
  if (PAGE_FILES.includes(path.replace(/^dist\/inspector\//, ""))) return true;
  if (/^dist\/bundle\/[\w-]+\.js(?:\.map)?$/.test(path)) return true;
  if (path.startsWith("src/")) return sources.has(path.slice("src/".length)) && path.endsWith(".ts");
  if (path.startsWith("labs/")) return labs.has(path.slice("labs/".length)) && path.endsWith(".ts");
  const [, lab] = /^dist\/lab-programs\/(.+?)\.js(?:\.map)?$/.exec(path) ?? [];
  if (lab !== undefined) return labs.has(`${lab}.ts`);
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
  ["bundle", checkBundle],
  ["explore", checkModules],
  ["source maps", checkPlaces],
  ["types, as Node resolves", () => typeCheck({ module: "nodenext", types: ["node"] })],
  ["types, as bundlers resolve", () => typeCheck({ module: "esnext", moduleResolution: "bundler", types: ["node"] })],
  ["types, in a browser", () => typeCheck({ module: "esnext", moduleResolution: "bundler", lib: BROWSER, types: [] })],
  ["command", runCommand],
  ["lab", runLab],
  ["thread", runThread],
];

const folder = mkdtempSync(join(tmpdir(), "skein-packed-"));
const consumer = join(folder, "consumer");
let tarball;

async function pack() {
  tarball = await packInto(folder);
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
    if (path.endsWith(".map")) checkSourceMap(path.replaceAll("\\", "/"), JSON.parse(text));
  }
  return "nothing stray, no path of this machine, source maps name what is shipped";
}

function checkSourceMap(path, map) {
  for (const source of map.sources) {
    // `path` begins with the folder that npm packs everything in.
    const named = posix.join(posix.dirname(path), map.sourceRoot ?? "", source).replace(/^package\//, "");
    if (!tarball.files.includes(named)) fail(`${path} names ${source}, which is not shipped`);
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

/** What is imported is the bundle, few files of it, and nothing of it is another than in the modules. */
function checkBundle() {
  const loaded = loadedBy([], "import-all.js");
  const stray = loaded.flat().filter((path) => !path.startsWith("dist/bundle/"));
  if (stray.length > 0) fail(`beside the bundle this was loaded: ${stray.join(", ")}`);

  write(
    "import-front-door.js",
    `import { task } from "skein";\nexport const one = task(function one() { return 1; });`,
  );
  const [frontDoor] = loadedBy([], "import-front-door.js");
  if (frontDoor.length > MOST_FILES_OF_FRONT_DOOR)
    fail(`the front door consists of more than ${MOST_FILES_OF_FRONT_DOOR} files: ${frontDoor.join(", ")}`);

  write(
    "ready.js",
    `import { threads } from "skein";
    import { one } from "./import-front-door.js";
    const pool = threads({ size: 1 });
    await pool.ready(one);
    await pool.run(one, []);
    await pool.close();`,
  );
  const [program, thread] = loadedBy([], "ready.js").toSorted((a, b) => b.length - a.length);
  if (program.length !== frontDoor.length) fail(`a pool loads more than the front door: ${program.join(", ")}`);
  if (thread === undefined || thread.length > MOST_FILES_OF_THREAD)
    fail(`a thread loads more than ${MOST_FILES_OF_THREAD} files: ${thread?.join(", ")}`);

  const [bundled, modules] = [[], ["--conditions=skein-modules"]].map((flags) => describeExports(flags));
  if (bundled !== modules) fail(`the bundle exports\n${bundled}\nwhere the modules export\n${modules}`);
  return `the front door is ${frontDoor.length} files, ${thread.length} of them on threads`;
}

/** Under the condition `explore` it is the modules, of which none is in the bundle too. */
function checkModules() {
  const flags = ["--conditions=explore"];
  const strays = [...loadedBy(flags, "import-all.js"), ...loadedBy(flags, "ready.js")]
    .flat()
    .filter((path) => path.startsWith("dist/bundle/"));
  if (strays.length > 0) fail(`under the condition explore this was loaded: ${strays.join(", ")}`);
  return "modules alone, on threads too";
}

/** The files of the package that a program loads, of each of its threads. */
function loadedBy(flags, program) {
  const coverage = join(folder, "coverage");
  const { env, ...options } = inFolder(consumer);
  expect(run(process.execPath, [...flags, program], { ...options, env: { ...env, NODE_V8_COVERAGE: coverage } }));
  const threads = readdirSync(coverage).map((name) => JSON.parse(readFileSync(join(coverage, name), "utf8")).result);
  rmSync(coverage, { recursive: true });
  const within = /^file:.*\/node_modules\/skein\/(.*)$/;
  const loaded = threads.map((scripts) => scripts.flatMap(({ url }) => within.exec(url)?.[1] ?? []));
  if (!loaded.some((paths) => paths.length > 0)) fail(`${program} loaded nothing of the package`);
  return loaded;
}

/** Every export with what its function or class is called. */
function describeExports(flags) {
  write(
    "describe-exports.js",
    `for (const specifier of ${JSON.stringify(specifiers)}) {
      const exported = await import(specifier);
      for (const name of Object.keys(exported)) console.log(specifier, name, typeof exported[name], exported[name]?.name);
    }`,
  );
  return expect(run(process.execPath, [...flags, "describe-exports.js"], inFolder(consumer)));
}

/** A line of the bundle leads back to the line of the source. */
function checkPlaces() {
  write(
    "misuse.js",
    `import { task } from "skein";
    try {
      task(5);
    } catch (error) {
      console.log(error.stack);
    }`,
  );
  const stack = expect(run(process.execPath, ["--enable-source-maps", "misuse.js"], inFolder(consumer)));
  const [, name, path, line] = /^ *at (\w+) \(.*\/node_modules\/skein\/(src\/[^:]+):(\d+):\d+\)$/m.exec(stack) ?? [];
  if (path === undefined) fail(`the stack names no source:\n${stack}`);
  const text = readFileSync(join(consumer, "node_modules/skein", path), "utf8").split("\n")[Number(line) - 1];
  if (!text?.includes("throw new MisuseError")) fail(`${path}:${line} is ${JSON.stringify(text)}, in\n${stack}`);
  return `${name} at ${path}:${line}`;
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

/** A lab runs, in a process and with a program of the package. */
function runLab() {
  const output = expect(run("npx", ["--offline", "skein", "lab", "backpressure", "--json"], inFolder(consumer)));
  const [{ name, verdict }] = JSON.parse(output);
  if (verdict !== "shown") fail(`\`npx skein lab ${name}\` says ${verdict}:\n${output}`);
  const code = expect(run("npx", ["--offline", "skein", "lab", "backpressure", "--code"], inFolder(consumer)));
  if (!code.includes('from "skein"')) fail(`\`npx skein lab ${name} --code\` prints no program:\n${code}`);
  return `npx skein lab ${name}: ${verdict}`;
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
    const told = await step();
    console.log(`✔ ${name} (${since(startMs)}): ${told}`);
  } catch (error) {
    console.log(`✖ ${name} (${since(startMs)}): ${error.message}`);
    process.exitCode = 1;
    if (name === "pack" || name === "install") isInstalled = false;
  }
}
rmSync(folder, { recursive: true });
