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
import { SharedArray } from "skein/shared";

import { integerSort } from "./integer-sort.js";
import { findNearest, type Grid, Nearest, type Points } from "./neighbour-grid.js";
import { randomBelow } from "./random.js";
import { blocksOf, itemsOf, itself, type Numbers, Workspace } from "./workspace.js";

type Coordinates = SharedArray<"float64">;

const POINTS_A_CELL = 2;
/** A block has so many at least. */
const LEAST_POINTS = 256;

function sideFor(points: number): number {
  return 2 ** Math.max(0, Math.round(Math.log2(points / POINTS_A_CELL) / 2));
}

const cellOf = task(function cellOf(point: number, { x, y }: Points, side: number): number {
  return Math.floor((y.values[point] as number) * side) * side + Math.floor((x.values[point] as number) * side);
});

const coordinateOf = task(function coordinateOf(place: number, indexes: Numbers, coordinates: Coordinates): number {
  return coordinates.values[indexes.values[place] as number] as number;
});

/** A cell begins with the first point of it, or of the next cell that has one. */
const markBegins = task(function markBegins(place: number, cells: Numbers, begins: Numbers): void {
  const from = place === 0 ? 0 : (cells.values[place - 1] as number) + 1;
  const to = place === cells.length ? begins.length : (cells.values[place] as number) + 1;
  begins.values.fill(place, from, to);
});

const findInBlock = task(function findInBlock(block: number, grid: Grid, k: number, found: Numbers): void {
  const { from, end } = itemsOf(block, grid.x.length, LEAST_POINTS);
  findFrom(from, end, grid, k, found);
});

function findFrom(from: number, end: number, grid: Grid, k: number, found: Numbers): void {
  const nearest = new Nearest(k);
  for (let at = from; at < end; at++) {
    findNearest(grid, at, nearest);
    found.values.set(nearest.indexes, (grid.indexes.values[at] as number) * k);
  }
}

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
  const cells = space.keep(await parallel.tabulate(length, cellOf, { ...uint32, args: [points, side] }, cancel));
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

/** The same on one thread. */
export function sequentialNearestNeighbours(points: Points, k: number): Numbers {
  using space = new Workspace();
  const { length } = points.x;
  const side = sideFor(length);
  const begins = space.make("uint32", side * side + 1);
  const indexes = space.make("uint32", length);
  const [x, y] = [space.make("float64", length), space.make("float64", length)];
  // Counted, then placed from each cell's end to its begin.
  const cells = Uint32Array.from({ length }, (_, point) => cellOf(point, points, side));
  for (const cell of cells) (begins.values[cell] as number)++;
  for (let cell = 1; cell < begins.length; cell++) (begins.values[cell] as number) += begins.values[cell - 1] as number;
  for (let point = length - 1; point >= 0; point--) {
    const place = --(begins.values[cells[point] as number] as number);
    indexes.values[place] = point;
    x.values[place] = points.x.values[point] as number;
    y.values[place] = points.y.values[point] as number;
  }
  const found = new SharedArray({ type: "uint32", length: length * k });
  findFrom(0, length, { x, y, side, begins, indexes }, k, found);
  return found;
}

/** Points in the unit square. */
export function input(size: number, seed: number): Points {
  const below = randomBelow(seed);
  const column = (): Coordinates => {
    const made = new SharedArray({ type: "float64", length: size });
    for (let i = 0; i < size; i++) made.values[i] = below(2 ** 32) / 2 ** 32;
    return made;
  };
  return { x: column(), y: column() };
}
