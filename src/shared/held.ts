/**
 * What of this thread's holds can be told to belong to whom: guards of shared locks,
 * and the blocks that jobs have open.
 */
import { type CancelNode } from "../async/cancel.js";
import { type Block, type Guard } from "../async/guard.js";
import { type SharedObject } from "./object.js";

/** A guard of a shared lock, for those who look at all locks alike. */
export interface LockHold extends Guard {
  readonly lock: SharedObject;
  /** How much of the lock's `room` it has taken. */
  readonly amount: number;
  /** Whether the order in which it was taken matters; see `lock-order.ts`. */
  readonly isOrdered: boolean;
}

/** The blocks of all shared locks that are open on this thread, by their scopes. */
export const openBlocks: Map<CancelNode, Block> = new Map();

/** A lock that a block holds until all inside it has ended. */
export interface BlockHold {
  readonly block: Block;
  readonly hold: LockHold;
}

const NONE: readonly BlockHold[] = [];

/** The locks that can't be released before a wait under `node` has ended, the innermost first. */
export function heldAround(node: CancelNode | undefined): readonly BlockHold[] {
  if (openBlocks.size === 0) return NONE;
  const around: BlockHold[] = [];
  for (let outer = node; outer !== undefined; outer = outer.parent) {
    const block = openBlocks.get(outer);
    // `unlock` may have released it before its end.
    if (block?.guard.isHeld === true) around.push({ block, hold: block.guard as LockHold });
  }
  return around;
}
