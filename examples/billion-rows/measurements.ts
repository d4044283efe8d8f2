/** The file that is read: a station and a temperature a line, as "Hamburg;12.0". Made up, from a seed. */
import { open, rm } from "node:fs/promises";

import { type Executor, type Scope, task } from "skein";
import { flow } from "skein/async";

/** Rows that one job makes. */
const ROWS_A_JOB = 200_000;
const STATIONS = 413;

const FIRST = ["Al", "Bel", "Cor", "Da", "El", "Fal", "Gra", "Ho", "Ist", "Ja", "Kö", "Lo", "Ma", "Ño", "Os", "Pe"];
const MIDDLE = ["", "ba", "den", "go", "li", "mar", "no", "ra", "sø", "ta", "vi"];
const LAST = ["berg", " City", "dorf", "grad", "ia", "polis", "stad", "ville", "wick", "abad", " do Sul", "ów"];

/** Names of the stations, all different. */
const stationNames: readonly string[] = [
  ...new Set(LAST.flatMap((last) => MIDDLE.flatMap((middle) => FIRST.map((first) => first + middle + last)))),
]
  .filter((_, index) => index % 5 === 0)
  .slice(0, STATIONS);

/** Numbers from 0 to 1 that follow from a seed: xorshift. */
function numbersFrom(seed: number): () => number {
  let state = (seed * 2_654_435_769) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Some rows of the file, as bytes. */
const makeRows = task(function makeRows([part, rows]: readonly [part: number, rows: number]): Uint8Array {
  const next = numbersFrom(part + 1);
  for (let warmUp = 0; warmUp < 8; warmUp++) next();
  const names = stationNames;
  const lines: string[] = [];
  for (let row = 0; row < rows; row++) {
    const station = Math.floor(next() * names.length);
    // Around a mean of its own, -20.0 to 40.0; the sum of two is nearer to the mean than one.
    const mean = ((station * 7919) % 601) - 200;
    const tenths = Math.max(-999, Math.min(999, Math.round(mean + (next() + next() - 1) * 250)));
    lines.push(
      `${names[station]};${tenths < 0 ? "-" : ""}${Math.trunc(Math.abs(tenths) / 10)}.${Math.abs(tenths) % 10}\n`,
    );
  }
  return new TextEncoder().encode(lines.join(""));
});

/** Writes the file. Half of one is worse than none: it is removed if this does not end well. */
export async function writeMeasurements(
  s: Scope,
  path: string,
  rows: number,
  on: Executor,
  tick: (rows: number) => void,
): Promise<void> {
  const parts = Array.from({ length: Math.ceil(rows / ROWS_A_JOB) }, (_, part): readonly [number, number] => [
    part,
    Math.min(ROWS_A_JOB, rows - part * ROWS_A_JOB),
  ]);
  const file = await open(path, "w");
  let isWhole = false;
  try {
    let written = 0;
    await flow(parts)
      .map(makeRows, { on, concurrency: 8 })
      .forEach(async (bytes) => {
        await file.write(bytes);
        written += ROWS_A_JOB;
        tick(Math.min(written, rows));
      }, s);
    isWhole = true;
  } finally {
    await file.close();
    if (!isWhole) await rm(path, { force: true });
  }
}
