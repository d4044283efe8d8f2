/** How wide texts are in a terminal, and what of them may be shown there. */

/** Letters of East Asian scripts and pictures take two columns. */
const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}]/u;
/** Marks on the letter before them take none. */
const MARK = /\p{M}/u;

function columnsOf(letter: string): number {
  return MARK.test(letter) ? 0 : WIDE.test(letter) ? 2 : 1;
}

/** How many columns a text takes in a terminal. */
export function columnsIn(text: string): number {
  let columns = 0;
  for (const letter of text) columns += columnsOf(letter);
  return columns;
}

/** The beginning of a text that fits into so many columns. */
export function fittingPart(text: string, columns: number): string {
  let part = "";
  let left = columns;
  for (const letter of text) {
    left -= columnsOf(letter);
    if (left < 0) break;
    part += letter;
  }
  return part;
}
