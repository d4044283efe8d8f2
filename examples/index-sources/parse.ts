/** The CPU work: one source file parsed and counted. */
import { parse, type ParserPlugin } from "@babel/parser";
import { task } from "skein";

/** What one file says. */
export interface FileFacts {
  readonly lines: number;
  readonly functions: number;
  /** Modules that it imports, as written. */
  readonly imports: readonly string[];
  /** Identifiers, and how often each occurs. */
  readonly identifiers: ReadonlyMap<string, number>;
}

/**
 * Parses one file. Throws a `SyntaxError` that says what is wrong with the text:
 * bytes that are not UTF-8, or code that does not parse.
 */
export const parseSource = task(function parseSource(path: string, bytes: Uint8Array): FileFacts {
  const source = decode(bytes);
  const plugins: ParserPlugin[] = ["decorators"];
  if (/\.[cm]?tsx?$/.test(path)) plugins.push(["typescript", { dts: /\.d\.[cm]?ts$/.test(path) }]);
  if (!/\.[cm]?ts$/.test(path)) plugins.push("jsx");
  const tree = parse(source, {
    sourceType: "unambiguous",
    allowReturnOutsideFunction: true,
    allowUndeclaredExports: true, // declaration files export what other files declare
    plugins,
  });
  const facts = {
    lines: lineCount(source),
    functions: 0,
    imports: new Set<string>(),
    identifiers: new Map<string, number>(),
  };
  count(tree.program, facts);
  return { ...facts, imports: [...facts.imports] };
});

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new SyntaxError("the text is not UTF-8");
  }
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

const FUNCTIONS = new Set(
  "FunctionDeclaration FunctionExpression ArrowFunctionExpression ObjectMethod ClassMethod ClassPrivateMethod".split(
    " ",
  ),
);

// A stack of its own instead of recursion: generated code nests deeper than calls may.
function count(root: unknown, counts: Counts): void {
  const open: unknown[] = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (typeof value !== "object" || value === null) continue;
    if (Array.isArray(value)) {
      for (const item of value) open.push(item);
      continue;
    }
    const node = value as TreeNode;
    if (typeof node.type !== "string") continue;
    if (FUNCTIONS.has(node.type)) counts.functions++;
    if (node.type === "Identifier") {
      const name = node["name"] as string;
      counts.identifiers.set(name, (counts.identifiers.get(name) ?? 0) + 1);
    }
    const imported = importedBy(node);
    if (imported !== undefined) counts.imports.add(imported);
    for (const key in node) if (key !== "loc" && !key.endsWith("Comments")) open.push(node[key]);
  }
}

/** The module named by an import, an export from, `import()` or `require()`. */
function importedBy(node: TreeNode): string | undefined {
  if (node.type === "CallExpression") {
    const callee = node["callee"] as TreeNode;
    const [first] = node["arguments"] as TreeNode[];
    const isImport = callee.type === "Import" || (callee.type === "Identifier" && callee["name"] === "require");
    return isImport && first?.type === "StringLiteral" ? (first["value"] as string) : undefined;
  }
  const source = /^(?:Import|Export)\w*Declaration$/.test(node.type)
    ? (node["source"] as TreeNode | null | undefined)
    : undefined;
  return source?.["value"] as string | undefined;
}
