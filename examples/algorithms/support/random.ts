/** Numbers that look random, the same ones for the same seed. */

/** Mixes 32 bits: different numbers give different ones, and near ones give far ones. */
export function mixed(bits: number): number {
  let mixing = bits | 0;
  mixing = Math.imul(mixing ^ (mixing >>> 16), 0x7feb352d);
  mixing = Math.imul(mixing ^ (mixing >>> 15), 0x846ca68b);
  return (mixing ^ (mixing >>> 16)) >>> 0;
}

/** A function that gives whole numbers below a limit, which is at most 2^32. */
export function randomBelow(seed: number): (limit: number) => number {
  let state = mixed(seed);
  return (limit) => {
    state = (state + 0x9e3779b9) >>> 0;
    return Math.floor((mixed(state) / 2 ** 32) * limit);
  };
}
