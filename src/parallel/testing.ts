/**
 * How tests have any call shared out, however small, and hold the caller back so that
 * helpers do the work. Nothing in the library sets these, and no export of the package has them.
 */
import type { Shares } from "./shares.js";

interface Seams {
  /** So many items, rounded up to whole blocks, are done before a call is shared out, whatever they cost. */
  itemsBefore?: number | undefined;
  /** Called by the caller of a shared call, on its thread, when it has taken a part and not yet begun it. */
  beforeOwnPart?: ((shares: Shares) => void) | undefined;
}

export const seams: Seams = {};
