/**
 * In place of `pool.ts` on threads that pools start, which make no pools (see decision
 * 005): they need not load it.
 */
export const makePool: undefined = undefined;
