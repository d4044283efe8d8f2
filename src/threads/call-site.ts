/**
 * Finds out which module calls a function of ours.
 *
 * The structured call site names the script that is really loaded, whatever the
 * bundler made of `import.meta.url`: some bake in a path of the build machine.
 */

/** The part of V8's `CallSite` that is used; other engines have none of it. */
interface CallSite {
  getScriptNameOrSourceURL?(): string | null;
  getFileName?(): string | null;
  getLineNumber?(): number | null;
  getColumnNumber?(): number | null;
  getFunctionName?(): string | null;
  getEnclosingLineNumber?(): number | null;
  getEnclosingColumnNumber?(): number | null;
}

/** Where a call came from. */
export interface CallerPlace {
  /** URL of the calling script. */
  readonly module: string;
  /** `module:line:column`, for messages. */
  readonly text: string;
  /**
   * The calling function in words, `undefined` at the top level of a script. In a
   * bundle that wraps modules into functions their top level looks like one too.
   */
  readonly insideFunction: string | undefined;
}

/**
 * The place that called `callee`.
 *
 * @returns `undefined` where the engine does not tell
 */
export function callerOf(callee: (...args: never[]) => unknown): CallerPlace | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error;
  const holder: { stack?: unknown } = {};
  try {
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_error, sites) => sites;
    Error.captureStackTrace(holder, callee);
    return placeOf((holder.stack as readonly CallSite[] | undefined)?.[0]);
  } catch {
    return undefined;
  } finally {
    Error.prepareStackTrace = prepareStackTrace;
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function placeOf(site: CallSite | undefined): CallerPlace | undefined {
  const script = site?.getScriptNameOrSourceURL?.() ?? site?.getFileName?.();
  if (script === undefined || script === null || script === "") return undefined;
  // A scheme has two letters or more, or "C:\\a.cjs" would have one. "data:" has no
  // slashes after it.
  const module = /^[a-z][a-z\d+.-]+:/i.test(script) ? script : pathToUrl(script);
  return {
    module,
    text: `${module}:${site?.getLineNumber?.() ?? 0}:${site?.getColumnNumber?.() ?? 0}`,
    insideFunction: enclosingFunction(site),
  };
}

function enclosingFunction(site: CallSite | undefined): string | undefined {
  const name = site?.getFunctionName?.() ?? undefined;
  if (name === "Object.<anonymous>") return undefined; // the function that a CommonJS module is
  if (name !== undefined) return `the function ${name}`;
  // Where the code around the call begins: the first character of the script, if
  // that code is the script itself.
  const line = site?.getEnclosingLineNumber?.() ?? 1;
  const column = site?.getEnclosingColumnNumber?.() ?? 1;
  return line === 1 && column === 1 ? undefined : `a function without a name (line ${line})`;
}

// A CommonJS script is known by its path. `new URL` escapes what a URL must
// escape, except the characters that would end the path.
function pathToUrl(path: string): string {
  const slashes = path.replaceAll("\\", "/");
  const escaped = slashes.replaceAll("%", "%25").replaceAll("?", "%3F").replaceAll("#", "%23");
  return new URL(`file://${escaped.startsWith("/") ? "" : "/"}${escaped}`).href;
}
