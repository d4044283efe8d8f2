/**
 * One table of what the benchmarks measured last, and the same figures in the README.
 *
 *     npm run bench -- report            prints it, writes it as JSON, and into the README
 *     npm run check -- figures           fails if the README says anything else
 *
 * What is printed comes from `bench/results/latest`, which `--save` writes.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ROOT } from "./compile.mjs";

const RESULTS = join(ROOT, "bench/results/latest");
const README = join(ROOT, "README.md");

/**
 * The README's tables. A row names what it shows, its bench and metric, and for each
 * column the variants whose figures stand there; a column without is a dash. Figures
 * are in nanoseconds, milliseconds, … as the bench has them, times `scale`.
 */
const TABLES = {
  "one thread": {
    columns: ["what (bench)", "Skein", "Effect", "bare promises", "Go 1.19"],
    rows: [
      row("a value from job to job over a channel", "ping-pong", "message", "ns", [
        "skein",
        "effect",
        "promises",
        "go",
      ]),
      row("spawn a cancellable, named job and await it", "spawn-join", "one by one", "ns", [
        "skein",
        "effect",
        "promises",
        undefined,
      ]),
      row("a permit of a semaphore that 100 want", "semaphore", "100 waiters", "ns", [
        "skein",
        "effect",
        undefined,
        undefined,
      ]),
      row(
        "100,000 sleeping jobs: memory of each",
        "sleepers",
        "memory",
        "kB",
        ["skein", "effect", "promises", undefined],
        1e-3,
      ),
      row("100,000 sleeping jobs: cancel all", "cancel", "to the end", "ms", [
        "skein",
        "effect",
        "promises (a tenth, times 10)",
        undefined,
      ]),
      row("the first 1,000 primes by a chain of jobs", "prime-sieve", "sieve", "ms", [
        "skein",
        "effect",
        "promises",
        "go",
      ]),
      row("a tree of a million jobs, all alive at once", "skynet", "whole tree", "s", [
        "skein",
        "effect",
        "promises",
        "go",
      ]),
    ],
  },
  "shared memory": {
    columns: ["between threads (bench)", "Skein", "by hand on `Atomics`", "the platform or a rival", "Go 1.19"],
    rows: [
      row("take and release a mutex, nobody waiting", "shared-mutex", "alone", "ns", [
        "skein",
        "by hand",
        undefined,
        undefined,
      ]),
      row("a number through a channel, one at a time", "shared-channel", "message", "ns", [
        "skein",
        "ring by hand",
        "`MessagePort`: MessagePort",
        "channel of Go",
      ]),
      row("the same, 64 at a time", "shared-channel", "message", "ns", [
        "skein, 64 at a time",
        "ring by hand, 64 at a time",
        undefined,
        undefined,
      ]),
      row("an object through a channel", "shared-channel", "message", "ns", [
        "skein, objects",
        undefined,
        "`MessagePort`: MessagePort, objects",
        undefined,
      ]),
      row("read a number of a map", "shared-map", "get", "ns", [
        "skein, numbers",
        undefined,
        "`multithreading`: multithreading, numbers",
        undefined,
      ]),
      row("write one", "shared-map", "set", "ns", [
        "skein, numbers",
        undefined,
        "`multithreading`: multithreading, numbers",
        undefined,
      ]),
    ],
  },
  "all cores": {
    columns: ["on two threads (bench)", "Skein", "by hand, one thread", "the platform or a rival", "C++, two threads"],
    rows: [
      row("a number of a million through a callback, `map`", "parallel-loops", "map", "ns", [
        "skein",
        "by hand",
        "`Float64Array.prototype.map`: Float64Array.prototype",
        undefined,
      ]),
      row("a number of a million, `sum`", "parallel-loops", "sum", "ns", [
        "skein",
        "by hand",
        "`reduce`: Float64Array.prototype",
        undefined,
      ]),
      row("sort 10 million numbers", "parallel-sort", "random, 10 M", "ms", [
        "skein",
        undefined,
        "`TypedArray.prototype.sort`: TypedArray.prototype.sort",
        "`__gnu_parallel::sort`: C++, __gnu_parallel::sort",
      ]),
      row("a loop whose first tenth is 50 times as heavy", "parallel-skewed", "loop", "ms", [
        "skein",
        "by hand",
        "halves: halves",
        undefined,
      ]),
      row("an object of many through a callback", "map-on-threads", "short items", "ns", [
        "skein",
        undefined,
        "p-map and piscina: p-map and piscina tuned",
        undefined,
      ]),
    ],
  },
  dispatch: {
    columns: [
      "to a thread and back, each result checked (`dispatch`)",
      "Skein",
      "piscina, tuned / as it comes",
      "tinypool, tuned / as it comes",
      "`postMessage` by hand",
    ],
    rows: [
      dispatchRow("a task of a burst of 1,000", "burst", "µs"),
      dispatchRow("the same with an object each way", "objects", "µs"),
      dispatchRow("a task with 16 in flight", "16 in flight", "µs"),
      dispatchRow("one after another", "one after another", "µs"),
      dispatchRow("after a pause of 50 ms", "after a pause", "µs"),
      dispatchRow("of a thread's time lost with tasks of 4 µs", "lost of 4 µs tasks", "%"),
      dispatchRow("of a thread's time lost with tasks of 40 µs", "lost of 40 µs tasks", "%"),
    ],
  },
};

function row(what, bench, metric, unit, cells, scale = 1) {
  return { what: `${what} (\`${bench}\`)`, bench, metric, unit, scale, cells };
}

function dispatchRow(what, metric, unit) {
  const cells = ["skein", ["piscina tuned", "piscina"], ["tinypool tuned", "tinypool"], "postMessage"];
  return { what, bench: "dispatch", metric, unit, scale: 1, cells };
}

const results = new Map();

function resultsOf(bench) {
  if (!results.has(bench)) results.set(bench, JSON.parse(readFileSync(join(RESULTS, `${bench}.json`), "utf8")));
  return results.get(bench);
}

/** The median of a variant, in the row's unit. */
function figure({ bench, metric, scale }, variant) {
  const found = resultsOf(bench).figures[variant]?.[metric]?.p50;
  if (found === undefined) throw new Error(`${bench}.json has no "${metric}" of "${variant}"`);
  return found * scale;
}

/** Three digits, or two below a hundred: more would not be there the next time. */
function rounded(value) {
  const digits = value < 100 ? 2 : 3;
  const text = Number(value.toPrecision(digits));
  return text >= 1000 ? Math.round(text).toLocaleString("en-US") : String(text);
}

/** A cell: nothing; a variant; several with a slash; or `name: variant`, which shows the name. */
function cellOf(inRow, cell) {
  if (cell === undefined) return "–";
  const [name, named] = typeof cell === "string" ? cell.split(": ") : [];
  const variants = named === undefined ? [cell].flat() : [named];
  const text = variants.map((variant) => rounded(figure(inRow, variant))).join(" / ");
  return `${named === undefined ? "" : `${name} `}${text} ${inRow.unit}`;
}

const line = (cells) => `| ${cells.join(" | ")} |`;

function markdownOf({ columns, rows }) {
  return [
    line(columns),
    line(columns.map(() => "---")).replaceAll(" ", ""),
    ...rows.map((each) => line([each.what, ...each.cells.map((cell) => cellOf(each, cell))])),
  ].join("\n");
}

const between = (name) => new RegExp(`(<!-- figures: ${name} -->\\n\\n)[\\s\\S]*?(\\n\\n<!-- end -->)`);

/** The README with the figures in their places. */
function readmeWithFigures(text = readFileSync(README, "utf8")) {
  let written = text;
  for (const [name, table] of Object.entries(TABLES)) {
    if (!between(name).test(written)) throw new Error(`README.md has no place for the figures of "${name}"`);
    written = written.replace(between(name), (_all, begin, end) => `${begin}${markdownOf(table)}${end}`);
  }
  return written;
}

/** What the README shows, as data: for each figure its bench, metric, variant, unit and value. */
function figuresAsData() {
  return Object.entries(TABLES).flatMap(([table, { rows }]) =>
    rows.flatMap((each) =>
      each.cells
        .flat()
        .filter((cell) => cell !== undefined)
        .map((cell) => {
          const variant = cell.split(": ").at(-1);
          const { bench, metric, unit, what } = each;
          return { table, what, bench, metric, variant, unit, value: figure(each, variant) };
        }),
    ),
  );
}

/** Prints the tables with the verdicts on all targets, and writes report.json and the README. */
export function report() {
  for (const table of Object.values(TABLES)) console.log(`\n${aligned(table)}`);
  const benches = [...new Set(Object.values(TABLES).flatMap(({ rows }) => rows.map(({ bench }) => bench)))];
  console.log("\nTargets");
  for (const bench of benches) {
    const { targets, machine, measuredAt } = resultsOf(bench);
    console.log(`  ${bench}, ${measuredAt.slice(0, 10)}, ${machine.isNoisy ? "a noisy machine" : "a quiet machine"}`);
    for (const { text, holds } of targets) console.log(`    ${holds ? "✔" : "✖"} ${text}`);
  }
  const written = { figures: figuresAsData(), machine: resultsOf("dispatch").machine };
  writeFileSync(join(RESULTS, "report.json"), `${JSON.stringify(written, undefined, 2)}\n`);
  writeFileSync(README, readmeWithFigures());
  console.log("\nwritten to bench/results/latest/report.json and README.md");
}

/** A table for a terminal. */
function aligned({ columns, rows }) {
  const lines = [columns, ...rows.map((each) => [each.what, ...each.cells.map((cell) => cellOf(each, cell))])].map(
    (cells) => cells.map((cell) => cell.replaceAll("`", "")),
  );
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => cells[i].length)));
  return lines
    .map((cells) => cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("   "))
    .join("\n");
}

// Started as a program it checks.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (readmeWithFigures() !== readFileSync(README, "utf8")) {
    console.log("README.md shows other figures than bench/results/latest: `npm run bench -- report` writes them");
    process.exitCode = 1;
  }
}
