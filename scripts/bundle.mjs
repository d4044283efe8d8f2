/**
 * Makes the form of the package that users get: the modules of `dist/`, joined into a
 * few files in `dist/bundle/`, which load in a fraction of the time. Why so, and what was
 * rejected, tells docs/decisions/015.
 *
 * What goes in is read from package.json: where a name there stands for a module under
 * the condition `skein-modules` and for a file of `dist/bundle/` otherwise, that file is
 * an entry, which exports what the module does. Each module is in one file: that of the
 * only entry that needs it, or in a part, which several entries import. (An entry may
 * itself be in a part, if its file is one.)
 *
 * Which module goes where is decided here, and esbuild does the joining. Left to itself
 * it makes one file for each set of entries that have something in common: many files,
 * of which a thread loads more than it needs.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, posix, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { filesUnder, MODULES_CONDITION, ROOT, since } from "./compile.mjs";

const DIST = join(ROOT, "dist");
const OUTPUT = join(DIST, "bundle");
/** Before a module in what esbuild tells of a build. */
const DIST_PREFIX = /^dist\//;
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
  outdir: OUTPUT,
  external: ["#pool", "#command", "commander", "ws"],
  conditions: [MODULES_CONDITION],
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
  const [entries, inParts] = readEntries();
  const files = placeModules(entries, await modulesOf(entries), inParts);
  // Twice: the first result shows what parts are asked for, and which names get lost.
  const first = await joinModules(files, () => true, new Map());
  const asked = namesAskedFor(first);
  for (const { name, module } of inParts) for (const one of exportedNames(module)) asked.add(`${name} ${one}`);
  const outputs = await joinModules(files, (part, name) => asked.has(`${part} ${name}`), mendsFor(files, first));
  requireOneHome(files, outputs);
  requireNoCircle(outputs, entries);
  write(outputs.flatMap(({ outputFiles }) => outputFiles));
  writeFileSync(RECORD, "");
  console.log(`bundle: dist -> dist/bundle, ${outputs.length} files (${since(startMs)})`);
}

// Entries. Modules are named by their paths from `dist/` on.

/**
 * @typedef {object} Entry
 * @property {string} name - of its file, without ending
 * @property {string} as - the name in package.json that stands for it
 * @property {string} module - whose exports it has
 */

/** @returns {[Entry[], Entry[]]} those with files of their own, and those that are in a part */
function readEntries() {
  const { exports, imports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const entries = new Map();
  const visit = (as, target) => {
    if (typeof target === "string") return;
    const module = target[MODULES_CONDITION];
    const name = /^\.\/dist\/bundle\/(.+)\.js$/.exec(target.node ?? target.default ?? "")?.[1];
    if (name !== undefined) entries.set(name, { name, as, module: module.slice("./dist/".length) });
    for (const inner of Object.values(target)) visit(as, inner);
  };
  for (const [as, target] of Object.entries({ ...exports, ...imports })) visit(as, target);
  const isInPart = ({ name }) => name.startsWith("part-");
  return [[...entries.values()].filter((entry) => !isInPart(entry)), [...entries.values()].filter(isInPart)];
}

/**
 * A program that exports what an entry does, each name from the module that declares it.
 * Not by way of the rooms' indexes: whoever names an index names all that is in it.
 */
function programOf({ module }) {
  return originsOf(module)
    .map(({ name, local, file }) => `export ${name === "*" ? "*" : `{ ${local} as ${name} }`} from "./${file}";`)
    .join("\n");
}

function originsOf(module) {
  if (basename(module) !== "index.js") return [{ name: "*", local: "*", file: module }];
  // An index has no other statements: see `npm run check -- imports`.
  return [...textOf(module).matchAll(/^export \{([^}]*)\} from "([^"]+)";$/gm)].flatMap(([, list, from]) => {
    const origins = originsOf(posix.join(posix.dirname(module), from));
    return namesIn(list).map(({ local, name }) => {
      const origin = origins.find((inner) => inner.name === local);
      return { name, local: origin?.local ?? local, file: (origin ?? origins[0]).file };
    });
  });
}

/** What stands between the braces of an import or export. */
function namesIn(list) {
  const items = list.split(",").map((item) => item.trim().split(" as "));
  return items.filter(([local]) => local !== "").map(([local, name = local]) => ({ local, name }));
}

function textOf(module) {
  return readFileSync(join(DIST, module), "utf8");
}

/**
 * Of each entry the modules that it brings along at once.
 *
 * @returns {Promise<Map<string, Map<string, string[]>>>} by the entries' names, with what each module imports
 */
async function modulesOf(entries) {
  const programs = new Map(entries.map((entry) => [entry.name, programOf(entry)]));
  const { metafile } = await build({
    ...SETTINGS,
    entryPoints: entries.map(({ name }) => ({ in: `program:${name}`, out: name })),
    plugins: [pluginOf(programs, (module, kind) => ({ path: join(DIST, module), sideEffects: kind === "program" }))],
  });
  const importsOf = (path) =>
    metafile.inputs[path].imports.filter(({ kind }) => kind === "import-statement").map(({ path: to }) => to);
  return new Map(
    entries.map(({ name }) => {
      const { inputs } = metafile.outputs[`dist/bundle/${name}.js`];
      const reached = new Set([`program:${name}`]);
      for (const path of reached) if (path in metafile.inputs) for (const next of importsOf(path)) reached.add(next);
      const used = [...reached].filter((path) => path.startsWith("dist/") && inputs[path]?.bytesInOutput > 0);
      return [
        name,
        new Map(
          used.map((path) => [path.replace(DIST_PREFIX, ""), importsOf(path).map((to) => to.replace(DIST_PREFIX, ""))]),
        ),
      ];
    }),
  );
}

// Files

/**
 * @typedef {object} BundleFile
 * @property {string} name
 * @property {Entry | undefined} entry - `undefined` for a part
 * @property {Set<string>} modules
 */

/**
 * Says which module is in which file. A few files load faster than many, so two parts
 * have more than some entries need: the base, for one thread, and what the front door
 * has besides for a thread of a pool.
 *
 * @returns {BundleFile[]}
 */
function placeModules(entries, modules, inParts) {
  const importsOf = new Map([...modules.values()].flatMap((theirs) => [...theirs]));
  // Where a module is, what it imports must be to be had, also if this entry needs but
  // its statements of its own: they may do something.
  for (const theirs of modules.values()) {
    for (const imports of theirs.values()) {
      for (const next of imports) if (importsOf.has(next) && !theirs.has(next)) theirs.set(next, importsOf.get(next));
    }
  }
  const usersOf = (module) => entries.filter(({ name }) => modules.get(name).has(module));
  // What a task's module asks for: a thread has it all at once.
  const frontDoor = new Map([...modules.get("index"), ...modules.get("threads")]);

  const base = new Set();
  for (const module of importsOf.keys()) {
    if (!/^(?:core|async)\//.test(module)) continue;
    if (frontDoor.has(module) || usersOf(module).length > 2) base.add(module);
  }
  for (const module of base) for (const next of importsOf.get(module)) if (importsOf.has(next)) base.add(next);
  // The pool's side imports that part too, so who imports that side is not in it, but
  // with the front door itself, which exports all that others want of it.
  const above = importersOf("#pool", frontDoor);

  const files = new Map(entries.map((entry) => [entry.name, { name: entry.name, entry, modules: new Set() }]));
  for (const module of importsOf.keys()) {
    // Algorithms stand on the pool and on shared memory; what they share with either loads with both.
    const all = usersOf(module).map(({ name }) => name);
    const isOfPool = all.length > 1 && all.every((name) => ["parallel", "pool", "shared"].includes(name));
    const users = isOfPool ? ["pool", "shared"] : all;
    let name = users.length === 1 ? users[0] : `part-${users.toSorted().join("-")}`;
    if (base.has(module)) name = "part-base";
    else if (!above.has(module)) name = frontDoor.has(module) ? "part-thread" : name;
    else if (modules.get("index").has(module)) name = "index";
    if (!files.has(name)) files.set(name, { name, entry: undefined, modules: new Set() });
    files.get(name).modules.add(module);
  }
  for (const { name, module } of inParts) files.get(name).modules.add(module);
  return [...files.values()];
}

/** Those of the modules that import `wanted`, or one that does. */
function importersOf(wanted, modules) {
  const found = new Set([wanted]);
  for (const name of found) for (const [module, imports] of modules) if (imports.includes(name)) found.add(module);
  return found;
}

// Joining

/**
 * What a module of a part is known as in the part's file, where the names of several
 * modules meet.
 *
 * @returns {Map<string, { name: string, alias: string }[]>} by module
 */
function aliasesOf(files) {
  const aliases = new Map();
  for (const { name: file, entry, modules } of files) {
    if (entry !== undefined && file !== "index") continue;
    const taken = new Set();
    for (const module of modules) {
      const names = exportedNames(module).map((name) => {
        let alias = name;
        for (let number = 2; taken.has(alias); number++) alias = `${name}$${number}`;
        taken.add(alias);
        return { name, alias };
      });
      aliases.set(module, names);
    }
  }
  return aliases;
}

// As the compiler writes it.
const EXPORT = /^export (?:(?:async )?(?:class|const|let|function\*?) ([\w$]+)|\{([^}]*)\})/gm;

function exportedNames(module) {
  return [...textOf(module).matchAll(EXPORT)].flatMap(([, declared, list]) =>
    declared === undefined ? namesIn(list).map(({ name }) => name) : [declared],
  );
}

/**
 * One character beyond ASCII has the engine keep the whole file in two bytes a character,
 * on each thread that loads it: 0.45 MB a thread for one "…". Texts in another alphabet are
 * left as they are: six characters for each letter make a file larger, and unreadable.
 */
function charsetFor(modules) {
  return [...modules].some((module) => /\p{Script=Cyrillic}/u.test(textOf(module))) ? "utf8" : "ascii";
}

/**
 * Makes each file by itself, in which the modules of others are imports from those.
 *
 * @param {BundleFile[]} files
 * @param {(file: string, alias: string) => boolean} isUsed - whether a part is asked for a name
 * @param {Map<string, string>} mends - statements to put at the end of modules
 */
async function joinModules(files, isUsed, mends) {
  const homes = new Map(files.flatMap((file) => [...file.modules].map((module) => [module, file.name])));
  const entryOf = new Map(files.flatMap(({ entry }) => (entry === undefined ? [] : [[entry.module, entry.name]])));
  const aliases = aliasesOf(files);
  // A statement for each name, as those that nobody uses are left out by statements.
  const elsewhere = (module) =>
    aliases
      .get(module)
      .map(({ name, alias }) => `export { ${alias} as ${name} } from "./${homes.get(module)}.js";`)
      .join("\n");
  return Promise.all(
    files.map(async ({ name, entry, modules }) => {
      const program = [...modules].map((module) => `import "./${module}";`);
      if (entry !== undefined) program.push(programOf(entry));
      for (const module of entry === undefined ? modules : []) {
        const items = aliases.get(module).filter(({ alias }) => isUsed(name, alias));
        const list = items.map((item) => `${item.name} as ${item.alias}`).join(", ");
        program.push(`export { ${list} } from "./${module}";`);
      }
      const place = (module, kind) => {
        if (modules.has(module)) return { path: join(DIST, module), sideEffects: true };
        if (kind === "dynamic-import") return { path: `./${entryOf.get(module)}.js`, external: true };
        if (aliases.has(module)) return { path: module, namespace: "elsewhere", sideEffects: false };
        // An index, or what an index names and nobody here uses.
        return { path: join(DIST, module), sideEffects: false };
      };
      return build({
        ...SETTINGS,
        charset: charsetFor(modules),
        entryPoints: [{ in: `program:${name}`, out: name }],
        plugins: [pluginOf(new Map([[name, program.join("\n")]]), place, elsewhere, mends)],
      });
    }),
  );
}

/**
 * @param {Map<string, string>} programs - the text of each, by name
 * @param {(module: string, kind: string) => import("esbuild").OnResolveResult} place - where a module is
 * @param {(module: string) => string} [elsewhere] - what stands for a module of another file
 * @param {Map<string, string>} [mends]
 * @returns {import("esbuild").Plugin}
 */
function pluginOf(programs, place, elsewhere, mends) {
  const RESOLVING = {};
  const setup = ({ onResolve, onLoad, resolve }) => {
    onResolve({ filter: /^program:/ }, ({ path }) => ({ path: path.slice("program:".length), namespace: "program" }));
    onLoad({ filter: /./, namespace: "program" }, ({ path }) => ({
      contents: programs.get(path),
      resolveDir: DIST,
    }));
    onResolve({ filter: /./, namespace: "elsewhere" }, ({ path }) => ({ path, external: true, sideEffects: false }));
    onLoad({ filter: /./, namespace: "elsewhere" }, ({ path }) => ({ contents: elsewhere(path) }));
    onResolve({ filter: /^\./ }, ({ path, resolveDir, kind, namespace }) =>
      place(moduleAt(join(resolveDir, path)), namespace === "program" ? namespace : kind),
    );
    onResolve({ filter: /^#/ }, async ({ path, resolveDir, kind, pluginData }) => {
      if (SETTINGS.external.includes(path) || pluginData === RESOLVING) return undefined;
      return place(moduleAt((await resolve(path, { resolveDir, kind, pluginData: RESOLVING })).path), kind);
    });
    onLoad({ filter: /\.js$/, namespace: "file" }, ({ path }) => {
      const mend = mends?.get(moduleAt(path));
      if (mend === undefined) return undefined;
      const text = readFileSync(path, "utf8");
      const end = text.lastIndexOf("//# sourceMappingURL=");
      return { contents: `${text.slice(0, end)}${mend}\n${text.slice(end)}`, loader: "js" };
    });
  };
  return { name: "files", setup };
}

/** What the files ask the parts for. */
function namesAskedFor(outputs) {
  const asked = new Set();
  for (const { text } of outputs.flatMap(scriptsOf)) {
    for (const [, list, part] of text.matchAll(/(?:import|export)\s*\{([^}]*)\}\s*from\s*"\.\/(part-[\w-]+)\.js"/g)) {
      for (const { local } of namesIn(list)) asked.add(`${part} ${local}`);
    }
  }
  return asked;
}

/**
 * Of two declarations of one name in a file one gets a number behind its name, and a
 * class that speaks of itself a line before it; what it is called then, in stacks and
 * messages, is that. They get their names back.
 *
 * @returns {Map<string, string>} statements, by module
 */
function mendsFor(files, outputs) {
  const mends = new Map();
  for (const [i, { modules }] of files.entries()) {
    const declaredIn = new Map();
    for (const module of modules) {
      const declared = textOf(module).matchAll(/^(?:export )?(?:async )?(?:class|function\*?) ([\w$]+)/gm);
      for (const [, name] of declared) declaredIn.set(name, [...(declaredIn.get(name) ?? []), module]);
    }
    for (const { text } of scriptsOf(outputs[i])) {
      const named = text.matchAll(
        /(?<![\w$])(?:(?:class|function\*?)\s+([\w$]+)|([\w$]+)=class(?:\s+extends [^{]*)?\{)/g,
      );
      for (const [, declared, assigned] of named) {
        const found = declared ?? assigned;
        const name = declaredIn.has(found) ? undefined : found.replace(/^_/, "").replace(/\d+$/, "");
        for (const module of declaredIn.get(name) ?? []) {
          const statement = `Object.defineProperty(${name}, "name", { value: "${name}", configurable: true });`;
          if (mends.get(module)?.includes(statement) !== true) mends.set(module, (mends.get(module) ?? "") + statement);
        }
      }
    }
  }
  return mends;
}

/** A module in two files would be there twice when the program runs. */
function requireOneHome(files, outputs) {
  for (const [i, { name, modules }] of files.entries()) {
    for (const { inputs } of Object.values(outputs[i].metafile.outputs)) {
      for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
        const module = path.replace(DIST_PREFIX, "");
        if (path.startsWith("dist/") && bytesInOutput > 0 && !modules.has(module))
          throw new Error(`${module} got into ${name}.js, where it has no place`);
      }
    }
  }
}

/**
 * Files that import each other would run one of them before what it needs is there; the
 * modules may be in order all the same.
 */
function requireNoCircle(outputs, entries) {
  const imports = new Map();
  for (const { metafile } of outputs) {
    for (const [path, output] of Object.entries(metafile.outputs)) {
      const found = output.imports.filter(({ kind }) => kind === "import-statement").map(({ path: to }) => to);
      imports.set(basename(path, ".js"), found);
    }
  }
  const targetsOf = (specifier) =>
    specifier.startsWith("./")
      ? [basename(specifier, ".js")]
      : entries.filter(({ as }) => as === specifier).map(({ name }) => name);
  const follow = (name, way) => {
    if (way.includes(name)) throw new Error(`files of the bundle import each other: ${[...way, name].join(" -> ")}`);
    for (const specifier of imports.get(name) ?? []) {
      for (const target of targetsOf(specifier)) follow(target, [...way, name]);
    }
  };
  for (const name of imports.keys()) follow(name, []);
}

// The folder

function scriptsOf({ outputFiles }) {
  return outputFiles.filter(({ path }) => path.endsWith(".js"));
}

function write(outputFiles) {
  const names = new Set(outputFiles.map(({ path }) => basename(path)));
  mkdirSync(OUTPUT, { recursive: true });
  for (const stale of filesUnder(OUTPUT).filter((name) => !names.has(name))) rmSync(join(OUTPUT, stale));
  for (const { path, text } of outputFiles) {
    // An import from another file is mapped to what stands for a module there; its
    // source is the module's.
    const contents = path.endsWith(".map") ? text.replaceAll(/"elsewhere:([^"]+)\.js"/g, '"../../src/$1.ts"') : text;
    // What has not changed is left alone: somebody may be reading it.
    if (!existsSync(path) || readFileSync(path, "utf8") !== contents) writeFileSync(path, contents);
  }
}

function isUpToDate() {
  if (!existsSync(RECORD) || !existsSync(OUTPUT)) return false;
  const madeMs = statSync(RECORD).mtimeMs;
  const modules = filesUnder(DIST).filter((file) => file.endsWith(".js") && !/^(?:bundle|lab-programs)\//.test(file));
  const sources = [
    ...modules.map((file) => join(DIST, file)),
    join(ROOT, "package.json"),
    fileURLToPath(import.meta.url),
  ];
  return sources.every((path) => statSync(path).mtimeMs < madeMs);
}

function moduleAt(path) {
  return relative(DIST, path).replaceAll("\\", "/");
}
