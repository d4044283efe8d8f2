/** Telling this package's own lines of a stack from those of its users. */

// As compiled, and as source maps show them. Not by `new URL` of a file, which
// bundlers take for one to be copied.
const PACKAGE = import.meta.url.replace(/[^/]*\/[^/]*\/[^/]*$/, "");
const OWN: readonly string[] = ["dist/", "src/"].flatMap((folder) => {
  const url = PACKAGE + folder;
  return [url, decodeURIComponent(url.replace(/^file:\/\//, ""))];
});

/** Whether a line of a stack is of this package's own code. */
export function isOwnFrame(line: string): boolean {
  return OWN.some((part) => line.includes(part));
}

/** The lines of an error's stack that are its user's; empty if there is no error, or none. */
export function callersOf(error: Error | undefined): string {
  return callerLines(error).join("\n");
}

/** The innermost line of an error's stack that is its user's; `undefined` if none is, or only the platform's. */
export function callerOf(error: Error): string | undefined {
  return callerLines(error).find((line) => !/\bnode:|<anonymous>:/.test(line));
}

function callerLines(error: Error | undefined): readonly string[] {
  const lines = (error?.stack ?? "").split("\n").filter((line) => /:\d/.test(line) && !isOwnFrame(line));
  return lines.map((line) => line.trim());
}
