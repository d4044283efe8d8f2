/**
 * Every example in the documentation runs: blocks fenced as `ts` in the docstrings
 * of `src/`, in README.md and under `docs/`. Each is a program of its own, in which
 * all public names are there without an import, and so are a few helpers.
 *
 * What a `console.log(…); // comment` prints must be what the comment begins with.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";

import { codeBlocks, promisedOutput } from "./support/code-blocks.js";
import { ROOT } from "./support/run-program.js";
import { runProgram } from "./support/subprocess.js";

/** What examples may use without saying where it is from. */
const HELPERS = `
  export const load = async (name, signal) => {
    await new Promise(setImmediate);
    signal?.throwIfAborted();
    return "text of " + name;
  };
  export const report = console.log;
  export const program = () => scope(async (s) => s.spawn(() => load("a", s.signal)));
  export const resize = task(function resize(picture) { return picture.slice(1); });
  export const picture = new Uint8Array(4);
  import { Worker } from "node:worker_threads";
  export const response = { end: () => undefined };
`;

interface Manifest {
  readonly exports: Readonly<Record<string, string | object>>;
}

/**
 * A module that makes all public names, and the helpers, global; where two entries
 * have the same name, that of the room the example stands in.
 */
function prelude(room: string): string {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
  // The conditions of an export are an object; files such as package.json are not modules.
  const entries = Object.keys(exports).filter((entry) => typeof exports[entry] === "object");
  const imports = entries.map((entry, index) => `import * as entry${index} from "skein${entry.slice(1)}";`);
  const own = entries.indexOf(`./${room}`);
  return `
    ${imports.join("\n")}
    const { scope, task } = entry0;
    ${HELPERS}
    const names = [{ Worker, load, report, program, resize, picture, response }, ${entries.map((_, index) => `entry${index}`).join()}];
    for (const one of names) for (const name in one) globalThis[name] ??= one[name];
    ${own === -1 ? "" : `Object.assign(globalThis, entry${own});`}
  `;
}

interface Esbuild {
  transformSync(source: string, options: object): { readonly code: string };
}

// It comes with the loader of TypeScript programs, so it is not asked for twice.
const require = createRequire(import.meta.url);
const { transformSync } = createRequire(require.resolve("tsx/package.json"))("esbuild") as Esbuild;

function filesIn(folder: string, ending: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(ending)).map((file) => join(folder, file));
}

const files = [...filesIn("src", ".ts"), "README.md", ...filesIn("docs", ".md")].toSorted();
const examples = files.flatMap((file) =>
  codeBlocks(readFileSync(join(ROOT, file), "utf8")).map((block) => ({ file, ...block })),
);

describe("the example at", { concurrency: availableParallelism() }, () => {
  for (const { file, line, code } of examples) {
    const common = { "prelude.mjs": prelude(/^src.(\w+)/.exec(file)?.[1] ?? "") };
    it(`${file}:${line} runs`, async () => {
      const { code: program } = transformSync(code, { loader: "ts", format: "esm", target: "node20" });
      const { exitCode, signal, stdout, stderr } = await runProgram(`import "./prelude.mjs";\n${program}`, {
        files: common,
      });
      assert.deepEqual([exitCode, signal], [0, null], `${code}\n${stdout}\n${stderr}`);
      const printed = stdout.split("\n").filter((text) => text !== "");
      for (const promise of promisedOutput(code)) {
        assert.ok(
          printed.some((text) => promise.startsWith(text)),
          `it promises "${promise}", but prints ${JSON.stringify(stdout)}`,
        );
      }
    });
  }

  it("is found wherever there is one", () => {
    for (const file of ["src/async/scope.ts", "src/testing/virtual-clock.ts", "README.md"]) {
      assert.ok(
        examples.some((example) => example.file === file),
        `none in ${file}`,
      );
    }
  });
});

describe("examples are read", () => {
  it("from docstrings and documents, without their margins", () => {
    const text = [
      "/**",
      " * ```ts",
      " * if (a) {",
      " *   b();",
      " *",
      " * }",
      " * ```",
      " */",
      "```ts",
      "c();",
      "```",
      "```js",
      "d();",
      "```",
    ];
    assert.deepEqual(codeBlocks(text.join("\n")), [
      { code: "if (a) {\n  b();\n\n}", line: 3 },
      { code: "c();", line: 10 },
    ]);
  });

  it("to their end: one that has none is a mistake", () => {
    assert.throws(() => codeBlocks("text\n```ts\na();\n"), /line 3 has no end/);
  });

  it("with what they promise to print", () => {
    assert.deepEqual(promisedOutput("console.log(a); // 1\n  console.log(b(c)); // 2, or so\nd(); // not this"), [
      "1",
      "2, or so",
    ]);
  });
});
