/**
 * Algorithms from the primitives of `skein/parallel`, each beside its best form on one thread.
 *
 *     skein run examples/algorithms.ts [NAME …] [--size N] [--threads N] [--check] [--list]
 *
 * `--threads` says how many work on each call, this one included; as many as there are cores,
 * if omitted. `--check` compares results, `--list` says what there is.
 */
import { parseArgs } from "node:util";

import { main, threads } from "skein";

import { ALGORITHMS, type Algorithm } from "./algorithms/catalogue.js";
import { measure, type Measured, TICKS } from "./algorithms/measure.js";
import { printChecks, printTable } from "./algorithms/table.js";
import { showProgress } from "./index-sources/progress.js";

const { values: options, positionals: names } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string" },
    threads: { type: "string" },
    check: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
  },
});
const size = options.size === undefined ? undefined : numberFrom("size", options.size, 1);
// Those of a pool help the thread that calls.
const helpers = options.threads === undefined ? undefined : numberFrom("threads", options.threads, 2) - 1;
const chosen = names.length === 0 ? ALGORITHMS : names.map(named);

function numberFrom(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`--${option} must be a whole number from ${least} on, but ${JSON.stringify(text)} came`);
}

function named(name: string): Algorithm {
  const found = ALGORITHMS.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new RangeError(
    `a name of an algorithm was expected, but ${JSON.stringify(name)} came; there are ${ALGORITHMS.map((one) => one.name).join(", ")}`,
  );
}

function printList(): void {
  for (const { name, what } of chosen) console.log(`${name}\n    ${what}`);
}

main(
  async (s) => {
    if (options.list) return printList();
    const pool = helpers === undefined ? threads() : threads({ size: helpers, name: "helpers" });
    // The program's own pool is the default, which leaves a core to this thread.
    const on = helpers === undefined ? {} : { on: pool };
    const all: Measured[] = [];
    const progress = showProgress("run", chosen.length * TICKS, "runs");
    let ticks = 0;
    try {
      for (const algorithm of chosen) {
        const asked = { size: size ?? algorithm.size, pool, options: on, checks: options.check };
        all.push(await measure(s, algorithm, asked, () => progress.update(++ticks)));
      }
    } finally {
      progress.stop();
      if (helpers !== undefined) await pool.close();
    }
    printTable(all, helpers === undefined ? pool.size : helpers + 1, process.stdout.columns ?? 100);
    if (options.check && !printChecks(all)) process.exitCode = 1;
  },
  { name: "algorithms" },
);
