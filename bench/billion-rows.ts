// How long does it take to sum up a file of a hundred million lines, on all cores and on one?
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Executor, here, scope, threads } from "skein";

import { ask, check, type Load, type Samples } from "./harness.js";

// The example is another project, and what it emits lies beside the sources' folder.
const EXAMPLE = new URL("../../build/examples/billion-rows/", import.meta.url).href;
const { printed, summarize, summarizeBlock, summarizeSimply } = (await import(
  `${EXAMPLE}summarize.js`
)) as typeof import("../examples/billion-rows/summarize.js");
const { writeMeasurements } = (await import(
  `${EXAMPLE}measurements.js`
)) as typeof import("../examples/billion-rows/measurements.js");

const MILLION = 1_000_000;
const SIZES = [MILLION, 10 * MILLION, 100 * MILLION];
/** The plain program takes 0.4 µs a line: of more nobody needs to know that. */
const MOST_PLAINLY = 10 * MILLION;
/** 1.4 GB at most, removed at the end. */
const FOLDER = join(tmpdir(), "skein-bench-rows");

const metricOf = (rows: number): string => `${rows.toLocaleString("en")} rows`;

/** A file of so many lines, made by the first variant that needs it. */
async function fileOf(rows: number): Promise<string> {
  const path = join(FOLDER, `${rows}.txt`);
  if (existsSync(path)) return path;
  mkdirSync(FOLDER, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await scope(async (s) => writeMeasurements(s, unfinished, rows, threads(), () => undefined));
  renameSync(unfinished, path);
  return path;
}

type Stations = Awaited<ReturnType<typeof summarizeSimply>>;

async function measure(load: Load, most: number, stationsOf: (path: string) => Promise<Stations>): Promise<Samples> {
  const samples: Record<string, number[]> = {};
  const sizes = load.isQuick ? [MILLION / 10] : SIZES.filter((rows) => rows <= most);
  for (const rows of sizes) {
    const path = await fileOf(rows);
    const times: number[] = [];
    // The first time brings the file into memory, and compiles the code.
    for (let i = 0; i < (rows > MOST_PLAINLY ? 2 : 3); i++) {
      const beganMs = performance.now();
      const stations = await stationsOf(path);
      if (i > 0) times.push(performance.now() - beganMs);
      check(
        [...stations.values()].reduce((sum, { count }) => sum + count, 0),
        rows,
      );
      if (i === 0 && rows <= MILLION) check(printed(stations), printed(await summarizeSimply(path)));
    }
    samples[metricOf(load.isQuick ? MILLION : rows)] = times;
  }
  return samples;
}

/** By the example's own program, in blocks of lines that each thread reads by itself. */
const inBlocks =
  (on: Executor) =>
  async (load: Load): Promise<Samples> =>
    measure(load, Infinity, async (path) => scope(async (s) => summarize(s, path, on)));

await ask({
  module: import.meta.url,
  asks: "How long does it take to sum up a file of a hundred million lines, on all cores and on one?",
  units: Object.fromEntries(SIZES.map((rows) => [metricOf(rows), "ms"])),
  rounds: 3,
  targets: [
    ...SIZES.slice(1).map((rows) => ({
      metric: metricOf(rows),
      of: "skein",
      against: "skein, this thread alone",
      ratioAtMost: 1 / 1.6,
    })),
    { metric: metricOf(MOST_PLAINLY), of: "skein", against: "readline, line by line", ratioAtMost: 0.2 },
  ],
  variants: {
    skein: async (load) => {
      await threads().ready(summarizeBlock);
      return inBlocks(threads())(load);
    },
    "skein, this thread alone": inBlocks(here),
    "readline, line by line": async (load) => measure(load, MOST_PLAINLY, summarizeSimply),
  },
});
if (!process.argv.includes("--measure")) rmSync(FOLDER, { recursive: true, force: true });
