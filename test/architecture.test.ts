/**
 * The order of the rooms, on the repository itself and on small planted trees
 * that break it: a check that has never been seen to fail checks nothing.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it, test } from "node:test";
import { fileURLToPath } from "node:url";

interface Problem {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly what: string;
  readonly mend: string;
}

// From the compiled test; the script is not compiled, so it has no types.
const ROOT = new URL("../../", import.meta.url);
const SCRIPT = new URL("scripts/import-direction.mjs", ROOT);
const { checkImports } = (await import(SCRIPT.href)) as { checkImports: (root: string) => Problem[] };

const MANIFEST = JSON.stringify({
  name: "planted",
  imports: {
    "#clock": { explore: "./dist/explore/clock.js", default: "./dist/core/clock.js" },
    "#host": { node: "./dist/threads/host/node.js", default: "./dist/threads/host/none.js" },
  },
  dependencies: { commander: "1.0.0" },
});

/** Lays the tree out on disk and gives what the check says about it. */
function check(sources: Record<string, string>): Problem[] {
  const root = mkdtempSync(join(tmpdir(), "skein-architecture-"));
  try {
    for (const [path, text] of Object.entries({ "package.json": MANIFEST, ...sources })) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    return checkImports(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

function verdicts(sources: Record<string, string>): string[] {
  return check(sources).map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}

test("the rooms of this repository are in order", () => {
  assert.deepEqual(checkImports(fileURLToPath(ROOT)), []);
});

test("a tree in order has no problems", () => {
  assert.deepEqual(
    verdicts({
      "src/core/clock.ts": "export const nowMs = () => 0;",
      "src/core/errors.ts": "export class E extends Error {}",
      "src/async/scope.ts": `import { nowMs } from "#clock";\nimport { E } from "../core/errors.js";\nexport const scope = [nowMs, E];`,
      "src/async/index.ts": `export { scope } from "./scope.js";`,
      "src/threads/pool.ts": `import { host } from "#host";\nimport { scope } from "../async/scope.js";\nexport const pool = [host, scope];`,
      "src/threads/host/node.ts": `import { Worker } from "node:worker_threads";\nexport const host = Worker;`,
      "src/threads/host/none.ts": "export const host = undefined;",
      "src/cli/bin.ts": `import { Command } from "commander";\nimport { pool } from "../threads/pool.js";\nconsole.log(Command, pool);`,
      "src/explore/clock.ts": `export { nowMs } from "../core/clock.js";`,
      "src/index.ts": `export { scope } from "./async/index.js";\nexport { E } from "./core/errors.js";`,
    }),
    [],
  );
});

describe("imports across rooms", () => {
  it("an upward import fails, and the message says where and how to mend it", () => {
    const [problem, ...others] = check({
      "src/async/scope.ts": "export const scope = 1;",
      "src/core/list.ts": `// a line before it\nimport { scope } from "../async/scope.js";\nexport { scope };`,
    });
    assert.deepEqual(others, []);
    assert.equal(`${problem?.file}:${problem?.line} ${problem?.rule}`, "src/core/list.ts:2 direction");
    assert.match(problem?.what ?? "", /core imports "\.\.\/async\/scope\.js" of async/);
    assert.match(problem?.mend ?? "", /move what is needed down/);
  });

  it("an import from a room beside fails", () => {
    const sources = {
      "src/compat/a.ts": "export const a = 1;",
      "src/shared/b.ts": `export { a } from "../compat/a.js";`,
    };
    assert.deepEqual(verdicts(sources), ["src/shared/b.ts:1 direction"]);
  });

  it("types count, however they are imported", () => {
    const trace = { "src/trace/t.ts": "export type T = 1;" };
    for (const text of [
      `import type { T } from "../trace/t.js"; export type U = T;`,
      `import { type T } from "../trace/t.js"; export type U = T;`,
      `export type { T } from "../trace/t.js";`,
      `export type U = import("../trace/t.js").T;`,
    ]) {
      assert.deepEqual(verdicts({ ...trace, "src/async/a.ts": text }), ["src/async/a.ts:1 direction"], text);
    }
  });

  it("imports at run time and entry files of threads count", () => {
    const sources = { "src/trace/t.ts": "export const t = 1;" };
    for (const text of [
      `export const t = import("../trace/t.js");`,
      `export const t = new URL("../trace/t.js", import.meta.url);`,
      `export const t = import.meta.resolve("../trace/t.js");`,
    ]) {
      assert.deepEqual(verdicts({ ...sources, "src/async/a.ts": text }), ["src/async/a.ts:1 direction"], text);
    }
  });

  it("a name with # is followed to every file that it can stand for", () => {
    const sources = {
      "src/async/a.ts": `export { host } from "#host";`,
      "src/threads/host/node.ts": "export const host = 1;",
      "src/threads/host/none.ts": "export const host = 2;",
    };
    assert.deepEqual(verdicts(sources), ["src/async/a.ts:1 direction", "src/async/a.ts:1 direction"]);
  });

  it("the front door is nobody's import", () => {
    const sources = {
      "src/async/a.ts": `import "../index.js";\nimport "planted";`,
      "src/index.ts": "",
    };
    assert.deepEqual(verdicts(sources), ["src/async/a.ts:1 direction", "src/async/a.ts:2 direction"]);
  });

  it("a comment or a text that looks like an import does not count", () => {
    const text = `// import "../trace/t.js"\nexport const a = 'import "../trace/t.js"';`;
    assert.deepEqual(verdicts({ "src/async/a.ts": text, "src/trace/t.ts": "" }), []);
  });

  it("a folder that is no known room fails", () => {
    assert.deepEqual(verdicts({ "src/utils/a.ts": "", "src/loose.ts": "" }), [
      "src/loose.ts:1 room",
      "src/utils/a.ts:1 room",
    ]);
  });
});

describe("seams", () => {
  const clock = { "src/core/clock.ts": "export const nowMs = () => 0;", "src/core/list.ts": "export const list = 1;" };

  it("a seam may import files of its room that import nothing; another import fails", () => {
    const sources = {
      ...clock,
      "src/core/errors.ts": `import type { L } from "./list.js";\nexport type E = L;`,
      "src/core/clock.ts": `import "./list.js";\nimport "./errors.js";\nimport type { L } from "./errors.js";\nexport type M = L;`,
    };
    assert.deepEqual(verdicts(sources), ["src/core/clock.ts:2 seam"]);
  });

  it("a seam that imports a package, or a file of another room, fails", () => {
    const sources = {
      ...clock,
      "src/async/a.ts": "export const a = 1;",
      "src/core/clock.ts": `import "commander";\nimport "../async/a.js";`,
    };
    assert.deepEqual(verdicts(sources), ["src/core/clock.ts:1 seam", "src/core/clock.ts:2 seam"]);
  });

  it("a seam imported by its path fails, because that can't be swapped", () => {
    const sources = { ...clock, "src/async/a.ts": `export { nowMs } from "../core/clock.js";` };
    assert.deepEqual(verdicts(sources), ["src/async/a.ts:1 seam"]);
  });
});

describe("circles", () => {
  it("files that import each other fail, and the message shows the way round", () => {
    const problems = check({
      "src/core/a.ts": `import "./b.js";`,
      "src/core/b.ts": `import "./c.js";`,
      "src/core/c.ts": `import "./d.js";\nimport "./a.js";`,
      "src/core/d.ts": "",
    });
    assert.deepEqual(
      problems.map(({ rule }) => rule),
      ["circle"],
    );
    assert.match(problems[0]?.what ?? "", /core\/a\.ts -> core\/b\.ts -> core\/c\.ts -> core\/a\.ts/);
  });

  it("a file that imports itself fails", () => {
    assert.deepEqual(verdicts({ "src/core/a.ts": `import "./a.js";` }), ["src/core/a.ts:1 circle"]);
  });

  it("import type closes no circle, but import of a type by name does: it is still run", () => {
    const a = { "src/core/a.ts": `import "./b.js";\nexport type A = 1;` };
    assert.deepEqual(verdicts({ ...a, "src/core/b.ts": `import type { A } from "./a.js"; export type B = A;` }), []);
    assert.deepEqual(verdicts({ ...a, "src/core/b.ts": `import { type A } from "./a.js"; export type B = A;` }), [
      "src/core/a.ts:1 circle",
    ]);
  });

  it("an import at run time closes no circle", () => {
    const sources = { "src/core/a.ts": `import "./b.js";`, "src/core/b.ts": `export const a = import("./a.js");` };
    assert.deepEqual(verdicts(sources), []);
  });
});

describe("what is public", () => {
  it("export * in an index fails", () => {
    const sources = { "src/core/a.ts": "export const a = 1;", "src/core/index.ts": `export * from "./a.js";` };
    assert.deepEqual(verdicts(sources), ["src/core/index.ts:1 index"]);
  });

  it("an index that declares something fails", () => {
    assert.deepEqual(verdicts({ "src/core/index.ts": "export const a = 1;" }), ["src/core/index.ts:1 index"]);
  });

  it("a front door that reaches past a room's index fails", () => {
    const sources = { "src/async/a.ts": "export const a = 1;", "src/index.ts": `export { a } from "./async/a.js";` };
    assert.deepEqual(verdicts(sources), ["src/index.ts:1 front door"]);
  });

  it("a front door of 40 names is allowed, of 41 not", () => {
    const door = (count: number): Record<string, string> => ({
      "src/async/index.ts": "",
      "src/index.ts": `export { ${Array.from({ length: count }, (_, i) => `n${i}`).join(", ")} } from "./async/index.js";`,
    });
    assert.deepEqual(verdicts(door(40)), []);
    assert.deepEqual(verdicts(door(41)), ["src/index.ts:1 front door"]);
  });
});

describe("what lies outside", () => {
  it("a package is allowed to the command line alone, and only if it is installed with ours", () => {
    const sources = {
      "src/async/a.ts": `import "commander";`,
      "src/cli/b.ts": `import "commander";\nimport "@babel/parser";`,
    };
    assert.deepEqual(verdicts(sources), ["src/async/a.ts:1 dependency", "src/cli/b.ts:2 dependency"]);
  });

  it("Node's modules are allowed in host files, the command line and the inspector alone", () => {
    const text = `import "node:os";`;
    assert.deepEqual(
      verdicts({
        "src/async/a.ts": text,
        "src/cli/a.ts": text,
        "src/threads/host/a.ts": text,
        "src/trace/host-node.ts": text,
        "src/trace/a.ts": text,
      }),
      ["src/async/a.ts:1 platform", "src/trace/a.ts:1 platform"],
    );
  });

  it("an import that leads nowhere fails", () => {
    assert.deepEqual(verdicts({ "src/core/a.ts": `import "./gone.js";\nimport "#gone";` }), [
      "src/core/a.ts:1 unresolved",
      "src/core/a.ts:2 unresolved",
    ]);
  });
});

test("the command prints each problem, where it is and how to mend it, and exits with 1", () => {
  const root = mkdtempSync(join(tmpdir(), "skein-architecture-"));
  try {
    mkdirSync(join(root, "src/core"), { recursive: true });
    writeFileSync(join(root, "src/core/index.ts"), `export * from "./index.js";`);
    const { status, stdout } = spawnSync(process.execPath, [fileURLToPath(SCRIPT), root], { encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stdout, /^src\/core\/index\.ts:1 \[index\] an index exports \*\n {2}to mend: /m);
    assert.match(stdout, /^imports: 2 problems in 1 files$/m);
  } finally {
    rmSync(root, { recursive: true });
  }
});
