/** The CPU work: source files parsed and counted. */
import { parseSync, type ParseResult, visitorKeys } from "oxc-parser";
import { task } from "skein";

import { bracketDepth } from "./nesting.js";
import type { Problem } from "./problem.js";

/** A file as read. */
export interface SourceFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What one file says. */
export interface FileFacts {
  readonly path: string;
  readonly size: number;
  readonly lines: number;
  readonly functions: number;
  /** Modules that it imports, as written. */
  readonly imports: readonly string[];
}

/** What some files say together. */
export interface BatchFacts {
  readonly files: readonly FileFacts[];
  /** Identifiers, and how often each occurs. */
  readonly identifiers: ReadonlyMap<string, number>;
  readonly problems: readonly Problem[];
}

// The parser recurses in native code: from about 3,000 brackets on, a thread's stack
// of 4 MB overflows, which does not throw but ends the whole process.
const MOST_NESTED = 1000;

/** Parses files and counts what they say; one that can't be parsed becomes a problem, the others are counted. */
export const parseSources = task(function parseSources(sources: readonly SourceFile[]): BatchFacts {
  const files: FileFacts[] = [];
  const problems: Problem[] = [];
  const identifiers = new Map<string, number>();
  for (const { path, bytes } of sources) {
    try {
      files.push(parseSource(path, bytes, identifiers));
    } catch (error) {
      problems.push({ path, what: `does not parse: ${(error as Error).message}` });
    }
  }
  return { files, identifiers, problems };
});

/**
 * Parses one file. Throws a `SyntaxError` that says what is wrong with the text:
 * bytes that are not UTF-8, code that does not parse, or code nested too deep to try.
 */
function parseSource(path: string, bytes: Uint8Array, identifiers: Map<string, number>): FileFacts {
  const source = decode(bytes);
  if (bracketDepth(source) > MOST_NESTED) throw new SyntaxError(`nested more than ${MOST_NESTED} levels deep`);
  const { program, module } = parse(path, source);
  const counts: Counts = { functions: 0, imports: new Set(), identifiers };
  for (const { moduleRequest } of module.staticImports) counts.imports.add(moduleRequest.value);
  count(program, counts);
  const { functions, imports } = counts;
  return { path, size: bytes.byteLength, lines: lineCount(source), functions, imports: [...imports] };
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new SyntaxError("the text is not UTF-8");
  }
}

function parse(path: string, source: string): ParseResult {
  const lang = /\.d\.[cm]?ts$/.test(path) ? "dts" : path.endsWith(".tsx") ? "tsx" : path.endsWith("ts") ? "ts" : "jsx";
  const result = parseSync(path, source, { lang, sourceType: "unambiguous" });
  const [error] = result.errors;
  if (error === undefined) return result;
  if (!result.module.hasModuleSyntax) {
    // What CommonJS allows and a script does not, such as a return outside of functions.
    const second = parseSync(path, source, { lang, sourceType: "commonjs" });
    if (second.errors.length === 0) return second;
  }
  throw new SyntaxError(`${error.message} ${placeOf(error.labels[0]?.start ?? 0, source)}`);
}

/** Line and column, counted from 1. */
function placeOf(offset: number, source: string): string {
  const before = source.slice(0, offset).split("\n");
  return `(${before.length}:${(before.at(-1)?.length ?? 0) + 1})`;
}

function lineCount(source: string): number {
  let lines = source === "" || source.endsWith("\n") ? 0 : 1;
  for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) lines++;
  return lines;
}

/** A node of the syntax tree, seen as plain data. */
interface TreeNode {
  readonly type: string;
  readonly [property: string]: unknown;
}

interface Counts {
  functions: number;
  readonly imports: Set<string>;
  readonly identifiers: Map<string, number>;
}

// A stack of its own instead of recursion: generated code nests deeper than calls may.
function count(root: unknown, counts: Counts): void {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (Array.isArray(value)) {
      for (const item of value) if (item !== null) open.push(item);
      continue;
    }
    const node = value as TreeNode;
    switch (node.type) {
      case "Identifier": {
        const name = node["name"] as string;
        counts.identifiers.set(name, (counts.identifiers.get(name) ?? 0) + 1);
        break;
      }
      case "FunctionDeclaration":
      case "FunctionExpression":
      case "ArrowFunctionExpression":
        counts.functions++;
        break;
      case "CallExpression":
      case "ImportExpression":
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
      case "TSExternalModuleReference":
        addImport(node, counts.imports);
        break;
      default:
    }
    for (const key of visitorKeys[node.type] ?? []) {
      const child = node[key];
      if (child !== null && child !== undefined) open.push(child);
    }
  }
}

/** The module named by an export from, `import()`, `require()` or `import = require()`; static imports are known. */
function addImport(node: TreeNode, imports: Set<string>): void {
  let source = (node["source"] ?? node["expression"]) as TreeNode | null | undefined;
  if (node.type === "CallExpression") {
    const callee = node["callee"] as TreeNode;
    if (callee.type !== "Identifier" || callee["name"] !== "require") return;
    [source] = node["arguments"] as TreeNode[];
  }
  if (source?.type === "Literal" && typeof source["value"] === "string") imports.add(source["value"]);
}
