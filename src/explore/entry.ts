/** Apart from what uses it: `#atomics` is loaded before the heap, which the memory under exploration builds on. */

/** What an operation on this memory is. */
export const Entry = {
  /** To be done, and of no interest. */
  free: 0,
  /** To be done: a step, which has its turn. */
  step: 1,
  /** To be done: something that the thread learns. */
  learns: 2,
  /** Done before, as a step; as something learned. */
  logged: 3,
  learned: 4,
} as const;

export type EntryValue = (typeof Entry)[keyof typeof Entry];
