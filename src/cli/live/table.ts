/** Tables for terminals: columns that go away, the least needed first, where there is no room. */
import { columnsIn, fittingPart } from "../../trace/words/columns.js";
import { printable } from "../../trace/words/printable.js";

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly align: "left" | "right";
  /** Columns with the lowest rank are left out first; those of Infinity stay. */
  readonly rank: number;
  /** Never wider than this, except for one that `takesRest`. */
  readonly most: number;
  /** The room that is left goes to it, and is taken from it. */
  readonly takesRest?: boolean;
}

const GAP = 2;
/** A column that takes the rest is not made narrower than this. */
const LEAST_REST = 19;

/** The text cut to so many columns, with a sign that it was. */
export function cut(text: string, width: number): string {
  const shown = printable(text);
  if (columnsIn(shown) <= width) return shown;
  return width < 1 ? "" : `${fittingPart(shown, width - 1)}…`;
}

/** The text in exactly so many columns. */
export function fill(text: string, width: number, align: "left" | "right"): string {
  const shown = cut(text, width);
  const blank = " ".repeat(Math.max(0, width - columnsIn(shown)));
  return align === "left" ? shown + blank : blank + shown;
}

/** The lines of a table, none wider than `width`; the first has the titles. */
export function tableLines<Row>(columns: readonly Column<Row>[], rows: readonly Row[], width: number): string[] {
  const cells = new Map(columns.map((column) => [column, rows.map((row) => printable(column.cell(row)))]));
  const natural = new Map(
    columns.map((column) => [
      column,
      Math.min(
        column.takesRest === true ? Infinity : column.most,
        Math.max(columnsIn(column.title), ...(cells.get(column) ?? []).map(columnsIn)),
      ),
    ]),
  );
  const least = (column: Column<Row>): number => {
    const own = natural.get(column) ?? 0;
    return column.takesRest === true ? Math.min(own, LEAST_REST) : own;
  };
  let shown = [...columns];
  const needed = (): number => shown.reduce((sum, column) => sum + least(column) + GAP, -GAP);
  while (needed() > width) {
    const first = shown.filter(({ rank }) => rank < Infinity).toSorted((a, b) => a.rank - b.rank)[0];
    if (first === undefined) break;
    shown = shown.filter((column) => column !== first);
  }
  const spare = Math.max(0, width - needed());
  const widthOf = (column: Column<Row>): number =>
    column.takesRest === true ? Math.min(natural.get(column) ?? 0, least(column) + spare) : least(column);
  const line = (textOf: (column: Column<Row>) => string): string => {
    const parts = shown.map((column) => fill(textOf(column), widthOf(column), column.align));
    return cut(parts.join(" ".repeat(GAP)).trimEnd(), width);
  };
  return [line(({ title }) => title), ...rows.map((_, i) => line((column) => cells.get(column)?.[i] ?? ""))];
}

/** Parts one behind the other, as many on a line as there is room for. */
export function flowLines(parts: readonly string[], width: number, gap = "   ", indent = ""): string[] {
  const lines: string[] = [];
  let line = indent;
  let isEmpty = true;
  for (const part of parts.map((text) => cut(text, width - columnsIn(indent)))) {
    if (!isEmpty && columnsIn(line) + columnsIn(gap) + columnsIn(part) > width) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += (isEmpty ? "" : gap) + part;
    isEmpty = false;
  }
  if (!isEmpty) lines.push(line);
  return lines;
}

/** A sentence in lines, broken at blanks; the lines behind the first are indented. */
export function wrapLines(text: string, width: number, indent = "  "): string[] {
  const [first = "", ...rest] = flowLines(printable(text).split(/ +/), width, " ");
  if (rest.length === 0) return [first];
  return [first, ...flowLines(rest.join(" ").split(/ +/), width, " ", indent)];
}
