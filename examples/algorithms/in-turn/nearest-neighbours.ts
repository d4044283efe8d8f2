/** Points in the cells of a grid, and who is nearest to each of them, on one thread. */
import { SharedArray } from "skein/shared";

import { type Numbers, Workspace } from "../support/workspace.js";

/** Where points are: both coordinates from 0 on, below 1. */
export interface Points {
  readonly x: SharedArray<"float64">;
  readonly y: SharedArray<"float64">;
}

/** What stands for a neighbour where there are not so many. */
export const NONE = 0xffff_ffff;

/** Points in order of their cells, which are row by row: those of cell c are from `begins[c]` to `begins[c + 1]`. */
export interface Grid extends Points {
  /** A power of two, so that no border of a cell is rounded. */
  readonly side: number;
  readonly begins: SharedArray<"uint32">;
  /** The points' own indexes. */
  readonly indexes: SharedArray<"uint32">;
}

const POINTS_A_CELL = 2;

/** Cells in a row of a grid for so many points. */
export function sideFor(points: number): number {
  return 2 ** Math.max(0, Math.round(Math.log2(points / POINTS_A_CELL) / 2));
}

/** In which cell a point is. */
export function cellOf(point: number, { x, y }: Points, side: number): number {
  return Math.floor((y.values[point] as number) * side) * side + Math.floor((x.values[point] as number) * side);
}

/** The nearest ones found so far, nearest first; of equally near ones that of the lower index. */
class Nearest {
  readonly squares: Float64Array;
  readonly indexes: Uint32Array;

  constructor(k: number) {
    this.squares = new Float64Array(k);
    this.indexes = new Uint32Array(k);
  }

  clear(): void {
    this.squares.fill(Infinity);
    this.indexes.fill(NONE);
  }

  add(square: number, index: number): void {
    const { squares, indexes } = this;
    let place = squares.length - 1;
    if (square > (squares[place] as number) || (square === squares[place] && index > (indexes[place] as number)))
      return;
    for (; place > 0; place--) {
      const before = squares[place - 1] as number;
      if (before < square || (before === square && (indexes[place - 1] as number) < index)) break;
      squares[place] = before;
      indexes[place] = indexes[place - 1] as number;
    }
    squares[place] = square;
    indexes[place] = index;
  }
}

/** Adds the points of some cells of a row. */
function lookInRow(grid: Grid, row: number, first: number, last: number, at: number, nearest: Nearest): void {
  const { side } = grid;
  if (row < 0 || row >= side || first >= side || last < 0) return;
  const [x, y] = [grid.x.values, grid.y.values];
  const end = grid.begins.values[row * side + Math.min(last, side - 1) + 1] as number;
  for (let other = grid.begins.values[row * side + Math.max(0, first)] as number; other < end; other++) {
    if (other === at) continue;
    const toRight = (x[other] as number) - (x[at] as number);
    const up = (y[other] as number) - (y[at] as number);
    nearest.add(toRight * toRight + up * up, grid.indexes.values[other] as number);
  }
}

/** Finds who is nearest to the point at a place of the grid. */
function findNearest(grid: Grid, at: number, nearest: Nearest): void {
  const { side } = grid;
  const [x, y] = [grid.x.values[at] as number, grid.y.values[at] as number];
  const [column, row] = [Math.floor(x * side), Math.floor(y * side)];
  nearest.clear();
  for (let ring = 0; ring < side; ring++) {
    for (let r = row - ring; r <= row + ring; r++) {
      if (Math.abs(r - row) === ring) lookInRow(grid, r, column - ring, column + ring, at, nearest);
      else for (const c of [column - ring, column + ring]) lookInRow(grid, r, c, c, at, nearest);
    }
    // Who is in no cell so far is at least so far away.
    const left = Math.min(x - (column - ring) / side, y - (row - ring) / side);
    const right = Math.min((column + ring + 1) / side - x, (row + ring + 1) / side - y);
    if ((nearest.squares.at(-1) as number) < Math.min(left, right) ** 2) return;
  }
}

/** For points in some places of a grid the indexes of the k others that are nearest, k for each. */
export function findFrom(from: number, end: number, grid: Grid, k: number, found: Numbers): void {
  const nearest = new Nearest(k);
  for (let at = from; at < end; at++) {
    findNearest(grid, at, nearest);
    const first = (grid.indexes.values[at] as number) * k;
    for (let i = 0; i < k; i++) found.values[first + i] = nearest.indexes[i] as number;
  }
}

/** For each point the indexes of the k others that are nearest, as on threads. */
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
