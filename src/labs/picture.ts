/** Lanes as rows of characters: the darker, the more of the cell's time was run. */
import type { Lane } from "./lab.js";

const SHADES = ["·", "░", "▒", "▓", "█"] as const;
/** More rows than this say no more. */
const MOST_ROWS = 12;
const NAME_WIDTH = 16;

/** A picture of lanes, all on one scale from the first beginning to the last end. */
export function drawLanes(lanes: readonly Lane[], width: number): readonly string[] {
  const runs = lanes.flatMap((lane) => lane.runs);
  if (runs.length === 0) return [];
  const beginMs = Math.min(...runs.map(([begin]) => begin));
  const endMs = Math.max(...runs.map(([, end]) => end));
  const shownLanes = lanes.slice(0, MOST_ROWS);
  const nameWidth = Math.min(NAME_WIDTH, Math.max(...shownLanes.map(({ name }) => name.length)));
  const cells = Math.max(10, width - nameWidth - 2);
  const cellMs = (endMs - beginMs) / cells;
  const rows = shownLanes.map(({ name, runs: own }) => {
    const shades = sharesOfCells(own, beginMs, cellMs, cells).map(shadeOf);
    return `${name.slice(0, nameWidth).padEnd(nameWidth)} ${shades.join("")}`;
  });
  return lanes.length > MOST_ROWS ? [...rows, `… +${lanes.length - MOST_ROWS}`] : rows;
}

/** How long the picture is, in milliseconds. */
export function lengthOf(lanes: readonly Lane[]): number {
  const runs = lanes.flatMap((lane) => lane.runs);
  if (runs.length === 0) return 0;
  return Math.max(...runs.map(([, end]) => end)) - Math.min(...runs.map(([begin]) => begin));
}

function sharesOfCells(runs: Lane["runs"], beginMs: number, cellMs: number, cells: number): readonly number[] {
  const shares = Array.from({ length: cells }, () => 0);
  if (cellMs <= 0) return shares.fill(1);
  for (const [begin, end] of runs) {
    const first = Math.max(0, Math.floor((begin - beginMs) / cellMs));
    for (let cell = first; cell < cells; cell++) {
      const cellBegin = beginMs + cell * cellMs;
      if (cellBegin >= end && cell !== first) break;
      const sharedMs = Math.min(end, cellBegin + cellMs) - Math.max(begin, cellBegin);
      // Something that is too short for a cell is still there to be seen.
      shares[cell] = (shares[cell] ?? 0) + Math.max(sharedMs / cellMs, 0.01);
    }
  }
  return shares;
}

function shadeOf(share: number): string {
  if (share === 0) return SHADES[0];
  return SHADES[Math.min(4, 1 + Math.floor(share * 4))] as string;
}
