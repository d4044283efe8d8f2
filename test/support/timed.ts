import { type VirtualClock, withVirtualClock } from "skein/testing";

/** The body of a test, run under a virtual clock: `it("…", timed(async () => { … }))`. */
export function timed(test: (clock: VirtualClock) => Promise<void>): () => Promise<void> {
  return () => withVirtualClock(test);
}
