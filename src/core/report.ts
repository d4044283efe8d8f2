/**
 * Tells the program's owner of something that no caller is left to receive.
 * Node prints it as a warning and hands it to `process.on("warning")`.
 */
export function reportToOwner(message: string, error: unknown): void {
  const host = (globalThis as { process?: { emitWarning?: (warning: Error) => void } }).process;
  const warning = new Error(message, { cause: error });
  warning.name = "SkeinWarning";
  if (typeof host?.emitWarning === "function") host.emitWarning(warning);
  else console.warn(warning);
}
