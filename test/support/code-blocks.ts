/** Finds the examples in docstrings and documents: blocks fenced as `ts`. */

export interface CodeBlock {
  readonly code: string;
  /** The line of its first line in the file, from 1 on. */
  readonly line: number;
}

/** The blocks in a TypeScript source (in its docstrings) or a Markdown document. */
export function codeBlocks(text: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let open: { readonly margin: string; readonly line: number; readonly lines: string[] } | undefined;
  for (const [index, line] of text.split("\n").entries()) {
    if (open === undefined) {
      // In a docstring behind ` * `, in a document anywhere.
      const fence = /^(\s*(?:\* )?)```ts$/.exec(line);
      if (fence !== null) open = { margin: fence[1] as string, line: index + 2, lines: [] };
    } else if (line === `${open.margin}\`\`\``) {
      blocks.push({ code: open.lines.join("\n"), line: open.line });
      open = undefined;
    } else {
      // An empty line of a docstring has no blank behind its star.
      open.lines.push(line.startsWith(open.margin) ? line.slice(open.margin.length) : line.replace(/^\s*\*?$/, ""));
    }
  }
  if (open !== undefined) throw new Error(`the example that begins in line ${open.line} has no end`);
  return blocks;
}

/** What a block says that it prints: comments behind its calls of `console.log`. */
export function promisedOutput(code: string): string[] {
  return [...code.matchAll(/^\s*console\.log\(.*\); \/\/ (.+)$/gm)].map((match) => match[1] as string);
}
