/**
 * The k points that are nearest to each of many in a plane: points are sorted into the cells of
 * a grid; each looks in the cells around its own, ring by ring, until no nearer point can come.
 *
 * Work O(n k log k) for points that are spread out, O(n²) for points that are all in a few
 * cells; span O(n k / blocks). Repeatable.
 */
import { task } from "skein";
import type { Cancel } from "skein/async";
import { parallel, type ParallelOptions } from "skein/parallel";
import type { SharedArray } from "skein/shared";

import { cellOf, findFrom, type Grid, type Points, sideFor } from "./in-turn/nearest-neighbours.js";
import { integerSort } from "./integer-sort.js";
import { blocksOf, itemsOf, itself, type Numbers, Workspace } from "./support/workspace.js";

type Coordinates = SharedArray<"float64">;

/** A block has so many at least. */
const LEAST_POINTS = 256;

const cellOfOne = task(cellOf);

const coordinateOf = task(function coordinateOf(place: number, indexes: Numbers, coordinates: Coordinates): number {
  return coordinates.values[indexes.values[place] as number] as number;
});

/** A cell begins with the first point of it, or of the next cell that has one. */
const markBegins = task(function markBegins(place: number, cells: Numbers, begins: Numbers): void {
  const from = place === 0 ? 0 : (cells.values[place - 1] as number) + 1;
  const to = place === cells.length ? begins.length : (cells.values[place] as number) + 1;
  // Mostly none or one: to call what fills arrays takes as long as ten.
  for (let cell = from; cell < to; cell++) begins.values[cell] = place;
});

const findInBlock = task(function findInBlock(block: number, grid: Grid, k: number, found: Numbers): void {
  const { from, end } = itemsOf(block, grid.x.length, LEAST_POINTS);
  findFrom(from, end, grid, k, found);
});

/**
 * For each point the indexes of the k others that are nearest, nearest first, of equally near
 * ones that of lower index first: k for the first point, then k for the next. `NONE` where
 * there are not so many.
 */
export async function nearestNeighbours(
  points: Points,
  k: number,
  options: ParallelOptions = {},
  cancel?: Cancel,
): Promise<Numbers> {
  using space = new Workspace();
  const { length } = points.x;
  const side = sideFor(length);
  const uint32 = { ...options, type: "uint32" } as const;
  const cells = space.keep(await parallel.tabulate(length, cellOfOne, { ...uint32, args: [points, side] }, cancel));
  const inOrder = space.keep(await parallel.tabulate(length, itself, uint32, cancel));
  const { keys, values: indexes } = await integerSort({ keys: cells, values: inOrder }, options, cancel);
  space.keep(keys);
  space.keep(indexes);
  const begins = space.make("uint32", side * side + 1);
  await parallel.for(0, length + 1, markBegins, { ...options, args: [keys, begins] }, cancel);
  const sortedColumn = async (column: Coordinates): Promise<Coordinates> =>
    space.keep(await parallel.tabulate(length, coordinateOf, { ...options, args: [indexes, column] }, cancel));
  const grid = { x: await sortedColumn(points.x), y: await sortedColumn(points.y), side, begins, indexes };
  const found = space.makeToFill("uint32", length * k);
  await parallel.for(0, blocksOf(length, LEAST_POINTS), findInBlock, { ...options, args: [grid, k, found] }, cancel);
  return space.give(found);
}
