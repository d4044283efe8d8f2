/**
 * Makes the form of the package that users get: the modules of `dist/`, joined into a
 * few files in `dist/bundle/`, which load in a fraction of the time. Why so, and what was
 * rejected, tells docs/decisions/014.
 *
 * What goes in is read from package.json: where a name there stands for a module under
 * the condition `skein-modules` and for a file of `dist/bundle/` otherwise, that file is
 * made of that module.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { filesUnder, MODULES_CONDITION, ROOT, since } from "./compile.mjs";

const DIST = join(ROOT, "dist");
const OUTPUT = join(DIST, "bundle");

/** Written when the bundle is whole, empty. */
const RECORD = join(ROOT, "build/bundle.record");

/** @type {import("esbuild").BuildOptions} */
const SETTINGS = {
  absWorkingDir: ROOT,
  bundle: true,
  write: false,
  metafile: true,
  format: "esm",
  platform: "node",
  target: "es2022",
  external: ["#host", "#command", "commander"],
  sourcemap: true,
  // The sources themselves are shipped.
  sourcesContent: false,
  // Not identifiers: that saves little time, and takes the names out of stacks.
  minifyWhitespace: true,
  minifySyntax: true,
  lineLimit: 160,
  logLevel: "warning",
};

/** Joins the modules, which must be compiled, unless that is done already; and tells of it. */
export async function bundle() {
  const startMs = performance.now();
  if (isUpToDate()) return;
  const entries = await withLayers(readEntries());
  // Twice, as only the first result shows which names it takes away.
  const { outputFiles } = await joinModules(entries, mendsFor(await joinModules(entries, new Map())));
  write(outputFiles);
  writeFileSync(RECORD, "");
  const scripts = outputFiles.filter(({ path }) => path.endsWith(".js"));
  console.log(`bundle: dist -> dist/bundle, ${scripts.length} files (${since(startMs)})`);
}

// What is made of what

/**
 * @typedef {object} Entry
 * @property {string} name - of the file in `dist/bundle/`, without ending
 * @property {string} source - a program that exports what its module does
 * @property {Set<string>} whole - paths of modules that stay even if nothing of them is used
 */

/** @returns {Entry[]} */
function readEntries() {
  const { exports, imports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const entries = new Map();
  const pair = (module, file) => {
    if (typeof module !== "string") {
      for (const condition of Object.keys(module)) pair(module[condition], file[condition]);
      return;
    }
    const name = /^\.\/dist\/bundle\/(.+)\.js$/.exec(file)?.[1];
    if (name !== undefined) entries.set(name, sourceOf(exportsOf(module.slice("./dist/".length))));
  };
  for (const target of [...Object.values(exports), ...Object.values(imports)]) {
    const module = target[MODULES_CONDITION];
    if (module !== undefined) pair(module, typeof module === "string" ? target.default : target);
  }
  return [...entries].map(([name, source]) => ({ name, source, whole: new Set() }));
}

/**
 * What a module exports, each name from the file that declares it. Not by way of the
 * rooms' indexes: entries that share an index would share all that it names.
 *
 * @param {string} module - as a path from `dist/` on
 * @returns {{ name: string, local: string, file: string }[]}
 */
function exportsOf(module) {
  if (basename(module) !== "index.js") return [{ name: "*", local: "*", file: module }];
  const text = readFileSync(join(DIST, module), "utf8");
  // An index has no other statements: see `npm run check -- imports`.
  return [...text.matchAll(/^export \{([^}]*)\} from "([^"]+)";$/gm)].flatMap(([, list, from]) => {
    const origins = exportsOf(posix.join(posix.dirname(module), from));
    const items = list.split(",").map((item) => item.trim().split(" as "));
    return items
      .filter(([local]) => local !== "")
      .map(([local, name = local]) => {
        const origin = origins.find((inner) => inner.name === local);
        return { name, local: origin?.local ?? local, file: (origin ?? origins[0]).file };
      });
  });
}

function sourceOf(names) {
  return names
    .map(({ name, local, file }) => `export ${name === "*" ? "*" : `{ ${local} as ${name} }`} from "./${file}";`)
    .join("\n");
}

/**
 * Says which modules come in one file, though not each entry that uses one of them needs
 * all: a few files that are a little too large load faster than many small ones. They
 * are what the front door brings along, in two parts: concurrency on one thread, which
 * stands alone, and threads.
 */
async function withLayers(entries) {
  const isOnOneThread = (path) => /^(?:core|async)\//.test(slashes(relative(DIST, path)));
  const [all] = await modulesOf([sourceOf(exportsOf("index.js"))]);
  const [lower, ...others] = await modulesOf([
    [...all]
      .filter(isOnOneThread)
      .map((path) => `export * from "./${slashes(relative(DIST, path))}";`)
      .join("\n"),
    ...entries.map(({ source }) => source),
  ]);
  const layers = [lower, new Set([...all].filter((path) => !lower.has(path)))];
  return entries.map((entry, i) => {
    const needed = layers.filter((layer) => [...layer].some((path) => others[i].has(path)));
    return { ...entry, whole: new Set(needed.flatMap((layer) => [...layer])) };
  });
}

/** Of each program, the paths of the modules that it brings along. */
async function modulesOf(sources) {
  const entries = sources.map((source, i) => ({ name: String(i), source, whole: new Set() }));
  const { metafile } = await joinModules(entries, new Map(), { splitting: false });
  return entries.map(({ name }) => {
    const { inputs } = metafile.outputs[`dist/bundle/${name}.js`];
    const used = Object.entries(inputs).filter(
      ([path, { bytesInOutput }]) => path.startsWith("dist/") && bytesInOutput > 0,
    );
    return new Set(used.map(([path]) => join(ROOT, path)));
  });
}

// Joining

/**
 * @param {Entry[]} entries
 * @param {Map<string, string>} mends - statements to put at the end of modules, by their paths
 */
async function joinModules(entries, mends, settings = {}) {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  const whole = new Set(entries.flatMap((entry) => [...entry.whole]));
  const plugin = {
    name: "skein",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^entry:/ }, ({ path }) => ({ path: path.slice("entry:".length), namespace: "entry" }));
      onLoad({ filter: /./, namespace: "entry" }, ({ path }) => {
        const entry = byName.get(path);
        const imports = [...entry.whole].map((module) => `import "./${slashes(relative(DIST, module))}";`);
        return { contents: [...imports, entry.source].join("\n"), resolveDir: DIST };
      });
      onResolve({ filter: /^\./ }, ({ path, resolveDir, namespace }) => {
        const module = join(resolveDir, path);
        return { path: module, sideEffects: namespace === "entry" || whole.has(module) };
      });
      onLoad({ filter: /\.js$/, namespace: "file" }, ({ path }) => {
        const mend = mends.get(path);
        if (mend === undefined) return undefined;
        const text = readFileSync(path, "utf8");
        const end = text.lastIndexOf("//# sourceMappingURL=");
        return { contents: `${text.slice(0, end)}${mend}\n${text.slice(end)}`, loader: "js" };
      });
    },
  };
  return build({
    ...SETTINGS,
    entryPoints: entries.map(({ name }) => ({ in: `entry:${name}`, out: name })),
    outdir: OUTPUT,
    splitting: true,
    chunkNames: "part-[hash]",
    plugins: [plugin],
    ...settings,
  });
}

/**
 * Of two declarations of one name in a file one gets a number behind its name, and a
 * class that speaks of itself a line before it; what it is called then, in stacks and
 * messages, is that. They get their names back.
 *
 * @returns {Map<string, string>} statements, by the path of the module they belong to
 */
function mendsFor({ outputFiles, metafile }) {
  const mends = new Map();
  for (const { path, text } of outputFiles) {
    if (!path.endsWith(".js")) continue;
    const declaredIn = new Map();
    for (const input of Object.keys(metafile.outputs[slashes(relative(ROOT, path))].inputs)) {
      if (!input.startsWith("dist/")) continue;
      const declarations = readFileSync(join(ROOT, input), "utf8").matchAll(
        /^(?:export )?(?:async )?(?:class|function\*?) ([\w$]+)/gm,
      );
      for (const [, name] of declarations) declaredIn.set(name, [...(declaredIn.get(name) ?? []), join(ROOT, input)]);
    }
    const named = text.matchAll(/(?<![\w$])(?:(?:class|function\*?) ([\w$]+)|([\w$]+)=class(?: extends [^{]*)?\{)/g);
    for (const [, declared, assigned] of named) {
      const found = declared ?? assigned;
      const name = declaredIn.has(found) ? undefined : found.replace(/^_/, "").replace(/\d+$/, "");
      for (const module of declaredIn.get(name) ?? []) {
        const statement = `Object.defineProperty(${name}, "name", { value: "${name}", configurable: true });`;
        if (mends.get(module)?.includes(statement) !== true) mends.set(module, (mends.get(module) ?? "") + statement);
      }
    }
  }
  return mends;
}

function isUpToDate() {
  if (!existsSync(RECORD) || !existsSync(OUTPUT)) return false;
  const madeMs = statSync(RECORD).mtimeMs;
  const modules = filesUnder(DIST).filter((file) => file.endsWith(".js") && !file.startsWith("bundle/"));
  const sources = [
    ...modules.map((file) => join(DIST, file)),
    join(ROOT, "package.json"),
    fileURLToPath(import.meta.url),
  ];
  return sources.every((path) => statSync(path).mtimeMs < madeMs);
}

function slashes(path) {
  return path.replaceAll("\\", "/");
}

function write(outputFiles) {
  const names = new Set(outputFiles.map(({ path }) => basename(path)));
  mkdirSync(OUTPUT, { recursive: true });
  for (const stale of filesUnder(OUTPUT).filter((name) => !names.has(name))) rmSync(join(OUTPUT, stale));
  for (const { path, contents } of outputFiles) {
    // What has not changed is left alone: somebody may be reading it.
    if (!existsSync(path) || !readFileSync(path).equals(contents)) writeFileSync(path, contents);
  }
}
