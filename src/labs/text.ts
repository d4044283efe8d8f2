/** Laying out text for a terminal. */

import { decimal, type Language } from "../trace/words/language.js";

/** A share from 0 to 1, with a digit behind the point where it is small; it is not to be broken at its blank. */
export function shareText(share: number, language: Language): string {
  const percents = share * 100;
  return `${percents === 0 ? "0" : decimal(percents, language)}\u00A0%`;
}

/** Lines of at most `width` characters, broken at blanks. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** A text behind a label, wrapped, its further lines below its first. */
export function labelled(label: string, text: string, width: number, labelWidth: number): readonly string[] {
  const lines = wrap(text, Math.max(20, width - labelWidth));
  return lines.map((line, i) => `${(i === 0 ? label : "").padEnd(labelWidth)}${line}`);
}

/** Rows of cells in columns; the first column is to the left, the others to the right. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}
