/** What is known of all files together. */
import { isBuiltin } from "node:module";

import type { BatchFacts, FileFacts } from "./parse.js";
import type { Problem } from "./problem.js";

/** The index of a tree. Equal trees give equal summaries, in whatever order their files came. */
export interface Summary {
  readonly files: number;
  readonly bytes: number;
  readonly lines: number;
  readonly functions: number;
  readonly imports: number;
  readonly topIdentifiers: readonly (readonly [name: string, count: number])[];
  readonly largest: readonly (readonly [path: string, bytes: number])[];
  /** For each package, those that it imports. */
  readonly packages: readonly (readonly [name: string, imports: readonly string[]])[];
  readonly problems: readonly Problem[];
}

export class SummaryBuilder {
  readonly #problems: Problem[] = [];
  readonly #sizes: [path: string, bytes: number][] = [];
  readonly #identifiers = new Map<string, number>();
  readonly #packages = new Map<string, Set<string>>();
  #bytes = 0;
  #lines = 0;
  #functions = 0;
  #imports = 0;

  /** Files looked at so far, left out or not. */
  get seen(): number {
    return this.#sizes.length + this.#problems.length;
  }

  problem(problem: Problem): void {
    this.#problems.push(problem);
  }

  add({ files, identifiers, problems }: BatchFacts): void {
    for (const file of files) this.#addFile(file);
    this.#problems.push(...problems);
    for (const [name, count] of identifiers) this.#identifiers.set(name, (this.#identifiers.get(name) ?? 0) + count);
  }

  #addFile({ path, size, lines, functions, imports }: FileFacts): void {
    this.#sizes.push([path, size]);
    this.#bytes += size;
    this.#lines += lines;
    this.#functions += functions;
    this.#imports += imports.length;
    const from = packageOfFile(path);
    const imported = this.#packages.get(from) ?? new Set();
    this.#packages.set(from, imported);
    for (const specifier of imports) {
      const to = packageOfSpecifier(specifier);
      if (to !== undefined && to !== from) imported.add(to);
    }
  }

  build(): Summary {
    const byText = (first: string, second: string): number => (first < second ? -1 : first > second ? 1 : 0);
    const largestFirst = (first: readonly [string, number], second: readonly [string, number]): number =>
      second[1] - first[1] || byText(first[0], second[0]);
    return {
      files: this.#sizes.length,
      bytes: this.#bytes,
      lines: this.#lines,
      functions: this.#functions,
      imports: this.#imports,
      topIdentifiers: [...this.#identifiers].sort(largestFirst).slice(0, 20),
      largest: this.#sizes.toSorted(largestFirst).slice(0, 5),
      packages: [...this.#packages]
        .map(([name, imports]) => [name, [...imports].sort(byText)] as const)
        .sort((first, second) => byText(first[0], second[0])),
      problems: this.#problems.toSorted(
        (first, second) => byText(first.path, second.path) || byText(first.what, second.what),
      ),
    };
  }
}

function packageOfFile(path: string): string {
  const inside = path.replaceAll("\\", "/").split("node_modules/").at(-1) ?? path;
  return path.includes("node_modules") ? (/^(?:@[^/]+\/)?[^/]+/.exec(inside)?.[0] ?? "(here)") : "(here)";
}

function packageOfSpecifier(specifier: string): string | undefined {
  if (/^[./#]|^[a-z]+:/.test(specifier) || isBuiltin(specifier)) return undefined;
  return /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0];
}
