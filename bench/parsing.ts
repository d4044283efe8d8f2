// How much faster does the main example parse on threads than on one, reading apart?
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { channel, type Executor, here, scope, threads } from "skein";

import type { SourceFile } from "../examples/index-sources/parse.js";
import { ask, check, type Load, type Samples } from "./harness.js";

// The example is another project, and what it emits lies beside the sources' folder.
const EXAMPLE = new URL("../../build/examples/index-sources/", import.meta.url).href;
const { parseSources } = (await import(`${EXAMPLE}parse.js`)) as typeof import("../examples/index-sources/parse.js");
const { walk } = (await import(`${EXAMPLE}walk.js`)) as typeof import("../examples/index-sources/walk.js");

const FOLDER = fileURLToPath(new URL("../../node_modules", import.meta.url));
/** As the example has them. */
const BATCH_BYTES = 128 * 1024;
const MOST_BYTES = 5e6;
const BATCHES_IN_FLIGHT = 32;

/** The files that the example parses, in batches as it makes them. */
async function readBatches(load: Load): Promise<SourceFile[][]> {
  const batches: SourceFile[][] = [];
  let batch: SourceFile[] = [];
  let bytesInBatch = 0;
  await scope(async (s) => {
    const paths = channel<string>(Infinity, s);
    await walk(FOLDER, paths, () => undefined, s);
    paths.close();
    for await (const path of paths) {
      if (batches.length === load.of(Infinity, 20)) break;
      const bytes = new Uint8Array(readFileSync(path));
      if (bytes.byteLength > MOST_BYTES) continue;
      batch.push({ path, bytes });
      bytesInBatch += bytes.byteLength;
      if (bytesInBatch < BATCH_BYTES) continue;
      batches.push(batch);
      batch = [];
      bytesInBatch = 0;
    }
  });
  return [...batches, batch];
}

async function measure(load: Load, on: Executor): Promise<Samples> {
  const batches = await readBatches(load);
  const expected = batches.flat().length;
  const wall: number[] = [];
  const cores: number[] = [];
  for (let i = 0; i < load.of(4, 2); i++) {
    // Parsing takes the bytes away, so each time gets a copy, made before the clock starts.
    const left = batches.map((batch) => batch.map(({ path, bytes }) => ({ path, bytes: bytes.slice() })));
    let seen = 0;
    const startMs = performance.now();
    const cpuBefore = process.cpuUsage();
    await scope(async (s) => {
      for (let lane = 0; lane < BATCHES_IN_FLIGHT; lane++) {
        s.spawn(async () => {
          for (let batch = left.pop(); batch !== undefined; batch = left.pop()) {
            const transfer = batch.map(({ bytes }) => bytes.buffer);
            const { files, problems } = await s.spawn(parseSources, [batch], { on, transfer });
            seen += files.length + problems.length;
          }
        });
      }
    });
    const wallMs = performance.now() - startMs;
    const { user, system } = process.cpuUsage(cpuBefore);
    check(seen, expected);
    // The first time compiles the code and starts the threads.
    if (i === 0) continue;
    wall.push(wallMs);
    cores.push((user + system) / 1000 / wallMs);
  }
  return { "all files": wall, "cores busy": cores };
}

await ask({
  module: import.meta.url,
  asks: "How much faster does the main example parse on threads than on one, reading apart?",
  units: { "all files": "ms", "cores busy": "cores" },
  targets: [{ metric: "all files", of: "threads()", against: "here", ratioAtMost: 1 / 1.6 }],
  variants: {
    here: (load) => measure(load, here),
    "threads()": (load) => measure(load, threads()),
  },
});
