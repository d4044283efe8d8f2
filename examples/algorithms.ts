/**
 * Algorithms from the primitives of `skein/parallel`, each beside its best form on one thread.
 *
 *     skein run examples/algorithms.ts [NAME …] [--size N] [--threads N] [--check] [--list]
 *
 * `--threads` says how many work on each call, this one included; as many as there are cores,
 * if omitted. `--check` compares results, `--list` says what there is.
 */
import { parseArgs } from "node:util";

import { main, type Scope, threads } from "skein";

import { ALGORITHMS, type Algorithm } from "./algorithms/measuring/catalogue.js";
import { measure, type Measured, TICKS } from "./algorithms/measuring/measure.js";
import { showProgress } from "./support/progress.js";

/** What was asked for. **Throws** a `TypeError` or a `RangeError` that says what is wrong with it. */
function asked() {
  const { values: options, positionals: names } = parseArgs({
    allowPositionals: true,
    options: {
      size: { type: "string" },
      threads: { type: "string" },
      check: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
    },
  });
  return {
    chosen: names.length === 0 ? ALGORITHMS : names.map(named),
    size: options.size === undefined ? undefined : numberFrom("size", options.size, 1),
    threads: options.threads === undefined ? undefined : numberFrom("threads", options.threads, 2),
    checks: options.check,
    isList: options.list,
  };
}

function numberFrom(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`--${option} must be a whole number from ${least} on, but ${JSON.stringify(text)} came`);
}

function named(name: string): Algorithm {
  const found = ALGORITHMS.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = ALGORITHMS.map((one) => one.name).join(", ");
  throw new RangeError(`there is no algorithm ${JSON.stringify(name)}, but ${names}`);
}

async function run(
  s: Scope,
  { chosen, size, threads: wanted, checks, isList }: ReturnType<typeof asked>,
): Promise<void> {
  if (isList) {
    for (const { name, what } of chosen) console.log(`${name}\n    ${what}`);
    return;
  }
  // Of the program's own pool, the default, as many help as there are cores beside this thread's.
  const pool = wanted === undefined ? threads() : threads({ size: wanted - 1, name: "helpers" });
  if (wanted !== undefined) s.defer(async () => pool.close());
  const options = wanted === undefined ? {} : { on: pool };
  // Runs by themselves have a thread each.
  const alone = wanted === undefined ? pool : threads({ size: wanted, name: "alone" });
  if (wanted !== undefined) s.defer(async () => alone.close());
  const participants = wanted ?? pool.size;
  const all: Measured[] = [];
  const progress = showProgress("run", chosen.length * TICKS, "runs");
  let ticks = 0;
  try {
    for (const algorithm of chosen) {
      const measuring = { size: size ?? algorithm.size, pool: alone, participants, options, checks };
      all.push(await measure(s, algorithm, measuring, () => progress.update(++ticks)));
    }
  } finally {
    progress.stop();
  }
  // Only now: its packages are CommonJS, and what parses those may detach an ArrayBuffer, after
  // which every access to a typed array on this thread looks whether its buffer is still there.
  const { printChecks, printTable } = await import("./algorithms/measuring/table.js");
  printTable(all, participants, process.stdout.columns ?? 100);
  if (checks && !printChecks(all)) process.exitCode = 1;
}

main(
  async (s) => {
    let wanted: ReturnType<typeof asked>;
    try {
      wanted = asked();
    } catch (error) {
      console.error((error as Error).message);
      process.exitCode = 1;
      return;
    }
    await run(s, wanted);
  },
  { name: "algorithms" },
);
