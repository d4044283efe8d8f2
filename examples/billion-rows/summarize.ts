/** The work itself: what one job does, how jobs make a whole, and the same in the plainest way to check it. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

import { type Executor, type Scope, task } from "skein";
import { flow } from "skein/async";
import { type LineBlock, lineBlocks, readLines } from "skein/node";

import { mergeInto, type StationSummary, StationTable } from "./station-table.js";

/** The stations of one block. Wherever it runs it reads the block itself, so no text crosses a thread. */
export const summarizeBlock = task(function summarizeBlock(block: LineBlock): StationSummary[] {
  const table = new StationTable();
  table.add(readLines(block));
  return table.summaries();
});

/** The whole file. Where its blocks are worked on is `on`. */
export async function summarize(
  s: Scope,
  path: string,
  on: Executor,
  tick: (bytes: number) => void = () => undefined,
): Promise<Map<string, StationSummary>> {
  const all = new Map<string, StationSummary>();
  const blocks = await lineBlocks(path);
  let done = 0;
  await flow(blocks)
    .map(summarizeBlock, { on, concurrency: 8 })
    .forEach((part) => {
      mergeInto(all, part);
      tick((blocks[done++] as LineBlock).to);
    }, s);
  return all;
}

/** The same, as one would first write it. */
export async function summarizeSimply(path: string): Promise<Map<string, StationSummary>> {
  const all = new Map<string, StationSummary>();
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const [name = "", temperature = ""] = line.split(";");
    const tenths = Math.round(Number(temperature) * 10);
    mergeInto(all, [{ name, least: tenths, most: tenths, sum: tenths, count: 1 }]);
  }
  return all;
}

/** As the challenge wants it: by name, least/mean/most, means rounded up at half. */
export function printed(all: ReadonlyMap<string, StationSummary>): string {
  const tenth = (value: number): string => (value / 10).toFixed(1);
  const byName = [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return `{${byName
    .map(
      ({ name, least, most, sum, count }) => `${name}=${tenth(least)}/${tenth(Math.round(sum / count))}/${tenth(most)}`,
    )
    .join(", ")}}`;
}
