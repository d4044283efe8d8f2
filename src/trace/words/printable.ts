/** Texts of a program, made fit to be shown. */

/**
 * The same text without what could do something instead of being read: control
 * characters and marks of writing direction, which could make a terminal act or a line
 * show in another order than it has.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\uFFFD");
}
