/** The host's own time and turns, whatever clock the program under exploration has. */

// Not through #clock: that is what the program under exploration has its time from.
/* oxlint-disable eslint/no-restricted-globals */
const host = globalThis.performance;

export function hostMs(): number {
  return host.now();
}

const timer = globalThis.setTimeout;
const immediate = (globalThis as { readonly setImmediate?: (run: () => void) => unknown }).setImmediate;

/** Calls `run` when timers that are due and I/O that is ready have had their turns. */
export function setImmediateOrSoon(run: () => void): void {
  if (immediate !== undefined) immediate(run);
  else timer(run, 0);
}
