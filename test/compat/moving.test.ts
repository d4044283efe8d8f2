/**
 * The "after" code of the pages in `docs/moving` compiles and runs as it stands
 * there: each ```ts block is a program of its own. Its "before" code is ```js.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PAGES = join(ROOT, "docs/moving");
// In the repository, so that `skein/compat` is this package.
const FOLDER = join(ROOT, "build/moving");

// What the pages' code may call without saying where it is from.
const GIVEN = `
async function load(name: string, signal?: AbortSignal): Promise<string> {
  signal?.throwIfAborted();
  return "text of " + name;
}
function report(..._: unknown[]): void {}
`;

interface Block {
  readonly name: string;
  readonly code: string;
}

const blocks: Block[] = readdirSync(PAGES)
  .filter((page) => page.endsWith(".md"))
  .flatMap((page) =>
    [...readFileSync(join(PAGES, page), "utf8").matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = ""], index) => ({
      name: `${page.replace(/\.md$/, "")}-${index + 1}`,
      code,
    })),
  );

function compile(): void {
  const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
  const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, "-p", FOLDER], { encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
}

describe("the guides of docs/moving", () => {
  before(() => {
    rmSync(FOLDER, { recursive: true, force: true });
    mkdirSync(FOLDER, { recursive: true });
    for (const { name, code } of blocks) writeFileSync(join(FOLDER, `${name}.ts`), `${code}${GIVEN}export {};\n`);
    const compilerOptions = { composite: false, incremental: false, sourceMap: false, noUnusedLocals: false };
    writeFileSync(
      join(FOLDER, "tsconfig.json"),
      JSON.stringify({ extends: "../../tsconfig.base.json", compilerOptions, include: ["*.ts"] }),
    );
    compile();
  });

  it("have code for each package", () => {
    const pages = new Set(blocks.map(({ name }) => name.replace(/-\d+$/, "")));
    assert.deepEqual([...pages].toSorted(), ["from-async-mutex", "from-p-limit", "from-p-map", "from-p-queue"]);
  });

  for (const { name } of blocks) {
    it(`run: ${name}`, async () => {
      await import(pathToFileURL(join(FOLDER, `${name}.js`)).href);
    });
  }
});
