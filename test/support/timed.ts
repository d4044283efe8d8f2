import { it } from "node:test";

import { type VirtualClock, withVirtualClock } from "skein/testing";

/** Like `it`, under a virtual clock. */
export function timed(name: string, test: (clock: VirtualClock) => Promise<void>): void {
  it(name, () => withVirtualClock(test));
}
