/** All known bugs, by themes. */
import { ASYNC_CACHES } from "./async-caches.js";
import { ASYNC_FLOW } from "./async-flow.js";
import { ASYNC_MESSAGES } from "./async-messages.js";
import { ASYNC_RESOURCES } from "./async-resources.js";
import { ASYNC_STATE } from "./async-state.js";
import { LOCK_FREE } from "./lock-free.js";
import { LOCKS } from "./locks.js";
import { LOST_UPDATES } from "./lost-updates.js";
import { MUTUAL_EXCLUSION } from "./mutual-exclusion.js";
import type { KnownBug } from "./program.js";
import { QUEUES } from "./queues.js";
import { WAITS } from "./waits.js";

export type { KnownBug } from "./program.js";

/** Of threads that share memory. */
export const THREAD_BUGS: readonly KnownBug[] = [
  ...LOST_UPDATES,
  ...LOCKS,
  ...MUTUAL_EXCLUSION,
  ...WAITS,
  ...LOCK_FREE,
  ...QUEUES,
];

/** Of jobs that await. */
export const ASYNC_BUGS: readonly KnownBug[] = [
  ...ASYNC_STATE,
  ...ASYNC_FLOW,
  ...ASYNC_CACHES,
  ...ASYNC_RESOURCES,
  ...ASYNC_MESSAGES,
];

export const KNOWN_BUGS: readonly KnownBug[] = [...THREAD_BUGS, ...ASYNC_BUGS];
