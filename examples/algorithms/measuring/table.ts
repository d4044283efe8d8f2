/** What was measured, as a table for people. */
import { availableParallelism } from "node:os";

import Table from "cli-table3";

import type { Measured } from "./measure.js";

/** A step takes so much longer where data does not fit in the cache if a quarter of the time it waits for memory. */
const MEMORY_BOUND = 4 / 3;
/** And if less than so much of as many cores is all that there is at best. */
const HELD_UP = 0.8;
const heldUp = (threads: number): number => HELD_UP * Math.min(threads, availableParallelism());
const BOUND = (threads: number): string =>
  `on one thread a quarter of the time or more is spent waiting for memory, as a step takes at least a third longer than where all data fits in the cache; or "at best" is below ${heldUp(threads).toFixed(1)}`;
const AT_BEST = (threads: number): string =>
  `${threads} threads at once, each with a run of its own, did so many times the work of one`;
/** Columns that the table with lines needs. */
const WIDE = 100;

/** Parts of the lines around cells. */
const LINES = ["top", "bottom", "left", "mid", "right"] as const;
const CROSSINGS = ["top-mid", "top-left", "top-right", "bottom-mid", "bottom-left", "bottom-right"] as const;
const NO_LINES = {
  ...Object.fromEntries([...LINES, ...CROSSINGS, "left-mid", "mid-mid", "right-mid"].map((part) => [part, ""])),
  middle: " ",
};

export function printTable(all: readonly Measured[], threads: number, width: number): void {
  const isWide = width >= WIDE;
  const table = new Table({
    head: isWide
      ? ["algorithm", "size", "one thread", `${threads} threads`, "speed-up", "at best", "parts", "steals", ""]
      : ["times in ms", "size", "alone", `on ${threads}`, "ratio", "best", "parts", "steals"],
    colAligns: ["left", "right", "right", "right", "right", "right", "right", "right", "left"],
    style: { head: [], border: [], compact: true, ...(isWide ? {} : { "padding-left": 0, "padding-right": 0 }) },
    ...(isWide ? {} : { chars: NO_LINES }),
  });
  for (const one of all) table.push(isWide ? wideRow(one, threads) : narrowRow(one, threads));
  console.log(table.toString());
  const notes = all.flatMap(({ name, limit, speedUp }) =>
    limit === undefined || speedUp > 1 ? [] : [`${name}: ${limit}`],
  );
  if (all.some((one) => isMemoryBound(one, threads)))
    notes.unshift(`${isWide ? "" : "* "}memory-bound: ${BOUND(threads)}`);
  notes.unshift(`${isWide ? "at best" : "best"}: ${AT_BEST(threads)}`);
  console.log(`\n${notes.map((note) => wrapped(note, Math.min(width, WIDE))).join("\n")}`);
}

/** In lines of so many columns. */
function wrapped(text: string, width: number): string {
  let column = 0;
  return text
    .split(" ")
    .map((word) => {
      const isNext = column + 1 + word.length > width;
      column = isNext ? 2 + word.length : column + 1 + word.length;
      return isNext ? `\n  ${word}` : ` ${word}`;
    })
    .join("")
    .trimStart();
}

function isMemoryBound({ slowedByMemory, atBest }: Measured, threads: number): boolean {
  return slowedByMemory >= MEMORY_BOUND || atBest < heldUp(threads);
}

function wideRow(one: Measured, threads: number): string[] {
  const { name, size, sequentialMs, onThreadsMs } = one;
  const times = [sequentialMs, onThreadsMs].map((ms) => `${time(ms)} ms`);
  const shared = [one.parts, one.steals].map((count) => (one.parts === 0 ? "–" : count.toLocaleString("en")));
  return [
    name,
    compact(size),
    ...times,
    ...ratiosOf(one),
    ...shared,
    isMemoryBound(one, threads) ? "memory-bound" : "",
  ];
}

function narrowRow(one: Measured, threads: number): string[] {
  const { name, size, sequentialMs, onThreadsMs } = one;
  const shared = [one.parts, one.steals].map((count) => (one.parts === 0 ? "–" : compact(count)));
  const mark = isMemoryBound(one, threads) ? " *" : "";
  return [name + mark, compact(size), time(sequentialMs), time(onThreadsMs), ...ratiosOf(one), ...shared];
}

function ratiosOf({ speedUp, atBest }: Measured): string[] {
  return [speedUp.toFixed(2), atBest.toFixed(2)];
}

function compact(count: number): string {
  return count.toLocaleString("en", { notation: "compact" });
}

function time(ms: number): string {
  return ms < 10 ? ms.toPrecision(2) : Math.round(ms).toLocaleString("en");
}

/** Which results were those of one thread. Returns whether all were. */
export function printChecks(all: readonly Measured[]): boolean {
  const wrong = all.filter(({ isRight }) => isRight === false);
  const count = all.length === 1 ? "The result is" : `All ${all.length} results are`;
  if (wrong.length === 0) console.log(`\n${count} right, as compared with one thread.`);
  else console.log(`\nWRONG, which is a bug: ${wrong.map(({ name }) => name).join(", ")}`);
  return wrong.length === 0;
}
