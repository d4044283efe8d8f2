/** Points in the cells of a grid, and who is nearest to one of them. */
import type { SharedArray } from "skein/shared";

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

/** The nearest ones found so far, nearest first; of equally near ones that of the lower index. */
export class Nearest {
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
export function findNearest(grid: Grid, at: number, nearest: Nearest): void {
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
