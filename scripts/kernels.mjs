/**
 * Makes the WebAssembly module of the numeric kernels from `kernels/`, and puts it into
 * `src/parallel/kernels/module-bytes.ts`, which is committed. Who does not touch
 * `kernels/` needs no compiler for it: that file says which sources it is made of, and
 * while they are the same it is left alone. Why so tells docs/decisions/022.
 *
 *     node scripts/kernels.mjs           makes it, if the sources have changed
 *     node scripts/kernels.mjs --check   makes it anew, and fails if it comes out different
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { filesUnder, ROOT, since } from "./compile.mjs";
import { installTools, toolIn } from "./tools.mjs";

const SOURCES = join(ROOT, "kernels");
const OUTPUT = join(ROOT, "src/parallel/kernels/module-bytes.ts");
const BINARY = "kernels.wasm";
const RECORD = /^\/\/ Sources: ([0-9a-f]+)$/m;

// The memory is the shared heap's: whatever its length, and all that 32 bits reach.
const MEMORY = "--importMemory --noExportMemory --sharedMemory --initialMemory 0 --maximumMemory 65536";
// No runtime: nothing is allocated, and what can't happen is not reported.
const RUNTIME = "--runtime stub --use abort= --noAssert";
const FLAGS = `${MEMORY} ${RUNTIME} --enable simd --enable threads -O3`.split(" ");

/**
 * Makes the file if the sources are others than those that it was made of; tells of it.
 *
 * @returns {Promise<boolean>} false if they don't compile; what is wrong was printed
 */
export async function makeKernels() {
  if (existsSync(OUTPUT) && RECORD.exec(readFileSync(OUTPUT, "utf8"))?.[1] === hashOfSources()) return true;
  const startMs = performance.now();
  const text = await compiledText();
  if (text === undefined) return false;
  writeFileSync(OUTPUT, text);
  console.log(`kernels: kernels -> src/parallel/kernels/module-bytes.ts (${since(startMs)})`);
  return true;
}

/** Whether the committed file is what the sources compile to. */
async function isWhatSourcesMake() {
  const text = await compiledText();
  if (text === undefined) return false;
  if (existsSync(OUTPUT) && readFileSync(OUTPUT, "utf8") === text) return true;
  console.log(
    "kernels: src/parallel/kernels/module-bytes.ts is not what kernels/ compiles to: node scripts/kernels.mjs",
  );
  return false;
}

/** Of the sources, the compiler and what it is told: the same hash means the same bytes. */
function hashOfSources() {
  const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "tools/kernels/package.json"), "utf8"));
  const hash = createHash("sha256").update(JSON.stringify([devDependencies.assemblyscript, FLAGS]));
  for (const file of filesUnder(SOURCES).filter((name) => name.endsWith(".ts"))) {
    // Whatever line ends a checkout has.
    hash.update(`\0${file}\0`).update(readFileSync(join(SOURCES, file), "utf8").replaceAll("\r\n", "\n"));
  }
  return hash.digest("hex").slice(0, 32);
}

async function compiledText() {
  // Only now: whoever builds what has not changed needs no compiler, which is large.
  const installed = installTools("kernels");
  if (!installed.ok) {
    console.log(`kernels: the compiler of kernels/ can't be installed\n${installed.output}`);
    return undefined;
  }
  const compiler = await import(pathToFileURL(toolIn("kernels", "assemblyscript/dist/asc.js")).href);
  const files = new Map();
  const { error, stderr } = await compiler.main(["kernels/index.ts", "--outFile", BINARY, ...FLAGS], {
    readFile: (name) => {
      const path = join(ROOT, name);
      return existsSync(path) ? readFileSync(path, "utf8") : null;
    },
    writeFile: (name, contents) => void files.set(name, contents),
    listFiles: () => [],
  });
  const bytes = files.get(BINARY);
  // A warning is a mistake too.
  const complaints = stderr.toString().trimEnd();
  if (error !== null || bytes === undefined || complaints !== "") {
    console.log(`kernels: kernels/ does not compile\n${complaints}`);
    return undefined;
  }
  return [
    "// Made by scripts/kernels.mjs from kernels/: change those, not this.",
    `// Sources: ${hashOfSources()}`,
    "",
    `/** The WebAssembly module of the numeric kernels, ${bytes.length} bytes, in base64. */`,
    `export const MODULE_BYTES: string =\n  "${Buffer.from(bytes).toString("base64")}";`,
    "",
  ].join("\n");
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === join(ROOT, "scripts/kernels.mjs")) {
  const isGood = process.argv.includes("--check") ? await isWhatSourcesMake() : await makeKernels();
  process.exitCode = isGood ? 0 : 1;
}
