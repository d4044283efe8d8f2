/**
 * Holds the rooms of `src/` to their order: a file imports from its own room and
 * from the rooms below it, files do not import each other in a circle, and what
 * is public is listed by name.
 *
 *     node scripts/import-direction.mjs [folder that holds src/ and package.json]
 *
 * Works on syntax trees. `import type` counts for the direction but not for
 * circles, because it is gone when the program runs. `import { type A }` counts
 * for both: under `verbatimModuleSyntax` it runs as `import {}`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { parse } from "@babel/parser";

import { filesUnder, ROOT } from "./compile.mjs";

/** For each room the rooms that it may import; a new room is entered here first. */
const BELOW = {
  core: [],
  async: ["core"],
  shared: ["core", "async"],
  threads: ["core", "async", "shared"],
  parallel: ["core", "async", "shared", "threads"],
  remote: ["core", "async", "shared", "threads"],
  compat: ["core", "async"],
  testing: ["core", "async", "threads"],
  trace: ["core", "shared"],
  explore: ["core", "async", "shared", "threads", "testing", "trace"],
  advise: ["core", "async", "shared", "threads", "parallel", "remote", "trace"],
  inspect: ["core", "async", "shared", "threads", "parallel", "remote", "trace"],
  labs: ["core", "async", "shared", "threads", "trace"],
  // prettier-ignore
  cli: ["core", "async", "shared", "threads", "parallel", "remote", "testing", "trace", "explore", "advise", "inspect", "labs"],
};

/** Rooms that may use packages; the others run wherever the language does. */
const ROOMS_WITH_PACKAGES = new Set(["cli", "inspect"]);

/** Rooms that may use Node's modules; elsewhere a folder `host` or a file `host-….ts` may. */
const ROOMS_ON_NODE = new Set(["cli", "inspect", "labs"]);

/** Reached from everywhere, and swapped by an import condition; see ARCHITECTURE. */
const SEAMS = ["#atomics", "#clock", "#random"];

/** The file of `src/` beside the rooms' indexes that the front door re-exports. */
const FRONT_DOOR_EXTRA = "core/errors.ts";
const FRONT_DOOR_LIMIT = 40;

/**
 * Checks the tree under `root`.
 *
 * @param {string} root - a folder with `src/` and, if names with `#` are imported, `package.json`
 * @returns {{ file: string, line: number, rule: string, what: string, mend: string }[]} in order of file and line
 */
export function checkImports(root) {
  const tree = readTree(root);
  const problems = [
    ...tree.files.flatMap((file) => [
      ...checkPlace(file),
      ...file.imports.flatMap((found) => checkImport(tree, file, found)),
      ...checkIndex(file),
    ]),
    ...checkFrontDoor(tree),
    ...checkCircles(tree),
  ];
  return problems.toSorted((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line));
}

// Reading

function readTree(root) {
  const manifestPath = join(root, "package.json");
  const manifest = existsSync(manifestPath) ? JSON.parse(readFileSync(manifestPath, "utf8")) : {};
  const files = filesUnder(join(root, "src"))
    .filter((path) => path.endsWith(".ts"))
    .map((path) => readSource(root, path));
  const byPath = new Map(files.map((file) => [file.path, file]));
  const seams = new Set(SEAMS.flatMap((name) => targetsOf(manifest, name).slice(-1)));
  return { files, byPath, manifest, seams };
}

function readSource(root, path) {
  const room = roomOf(path);
  try {
    const { program } = parse(readFileSync(join(root, "src", path), "utf8"), {
      sourceType: "module",
      plugins: ["typescript", "explicitResourceManagement"],
    });
    return { path, room, statements: program.body, imports: importsOf(program) };
  } catch (error) {
    return { path, room, statements: [], imports: [], syntaxError: error };
  }
}

/** `undefined` for a file that lies in no room. */
function roomOf(path) {
  return path.includes("/") ? path.slice(0, path.indexOf("/")) : undefined;
}

/**
 * Every module that a file names, with how: "static" runs it first, "type" is
 * gone when the program runs, "later" runs it at some other time or elsewhere.
 */
function importsOf(program) {
  const found = [];
  const add = (source, how) => {
    if (source?.type === "StringLiteral") found.push({ specifier: source.value, line: source.loc.start.line, how });
  };
  visit(program, (node) => {
    switch (node.type) {
      case "ImportDeclaration":
        return add(node.source, node.importKind === "type" ? "type" : "static");
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
        return add(node.source, node.exportKind === "type" ? "type" : "static");
      case "TSImportType":
        return add(node.argument?.literal ?? node.argument, "type");
      case "ImportExpression":
        return add(node.source, "later");
      case "CallExpression":
        if (node.callee.type === "Import" || isImportMeta(node.callee.object)) add(node.arguments[0], "later");
        return undefined;
      case "NewExpression":
        // How a thread's entry file is named.
        if (node.callee.name === "URL" && isImportMeta(node.arguments[1]?.object)) add(node.arguments[0], "later");
        return undefined;
      default:
        return undefined;
    }
  });
  return found;
}

function isImportMeta(node) {
  return node?.type === "MetaProperty" && node.meta.name === "import";
}

function visit(node, look) {
  look(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child?.type === "string") visit(child, look);
    }
  }
}

/** The files of `src/` that a name of package.json's `imports` can stand for, the default one last. */
function targetsOf(manifest, name) {
  for (const [pattern, target] of Object.entries(manifest.imports ?? {})) {
    const [before, after] = pattern.split("*");
    const fits = after === undefined ? name === pattern : name.startsWith(before) && name.endsWith(after);
    if (!fits) continue;
    const star = after === undefined ? "" : name.slice(before.length, name.length - after.length);
    const paths = leavesOf(target).filter((path) => !path.startsWith("./dist/bundle/"));
    return [...new Set(paths)].map((path) => sourceOf(path.replace("*", star)));
  }
  return [];
}

/** What a target of package.json can be, whatever the conditions, in order. */
function leavesOf(target) {
  return typeof target === "string" ? [target] : Object.values(target).flatMap(leavesOf);
}

function sourceOf(output) {
  return output.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts");
}

/** The files of `src/` that `found` can lead to; `undefined` if it is a package. */
function resolveImport(tree, file, { specifier }) {
  if (/^\.\.?\//.test(specifier)) return [sourceOf(posix.join(posix.dirname(file.path), specifier))];
  if (specifier.startsWith("#")) return targetsOf(tree.manifest, specifier);
  return undefined;
}

// Rules

function problem(file, line, rule, what, mend) {
  return { file: `src/${file.path}`, line, rule, what, mend };
}

function checkPlace(file) {
  if (file.syntaxError !== undefined) {
    return [
      problem(
        file,
        file.syntaxError.loc?.line ?? 1,
        "syntax",
        file.syntaxError.message,
        "see `npm run check -- types`",
      ),
    ];
  }
  if (file.path === "index.ts" || Object.hasOwn(BELOW, file.room ?? "")) return [];
  const mend =
    file.room === undefined
      ? "src/ itself holds only index.ts; put the file into a room"
      : "enter the room and the rooms below it in scripts/import-direction.mjs and docs, or move the file";
  return [problem(file, 1, "room", "the file lies in no known room", mend)];
}

function checkImport(tree, file, found) {
  const complain = (rule, what, mend) => [problem(file, found.line, rule, what, mend)];
  const { specifier } = found;
  // Something to read, such as package.json; the compiler has seen to modules.
  if (specifier.startsWith(".") && !specifier.endsWith(".js")) return [];

  if (tree.seams.has(file.path) && found.how !== "type" && !isLeafBeside(tree, file, found)) {
    return complain(
      "seam",
      `a seam imports "${specifier}"`,
      "everything imports a seam, so it imports nothing but files of its room that import nothing",
    );
  }
  const targets = resolveImport(tree, file, found);
  if (targets === undefined) return checkOutside(tree, file, specifier, complain);
  if (targets.length === 0) {
    return complain(
      "unresolved",
      `package.json has no import "${specifier}"`,
      "add it there, or import the file by its path",
    );
  }
  if (SEAMS.includes(specifier)) return [];
  return targets.flatMap((path) => {
    const target = tree.byPath.get(path);
    if (target === undefined) {
      return complain(
        "unresolved",
        `"${specifier}" names no source file (src/${path})`,
        "name an existing .ts file, with the ending .js",
      );
    }
    // The variants for exploration wrap the seams, so name them as they are.
    if (tree.seams.has(path) && file.room !== "explore" && found.how !== "type") {
      return complain(
        "seam",
        `a seam is imported by its path "${specifier}"`,
        `import ${seamName(tree, path)}, which can be swapped`,
      );
    }
    return checkDirection(file, target, specifier, complain);
  });
}

/** True if it names a file of the same room that imports nothing, a seam or a type included. */
function isLeafBeside(tree, file, found) {
  const targets = resolveImport(tree, file, found);
  if (targets === undefined) return false;
  return targets.every((path) => {
    const target = tree.byPath.get(path);
    return target !== undefined && target.room === file.room && target.imports.length === 0;
  });
}

function seamName(tree, path) {
  return SEAMS.find((name) => targetsOf(tree.manifest, name).includes(path));
}

function checkDirection(file, target, specifier, complain) {
  if (file.path === "index.ts") {
    const isRoomIndex = target.path === `${target.room}/index.ts`;
    if (isRoomIndex || target.path === FRONT_DOOR_EXTRA) return [];
    return complain(
      "front door",
      `the front door imports "${specifier}"`,
      "export it from the room's index.ts, and import that",
    );
  }
  if (file.room === target.room) return [];
  if (target.path === "index.ts") {
    return complain("direction", "a room imports the front door", "import the file that holds what is needed");
  }
  if (BELOW[file.room]?.includes(target.room) ?? true) return [];
  const below = BELOW[file.room].join(", ") || "no room";
  return complain(
    "direction",
    `${file.room} imports "${specifier}" of ${target.room}, which is not below it (below it: ${below})`,
    `move what is needed down, or let ${file.room} declare an interface that ${target.room} fills`,
  );
}

function checkOutside(tree, file, specifier, complain) {
  if (specifier.startsWith("node:")) {
    const mayUseNode = ROOMS_ON_NODE.has(file.room) || /(?:^|\/)host(?:\/|-[^/]*$)/.test(file.path);
    if (mayUseNode) return [];
    return complain(
      "platform",
      `"${specifier}" exists on Node alone`,
      "reach it through a file in a folder host/, or one named host-….ts",
    );
  }
  const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
  if (name === tree.manifest.name) {
    return complain("direction", `"${specifier}" is this package itself`, "import the file by its path");
  }
  if (!ROOMS_WITH_PACKAGES.has(file.room)) {
    return complain(
      "dependency",
      `${file.room ?? "the front door"} imports the package ${name}`,
      `only ${[...ROOMS_WITH_PACKAGES].join(" and ")} may use packages`,
    );
  }
  const { dependencies, optionalDependencies, peerDependencies } = tree.manifest;
  if ([dependencies, optionalDependencies, peerDependencies].some((known) => known?.[name] !== undefined)) return [];
  return complain(
    "dependency",
    `the package ${name} is not installed with ours`,
    "enter it under dependencies in package.json",
  );
}

/** An index is a list of what is public, and nothing else. */
function checkIndex(file) {
  if (posix.basename(file.path) !== "index.ts") return [];
  return file.statements.flatMap((statement) => {
    if (statement.type === "ExportNamedDeclaration" && statement.source) return [];
    const what = statement.type === "ExportAllDeclaration" ? "an index exports *" : "an index does more than re-export";
    const mend = "write export { … } from, with every name";
    return [problem(file, statement.loc.start.line, "index", what, mend)];
  });
}

function checkFrontDoor({ byPath }) {
  const file = byPath.get("index.ts");
  if (file === undefined) return [];
  const count = file.statements.reduce((sum, statement) => sum + (statement.specifiers?.length ?? 0), 0);
  if (count <= FRONT_DOOR_LIMIT) return [];
  const what = `the front door has ${count} names, more than ${FRONT_DOOR_LIMIT}`;
  return [problem(file, 1, "front door", what, "leave the rarer ones to a subpath, such as skein/async")];
}

/** Tarjan's strongly connected components; each of more than one file is a circle. */
function checkCircles(tree) {
  const edges = new Map(tree.files.map((file) => [file.path, runtimeEdges(tree, file)]));
  const order = new Map();
  const lowest = new Map();
  const open = [];
  const problems = [];

  const enter = (path) => {
    order.set(path, order.size);
    lowest.set(path, order.get(path));
    open.push(path);
    for (const { to } of edges.get(path)) {
      if (!order.has(to)) enter(to);
      if (open.includes(to)) lowest.set(path, Math.min(lowest.get(path), lowest.get(to)));
    }
    if (lowest.get(path) !== order.get(path)) return;
    const members = new Set(open.splice(open.indexOf(path)));
    if (members.size > 1 || edges.get(path).some(({ to }) => to === path))
      problems.push(circle(tree, edges, path, members));
  };
  for (const { path } of tree.files) if (!order.has(path)) enter(path);
  return problems;
}

function runtimeEdges(tree, file) {
  return file.imports
    .filter(({ how }) => how === "static")
    .flatMap((found) => {
      const targets = resolveImport(tree, file, found) ?? [];
      // Under exploration a seam is another file, which stands above all others.
      const reached = SEAMS.includes(found.specifier) ? targets.slice(-1) : targets;
      return reached.filter((to) => tree.byPath.has(to)).map((to) => ({ to, line: found.line }));
    });
}

/** The shortest way round from `start`, for a message that can be acted on. */
function circle(tree, edges, start, members) {
  const cameFrom = new Map();
  const queue = [start];
  for (const path of queue) {
    for (const { to } of edges.get(path)) {
      if (!members.has(to) || cameFrom.has(to)) continue;
      cameFrom.set(to, path);
      queue.push(to);
    }
  }
  const way = [start];
  for (let path = cameFrom.get(start); path !== start; path = cameFrom.get(path)) way.unshift(path);
  way.unshift(start);
  const { line } = edges.get(start).find(({ to }) => to === way[1]);
  return problem(
    tree.byPath.get(start),
    line,
    "circle",
    `files import each other in a circle: ${way.join(" -> ")}`,
    "write import type where only types are used, or move what both need into a file below",
  );
}

// Command line

function main() {
  const root = resolve(process.argv[2] ?? ROOT);
  const problems = checkImports(root);
  for (const { file, line, rule, what, mend } of problems) {
    console.log(`${file}:${line} [${rule}] ${what}\n  to mend: ${mend}`);
  }
  const count = filesUnder(join(root, "src")).filter((path) => path.endsWith(".ts")).length;
  console.log(
    problems.length === 0
      ? `imports: ${count} files in order`
      : `imports: ${problems.length} problems in ${count} files`,
  );
  process.exitCode = problems.length === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) main();
