/** What blocks of the heap are. */

/** What a block is, as its meta word has it. */
export const Kind = {
  bytes: 0,
  mutex: 1,
  semaphore: 2,
  rwLock: 3,
  condition: 4,
  barrier: 5,
  latch: 6,
  once: 7,
  event: 8,
  channel: 9,
  array: 10,
  counter: 11,
  text: 12,
  struct: 13,
  map: 14,
  vector: 15,
  deque: 16,
  structArray: 17,
  ring: 18,
  /** No object: what a container holds for others, see `payload.ts`. */
  payload: 19,
  /** No blocks: the ends of a channel, which cross as addresses of their own. */
  sender: 20,
  receiver: 21,
} as const;

/** By the values of `Kind`. */
export const NAMES: readonly string[] = Object.keys(Kind);

export type KindValue = (typeof Kind)[keyof typeof Kind];
