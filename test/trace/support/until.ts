import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";

// Only what never happens gets here: the test then fails.
const LIMIT_MS = 30_000;

/** Gives the event loop its turns until `isSo`: for what the kernel does in its own time. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  for (const begunMs = performance.now(); !isSo(); await setImmediate()) {
    if (performance.now() - begunMs > LIMIT_MS) assert.fail(`waited ${LIMIT_MS} ms: ${what}`);
  }
}

export function epochMs(): number {
  return performance.timeOrigin + performance.now();
}
