/** What this thread reports to the program's owner. */

/** The warnings that came while `body` ran; they are not printed. */
export function warningsDuring(body: () => Promise<unknown>): Promise<string[]>;
export function warningsDuring(body: () => void): string[];
export function warningsDuring(body: () => unknown): string[] | Promise<string[]> {
  const told: string[] = [];
  const { emitWarning } = process;
  process.emitWarning = (warning: string | Error): void => void told.push(String(warning));
  const restore = (): void => void (process.emitWarning = emitWarning);
  let result: unknown;
  try {
    result = body();
  } finally {
    if (!(result instanceof Promise)) restore();
  }
  return result instanceof Promise ? result.finally(restore).then(() => told) : told;
}
