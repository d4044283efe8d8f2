/**
 * The One Billion Row Challenge: least, mean and most temperature of each station in a file
 * of measurements, on all cores.
 *
 *     skein run examples/billion-rows.ts [FILE] [--rows 1000000] [--alone] [--check]
 *
 * Makes FILE if it is not there (build/measurements.txt by default). `--alone` works on one
 * thread, `--check` compares with the plainest program that does the same.
 */
import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { isDeepStrictEqual, parseArgs } from "node:util";

import { here, main, threads } from "skein";

import { writeMeasurements } from "./billion-rows/measurements.js";
import { printed, summarize, summarizeBlock, summarizeSimply } from "./billion-rows/summarize.js";
import { showProgress } from "./support/progress.js";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: "string", default: "1000000" },
    alone: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
  },
});
const [path = "build/measurements.txt"] = positionals;
const rows = Number(options.rows);
if (!Number.isSafeInteger(rows) || rows < 1) {
  throw new RangeError(`--rows must be a whole number from 1 on, but ${JSON.stringify(options.rows)} came`);
}

main(
  async (s) => {
    if (!existsSync(path)) {
      const progress = showProgress("make", rows, "rows");
      try {
        await writeMeasurements(s, path, rows, threads(), progress.update);
      } finally {
        progress.stop();
      }
    }
    const { size } = await stat(path);
    const on = options.alone ? here : threads();
    if (!options.alone) await threads().ready(summarizeBlock);
    const progress = showProgress("summarize", Math.ceil(size / 1e6), "MB");
    const beganMs = performance.now();
    const all = await summarize(s, path, on, (bytes) => progress.update(Math.ceil(bytes / 1e6))).finally(progress.stop);
    const seconds = (performance.now() - beganMs) / 1000;
    console.log(printed(all));
    const counted = [...all.values()].reduce((sum, { count }) => sum + count, 0);
    console.error(
      `${counted.toLocaleString("en")} rows of ${all.size} stations in ${seconds.toFixed(2)} s: ` +
        `${(counted / seconds / 1e6).toFixed(1)} million rows a second on ${options.alone ? "one thread" : `${threads().size} threads`}`,
    );
    if (!options.check) return;
    const isSame = isDeepStrictEqual(printed(await summarizeSimply(path)), printed(all));
    console.error(
      isSame ? "The plain program finds the same." : "THE PLAIN PROGRAM FINDS SOMETHING ELSE: that is a bug.",
    );
    if (!isSame) process.exitCode = 1;
  },
  { name: "billion-rows" },
);
