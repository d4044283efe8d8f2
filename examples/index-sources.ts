/**
 * Indexes the JavaScript and TypeScript sources under a folder, twice with the same
 * structure: on one thread, then on as many as there are cores; compares the two.
 *
 *     skein run examples/index-sources.ts [folder …] [--readers N] [--max-mb N] [--no-trace]
 */
import { readFile, stat } from "node:fs/promises";
import { isDeepStrictEqual, parseArgs } from "node:util";

import { channel, type Executor, here, main, type Scope, threads } from "skein";
import { record, writeChromeTrace } from "skein/trace";

import { parseSources, type SourceFile } from "./index-sources/parse.js";
import { showProgress } from "./support/progress.js";
import { printReport, type Run } from "./index-sources/report.js";
import { type Summary, SummaryBuilder } from "./index-sources/summary.js";
import { walk } from "./index-sources/walk.js";

/** Exit code if some inputs had to be left out. */
const PARTIAL = 3;
/** Files are parsed in batches of this size, so that a job is worth its way to a thread. */
const BATCH_BYTES = 128 * 1024;
/** While warming up, one file of so many is parsed. */
const WARM_UP_EVERY = 10;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    readers: { type: "string", default: "32" },
    // A larger file would hold the event loop for more than half a second in the run on one thread.
    "max-mb": { type: "string", default: "5" },
    "no-trace": { type: "boolean", default: false },
  },
});
const folders = positionals.length === 0 ? ["node_modules"] : positionals;
const readers = numberFrom("readers", options.readers);
const maxBytes = numberFrom("max-mb", options["max-mb"]) * 1e6;

function numberFrom(name: string, text: string): number {
  const value = Number(text);
  if (!(value >= 1)) throw new RangeError(`--${name} must be a number from 1 on, but ${JSON.stringify(text)} came`);
  return value;
}

/** The program's structure. Where the parsing runs is `on`; nothing else differs between the runs. */
async function index(s: Scope, on: Executor, tick: (seen: number) => void, parseEvery = 1): Promise<Summary> {
  const summary = new SummaryBuilder();
  let found = 0;
  const files = channel<string>({ capacity: 256, name: "files" }, s);
  s.spawn(async function walkFolders() {
    for (const folder of folders) await walk(folder, files, (problem) => summary.problem(problem), s);
    files.close();
  });
  const readSource = async (path: string): Promise<SourceFile> => {
    const { size } = await stat(path);
    if (size > maxBytes) throw new RangeError(`${(size / 1e6).toFixed(1)} MB, more than --max-mb ${maxBytes / 1e6}`);
    return { path, bytes: new Uint8Array(await readFile(path, { signal: s.signal })) };
  };
  const parse = async (batch: readonly SourceFile[]): Promise<void> => {
    const transfer = batch.map(({ bytes }) => bytes.buffer);
    summary.add(await s.spawn(parseSources, [batch], { on, transfer }));
    tick(summary.seen);
  };
  const pool = Array.from({ length: readers }, () =>
    s.spawn(async function read() {
      let batch: SourceFile[] = [];
      let batchBytes = 0;
      for await (const path of files) {
        try {
          const source = await readSource(path);
          if (found++ % parseEvery !== 0) continue;
          batch.push(source);
          batchBytes += source.bytes.byteLength;
        } catch (error) {
          s.checkpoint(); // a cancellation is no problem of the file
          summary.problem({ path, what: (error as Error).message });
        }
        if (batchBytes < BATCH_BYTES) continue;
        await parse(batch);
        batch = [];
        batchBytes = 0;
      }
      if (batch.length > 0) await parse(batch);
    }),
  );
  await Promise.all(pool);
  tick(found);
  return summary.build();
}

/** One measured run. */
async function run(s: Scope, name: string, on: Executor, total: number): Promise<Run> {
  const progress = showProgress(name, total);
  try {
    const { result: summary, trace } = await record(() =>
      s.scope((inner) => index(inner, on, progress.update), { name }),
    );
    if (!options["no-trace"]) writeChromeTrace(trace, `index-sources.${on.name}.trace.json`);
    return { name, summary, trace };
  } finally {
    progress.stop();
  }
}

main(
  async (s) => {
    let total = 0;
    // Files into the disk's cache, code compiled, threads started: both runs find it all warm.
    for (const on of [here, threads()]) {
      await s.scope((inner) => index(inner, on, (seen) => (total = seen), WARM_UP_EVERY), {
        name: `warm up ${on.name}`,
      });
    }
    const alone = await run(s, "here", here, total);
    const together = await run(s, "threads()", threads(), total);
    const areEqual = isDeepStrictEqual(alone.summary, together.summary);
    printReport(alone, together, areEqual);
    if (!areEqual) process.exitCode = 1;
    else if (alone.summary.problems.length > 0) process.exitCode = PARTIAL;
  },
  { name: "index-sources", graceMs: 300 },
);
