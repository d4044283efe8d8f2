/**
 * What a known bug is made of: a program that has it, its twin that has it not, and
 * what the explorer should say of the first.
 *
 * Each is written anew from the public description it names. Bodies spawn their
 * threads one after another, as the originals do: had all been started at once, the
 * schedules that show some of the bugs would hardly be rare.
 */
import type { Cell, ExploredProgram, FailureKind, ExploreOptions, Exploration } from "skein/explore";

/** A bug that is known, and the program without it. */
export interface KnownBug {
  readonly name: string;
  /** The public set or text it is described in. */
  readonly source: string;
  /** What the explorer calls it: any of these where one bug shows itself in several ways. */
  readonly kinds: readonly FailureKind[];
  /** Options that the program needs to be explored with. */
  readonly options?: Pick<ExploreOptions, "memory" | "outcomes">;
  readonly buggy: ExploredProgram;
  readonly fixed: ExploredProgram;
}

/** `count` cells, named after their place. */
export function cells(t: Exploration, name: string, count: number): Cell[] {
  return Array.from({ length: count }, (_, index) => t.cell(`${name}[${index}]`, 0));
}

/** The cell at this place. */
export function at(all: readonly Cell[], index: number): Cell {
  const cell = all[index];
  if (cell === undefined) throw new RangeError(`there are ${all.length} cells, none at ${index}`);
  return cell;
}

/** Blocks until the cell has another value than this. */
export function waitWhile(cell: Cell, value: number): void {
  while (cell.load() === value) cell.wait(value);
}

/** Stores the value and wakes all who wait for the cell to change. */
export function announce(cell: Cell, value: number): void {
  cell.store(value);
  cell.notify();
}
