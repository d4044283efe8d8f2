/** Callers that are held back, so that helpers do the work. */
import type { Shares } from "#skein/parallel/shares";

const nobodyWrites = new Int32Array(new SharedArrayBuffer(4));
// Only threads that hang are waited for so long; the call then goes on without them.
const HANGS_MS = 20_000;

/**
 * Blocks the caller, which has one part, until its helpers have taken all others, or have all gone.
 *
 * Of each it is one look that tells. Whether nobody is here and whether all have come, asked one after the
 * other, are both true as well of helpers that came in between: they would find nothing to do.
 */
export function letOthersWork(shares: Shares): void {
  const helpers = shares.counts().length - 1;
  const haveGone = (): boolean => Array.from({ length: helpers }, (_, i) => shares.hasGone(i + 1)).every(Boolean);
  for (let waitedMs = 0; shares.left() > 0 && !haveGone() && waitedMs < HANGS_MS; waitedMs++) {
    Atomics.wait(nobodyWrites, 0, 0, 1);
  }
}
